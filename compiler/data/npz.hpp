// NumPy's .npz: a zip archive of .npy arrays.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compiler/data/npy.hpp"

namespace spikeloom {

/// An open .npz. Arrays are read when asked for, so that one of a foreign type hinders only its reader.
class NpzReader {
 public:
  /// Throws Error{kInput} naming the file when it is no zip archive.
  explicit NpzReader(const std::filesystem::path& path);
  ~NpzReader();
  NpzReader(NpzReader&&) noexcept;
  NpzReader& operator=(NpzReader&&) noexcept;

  /// In the archive's order, without ".npy".
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool contains(const std::string& name) const;
  /// Throws Error{kInput} naming file and array; the archive's check sums are verified.
  [[nodiscard]] Array read(const std::string& name) const;
  /// The same for plain and structured arrays.
  [[nodiscard]] std::variant<Array, Records> read_any(const std::string& name) const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// "spikes, labels, steps", for messages.
  [[nodiscard]] std::string list() const;

 private:
  struct Archive;
  std::filesystem::path path_;
  std::unique_ptr<Archive> archive_;
  std::vector<std::string> names_;
};

using NamedArrays = std::vector<std::pair<std::string, Array>>;

/// Writes the arrays, compressed, in the given order. Equal arrays give equal bytes (fixed time
/// stamps); the file appears whole or not at all. Throws Error{kInput} naming the file.
void write_npz(const std::filesystem::path& path, const NamedArrays& arrays);

}  // namespace spikeloom

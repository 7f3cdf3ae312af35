// Inside this folder only: data in HDF5, read in a child process, whatever the layout of its groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/data/readers.hpp"

namespace spikeloom::readers {

inline constexpr std::string_view kHdf5Magic = "\x89HDF\r\n\x1a\n";

/// A dataset of numbers whose first dimension is the sample.
class Hdf5Table {
 public:
  [[nodiscard]] const std::vector<std::size_t>& shape() const { return shape_; }
  [[nodiscard]] std::size_t samples() const { return shape_.front(); }
  /// The numbers of one sample, in C order; of an array of lists (h5py's vlen), the sample's list.
  [[nodiscard]] std::vector<double> sample(std::size_t at) const;
  [[nodiscard]] bool holds_lists() const { return lists_; }

 private:
  friend class Hdf5File;
  std::string name_;
  std::shared_ptr<const void> set_;  ///< the open dataset
  std::vector<std::size_t> shape_;
  std::size_t values_ = 0;  ///< of a sample
  bool lists_ = false;
};

/// An open file. The HDF5 library dies, loops or takes all memory on some damaged files, so one is opened
/// only within `in_hdf5_child`.
class Hdf5File {
 public:
  /// Throws Error{kInput} for what is no HDF5 file.
  explicit Hdf5File(const std::filesystem::path& path);
  /// A file that has been read already.
  explicit Hdf5File(std::span<const std::uint8_t> bytes);

  /// A group or a dataset; "a/b" is b in the group a.
  [[nodiscard]] bool has(const std::string& name) const;
  /// Of all that a group holds; "" is the file.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& group) const;
  /// A text attribute of a group; empty where there is none.
  [[nodiscard]] std::string text(const std::string& group, const std::string& attribute) const;
  [[nodiscard]] std::optional<double> number(const std::string& group, const std::string& attribute) const;
  /// Throws Error{kInput} where the group lacks the dataset, or it holds no numbers.
  [[nodiscard]] Hdf5Table table(const std::string& group, const std::string& name) const;

 private:
  std::shared_ptr<const void> file_;
};

/// What `read` returns, which opens an HDF5 file of so many bytes and runs in a child process. Throws
/// Error{kInput} with the message of the error that `read` threw, or what became of the child.
[[nodiscard]] std::string in_hdf5_child(std::size_t file_bytes, const std::function<std::string()>& read);

/// The formats' readers for HDF5 (formats.hpp).
[[nodiscard]] Dataset read_nirdata(const Hdf5File& file, const std::vector<Port>& ports,
                                   const DatasetOptions& options);
[[nodiscard]] Dataset read_shd(const Hdf5File& file, const std::vector<Port>& ports,
                               const DatasetOptions& options);

/// Opens the file in a child process and reads it by the first format whose group it has.
[[nodiscard]] Dataset read_hdf5(const std::filesystem::path& path, const std::vector<Port>& ports,
                                const DatasetOptions& options);

/// "a, b", or "nothing".
[[nodiscard]] std::string join(const std::vector<std::string>& names);

}  // namespace spikeloom::readers

// An image: what the compiler makes of a network for a chip, and what a device is programmed from.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/chip.hpp>
#include <spikeloom/compile_options.hpp>
#include <spikeloom/data.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/promise.hpp>

// Not exported: what the handle below owns.
namespace spikeloom {
struct Image;
}  // namespace spikeloom

namespace SPIKELOOM_API spikeloom {

/// One output of an image.
struct OutputPort {
  std::string name;
  bool spikes = true;     ///< else potentials, in integer units
  bool recorded = false;  ///< asked for with CompileOptions::record; no output of the network
};

/// An immutable value, cheap to copy.
class CompiledImage {
 public:
  /// Throws Error{kInput} for anything that `write` would not have written.
  [[nodiscard]] static CompiledImage read(const std::string& path);
  /// A reader sees the old file or the whole new one. Throws Error{kInput} naming the file.
  void write(const std::string& path) const;

  /// The file that it was read from; empty where it was made in memory.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& network() const;
  [[nodiscard]] ChipFile chip() const;
  /// The guaranteed one first; a contracted one after it where there was calibration data.
  [[nodiscard]] const std::vector<Promise>& promises() const;
  /// What a dataset must have, in this order.
  [[nodiscard]] std::vector<Port> inputs() const;
  [[nodiscard]] std::vector<OutputPort> outputs() const;
  [[nodiscard]] const std::vector<std::string>& populations() const;
  [[nodiscard]] std::size_t clusters() const;
  [[nodiscard]] std::size_t tiles_used() const;
  /// What is wrong with its tables, places and slots, re-derived without the network; empty: sound.
  [[nodiscard]] std::vector<std::string> faults() const;
  /// What `spikeloom info` prints: stable text.
  [[nodiscard]] std::string text() const;

  /// The same image with other promises. Nothing is checked: `verify` says whether they can be kept, `run`
  /// whether they were kept if RunOptions::trust lets it; neither takes an image whose first promise is not a
  /// guarantee.
  [[nodiscard]] CompiledImage with_promises(std::vector<Promise> promises) const;

  explicit CompiledImage(std::shared_ptr<const Image> image, std::string path = "");
  /// What Spikeloom itself works with; of no use outside.
  [[nodiscard]] const Image& value() const { return *image_; }

 private:
  std::shared_ptr<const Image> image_;
  std::string path_;
};

/// Reads data for an image; event times in seconds fall into the steps that the network was compiled for
/// unless `options` say otherwise. Throws as read_dataset.
[[nodiscard]] Dataset read_data(const CompiledImage& image, const std::filesystem::path& path,
                                DatasetOptions options = {});

/// What was looked at, and what is wrong.
struct Verification {
  std::vector<std::string> checked;  ///< a line each, in the order in which it was done
  std::vector<std::string> assumed;  ///< what no image can show
  std::vector<std::string> faults;   ///< empty: the image is sound and its promises hold
  double seconds = 0;                ///< that it took
};

/// Re-derives what an image claims from its tables alone, by checkers that share no code with the compiler's
/// search: places and slots; the network that the tables decode to; every promise's certificates of period
/// and latency; those of the operating points. `run`, `admit` and `explain` begin with it.
[[nodiscard]] Verification verify(const CompiledImage& image);

/// The same, and that the tables compute the network of a file: it is quantised again for the image's chip
/// with the options that the image recorded, and compared weight by weight.
///
/// `calibrate`: the data that it was quantised with, where the image says that there were any. `semantics`:
/// what is set in it holds in place of what the image recorded, whose word is then not needed for it.
/// Throws  Error{kInput} for files that cannot be read, and where the data are needed and not given, or given
///         and not needed.
[[nodiscard]] Verification verify(const CompiledImage& image, const std::string& network,
                                  const std::optional<std::string>& calibrate = {},
                                  const Semantics& semantics = {});

/// What `spikeloom verify` prints, and what its --json writes (schema 1).
[[nodiscard]] std::string to_text(const Verification& verification);
[[nodiscard]] std::string to_json(const Verification& verification);

}  // namespace spikeloom

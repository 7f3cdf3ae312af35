// Input data: what a network is fed, step by step, from whatever file it came. The contract of this folder.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/data/encode.hpp"

namespace spikeloom {

/// A place where a network takes data in (or gives it out): a NIR Input's name and shape, without
/// batch and time, row-major, C,H,W. A scalar's shape may be empty.
struct Port {
  std::string name;
  std::vector<std::size_t> shape;
  [[nodiscard]] std::size_t size() const;
};

/// One sample of one recording or image: as many steps for every input.
struct Sample {
  std::string id;  ///< from the file (`ids`, a recording's name), else its index
  std::optional<std::int64_t> label;
  std::vector<Train> inputs;  ///< one per port, in the ports' order
  [[nodiscard]] std::size_t steps() const { return inputs.empty() ? 0 : inputs.front().steps(); }
};

/// Samples that fit the ports they were read for: every element lies below its port's size, no value
/// is 0, NaN or infinite, and every Train of a sample has the same number of steps.
struct Dataset {
  std::vector<Port> ports;
  std::vector<Sample> samples;
  std::optional<Encoder> encoder;         ///< what made spikes of values; none where the file held spikes
  [[nodiscard]] bool has_labels() const;  ///< every sample has one
  /// Says how many labels are no class of an output of so many neurons, and the first; nothing where all are.
  [[nodiscard]] std::optional<std::string> foreign_labels(std::size_t classes) const;
  [[nodiscard]] std::size_t total_steps() const;
};

/// What the values of one input span; a binary input has integral = true, least >= 0 and most <= 1.
struct ValueRange {
  double least = 0;
  double most = 0;
  bool integral = true;
};
[[nodiscard]] ValueRange value_range(const Dataset& data, std::size_t port);

enum class Packing {
  kNone,
  kBits,  ///< the last dimension is packed, eight elements a byte, highest bit first (numpy.packbits)
};

/// Every option overrides what the file itself says.
struct DatasetOptions {
  std::optional<Encoder> encoder{};    ///< for static values
  std::optional<std::size_t> steps{};  ///< encodes so many; cuts or fills with silence what has its own
  std::optional<double> full_scale{};  ///< the value that spikes at every step
  std::uint64_t seed = 1;              ///< of the rate encoder
  std::optional<std::chrono::microseconds>
      frame{};                                    ///< of recordings (default 1 ms) and of event lists in µs
  std::optional<double> dt{};                     ///< seconds a step, for NIRData's event times
  std::optional<std::filesystem::path> labels{};  ///< .npz with `ids` and `labels`
  std::optional<std::size_t> limit{};             ///< only the first samples
  Packing packing = Packing::kNone;
  std::optional<std::string> array{};  ///< takes this array for `spikes` (.npz)
};

/// Reads any supported file or folder for a network with these inputs.
///
/// By extension, see README.md: .npz, .npy, .csv and .txt (events), .h5 and .hdf5 (NIRData), .bin and
/// .bs2 (N-MNIST), or a folder of N-MNIST recordings.
///
/// Throws  Error{kInput} that names the file and lists all that does not fit the ports; for an unknown
///         extension it lists the supported ones.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path, std::vector<Port> ports,
                                   const DatasetOptions& options = {});

}  // namespace spikeloom

// The values of a run on `model`, computed for many samples at once; the cycles still come in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// What every firing of a run computes, sample by sample on several threads: every sample begins with fresh
/// state, so its values do not depend on the samples before it. Times do, for samples overlap on the chip; so
/// the model replays them in order with these values. Threads run ahead by a bounded number of samples.
class ParallelValues {
 public:
  /// Keeps references to the image and the data. `threads` at least 1; samples are computed in blocks of at
  /// least so many steps, for handing over costs a little.
  ParallelValues(const Image& image, const Dataset& data, std::size_t threads, std::size_t least_steps = 128);
  ~ParallelValues();
  ParallelValues(const ParallelValues&) = delete;
  ParallelValues& operator=(const ParallelValues&) = delete;

  /// The next firing of a tile's context, in the order of the run. Waits until it is known; throws what its
  /// computation has thrown. For one thread.
  [[nodiscard]] device_model::Firing next(std::uint32_t node, std::uint32_t context);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace spikeloom

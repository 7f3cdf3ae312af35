// Input data as the words of a run: what the host's queue is fed, in order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// The ports that a dataset for this image is read with, in the order of its inputs.
[[nodiscard]] std::vector<Port> input_ports(const ImageView& image);

/// The words of one run, made as they are asked for: for every step, every host channel's chunks and
/// end-of-step; after the last step, the end-of-run.
class Stimulus {
 public:
  /// Throws Error{kInput} that lists values which the image's inputs cannot carry (not whole units of the
  /// input, or outside its bit planes), by sample, step and element.
  Stimulus(const ImageView& image, const Dataset& data);

  /// Steps of all samples together.
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] bool finished() const { return finished_; }
  /// Appends the next step's words, or the end of the run.
  void next(std::vector<Word>& words);

 private:
  void fill_chunks(const Sample& sample, std::size_t step);
  void check(const Dataset& data) const;

  ImageView image_;
  const Dataset& data_;
  std::vector<std::vector<ChunkRange>> ranges_;  ///< by host channel
  std::vector<std::uint32_t> numbers_;           ///< host channel numbers, in order
  std::vector<std::uint16_t> masks_;             ///< host stream of the step
  std::int64_t steps_ = 0;
  std::size_t sample_ = 0, step_ = 0;
  bool finished_ = false;
};

}  // namespace spikeloom

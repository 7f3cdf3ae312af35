// Input data as the words of a run: what the host's queue is fed, in order.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// The ports that a dataset for this image is read with, in the order of its inputs.
[[nodiscard]] std::vector<Port> input_ports(const ImageView& image);

/// Axons of the host stream that an input's events set, plane by plane; of values that `check_data` accepts.
[[nodiscard]] std::vector<std::uint32_t> axons_of(const StreamInput& input, std::span<const Event> events);

/// Throws Error{kInput} that lists what an image cannot be fed: other ports than `input_ports`, a sample with
/// another number of inputs or of unequal or no steps, elements outside their input, and values that its bit
/// planes cannot carry (not whole units of the input, or too large); void steps with inputs, alone in a
/// sample, or where a readout is sent in a sample's last step alone. Relies on none of a
/// Dataset's promises, since anyone can make one in memory. A static input must be equal in all steps of a
/// sample.
void check_data(const ImageView& image, const Dataset& data);

/// The words of an application's steps, one after the other: for every step, every host channel's chunks and
/// end-of-step; at the end an end-of-run. A static input has chunks in a sample's first step alone.
class StepWords {
 public:
  explicit StepWords(const ImageView& image);

  /// Appends what stands before the next step, or before the end: with a window, from the step on that is as
  /// far in the run as the window is long, a WAIT for every sink.
  void waits(std::vector<Word>& words) const;
  /// Appends a step that `check_data` accepts.
  void step(const Sample& sample, std::size_t step, StepPlace place, std::vector<Word>& words);
  void end(std::vector<Word>& words) const;

 private:
  void fill_chunks(const Sample& sample, std::size_t step);
  [[nodiscard]] hw::WordEos end_of_step(std::size_t channel) const;

  ImageView image_;
  std::vector<std::vector<ChunkRange>> ranges_;      ///< by host channel
  std::vector<std::vector<std::uint16_t>> weights_;  ///< by host channel: of every step
  std::vector<std::uint32_t> numbers_;               ///< host channel numbers, in order
  std::vector<std::uint16_t> masks_;                 ///< host stream of the step
  std::uint64_t steps_ = 0;
};

/// The words of one run, made as they are asked for.
class Stimulus {
 public:
  /// Keeps a reference to the data. Throws as check_data.
  Stimulus(const ImageView& image, const Dataset& data);

  /// Steps of all samples together.
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] bool finished() const { return finished_; }
  /// Appends the next step's words, or the end of the run, and what stands before them.
  void next(std::vector<Word>& words);

 private:
  StepWords words_;
  const Dataset& data_;
  std::int64_t steps_ = 0;
  std::size_t sample_ = 0, step_ = 0;
  bool finished_ = false;
};

}  // namespace spikeloom

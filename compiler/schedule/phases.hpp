// The timing graph of samples that all have one length, where firings take several steps at once: every batch
// has a place in its sample, and a length that is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/samples.hpp"

namespace spikeloom {

/// The steps of a sample, numbered so far as batches tell them apart. A sample is blocks of `block` steps,
/// which all tiles' batches divide, and what is left over. Where there are many blocks, the last that has
/// numbers of its own stands for all that follow it.
class SamplePhases {
 public:
  /// `most`: so many phases at most, but for one block and what is left over.
  SamplePhases(std::uint32_t steps, std::uint32_t block, std::size_t most);

  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// The first and the last phase of the batch that holds this one, where firings take up to `pages` steps.
  [[nodiscard]] std::uint32_t first(std::uint32_t phase, std::uint32_t pages) const;
  [[nodiscard]] std::uint32_t last(std::uint32_t phase, std::uint32_t pages) const;
  /// The phases in which the run can have been so many steps before it was in this one.
  [[nodiscard]] const std::vector<std::uint32_t>& ago(std::uint32_t phase, std::int64_t steps);

 private:
  std::uint32_t block_, count_;
  std::uint32_t numbered_;                                    ///< steps of blocks that have numbers
  bool repeats_;                                              ///< the last block follows itself
  std::vector<std::vector<std::vector<std::uint32_t>>> ago_;  ///< by steps and phase
};

/// Steps that the batches of all clusters divide.
[[nodiscard]] std::uint32_t steps_of_a_block(const TimingArcs&);

/// Why samples of so many steps have no promise of their own where firings take several; empty: they may.
[[nodiscard]] std::string why_no_phases(const TimingArcs&, std::uint32_t steps);

/// Every actor once for each phase, a firing that takes several once for all of them.
/// `most`: actors, as far as a block and what is left over allow.
[[nodiscard]] SampleGraph phase_graph(const ImageView&, const TimingArcs&, std::uint32_t steps,
                                      std::size_t most = kMostSampleActors);

}  // namespace spikeloom

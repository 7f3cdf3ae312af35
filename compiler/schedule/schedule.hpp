// Promises: what the chip keeps for every input (guaranteed) and for inputs within a contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/image/image.hpp"
#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {

/// The image can never finish a step: these wait for one another.
struct Deadlocked {
  std::string cycle;
  /// A sound binding of an ordinary network may come to that: firings of several pages are under way, and a
  /// delay, a tile's order or its pages do not leave them as many steps. Otherwise the binding is unsound.
  bool is_of_batches = false;
};

/// A guarantee, and whose actors hold its period.
struct Guaranteed {
  Promise promise;
  std::vector<ActorRole> critical;  ///< one for each line of promise.critical_cycle
};

/// The period and latency that hold for every input.
/// Source  docs/architecture.md, "Time"; maximum cycle ratio: compiler/sdf.
[[nodiscard]] std::variant<Guaranteed, Deadlocked> guaranteed(const ImageView& image,
                                                              const BatchTimesOf& = batch_times);

/// The promise alone.
[[nodiscard]] std::variant<Promise, Deadlocked> guarantee(const ImageView& image,
                                                          const BatchTimesOf& = batch_times);

/// The period that holds for every input whose samples, all but the last, have at least `steps` steps:
/// shorter than the guaranteed one where what static inputs bring in a sample's first step alone holds up the
/// others. Where firings take several steps, the one for samples of exactly `steps`, whose batches are then
/// known. The latency is the guaranteed one's. Nothing where it would be no shorter, or there is none
/// (`why_no_samples`, `why_no_phases`); its sample_steps are fewer where the graph would be too large
/// (`sample_steps_for`).
/// Source  docs/architecture.md, "Time": one potential for each step of a sample.
[[nodiscard]] std::optional<Promise> sampled(const ImageView& image, const Promise& guaranteed,
                                             std::uint32_t steps, const BatchTimesOf& = batch_times);

/// The shorter of both, which says what holds without calibration data: the sampled promise where there is
/// one.
[[nodiscard]] Promise without_data(const ImageView& image, const Promise& guaranteed, std::uint32_t steps);

/// Cycles of work (firing to output buffer full) that a calibration run measured.
/// work[tile][sample][n]: the n-th firing of that tile in that sample.
using MeasuredWork = std::vector<std::vector<std::vector<std::int64_t>>>;

struct Contracted {
  Promise promise;
  std::vector<TileContract> contracts;  ///< by TileId: what the hardware checks
  TileBounds bounds;                    ///< the same for the analysis
};

/// The smallest period for which contracts exist that the measured work satisfies, in any order of the
/// samples, and that the graph keeps. At most the guaranteed period, whatever the measurements.
/// Throws  Error{kInput} when a tile that fires has no measurements.
[[nodiscard]] Contracted contract(const ImageView& image, const Promise& guaranteed, const MeasuredWork& work,
                                  const ContractOptions& options);

/// What the image keeps within bounds that are given, pooled as they say.
[[nodiscard]] Promise promise_under(const ImageView& image, const Promise& guaranteed,
                                    const TileBounds& bounds);

/// The same, with those of the contracts pooled that make it shorter; nothing says that it is below the
/// guaranteed period.
[[nodiscard]] Promise promise_under(const ImageView& image, const Promise& guaranteed,
                                    const std::vector<TileContract>& contracts);

/// What does not hold of a promise, by checkers that share nothing with the search: empty when it stands.
/// A latency is not looked at but in a guaranteed one: that of others must be at least that one's, which has
/// its proof.
[[nodiscard]] std::vector<std::string> verify(const ImageView& image, const Promise& promise,
                                              const std::vector<TileContract>& contracts,
                                              const BatchTimesOf& = batch_times);

/// What contracts that the hardware checks say of its tiles; tiles without one have their worst case.
[[nodiscard]] TileBounds bounds_of(const ImageView& image, const std::vector<TileContract>& contracts);

}  // namespace spikeloom

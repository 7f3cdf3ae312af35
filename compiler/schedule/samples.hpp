// The timing graph of samples of a known length: what static inputs save in a sample's later steps, and what
// batches have a place in a sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"
#include "compiler/schedule/timing_graph.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom {

/// Most actors of a sample graph: a longer sample than these allow is promised as a shorter one, which it is.
inline constexpr std::size_t kMostSampleActors = 60'000;

/// Every actor of the timing graph once for each step of a sample that is told apart; an arc leads from each
/// of them to whichever its target can be in so many steps later. So potentials u and a period P of this
/// graph say
///
///   start of a for step k  ≤  u(a, step of its sample that k is) + P·k        (docs/architecture.md, "Time")
struct SampleGraph {
  struct Sink {
    sdf::ActorId actor;
    std::int64_t lag = 0;  ///< its firing k + lag is step k's (compiler/schedule/lags.hpp)
  };
  sdf::Graph graph;
  std::vector<std::int64_t> lower;  ///< earliest first starts, by actor
  std::vector<Sink> sinks;          ///< by step
};

/// Whether some firings take several steps at once. Then a promise for samples is one for those of exactly
/// its steps, and its graph is that of compiler/schedule/phases.
[[nodiscard]] bool fires_in_batches(const ImageView&);
[[nodiscard]] bool fires_in_batches(const TimingArcs&);

/// Why an image has no promise for samples of a known length; empty: it may have one.
[[nodiscard]] std::string why_no_samples(const ImageView&);

/// The longest samples, up to `wanted` steps, whose graph is small enough.
[[nodiscard]] std::uint32_t sample_steps_for(const TimingGraph&, std::uint32_t wanted);

/// For samples of at least `steps` steps, the last one standing for all steps from there on; how long firings
/// and the host's sends take in each follows from what can arrive then. Of an image that `why_no_samples` has
/// nothing against and whose firings take one step; `plain` is its timing graph without bounds, and its actor
/// `a` in step j has number a·steps + j here.
[[nodiscard]] SampleGraph sample_graph(const ImageView&, const TimingGraph& plain, std::uint32_t steps);

/// Most cycles of a cluster's firing in step `step` of a sample, or, with `and_later`, in it and all later
/// ones.
[[nodiscard]] FiringTime worst_in_step(const Application&, const Cluster&, const TileConfig&,
                                       std::uint32_t step, bool and_later);

}  // namespace spikeloom

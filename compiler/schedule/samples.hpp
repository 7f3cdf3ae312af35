// The timing graph of samples that have a least length: what static inputs save in a sample's later steps.
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

/// Every actor of the timing graph once for each of `steps` steps of a sample, the last one standing for all
/// steps from there on; how long firings and the host's sends take in each follows from what can arrive then.
/// An arc leads from each of them to whichever its target can be in so many steps later, where samples are
/// `steps` steps long or longer. So potentials u and a period P of this graph say
///
///   start of a for step k  ≤  u(a, step of its sample that k is) + P·k        (docs/architecture.md, "Time")
struct SampleGraph {
  sdf::Graph graph;                 ///< actor `a` of the timing graph in step j: number a·steps + j
  std::vector<std::int64_t> lower;  ///< earliest first starts, by actor
  std::vector<ActorRole> role;      ///< by actor
  std::vector<sdf::ActorId> sinks;  ///< by step
};

/// Whether some firings take several steps at once. Then a promise for samples is one for those of exactly
/// its steps, and its graph is the timing graph of batches of known sizes, no sample graph.
[[nodiscard]] bool fires_in_batches(const ImageView&);

/// Why an image has no promise for samples of a known length; empty: it may have one.
[[nodiscard]] std::string why_no_samples(const ImageView&);

/// The longest samples, up to `wanted` steps, whose graph is small enough.
[[nodiscard]] std::uint32_t sample_steps_for(const TimingGraph&, std::uint32_t wanted);

/// Of an image that `why_no_samples` has nothing against; `plain` is its timing graph without bounds.
[[nodiscard]] SampleGraph sample_graph(const ImageView&, const TimingGraph& plain, std::uint32_t steps);

/// Most cycles of a cluster's firing in step `step` of a sample, or, with `and_later`, in it and all later
/// ones.
[[nodiscard]] FiringTime worst_in_step(const Application&, const Cluster&, const TileConfig&,
                                       std::uint32_t step, bool and_later);

}  // namespace spikeloom

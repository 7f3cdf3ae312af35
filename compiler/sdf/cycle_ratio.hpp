// The period of a homogeneous graph: its maximum cycle ratio, exact and certified.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "compiler/sdf/certificate.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// In a policy: this actor has no channel on any cycle.
inline constexpr ChannelId kNoChannel{std::size_t{0xffffffffU}};

/// A strongly connected component on its own, as if nothing fed it.
struct ComponentPeriod {
  Ratio period;
  std::vector<ChannelId> critical_cycle;  ///< empty for one actor without a self-loop: period 0
};

/// The graph runs for ever with this period. The certificate's potentials are the least that there are.
struct Periodic {
  Certificate certificate;
  std::vector<std::uint32_t> component_of;  ///< by actor; channels never go to a higher component
  std::vector<ComponentPeriod> components;  ///< the period is the largest of theirs
  std::vector<ChannelId> policy;            ///< by actor; a later call on a similar graph may start from it
};

/// No cycle at all: the period is 0, the potentials are longest paths, and nothing limits the throughput.
/// Nearly always a forgotten self-loop or back-edge.
struct Acyclic {
  Certificate certificate;
};

/// The actors on this cycle wait for one another for ever: no channel of it holds a token.
struct Deadlock {
  std::vector<ChannelId> cycle;
};

using CycleRatio = std::variant<Periodic, Acyclic, Deadlock>;

struct CycleRatioOptions {
  /// An actor's earliest first start in cycles, by actor; empty: 0.
  std::span<const std::int64_t> lower = {};
  /// `Periodic::policy` of a similar graph; entries that do not fit this graph are ignored.
  std::span<const ChannelId> start_policy = {};
  /// Howard's iterations per component, after which bisection with Bellman-Ford takes over.
  std::int64_t max_iterations = 10'000;
};

/// Maximum over all cycles of (sum of weights) / (sum of tokens).
///
/// Cost    Howard's policy iteration per component: a few passes over the channels in practice.
/// Throws  Error{kInput} for rates other than 1, and by name where the integers would not fit.
/// Source  Cochet-Terrasson et al., IFAC SSC 1998; Dasdan, ACM TODAES 9 (2004); see README.
[[nodiscard]] CycleRatio max_cycle_ratio(const Graph& graph, const CycleRatioOptions& options = {});

/// The certificate of a graph that runs. Throws Error{kInput} naming the cycle of a deadlock.
[[nodiscard]] const Certificate& certificate_of(const CycleRatio& result, const Graph& graph);

}  // namespace spikeloom::sdf

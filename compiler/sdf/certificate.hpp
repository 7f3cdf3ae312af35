// A period that anyone can check without trusting whoever found it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// With period P/Q in lowest terms:
///
///   potential[a] >= Q * lower[a] >= 0                                       for every actor a
///   potential[source] + Q * weight - P * tokens <= potential[target]        for every channel
///   critical_cycle is closed, and its weights over its tokens are P/Q exactly
///
/// By induction over firings, every schedule that starts firing k of each actor no later than its
/// channels and lower[actor] demand, and whose executions and latencies are at most the graph's, has
///
///   start_a(k) <= (potential[a] + P * k) / Q          for every actor a and every k >= 0,
///
/// and the cycle shows that no smaller period will do. A graph without cycles has period 0 and an
/// empty critical cycle.
struct Certificate {
  Ratio period;
  std::vector<std::int64_t> potential;  ///< by actor, in cycles / Q
  std::vector<ChannelId> critical_cycle;
};

/// What is wrong with the certificate, one sentence each; empty if it holds. Shares no code with the solver.
///
/// Shape   lower: an actor's earliest first start, by actor, or empty for 0 everywhere.
/// Checked the three lines above, all of them, in 128-bit integers.
/// Assumed that the graph describes the machine.
[[nodiscard]] std::vector<std::string> verify(const Graph& graph, const Certificate& certificate,
                                              std::span<const std::int64_t> lower = {});

/// The first two lines only: an upper bound that need not be tight.
[[nodiscard]] std::vector<std::string> verify_bound(const Graph& graph, const Ratio& period,
                                                    std::span<const std::int64_t> potential,
                                                    std::span<const std::int64_t> lower = {});

}  // namespace spikeloom::sdf

// How much room channels need: the least for a period, and the exact trade-off between room and period.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <variant>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// Room for tokens, by channel. A firing claims room for what it writes when it starts and gives back the
/// room of what it read when it ends. Channels from an actor to itself have none (0): their tokens are their
/// bound.
using Capacities = std::vector<std::int64_t>;

/// The graph with a channel back for every channel's room, after the graph's own channels.
/// Throws Error{kInput} naming a channel whose capacity is below its initial tokens.
[[nodiscard]] PhasedGraph with_capacities(const PhasedGraph& graph, const Capacities& capacity);

/// The least capacities with which each channel alone does not stop its two actors.
/// Source  Stuijk, Geilen, Basten, IEEE Trans. Computers 57 (2008); several phases: the largest rate.
[[nodiscard]] Capacities least_capacities(const PhasedGraph& graph);

struct BufferPoint {
  std::int64_t size = 0;  ///< sum of the capacities, each tied one once
  Ratio period;           ///< cycles an iteration
  Capacities capacity;
};

/// No smaller sum reaches a point's period; without budgets the last point's period is that without any
/// bound.
struct BufferFront {
  std::vector<BufferPoint> points;  ///< growing size, falling period
  std::int64_t examined =
      0;  ///< distributions of room whose period was computed, those included that only widen limits
};

/// A memory that several channels' room lies in: tied channels count once.
struct RoomBudget {
  std::vector<ChannelId> channels;
  std::int64_t most = 0;
};

/// In BufferOptions::tied: room of its own.
inline constexpr std::size_t kOwnRoom = std::numeric_limits<std::size_t>::max();

struct BufferOptions {
  std::int64_t most_examined = 1'000'000;
  /// By channel: channels of one number have one capacity, which counts once (copies of one stream, pages of
  /// one context); kOwnRoom: its own. Empty: all have their own.
  std::vector<std::size_t> tied = {};
  std::vector<RoomBudget> budgets =
      {};  ///< the least capacities too must be within them, else there is no point
};

/// All points of the front.
///
/// Method  the smallest distribution that meets all limits known is solved. If it is slow or stuck, its
///         critical cycle in the expansion is a new limit: its height is a sum of steps of the room on it.
///         Solutions with more room widen limits, and variables that no limit joins are chosen apart.
/// Returns KStuck where no room is enough; no points where budgets leave too little.
/// Throws  Error{kInput} for rates without a repetition vector, after `most_examined`, and where the front
/// has
///         no end: without bounds on room nothing bounds the period, with them something does.
/// Source  storage dependencies: Stuijk, Geilen, Basten 2008; here those of one critical cycle instead of
///         all.
[[nodiscard]] std::variant<BufferFront, KStuck> buffer_front(const PhasedGraph& graph,
                                                             const BufferOptions& options = {});

/// The smallest sum of capacities with which the graph keeps `period`; nothing if no room is enough.
/// The point's period may be shorter than the one asked for. Throws as `buffer_front`.
[[nodiscard]] std::optional<BufferPoint> least_buffers(const PhasedGraph& graph, const Ratio& period,
                                                       const BufferOptions& options = {});

}  // namespace spikeloom::sdf

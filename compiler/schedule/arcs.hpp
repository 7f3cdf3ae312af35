// The actors and arcs of a binding, built in one place: docs/protocol.md, cycle by cycle, with the worst case
// of every firing, send and credit. compiler/schedule/timing_graph puts contracts into it, the points of
// compiler/admit keep it, and the search for static orders contracts it to firings.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/core/firing_time.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// After a firing ends: the sequencer's LOAD, then its WAIT may fire.
inline constexpr std::int64_t kTurnCycles = 2;
/// From a full output list to the first cycle in which its channels may decide.
inline constexpr std::int64_t kListVisible = 1;

struct TimingActor {
  enum class Kind : std::uint8_t {
    kFire,    ///< starts when the sequencer fires, ends when the page is free
    kUpdate,  ///< from there to the full output list
    kSend,    ///< a channel's step: from its decision to the end-of-step on the wire
    kCredit,  ///< a freed page's wait for its credit slot
    kSink,    ///< the host has a step's last end-of-step
  };
  Kind kind = Kind::kFire;
  std::uint32_t of = 0;  ///< ClusterId, channel of the binding, or destination (channel after channel)
  std::int64_t cycles = 0;
};

struct TimingArc {
  enum class Kind : std::uint8_t {
    kIntegrated,    ///< fire → update
    kOrder,         ///< update → the tile's next fire
    kHostQueue,     ///< send → send of the host's next channel: one queue
    kWindow,        ///< sink → the host's first send: the host waits for outputs
    kOutputBuffer,  ///< update → send
    kOutputFree,    ///< send → the source's next fire
    kSpikes,        ///< send → fire of a destination
    kToHost,        ///< send → sink
    kPageFree,      ///< fire → credit
    kCreditSlot,    ///< credit → credit: a slot a credit
    kPages,         ///< credit → send: the page is free again
    kRegionFree,  ///< update → credit: of the firing before in the region that takes the next one's weights
    kRegion,      ///< credit → send: the region is free again
  };
  Kind kind = Kind::kIntegrated;
  std::uint32_t from = 0, to = 0;  ///< actors
  std::int64_t tokens = 0, cycles = 0;
};

[[nodiscard]] std::string name_of(TimingArc::Kind);

/// The most that a cluster's firing of 1, 2, … P pages takes; P is its core's pages a firing.
using BatchTimes = std::vector<FiringTime>;
using BatchTimesOf = std::function<BatchTimes(const Cluster&, const TileConfig&)>;
/// As the cluster's core says.
[[nodiscard]] BatchTimes batch_times(const Cluster&, const TileConfig&);

/// Actors fire once a step, so a firing of one page is theirs; what batches change is put in afterwards
/// (compiler/schedule/timing_graph).
struct TimingArcs {
  std::vector<TimingActor> actors;  ///< fire and update of each cluster, the sink, sends, credits
  std::vector<TimingArc> arcs;      ///< of clusters, of orders, of the host's queue, channel after channel
  std::vector<BatchTimes> batches;  ///< by ClusterId

  [[nodiscard]] static std::uint32_t fire(ClusterId c) { return 2 * c.value; }
  [[nodiscard]] static std::uint32_t update(ClusterId c) { return 2 * c.value + 1; }
};

[[nodiscard]] TimingArcs timing_arcs(const ImageView&, const BatchTimesOf& = batch_times);

/// What the actors are called, each after its tile: docs/timing-graph.md, section 2.
[[nodiscard]] std::vector<std::string> actor_names(const ImageView&, const TimingArcs&);

/// What one firing waits for of another: sends contracted away, of which the network takes its worst time.
struct FiringArc {
  TimingArc::Kind kind = TimingArc::Kind::kOrder;  ///< kOrder, kOutputFree or kSpikes
  ClusterOrHost from;  ///< from the end of its firing, the host's from its decision
  ClusterId to;
  std::int64_t tokens = 0, cycles = 0;
};
[[nodiscard]] std::vector<FiringArc> firing_arcs(const TimingArcs&, const Binding&);

/// Most cycles from a channel's decision to its n-th flit's wire cycle, over all phases of the wheel.
/// `slots` rising, not empty.
[[nodiscard]] std::int64_t worst_send(const std::vector<std::uint32_t>& slots, std::uint32_t wheel,
                                      std::int64_t flits);

/// Cycles that a freed page waits until its credit is sent, which is the cycle before the wire's
/// (docs/protocol.md, section 5): `send` is `worst_send` of one flit in the credit's slots.
[[nodiscard]] constexpr std::int64_t wait_of(std::int64_t send) { return send - 1; }
/// Most cycles that a freed page waits for one of the credit slots.
[[nodiscard]] std::int64_t worst_wait(const std::vector<std::uint32_t>& credit_slots, std::uint32_t wheel);

}  // namespace spikeloom

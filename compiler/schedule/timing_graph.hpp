// An image's timing as a dataflow graph: docs/protocol.md, cycle by cycle, with worst cases on the arcs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"
#include "compiler/schedule/arcs.hpp"
#include "compiler/sdf/graph.hpp"
#include "compiler/sdf/shared_tokens.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// Parts of a cycle that the graph counts in: those of the hardware's contract counters.
inline constexpr std::int64_t kTimeScale = std::int64_t{1} << hw::kContractFractionBits;

/// What a tile's firings are taken to cost. Without a value: the worst case of each, for every input.
/// With one: over any run of n consecutive firings of the tile at most sigma + n·rho (cycles / kTimeScale).
/// Then the arcs within the tile (order, output buffer, local spikes) carry rho for every firing that they
/// span, and every other arc out of a firing rho + sigma. Proof: docs/architecture.md, "Time".
/// Pooled: firings have their least work in the graph, those of clusters on other tiles that work alike
/// (compiler/schedule/pool.hpp) too; what they work more is `fee` for every step, and sigma once, on the way
/// to the host.
struct TileBound {
  std::int64_t rho = 0;
  std::int64_t sigma = 0;
  bool pooled = false;
};
using TileBounds = std::vector<std::optional<TileBound>>;  ///< by TileId

/// Whom an actor of the timing graph is about.
struct ActorRole {
  enum class Kind : std::uint8_t {
    kFire,    ///< a firing of `of` begins
    kAfter,   ///< its page is free, or its output list full
    kSend,    ///< a channel's step, of a cluster or the host
    kCredit,  ///< a page of `of` waits for the slot in which `from` hears that it is free
    kHost,    ///< the host's sink or step
    kPool,    ///< of a tile's contract
  };
  Kind kind = Kind::kHost;
  ClusterOrHost of{}, from{};
  friend bool operator==(const ActorRole&, const ActorRole&) = default;

  /// About what this cluster, or the host, sends or does.
  [[nodiscard]] bool is_of(const ClusterOrHost& source) const {
    return kind != Kind::kPool && (of == source || (kind == Kind::kCredit && from == source));
  }
};

struct TimingGraph {
  struct ClusterActors {
    sdf::ActorId fire{}, done{};  ///< a firing begins; its output buffer is full when `done` ends
  };
  sdf::Graph graph;      ///< times in cycles / kTimeScale
  std::int64_t fee = 0;  ///< of pooled contracts: a period of the graph is one of the image less the fee
  std::vector<std::int64_t> lower;  ///< earliest first starts, by actor
  std::vector<std::size_t>
      pages;  ///< by channel: the ClusterId whose page count is part of its tokens, or sdf::kNoGroup
  sdf::ActorId source{};  ///< its end is b(k): the host's last end-of-step of step k is on the wire
  sdf::ActorId sink{};    ///< its start bounds e(k): the last end-of-step of step k is at the host
  // Of batches of pages. An actor's firing j is that of step j − lag: so no arc has tokens below 0.
  bool batched = false;             ///< some tile's firings take several pages
  std::vector<std::int64_t> lag;    ///< by actor; all 0 without batches
  std::vector<std::int64_t> after;  ///< by channel: its target's firing j certainly follows its source's
                                    ///< firing j − after; empty without batches: the channel's tokens
  std::string waits;                ///< why batches wait for themselves; empty: they do not
  /// Behind `source`, with the sink's lag; the source itself without batches.
  sdf::ActorId step{};
  std::vector<ActorRole> role;  ///< by actor
  // What slots and ways decide; the arcs where no tile is under a bound.
  std::vector<std::uint32_t> tile;      ///< by actor; PointGraph::kNowhere: the host
  std::vector<sdf::ActorId> senders;    ///< by channel of the binding: their execution is the worst send
  std::vector<PointGraph::End> ends;    ///< by destination, channel after channel
  std::vector<ClusterActors> clusters;  ///< by ClusterId
};

/// Actors, by name: "host send", "tile(x,y) fire C" (and "update C"; under a bound "free C", "done C"),
/// "tile(x,y) send C" (under a bound also "... late"), "tile(x,y) credit C from S", "tile(x,y) pool", "host
/// sink".
/// With batches "tile(x,y) fire C", "free C", "done C", "send C", "send C late" on tiles whose firings take
/// several pages, whatever bounds say of them, and "host step".
[[nodiscard]] TimingGraph timing_graph(const ImageView& image, const TileBounds& bounds,
                                       const BatchTimesOf& = batch_times);

}  // namespace spikeloom

// Where an application sits on a chip: tiles, contexts, pages, memory bases, channels, slots, firing orders.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/partition/application.hpp"

namespace spikeloom {

/// A cluster's context and its first entry in each memory of its tile.
struct Placement {
  TileId tile;  ///< x + y·width; ring node 1 + tile
  std::uint32_t context = 0;
  std::uint32_t first_row = 0, rows = 0;  ///< pages
  std::uint32_t first_block = 0;          ///< of the first page; the others' follow (compiler/chip/pages.hpp)
  std::vector<std::uint32_t> first;       ///< by Core::memories()
  std::uint32_t first_out = 0;            ///< output list
  friend bool operator==(const Placement&, const Placement&) = default;
};

/// One end of a channel. To a cluster: its inbound entry `inbound`, whose delivery has a credit path back.
/// To the host: sink channel `number`, no credits.
struct Destination {
  ClusterOrHost to;
  std::uint32_t inbound = 0;  ///< index into the cluster's inbound; 0 at the host
  std::uint32_t number = 0;   ///< delivery at its tile, or the application's sink channel at the host
  std::uint32_t hops = 0;     ///< routers passed: injected in slot s, on the wire here in slot s + hops
  std::uint32_t counter = 0;  ///< credit counter at the source
  std::vector<std::uint32_t>
      credit_slots;  ///< credit wheel slots in which this tile sends a credit back; rising
  std::uint32_t credit_hops =
      0;  ///< a credit on the wire in slot s raises the counter's wire in s + credit_hops
  friend bool operator==(const Destination&, const Destination&) = default;
};

struct Channel {
  ClusterOrHost from;
  std::uint32_t number = 0;  ///< at the source's tile, or host channel
  std::vector<std::uint32_t>
      slots;                    ///< spike wheel slots in which its flits are on the source's wire; rising
  std::vector<Destination> to;  ///< at most one per tile, and the host at most once
  friend bool operator==(const Channel&, const Channel&) = default;
};

struct OrderEntry {
  ClusterId cluster;
  std::uint32_t skip = 0;  ///< rounds in which it is passed over
  friend bool operator==(const OrderEntry&, const OrderEntry&) = default;
};

struct Binding {
  std::uint64_t seed = 0;
  std::uint32_t application = 0;     ///< the host's number for it: its queue, its start
  std::uint32_t first_sink = 0;      ///< sink channel 0 of the application is this one of the host
  std::vector<Placement> placement;  ///< by ClusterId
  std::vector<Channel> channels;     ///< host's first, by number; then those of each tile together, by number
  std::vector<std::vector<OrderEntry>> orders;  ///< by TileId; empty: tile not used
  friend bool operator==(const Binding&, const Binding&) = default;
};

/// The slot tables of one network interface and the route tables of one router, as the hardware walks them.
struct NodeTables {
  std::vector<hw::RegSlot> spike_slots, credit_slots;
  std::vector<hw::RegRoute> spike_routes, credit_routes;  ///< empty at the host, which has no router
};

/// Tables of all nodes by ring node (0 is the host), derived from the channels by XY routes.
/// Two channels that claim one slot of a wire are an internal error: `check` finds them first.
[[nodiscard]] std::vector<NodeTables> tables(const Binding&, const Chip&);
/// Tables of applications that share the chip; what two of them claim is listed in `conflicts`.
[[nodiscard]] std::vector<NodeTables> tables(std::span<const Binding* const>, const Chip&,
                                             std::vector<std::string>& conflicts);

/// Chunk ranges [first, first + count) of the host stream that channel `channel` must carry, rising and
/// disjoint: what its destinations read. Empty for a control channel.
struct ChunkRange {
  std::uint32_t first = 0, count = 0;
  friend bool operator==(const ChunkRange&, const ChunkRange&) = default;
};
[[nodiscard]] std::vector<ChunkRange> host_ranges(const Application&, const Channel& channel);

/// The inbound whose weights the channel brings; null: it brings spikes.
[[nodiscard]] const Inbound* weights_of(const Application&, const Channel&);

/// A streamed cluster's turn in the region that it shares with the others of its tile: its weights come when
/// the firing of `after` has ended, which is the one before it in the tile's order, of the same step, or of
/// the step before if `is_first` in it.
struct StreamTurn {
  ClusterId after;
  bool is_first = true;
};
[[nodiscard]] StreamTurn stream_turn(const Application&, const Binding&, ClusterId);

/// Most flits a channel sends in one step, the end-of-step included.
[[nodiscard]] std::int64_t worst_flits(const Application&, const Channel& channel);

/// Stable text for --dump.
[[nodiscard]] std::string print(const Application&, const Binding&, const Chip&);

}  // namespace spikeloom

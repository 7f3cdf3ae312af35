// From an application to its place on a chip.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/map/binding.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// What the clusters that share a tile have in common.
enum class Sharing : std::uint8_t {
  kTraffic,  ///< much to tell one another
  kLevels,   ///< their level, so that none waits for another's turn through the whole network
};

/// Clusters that batches of pages put out of step (batch_steps), on one tile.
enum class OutOfStep : std::uint8_t {
  kApart,     ///< never: they might wait for one another
  kTogether,  ///< the timing analysis says whether they do
};

struct MapOptions {
  std::uint64_t seed = 1;
  std::uint32_t most_pages = 8;  ///< given to a context that needs fewer, as far as page rows allow
  std::uint32_t most_slots = 0;  ///< spike slots of a channel; 0: as many as fit
  std::uint32_t tiles = 0;       ///< use only the first so many tiles; 0: all
  Sharing sharing = Sharing::kTraffic;
  OutOfStep out_of_step = OutOfStep::kApart;  ///< where that does not fit they are tried together
  std::vector<TileId>
      places{};  ///< tile by ClusterId where that is decided already; empty: the placer decides
  std::vector<ClusterOrHost>
      favoured{};  ///< their channels count as four times as busy where slots are dealt out
  std::vector<std::int64_t>
      shares{};  ///< by channel of the binding: a flit counts as so many; empty: as 1, favoured ones as 4
};

/// A binding, or why there is none: what does not fit, with the numbers and what would do.
struct MapResult {
  std::optional<Binding> binding;
  std::string reason;
};

/// Places clusters on tiles (greedy, then simulated annealing on traffic × hops and on the tiles' work),
/// deals out pages, forms channels, and gives them slots on both networks. The firing order of every tile
/// is one topological order of the application restricted to it (batch_steps), so no order waits for another
/// in a circle.
///
/// Throws  Error{kInput} when the application's tables were built for other tiles.
[[nodiscard]] MapResult map(const Application&, const Chip&, const MapOptions& = {});

/// The same without looking for what would do where it does not fit, which may take long.
[[nodiscard]] MapResult try_map(const Application&, const Chip&, const MapOptions& = {});

/// The binding with the pages of every tile's contexts dealt out anew: what each needs, then one more in
/// turn, at most `most_pages`.
[[nodiscard]] Binding deal_pages(const Application&, const Chip&, std::uint32_t most_pages, Binding);

/// The most pages of a context, whatever the tile has.
inline constexpr std::uint32_t kMostPages = hw::kLimitPages;

/// The binding with so many pages for every cluster. They fit the tiles: `check` says if not.
[[nodiscard]] Binding set_pages(const Application&, const Chip&, const std::vector<std::uint32_t>& pages,
                                Binding);

/// The binding with the slots of both networks dealt out anew for the channels as they are. Nothing: there is
/// no slot for one of them.
[[nodiscard]] std::optional<Binding> deal_slots(const Application&, const Chip&, const MapOptions&, Binding);

/// Everything wrong with the binding; empty: sound.
///
/// Checked  every table entry within the tile and given to one owner; pages; every inbound fed by exactly
///          one channel from its source and every sink by one; at most one end of a channel per tile;
///          in every slot that a channel owns, a flit followed cycle by cycle through the route tables
///          arrives at the channel's destinations in the slots that `rx` names them in, and nowhere
///          else; the same for every credit; slot entries without an owner are empty; orders hold
///          each cluster once and agree with one another.
/// Assumed  faults(application) is empty.
[[nodiscard]] std::vector<std::string> check(const Application&, const Binding&, const Chip&);
/// The same but for flits and credits on their way, and for as many tiles as the binding has orders: of a
/// binding that is yet to be placed.
[[nodiscard]] std::vector<std::string> check_without_ways(const Application&, const Binding&, const Chip&);

}  // namespace spikeloom

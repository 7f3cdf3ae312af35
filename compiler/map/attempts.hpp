// How the mapper tries: ways to place clusters, one after the other, and slots for what they give.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/map/map.hpp"

namespace spikeloom {

/// One way to place clusters.
struct Way {
  double crowding = 0;  ///< what second channels of a source cost: see `place`
  OutOfStep out_of_step = OutOfStep::kApart;
};

/// In the order in which they are tried: second channels cost little at first; where tables or slots run out,
/// more and more. At last clusters that are out of step may share tiles, if there are such.
[[nodiscard]] std::vector<Way> ways(const Application&, const Chip&, OutOfStep);

/// Everything but slots, so nothing of it depends on the wheels unless clusters are packed by level. Nothing
/// with `reason` set: tables are too short, or the clusters found no room.
[[nodiscard]] std::optional<Binding> on_tiles(const Application&, const Chip&, const MapOptions&, const Way&,
                                              std::string& reason);

/// The first way that has slots too. What counting refuses (`shortages`) is not tried.
[[nodiscard]] MapResult try_ways(const Application&, const Chip&, const MapOptions&);

}  // namespace spikeloom

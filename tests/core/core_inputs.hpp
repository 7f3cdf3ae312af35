// What the contract suite asks of a core's own tests: random networks that it accepts and chips that have it,
// what it refuses, and how its counter counts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/core/core.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom::test {

/// A network of which no such tile takes population 0, whatever the partition.
struct RefusedNetwork {
  std::string reason;  ///< stands in what `problems` says
  IntNetwork network;
  TileKind tile;
};

/// A tile that reads otherwise the tables that were built for the chip's.
struct ForeignTile {
  std::string reason;  ///< stands in what `mismatches` says
  IntNetwork network;
  Chip chip;
  TileKind tile;
};

struct CoreInputs {
  const Core* core = nullptr;
  IntNetwork (*network)(Rng&, NetworkSize) = nullptr;  ///< `problems` finds nothing in it
  Chip (*chip)(Rng&) = nullptr;  ///< every tile has the core; room for every such network
  bool readouts = false;         ///< the networks have readouts
  bool currents = false;         ///< and neurons that keep a current
  bool narrows = false;          ///< fewer neurons may have narrower weights, or none of a chunk: less time
  bool merges = false;           ///< chunks that come from one place at one time are read as one
  /// Lets some of the network's neurons share membranes, and the chip hold them; null: no tile does.
  void (*share)(Rng&, IntNetwork&, Chip&) = nullptr;
  std::string_view weights;  ///< key of the memory whose entries `weight_words` counts
  std::vector<RefusedNetwork> (*refused)() = nullptr;  ///< one for every reason that `problems` has
  std::vector<ForeignTile> (*foreign)() = nullptr;     ///< one for every reason that `mismatches` has
  /// By how much the core's counter rises in a firing on these pages, by its header's words.
  std::int64_t (*counted)(const Cluster&, std::span<const device_model::Page>) = nullptr;
};

/// Of every folder tests/core/KIND; each defines KIND_inputs() in inputs.cpp.
[[nodiscard]] std::vector<CoreInputs> all_core_inputs();

}  // namespace spikeloom::test

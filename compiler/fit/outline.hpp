// A network by its shapes: sizes, fan-in and how many rows of weights differ, without integers. Every number
// is a floor that holds whatever the quantiser and the partition do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

/// What reaches a population from one source with one delay.
struct OutlineLayer {
  Source from;
  std::uint32_t delay = 0;
  std::vector<RowFloor> rows;   ///< of weights that a tile must hold
  std::vector<RowFloor> spans;  ///< every row, with all that lies between its first and last target
  /// Synapses that each neuron of a cluster adds to its rows, at least, and the bits of their weights.
  std::uint64_t of_neuron = 0;
  std::uint32_t bits = 8;
  std::uint64_t sources = 0;  ///< elements that a page is likely to hold, where no window tells
  std::uint64_t weights = 0;  ///< a hash: layers whose weights surely differ have different ones
};

/// Neurons that are reached alike: how many source elements of each layer reach one.
struct FanIn {
  std::size_t neuron = 0;              ///< one of them
  std::vector<std::int64_t> elements;  ///< by layer of its population
};

struct Outline {
  /// Inputs and populations by name, kind, shape and size; no projection.
  IntNetwork shapes;
  std::vector<std::vector<OutlineLayer>> layers;  ///< by PopulationId
  /// By PopulationId, each way in which a neuron is reached; of a population with one layer the least and the
  /// most.
  std::vector<std::vector<FanIn>> fan_in;
  /// By PopulationId: it may be a pool that the tiles of its source fold (compiler/partition/or_pool.hpp),
  /// and then needs nothing; the source. Nothing: it certainly is none.
  std::vector<std::optional<PopulationId>> may_fold;
};

/// What the options say of a network in real numbers.
struct OutlineOptions {
  std::function<std::uint32_t(const std::string&)> bits;    ///< of a projection's weights, by its name
  std::function<std::uint32_t(const std::string&)> planes;  ///< of an input, by its name
};

/// Cost  a few looks at every weight, and at every target position and tap of a window.
[[nodiscard]] Outline outline_of(const Network&, const OutlineOptions&);
[[nodiscard]] Outline outline_of(const IntNetwork&);

}  // namespace spikeloom

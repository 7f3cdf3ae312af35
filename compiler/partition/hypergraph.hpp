// Hypergraphs and their bisection: vertices of some weight, nets of some cost over them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/base/rng.hpp"

namespace spikeloom {

struct Hypergraph {
  std::vector<std::uint32_t> weight;  ///< by vertex, at least 1
  std::vector<std::int64_t> cost;     ///< by net, at least 1
  std::vector<std::size_t> begin{0};  ///< pins of net e: begin[e] .. begin[e+1]-1
  std::vector<std::uint32_t> pin;     ///< vertices, each at most once in a net

  [[nodiscard]] std::size_t vertices() const { return weight.size(); }
  [[nodiscard]] std::size_t nets() const { return cost.size(); }
  [[nodiscard]] std::span<const std::uint32_t> pins(std::size_t net) const {
    return {pin.data() + begin[net], begin[net + 1] - begin[net]};
  }
};

/// The part of the graph on `vertices` (renumbered in their order); nets keep the pins that are in it, and
/// those with fewer than two are dropped.
[[nodiscard]] Hypergraph part_of(const Hypergraph&, std::span<const std::uint32_t> vertices);

/// Weight that side 0 of a bisection may have.
struct Balance {
  std::uint64_t least = 0, most = 0;
};

struct Effort {
  std::uint32_t tries = 8;   ///< of splitting the few vertices that are left
  std::uint32_t passes = 4;  ///< of refinement a level, while they gain
  std::uint32_t pins =
      32;  ///< a vertex: of a graph with many more, nets are drawn at random for all but the last pass
  std::uint32_t polish = 1;  ///< passes over all nets where they were drawn
};

/// How many parts each side will be cut into later.
struct Parts {
  std::uint32_t zero = 1, one = 1;
};

/// Sum of the costs of nets with pins on both sides.
[[nodiscard]] std::int64_t cut(const Hypergraph&, const std::vector<std::uint8_t>& side);

/// A side, 0 or 1, for every vertex, such that nets reach few parts; side 0 within the balance wherever
/// vertex weights of 1 allow that. Same graph, balance and seed: same sides.
///
/// Method  multilevel: vertices that share dear nets are merged until few are left, those are split by
///         growing from random vertices, and every level is refined by moves. A net with h pins on a side
///         that k parts are still to be made of is taken to reach k·(1 − (1 − 1/k)^h) of them, as if they
///         fell at random: where nearly every net is cut whatever one does, it still counts how lopsidedly.
///         With one part a side this is the cut.
/// Cost    about the pins, times the logarithm of the vertices.
/// Source  Karypis, Aggarwal, Kumar, Shekhar: Multilevel hypergraph partitioning, IEEE TVLSI 1999; Fiduccia,
///         Mattheyses, DAC 1982.
[[nodiscard]] std::vector<std::uint8_t> bisect(const Hypergraph&, Balance, Rng&, Effort = {}, Parts = {});

}  // namespace spikeloom

// A population cut into clusters by repeated bisection, and its neurons lined up so that neighbours share
// chunks.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/partition/grouping.hpp"
#include "compiler/partition/hypergraph.hpp"

namespace spikeloom {

/// Neurons as vertices; a net per source that reaches at least two of them, itself among them where it is
/// one. Its cost is in units of 2^-16 spikes a step, plus one: a cut of λ - 1 a net is then what `cut(edges,
/// of)` counts, but for what every partition pays.
[[nodiscard]] Hypergraph hypergraph_of(const Edges&, std::size_t neurons);

/// Adds a cheap net per target of the layer over the neurons that it reads (the layer's sources), unless it
/// reads most of them: of two cuts with like traffic that one is better whose clusters have fewer readers.
void add_readers(Hypergraph&, const Layer&);

struct Grouping {
  std::vector<std::uint32_t> of;    ///< cluster by neuron, 0 .. clusters-1, all occurring
  std::vector<std::uint32_t> rank;  ///< by neuron, a permutation: neurons of near rank share many sources
};

/// `clusters` clusters of at most `cap` neurons each, of nearly even size. Needs clusters <= neurons <=
/// clusters · cap.
[[nodiscard]] Grouping group_by_bisection(const Hypergraph&, std::uint32_t clusters, std::uint32_t cap, Rng&);

}  // namespace spikeloom

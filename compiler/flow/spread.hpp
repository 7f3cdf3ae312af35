// How many clusters a population gets where tiles would otherwise idle.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/data/dataset.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/or_pool.hpp"
#include "compiler/schedule/candidate.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

/// Partition, map and schedule with at least so many clusters, by PopulationId (empty: as few as fit).
using Place =
    std::function<std::variant<Candidate, DoesNotFit>(const std::vector<std::uint32_t>& least_clusters)>;

/// Samples spread evenly over the data, for data sets are often sorted by label; at least one, about as many
/// as a trial is worth.
[[nodiscard]] Dataset excerpt(const Dataset& data);

struct CostOptions {
  const Dataset* data = nullptr;  ///< calibration data; null: there are none
  ContractOptions contracts;
  std::uint32_t sample_steps = 0;  ///< of samples that are promised (`sampled`); 0: of none
};

/// The less the better: the sampled period, without such a promise the guaranteed one (data null), or the
/// contracted times the replayed one; in cycles a step, or squares.
[[nodiscard]] double cost(const Candidate& candidate, const Chip& chip, const CostOptions& options);

struct SpreadOptions {
  std::uint32_t tiles = 0;  ///< that there are
  CostOptions cost;
};

/// Splits populations while that makes steps shorter, into two clusters a tile at most: again and again those
/// on the busiest tiles. What counts is the `cost`, on some of the calibration samples.
///
/// Returns  least clusters by PopulationId for `place`; empty where what fits at first is best.
/// Cost     at most `kMostTrials` calls of `place`.
[[nodiscard]] std::vector<std::uint32_t> spread(const Place& place, const Chip& chip,
                                                const SpreadOptions& options);

/// Least clusters by PopulationId: two a tile, so that one works while the other sends, shared out by the
/// synapses into each population; of at least a lane group each, for smaller ones would not be faster. Every
/// population has one but the pools that fold.
[[nodiscard]] std::vector<std::uint32_t> paired_clusters(const IntNetwork&, const Chip&, std::uint32_t tiles,
                                                         const std::vector<OrPool>& pools);

}  // namespace spikeloom

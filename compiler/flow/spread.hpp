// How many clusters a population gets where tiles would otherwise idle.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

/// Partition, map and schedule with at least so many clusters, by PopulationId (empty: as few as fit).
using Place =
    std::function<std::variant<Image, DoesNotFit>(const std::vector<std::uint32_t>& least_clusters)>;

/// Samples spread evenly over the data, for data sets are often sorted by label; at least one, about as many
/// as a trial is worth.
[[nodiscard]] Dataset excerpt(const Dataset& data);

/// The less the better: the guaranteed period (data null), or the contracted times the replayed one; in
/// cycles a step, or squares.
[[nodiscard]] double cost(const Image& image, const Dataset* data, const ContractOptions& contracts);

/// Splits populations while that makes steps shorter, into two clusters a tile of `tiles` at most: again and
/// again those on the busiest tiles. What counts is the `cost`, on some of the calibration samples.
///
/// Returns  least clusters by PopulationId for `place`; empty where what fits at first is best.
/// Cost     at most `kMostTrials` calls of `place`.
[[nodiscard]] std::vector<std::uint32_t> spread(const Place& place, std::uint32_t tiles,
                                                const Dataset* calibration, const ContractOptions& contracts);

}  // namespace spikeloom

// Sums over the synapses of a form, each without walking them one by one where the form allows it.
//
// Cost  weights + sources + targets; of a window besides: channels × target positions × taps. A window
//       behind a gather that takes its sources unequally often: one addition a synapse, by target.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/linear/map_form.hpp"

namespace spikeloom {

/// By weight: over its synapses, the sum of what their sources have. With 1 for every source: how often the
/// weight occurs.
[[nodiscard]] std::vector<double> sum_by_weight(const MapForm& form, std::span<const double> of_source);
/// How many synapses each weight has; 0: a kernel's tap that the border always cuts off, say.
[[nodiscard]] std::vector<std::uint64_t> multiplicity(const MapForm& form);

/// By target: over its synapses, the sum of what their weights have.
[[nodiscard]] std::vector<std::int64_t> sum_by_target(const MapForm& form,
                                                      std::span<const std::int64_t> of_weight);
/// By source: the same over a row.
[[nodiscard]] std::vector<std::int64_t> sum_by_source(const MapForm& form,
                                                      std::span<const std::int64_t> of_weight);

/// By weight, what all of its targets have in common; nothing where the targets of one weight differ.
[[nodiscard]] std::optional<std::vector<double>> common_to_targets(const MapForm& form,
                                                                   std::span<const double> of_target);
/// By weight, what all of the leaf's sources that use it have in common.
[[nodiscard]] std::optional<std::vector<double>> common_to_sources(const MapForm& form,
                                                                   std::span<const double> of_leaf_source);

/// 1 for every weight that is not 0.
template <class Weight>
[[nodiscard]] std::vector<std::int64_t> ones(const std::vector<Weight>& weights) {
  std::vector<std::int64_t> result(weights.size());
  for (std::size_t k = 0; k < result.size(); ++k) result[k] = weights[k] != 0 ? 1 : 0;
  return result;
}
/// Synapses, those of weight 0 left out.
template <class Weight>
[[nodiscard]] std::uint64_t count_synapses(const MapForm& form, const std::vector<Weight>& weights) {
  const std::vector<std::uint64_t> times = multiplicity(form);
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < times.size(); ++k) sum += weights[k] != 0 ? times[k] : 0;
  return sum;
}
/// Synapses by source, those of weight 0 left out.
template <class Weight>
[[nodiscard]] std::vector<std::int64_t> row_sizes(const MapForm& form, const std::vector<Weight>& weights) {
  return sum_by_source(form, ones(weights));
}

}  // namespace spikeloom

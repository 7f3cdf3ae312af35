// Maps with their numbers: in series, in parallel, cut down. What a leaf can hold exactly stays a leaf; the
// rest becomes sparse.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/linear/map_form.hpp"

namespace spikeloom {

struct RealMap {
  MapForm form;
  std::vector<double> weight;  ///< by weight of the form
};

/// Every source to its own target with weight 1.
[[nodiscard]] RealMap identity_map(std::size_t size);

/// The map written out by synapse, zeros left out; entry k of the form has weight of[k] of the old one.
/// Throws Error{kInput} beyond 2^26 synapses.
struct Unrolled {
  MapForm form;
  std::vector<std::uint32_t> of;
};
/// Shape  present: one entry a weight, 0 for those that are left out.
[[nodiscard]] Unrolled unrolled(const MapForm& form, std::span<const std::int64_t> present);

/// A form that holds the sum of two maps: its weight k is a's weight of_a[k] plus b's of_b[k]; kNowhere:
/// none.
struct MergedForm {
  MapForm form;
  std::vector<std::uint32_t> of_a, of_b;

  template <class Number>
  [[nodiscard]] std::vector<Number> sum(const std::vector<Number>& a, const std::vector<Number>& b) const {
    std::vector<Number> result(of_a.size(), Number{0});
    for (std::size_t k = 0; k < result.size(); ++k) {
      if (of_a[k] != kNowhere) result[k] += a[of_a[k]];
      if (of_b[k] != kNowhere) result[k] += b[of_b[k]];
    }
    return result;
  }
};
/// Two maps between the same sources and targets, where one leaf holds both: equal forms; diagonal maps; a
/// diagonal map, or a smaller kernel, in a window that has its taps; else sparse, up to 2^20 synapses of both
/// together. Nothing: the two have to stand side by side.
[[nodiscard]] std::optional<MergedForm> merged(const MapForm& a, std::span<const std::int64_t> a_present,
                                               const MapForm& b, std::span<const std::int64_t> b_present);

[[nodiscard]] std::optional<RealMap> add(const RealMap& a, const RealMap& b);

/// First `a`, then `b`: sources of a, targets of b. Exact: a scale folds into weights, a pool in front of
/// anything is a gather, a convolution and a pool without padding behind it are one convolution.
/// Throws Error{kInput} where only a sparse map could hold it and that has more than 2^26 synapses.
[[nodiscard]] RealMap series(const RealMap& a, const RealMap& b);

/// Only the synapses to targets that are kept.
[[nodiscard]] RealMap restricted(const RealMap& map, std::span<const char> kept);

/// The same map in the form that is cheapest to keep: pools without overlap as gathers, a sparse map dense
/// where at least half of it is there and the other way round; zeros of sparse maps leave.
[[nodiscard]] RealMap tidy(RealMap map);

/// A sparse map without its zeros; other forms as they are.
template <class Number>
void drop_zeros(MapForm& form, std::vector<Number>& weight) {
  const auto* sparse = form.as<SparseMap>();
  if (sparse == nullptr) return;
  SparseMap rest{sparse->targets, {0}, {}};
  std::vector<Number> kept;
  for (std::size_t s = 0; s + 1 < sparse->begin.size(); ++s) {
    for (std::size_t k = sparse->begin[s]; k < sparse->begin[s + 1]; ++k) {
      if (weight[k] == 0) continue;
      rest.target.push_back(sparse->target[k]);
      kept.push_back(weight[k]);
    }
    rest.end_row();
  }
  if (kept.size() == weight.size()) return;
  form = MapForm(std::move(rest), form.gather());
  weight = std::move(kept);
}

}  // namespace spikeloom

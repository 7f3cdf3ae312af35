#include "compiler/core/layers.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace spikeloom {
namespace {

std::uint32_t bits_of(const std::vector<std::int16_t>& weights) {
  std::int16_t low = 0, high = 0;
  for (const std::int16_t w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
  }
  for (const std::uint32_t bits : {2U, 4U})
    if (low >= -(1 << (bits - 1)) && high < (1 << (bits - 1))) return bits;
  return 8;
}

Layer layer_of(const IntProjection& p) {
  Layer layer{p.from, p.delay, p.shift, p.bits, p.row_begin, p.target, p.weight};
  if (p.bits != 1) layer.bits = std::min(p.bits, bits_of(p.weight));
  return layer;
}

/// The sum of both, if one shift and 8-bit mantissas can say it.
std::optional<Layer> sum(const Layer& a, const Layer& b) {
  Layer result{a.from, a.delay, 0, 8, {0}, {}, {}};
  std::vector<std::int64_t> values;
  std::int64_t any = 0;
  for (std::size_t row = 0; row + 1 < a.row_begin.size(); ++row) {
    std::size_t i = a.row_begin[row], j = b.row_begin[row];
    const std::size_t i_end = a.row_begin[row + 1], j_end = b.row_begin[row + 1];
    while (i < i_end || j < j_end) {
      const std::uint32_t target = std::min(i < i_end ? a.target[i] : ~0U, j < j_end ? b.target[j] : ~0U);
      std::int64_t value = 0;
      if (i < i_end && a.target[i] == target) value += std::int64_t{a.weight[i++]} * (1 << a.shift);
      if (j < j_end && b.target[j] == target) value += std::int64_t{b.weight[j++]} * (1 << b.shift);
      if (value == 0) continue;
      result.target.push_back(target);
      values.push_back(value);
      any |= value;
    }
    result.row_begin.push_back(values.size());
  }
  result.shift =
      any == 0 ? 0
               : std::min(15U, static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(any))));
  for (const std::int64_t value : values) {
    const std::int64_t mantissa = value / (1 << result.shift);
    if (mantissa < -128 || mantissa > 127) return std::nullopt;
    result.weight.push_back(static_cast<std::int16_t>(mantissa));
  }
  result.bits = bits_of(result.weight);
  return result;
}

}  // namespace

Layers make_layers(const IntNetwork& network) {
  Layers layers(network.populations.size());
  for (const IntProjection& projection : network.projections) {
    std::vector<Layer>& mine = layers[projection.to.index()];
    Layer next = layer_of(projection);
    const auto parallel = std::find_if(mine.begin(), mine.end(), [&](const Layer& other) {
      return other.from == next.from && other.delay == next.delay;
    });
    if (parallel != mine.end())
      if (auto both = sum(*parallel, next)) {
        *parallel = std::move(*both);
        continue;
      }
    mine.push_back(std::move(next));
  }
  return layers;
}

}  // namespace spikeloom

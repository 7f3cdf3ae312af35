#include "compiler/core/layers.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "compiler/golden/accumulator.hpp"
#include "compiler/linear/compose.hpp"
#include "compiler/linear/sums.hpp"

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
  Layer layer{p.from, p.delay, p.shift, p.bits, p.form, p.weight, 0, false};
  if (p.bits != 1) layer.bits = std::min(p.bits, bits_of(p.weight));
  return layer;
}

std::vector<std::int64_t> shifted(const Layer& layer) {
  std::vector<std::int64_t> values;
  values.reserve(layer.weight.size());
  for (const std::int16_t w : layer.weight)
    values.push_back(std::int64_t{w} * (std::int64_t{1} << layer.shift));
  return values;
}

/// The sum of both, if one form, one shift and 8-bit mantissas can say it.
std::optional<Layer> sum(const Layer& a, const Layer& b) {
  const auto both = merged(a.form, ones(a.weight), b.form, ones(b.weight));
  if (!both) return std::nullopt;
  Layer result{a.from, a.delay, 0, 8, both->form, {}, 0, false};
  const std::vector<std::int64_t> values = both->sum(shifted(a), shifted(b));
  std::int64_t any = 0;
  for (const std::int64_t value : values) any |= value;
  result.shift =
      any == 0 ? 0
               : std::min(15U, static_cast<std::uint32_t>(std::countr_zero(static_cast<std::uint64_t>(any))));
  for (const std::int64_t value : values) {
    const std::int64_t mantissa = value / (1 << result.shift);
    if (mantissa < -128 || mantissa > 127) return std::nullopt;
    result.weight.push_back(static_cast<std::int16_t>(mantissa));
  }
  result.bits = bits_of(result.weight);
  drop_zeros(result.form, result.weight);
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
  std::vector<std::uint32_t> planes(network.populations.size(), 0);
  for (std::vector<Layer>& mine : layers)
    for (Layer& layer : mine) {
      const auto* from = std::get_if<PopulationId>(&layer.from);
      if (from == nullptr || !network.populations[from->index()].is_readout()) continue;
      layer.is_of_numbers = hands_on(layer.form, layer.weight, layer.shift);
      if (layer.is_of_numbers) continue;
      std::uint32_t& known = planes[from->index()];
      if (known == 0) known = potential_planes(network, *from);
      layer.potential_planes = known;
    }
  return layers;
}

}  // namespace spikeloom

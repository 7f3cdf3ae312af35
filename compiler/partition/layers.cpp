#include "compiler/partition/layers.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "spikeloom_hw.hpp"

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

/// A shift beyond the chip's must go into the mantissas.
void check_shifts(const IntNetwork& network, const std::vector<Layer>& layers, const Chip& chip,
                  const std::string& name, Problems& problems) {
  for (const Layer& layer : layers) {
    std::uint32_t most = layer.shift;
    if (const auto* input = std::get_if<InputId>(&layer.from))
      most += network.inputs[input->index()].planes - 1;
    if (most <= chip.tile.max_shift) continue;
    const std::uint32_t extra = most - chip.tile.max_shift;
    for (const std::int16_t w : layer.weight)
      if (const std::int64_t m = std::int64_t{w} * (std::int64_t{1} << extra); m < -128 || m > 127) {
        problems.add("population " + name + ": its synapses from " + source_name(network, layer.from) +
                     " count up to weight << " + std::to_string(most) +
                     ", the chip has tile.max_shift = " + std::to_string(chip.tile.max_shift) +
                     "; a chip with tile.max_shift = " + std::to_string(most) + " would do");
        break;
      }
  }
}

void check_population(const IntPopulation& p, const Chip& chip, Problems& problems) {
  const std::string who = "population " + p.name + ": ";
  const TileConfig& t = chip.tile;
  if (p.has_current() && t.current == 0)
    problems.add(who + "it keeps a synaptic current; the chip has tile.current = 0");
  if (p.is_readout() && t.readout == 0) problems.add(who + "it is a readout; the chip has tile.readout = 0");
  if (p.scale > t.max_scale)
    problems.add(who + "accumulator scale " + std::to_string(p.scale) +
                 ", the chip has tile.max_scale = " + std::to_string(t.max_scale));
  const auto range = [&](const std::vector<std::int32_t>& values, std::uint32_t bits, const char* what,
                         const char* key) {
    const auto [low, high] = state_range(bits);
    for (std::size_t j = 0; j < values.size(); ++j)
      if (values[j] < low || values[j] > high) {
        problems.add(who + what + " of neuron " + std::to_string(j) + " is " + std::to_string(values[j]) +
                     ", which needs more than " + key + " = " + std::to_string(bits));
        return;
      }
  };
  for (const IntParameter& parameter : kIntParameters) {
    if (!uses(p, parameter) || parameter.range == IntParameter::Range::kDecay) continue;
    const bool bias = parameter.range == IntParameter::Range::kBias;
    range(p.*parameter.values, bias ? t.bias_bits : t.state_bits, parameter.name,
          bias ? "tile.bias_bits" : "tile.state_bits");
  }
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

Problems chip_problems(const IntNetwork& network, const Layers& layers, const Chip& chip) {
  Problems problems = accumulator_problems(network, chip.tile.acc_bits);
  if (network.state_bits != chip.tile.state_bits)
    problems.add("the network saturates at " + std::to_string(network.state_bits) +
                 " bits, the chip has tile.state_bits = " + std::to_string(chip.tile.state_bits) +
                 "; quantise for this chip");
  for (const IntPopulation& population : network.populations) check_population(population, chip, problems);
  for (std::size_t p = 0; p < layers.size(); ++p) {
    const std::string& name = network.populations[p].name;
    check_shifts(network, layers[p], chip, name, problems);
    const std::uint32_t most = std::min(15U, chip.tile.page_rows - 1);
    for (const Layer& layer : layers[p])
      if (layer.delay > most)
        problems.add("population " + name + ": delay " + std::to_string(layer.delay) + " from " +
                     source_name(network, layer.from) + ", but pages for at most " + std::to_string(most) +
                     " steps (15, and tile.page_rows - 1)");
  }
  std::size_t chunks = 0;
  for (const IntInput& input : network.inputs)
    chunks += (input.axons() + hw::kChunkBits - 1) / hw::kChunkBits;
  if (chunks > (1U << chip.chunk_index_bits))
    problems.add("the inputs need " + std::to_string(chunks) +
                 " chunks of 16 axons, noc.chunk_index_bits = " + std::to_string(chip.chunk_index_bits) +
                 " numbers " + std::to_string(1U << chip.chunk_index_bits) + "; " +
                 std::to_string(std::bit_width(chunks - 1)) + " bits would do");
  return problems;
}

std::vector<std::uint32_t> first_axons(const IntNetwork& network) {
  std::vector<std::uint32_t> first;
  std::size_t next = 0;
  for (const IntInput& input : network.inputs) {
    first.push_back(static_cast<std::uint32_t>(next));
    next += (input.axons() + hw::kChunkBits - 1) / hw::kChunkBits * hw::kChunkBits;
  }
  return first;
}

std::uint32_t stored_bits(const Chip& chip, std::uint32_t bits) {
  std::uint32_t best = 8;
  for (const std::uint32_t offered : chip.tile.weight_bits)
    if (offered >= bits) best = std::min(best, offered);
  return best;
}

}  // namespace spikeloom

#include "tests/rtl_core/core_model.hpp"

#include <algorithm>

namespace spikeloom::rtl_core {
namespace {

/// The low `bits` bits as two's complement.
std::int64_t wrap(std::int64_t value, unsigned bits) {
  const std::int64_t modulus = std::int64_t{1} << bits;
  const std::int64_t low = ((value % modulus) + modulus) % modulus;
  return low >= modulus / 2 ? low - modulus : low;
}

std::int64_t saturate(std::int64_t value, unsigned bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return std::clamp(value, -half, half - 1);
}

std::int64_t decay(std::int64_t x, std::uint32_t k) { return x * static_cast<std::int64_t>(k) / 4096; }

}  // namespace

CoreModel::CoreModel(const Shape& s)
    : shape(s),
      chunks(s.ChunkEntries),
      axons(s.AxonEntries),
      weights(s.WeightWords, std::vector<std::uint32_t>(s.Lanes / 4)),
      updates(s.UpdateEntries),
      sets(s.ParamSets),
      biases(s.StateWords * s.LifLanes),
      potentials(s.StateWords * s.LifLanes),
      currents(s.StateWords * s.LifLanes) {}

std::int32_t CoreModel::weight(std::uint32_t format, std::uint32_t word, std::uint32_t lane) const {
  const std::uint32_t width = 8U >> format;
  const std::uint32_t per_word = 8 / width;
  const std::uint32_t bit = ((word % per_word) * shape.Lanes + lane) * width;
  const std::uint32_t raw = (weights[word / per_word][bit / 32] >> (bit % 32)) & ((1U << width) - 1);
  if (format == hw::kFormatW1) return raw != 0 ? -1 : 1;
  return static_cast<std::int32_t>(wrap(raw, width));
}

Result CoreModel::fire(const Firing& f) {
  Result result;
  std::vector<std::int64_t> acc(shape.Groups * shape.Lanes, 0);
  for (std::uint32_t c = 0; c < shape.PageChunks && c < f.limit; ++c) {
    if (!f.valid[c]) continue;
    const hw::MemChunkEntry& entry = chunks[f.chunk + c];
    if (shape.Sums != 0 && entry.value != 0) {
      if (f.masks[c] == 0 || entry.words == 0) continue;
      ++result.words;
      const std::uint32_t group = entry.offset % shape.group_room();
      if (group >= shape.Groups) continue;
      const std::int64_t number = entry.half != 0 ? wrap(f.masks[c], 16) * 65536 : f.masks[c];
      std::int64_t& a = acc[group * shape.Lanes + entry.first];
      a = wrap(a + number, shape.AccBits);
      continue;
    }
    for (std::uint32_t b = 0; b < 16; ++b) {
      if ((f.masks[c] >> b & 1U) == 0) continue;
      const hw::MemAxonEntry row = entry.per_axon != 0
                                       ? axons[entry.first + b]
                                       : hw::MemAxonEntry{.first = entry.first + b * entry.stride,
                                                          .shift = entry.shift,
                                                          .negate = entry.negate,
                                                          .format = entry.format,
                                                          .words = entry.words,
                                                          .offset = entry.offset,
                                                          .repeats = entry.repeats,
                                                          .jump = entry.jump,
                                                          .weight_jump = entry.weight_jump};
      std::uint32_t word = row.first, group = row.offset;
      for (std::uint32_t left = row.words * (row.repeats + 1); left != 0; --left) {
        group %= shape.group_room();
        for (std::uint32_t lane = 0; group < shape.Groups && lane < shape.Lanes; ++lane) {
          const std::int64_t x =
              std::int64_t{weight(row.format, word, lane)} * (std::int64_t{1} << row.shift);
          std::int64_t& a = acc[group * shape.Lanes + lane];
          a = wrap(row.negate != 0 ? a - x : a + x, shape.AccBits);
        }
        ++result.words;
        const bool segment_ends = (left - 1) % row.words == 0;
        word += segment_ends ? row.weight_jump : 1;
        group += segment_ends ? row.jump : 1;
      }
    }
  }

  std::uint32_t gathered = 0, sent = 0;
  const std::uint32_t indices = 1U << shape.ChunkIndexBits;
  std::vector<std::int32_t> old_v, old_i;
  for (std::uint32_t u = 0; u < f.updates; ++u) {
    const hw::MemUpdateEntry& entry = updates[f.update + u];
    const std::size_t word = (f.state + entry.group) * shape.LifLanes;
    if (u == 0 ||
        updates[f.update + u - 1].group != entry.group) {  // a group's entries see its state before them
      const auto at = static_cast<std::ptrdiff_t>(word),
                 end = at + static_cast<std::ptrdiff_t>(shape.LifLanes);
      old_v.assign(potentials.begin() + at, potentials.begin() + end);
      old_i.assign(currents.begin() + at, currents.begin() + end);
    }
    const hw::MemSetEntry& set = sets[entry.set];
    const std::int64_t theta = wrap(set.theta, 32);
    std::int64_t readout = 0;
    for (std::uint32_t lane = 0; lane < shape.LifLanes; ++lane) {
      const std::int64_t i_old = f.first || shape.Current == 0 ? 0 : old_i[lane];
      const std::int64_t v_old = f.first ? 0 : old_v[lane];
      const std::int64_t a = acc[entry.group * shape.LifLanes + lane];
      const std::int64_t i =
          saturate(decay(i_old, set.alpha) + a * (std::int64_t{1} << set.scale) + biases[word + lane],
                   shape.StateBits);
      std::int64_t v = saturate(decay(v_old, set.beta) + i + wrap(set.bias_v, 32), shape.StateBits);
      if (lane == entry.lane) readout = v;
      const bool spike = !f.readout && v > theta;
      if (spike)
        v = set.subtract != 0 ? saturate(v - wrap(set.v_reset, 32), shape.StateBits) : wrap(set.v_reset, 32);
      if ((entry.mask >> lane & 1U) == 0) continue;
      potentials[word + lane] = static_cast<std::int32_t>(v);
      currents[word + lane] = static_cast<std::int32_t>(i);
      if (spike) gathered |= 1U << ((entry.group * shape.LifLanes + lane) % 16);
    }
    if (f.readout) {
      const auto bits = static_cast<std::uint32_t>(readout);
      const std::uint32_t mask = entry.half != 0 ? bits >> 16U : bits & 0xffffU;
      if (mask != 0 && (f.last || !f.last_only)) result.pushes.push_back({sent % indices, mask});
      ++sent;
    } else if (entry.emit != 0) {
      if (gathered != 0) result.pushes.push_back({sent % indices, gathered});
      gathered = 0;
      ++sent;
    }
  }
  return result;
}

}  // namespace spikeloom::rtl_core

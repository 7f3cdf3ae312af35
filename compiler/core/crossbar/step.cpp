#include "compiler/core/crossbar/step.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "compiler/base/error.hpp"
#include "compiler/core/crossbar/timing.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom::crossbar {

using device_model::Firing;
using device_model::Memory;
using device_model::Page;

namespace {

std::int32_t sign_extend(std::uint32_t value, std::uint32_t bits) {
  const std::uint32_t shift = 32U - bits;
  return static_cast<std::int32_t>(value << shift) >> shift;
}

}  // namespace

void Model::decode() {
  const std::uint32_t lanes = tile_.lanes;
  const std::vector<std::uint32_t>& parts = memory_.memories[hw::kMemWeights].data();
  const std::size_t word_parts = lanes / 4;
  for (std::uint32_t format = 0; format < 4; ++format) {
    const std::uint32_t bits = 8U >> format;
    const std::size_t logical = tile_.weight_words << format;
    std::vector<std::int8_t>& out = weights_[format];
    if (std::find(tile_.weight_bits.begin(), tile_.weight_bits.end(), bits) == tile_.weight_bits.end())
      continue;
    out.resize(logical * lanes);
    for (std::size_t word = 0; word < logical; ++word)
      for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        const std::size_t bit = (word & ((1U << format) - 1U)) * lanes * bits + lane * bits;
        const std::uint32_t raw = parts[(word >> format) * word_parts + bit / 32] >> (bit % 32);
        out[word * lanes + lane] = static_cast<std::int8_t>(
            bits == 1 ? ((raw & 1U) != 0 ? -1 : 1) : sign_extend(raw & ((1U << bits) - 1U), bits));
      }
  }
  rows_.resize(std::size_t{tile_.chunk_entries} * hw::kChunkBits);
  for (std::uint32_t entry = 0; entry < tile_.chunk_entries; ++entry)
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit)
      rows_[entry * hw::kChunkBits + bit] = decode_row(entry, bit);
  numbers_.clear();
  for (std::uint32_t entry = 0; entry < tile_.chunk_entries && tile_.sums != 0; ++entry)
    numbers_.push_back(decode_number(entry));
  numbers_.resize(tile_.chunk_entries);
  sums_.assign(std::size_t{tile_.groups} * lanes, 0);
  programs_.resize(memory_.contexts.size());
  contexts_.resize(memory_.contexts.size());
  for (std::uint32_t c = 0; c < memory_.contexts.size(); ++c) {
    contexts_[c] = context_of(memory_.contexts[c]);
    if (memory_.contexts[c].mode.valid == 0) continue;
    count_synapses(c);
    decode_program(c);
  }
  decoded_ = true;
}

Model::Row Model::decode_row(std::uint32_t chunk_entry, std::uint32_t bit) const {
  const Memory& chunks = memory_.memories[hw::kMemChunks];
  const hw::MemChunkEntry chunk = hw::MemChunkEntry::unpack(
      {chunks.part(chunk_entry, 0), chunks.part(chunk_entry, 1), chunks.part(chunk_entry, 2)});
  Row row;
  hw::MemAxonEntry entry = uniform_row(chunk, bit);
  if (chunk.per_axon != 0) {
    const Memory& axons = memory_.memories[hw::kMemAxons];
    const std::size_t index = std::size_t{chunk.first} + bit;
    if (index >= axons.words()) return row;  // never a valid bit of a well-formed image
    entry = hw::MemAxonEntry::unpack({axons.part(index, 0), axons.part(index, 1), axons.part(index, 2)});
  }
  row.first = entry.first;
  row.words = entry.words;
  row.segments = entry.words == 0 ? 0 : entry.repeats + 1;
  row.offset = entry.offset;
  row.pitch = pitch_of(entry);
  row.weight_pitch = weight_pitch_of(entry);
  row.format = entry.format;
  row.factor = (entry.negate != 0 ? -1 : 1) * (1 << entry.shift);
  return row;
}

Model::Number Model::decode_number(std::uint32_t chunk_entry) const {
  const Memory& chunks = memory_.memories[hw::kMemChunks];
  const hw::MemChunkEntry chunk = hw::MemChunkEntry::unpack(
      {chunks.part(chunk_entry, 0), chunks.part(chunk_entry, 1), chunks.part(chunk_entry, 2)});
  const std::uint32_t room = 2 * std::bit_ceil(tile_.groups);
  return {chunk.value != 0, chunk.words, chunk.offset % room * tile_.lanes + chunk.first,
          chunk.half != 0 ? 1 << hw::kChunkBits : 1};
}

/// Calls run(first weight, first accumulator, how many) for every run of the row's weights that meets
/// accumulators, both counted lane by lane.
template <class F>
void Model::for_runs(const Row& r, F&& run) const {
  const std::size_t lanes = tile_.lanes, room = 2 * std::bit_ceil(tile_.groups);
  for (std::uint32_t s = 0; s < r.segments; ++s) {
    const std::size_t word = r.first + std::size_t{s} * r.weight_pitch;
    const std::size_t group = r.offset + std::size_t{s} * r.pitch;
    if (group + r.words <= tile_.groups) {
      run(word * lanes, group * lanes, r.words * lanes);
      continue;
    }
    // Groups count modulo `room`, and those past the tile's are dropped.
    for (std::size_t w = 0; w < r.words; ++w)
      if (const std::size_t at = (group + w) % room; at < tile_.groups)
        run((word + w) * lanes, at * lanes, lanes);
  }
}

/// A word has a weight for every lane, but only lanes that the context updates hold a neuron.
void Model::count_synapses(std::uint32_t number) {
  const TileConfig& tile = tile_;
  const Context& context = contexts_[number];
  std::vector<bool> neuron(sums_.size(), false);
  const Memory& program = memory_.memories[hw::kMemUpdates];
  for (std::uint32_t n = 0; n < context.update.count; ++n) {
    const std::uint32_t at = context.update.first + n;
    const hw::MemUpdateEntry entry = hw::MemUpdateEntry::unpack({program.part(at, 0), program.part(at, 1)});
    for (std::uint32_t lane = 0; lane < tile.lif_lanes; ++lane)
      if ((entry.mask >> lane & 1U) != 0) neuron.at(entry.group * tile.lif_lanes + lane) = true;
  }
  for (std::uint32_t chunk = 0; chunk < memory_.contexts[number].limit.back(); ++chunk) {
    if (numbers_.at(context.tables.first_chunk + chunk).is_one) continue;
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
      Row& r = rows_.at((context.tables.first_chunk + chunk) * hw::kChunkBits + bit);
      const std::vector<std::int8_t>& weights = weights_[r.format];
      r.nonzero = 0;
      for_runs(r, [&](std::size_t from, std::size_t to, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i)
          if (from + i < weights.size() && neuron[to + i] && weights[from + i] != 0) ++r.nonzero;
      });
    }
  }
}

namespace {

/// Adds weights × factor. Most rows have the factor 1, and the plainer loop is nearly twice as fast: vectors
/// of SSE2, which every x86-64 has, multiply 32 bits in several steps.
void add_weights(std::span<const std::int8_t> weights, std::int32_t factor, std::int32_t* sums) {
  const std::int8_t* const from = weights.data();
  const std::size_t n = weights.size();
  if (factor == 1)
    for (std::size_t i = 0; i < n; ++i) sums[i] += from[i];
  else
    for (std::size_t i = 0; i < n; ++i) sums[i] += from[i] * factor;
}

}  // namespace

std::int64_t Model::integrate(std::uint32_t context, const Page& page, std::uint32_t limit, Firing& firing) {
  std::fill(sums_.begin(), sums_.end(), 0);
  std::int64_t walk = 0;
  for (std::uint32_t chunk = 0; chunk < std::min<std::size_t>(limit, page.size()); ++chunk) {
    if (page[chunk] == 0) continue;
    if (const Number& number = numbers_.at(contexts_[context].tables.first_chunk + chunk); number.is_one) {
      // Sums wrap as the tile's do.
      if (number.words != 0 && number.sum < sums_.size())
        sums_[number.sum] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums_[number.sum]) +
                                                      page[chunk] * static_cast<std::uint32_t>(number.unit));
      firing.counted += number.words;
      walk += chunk_cycles(row_cycles(number.words));
      continue;
    }
    std::int64_t cycles = 0;
    for (std::uint32_t mask = page[chunk]; mask != 0; mask &= mask - 1U) {
      const Row& r = row(contexts_[context].tables.first_chunk + chunk,
                         static_cast<std::uint32_t>(std::countr_zero(mask)));
      const std::uint32_t words = r.words * r.segments;
      cycles += row_cycles(words);
      firing.counted += words;
      firing.synapses += r.nonzero;
      const std::vector<std::int8_t>& weights = weights_[r.format];
      for_runs(r, [&](std::size_t first, std::size_t to, std::size_t n) {
        if (first + n > weights.size())
          throw device_error(
              "model: a weight row ends outside the weight memory; the image does not fit this chip");
        add_weights({weights.data() + first, n}, r.factor, sums_.data() + to);
      });
    }
    walk += chunk_cycles(cycles);
  }
  return walk;
}

void Model::decode_program(std::uint32_t context) {
  const Context& registers = contexts_[context];
  const TileConfig& tile = tile_;
  const Memory& program = memory_.memories[hw::kMemUpdates];
  const Memory& sets = memory_.memories[hw::kMemSets];
  std::vector<Update>& updates = programs_.at(context);
  updates.clear();
  for (std::uint32_t n = 0; n < registers.update.count; ++n) {
    const std::uint32_t at = registers.update.first + n;
    const hw::MemUpdateEntry entry = hw::MemUpdateEntry::unpack({program.part(at, 0), program.part(at, 1)});
    const hw::MemSetEntry set =
        hw::MemSetEntry::unpack({sets.part(entry.set, 0), sets.part(entry.set, 1), sets.part(entry.set, 2),
                                 sets.part(entry.set, 3), sets.part(entry.set, 4)});
    Update update;
    update.group = entry.group;
    update.mask = entry.mask;
    update.lane = entry.lane;
    update.half = entry.half;
    update.emit = entry.emit != 0;
    update.alpha = tile.current != 0 ? set.alpha / double{kDecayOne} : 0;
    update.beta = set.beta / double{kDecayOne};
    update.gain = 1U << set.scale;
    update.bias_v = sign_extend(set.bias_v, tile.state_bits);
    update.theta = sign_extend(set.theta, tile.state_bits);
    update.v_reset = sign_extend(set.v_reset, tile.state_bits);
    update.subtract = set.subtract != 0;
    updates.push_back(update);
  }
}

namespace {

/// Whole numbers below 2^53 throughout, so doubles are exact and as good as 64-bit integers; they vectorise
/// better. A cast truncates towards zero, as the decay does.
struct DoubleArithmetic {
  double low, high;
  [[nodiscard]] double decay(double x, double k) const { return static_cast<std::int32_t>(x * k); }
  [[nodiscard]] double saturate(double x) const { return std::min(std::max(x, low), high); }
};

}  // namespace

/// Every lane is computed; `mask` says which are kept.
Model::Lanes Model::step(const Update& update, bool first, std::size_t word) {
  const TileConfig& tile = tile_;
  const std::uint32_t lanes = tile.lif_lanes;
  const std::uint32_t unused = 32U - tile.acc_bits, unused_bias = 32U - tile.bias_bits;
  const auto top = static_cast<double>((std::int64_t{1} << (tile.state_bits - 1U)) - 1);
  const DoubleArithmetic arithmetic{-top - 1, top};
  const std::int32_t* sums = sums_.data() + std::size_t{update.group} * lanes;
  const std::uint32_t* biases = memory_.memories[hw::kMemBiases].row(word);
  const std::uint32_t* potentials = memory_.memories[hw::kMemPotentials].row(word);
  const std::uint32_t* currents = memory_.memories[hw::kMemCurrents].row(word);
  const double keep_i = first ? 0 : update.alpha, keep_v = first ? 0 : update.beta;
  const bool has_current = tile.current != 0;
  Lanes to;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const std::int32_t sum =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[lane]) << unused) >> unused;
    const std::int32_t bias_i = static_cast<std::int32_t>(biases[lane] << unused_bias) >> unused_bias;
    const std::int32_t old_i = has_current ? static_cast<std::int32_t>(currents[lane]) : 0;
    const StepState<double> old{static_cast<double>(old_i),
                                static_cast<double>(static_cast<std::int32_t>(potentials[lane]))};
    const StepState<double> now =
        next_state(arithmetic, old, keep_i, keep_v, sum * update.gain + bias_i, update.bias_v);
    to.i[lane] = static_cast<std::int32_t>(now.i);
    to.v[lane] = static_cast<std::int32_t>(now.v);
  }
  return to;
}

void Model::update(std::uint32_t context, bool first, bool last, Firing& firing) {
  const Context& registers = contexts_[context];
  const TileConfig& tile = tile_;
  const hw::RegContextMode& mode = memory_.contexts[context].mode;
  const bool readout = mode.readout != 0;
  const bool push = !readout || mode.last_only == 0 || last;
  const std::int64_t half_range = std::int64_t{1} << (tile.state_bits - 1U);
  IntegerArithmetic arithmetic{-half_range, half_range - 1};
  std::uint32_t gathered = 0;  // spikes since the last chunk
  std::uint32_t chunks = 0;    // so far, zero ones included
  for (const Update& update : programs_[context]) {
    const std::size_t word = registers.state.first_word + update.group;
    const Lanes now = step(update, first, word);
    std::uint32_t* potentials = memory_.memories[hw::kMemPotentials].row(word);
    std::uint32_t* currents = memory_.memories[hw::kMemCurrents].row(word);
    for (std::uint32_t mask = update.mask; mask != 0; mask &= mask - 1U) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(mask));
      std::int64_t v = now.v[lane];
      if (!readout && spike_and_reset(arithmetic, v, std::int64_t{update.theta}, std::int64_t{update.v_reset},
                                      update.subtract))
        gathered |= 1U << ((update.group * tile.lif_lanes + lane) % hw::kChunkBits);
      potentials[lane] = static_cast<std::uint32_t>(v);
      if (tile.current != 0) currents[lane] = static_cast<std::uint32_t>(now.i[lane]);
    }
    if (readout) {
      const std::int32_t v = now.v[update.lane];
      const std::uint32_t half = (update.half == 0 ? static_cast<std::uint32_t>(v)
                                                   : static_cast<std::uint32_t>(v >> hw::kChunkBits)) &
                                 0xffffU;
      if (push && half != 0) firing.out.push_back({chunks, static_cast<std::uint16_t>(half)});
      ++chunks;
    } else if (update.emit) {
      if (gathered != 0) firing.out.push_back({chunks, static_cast<std::uint16_t>(gathered)});
      gathered = 0;
      ++chunks;
    }
  }
}

Firing Model::fire(std::uint32_t context, std::span<const Page* const> pages, std::uint32_t count,
                   bool last) {
  SPIKELOOM_CHECK(pages.size() == 1);
  if (!decoded_) decode();
  Firing firing;
  const std::uint32_t limit = memory_.contexts[context].limit[std::min(count, hw::kLimitContextLimits - 1)];
  const std::int64_t walk = integrate(context, *pages.front(), limit, firing);
  update(context, count == 0, last, firing);
  firing.time = firing_time(tile_, walk, programs_[context].size());
  return firing;
}

std::int32_t Model::potential(std::uint32_t context, std::uint32_t position) const {
  const std::uint32_t word =
      context_of(memory_.contexts.at(context)).state.first_word + position / tile_.lif_lanes;
  return static_cast<std::int32_t>(
      memory_.memories[hw::kMemPotentials].part(word, position % tile_.lif_lanes));
}

}  // namespace spikeloom::crossbar

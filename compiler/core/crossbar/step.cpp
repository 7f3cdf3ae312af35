#include "compiler/core/crossbar/step.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "compiler/base/error.hpp"
#include "compiler/core/crossbar/timing.hpp"

namespace spikeloom::crossbar {

using device_model::core_context;
using device_model::CoreContext;
using device_model::Firing;
using device_model::Memory;
using device_model::Page;

using neuron::sign_extend;

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
    contexts_[c] = core_context(memory_.contexts[c]);
    if (memory_.contexts[c].mode.valid == 0) continue;
    count_synapses(c);
    programs_[c] = updater_.decode(contexts_[c].update.first, contexts_[c].update.count);
  }
  decoded_ = true;
}

Model::Row Model::decode_row(std::uint32_t chunk_entry, std::uint32_t bit) const {
  const Memory& chunks = memory_.memories[hw::kMemChunks];
  const auto chunk = chunks.entry<hw::MemChunkEntry>(chunk_entry);
  Row row;
  hw::MemAxonEntry entry = uniform_row(chunk, bit);
  if (chunk.per_axon != 0) {
    const Memory& axons = memory_.memories[hw::kMemAxons];
    const std::size_t index = std::size_t{chunk.first} + bit;
    if (index >= axons.words()) return row;  // never a valid bit of a well-formed image
    entry = axons.entry<hw::MemAxonEntry>(index);
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
  const auto chunk = chunks.entry<hw::MemChunkEntry>(chunk_entry);
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
  const CoreContext& context = contexts_[number];
  std::vector<bool> neuron(sums_.size(), false);
  const Memory& program = memory_.memories[hw::kMemUpdates];
  for (std::uint32_t n = 0; n < context.update.count; ++n) {
    const auto entry = program.entry<hw::MemUpdateEntry>(context.update.first + n);
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

Firing Model::fire(std::uint32_t context, std::span<const Page* const> pages, std::uint32_t count,
                   bool last) {
  SPIKELOOM_CHECK(pages.size() == 1);
  if (!decoded_) decode();
  Firing firing;
  const std::uint32_t limit = memory_.contexts[context].limit[std::min(count, hw::kLimitContextLimits - 1)];
  const std::int64_t walk = integrate(context, *pages.front(), limit, firing);
  (void)updater_.run({.program = programs_[context],
                      .mode = memory_.contexts[context].mode,
                      .first_word = contexts_[context].state.first_word,
                      .first_bias = contexts_[context].state.first_bias,
                      .first = count == 0,
                      .last = last,
                      .sums = sums_},
                     firing);
  firing.time = firing_time(tile_, walk, programs_[context].size());
  return firing;
}

std::int32_t Model::potential(std::uint32_t context, std::uint32_t position) const {
  const std::uint32_t first_word = core_context(memory_.contexts.at(context)).state.first_word;
  return updater_.potential(programs_.empty() ? std::span<const neuron::Update>() : programs_.at(context),
                            first_word, position);
}

}  // namespace spikeloom::crossbar

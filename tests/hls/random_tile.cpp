#include "tests/hls/random_tile.hpp"

#include <algorithm>

#include "compiler/core/crossbar/tables.hpp"

namespace spikeloom::hls_test {
namespace {

using device_model::Memory;

std::uint32_t pick(Rng& rng, std::uint64_t bound) { return static_cast<std::uint32_t>(rng.below(bound)); }

std::uint32_t format_of(const TileConfig& t, Rng& rng) {
  const std::uint32_t bits = t.weight_bits[rng.below(t.weight_bits.size())];
  return bits == 8 ? hw::kFormatW8 : bits == 4 ? hw::kFormatW4 : bits == 2 ? hw::kFormatW2 : hw::kFormatW1;
}

/// A row that ends within the weight memory; now and then it has no words or several segments, or runs over
/// the last group.
template <class Entry>
Entry random_row(const TileConfig& t, Rng& rng) {
  Entry row;
  row.format = format_of(t, rng);
  row.words = rng.chance(0.1) ? 0 : 1 + pick(rng, t.groups);
  row.offset = pick(rng, t.groups + 1);
  row.shift = pick(rng, std::min(t.max_shift, 5U) + 1);
  row.negate = pick(rng, 2);
  std::uint32_t span = row.words;  // weight words from the first to the last
  if (row.words != 0 && rng.chance(0.5)) {
    row.repeats = pick(rng, t.groups / row.words);
    row.jump = row.repeats == 0 ? 0 : 1 + pick(rng, 2);
    row.weight_jump = row.repeats == 0 ? 0 : 1 + pick(rng, 3);
    span += row.repeats * crossbar::weight_pitch_of(row);
  }
  row.first = pick(rng, (t.weight_words << row.format) - span + 1);
  return row;
}

void fill_rows(const TileConfig& t, device_model::NodeMemory& tile, Rng& rng) {
  for (std::uint32_t n = 0; n < t.weight_words; ++n)
    for (std::uint32_t p = 0; p < t.lanes / 4; ++p)
      tile.memories[hw::kMemWeights].set(n, p, static_cast<std::uint32_t>(rng.next()));
  for (std::uint32_t n = 0; n < t.axon_entries; ++n)
    put(tile.memories[hw::kMemAxons], n, random_row<hw::MemAxonEntry>(t, rng));
  for (std::uint32_t n = 0; n < t.chunk_entries; ++n) {
    auto chunk = random_row<hw::MemChunkEntry>(t, rng);
    if (rng.chance(0.5)) {
      chunk.per_axon = 1;
      chunk.first = pick(rng, t.axon_entries - 15);
    } else {  // stride 0: all 16 axons share one row
      const std::uint32_t span = chunk.words + chunk.repeats * crossbar::weight_pitch_of(chunk);
      const std::uint32_t room = (t.weight_words << chunk.format) - span - chunk.first;
      chunk.stride = rng.chance(0.3) ? 0 : pick(rng, std::min(room / 15, t.groups) + 1);
    }
    if (t.sums != 0 && rng.chance(0.2)) {
      chunk = {};
      chunk.value = 1;
      chunk.half = pick(rng, 2);
      chunk.words = rng.chance(0.9);
      chunk.first = pick(rng, t.lanes);
      chunk.offset = pick(rng, t.groups);
    }
    put(tile.memories[hw::kMemChunks], n, chunk);
  }
}

void fill_sets(const TileConfig& t, device_model::NodeMemory& tile, Rng& rng) {
  const std::int64_t top = std::int64_t{1} << (t.state_bits - 1);
  const auto state = [&](double small) {
    const std::int64_t range = rng.chance(small) ? top / 64 : top - 1;
    return static_cast<std::uint32_t>(rng.between(-range, range));
  };
  for (std::uint32_t n = 0; n < t.param_sets; ++n) {
    hw::MemSetEntry set;
    set.alpha = rng.chance(0.3) ? 0 : pick(rng, 4097);
    set.beta = rng.chance(0.3) ? 4096 : pick(rng, 4097);  // 4096: IF, 0: threshold only
    set.theta = static_cast<std::uint32_t>(rng.between(0, rng.chance(0.7) ? top / 256 : top - 1));
    set.v_reset = state(0.7);
    set.bias_v = state(0.9);
    set.scale = pick(rng, std::min(t.max_scale, 6U) + 1);
    set.subtract = pick(rng, 2);
    put(tile.memories[hw::kMemSets], n, set);
  }
  for (std::uint32_t n = 0; n < std::max(t.state_words, t.bias_words); ++n)
    for (std::uint32_t lane = 0; lane < t.lif_lanes; ++lane) {
      if (n >= tile.memories[hw::kMemBiases].words()) continue;
      const std::int64_t bias = std::int64_t{1} << (t.bias_bits - 1);
      tile.memories[hw::kMemBiases].set(
          n, lane, static_cast<std::uint32_t>(rng.between(-bias, bias - 1) / (rng.chance(0.5) ? 1 : 64)));
      if (n >= t.state_words) continue;
      tile.memories[hw::kMemPotentials].set(n, lane, state(0.3));
      tile.memories[hw::kMemCurrents].set(n, lane, state(0.3));
    }
}

/// Entries of group after group; a group's lanes split among up to three sets.
std::vector<hw::MemUpdateEntry> spiking_program(const TileConfig& t, std::uint32_t groups, Rng& rng) {
  std::vector<hw::MemUpdateEntry> program;
  const std::uint32_t all = (1U << t.lif_lanes) - 1U;
  for (std::uint32_t g = 0; g < groups; ++g) {
    std::uint32_t left = rng.chance(0.8) ? all : pick(rng, all) + 1;
    const std::uint32_t parts = 1 + pick(rng, 3);
    for (std::uint32_t part = 0; part < parts && left != 0; ++part) {
      hw::MemUpdateEntry entry;
      entry.group = g;
      entry.set = pick(rng, t.param_sets);
      entry.mask = part + 1 == parts ? left : left & static_cast<std::uint32_t>(rng.next());
      left &= ~entry.mask;
      program.push_back(entry);
    }
    if ((g + 1) * t.lif_lanes % 16 == 0 || g + 1 == groups) program.back().emit = 1;
  }
  return program;
}

/// Groups pass through `words` states by turns, six entries apart.
std::vector<hw::MemUpdateEntry> in_passes(const std::vector<hw::MemUpdateEntry>& program,
                                          std::uint32_t words) {
  constexpr std::size_t kApart = 6;
  std::vector<hw::MemUpdateEntry> apart;
  std::vector<std::size_t> free(words, 0);  // by state: the first entry that may read it
  for (std::size_t n = 0; n < program.size(); ++n) {
    hw::MemUpdateEntry entry = program[n];
    entry.state = entry.group % words;
    entry.later = entry.group >= words;
    hw::MemUpdateEntry nothing = apart.empty() ? entry : apart.back();
    nothing.mask = nothing.emit = 0;
    const bool begins = n == 0 || program[n - 1].group != entry.group;
    while (begins && apart.size() < free[entry.state]) apart.push_back(nothing);
    apart.push_back(entry);
    if (n + 1 == program.size() || program[n + 1].group != entry.group)
      free[entry.state] = apart.size() - 1 + kApart;
  }
  return apart;
}

std::vector<hw::MemUpdateEntry> readout_program(const TileConfig& t, std::uint32_t groups, Rng& rng) {
  std::vector<hw::MemUpdateEntry> program;
  for (std::uint32_t g = 0; g < groups; ++g)
    for (std::uint32_t lane = 0; lane < t.lif_lanes && program.size() + 2 <= t.update_entries; ++lane) {
      hw::MemUpdateEntry entry;
      entry.group = g;
      entry.lane = lane;
      entry.set = pick(rng, t.param_sets);
      program.push_back(entry);
      entry.half = 1;
      entry.mask = 1U << lane;
      program.push_back(entry);
    }
  return program;
}

}  // namespace

device_model::NodeMemory random_tile(const Chip& chip, Rng& rng) {
  const TileConfig& t = chip.tile;
  device_model::NodeMemory tile = device_model::NodeMemory::tile(chip);
  fill_rows(t, tile, rng);
  fill_sets(t, tile, rng);
  device_model::ContextRegisters& context = tile.contexts[0];
  context.mode.valid = 1;
  context.mode.readout = pick(rng, 2);
  context.mode.last_only = pick(rng, 2);
  device_model::CoreContext core;
  core.tables.first_chunk = pick(rng, t.chunk_entries - t.page_chunks + 1);
  for (std::uint32_t n = 0; n < 16; ++n)
    context.limit[n] = n < 3 ? pick(rng, t.page_chunks + 1) : t.page_chunks;
  const bool shares = t.bias_words != 0;
  const std::uint32_t most = shares && context.mode.readout == 0 ? t.bias_words : t.state_words;
  const std::uint32_t groups = 1 + pick(rng, std::min(t.groups * t.lanes / t.lif_lanes, most));
  const std::uint32_t words =
      shares && context.mode.readout == 0 ? 1 + pick(rng, std::min(groups, t.state_words)) : groups;
  core.state.first_word = pick(rng, t.state_words - words + 1);
  if (shares) core.state.first_bias = pick(rng, t.bias_words - groups + 1);
  std::vector<hw::MemUpdateEntry> program =
      context.mode.readout != 0 ? readout_program(t, groups, rng) : spiking_program(t, groups, rng);
  if (shares) program = in_passes(program, words);
  if (program.size() > t.update_entries) program.resize(t.update_entries);
  core.update.count = static_cast<std::uint32_t>(program.size());
  core.update.first = pick(rng, t.update_entries - program.size() + 1);
  for (std::uint32_t n = 0; n < program.size(); ++n)
    put(tile.memories[hw::kMemUpdates], core.update.first + n, program[n]);
  device_model::set_context(context, core);
  return tile;
}

std::vector<std::uint16_t> random_page(const Chip& chip, Rng& rng) {
  std::vector<std::uint16_t> page(chip.tile.page_chunks, 0);
  const double density = rng.chance(0.1) ? 0 : rng.chance(0.1) ? 1 : rng.unit();
  for (std::uint16_t& mask : page)
    for (unsigned bit = 0; bit < 16; ++bit)
      if (rng.chance(density)) mask = static_cast<std::uint16_t>(mask | 1U << bit);
  return page;
}

std::vector<std::uint32_t> context_words(const device_model::ContextRegisters& context) {
  std::vector<std::uint32_t> words(32, 0);
  std::copy(context.core.begin(), context.core.end(), words.begin());
  words[hw::kAddrContextPages] = context.pages.pack();
  words[hw::kAddrContextMode] = context.mode.pack();
  std::copy(context.limit.begin(), context.limit.end(), words.begin() + hw::kAddrContextLimit);
  return words;
}

}  // namespace spikeloom::hls_test

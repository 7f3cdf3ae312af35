#include "compiler/core/systolic/step.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "compiler/base/error.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::systolic {

using device_model::Firing;
using device_model::Memory;
using device_model::Page;

namespace {

/// Sums wrap as the tile's do.
void add_weights(std::span<const std::int8_t> weights, std::int32_t factor, std::int32_t* sums) {
  for (std::size_t i = 0; i < weights.size(); ++i)
    sums[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[i]) +
                                        static_cast<std::uint32_t>(weights[i] * factor));
}

void require_inside(bool holds) {
  if (!holds)
    throw device_error(
        "model: a context's blocks, folds or weights end outside the memories; the image does not "
        "fit this chip");
}

}  // namespace

/// In the formats that some fold has.
void Model::decode_weights() {
  const std::uint32_t columns = tile_.systolic_columns;
  const std::vector<std::uint32_t>& parts = memory_.memories[hw::kMemMatrices].data();
  std::array<bool, 4> used{};
  for (const Program& program : programs_)
    for (const Block& block : program.blocks)
      for (const Fold& fold : block.folds)
        used[fold.entry.format] = used[fold.entry.format] || fold.entry.rows != 0;
  for (std::uint32_t format = 0; format < 4; ++format) {
    if (!used[format]) continue;
    const std::uint32_t bits = 8U >> format;
    const std::size_t rows = std::size_t{tile_.systolic_words} << format;
    weights_[format].resize(rows * columns);
    nonzero_[format].assign(rows, 0);
    for (std::size_t n = 0; n < weights_[format].size(); ++n) {
      const std::uint32_t raw = parts[n * bits / 32] >> (n * bits % 32) & ((1U << bits) - 1U);
      const std::int32_t weight = bits == 1 ? (raw != 0 ? -1 : 1) : neuron::sign_extend(raw, bits);
      weights_[format][n] = static_cast<std::int8_t>(weight);
      nonzero_[format][n / columns] += weight != 0 ? 1 : 0;
    }
  }
}

Model::Program Model::decode_program(std::uint32_t number) const {
  const Context context = context_of(memory_.contexts[number]);
  const std::uint32_t per_vector = tile_.systolic_columns / tile_.lif_lanes;
  Program program;
  program.first_word = context.first_word;
  program.first_bias = context.first_bias;
  std::uint32_t updates = 0;
  for (std::uint32_t b = 0; b < context.blocks; ++b) {
    require_inside(context.first_block + b < tile_.systolic_blocks);
    const auto from = memory_.memories[hw::kMemBlocks].entry<hw::MemBlockEntry>(context.first_block + b);
    Block block{from.chunk, from.first / per_vector, from.updates, {}};
    updates += from.updates;
    for (std::uint32_t n = 0; n < from.folds; ++n) {
      require_inside(from.fold + n < tile_.systolic_folds);
      const auto entry = memory_.memories[hw::kMemFolds].entry<hw::MemFoldEntry>(from.fold + n);
      const std::uint32_t word = from.weights + entry.weights;
      require_inside(entry.rows == 0 || (8U >> entry.format <= tile_.systolic_weight_bits &&
                                         word + words_of(entry) <= tile_.systolic_words));
      block.folds.push_back({entry, word << entry.format, (entry.negate != 0 ? -1 : 1) * (1 << entry.shift)});
      program.words += words_read(entry.rows, entry.format);
      for_pairs(entry, [&](std::uint32_t, std::uint32_t vector) {
        program.vectors = std::max(program.vectors, block.first_vector + vector + 1);
      });
    }
    program.blocks.push_back(std::move(block));
  }
  require_inside(std::uint64_t{context.first_update} + updates <= tile_.update_entries);
  program.updates = updater_.decode(context.first_update, updates);
  for (const neuron::Update& update : program.updates)
    program.vectors = std::max(program.vectors, update.group / per_vector + 1);
  program.is_neuron.assign(std::size_t{program.vectors} * tile_.systolic_columns, 0);
  for (const neuron::Update& update : program.updates)
    for (std::uint32_t mask = update.mask; mask != 0; mask &= mask - 1U)
      program.is_neuron[update.group * tile_.lif_lanes + static_cast<std::uint32_t>(std::countr_zero(mask))] =
          1;
  return program;
}

void Model::decode() {
  programs_.assign(memory_.contexts.size(), {});
  for (std::uint32_t c = 0; c < programs_.size(); ++c)
    if (memory_.contexts[c].mode.valid != 0) programs_[c] = decode_program(c);
  decode_weights();
  decoded_ = true;
}

void Model::add(const Program& program, const Fold& fold, std::uint32_t mask, std::uint32_t vector,
                Firing& firing) {
  const std::size_t columns = tile_.systolic_columns, at = vector * columns;
  std::int32_t* sums = sums_.data() + at;
  if (fold.entry.store != 0) std::fill_n(sums, columns, 0);
  const std::uint32_t format = fold.entry.format;
  const auto neurons = static_cast<std::size_t>(
      std::count(program.is_neuron.begin() + static_cast<std::ptrdiff_t>(at),
                 program.is_neuron.begin() + static_cast<std::ptrdiff_t>(at + columns), 1));
  for (mask &= (1U << fold.entry.rows) - 1U; mask != 0; mask &= mask - 1U) {
    const std::size_t row = fold.first_row + static_cast<std::uint32_t>(std::countr_zero(mask));
    const std::span<const std::int8_t> weights(weights_[format].data() + row * columns, columns);
    add_weights(weights, fold.factor, sums);
    if (neurons == columns) {
      firing.synapses += nonzero_[format][row];
      continue;
    }
    for (std::size_t column = 0; column < columns; ++column)
      firing.synapses += program.is_neuron[at + column] != 0 && weights[column] != 0 ? 1 : 0;
  }
}

/// What an accumulator holds before a fold stores it is anything: here the sum of the page before.
void Model::integrate(const Program& program, const Page& page, std::uint32_t limit, Firing& firing) {
  const std::size_t valid = std::min<std::size_t>(limit, page.size());
  for (const Block& block : program.blocks)
    for (const Fold& fold : block.folds)
      for_pairs(fold.entry, [&](std::uint32_t chunk, std::uint32_t vector) {
        const std::uint32_t at = (block.chunk + chunk) % kWalkRoom;
        const std::uint32_t mask = at < valid ? page[at] : 0U;
        if (mask != 0 || fold.entry.store != 0) add(program, fold, mask, block.first_vector + vector, firing);
      });
}

Firing Model::fire(std::uint32_t context, std::span<const Page* const> pages, std::uint32_t count,
                   bool last) {
  SPIKELOOM_CHECK(!pages.empty() && pages.size() <= tile_.systolic_pages);
  if (!decoded_) decode();
  const Program& program = programs_.at(context);
  sums_.resize(std::max(sums_.size(), program.is_neuron.size()));
  Firing firing;
  for (std::size_t p = 0; p < pages.size(); ++p) {
    const std::size_t steps = std::min<std::size_t>(count + p, hw::kLimitContextLimits - 1);
    integrate(program, *pages[p], memory_.contexts[context].limit[steps], firing);
    updater_.run({.program = program.updates,
                  .mode = memory_.contexts[context].mode,
                  .first_word = program.first_word,
                  .first_bias = program.first_bias,
                  .page = static_cast<std::uint32_t>(p),
                  .first_chunk = 0,
                  .first = count == 0 && p == 0,
                  .last = last && p + 1 == pages.size(),
                  .sums = sums_},
                 firing);
  }
  const auto number = static_cast<std::int64_t>(pages.size());
  FiringClock clock(number, page_delay(tile_), tile_.lif_lanes);
  for (const Block& block : program.blocks) {
    for (const Fold& fold : block.folds)
      clock.fold(pairs_of(fold.entry), words_read(fold.entry.rows, fold.entry.format));
    clock.end_block(block.updates);
  }
  firing.time = clock.firing();
  firing.counted = program.words;
  for (std::int64_t p = 1; p < number; ++p) firing.freed.push_back(firing.time.integrate - number + p);
  return firing;
}

std::int32_t Model::potential(std::uint32_t context, std::uint32_t position) const {
  return updater_.potential(
      programs_.empty() ? std::span<const neuron::Update>() : programs_.at(context).updates,
      context_of(memory_.contexts.at(context)).first_word, position);
}

}  // namespace spikeloom::systolic

// A systolic tile with random but well-formed contents, on tables that no compiler wrote: any walks,
// matrices, programs and parameters that it can hold. Made from a seed.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "compiler/base/rng.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "compiler/core/tile_memory.hpp"

namespace spikeloom::test {

/// The core's memories with anything in them, and in context 0 what `place` puts there.
struct RandomSystolicTile {
  RandomSystolicTile(const TileConfig& config, std::uint64_t seed)
      : core(*find_core("systolic")), rng(seed), tile(config) {
    memory.contexts.resize(1);
    memory.contexts[0].mode.valid = 1;
    const std::vector<MemoryInfo> memories = core.memories(tile);
    for (const MemoryWindow& window : core.windows(tile)) {
      device_model::Memory words(memories[window.memory].capacity, window.parts);
      for (std::size_t n = 0; n < words.words(); ++n)
        for (std::size_t p = 0; p < words.parts(); ++p)
          words.set(n, p, static_cast<std::uint32_t>(rng.next()));
      memory.memories[window.number] = std::move(words);
    }
    for (const std::uint32_t number : {hw::kMemBiases, hw::kMemPotentials, hw::kMemCurrents})
      fill_values(memory.memories[number], number == hw::kMemBiases ? tile.bias_bits : tile.state_bits);
  }

  std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>(rng.below(bound)); }

  void fill_values(device_model::Memory& words, std::uint32_t bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    for (std::size_t n = 0; n < words.words(); ++n)
      for (std::size_t p = 0; p < words.parts(); ++p)
        words.set(n, p,
                  static_cast<std::uint32_t>(rng.chance(0.8) ? rng.between(-50, 50)
                                                             : rng.between(-half, half - 1)));
  }

  /// A context's tables, anywhere in the memories.
  void place() {
    cluster = Cluster{};
    cluster.readout = tile.readout != 0 && rng.chance(0.2);
    cluster.last_only = cluster.readout && rng.chance(0.5);
    cluster.chunk_bits.assign(1 + below(tile.page_chunks), 0xffff);
    cluster.tables.core = "systolic";
    for (const MemoryWindow& window : core.windows(tile))
      cluster.tables.windows.push_back({window.parts, {}});
    fill_tables();
    const std::vector<std::uint64_t> amounts = core.amounts(cluster, tile);
    const std::vector<MemoryInfo> memories = core.memories(tile);
    std::vector<std::uint32_t> first;
    for (std::size_t m = 0; m < memories.size(); ++m) {
      ASSERT_LE(amounts[m], memories[m].capacity) << memories[m].key;
      first.push_back(below(memories[m].capacity - amounts[m] + 1));
    }
    const CoreTables placed = core.placed(cluster, first);
    const std::vector<MemoryWindow> windows = core.windows(tile);
    for (std::size_t w = 0; w < windows.size(); ++w) {
      device_model::Memory& words = memory.memories[windows[w].number];
      for (std::size_t n = 0; n < placed.windows[w].words.size(); ++n)
        words.set(first[windows[w].memory] + n / words.parts(), n % words.parts(),
                  placed.windows[w].words[n]);
    }
    set_context(memory.contexts[0], core.registers(cluster, first, 0));
    memory.contexts[0].mode.readout = cluster.readout;
    memory.contexts[0].mode.last_only = cluster.last_only;
    const auto chunks = static_cast<std::uint32_t>(cluster.chunk_bits.size());
    for (std::uint32_t& limit : memory.contexts[0].limit)
      limit = rng.chance(0.6) ? chunks : below(chunks + 1);
    model = core.model(tile, memory);
  }

  template <class Entry>
  void append(std::uint32_t window, const Entry& entry) {
    for (const std::uint32_t part : entry.pack()) cluster.tables.windows[window].words.push_back(part);
  }

  void fill_tables() {
    const std::uint32_t per_vector = tile.systolic_columns / tile.lif_lanes;
    const std::uint32_t unit =
        std::max(1U, hw::kChunkBits / tile.systolic_columns);  // vectors of whole chunks
    const std::uint32_t room = tile.systolic_vectors / tile.systolic_pages;
    const std::uint32_t blocks = 1 + below(std::min(5U, tile.systolic_blocks));
    words_ = tile.systolic_words / 2 + below(tile.systolic_words / 2);
    sets_ = 1 + below(tile.param_sets);
    std::uint32_t group = 0, fold = 0, updates = tile.update_entries / blocks;
    for (std::uint32_t b = 0; b < blocks; ++b) {
      vectors_ = unit * (1 + below(std::min(room / unit, rng.chance(0.3) ? 2U : 8U)));
      vectors_ = std::min(vectors_, (tile.state_words - group) / per_vector / (blocks - b) / unit * unit);
      hw::MemBlockEntry block;
      block.first = group;
      block.fold = fold;
      block.folds = 1 + below(std::min(rng.chance(0.4) ? 2U : 10U, tile.systolic_folds / blocks));
      block.chunk = below(4096);
      block.weights = below(words_ - 20);
      for (std::uint32_t f = 0; f < block.folds; ++f, ++fold) add_fold(block, f == 0);
      block.updates = add_updates(group, vectors_ * per_vector, updates);
      group += vectors_ * per_vector;
      append(systolic::kBlockTable, block);
    }
    cluster.neurons.resize(std::size_t{group} * tile.lif_lanes);
    for (std::uint32_t s = 0; s < sets_; ++s) append(systolic::kNeuronWindows.sets, set());
    for (std::uint32_t n = 0; n < words_ * tile.systolic_columns / 4; ++n)
      cluster.tables.windows[systolic::kMatrixWords].words.push_back(static_cast<std::uint32_t>(rng.next()));
    device_model::Memory biases(group, tile.lif_lanes);
    fill_values(biases, tile.bias_bits);
    cluster.tables.windows[systolic::kNeuronWindows.biases].words = biases.data();
  }

  void add_fold(const hw::MemBlockEntry& block, bool stores) {
    hw::MemFoldEntry fold;
    fold.format = tile.systolic_weight_bits == 8 ? below(4) : 1 + below(3);
    fold.rows = rng.chance(0.5) ? 16 : below(17);
    fold.shift = below(std::min(3U, tile.systolic_shift + 1));
    fold.negate = rng.chance(0.3);
    fold.weights = below(words_ - 16 - block.weights);
    const auto step = [&] { return static_cast<std::uint32_t>(rng.between(-3, 3)) & 0xfffU; };
    for (bool inside = false; !inside;) {
      if (stores) {
        fold.store = 1;
        fold.columns = vectors_ - 1;
        fold.vector_step = 1;
      } else {
        fold.columns = rng.chance(0.3) ? 0 : below(6);
        fold.lines = rng.chance(0.5) ? 0 : below(4);
        fold.vector = below(vectors_);
        fold.vector_step = step();
        fold.vector_jump = step();
      }
      const std::uint32_t chunk = below(cluster.chunk_bits.size());
      fold.chunk = (chunk - block.chunk) & 0xfffU;
      fold.chunk_step = rng.chance(0.5) ? 0 : step();
      fold.chunk_jump = rng.chance(0.5) ? 0 : step();
      inside = true;
      systolic::for_pairs(fold, [&](std::uint32_t c, std::uint32_t vector) {
        inside = inside && vector < vectors_ && ((block.chunk + c) & 0xfffU) < cluster.chunk_bits.size();
      });
    }
    append(systolic::kFoldTable, fold);
  }

  /// Update entries of so many groups, those of a group together; the last one emits.
  std::uint32_t add_updates(std::uint32_t first, std::uint32_t groups, std::uint32_t most) {
    std::vector<hw::MemUpdateEntry> entries;
    for (std::uint32_t g = first; g < first + groups; ++g) {
      const std::uint32_t lanes = (1U << tile.lif_lanes) - 1;
      if (cluster.readout) {
        for (std::uint32_t lane = 0; lane < tile.lif_lanes && entries.size() + 2 <= most; ++lane)
          for (std::uint32_t half = 0; half < 2; ++half)
            entries.push_back({.group = g,
                               .set = below(sets_),
                               .emit = 0,
                               .half = half,
                               .lane = lane,
                               .mask = half << lane,
                               .state = g});
        continue;
      }
      std::uint32_t left = lanes;
      for (int n = 0; n < 2 && left != 0 && entries.size() < most; ++n) {
        const std::uint32_t mask = rng.chance(0.6) ? left : left & static_cast<std::uint32_t>(rng.next());
        entries.push_back({.group = g,
                           .set = below(sets_),
                           .emit = rng.chance(0.5),
                           .half = 0,
                           .lane = 0,
                           .mask = mask,
                           .state = g});
        left &= ~mask;
      }
    }
    entries.back().emit = 1;
    for (const hw::MemUpdateEntry& entry : entries) append(systolic::kNeuronWindows.updates, entry);
    return static_cast<std::uint32_t>(entries.size());
  }

  hw::MemSetEntry set() {
    hw::MemSetEntry set;
    set.alpha = below(4097);
    set.beta = below(4097);
    set.theta = static_cast<std::uint32_t>(rng.between(1, 400));
    set.v_reset = static_cast<std::uint32_t>(rng.between(-100, 100));
    set.bias_v = static_cast<std::uint32_t>(rng.between(-60, 60));
    set.scale = below(tile.max_scale + 1);
    set.subtract = rng.chance(0.5);
    return set;
  }

  device_model::Page page() {
    device_model::Page page;
    const double chunks = rng.chance(0.2) ? 0 : rng.unit();
    for (std::uint32_t c = 0; c < tile.page_chunks; ++c)
      page.push_back(rng.chance(chunks) ? static_cast<std::uint16_t>(rng.next()) : std::uint16_t{0});
    return page;
  }

  const Core& core;
  Rng rng;
  TileConfig tile;
  device_model::TileMemory memory;
  std::unique_ptr<CoreModel> model;
  Cluster cluster;  ///< of context 0
  std::uint32_t words_ = 0, sets_ = 0, vectors_ = 0;
};

}  // namespace spikeloom::test

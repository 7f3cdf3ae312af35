// What every core must keep, whatever its inside: tests/core/core_test.cpp runs it for each line of the table
// of cores. Networks and chips are random and come from the core's own folder (core_inputs.hpp); the golden
// interpreter is the oracle of every step. That a core's RTL takes the contract's cycles and gives its bits
// is asserted by the core's own RTL tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip_model/model_memory.hpp"
#include "compiler/core/core.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/core/core_inputs.hpp"

namespace spikeloom::test {

/// A random network built for the core, and all that the golden model does with random inputs.
struct CoreCase {
  CoreCase(const CoreInputs& inputs, std::uint64_t seed, NetworkSize size = {3, 40})
      : core(*inputs.core), rng(seed), net(inputs.network(rng, size)), chip(inputs.chip(rng)) {
    EXPECT_EQ(&core_of(chip.tile), &core);
    if (inputs.share != nullptr && rng.chance(0.4)) inputs.share(rng, net, chip);
    PartitionOptions options;
    options.seed = seed;
    if (rng.chance(0.6)) options.max_neurons = 6 + static_cast<std::uint32_t>(rng.below(40));
    BuildOptions build;
    if (rng.chance(0.5)) build.readout = ReadoutTime::kLastStep;
    app = build_application(net, chip, partition(net, chip, options), build);
  }

  const Core& core;
  Rng rng;
  IntNetwork net;
  Chip chip;
  Application app;
};

/// A sample of the golden model: what each source sends, and every membrane, by step.
struct GoldenSample {
  /// Masks by chunk of the host stream, or of a cluster, in step `step`.
  [[nodiscard]] const std::vector<std::uint16_t>& sent(const ClusterOrHost& from, std::size_t step) const {
    return from ? clusters[from->index()][step] : host[step];
  }
  std::vector<std::vector<std::uint16_t>> host;                    ///< by step
  std::vector<std::vector<std::vector<std::uint16_t>>> clusters;   ///< by cluster, by step
  std::vector<std::vector<std::vector<std::int32_t>>> potentials;  ///< by cluster, by step, by position
  std::vector<std::vector<std::vector<std::int32_t>>> currents;    ///< the same
};

inline GoldenSample golden_sample(CoreCase& c, std::size_t steps) {
  GoldenSample sample;
  GoldenInterpreter golden(c.net);
  sample.clusters.resize(c.app.clusters.size());
  sample.potentials.resize(c.app.clusters.size());
  sample.currents.resize(c.app.clusters.size());
  for (std::size_t t = 0; t < steps; ++t) {
    std::vector<InputStep> inputs(c.net.inputs.size());
    std::vector<std::uint16_t> host(c.app.host_chunks(), 0);
    for (std::size_t i = 0; i < c.net.inputs.size(); ++i) {
      const IntInput& input = c.net.inputs[i];
      const std::int64_t low = input.is_signed ? -(std::int64_t{1} << (input.planes - 1)) : 0;
      for (std::uint32_t e = 0; e < input.size(); ++e) {
        const std::int64_t value =
            low + static_cast<std::int64_t>(c.rng.below(std::uint64_t{1} << input.planes));
        if (value == 0 || c.rng.chance(0.4)) continue;
        inputs[i].push_back({e, static_cast<std::int32_t>(value)});
        for (std::uint32_t b = 0; b < input.planes; ++b) {
          const std::uint32_t axon = c.app.inputs[i].first_axon +
                                     input_number(input.shape, c.app.inputs[i].order, e) * input.planes + b;
          if ((value >> b & 1) != 0)
            host[axon / 16] = static_cast<std::uint16_t>(host[axon / 16] | 1U << (axon % 16));
        }
      }
    }
    sample.host.push_back(std::move(host));
    golden.step(inputs);
    for (std::size_t n = 0; n < c.app.clusters.size(); ++n) {
      const Cluster& cluster = c.app.clusters[n];
      const auto spikes = golden.spikes(cluster.population);
      std::vector<std::uint16_t> masks((cluster.size() + 15) / 16, 0);
      std::vector<std::int32_t> potentials, currents;
      const std::size_t membranes = c.net.populations[cluster.population.index()].membranes();
      for (std::size_t p = 0; p < cluster.size(); ++p) {
        if (cluster.neurons[p] == kNoNeuron) {
          potentials.push_back(0);
          currents.push_back(0);
          continue;
        }
        potentials.push_back(golden.v(cluster.population)[cluster.neurons[p] % membranes]);
        currents.push_back(golden.i(cluster.population)[cluster.neurons[p] % membranes]);
        if (std::binary_search(spikes.begin(), spikes.end(), cluster.neurons[p]))
          masks[p / 16] = static_cast<std::uint16_t>(masks[p / 16] | 1U << (p % 16));
      }
      if (cluster.readout) {
        masks.clear();
        for (const std::int32_t v : potentials)
          for (const std::uint32_t half : {0U, 16U})
            masks.push_back(static_cast<std::uint16_t>(static_cast<std::uint32_t>(v) >> half));
      }
      sample.clusters[n].push_back(std::move(masks));
      sample.potentials[n].push_back(std::move(potentials));
      sample.currents[n].push_back(std::move(currents));
    }
  }
  return sample;
}

/// Whether the page chunk holds half a number, which is no synapse's.
inline bool is_of_a_number(const CoreCase& c, const Cluster& cluster, std::size_t chunk) {
  for (const Inbound& inbound : cluster.inbound) {
    if (chunk < inbound.first_chunk || chunk >= inbound.first_chunk + inbound.source_count || !inbound.from)
      continue;
    const Source from = c.app.clusters[inbound.from->index()].population;
    return std::any_of(c.net.projections.begin(), c.net.projections.end(), [&](const IntProjection& p) {
      return p.from == from && p.to == cluster.population && p.delay == inbound.delay &&
             c.net.populations[std::get<PopulationId>(from).index()].is_readout() &&
             hands_on(p.form, p.weight, p.shift);
    });
  }
  return false;
}

/// The page of step `step`; where the limit hides what a delayed source sent in the sample before, anything.
inline device_model::Page page_of(const Cluster& cluster, const GoldenSample& sample, std::size_t step,
                                  Rng& rng) {
  device_model::Page page(cluster.page_chunks(), 0);
  for (const Inbound& inbound : cluster.inbound)
    for (std::uint32_t k = 0; k < inbound.source_count; ++k) {
      std::uint16_t& mask = page[inbound.first_chunk + k];
      mask = step >= inbound.delay
                 ? sample.sent(inbound.from, step - inbound.delay)[inbound.source_first + k]
                 : static_cast<std::uint16_t>(rng.next() & cluster.chunk_bits[inbound.first_chunk + k]);
    }
  return page;
}

/// Any page, each chunk drawn by itself. Chunks that come from one place at one time are equal on a chip;
/// only a core that reads such chunks once may rely on it.
inline device_model::Page random_page(const CoreInputs& inputs, const Cluster& cluster, Rng& rng) {
  device_model::Page page;
  const double density = rng.chance(0.2) ? 1 : rng.unit() * rng.unit();
  for (const std::uint16_t bits : cluster.chunk_bits) {
    std::uint16_t mask = 0;
    for (std::uint32_t bit = 0; bit < 16; ++bit)
      if (rng.chance(density)) mask = static_cast<std::uint16_t>(mask | (bits & 1U << bit));
    page.push_back(mask);
  }
  if (!inputs.merges) return page;
  std::map<std::tuple<ClusterOrHost, std::uint32_t, std::uint32_t>, std::uint16_t> sent;
  for (const Inbound& inbound : cluster.inbound)
    for (std::uint32_t k = 0; k < inbound.source_count; ++k) {
      std::uint16_t& mask = page[inbound.first_chunk + k];
      mask = sent.try_emplace({inbound.from, inbound.delay, inbound.source_first + k}, mask).first->second;
    }
  return page;
}

/// A tile whose memories hold anything, and the cluster somewhere among it.
struct LoadedTile {
  LoadedTile(const Core& core, const Chip& chip, const Cluster& cluster, Rng& rng)
      : memory(device_model::NodeMemory::tile(chip)) {
    load(core, chip, cluster, rng);
    model = core.model(chip.tile, memory);
  }
  LoadedTile(const LoadedTile&) = delete;
  LoadedTile& operator=(const LoadedTile&) = delete;

  /// Writes the cluster over what stands in the tile, for another context perhaps.
  void load(const Core& core, const Chip& chip, const Cluster& cluster, Rng& rng) {
    const std::vector<MemoryInfo> memories = core.memories(chip.tile);
    const std::vector<std::uint64_t> amounts = core.amounts(cluster, chip.tile);
    first.clear();
    for (std::size_t m = 0; m < memories.size(); ++m)
      first.push_back(static_cast<std::uint32_t>(rng.below(memories[m].capacity - amounts[m] + 1)));
    const std::vector<MemoryWindow> windows = core.windows(chip.tile);
    const CoreTables placed = core.placed(cluster, first);
    for (std::size_t w = 0; w < windows.size(); ++w) {
      device_model::Memory& to = memory.memories[windows[w].number];
      for (std::size_t n = 0; windows[w].content == MemoryWindow::Content::kState && n < to.words(); ++n)
        for (std::size_t p = 0; p < to.parts(); ++p)
          to.set(n, p, static_cast<std::uint32_t>(rng.next()) & 0xffU);
      const std::vector<std::uint32_t>& words = placed.windows[w].words;
      for (std::size_t i = 0; i < words.size(); ++i)
        to.set(first[windows[w].memory] + i / to.parts(), i % to.parts(), words[i]);
    }
    context = static_cast<std::uint32_t>(rng.below(chip.tile.contexts));
    device_model::ContextRegisters& registers = memory.contexts[context];
    registers.mode.valid = 1;
    registers.mode.readout = cluster.readout;
    registers.mode.last_only = cluster.last_only;
    registers.limit = cluster.limit;
    set_context(registers, core.registers(cluster, first, 0));
  }

  [[nodiscard]] device_model::Firing fire(const std::vector<device_model::Page>& pages, std::size_t step,
                                          bool last) {
    std::vector<const device_model::Page*> all;
    for (const device_model::Page& page : pages) all.push_back(&page);
    device_model::Firing firing =
        model->fire(context, all, static_cast<std::uint32_t>(std::min<std::size_t>(step, 15)), last);
    EXPECT_EQ(firing.freed.size() + 1, pages.size());
    std::int64_t before = 0;
    for (const std::int64_t freed : firing.freed) EXPECT_LT(std::exchange(before, freed), freed);
    EXPECT_LT(before, firing.time.integrate);
    return firing;
  }

  device_model::NodeMemory memory;
  std::vector<std::uint32_t> first;
  std::uint32_t context = 0;
  std::unique_ptr<CoreModel> model;
};

/// (page, chunk) → mask of a firing's list.
inline std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> list_of(
    const device_model::Firing& firing) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> list;
  for (const device_model::OutEntry& entry : firing.out) {
    EXPECT_NE(entry.mask, 0) << "a chunk without a spike is not sent";
    EXPECT_TRUE(list.emplace(std::pair{entry.page, entry.index}, entry.mask).second) << "a chunk twice";
  }
  return list;
}

class CoreContract : public testing::TestWithParam<CoreInputs> {
 protected:
  [[nodiscard]] const CoreInputs& inputs() const { return GetParam(); }
  [[nodiscard]] const Core& core() const { return *GetParam().core; }
};

TEST_P(CoreContract, TablesDecodeToTheNetwork) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const CoreCase c(inputs(), seed);
    for (const Cluster& cluster : c.app.clusters) EXPECT_EQ(cluster.tables.core, core().name());
    EXPECT_THAT(check(c.app, c.net, c.chip), testing::IsEmpty());
  }
}

/// Rows of one kind are one row, moved.
TEST_P(CoreContract, RowsOfOneKindAreEqualButForTheirPlace) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    for (const Cluster& cluster : c.app.clusters) {
      SCOPED_TRACE(cluster.name);
      const std::vector<RowKind> kinds = core().row_kinds(cluster);
      ASSERT_EQ(kinds.size(), cluster.page_chunks() * hw::kChunkBits);
      using Row = std::vector<std::pair<std::uint32_t, std::int64_t>>;
      std::map<std::uint32_t, Row> known;
      Row row;
      (void)core().decode(cluster, c.chip.tile, [&](std::size_t chunk, std::uint32_t bit, auto whole) {
        core().decode_row(cluster, chunk, bit, row);
        ASSERT_EQ(row, Row(whole.begin(), whole.end()));
        const RowKind& kind = kinds[chunk * hw::kChunkBits + bit];
        for (auto& [position, value] : row) {
          ASSERT_GE(position, kind.first);
          position -= kind.first;
        }
        ASSERT_EQ(known.try_emplace(kind.kind, row).first->second, row);
      });
    }
  }
}

TEST_P(CoreContract, MemoriesAndWindowsAgree) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const CoreCase c(inputs(), seed);
    const std::vector<MemoryInfo> memories = core().memories(c.chip.tile);
    const std::vector<MemoryWindow> windows = core().windows(c.chip.tile);
    std::set<std::uint32_t> numbers;
    for (const MemoryWindow& window : windows) {
      EXPECT_TRUE(numbers.insert(window.number).second) << "a window of the ring twice";
      ASSERT_LT(window.memory, memories.size());
    }
    for (const Cluster& cluster : c.app.clusters) {
      const std::vector<std::uint64_t> amounts = core().amounts(cluster, c.chip.tile);
      ASSERT_EQ(amounts.size(), memories.size());
      ASSERT_EQ(cluster.tables.windows.size(), windows.size());
      for (std::size_t w = 0; w < windows.size(); ++w) {
        EXPECT_EQ(cluster.tables.windows[w].parts, windows[w].parts);
        EXPECT_EQ(cluster.tables.windows[w].entries(),
                  windows[w].content == MemoryWindow::Content::kTable ? amounts[windows[w].memory] : 0)
            << memories[windows[w].memory].name;
      }
      const std::vector<Need> needs = core().needs(cluster, c.chip.tile);
      for (std::size_t m = 0; m < memories.size(); ++m) {
        const auto need =
            std::find_if(needs.begin(), needs.end(), [&](const Need& n) { return n.key == memories[m].key; });
        ASSERT_NE(need, needs.end()) << memories[m].key;
        EXPECT_EQ(need->needed, amounts[m]) << memories[m].key;
        EXPECT_EQ(need->available, memories[m].capacity) << memories[m].key;
      }
      EXPECT_LE(cluster.size(),
                core().most_neurons(c.net.populations[cluster.population.index()], c.chip.tile).count);
      // What clusters may share stands in words that depend on no place, and that nobody writes in a run.
      const CoreTables moved = core().placed(cluster, std::vector<std::uint32_t>(memories.size(), 3));
      for (std::size_t w = 0; w < windows.size(); ++w) {
        if (!memories[windows[w].memory].shared) continue;
        EXPECT_EQ(windows[w].content, MemoryWindow::Content::kTable) << memories[windows[w].memory].name;
        EXPECT_EQ(moved.windows[w], cluster.tables.windows[w]) << memories[windows[w].memory].name;
      }
    }
  }
}

TEST_P(CoreContract, ATooSmallMemoryIsNamed) {
  const CoreCase c(inputs(), 3);
  const Cluster& cluster = c.app.clusters.front();
  for (const Need& need : core().needs(cluster, c.chip.tile))
    EXPECT_LE(need.needed, need.available) << need.key;
  EXPECT_THAT(excesses(cluster, c.chip), testing::IsEmpty());
  Cluster twice = cluster;  // of anything more than the tile has
  const std::vector<MemoryWindow> windows = core().windows(c.chip.tile);
  const std::vector<MemoryInfo> memories = core().memories(c.chip.tile);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    if (windows[w].content != MemoryWindow::Content::kTable) continue;
    MemoryTable& table = twice.tables.windows[w];
    table.words.resize((memories[windows[w].memory].capacity + 1) * table.parts, 0);
  }
  std::set<std::string> named;
  for (const Need& need : excesses(twice, c.chip)) named.insert(need.key);
  for (const MemoryInfo& memory : memories) EXPECT_EQ(named.count(std::string(memory.key)), 1U) << memory.key;
}

TEST_P(CoreContract, StepIsTheGoldenModels) {
  std::size_t spikes = 0, readouts = 0, currents = 0, shared = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    const std::size_t most = core().pages_per_firing(c.chip.tile);
    const std::size_t steps = 6 * most - c.rng.below(most);  // so that the last firing may have fewer pages
    std::vector<std::unique_ptr<LoadedTile>> tiles;
    for (const Cluster& cluster : c.app.clusters)
      tiles.push_back(std::make_unique<LoadedTile>(core(), c.chip, cluster, c.rng));
    for (int repeat = 0; repeat < 2; ++repeat) {
      const GoldenSample sample = golden_sample(c, steps);
      for (std::size_t n = 0; n < tiles.size(); ++n) {
        const Cluster& cluster = c.app.clusters[n];
        SCOPED_TRACE(cluster.name);
        for (std::size_t t = 0; t < steps; t += most) {
          const std::size_t number = std::min(most, steps - t);
          std::vector<device_model::Page> pages;
          std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> expected;
          for (std::uint32_t p = 0; p < number; ++p) {
            pages.push_back(page_of(cluster, sample, t + p, c.rng));
            const bool sends = !cluster.last_only || t + p + 1 == steps;
            for (std::uint32_t at = 0; cluster.readout && sends && at < cluster.size(); ++at)
              for (std::uint32_t half = 0; half < 2; ++half)
                expected[{p, 2 * at + half}] =
                    static_cast<std::uint32_t>(sample.potentials[n][t + p][at]) >> (16 * half) & 0xffffU;
            const std::vector<std::uint16_t>& masks = sample.clusters[n][t + p];
            for (std::uint32_t chunk = 0; !cluster.readout && chunk < masks.size(); ++chunk)
              expected[{p, chunk}] = masks[chunk];
          }
          std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
          const device_model::Firing firing = tiles[n]->fire(pages, t, t + number == steps);
          ASSERT_EQ(list_of(firing), expected) << "step " << t;
          (cluster.readout ? readouts : spikes) += expected.size();
          for (std::uint32_t at = 0; at < cluster.size(); ++at) {
            if (cluster.neurons[at] == kNoNeuron) continue;
            shared += at >= cluster.pass_stride() ? 1 : 0;
            const std::int32_t v = sample.potentials[n][t + number - 1][at];
            ASSERT_EQ(tiles[n]->model->potential(tiles[n]->context, at), v) << "step " << t;
            const StateAddress where =
                core().state_at(cluster, c.chip.tile, NeuronState::kPotential, tiles[n]->first, at);
            ASSERT_EQ(static_cast<std::int32_t>(
                          tiles[n]->memory.memories[where.window].part(where.word, where.part)),
                      v);
            if (!c.net.populations[cluster.population.index()].has_current()) continue;
            const StateAddress i =
                core().state_at(cluster, c.chip.tile, NeuronState::kCurrent, tiles[n]->first, at);
            ASSERT_EQ(static_cast<std::int32_t>(tiles[n]->memory.memories[i.window].part(i.word, i.part)),
                      sample.currents[n][t + number - 1][at]);
            ++currents;
          }
        }
      }
    }
  }
  EXPECT_GT(spikes, 1000U);
  if (inputs().readouts) {
    EXPECT_GT(readouts, 100U);
  }
  EXPECT_EQ(currents > 1000, inputs().currents) << currents;
  EXPECT_EQ(shared > 1000, inputs().share != nullptr) << shared;
}

TEST_P(CoreContract, TimeIsTheModelsWithinItsBoundsAndRisesWithTheBits) {
  std::size_t alike = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed);
    const std::size_t pages_each = core().pages_per_firing(c.chip.tile);
    for (std::size_t n = 0; n < c.app.clusters.size(); ++n) {
      const Cluster& cluster = c.app.clusters[n];
      SCOPED_TRACE(cluster.name);
      LoadedTile tile(core(), c.chip, cluster, c.rng);
      const TileConfig& kind = c.chip.tile;
      const FiringTime least = core().least(cluster, kind), worst = core().worst(cluster, kind),
                       fixed = core().fixed(kind);
      EXPECT_GE(least.integrate, fixed.integrate);
      EXPECT_GE(least.update, fixed.update);
      const auto time_of = [&](const std::vector<device_model::Page>& pages) {
        device_model::Page all;
        for (const device_model::Page& page : pages) all.insert(all.end(), page.begin(), page.end());
        const FiringTime time = core().time(cluster, kind, all, pages.size());
        EXPECT_EQ(tile.fire(pages, 15, false).time, time);
        return time;
      };
      const std::vector<device_model::Page> silence(pages_each, device_model::Page(cluster.page_chunks(), 0));
      const std::vector<device_model::Page> full(pages_each, cluster.chunk_bits);
      EXPECT_EQ(time_of(silence), least);
      EXPECT_EQ(time_of(full), worst);
      for (int trial = 0; trial < 8; ++trial) {
        std::vector<device_model::Page> some, more;
        std::int64_t valid = 0;
        for (std::size_t p = 0; p < pages_each; ++p) {
          some.push_back(random_page(inputs(), cluster, c.rng));
          valid +=
              std::count_if(some[p].begin(), some[p].end(), [](std::uint16_t mask) { return mask != 0; });
          more.push_back(random_page(inputs(), cluster, c.rng));
          for (std::size_t k = 0; k < more[p].size(); ++k)
            more[p][k] = static_cast<std::uint16_t>(more[p][k] | some[p][k]);
        }
        const FiringTime few = time_of(some), many = time_of(more);
        for (const auto part : {&FiringTime::integrate, &FiringTime::update}) {
          EXPECT_LE(least.*part, few.*part);
          EXPECT_LE(few.*part, many.*part);
          EXPECT_LE(many.*part, worst.*part);
        }
        EXPECT_GE(few.total(), least.total() + valid * core().least_chunk(cluster));
        const Cluster& other = c.app.clusters[c.rng.below(c.app.clusters.size())];
        if (other.chunk_bits == cluster.chunk_bits && core().works_alike(cluster, other)) {
          device_model::Page all;
          for (const device_model::Page& page : some) all.insert(all.end(), page.begin(), page.end());
          EXPECT_EQ(core().time(other, kind, all, some.size()), few);
          ++alike;
        }
      }
      EXPECT_EQ(core().expected(cluster, std::vector<double>(16 * cluster.page_chunks(), 0.0)), 0.0);
      // Of all pages with one spike the shortest is longer by least_chunk.
      std::optional<std::int64_t> shortest;
      for (std::size_t k = 0; k < 16 * cluster.page_chunks(); ++k) {
        const auto bit = static_cast<std::uint16_t>(1U << k % 16);
        if ((cluster.chunk_bits[k / 16] & bit) == 0) continue;
        std::vector<std::uint16_t> masks(pages_each * cluster.page_chunks(), 0);
        masks[k / 16] = bit;
        const std::int64_t total = core().time(cluster, kind, masks, pages_each).total();
        shortest = std::min(shortest.value_or(total), total);
      }
      EXPECT_EQ(core().least_chunk(cluster), shortest.value_or(least.total()) - least.total());
    }
  }
  EXPECT_GT(alike, 100U);
}

/// A changed bit of the tables is found, or it changes nothing that the core computes.
TEST_P(CoreContract, FaultsInTablesAreFound) {
  int planted = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreCase c(inputs(), seed, {2, 24});
    for (int trial = 0; trial < 100; ++trial) {
      Application bad = c.app;
      const std::size_t n = c.rng.below(bad.clusters.size());
      const std::size_t window = c.rng.below(bad.clusters[n].tables.windows.size());
      MemoryTable& table = bad.clusters[n].tables.windows[window];
      if (table.words.empty()) continue;
      const std::size_t word = c.rng.below(table.words.size());
      std::uint32_t bit = static_cast<std::uint32_t>(c.rng.below(32));
      // Every other time one that is set: fields are narrow, and most bits of most words are not.
      if (c.rng.chance(0.5) && table.words[word] != 0)
        while ((table.words[word] >> bit & 1U) == 0) bit = (bit + 1) % 32;
      table.words[word] ^= 1U << bit;
      ++planted;
      if (!check(bad, c.net, c.chip).empty()) {
        ++found;
        continue;
      }
      Rng same(seed), again(seed);
      LoadedTile good_tile(core(), c.chip, c.app.clusters[n], same);
      LoadedTile bad_tile(core(), c.chip, bad.clusters[n], again);
      for (std::size_t step = 0; step < 8; ++step) {
        std::vector<device_model::Page> pages;
        for (std::uint32_t p = 0; p < core().pages_per_firing(c.chip.tile); ++p)
          pages.push_back(random_page(inputs(), c.app.clusters[n], c.rng));
        ASSERT_EQ(list_of(good_tile.fire(pages, step, step == 7)),
                  list_of(bad_tile.fire(pages, step, step == 7)))
            << "window " << window << ", word " << word << ", bit " << bit;
      }
      for (std::uint32_t at = 0; at < c.app.clusters[n].size(); ++at)
        ASSERT_EQ(good_tile.model->potential(good_tile.context, at),
                  bad_tile.model->potential(bad_tile.context, at));
    }
  }
  EXPECT_GT(planted, 1000);
  EXPECT_GT(found * 10, planted * 7) << found << " of " << planted;
}

/// Sizes that are not the core's own are faults, whatever stands in the words.
TEST_P(CoreContract, TablesOfAnotherShapeAreFaults) {
  const CoreCase c(inputs(), 5);
  const Cluster& good = c.app.clusters.front();
  EXPECT_THAT(core().faults(good), testing::IsEmpty());
  EXPECT_THAT(core().mismatches(good, c.chip.tile), testing::IsEmpty());
  Cluster bad = good;
  bad.tables.windows.pop_back();
  EXPECT_THAT(core().faults(bad), testing::Not(testing::IsEmpty()));
  for (std::size_t w = 0; w < good.tables.windows.size(); ++w) {
    bad = good;
    bad.tables.windows[w].parts += 100;
    EXPECT_THAT(core().faults(bad), testing::Not(testing::IsEmpty())) << "window " << w;
    if (good.tables.windows[w].words.size() < 2) continue;
    bad = good;
    bad.tables.windows[w].words.clear();
    std::vector<std::string> found = core().faults(bad);
    if (found.empty()) found = core().decode(bad, c.chip.tile, [](auto&&...) {}).faults;
    EXPECT_THAT(found, testing::Not(testing::IsEmpty())) << "window " << w;
  }
  Application other = c.app;
  other.clusters.front().tables.core = "another";
  EXPECT_THAT(faults(other), testing::Contains(testing::HasSubstr("another")));
}

}  // namespace spikeloom::test

// Writes a case for hls/testbench.cpp: usage: spikeloom-hls-case crossbar|lif|systolic FILE SEED
// What is expected comes from the model device's core. Lines "value_X" are what the contract's latency
// formula needs.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <fstream>
#include <string>

#include "compiler/core/crossbar/step.hpp"
#include "compiler/core/crossbar/timing.hpp"
#include "hls_crossbar_shape.hpp"
#include "hls_layout.hpp"
#include "hls_systolic_shape.hpp"
#include "tests/core/systolic/random_tile.hpp"
#include "tests/hls/array_config.hpp"
#include "tests/hls/random_tile.hpp"

namespace {

using namespace spikeloom;
using S = hls::CrossbarShape;

template <class T>
void line(std::ofstream& out, const std::string& name, const std::vector<T>& values) {
  out << name << ' ' << values.size();
  for (const T value : values) out << ' ' << static_cast<std::int64_t>(value);
  out << '\n';
}

/// The sums of a page: potentials after one step of a program that only adds (beta 0, no bias), read as the
/// states.
std::vector<std::int32_t> sums_of(const Chip& chip, device_model::NodeMemory tile,
                                  const std::vector<std::uint16_t>& page, std::uint32_t count) {
  using device_model::Memory;
  const std::uint32_t groups = S::kGroups * S::kLanes / S::kLifLanes;
  std::vector<std::int32_t> sums;
  hw::MemSetEntry set;  // v = i = sum, no spike
  set.theta = (1U << (S::kStateBits - 1)) - 1;
  for (std::uint32_t p = 0; p < 5; ++p) tile.memories[hw::kMemSets].set(0, p, set.pack()[p]);
  for (std::uint32_t g = 0; g < groups; ++g) {
    hw::MemUpdateEntry entry;
    entry.group = g;
    entry.mask = (1U << S::kLifLanes) - 1U;
    for (std::uint32_t p = 0; p < 2; ++p) tile.memories[hw::kMemUpdates].set(g, p, entry.pack()[p]);
    for (std::uint32_t lane = 0; lane < S::kLifLanes; ++lane) tile.memories[hw::kMemBiases].set(g, lane, 0);
  }
  device_model::CoreContext context = device_model::core_context(tile.contexts[0]);
  context.update = {.first = 0, .count = groups};
  context.state = {.first_word = 0};
  device_model::set_context(tile.contexts[0], context);
  tile.contexts[0].mode = {.valid = 1};
  crossbar::Model core(chip.tile, tile);
  (void)hls_test::fire(core, page, count, false);
  for (std::uint32_t g = 0; g < groups; ++g)
    for (std::uint32_t lane = 0; lane < S::kLifLanes; ++lane)
      sums.push_back(static_cast<std::int32_t>(tile.memories[hw::kMemPotentials].part(g, lane)));
  return sums;
}

/// A kernel of the crossbar: a few steps.
int write_crossbar(const std::string& kernel, const char* path, std::uint64_t seed) {
  const Chip chip = hls_test::chip_of<S>();
  Rng rng(seed);
  device_model::NodeMemory tile = hls_test::random_tile(chip, rng);
  const auto memory = [&](std::uint32_t number) -> const std::vector<std::uint32_t>& {
    return tile.memories[number].data();
  };
  const std::uint32_t steps = 4;
  std::vector<std::uint32_t> control, limits;
  std::vector<std::uint16_t> pages;
  std::vector<std::vector<std::uint16_t>> page_list;
  std::vector<std::int32_t> sums;
  for (std::uint32_t t = 0; t < steps; ++t) {
    control.push_back(hls_test::control(t, t + 1 == steps));
    limits.push_back(tile.contexts[0].limit[t]);
    page_list.push_back(hls_test::random_page(chip, rng));
    pages.insert(pages.end(), page_list.back().begin(), page_list.back().end());
    const std::vector<std::int32_t> page_sums = sums_of(chip, tile, page_list.back(), t);
    sums.insert(sums.end(), page_sums.begin(), page_sums.end());
  }
  std::ofstream out(path);
  line(out, "context", hls_test::context_words(tile.contexts[0]));
  line(out, "control", control);
  const auto value = [&](const std::string& name, std::int64_t number) {
    line(out, "value_" + name, std::vector<std::int64_t>{number});
  };
  value("steps", steps);
  value("groups", S::kGroups);
  value("lanes", S::kLanes);
  const std::uint32_t limit = *std::max_element(limits.begin(), limits.end());
  if (kernel == "lif") {
    for (const auto& [name, number] : {std::pair{"updates", hw::kMemUpdates},
                                       {"sets", hw::kMemSets},
                                       {"biases", hw::kMemBiases},
                                       {"potentials", hw::kMemPotentials},
                                       {"currents", hw::kMemCurrents}})
      line(out, name, memory(number));
    line(out, "sums", sums);
    value("load", static_cast<std::int64_t>(memory(hw::kMemUpdates).size() + memory(hw::kMemSets).size() +
                                            3 * memory(hw::kMemBiases).size()) +
                      hls::layout::kContextRegisters);
    value("store", static_cast<std::int64_t>(2 * memory(hw::kMemPotentials).size()));
    value("entries", device_model::core_context(tile.contexts[0]).update.count);
    crossbar::Model core(chip.tile, tile);
    std::vector<std::uint32_t> chunks(std::size_t{steps} * S::kUpdateEntries, 0), counts;
    for (std::uint32_t t = 0; t < steps; ++t) {
      const device_model::Firing firing = hls_test::fire(core, page_list[t], t, t + 1 == steps);
      for (std::size_t n = 0; n < firing.out.size(); ++n)
        chunks[t * S::kUpdateEntries + n] = firing.out[n].index << 16 | firing.out[n].mask;
      counts.push_back(static_cast<std::uint32_t>(firing.out.size()));
    }
    value("outputs", *std::max_element(counts.begin(), counts.end()));
    line(out, "expected_out", chunks);
    line(out, "expected_out_count", counts);
    line(out, "expected_potentials", memory(hw::kMemPotentials));
    line(out, "expected_currents", memory(hw::kMemCurrents));
    return out.good() ? 0 : 3;
  }
  line(out, "chunks", memory(hw::kMemChunks));
  line(out, "axons", memory(hw::kMemAxons));
  line(out, "weights", memory(hw::kMemWeights));
  line(out, "pages", pages);
  line(out, "expected_sums", sums);
  value("load", static_cast<std::int64_t>(memory(hw::kMemChunks).size() + memory(hw::kMemAxons).size() +
                                          memory(hw::kMemWeights).size()) +
                    hls::layout::kContextRegisters);
  value("limit", limit);
  crossbar::Model core(chip.tile, tile);
  std::int64_t walk = 0;
  for (std::uint32_t t = 0; t < steps; ++t)
    walk += hls_test::fire(core, page_list[t], t, false).time.integrate - crossbar::kIntegrate;
  value("walk", walk);
  return out.good() ? 0 : 3;
}

/// The systolic core: a firing of some pages, the first of a sample among them.
int write_systolic(const char* path, std::uint64_t seed) {
  using A = hls::SystolicShape;
  test::RandomSystolicTile tile(hls_test::config_of<A>(), seed);
  tile.place();
  std::ofstream out(path);
  const auto memory = [&](std::uint32_t number) -> const std::vector<std::uint32_t>& {
    return tile.memory.memories[number].data();
  };
  const std::uint32_t steps = 1 + tile.below(A::kSystolicPages);
  std::vector<std::uint32_t> control;
  std::vector<std::uint16_t> pages;
  std::vector<device_model::Page> contents;
  for (std::uint32_t t = 0; t < steps; ++t) {
    control.push_back(hls_test::control(t, t + 1 == steps));
    contents.push_back(tile.page());
    pages.insert(pages.end(), contents.back().begin(), contents.back().end());
  }
  line(out, "context", hls_test::context_words(tile.memory.contexts[0]));
  line(out, "control", control);
  line(out, "pages", pages);
  std::int64_t loaded = hls::layout::kContextRegisters;
  for (const auto& [name, number] : {std::pair{"blocks", hw::kMemBlocks},
                                     {"folds", hw::kMemFolds},
                                     {"matrices", hw::kMemMatrices},
                                     {"updates", hw::kMemUpdates},
                                     {"sets", hw::kMemSets},
                                     {"biases", hw::kMemBiases},
                                     {"potentials", hw::kMemPotentials},
                                     {"currents", hw::kMemCurrents}}) {
    line(out, name, memory(number));
    loaded += static_cast<std::int64_t>(memory(number).size());
  }
  std::vector<const device_model::Page*> fired;
  for (const device_model::Page& page : contents) fired.push_back(&page);
  const device_model::Firing firing = tile.model->fire(0, fired, 0, true);
  std::vector<std::uint32_t> chunks(std::size_t{steps} * A::kUpdateEntries, 0), counts(steps, 0);
  for (const device_model::OutEntry& entry : firing.out)
    chunks[entry.page * std::size_t{A::kUpdateEntries} + counts[entry.page]++] =
        entry.index << 16 | entry.mask;
  line(out, "expected_potentials", memory(hw::kMemPotentials));
  line(out, "expected_currents", memory(hw::kMemCurrents));
  line(out, "expected_out", chunks);
  line(out, "expected_out_count", counts);
  line(out, "expected_cycles", std::vector<std::int64_t>{firing.time.integrate, firing.time.total()});
  std::int64_t folds = 0;
  const systolic::Tables tables(tile.cluster);
  for (std::size_t b = 0; b < tables.blocks(); ++b) folds += tables.block(b).folds;
  const auto value = [&](const std::string& name, std::int64_t number) {
    line(out, "value_" + name, std::vector<std::int64_t>{number});
  };
  value("pages", steps);
  value("page_chunks", A::kPageChunks);
  value("folds", folds);
  value("array", firing.time.total());
  value("outputs", static_cast<std::int64_t>(firing.out.size()));
  value("load", loaded);
  value("store", static_cast<std::int64_t>(2 * memory(hw::kMemPotentials).size()));
  return out.good() ? 0 : 3;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string kernel = argc == 4 ? argv[1] : "";
  if (kernel != "crossbar" && kernel != "lif" && kernel != "systolic") {
    std::fprintf(stderr, "usage: spikeloom-hls-case crossbar|lif|systolic FILE SEED\n");
    return 2;
  }
  try {
    const std::uint64_t seed = std::stoull(argv[3]);
    return kernel == "systolic" ? write_systolic(argv[2], seed) : write_crossbar(kernel, argv[2], seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spikeloom-hls-case: %s\n", error.what());
    return 3;
  }
}

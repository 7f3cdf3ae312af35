// What fits: refusals from shapes against the compiler itself, the chip that would do compiled for, FPGAs by
// hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/fit/chip_rams.hpp"
#include "compiler/fit/fpga.hpp"
#include "compiler/fit/needs.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/quantize/quantize.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// What channels need at their ends.
constexpr std::array kEnds = {"host.channels",   "host.credit_counters", "tile.credit_counters",
                              "tile.deliveries", "tile.order_entries",   "noc.spike_wheel",
                              "noc.credit_wheel"};

/// The value of a key such as "tile.deliveries".
std::uint64_t number_of(const Chip& chip, const std::string& key) {
  std::istringstream text(print(chip));
  const std::size_t dot = key.find('.');
  std::string table, line;
  while (std::getline(text, line)) {
    if (line.starts_with("[")) table = line;
    if (table == "[" + key.substr(0, dot) + "]" && line.starts_with(key.substr(dot + 1) + " = "))
      return std::stoull(line.substr(line.find('=') + 1));
  }
  throw input_error("chip " + chip.name + " has no " + key);
}

/// Shrinks some of what channels need at their ends: the host's tables, the tiles' and the wheels. Where the
/// sums of tiles may not go in parts, more of it is counted.
void narrow_ends(Rng& rng, Chip& chip) {
  if (rng.chance(0.5)) chip.tile.sums = 0;
  for (const char* key : kEnds) {
    const bool is_wheel = std::string(key).starts_with("noc.");
    if (rng.chance(0.3))
      chip = with_key(chip, key, std::to_string(is_wheel ? 4U << rng.below(2) : 1 + rng.below(8)));
  }
}

/// A random chip, and half of the time one of whose sizes some are far smaller: the tiles', and in some what
/// host and wires offer.
Chip narrow_chip(Rng& rng) {
  Chip chip = test::random_chip(rng);
  if (rng.chance(0.4)) narrow_ends(rng, chip);
  const std::array keys = {"page_chunks", "deliveries",  "contexts",      "page_rows",
                           "out_entries", "groups",      "chunk_entries", "weight_words",
                           "state_words", "page_blocks", "update_entries"};
  for (const char* key : keys) {
    if (!rng.chance(0.15)) continue;
    const std::string value = std::to_string(1 + rng.below(std::string(key) == "weight_words" ? 200 : 12));
    if (std::string(key) != "page_rows" || value != "1")
      chip = with_key(chip, std::string("tile.") + key, value);
  }
  return chip;
}

CompileOptions plain_options() {
  CompileOptions options;
  options.spread = Spread::kFewest;
  options.tune = false;
  options.points = 0;
  return options;
}

bool can_be_built(const IntNetwork& network, const Chip& chip) {
  try {
    return std::holds_alternative<Image>(build_image(network, chip, plain_options()));
  } catch (const Error&) {
    return false;
  }
}

TEST(Shortfalls, AreNoneWhereTheNetworkIsCompiled) {
  int compiled = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    Chip chip = narrow_chip(rng);
    IntNetwork network = test::random_network(rng, {3, 60});
    network.state_bits = chip.tile.state_bits;
    const std::vector<Shortfall> short_of = shortfalls(outline_of(network), chip, 0);
    refused += short_of.empty() ? 0 : 1;
    if (!can_be_built(network, chip)) continue;
    ++compiled;
    EXPECT_THAT(short_of, IsEmpty()) << "seed " << seed << ": " << short_of.front().text;
  }
  EXPECT_GT(compiled, 40);
  EXPECT_GT(refused, 40);
}

/// More of a network meets the host: populations read its inputs in this step, and are read out.
void meet_the_host(Rng& rng, IntNetwork& network) {
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const std::size_t neurons = network.populations[p].size();
    if (rng.chance(0.5))
      network.projections.push_back(test::random_projection(
          rng, InputId(0), network.inputs[0].size(), PopulationId(p), neurons, 8, rng.chance(0.7) ? 1 : 0.3));
    if (p + 1 < network.populations.size() && rng.chance(0.5))
      network.outputs.push_back({"out" + std::to_string(p), {neurons}, PopulationId(p)});
  }
}

/// Each of these is sometimes all that is short, and sometimes just enough.
TEST(Shortfalls, OfTablesAndWheelsAreNoneWhereTheNetworkIsCompiled) {
  int compiled = 0;
  std::map<std::string, int> refused_for, just_enough;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Rng rng(seed);
    Chip chip = test::random_chip(rng);
    chip.width = std::min(chip.width, 2U);
    chip.height = 1;
    narrow_ends(rng, chip);
    IntNetwork network = test::random_network(rng, {5, 40});
    network.state_bits = chip.tile.state_bits;
    meet_the_host(rng, network);
    const std::vector<Shortfall> short_of = shortfalls(outline_of(network), chip, 0);
    if (short_of.size() == 1) ++refused_for[short_of.front().key];
    if (!can_be_built(network, chip)) continue;
    ++compiled;
    EXPECT_THAT(short_of, IsEmpty()) << "seed " << seed << ": " << short_of.front().text;
    // With one less the shapes would have refused it.
    for (const char* key : kEnds) {
      const std::uint64_t value = number_of(chip, key);
      const bool is_wheel = std::string(key).starts_with("noc.");
      if (value == (is_wheel ? 4 : 1)) continue;
      const Chip less = with_key(chip, key, std::to_string(is_wheel ? value / 2 : value - 1));
      just_enough[key] += shortfalls(outline_of(network), less, 0).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(compiled, 300);
  for (const char* key : kEnds) {
    EXPECT_GT(refused_for[key], 0) << key;
    EXPECT_GT(just_enough[key], 0) << key;
  }
}

/// Layers of IF neurons with dense, pruned or repeated rows of real weights, not on any grid.
Network real_network(Rng& rng, const std::vector<std::size_t>& sizes) {
  Network network;
  network.name = "real";
  network.dt = 1;
  network.inputs = {{"in", {sizes[0]}}};
  for (std::size_t n = 1; n < sizes.size(); ++n) {
    Population population;
    population.name = "p" + std::to_string(n);
    population.kind = NeuronKind::kIf;
    population.shape = {sizes[n]};
    for (const RealParameter& parameter : kRealParameters)
      (population.*parameter.values).assign(sizes[n], parameter.neutral);
    population.beta.assign(sizes[n], 1);
    population.theta.assign(sizes[n], 2);
    network.populations.push_back(population);
    Projection projection;
    projection.name = "w" + std::to_string(n);
    projection.from = n == 1 ? Source(InputId(0)) : Source(PopulationId(n - 2));
    projection.to = PopulationId(n - 1);
    projection.form =
        MapForm(DenseMap{static_cast<std::uint32_t>(sizes[n - 1]), static_cast<std::uint32_t>(sizes[n])});
    const double kept = rng.chance(0.5) ? 1.0 : 0.3;
    const std::size_t rows = rng.chance(0.3) ? 3 : sizes[n - 1];  // different ones
    for (std::size_t k = 0; k < sizes[n - 1] * sizes[n]; ++k) {
      const bool again = k >= rows * sizes[n];
      double weight = std::cbrt(rng.unit() - 0.5) * (rng.chance(0.01) ? 10 : 1);
      if (rng.chance(0.1)) weight *= 1e-9;
      projection.weight.push_back(again              ? projection.weight[k - rows * sizes[n]]
                                  : rng.chance(kept) ? weight
                                                     : 0.0);
    }
    network.projections.push_back(projection);
  }
  network.outputs = {{"out", {sizes.back()}, PopulationId(sizes.size() - 2)}};
  return network;
}

TEST(Shortfalls, OfRealWeightsDoNotRestOnRounding) {
  int compiled = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Rng rng(seed);
    Chip chip = narrow_chip(rng);
    chip.tile.weight_bits = {8, 4, 2, 1};
    chip.tile.max_shift = 7;
    const Network network = real_network(rng, {1 + rng.below(120), 1 + rng.below(90), 1 + rng.below(30)});
    CompileOptions options = plain_options();
    options.weight_bits = std::array{8U, 4U, 2U, 1U}[rng.below(4)];
    const auto every = [](std::uint32_t value) { return [value](const std::string&) { return value; }; };
    const std::vector<Shortfall> short_of =
        shortfalls(outline_of(network, {every(options.weight_bits), every(1)}), chip, 0);
    refused += short_of.empty() ? 0 : 1;
    try {
      const IntNetwork integers = quantize(network, quantize_options(network, chip, options)).network;
      if (!can_be_built(integers, chip)) continue;
    } catch (const Error&) {
      continue;
    }
    ++compiled;
    EXPECT_THAT(short_of, IsEmpty()) << "seed " << seed << ": " << short_of.front().text;
  }
  EXPECT_GT(compiled, 30);
  EXPECT_GT(refused, 15);
}

/// 120 sources that all reach 64 neurons by the rows of `row`.
IntNetwork dense_rows(const std::function<int(std::size_t source, std::size_t target)>& weight) {
  Rng rng(5);
  IntNetwork network;
  network.name = "rows";
  network.inputs = {{"in", {120}, 1, false, 1}};
  network.populations = {test::random_population(rng, "p", 64, NeuronKind::kLif)};
  IntProjection projection{"w", InputId(0), PopulationId(0), 0, 8, 0, MapForm(DenseMap{120, 64}), {}};
  for (std::size_t s = 0; s < 120; ++s)
    for (std::size_t t = 0; t < 64; ++t) projection.weight.push_back(static_cast<std::int16_t>(weight(s, t)));
  network.projections = {projection};
  network.outputs = {{"out", {64}, PopulationId(0)}};
  return network;
}

TEST(Shortfalls, CountRowsThatRepeatOnce) {
  Chip chip;
  chip.tile.weight_words = 4;
  const IntNetwork alike = dense_rows([](std::size_t, std::size_t t) { return 10 + static_cast<int>(t); });
  ASSERT_TRUE(can_be_built(alike, chip));
  EXPECT_THAT(shortfalls(outline_of(alike), chip, 0), IsEmpty());
  const IntNetwork different = dense_rows(
      [](std::size_t s, std::size_t t) { return static_cast<int>((s * 89 + t * s * 31 + t) % 251) - 125; });
  ASSERT_FALSE(can_be_built(different, chip));
  EXPECT_THAT(shortfalls(outline_of(different), chip, 0), Not(IsEmpty()));
}

TEST(SmallestChip, HoldsTheNetwork) {
  const Chip like = chip_named("mesh4x4");
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    Network network =
        real_network(rng, {10 + rng.below(900), 10 + rng.below(300), 10 + rng.below(200), 1 + rng.below(20)});
    const auto every = [](std::uint32_t value) { return [value](const std::string&) { return value; }; };
    const std::optional<Chip> chip = smallest_chip(outline_of(network, {every(8), every(1)}), like);
    ASSERT_TRUE(chip) << "seed " << seed;
    const auto result = compile(CompileInput{"real", std::move(network), {}, {}}, *chip, plain_options(), {});
    const auto* no = std::get_if<DoesNotFit>(&result);
    EXPECT_EQ(no, nullptr) << "seed " << seed << ": " << no->reason << "\n" << print(*chip);
  }
}

/// By clusters of 256 neurons, with which the search begins, it reads more channels than any tile takes.
TEST(SmallestChip, HoldsANeuronThatReadsAWholeMap) {
  Rng rng(5);
  IntNetwork network;
  network.name = "whole map";
  network.inputs = {{"in", {16, 16, 16}, 1, false, 1}};
  network.populations = {test::random_population(rng, "map", 128 * 16 * 16, NeuronKind::kLif),
                         test::random_population(rng, "classes", 10, NeuronKind::kLif)};
  network.populations.front().shape = {128, 16, 16};
  WindowMap window;
  window.inputs = 16;
  window.outputs = 128;
  window.in = window.out = {16, 16};
  const std::array<MapForm, 2> forms{MapForm(window), MapForm(DenseMap{128 * 16 * 16, 10})};
  for (std::uint32_t p = 0; p < 2; ++p) {
    IntProjection& projection = network.projections.emplace_back();
    projection.name = p == 0 ? "conv" : "dense";
    projection.from = p == 0 ? Source(InputId(0)) : Source(PopulationId(0));
    projection.to = PopulationId(p);
    projection.form = forms[p];
    for (std::size_t k = 0; k < forms[p].weights(); ++k)
      projection.weight.push_back(test::random_weight(rng, 8));
  }
  network.outputs = {{"out", {10}, PopulationId(1)}};
  const Chip like = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/tests/bench/cifar.toml");
  EXPECT_TRUE(smallest_chip(outline_of(network), like));
}

/// More clusters than 16 × 16 tiles have contexts for.
TEST(SmallestChip, MayHaveAsManyTilesAsAMeshCan) {
  Rng rng(3);
  IntNetwork network;
  network.inputs = {{"in", {1}, 1, false, 1}};
  constexpr std::uint32_t kLayers = 4200;
  for (std::uint32_t p = 0; p < kLayers; ++p) {
    network.populations.push_back(test::random_population(rng, "p" + std::to_string(p), 1, NeuronKind::kLif));
    IntProjection& projection = network.projections.emplace_back();
    projection.name = "w" + std::to_string(p);
    projection.from = p == 0 ? Source(InputId(0)) : Source(PopulationId(p - 1));
    projection.to = PopulationId(p);
    projection.form = MapForm(DenseMap{1, 1});
    projection.weight = {1};
  }
  network.outputs = {{"out", {1}, PopulationId(kLayers - 1)}};
  const Chip like = chip_named("mesh4x4");
  const std::optional<Chip> chip = smallest_chip(outline_of(network), like);
  ASSERT_TRUE(chip);
  EXPECT_GT(chip->tiles(), 256U);
}

TEST(Refusal, ListsEverythingAtOnceWithTheChipThatWouldDo) {
  Rng rng(1);
  const Network network = real_network(rng, {784, 512, 512, 10});
  const auto every = [](std::uint32_t value) { return [value](const std::string&) { return value; }; };
  Chip chip = chip_named("tile1");
  const auto text_for = [&] {
    return refusal(outline_of(network, {every(8), every(1)}), chip, 0, Advice::kSmallestChip).value_or("");
  };
  // A neuron with more inputs than a page has parts, where tiles hand on sums.
  EXPECT_THAT(text_for(),
              AllOf(Not(HasSubstr("alone needs tile.page_chunks")), HasSubstr("tile.weight_words"),
                    HasSubstr("the smallest chip that would do has")));
  chip.tile.sums = 0;
  EXPECT_THAT(text_for(),
              AllOf(HasSubstr("population p3"), HasSubstr("tile.page_chunks"), HasSubstr("tile.weight_words"),
                    HasSubstr("the smallest chip that would do has")));
}

/// A 3 × 3 kernel over 64 channels: 36 chunks of a page for one position alone, 238 for the whole input.
TEST(OrdinaryChips, HoldAConvolutionOverManyInputChannels) {
  Rng rng(3);
  WindowMap window;
  window.inputs = 64;
  window.outputs = 16;
  window.in = window.out = {6, 10};
  window.kernel = {3, 3};
  window.before = {1, 1};
  // The same values, once channels first and once channels last.
  std::vector<std::uint32_t> last(window.inputs * window.in_area());
  for (std::uint32_t at = 0; at < window.in_area(); ++at)
    for (std::uint32_t c = 0; c < window.inputs; ++c)
      last[at * window.inputs + c] = c * window.in_area() + at;
  for (const char* chip : {"mesh2x2", "mesh4x4", "mesh8x8", "scnn"})
    for (const bool channels_last : {false, true}) {
      IntNetwork network;
      network.name = "channels";
      network.inputs = {{"in", channels_last ? Shape{6, 10, 64} : Shape{64, 6, 10}, 1, false, 1}};
      IntPopulation population = test::random_population(rng, "p", 960, NeuronKind::kLif);
      population.shape = {16, 6, 10};
      network.populations = {population};
      const MapForm form(window, channels_last ? last : std::vector<std::uint32_t>{});
      IntProjection projection{"conv", InputId(0), PopulationId(0), 0, 8, 0, form, {}};
      for (std::size_t k = 0; k < form.weights(); ++k)
        projection.weight.push_back(static_cast<std::int16_t>(rng.between(-9, 9)));
      network.projections = {projection};
      network.outputs = {{"out", population.shape, PopulationId(0)}};
      const Chip on = chip_named(chip);
      network.state_bits = on.tile.state_bits;
      EXPECT_THAT(shortfalls(outline_of(network), on, 0), IsEmpty());
      const auto built = build_image(network, on, plain_options());
      const auto* no = std::get_if<DoesNotFit>(&built);
      EXPECT_EQ(no, nullptr) << chip << ", " << no->reason;
    }
}

const Fpga& fpga(std::string_view name) {
  for (const Fpga& one : fpgas())
    if (one.name == name) return one;
  throw input_error("no such FPGA");
}

TEST(FpgaUse, CountsTheBlocksOfTheBestShape) {
  const std::vector<Ram> rams = {{"weights", 128, 2048, 32, 1}};
  const FpgaUse use = use_of(rams, fpga("U55C"));
  EXPECT_EQ(use.blocks, 7.5);  // 15 of 9 bits × 2048
  EXPECT_TRUE(use.fits);
  EXPECT_EQ(use_of(rams, fpga("iCE40 HX8K")).blocks, 64);
  EXPECT_FALSE(use_of(rams, fpga("iCE40 HX8K")).fits);
}

TEST(FpgaUse, PutsSmallMemoriesIntoLutsWhereThereAreSuch) {
  const std::vector<Ram> rams = {{"sets", 24, 64, 24, 2}};
  EXPECT_EQ(use_of(rams, fpga("U55C")).blocks, 0);
  EXPECT_EQ(use_of(rams, fpga("U55C")).lut_bits, 2 * 24 * 64);
  EXPECT_EQ(use_of(rams, fpga("iCE40 HX8K")).blocks, 4);
}

TEST(FpgaUse, SplitsWordsWhosePartsAreNoBytes) {
  EXPECT_EQ(use_of(std::vector<Ram>{{"biases", 80, 512, 20, 1}}, fpga("ZCU102")).blocks, 2);  // 4 of 20 bits
  EXPECT_EQ(use_of(std::vector<Ram>{{"biases", 72, 512, 18, 1}}, fpga("ZCU102")).blocks, 1);  // 2 of 36 bits
}

TEST(FpgaUse, MovesToUltraRamOnlyAsMuchAsItMust) {
  const Fpga& device = fpga("KV260");                             // 288 halves, 64 UltraRAMs
  const std::vector<Ram> rams = {{"weights", 72, 4096, 72, 20}};  // 16 halves each
  const FpgaUse use = use_of(rams, device);
  EXPECT_EQ(use.ultra, 2U);
  EXPECT_EQ(use.blocks, 144);
  EXPECT_TRUE(use.fits);
  EXPECT_FALSE(use_of(std::vector<Ram>{{"weights", 72, 4096, 72, 100}}, device).fits);
}

}  // namespace
}  // namespace spikeloom::testing

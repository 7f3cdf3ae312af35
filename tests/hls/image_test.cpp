// Compiled images on the HLS kernels: the image's own ring words, decoded into a tile's memories, against
// golden.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/replay/stimulus.hpp"
#include "hls/crossbar/spikeloom_crossbar.hpp"
#include "hls/crossbar/spikeloom_lif.hpp"
#include "hls/systolic/spikeloom_systolic.hpp"
#include "hls_crossbar_shape.hpp"
#include "hls_systolic_shape.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/random_case.hpp"
#include "tests/hls/random_tile.hpp"

namespace spikeloom::hls_test {
namespace {

using test::chip_named;

using device_model::NodeMemory;
/// Chunk masks by chunk, for every step.
using Chunks = std::vector<std::map<std::uint32_t, std::uint16_t>>;

/// One context's sample on a core's kernels: pages are steps × page_chunks masks; states stay in `tile`.
using RunContext = Chunks (*)(NodeMemory& tile, std::uint32_t context, std::uint32_t steps,
                              const std::vector<std::uint16_t>& pages);

/// A core's kernels, and the chip of one tile whose sizes they have.
struct Kernels {
  const char* core;
  Chip (*chip)();
  RunContext run;
};

/// What the image's load words leave in tile node 1.
NodeMemory loaded(const Image& image) {
  NodeMemory tile = NodeMemory::tile(image.chip);
  for (const std::uint64_t word : program(image).load) {
    const hw::WordRing ring = hw::WordRing::unpack(word);
    const bool control = ring.address == hw::kAddrNodeControl;
    if (ring.node == 1 && ring.kind == hw::kKindRingWrite && !control)
      tile.write(static_cast<std::uint32_t>(ring.address), static_cast<std::uint32_t>(ring.data));
  }
  return tile;
}

Chunks host_chunks(const Image& image, const Sample& sample) {
  Chunks steps(sample.steps());
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const StreamInput& input = image.application.inputs.at(i);
    for (std::size_t t = 0; t < (input.is_static ? 1 : steps.size()); ++t)
      for (const Event& event : sample.inputs[i].at(t))
        for (std::uint32_t b = 0; b < input.planes; ++b)
          if ((static_cast<std::int64_t>(event.value) >> b & 1) != 0) {
            const std::uint32_t axon =
                input.first_axon + input_number(input.shape, input.order, event.element) * input.planes + b;
            std::uint16_t& mask = steps[t][axon / 16];
            mask = static_cast<std::uint16_t>(mask | 1U << (axon % 16));
          }
  }
  return steps;
}

std::vector<std::uint16_t> pages_of(const Cluster& cluster, const std::map<std::size_t, Chunks>& outputs,
                                    const Chunks& host, std::uint32_t page_chunks) {
  std::vector<std::uint16_t> pages(host.size() * page_chunks, 0);
  for (const Inbound& inbound : cluster.inbound) {
    const Chunks& source = inbound.from ? outputs.at(inbound.from->index()) : host;
    for (std::size_t t = inbound.delay; t < host.size(); ++t)
      for (const auto& [chunk, mask] : source[t - inbound.delay])
        if (chunk >= inbound.source_first && chunk < inbound.source_first + inbound.source_count)
          pages[t * page_chunks + inbound.first_chunk + chunk - inbound.source_first] = mask;
  }
  return pages;
}

void set_states(NodeMemory& tile, std::uint32_t memory, const std::vector<std::uint32_t>& words) {
  device_model::Memory& states = tile.memories[memory];
  for (std::size_t n = 0; n < words.size(); ++n) states.set(n / states.parts(), n % states.parts(), words[n]);
}

void add_pushes(Chunks& chunks, std::size_t step, const std::uint32_t* out, std::uint32_t count) {
  for (std::uint32_t n = 0; n < count; ++n) chunks[step][out[n] >> 16] = static_cast<std::uint16_t>(out[n]);
}

Chunks run_crossbar(NodeMemory& tile, std::uint32_t context_number, std::uint32_t steps,
                    const std::vector<std::uint16_t>& pages) {
  using S = hls::CrossbarShape;
  const std::vector<std::uint32_t> context = context_words(tile.contexts.at(context_number));
  std::vector<std::uint32_t> control;
  for (std::uint32_t t = 0; t < steps; ++t) control.push_back(hls_test::control(t, t + 1 == steps));
  const auto words = [&](std::uint32_t memory) { return tile.memories[memory].data().data(); };
  std::vector<std::int32_t> sums(std::size_t{steps} * S::kGroups * S::kLanes);
  spikeloom_crossbar(context.data(), words(hw::kMemChunks), words(hw::kMemAxons), words(hw::kMemWeights),
                     control.data(), pages.data(), sums.data(), steps);
  std::vector<std::uint32_t> v = tile.memories[hw::kMemPotentials].data(),
                             i = tile.memories[hw::kMemCurrents].data();
  std::vector<std::uint32_t> out(std::size_t{steps} * S::kUpdateEntries), counts(steps);
  spikeloom_lif(context.data(), words(hw::kMemUpdates), words(hw::kMemSets), words(hw::kMemBiases),
                control.data(), sums.data(), v.data(), i.data(), out.data(), counts.data(), steps);
  set_states(tile, hw::kMemPotentials, v);
  set_states(tile, hw::kMemCurrents, i);
  Chunks chunks(steps);
  for (std::uint32_t t = 0; t < steps; ++t)
    add_pushes(chunks, t, out.data() + std::size_t{t} * S::kUpdateEntries, counts[t]);
  return chunks;
}

/// Firings of as many pages as the tile takes; the last one has what is left.
Chunks run_systolic(NodeMemory& tile, std::uint32_t context_number, std::uint32_t steps,
                    const std::vector<std::uint16_t>& pages) {
  using S = hls::SystolicShape;
  const std::vector<std::uint32_t> context = context_words(tile.contexts.at(context_number));
  const auto words = [&](std::uint32_t memory) { return tile.memories[memory].data().data(); };
  std::vector<std::uint32_t> v = tile.memories[hw::kMemPotentials].data(),
                             i = tile.memories[hw::kMemCurrents].data();
  Chunks chunks(steps);
  for (std::uint32_t first = 0; first < steps; first += S::kSystolicPages) {
    const std::uint32_t batch = std::min<std::uint32_t>(S::kSystolicPages, steps - first);
    std::vector<std::uint32_t> control, cycles(2), counts(batch);
    for (std::uint32_t t = first; t < first + batch; ++t)
      control.push_back(hls_test::control(t, t + 1 == steps));
    std::vector<std::uint32_t> out(std::size_t{batch} * S::kUpdateEntries);
    spikeloom_systolic(context.data(), words(hw::kMemBlocks), words(hw::kMemFolds), words(hw::kMemMatrices),
                       words(hw::kMemUpdates), words(hw::kMemSets), words(hw::kMemBiases), control.data(),
                       pages.data() + std::size_t{first} * S::kPageChunks, v.data(), i.data(), out.data(),
                       counts.data(), cycles.data(), batch);
    for (std::uint32_t t = 0; t < batch; ++t)
      add_pushes(chunks, first + t, out.data() + std::size_t{t} * S::kUpdateEntries, counts[t]);
  }
  set_states(tile, hw::kMemPotentials, v);
  set_states(tile, hw::kMemCurrents, i);
  return chunks;
}

Chip one_array() {
  Chip chip = chip_named("arrays4x3");
  chip.name = "array";
  chip.width = chip.height = 1;
  return parse_chip(print(chip), chip.name);
}

const Kernels kCrossbarKernels = {"crossbar", [] { return chip_named("tile1"); }, run_crossbar};
const Kernels kSystolicKernels = {"systolic", one_array, run_systolic};

/// Ascending NIR indices of a cluster's spikes.
std::vector<std::uint32_t> neurons_of(const Cluster& cluster,
                                      const std::map<std::uint32_t, std::uint16_t>& chunks) {
  std::vector<std::uint32_t> neurons;
  for (const auto& [chunk, mask] : chunks)
    for (std::uint32_t bit = 0; bit < 16; ++bit)
      if ((mask >> bit & 1) != 0) neurons.push_back(cluster.sent_neurons().at(chunk * 16 + bit));
  std::sort(neurons.begin(), neurons.end());
  return neurons;
}

/// In the names of tests.
void PrintTo(const Kernels* kernels, std::ostream* out) { *out << kernels->core; }

class HlsImage : public ::testing::TestWithParam<const Kernels*> {};

/// Every spike of every step and every membrane at a sample's end. Adds the spikes seen.
void expect_golden(const Compilation& compiled, const Dataset& data, const Kernels& kernels,
                   std::size_t& spikes) {
  const Application& application = compiled.image.application;
  NodeMemory tile = loaded(compiled.image);
  GoldenInterpreter golden(compiled.integers);
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const Sample& sample = data.samples[s];
    const Chunks host = host_chunks(compiled.image, sample);
    std::map<std::size_t, Chunks> outputs;
    for (const ClusterId id : application.order) {
      const Cluster& cluster = application.clusters.at(id.index());
      outputs[id.index()] =
          kernels.run(tile, compiled.image.binding.placement.at(id.index()).context,
                      static_cast<std::uint32_t>(sample.steps()),
                      pages_of(cluster, outputs, host, compiled.image.chip.tile.page_chunks));
    }
    golden.reset();
    for (std::size_t t = 0; t < sample.steps(); ++t) {
      std::vector<InputStep> inputs;
      for (const Train& train : sample.inputs) {
        InputStep& step = inputs.emplace_back();
        for (const Event& event : train.at(t))
          step.push_back({event.element, static_cast<std::int32_t>(event.value)});
      }
      golden.step(inputs);
      for (const auto& [id, chunks] : outputs) {
        const Cluster& cluster = application.clusters[id];
        if (cluster.readout) continue;
        const auto all = golden.spikes(cluster.sent_population());
        const std::vector<std::uint32_t>& sent = cluster.sent_neurons();
        std::vector<std::uint32_t> expected;
        for (const std::uint32_t n : all)
          if (std::find(sent.begin(), sent.end(), n) != sent.end()) expected.push_back(n);
        ASSERT_EQ(neurons_of(cluster, chunks[t]), expected)
            << "sample " << s << ", step " << t << ", " << cluster.name;
        spikes += expected.size();
      }
    }
    for (const ClusterId id : application.order) {
      const Cluster& cluster = application.clusters[id.index()];
      for (std::size_t p = 0; p < cluster.size(); ++p) {
        if (cluster.neurons[p] == kNoNeuron) continue;
        const StateAddress at = core_of(cluster).state_at(compiled.image.chip.tile, NeuronState::kPotential,
                                                          compiled.image.binding.placement[id.index()].first,
                                                          static_cast<std::uint32_t>(p));
        ASSERT_EQ(static_cast<std::int32_t>(tile.memories[hw::kMemPotentials].part(at.word, at.part)),
                  golden.v(cluster.population)[cluster.neurons[p]])
            << "sample " << s << ", " << cluster.name << ", position " << p;
      }
    }
  }
}

TEST_P(HlsImage, DigitsRunAsTheGoldenModelOnTheImagesOwnRows) {
  const Chip chip = GetParam()->chip();
  CompileOptions options;
  options.spread = Spread::kFewest;
  const auto made =
      compile(SPIKELOOM_SOURCE_DIR "/examples/digits/digits.nir", chip, options, [](const std::string&) {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(made));
  const auto& compiled = std::get<Compilation>(made);
  DatasetOptions few;
  few.limit = 60;
  std::size_t spikes = 0;
  expect_golden(
      compiled,
      read_dataset(SPIKELOOM_SOURCE_DIR "/examples/digits/test.npz", input_ports(compiled.image), few),
      *GetParam(), spikes);
  EXPECT_GT(spikes, 10000U);
}

/// Max pooling that folds: the OR of a window's neurons is one chunk.
TEST_P(HlsImage, FoldedPoolsAreTheGoldenModels) {
  const Chip chip = GetParam()->chip();
  std::size_t spikes = 0;
  int folded = 0;
  for (std::uint64_t seed = 1; folded < 12; ++seed) {
    ASSERT_LT(seed, 200U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::Case made = testing::pooled_case(seed, chip);
    CompileOptions options;
    options.spread = Spread::kFewest;
    std::variant<Compilation, DoesNotFit> built = DoesNotFit{};
    try {
      built = compile(CompileInput{"pooled.json", made.network, {}, {}}, chip, options, {});
    } catch (const Error&) {
      continue;  // too large for the chip
    }
    const auto* compiled = std::get_if<Compilation>(&built);
    if (compiled == nullptr) continue;
    const auto& clusters = compiled->image.application.clusters;
    const auto is_late = [](const Cluster& cluster) {
      return std::any_of(cluster.inbound.begin(), cluster.inbound.end(),
                         [](const Inbound& inbound) { return inbound.delay != 0; });
    };
    if (!clusters.front().pooled || std::any_of(clusters.begin(), clusters.end(), is_late)) continue;
    ++folded;
    expect_golden(*compiled, made.data, *GetParam(), spikes);
  }
  EXPECT_GT(spikes, 100U);
}

/// Four neurons of twice the tile's axons: three parts hand their sums on to the fourth, on the same tile.
TEST(HlsCrossbarImage, SumsInPartsAreTheGoldenModels) {
  const Chip chip = chip_named("tile1");
  const std::uint32_t inputs = 2 * 16 * chip.tile.page_chunks, neurons = 4;
  Rng rng(5);
  IntNetwork network;
  network.name = "dense";
  network.state_bits = chip.tile.state_bits;
  network.inputs = {{"in", {inputs}, 1, false, 1}};
  IntPopulation layer;
  layer.name = "layer";
  layer.shape = {neurons};
  for (const IntParameter& parameter : kIntParameters) (layer.*parameter.values).assign(neurons, 0);
  layer.beta.assign(neurons, 3000);
  layer.theta.assign(neurons, 100);
  network.populations = {layer};
  IntProjection projection{"w", InputId(0), PopulationId(0), 0, 8, 0, MapForm(DenseMap{inputs, neurons}), {}};
  for (std::uint32_t k = 0; k < inputs * neurons; ++k)
    projection.weight.push_back(static_cast<std::int16_t>(rng.between(-128, 127)));
  network.projections = {projection};
  network.outputs = {{"out", {neurons}, PopulationId(0)}};
  CompileOptions options;
  options.spread = Spread::kFewest;
  const auto made = compile(CompileInput{"dense.json", network, {}, {}}, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(made)) << std::get<DoesNotFit>(made).reason;
  const auto& compiled = std::get<Compilation>(made);
  ASSERT_GT(compiled.integers.populations.size(), 1U);
  Dataset data;
  data.ports = {{"in", {inputs}}};
  for (int s = 0; s < 8; ++s) {
    Sample sample{std::to_string(s), std::nullopt, {}};
    sample.inputs.resize(1);
    for (int t = 0; t < 10; ++t) {
      for (std::uint32_t e = 0; e < inputs; ++e)
        if (rng.chance(0.3)) sample.inputs[0].add(e);
      sample.inputs[0].end_step();
    }
    data.samples.push_back(std::move(sample));
  }
  std::size_t spikes = 0;
  expect_golden(compiled, data, kCrossbarKernels, spikes);
  EXPECT_GT(spikes, 50U);
}

/// Convolutions of more inputs than the tile's axons, shared out by channels or by rows of their kernels.
TEST(HlsCrossbarImage, WideConvolutionsAreTheGoldenModels) {
  const Chip chip = chip_named("tile1");
  std::size_t spikes = 0;
  int split = 0;
  for (std::uint64_t seed = 1; split < 3; ++seed) {
    ASSERT_LT(seed, 300U) << "hardly any network fits";
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::Case made = testing::wide_convolution_case(seed, chip);
    // The bench gives the kernels one input, and steps have no delays.
    if (made.network.inputs.size() > 1 || made.network.projections.back().delay != 0) continue;
    CompileOptions options;
    options.spread = Spread::kFewest;
    options.tune = false;
    std::variant<Compilation, DoesNotFit> built = DoesNotFit{};
    try {
      built = compile(CompileInput{"wide.json", made.network, {}, {}}, chip, options, {});
    } catch (const Error&) {
      continue;  // too large for the chip
    }
    const auto* compiled = std::get_if<Compilation>(&built);
    if (compiled == nullptr || compiled->parts.empty()) continue;
    ++split;
    expect_golden(*compiled, made.data, kCrossbarKernels, spikes);
  }
  EXPECT_GT(spikes, 5U);
}

/// A layer that holds its sum in its current, and one behind it, for which a readout does.
TEST(HlsCrossbarImage, HeldSumsOfStaticInputsAreTheGoldenModels) {
  const Chip chip = chip_named("tile1");
  constexpr std::uint32_t kInputs = 40, kNeurons = 5;
  Rng rng(7);
  IntNetwork network;
  network.name = "static";
  network.state_bits = chip.tile.state_bits;
  network.inputs = {{"in", {kInputs}, 2, false, 1}};
  IntPopulation layer;
  layer.shape = {kNeurons};
  for (const IntParameter& parameter : kIntParameters) (layer.*parameter.values).assign(kNeurons, 0);
  layer.beta.assign(kNeurons, 3000);
  layer.theta.assign(kNeurons, 300);
  layer.bias_i.assign(kNeurons, 9);
  for (const char* name : {"first", "second"}) {
    layer.name = name;
    network.populations.push_back(layer);
  }
  const auto connect = [&](const char* name, Source from, std::uint32_t sources, std::size_t to) {
    IntProjection projection{name, from, PopulationId(to), 0, 8, 0, MapForm(DenseMap{sources, kNeurons}), {}};
    for (std::uint32_t k = 0; k < sources * kNeurons; ++k)
      projection.weight.push_back(static_cast<std::int16_t>(rng.between(-80, 127)));
    network.projections.push_back(std::move(projection));
  };
  connect("a", InputId(0), kInputs, 0);
  connect("b", InputId(0), kInputs, 1);
  connect("c", PopulationId(0), kNeurons, 1);
  network.outputs = {{"out", {kNeurons}, PopulationId(1)}};
  CompileOptions options;
  options.spread = Spread::kFewest;
  options.static_inputs = {"in"};
  const auto made = compile(CompileInput{"static.json", network, {}, {}}, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(made)) << std::get<DoesNotFit>(made).reason;
  const auto& compiled = std::get<Compilation>(made);
  ASSERT_EQ(compiled.integers.populations.size(), 3U);
  ASSERT_TRUE(compiled.image.application.inputs.at(0).is_static);
  Dataset data;
  data.ports = {{"in", {kInputs}}};
  for (int s = 0; s < 8; ++s) {
    Sample sample{std::to_string(s), std::nullopt, {}};
    sample.inputs.resize(1);
    std::vector<std::int64_t> picture;
    for (std::uint32_t e = 0; e < kInputs; ++e) picture.push_back(rng.between(0, 3));
    for (int t = 0; t < 10; ++t) {
      for (std::uint32_t e = 0; e < kInputs; ++e)
        sample.inputs[0].add(e, static_cast<double>(picture[e]));  // zeros are dropped
      sample.inputs[0].end_step();
    }
    data.samples.push_back(std::move(sample));
  }
  std::size_t spikes = 0;
  expect_golden(compiled, data, kCrossbarKernels, spikes);
  EXPECT_GT(spikes, 100U);
}

bool is_feed_forward(const Application& application) {
  std::set<std::size_t> known;
  for (const ClusterId id : application.order) {
    for (const Inbound& inbound : application.clusters[id.index()].inbound)
      if (inbound.from && !known.contains(inbound.from->index())) return false;
    known.insert(id.index());
  }
  return true;
}

/// Random networks of every kind of neuron, weights of every format, bit planes, readouts, delays; samples of
/// every length, so that the last firing of one has any number of pages.
TEST_P(HlsImage, RandomNetworksAreTheGoldenModels) {
  const Chip chip = GetParam()->chip();
  std::size_t spikes = 0;
  int done = 0;
  const std::size_t pages = core_of(chip.tile).pages_per_firing(chip.tile);
  std::set<std::size_t> left;  // pages of a sample's last firing
  for (std::uint64_t seed = 1; done < 40 && seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::Case made =
        testing::random_case(seed, chip, {.max_populations = 3, .max_neurons = 40, .max_steps = 20});
    CompileOptions options;
    options.seed = seed;
    options.spread = Spread::kFewest;
    options.points = 0;
    std::variant<Compilation, DoesNotFit> built = DoesNotFit{};
    try {
      built = compile(CompileInput{"random.json", made.network, {}, {}}, chip, options, {});
    } catch (const Error&) {
      continue;  // too large for the chip
    }
    const auto* compiled = std::get_if<Compilation>(&built);
    if (compiled == nullptr || !is_feed_forward(compiled->image.application)) continue;
    expect_golden(*compiled, made.data, *GetParam(), spikes);
    if (HasFailure()) return;
    for (const Sample& sample : made.data.samples)
      if (sample.steps() != 0) left.insert((sample.steps() - 1) % pages + 1);
    ++done;
  }
  EXPECT_EQ(done, 40);
  EXPECT_GT(spikes, 1000U);
  EXPECT_EQ(left.size(), pages);
}

INSTANTIATE_TEST_SUITE_P(Kernels, HlsImage, ::testing::Values(&kCrossbarKernels, &kSystolicKernels),
                         [](const auto& kernels) { return kernels.param->core; });

}  // namespace
}  // namespace spikeloom::hls_test

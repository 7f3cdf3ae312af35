#include "tests/bench/workloads.hpp"

#include <numeric>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::bench {
namespace {

using test::chip_named;

constexpr std::int32_t kDecay = 15 * 256;  // 15/16
constexpr std::int32_t kHighestTheta = 4095;

IntProjection dense(Rng& rng, const Source& from, PopulationId to, const ChainOptions& options) {
  IntProjection projection;
  projection.name = "w" + std::to_string(to.value);
  projection.from = from;
  projection.to = to;
  projection.bits = options.bits;
  const std::int64_t most = (std::int64_t{1} << (options.bits - 1U)) - 1;
  SparseMap map{options.width, {0}, {}};
  for (std::uint32_t s = 0; s < options.width; ++s) {
    for (std::uint32_t t = 0; t < options.width; ++t) {
      const auto magnitude = static_cast<std::int16_t>(rng.between(1, most));
      map.target.push_back(t);
      projection.weight.push_back(rng.chance(0.5) ? magnitude : static_cast<std::int16_t>(-magnitude));
    }
    map.end_row();
  }
  projection.form = MapForm(std::move(map));
  return projection;
}

IntPopulation layer(std::uint32_t number, std::uint32_t width, std::int32_t theta) {
  IntPopulation population;
  population.name = "layer" + std::to_string(number);
  population.shape = {width};
  population.beta.assign(width, kDecay);
  population.theta.assign(width, theta);
  for (auto* const values : {&population.alpha, &population.v_reset, &population.bias_i, &population.bias_v})
    values->assign(width, 0);
  return population;
}

IntNetwork make_chain(const ChainOptions& options, std::int32_t theta) {
  Rng rng(options.seed);
  IntNetwork network;
  network.name = "chain" + std::to_string(options.layers) + "x" + std::to_string(options.width);
  IntInput input;
  input.name = "in";
  input.shape = {options.width};
  network.inputs.push_back(input);
  for (std::uint32_t l = 0; l < options.layers; ++l) {
    network.populations.push_back(layer(l, options.width, theta));
    const Source from = l == 0 ? Source(InputId{0}) : Source(PopulationId{std::size_t{l} - 1});
    network.projections.push_back(dense(rng, from, PopulationId{l}, options));
  }
  network.outputs.push_back({"out", {options.width}, PopulationId{std::size_t{options.layers} - 1}});
  return network;
}

/// Spikes a step of a single layer with this threshold.
double activity(const ChainOptions& options, std::int32_t theta) {
  ChainOptions single = options;
  single.layers = 1;
  constexpr std::size_t kSteps = 100;
  const IntNetwork network = make_chain(single, theta);
  const Dataset data = random_spikes(network, options.spikes, kSteps, options.seed);
  GoldenInterpreter golden(network);
  for (std::size_t t = 0; t < kSteps; ++t) {
    InputStep step;
    for (const Event& event : data.samples[0].inputs[0].at(t)) step.push_back({event.element, 1});
    const std::vector<InputStep> inputs{step};
    (void)golden.step(inputs);
  }
  return static_cast<double>(golden.totals().spikes) / kSteps;
}

}  // namespace
Chip common_tile(std::uint32_t lif_lanes) {
  Chip chip = chip_named("tile1");
  if (chip.tile.lif_lanes == lif_lanes) return chip;
  chip.tile.lif_lanes = lif_lanes;
  chip.name += "_lif" + std::to_string(lif_lanes);
  return chip;
}

IntNetwork chain(const ChainOptions& options) {
  std::int32_t low = 0, high = kHighestTheta;
  while (low < high) {
    const std::int32_t middle = (low + high) / 2;
    if (activity(options, middle) > options.spikes)
      low = middle + 1;
    else
      high = middle;
  }
  return make_chain(options, low);
}

Dataset random_spikes(const IntNetwork& network, std::uint32_t spikes, std::size_t steps,
                      std::uint64_t seed) {
  Rng rng(seed ^ 0x696e707574ULL);
  const std::size_t width = network.inputs.at(0).size();
  Dataset data;
  data.ports.push_back({network.inputs[0].name, network.inputs[0].shape});
  Sample sample;
  sample.id = "0";
  sample.inputs.resize(1);
  std::vector<std::uint32_t> elements(width);
  std::iota(elements.begin(), elements.end(), 0U);
  for (std::size_t t = 0; t < steps; ++t) {
    rng.shuffle(elements);
    std::vector<bool> chosen(width, false);
    for (std::uint32_t s = 0; s < spikes; ++s) chosen[elements[s]] = true;
    for (std::uint32_t e = 0; e < width; ++e)
      if (chosen[e]) sample.inputs[0].add(e);
    sample.inputs[0].end_step();
  }
  data.samples.push_back(std::move(sample));
  return data;
}

Image image_of(const IntNetwork& network, const Chip& chip) {
  CompileOptions options;
  options.spread = Spread::kFewest;
  auto built = build_image(network, chip, options);
  if (const auto* no = std::get_if<DoesNotFit>(&built)) throw input_error(no->stage + ": " + no->reason);
  return std::get<Image>(std::move(built));
}

}  // namespace spikeloom::bench

#include "compiler/flow/calibration.hpp"

#include <cmath>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {
namespace {

/// A sample's step as integers of the inputs' units.
std::vector<InputStep> integers_at(const Sample& sample, std::size_t step, const std::vector<double>& units) {
  std::vector<InputStep> inputs(sample.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (const Event& event : sample.inputs[i].at(step)) {
      const double value = event.value / units[i];
      if (value != std::nearbyint(value) || std::abs(value) > 65535)
        throw input_error("calibration data: sample " + sample.id + ", step " + std::to_string(step) +
                          ", element " + std::to_string(event.element) + " = " + std::to_string(event.value) +
                          ": not a whole number of units of " + std::to_string(units[i]));
      inputs[i].push_back({event.element, static_cast<std::int32_t>(value)});
    }
  return inputs;
}

}  // namespace

std::vector<Port> ports_of(const Network& network) {
  std::vector<Port> ports;
  for (const Input& input : network.inputs) ports.push_back({input.name, input.shape});
  return ports;
}

std::vector<Port> ports_of(const IntNetwork& network) {
  std::vector<Port> ports;
  for (const IntInput& input : network.inputs) ports.push_back({input.name, input.shape});
  return ports;
}

std::vector<CalibrationSample> calibration_samples(const Dataset& data,
                                                   const std::map<std::string, InputCoding>& inputs,
                                                   const Network& network) {
  std::vector<double> units;
  for (const Input& input : network.inputs) {
    const auto coding = inputs.find(input.name);
    units.push_back(coding == inputs.end() ? 1 : coding->second.unit);
  }
  std::vector<CalibrationSample> samples;
  for (const Sample& sample : data.samples) {
    CalibrationSample out;
    out.label = sample.label;
    for (std::size_t t = 0; t < sample.steps(); ++t) out.steps.push_back(integers_at(sample, t, units));
    samples.push_back(std::move(out));
  }
  return samples;
}

Traffic measure_traffic(const IntNetwork& network, const Dataset& data) {
  Traffic traffic;
  std::vector<double> units;
  for (const IntInput& input : network.inputs) {
    traffic.inputs.emplace_back(input.axons(), 0.0);
    units.push_back(input.unit);
  }
  for (const IntPopulation& population : network.populations)
    traffic.populations.emplace_back(population.size(), 0.0);
  GoldenInterpreter golden(network);
  double steps = 0;
  for (const Sample& sample : data.samples) {
    golden.reset();
    for (std::size_t t = 0; t < sample.steps(); ++t, ++steps) {
      const std::vector<InputStep> inputs = integers_at(sample, t, units);
      (void)golden.step(inputs);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (network.inputs[i].is_static && t > 0) continue;
        for (const InputValue& value : inputs[i])
          for (std::uint32_t b = 0; b < network.inputs[i].planes; ++b)
            if ((static_cast<std::uint32_t>(value.value) >> b & 1U) != 0)
              ++traffic.inputs[i][value.element * network.inputs[i].planes + b];
      }
      for (std::size_t p = 0; p < traffic.populations.size(); ++p)
        for (const std::uint32_t n : golden.spikes(PopulationId{p})) ++traffic.populations[p][n];
    }
  }
  if (steps == 0) throw input_error("calibration data: no steps");
  for (auto* list : {&traffic.inputs, &traffic.populations})
    for (std::vector<double>& rates : *list)
      for (double& rate : rates) rate /= steps;
  return traffic;
}

Rehearsal rehearse(const ImageView& image, const Dataset& data) {
  MeasuredWork work(image.chip.tiles());
  // A tile's firings come in order, one of each of its contexts a step, so a sample ends with its last
  // context's.
  std::vector<std::size_t> ended(work.size(), 0);
  for (auto& tile : work) tile.emplace_back();
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  model->observe([&](const ModelFiring& firing) {
    const std::size_t tile = firing.node - 1;
    work[tile].back().push_back(firing.work);
    if (firing.sample_end && ++ended[tile] == image.binding.orders[tile].size()) {
      ended[tile] = 0;
      work[tile].emplace_back();
    }
  });
  std::vector<std::int64_t> steps = Session(*model, image, {}).run(data).ended;
  for (auto& tile : work) tile.pop_back();
  return {std::move(work), std::move(steps)};
}

}  // namespace spikeloom

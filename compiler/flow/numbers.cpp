#include "compiler/flow/numbers.hpp"

#include <utility>

#include "compiler/flow/calibration.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/golden/int_network_file.hpp"

namespace spikeloom {
namespace {

/// Half an event in one step more than was measured, for every input: one that was silent in a short
/// calibration may still speak, so its weights must not count for nothing. (Krichevsky and Trofimov, IEEE
/// Trans. Inf. Theory 27, 1981.)
Activity with_prior(Activity activity, const Network& network,
                    const std::map<std::string, InputCoding>& inputs, std::size_t steps) {
  const auto measured = static_cast<double>(steps);
  for (std::size_t i = 0; i < activity.inputs.size(); ++i) {
    const auto coding = inputs.find(network.inputs[i].name);
    const double unit = coding == inputs.end() ? 1 : coding->second.unit;
    for (double& square : activity.inputs[i]) square = (square * measured + unit * unit / 2) / (measured + 1);
  }
  for (std::vector<double>& rates : activity.populations)
    for (double& rate : rates) rate = (rate * measured + 0.5) / (measured + 1);
  return activity;
}

template <class List>
void append(List& list, const List& more) {
  list.insert(list.end(), more.begin(), more.end());
}

/// Everything but the data and the network itself.
Compilation quantized(StageRunner& runner, const Network& network, const Dataset* data, const Chip& chip,
                      const CompileOptions& options) {
  QuantizeOptions quantizing = quantize_options(network, chip, options);
  std::vector<CalibrationSample> samples;
  if (data != nullptr) {
    samples = calibration_samples(*data, quantizing.inputs, network);
    if (options.calibrate_weights)
      quantizing.activity = with_prior(measure_activity(network, samples, quantizing.inputs), network,
                                       quantizing.inputs, data->total_steps());
  }
  Quantized quantized = runner.stage("quantize", [&] { return quantize(network, quantizing); });
  runner.sound(check(quantized, network).list());
  Compilation result;
  result.notes = quantized.report.notes;
  result.warnings = quantized.report.warnings;
  result.integers = std::move(quantized.network);
  runner.dump(print(quantized.report) + "\n" + print_int_network(result.integers));
  QuantizeReport figures = std::move(quantized.report);
  figures.notes.clear();
  figures.warnings.clear();
  result.quantization = print(figures);
  if (data == nullptr) return result;
  result.calibration =
      runner.stage("calibrate", [&] { return calibrate(network, result.integers, samples, {}); });
  result.quantization += "\n" + print(*result.calibration);
  append(result.warnings, result.calibration->warnings);
  const PopulationId first = network.outputs.front().from;
  if (const auto foreign = data->foreign_labels(network.populations[first.index()].size()))
    result.warnings.push_back(*foreign);
  runner.dump(print(*result.calibration));
  return result;
}

}  // namespace

Compilation numbers_of(StageRunner& runner, CompileInput input, const Chip& chip,
                       const CompileOptions& options) {
  Compilation result;
  if (auto* network = std::get_if<Network>(&input.network)) {
    result = quantized(runner, *network, input.data ? &*input.data : nullptr, chip, options);
    result.network = std::move(*network);
  } else {
    result.integers = std::get<IntNetwork>(std::move(input.network));
  }
  result.notes.insert(result.notes.begin(), input.notes.begin(), input.notes.end());
  result.data = std::move(input.data);
  if (result.data) result.traffic = measure_traffic(result.integers, *result.data);
  return result;
}

}  // namespace spikeloom

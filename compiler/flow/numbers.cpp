#include "compiler/flow/numbers.hpp"

#include <utility>

#include "compiler/flow/calibration.hpp"
#include "compiler/flow/exit_readout.hpp"
#include "compiler/flow/part_choice.hpp"
#include "compiler/flow/relays.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/flow/static_inputs.hpp"
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
  for (std::size_t p = 0; p < activity.populations.size(); ++p)
    if (!network.populations[p].is_readout())
      for (double& rate : activity.populations[p]) rate = (rate * measured + 0.5) / (measured + 1);
  return activity;
}

template <class List>
void append(List& list, const List& more) {
  list.insert(list.end(), more.begin(), more.end());
}

/// Integers and what they cost on the data, if there are any.
struct Measured {
  Quantized quantized;
  std::optional<Calibration> calibration;

  [[nodiscard]] std::uint64_t differing() const {
    std::uint64_t sum = 0;
    for (const PopulationCalibration& p : calibration->populations) sum += p.differing;
    return sum;
  }
  /// By right decisions, then by spikes as in the real network.
  [[nodiscard]] bool is_better_than(const Measured& other) const {
    if (calibration->right_after != other.calibration->right_after)
      return calibration->right_after > other.calibration->right_after;
    return differing() < other.differing();
  }
  /// By more than chance: right decisions, or a tenth of the spikes that differ and a twentieth of all
  /// spikes. Fewer may as well be worse on other data.
  [[nodiscard]] bool is_much_better_than(const Measured& other) const {
    if (!is_better_than(other)) return false;
    if (calibration->right_after > other.calibration->right_after) return true;
    std::uint64_t spikes = 0;
    for (const PopulationCalibration& p : calibration->populations) spikes += p.spikes_before;
    return 10 * differing() < 9 * other.differing() && 20 * (other.differing() - differing()) > spikes;
  }
  [[nodiscard]] std::string figures() const {
    const std::string bits = std::to_string(differing()) + " spikes differ from the real network's";
    if (calibration->labelled == 0) return bits;
    return std::to_string(calibration->right_after) + " of " + std::to_string(calibration->labelled) +
           " decided rightly, " + bits;
  }
};

Measured tried(const Network& network, const QuantizeOptions& options,
               const std::vector<CalibrationSample>& samples) {
  Measured trial{quantize(network, options), std::nullopt};
  trial.calibration = calibrate(network, trial.quantized.network, samples, {});
  return trial;
}

/// What the data say of activity and states helps as a rule, and not always: a recurrent network may follow
/// a rounding that is no worse by the squares. So it is measured beside the same without, and the better of
/// the two is taken.
Measured best_of(StageRunner& runner, const Network& network, const QuantizeOptions& options,
                 const std::vector<CalibrationSample>& samples) {
  Measured best{runner.stage("quantize", [&] { return quantize(network, options); }), std::nullopt};
  if (samples.empty()) return best;
  runner.stage("calibrate", [&] {
    best.calibration = calibrate(network, best.quantized.network, samples, {});
    if (!options.activity) return 0;
    QuantizeOptions other = options;
    std::string chosen;
    const std::string with = best.figures();
    const auto attempt = [&](const char* what) {
      Measured trial = tried(network, other, samples);
      if (trial.is_much_better_than(best)) {
        best = std::move(trial);
        chosen = what;
      } else if (chosen.empty() && trial.is_better_than(best)) {
        best.quantized.report.notes.push_back(
            "the calibration data do not make the weights and units better on themselves: " + with +
            "; without them (--no-calibrate-weights) " + trial.figures());
      }
    };
    other.activity.reset();
    attempt("weights and units are chosen without the calibration data");
    if (chosen.empty()) return 0;
    other.activity = options.activity;
    other.activity->peak.clear();
    attempt(
        "units are chosen without the states that the calibration data show, weights with their activity");
    best.quantized.report.notes.push_back(
        chosen + ", since with them the result is worse on these very data: " + with + "; now " +
        best.figures());
    return 0;
  });
  return best;
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
  Measured trial = best_of(runner, network, quantizing, samples);
  Quantized& quantized = trial.quantized;
  runner.sound(check(quantized, network).list());
  Compilation result;
  result.notes = quantized.report.notes;
  result.warnings = quantized.report.warnings;
  result.integers = std::move(quantized.network);
  runner.dump("quantize", print(quantized.report) + "\n" + print_int_network(result.integers));
  QuantizeReport figures = std::move(quantized.report);
  figures.notes.clear();
  figures.warnings.clear();
  result.quantization = print(figures);
  if (!trial.calibration) return result;
  result.calibration = std::move(trial.calibration);
  result.quantization += "\n" + print(*result.calibration);
  append(result.warnings, result.calibration->warnings);
  const PopulationId first = network.outputs.front().from;
  if (const auto foreign = data->foreign_labels(network.populations[first.index()].size()))
    result.warnings.push_back(*foreign);
  runner.dump("calibrate", print(*result.calibration));
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
  if (input.data)
    for (const std::string& note : input.data->notes) result.notes.push_back("calibration data: " + note);
  if (options.exit_readout) {
    ExitReadout added = with_exit_readout(result.integers, *options.exit_readout);
    result.integers = std::move(added.network);
    append(result.notes, added.notes);
  }
  if (!options.static_inputs.empty()) {
    StaticNetwork held = with_static_inputs(result.integers, options.static_inputs, chip);
    result.integers = std::move(held.network);
    append(result.notes, held.notes);
  }
  if (input.data) check_static(result.integers, *input.data);
  Relayed relayed = with_relays(std::move(result.integers), chip);
  result.integers = std::move(relayed.network);
  append(result.notes, relayed.notes);
  ChosenParts parted = runner.stage("parts", [&] { return with_best_parts(result.integers, chip, options); });
  result.integers = std::move(parted.network);
  result.parts = std::move(parted.parts);
  append(result.notes, parted.notes);
  result.data = std::move(input.data);
  if (result.data) result.traffic = measure_traffic(result.integers, *result.data);
  return result;
}

}  // namespace spikeloom

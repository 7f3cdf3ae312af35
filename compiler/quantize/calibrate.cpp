#include "compiler/quantize/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "compiler/golden/check.hpp"
#include "compiler/model/interpret.hpp"

namespace spikeloom {

namespace {

constexpr double kLargeAccuracyLoss = 0.01;
constexpr double kLargeSpikeChange = 0.1;

/// One step's sparse values as the dense real vectors of the float interpreter.
class DenseInputs {
 public:
  DenseInputs(const Network& network, std::vector<double> units)
      : network_(network), units_(std::move(units)) {
    for (const Input& input : network.inputs) values_.emplace_back(input.size(), 0.0);
    spans_.assign(values_.begin(), values_.end());
  }
  std::span<const std::span<const double>> fill(const std::vector<InputStep>& step) {
    if (step.size() != values_.size()) {
      throw input_error("a sample has values for " + std::to_string(step.size()) +
                        " inputs, the network has " + std::to_string(values_.size()));
    }
    for (std::size_t n = 0; n < step.size(); ++n) {
      std::fill(values_[n].begin(), values_[n].end(), 0.0);
      for (const auto& [element, value] : step[n]) {
        if (element >= values_[n].size())
          throw input_error("input '" + network_.inputs[n].name + "' has no element " +
                            std::to_string(element));
        values_[n][element] = value * units_[n];
      }
    }
    return spans_;
  }
  [[nodiscard]] const std::vector<std::vector<double>>& values() const { return values_; }

 private:
  const Network& network_;
  std::vector<double> units_;
  std::vector<std::vector<double>> values_;
  std::vector<std::span<const double>> spans_;
};

/// Gathers what a decision is taken from.
class Votes {
 public:
  Votes(CalibrationRule decision, std::size_t size)
      : decision_(decision),
        votes_(size, decision == CalibrationRule::kMax ? -std::numeric_limits<double>::infinity() : 0) {}
  void spike(std::size_t j) {
    if (decision_ == CalibrationRule::kCount) votes_[j] += 1;
  }
  void potential(std::size_t j, double v) {
    if (decision_ == CalibrationRule::kMax) votes_[j] = std::max(votes_[j], v);
    if (decision_ == CalibrationRule::kLast) votes_[j] = v;
    if (decision_ == CalibrationRule::kSum) votes_[j] += v;
  }
  /// First of the largest.
  [[nodiscard]] std::uint32_t winner() const {
    return static_cast<std::uint32_t>(std::max_element(votes_.begin(), votes_.end()) - votes_.begin());
  }

 private:
  CalibrationRule decision_;
  std::vector<double> votes_;
};

void compare_spikes(const Interpreter& real, const GoldenInterpreter& golden,
                    std::vector<PopulationCalibration>& populations) {
  for (std::size_t p = 0; p < populations.size(); ++p) {
    PopulationCalibration& result = populations[p];
    const auto before = real.spikes(PopulationId(p));
    const auto after = golden.spikes(PopulationId(p));
    std::uint64_t both = 0;
    std::uint64_t count = 0;
    for (const std::uint8_t spike : before) count += spike;
    for (const std::uint32_t j : after) both += before[j];
    result.spikes_before += count;
    result.spikes_after += after.size();
    result.differing += count + after.size() - 2 * both;
    result.bits += before.size();
  }
}

std::string percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * fraction);
  return text;
}

void add_warnings(Calibration& result) {
  if (result.labelled != 0 && *result.accuracy_after() < *result.accuracy_before() - kLargeAccuracyLoss) {
    result.warnings.push_back("accuracy falls from " + percent(*result.accuracy_before()) + " to " +
                              percent(*result.accuracy_after()) +
                              "; more weight bits, or training with such weights, would help");
  }
  for (const PopulationCalibration& p : result.populations) {
    const auto before = static_cast<double>(p.spikes_before);
    if (std::abs(static_cast<double>(p.spikes_after) - before) > kLargeSpikeChange * before) {
      result.warnings.push_back("population '" + p.name + "': " + std::to_string(p.spikes_before) +
                                " spikes become " + std::to_string(p.spikes_after));
    }
  }
  if (result.integer.saturations != 0) {
    result.warnings.push_back(std::to_string(result.integer.saturations) +
                              " values of i or v were clipped to the state's bits");
  }
}

}  // namespace

std::optional<double> Calibration::accuracy_before() const {
  if (labelled == 0) return std::nullopt;
  return static_cast<double>(right_before) / static_cast<double>(labelled);
}

std::optional<double> Calibration::accuracy_after() const {
  if (labelled == 0) return std::nullopt;
  return static_cast<double>(right_after) / static_cast<double>(labelled);
}

Calibration calibrate(const Network& network, const IntNetwork& integers,
                      std::span<const CalibrationSample> samples, const CalibrateOptions& options) {
  if (options.output >= network.outputs.size())
    throw input_error("calibrate: the network has no output " + std::to_string(options.output));
  const PopulationId out = network.outputs[options.output].from;
  const Population& output = network.populations[out.index()];
  const CalibrationRule decision =
      options.decision.value_or(output.is_readout() ? CalibrationRule::kMax : CalibrationRule::kCount);
  std::vector<double> units;
  for (const IntInput& input : integers.inputs) units.push_back(input.unit);
  DenseInputs dense(network, std::move(units));
  Interpreter real(network);
  GoldenInterpreter golden(integers);
  const std::vector<std::int32_t>& origin = integers.populations[out.index()].origin;
  Calibration result;
  for (const Population& population : network.populations)
    result.populations.push_back({population.name, 0, 0, 0, 0});
  for (std::size_t s = 0; s < samples.size(); ++s) {
    real.reset();
    golden.reset();
    Votes before(decision, output.size());
    Votes after(decision, output.size());
    for (const auto& step : samples[s].steps) {
      golden.step(step);
      real.step(dense.fill(step));
      compare_spikes(real, golden, result.populations);
      for (std::size_t j = 0; j < output.size(); ++j) {
        if (real.spikes(out)[j] != 0) before.spike(j);
        before.potential(j, real.potential(out)[j]);
        after.potential(j, golden.v(out)[j] + (origin.empty() ? 0 : origin[j]));
      }
      for (const std::uint32_t j : golden.spikes(out)) after.spike(j);
      ++result.steps;
    }
    ++result.samples;
    if (before.winner() != after.winner()) result.other_decision.push_back(s);
    if (!samples[s].label) continue;
    ++result.labelled;
    if (before.winner() == *samples[s].label) ++result.right_before;
    if (after.winner() == *samples[s].label) ++result.right_after;
  }
  result.integer = golden.totals();
  add_warnings(result);
  return result;
}

Activity measure_activity(const Network& network, std::span<const CalibrationSample> samples,
                          const std::map<std::string, InputCoding>& inputs) {
  std::vector<double> units;
  Activity result;
  for (const Input& input : network.inputs) {
    const auto it = inputs.find(input.name);
    units.push_back(it == inputs.end() ? 1 : it->second.unit);
    result.inputs.emplace_back(input.size(), 0.0);
  }
  for (const Population& population : network.populations) {
    result.populations.emplace_back(population.size(), 0.0);
    result.peak.emplace_back(population.size(), 0.0);
  }
  DenseInputs dense(network, std::move(units));
  Interpreter real(network);
  std::uint64_t steps = 0;
  for (const CalibrationSample& sample : samples) {
    real.reset();
    for (const auto& step : sample.steps) {
      real.step(dense.fill(step));
      ++steps;
      for (std::size_t n = 0; n < result.inputs.size(); ++n) {
        for (std::size_t e = 0; e < result.inputs[n].size(); ++e)
          result.inputs[n][e] += dense.values()[n][e] * dense.values()[n][e];
      }
      for (std::size_t p = 0; p < result.populations.size(); ++p) {
        const auto spikes = real.spikes(PopulationId(p));
        for (std::size_t j = 0; j < spikes.size(); ++j) {
          const double potential = real.potential(PopulationId(p))[j] - network.populations[p].start[j];
          result.populations[p][j] +=
              network.populations[p].is_readout() ? potential * potential : static_cast<double>(spikes[j]);
          const double current = network.populations[p].gain_v[j] * real.current(PopulationId(p))[j];
          result.peak[p][j] = std::max({result.peak[p][j], std::abs(current), std::abs(potential)});
        }
      }
    }
  }
  for (auto* group : {&result.inputs, &result.populations}) {
    for (auto& values : *group) {
      for (double& x : values) x = steps == 0 ? 0 : x / static_cast<double>(steps);
    }
  }
  return result;
}

std::string print(const Calibration& calibration) {
  std::string text =
      "samples " + std::to_string(calibration.samples) + ", steps " + std::to_string(calibration.steps);
  if (calibration.labelled != 0) {
    text += ", accuracy " + percent(*calibration.accuracy_before()) + " before, " +
            percent(*calibration.accuracy_after()) + " after (" + std::to_string(calibration.labelled) +
            " labelled)";
  }
  text += ", " + std::to_string(calibration.other_decision.size()) + " decided otherwise\n";
  for (const PopulationCalibration& p : calibration.populations) {
    text += "population " + p.name + ": spikes " + std::to_string(p.spikes_before) + " before, " +
            std::to_string(p.spikes_after) + " after, " + std::to_string(p.differing) + " of " +
            std::to_string(p.bits) + " bits differ\n";
  }
  for (const std::string& warning : calibration.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace spikeloom

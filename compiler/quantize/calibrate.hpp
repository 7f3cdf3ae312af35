// What the integers cost on data: the real network and the integer one, run side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

struct CalibrationSample {
  std::vector<std::vector<InputStep>>
      steps;  ///< by step, then by input; values in integers of the input's unit
  std::optional<std::int64_t> label;
};

/// How an output becomes one class; ties go to the lowest index.
enum class CalibrationRule {
  kCount,  ///< most spikes
  kMax,    ///< largest potential at any step
  kLast,   ///< largest potential at the last step
  kSum,    ///< largest sum of potentials
};

struct CalibrateOptions {
  std::size_t output = 0;                   ///< of the network
  std::optional<CalibrationRule> decision;  ///< count for a spiking output, max for a readout, where absent
};

struct PopulationCalibration {
  std::string name;
  std::uint64_t spikes_before = 0, spikes_after = 0;
  std::uint64_t differing = 0;  ///< of samples × steps × neurons bits
  std::uint64_t bits = 0;
};

struct Calibration {
  std::size_t samples = 0, labelled = 0;
  std::uint64_t steps = 0;
  std::size_t right_before = 0, right_after = 0;  ///< of the labelled
  std::vector<std::size_t> other_decision;        ///< samples that real and integer network decide otherwise
  StepStatistics integer;                         ///< of the integer network
  std::vector<PopulationCalibration> populations;
  std::vector<std::string> warnings;
  [[nodiscard]] std::optional<double> accuracy_before() const;
  [[nodiscard]] std::optional<double> accuracy_after() const;
};

/// Runs both networks over the samples.
///
/// Throws  Error{kInput} on a sample that does not fit the inputs, or an output that does not exist.
/// Warns   of an accuracy more than one point lower, spikes more than a tenth fewer or more in a
///         population, and values that were clipped to the state.
[[nodiscard]] Calibration calibrate(const Network& network, const IntNetwork& integers,
                                    std::span<const CalibrationSample> samples,
                                    const CalibrateOptions& options);

/// What the real network's sources send and its states reach, for QuantizeOptions and for partitioning;
/// `inputs` is the coding under which the samples' values stand.
[[nodiscard]] Activity measure_activity(const Network& network, std::span<const CalibrationSample> samples,
                                        const std::map<std::string, InputCoding>& inputs);

/// Stable text.
[[nodiscard]] std::string print(const Calibration& calibration);

}  // namespace spikeloom

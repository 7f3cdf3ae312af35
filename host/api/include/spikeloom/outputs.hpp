// What a run gives: spikes, potentials, decisions, the output file, and the comparison of two files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// One population's spikes or potentials over a run, dense. A sample may have steps of its own.
template <class T>
struct Trace {
  std::string node;  ///< the output's or the population's name
  std::size_t neurons = 0;
  std::vector<std::vector<T>> samples;  ///< each (steps, neurons), row-major
  [[nodiscard]] std::size_t steps(std::size_t sample) const {
    return neurons == 0 ? 0 : samples[sample].size() / neurons;
  }
};
using SpikeTrace = Trace<std::uint8_t>;      ///< 0 or 1
using PotentialTrace = Trace<std::int32_t>;  ///< integer units

/// How a sample's class is read from one output over its steps.
enum class Decide {
  kCount,  ///< most spikes
  kMax,    ///< the largest value that occurs at any step
  kLast,   ///< the largest value at the last step
  kSum,    ///< the largest sum over all steps
};
[[nodiscard]] std::string_view name_of(Decide rule);
/// Throws Error{kInput} that lists the names.
[[nodiscard]] Decide decide_named(std::string_view name);

struct Decision {
  std::vector<std::int64_t> predictions;  ///< one a sample; the lowest index among equals
  std::vector<std::size_t> tied;          ///< samples in which several neurons were equal at the top
  /// By sample and step, what the decision would be if the sample ended there; only where it was asked for.
  std::vector<std::vector<std::int64_t>> by_step{};
};

/// For spikes, sum and count are the same. Throws Error{kInput} for count on potentials, and for a
/// sample without steps or an output without neurons.
[[nodiscard]] Decision decide(const SpikeTrace& output, Decide rule);
[[nodiscard]] Decision decide(const PotentialTrace& output, Decide rule);

/// What Decision::by_step holds: for every step the class by the steps up to it. Throws as `decide`.
[[nodiscard]] std::vector<std::vector<std::int64_t>> decide_steps(const SpikeTrace& output, Decide rule);
[[nodiscard]] std::vector<std::vector<std::int64_t>> decide_steps(const PotentialTrace& output, Decide rule);

/// Spikes of every neuron in every sample: (samples, neurons), row-major.
[[nodiscard]] std::vector<std::int32_t> spike_counts(const SpikeTrace& output);

struct RunOutputs {
  std::vector<SpikeTrace> spikes;          ///< of spiking outputs
  std::vector<PotentialTrace> potentials;  ///< of readouts
  std::vector<SpikeTrace> recorded_spikes;
  std::vector<PotentialTrace> recorded_v;
  std::optional<Decision> decision;
  std::vector<std::string> ids;                     ///< one a sample, or none
  std::vector<std::optional<std::int64_t>> labels;  ///< one a sample, or none
};

/// Throws Error{kInput} naming the file.
void write_outputs(const std::filesystem::path& path, const RunOutputs& outputs);

struct Comparison {
  bool same = true;
  std::string text;  ///< lines for the user
};

/// Lays two .npz (or .npy) side by side: arrays that only one has, shapes that differ, and for every
/// other array that differs its first sample, step and neuron with both values and how many differ.
/// Values are compared as numbers, whatever their types; NaN equals NaN. Throws Error{kInput}.
[[nodiscard]] Comparison compare(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace spikeloom

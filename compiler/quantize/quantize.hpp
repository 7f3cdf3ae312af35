// Real network -> integer network, and what that costs. The method is in README.md of this folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/base/error.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/golden/quantize_limits.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom {

/// How the size of one integer step of the weights is chosen where they lie on no grid.
enum class StepChoice {
  kSearch,  ///< least expected squared error of the summed input; large weights may be clipped
  kMaxAbs,  ///< the largest weight into the population gets the largest mantissa; nothing is clipped
};

/// How an input's values are carried; the real value of integer n is n·unit.
struct InputCoding {
  std::uint32_t planes = 1;
  bool is_signed = false;
  double unit = 1;
};

/// What calibration samples showed of the real network.
struct Activity {
  std::vector<std::vector<double>> inputs;  ///< by input, per element: mean square a step, in real values
  /// By population, per neuron: spikes a step; of a readout the mean square of v - start.
  std::vector<std::vector<double>> populations;
  std::vector<std::vector<double>>
      peak;  ///< by population, per neuron: largest |gain_v·i| or |v - start| seen; may be empty
};

struct QuantizeOptions {
  std::uint32_t weight_bits = 8;                         ///< 8, 4, 2 or 1
  std::map<std::string, std::uint32_t> projection_bits;  ///< by projection name, instead
  Rounding rounding = Rounding::kNearest;                ///< of weights; everything else is to nearest
  StepChoice step = StepChoice::kSearch;
  QuantizeLimits limits;
  std::map<std::string, InputCoding> inputs;  ///< by input name; bits where absent
  std::optional<Activity> activity;  ///< weights the search and sets the room for v; all alike where absent
};

/// Errors are in the weights' own real unit.
struct ProjectionReport {
  std::string name;
  std::string from, to;
  std::uint32_t bits = 8;
  std::uint32_t shift = 0;
  double step = 0;     ///< real weight of mantissa 1 (of the first neuron, where gains differ)
  bool exact = false;  ///< the weights lie on a grid and were taken over as they are
  double max_error = 0;
  double rms_error = 0;
  double relative_error = 0;  ///< rms error / rms weight
  std::size_t synapses = 0;   ///< not 0 before
  std::size_t vanished = 0;   ///< 0 after
  std::size_t clipped = 0;    ///< beyond the mantissas' range; not counted at 1 bit
};

/// Errors are the largest of any neuron, in the membrane's real unit where they have one.
struct PopulationReport {
  std::string name;
  double unit = 1;
  std::uint32_t scale = 0;
  double alpha_error = 0, beta_error = 0;
  double theta_error = 0, reset_error = 0, bias_error = 0;
  std::uint32_t accumulator_bits = 1;  ///< proved to suffice
  std::size_t parameter_sets = 0;      ///< distinct (alpha, beta, theta, v_reset, bias_v)
  bool can_saturate = false;           ///< no proof that i and v stay within state_bits
};

struct QuantizeReport {
  std::vector<ProjectionReport> projections;
  std::vector<PopulationReport> populations;
  std::vector<std::string> notes;     ///< decisions that the user did not ask for
  std::vector<std::string> warnings;  ///< losses that are likely to show
};

struct Quantized {
  IntNetwork network;
  QuantizeReport report;
};

/// Chooses integers for everything in the network.
///
/// Grid     weights on a common grid that fits their bits are taken over exactly.
/// Order    populations, projections, inputs and outputs keep their order, so ids stay.
/// Proof    every accumulator fits acc_bits for every input.
/// Cost     about 140 passes over the weights.
/// Throws   one Error{kInput} with every population, projection or option that cannot be, what it needs, what
///          there is and what would help.
/// Law      relabelling neurons permutes the result.
[[nodiscard]] Quantized quantize(const Network& network, const QuantizeOptions& options);

/// Re-derives what the report claims, the slow way.
///
/// Checked  `check` of the integer network; same structure; every weight's real error within the
///          report's; decays to half a step; theta on the right side of its unit; biases, resets,
///          origins.
/// Assumed  that the report's notes and warnings say what a reader wants to know.
[[nodiscard]] Problems check(const Quantized& quantized, const Network& network);

/// Stable text: a line a population, a line a projection, notes, warnings.
[[nodiscard]] std::string print(const QuantizeReport& report);

}  // namespace spikeloom

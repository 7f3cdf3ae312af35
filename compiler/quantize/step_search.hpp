// The step that loses least.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

/// The weights of one projection as the search sees them.
struct StepDemand {
  std::vector<double> value;     ///< nonzero
  std::vector<double> activity;  ///< of its source, ≥ 0
  std::uint32_t bits = 8;
  std::uint32_t max_shift = 0;
};

struct StepPlan {
  double base = 1;                   ///< real value of mantissa 1 at shift 0
  std::vector<std::uint32_t> shift;  ///< by demand; the smallest is 0
};

/// The mantissa for value/step: rounded, then clipped to the range of `bits`; ±1 at 1 bit.
[[nodiscard]] std::int32_t mantissa(double value, double step, std::uint32_t bits, Rounding rounding);

/// Base and shifts with the least Σ activity·(value - mantissa·base·2^shift)², over sixteenths of an
/// octave, finer around the best, and then by least squares. `max_shift` caps every demand's.
///
/// Law  independent of the order of the values, but for the last bits of sums.
[[nodiscard]] StepPlan search_step(std::span<const StepDemand> demands, Rounding rounding,
                                   std::uint32_t max_shift);

}  // namespace spikeloom

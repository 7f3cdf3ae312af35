// Weights that are integers already, in some unit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace spikeloom {

/// Nearest integer, halves away from zero; |x| < 2^31.
[[nodiscard]] inline std::int32_t nearest(double x) {
  return static_cast<std::int32_t>(x + (x < 0 ? -0.5 : 0.5));
}

/// Equal but for what single precision and one product can have done to a ratio.
[[nodiscard]] bool near_integer(double x);

/// The coarsest step whose multiples within `range` are all of the values (zeros are skipped); nothing
/// when there is none or no value.
[[nodiscard]] std::optional<double> common_grid(std::span<const double> values,
                                                std::pair<std::int32_t, std::int32_t> range);

/// One set of values that needs a step of base·2^shift.
struct GridDemand {
  std::span<const double> values;
  std::pair<std::int32_t, std::int32_t> range;
  bool plus_minus_one = false;  ///< 1 bit: mantissas are -1 and +1 only
  std::uint32_t max_shift = 0;
};

struct JointGrid {
  double base = 1;
  std::vector<std::uint32_t> shift;  ///< by demand; the smallest is 0
};

/// A base that puts every set exactly on its own grid base·2^shift; the coarsest found.
[[nodiscard]] std::optional<JointGrid> joint_grid(std::span<const GridDemand> demands);

}  // namespace spikeloom

#include "compiler/quantize/grid.hpp"

#include <algorithm>
#include <cmath>

namespace spikeloom {

namespace {

/// Finer bases than this part of the finest grid are of no use: the mantissas have 8 bits.
constexpr int kFinestPart = 128;

bool on_grid(std::span<const double> values, double step, std::pair<std::int32_t, std::int32_t> range) {
  return std::all_of(values.begin(), values.end(), [&](double value) {
    const double x = value / step;
    return x > range.first - 0.5 && x < range.second + 0.5 && near_integer(x);
  });
}

/// Least squares, so that the last bits do not hang on one value.
double refine(std::span<const double> values, double step) {
  double product = 0;
  double square = 0;
  for (const double value : values) {
    const double m = nearest(value / step);
    product += value * m;
    square += m * m;
  }
  return product / square;
}

/// Splits ratio = odd·2^shift; nothing when it is no integer.
std::optional<std::pair<std::int32_t, std::uint32_t>> split(double ratio) {
  if (ratio < 0.5 || ratio > 1e6 || !near_integer(ratio)) return std::nullopt;
  std::int32_t odd = nearest(ratio);
  std::uint32_t shift = 0;
  for (; odd % 2 == 0; odd /= 2) ++shift;
  return std::pair{odd, shift};
}

/// The shift that puts the demand on base·2^shift, or nothing.
std::optional<std::uint32_t> fit(const GridDemand& demand, double grid, double base) {
  const auto parts = split(grid / base);
  if (!parts) return std::nullopt;
  // A power of two may also stay in the mantissas when the shift is too small for it.
  auto [factor, shift] = *parts;
  for (; shift > demand.max_shift; --shift) factor *= 2;
  if (demand.plus_minus_one && factor != 1) return std::nullopt;
  const double step = base * std::ldexp(1.0, static_cast<int>(shift));
  if (!on_grid(demand.values, step, demand.range)) return std::nullopt;
  return shift;
}

}  // namespace

bool near_integer(double x) {
  constexpr double kTolerance = 1e-6;  // a few roundings to single precision
  return std::abs(x - nearest(x)) <= kTolerance * std::max(1.0, std::abs(x));
}

std::optional<double> common_grid(std::span<const double> values,
                                  std::pair<std::int32_t, std::int32_t> range) {
  double smallest = 0;
  for (const double value : values) {
    const double size = std::abs(value);
    if (size > 0 && (smallest == 0 || size < smallest)) smallest = size;
  }
  if (smallest == 0) return std::nullopt;
  const std::int32_t most = std::max(-range.first, range.second);
  for (std::int32_t k = 1; k <= most; ++k) {
    const double step = smallest / k;
    if (on_grid(values, step, range)) return refine(values, step);
  }
  return std::nullopt;
}

std::optional<JointGrid> joint_grid(std::span<const GridDemand> demands) {
  std::vector<double> grids;
  for (const GridDemand& demand : demands) {
    const auto grid = common_grid(demand.values, demand.range);
    if (!grid) return std::nullopt;
    grids.push_back(*grid);
  }
  if (grids.empty()) return std::nullopt;
  const double finest = *std::min_element(grids.begin(), grids.end());
  for (int part = 1; part <= kFinestPart; ++part) {
    JointGrid joint{finest / part, {}};
    for (std::size_t n = 0; n < grids.size(); ++n) {
      const auto shift = fit(demands[n], grids[n], joint.base);
      if (!shift) break;
      joint.shift.push_back(*shift);
    }
    if (joint.shift.size() != grids.size()) continue;
    // A shift that all share belongs to the base.
    const std::uint32_t shared = *std::min_element(joint.shift.begin(), joint.shift.end());
    for (std::uint32_t& shift : joint.shift) shift -= shared;
    joint.base = std::ldexp(joint.base, static_cast<int>(shared));
    return joint;
  }
  return std::nullopt;
}

}  // namespace spikeloom

#include "compiler/quantize/step_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "compiler/golden/check.hpp"
#include "compiler/quantize/grid.hpp"

namespace spikeloom {

namespace {

constexpr int kPerOctave = 16;
constexpr double kDeepestClip = 64;  ///< the largest weight may be cut to this part of itself
constexpr int kFinePerOctave = 128;  ///< around the best of the sixteenths: at 8 bits the error is jagged
constexpr int kRefits = 4;
/// An improvement below this is the noise of a sum's order.
constexpr double kNoise = 1 - 1e-9;

/// Drops the last bits, in which the order of a sum shows.
double rounded_to_24_bits(double x) {
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  return std::ldexp(std::round(std::ldexp(fraction, 24)), exponent - 24);
}

double step_of(int index) { return rounded_to_24_bits(std::exp2(static_cast<double>(index) / kPerOctave)); }

/// The common case of `error_at`, written for speed: this loop is most of the search.
double error_to_nearest(const StepDemand& demand, double step) {
  const auto range = mantissa_range(demand.bits);
  const double low = range.first;
  const double high = range.second;
  const double inverse = 1 / step;
  double sum = 0;
  for (std::size_t k = 0; k < demand.value.size(); ++k) {
    const double value = demand.value[k];
    const double x = std::min(std::max(value * inverse, low), high);
    const double error = value - nearest(x) * step;
    sum += demand.activity[k] * error * error;
  }
  return sum;
}

double error_at(const StepDemand& demand, double step, Rounding rounding) {
  if (rounding == Rounding::kNearest && demand.bits != 1) return error_to_nearest(demand, step);
  double sum = 0;
  for (std::size_t k = 0; k < demand.value.size(); ++k) {
    const double error = demand.value[k] - mantissa(demand.value[k], step, demand.bits, rounding) * step;
    sum += demand.activity[k] * error * error;
  }
  return sum;
}

/// Errors of one demand over the steps that can suit it, computed when first asked for.
class ErrorTable {
 public:
  ErrorTable(const StepDemand& demand, Rounding rounding) : demand_(demand), rounding_(rounding) {
    double largest = 0;
    for (const double value : demand.value) largest = std::max(largest, std::abs(value));
    const double most = -mantissa_range(demand.bits).first;
    low_ = static_cast<int>(std::floor(kPerOctave * std::log2(largest / most / kDeepestClip)));
    high_ = static_cast<int>(std::ceil(kPerOctave * std::log2(2 * largest / most)));
  }
  [[nodiscard]] int low() const { return low_; }
  [[nodiscard]] int high() const { return high_; }

  /// Best (error, shift) when the base is step_of(base).
  std::pair<double, std::uint32_t> best(int base, std::uint32_t max_shift) {
    const int most = static_cast<int>(max_shift);
    // Outside its range the error only grows, so the nearest end stands for the rest.
    const int first = std::clamp((low_ - base + kPerOctave - 1) / kPerOctave, 0, most);
    const int last = std::clamp((high_ - base) / kPerOctave, first, most);
    std::pair<double, std::uint32_t> result{std::numeric_limits<double>::infinity(), 0};
    for (int shift = first; shift <= last; ++shift) {
      const double error = at(base + kPerOctave * shift);
      if (error < result.first * kNoise) result = {error, static_cast<std::uint32_t>(shift)};
    }
    return result;
  }

 private:
  double at(int index) {
    const auto [it, fresh] = errors_.try_emplace(index, 0);
    if (fresh) it->second = error_at(demand_, step_of(index), rounding_);
    return it->second;
  }

  const StepDemand& demand_;
  Rounding rounding_;
  int low_ = 0, high_ = 0;
  std::map<int, double> errors_;
};

double total_error(std::span<const StepDemand> demands, const StepPlan& plan, Rounding rounding) {
  double sum = 0;
  for (std::size_t n = 0; n < demands.size(); ++n) {
    sum += error_at(demands[n], std::ldexp(plan.base, static_cast<int>(plan.shift[n])), rounding);
  }
  return sum;
}

/// The base that suits the present mantissas best.
double refit(std::span<const StepDemand> demands, const StepPlan& plan, Rounding rounding) {
  double product = 0;
  double square = 0;
  for (std::size_t n = 0; n < demands.size(); ++n) {
    const double factor = std::ldexp(1.0, static_cast<int>(plan.shift[n]));
    for (std::size_t k = 0; k < demands[n].value.size(); ++k) {
      const double m = factor * mantissa(demands[n].value[k], plan.base * factor, demands[n].bits, rounding);
      product += demands[n].activity[k] * demands[n].value[k] * m;
      square += demands[n].activity[k] * m * m;
    }
  }
  return square > 0 && product > 0 ? rounded_to_24_bits(product / square) : plan.base;
}

}  // namespace

std::int32_t mantissa(double value, double step, std::uint32_t bits, Rounding rounding) {
  if (bits == 1) return value < 0 ? -1 : 1;
  const auto [low, high] = mantissa_range(bits);
  const double x = std::clamp(value / step, static_cast<double>(low), static_cast<double>(high));
  // What lies on the grid must not fall below it by the last bit of a quotient.
  if (rounding == Rounding::kTowardsZero && !near_integer(x)) return static_cast<std::int32_t>(x);
  return nearest(x);
}

StepPlan search_step(std::span<const StepDemand> demands, Rounding rounding, std::uint32_t max_shift) {
  SPIKELOOM_CHECK(!demands.empty());
  std::vector<ErrorTable> tables;
  tables.reserve(demands.size());
  for (const StepDemand& demand : demands) tables.emplace_back(demand, rounding);
  int low = std::numeric_limits<int>::max();
  int high = std::numeric_limits<int>::min();
  for (const ErrorTable& table : tables) {
    low = std::min(low, table.low());
    high = std::max(high, table.high());
  }
  StepPlan best;
  double least = std::numeric_limits<double>::infinity();
  for (int base = low; base <= high; ++base) {
    StepPlan plan{step_of(base), {}};
    double sum = 0;
    for (std::size_t n = 0; n < tables.size() && sum < least; ++n) {
      const auto [error, shift] = tables[n].best(base, std::min(max_shift, demands[n].max_shift));
      sum += error;
      plan.shift.push_back(shift);
    }
    if (plan.shift.size() == tables.size() && sum < least * kNoise) {
      least = sum;
      best = plan;
    }
  }
  const double centre = best.base;
  for (int n = -kFinePerOctave / kPerOctave; n <= kFinePerOctave / kPerOctave; ++n) {
    StepPlan plan = best;
    plan.base = rounded_to_24_bits(centre * std::exp2(static_cast<double>(n) / kFinePerOctave));
    const double sum = total_error(demands, plan, rounding);
    if (!(sum < least * kNoise)) continue;
    least = sum;
    best = plan;
  }
  for (int n = 0; n < kRefits; ++n) {
    StepPlan plan = best;
    plan.base = refit(demands, best, rounding);
    const double sum = total_error(demands, plan, rounding);
    if (!(sum < least * kNoise)) break;
    least = sum;
    best = plan;
  }
  // A shift that all share belongs to the base.
  const std::uint32_t shared = *std::min_element(best.shift.begin(), best.shift.end());
  for (std::uint32_t& shift : best.shift) shift -= shared;
  best.base = std::ldexp(best.base, static_cast<int>(shared));
  return best;
}

}  // namespace spikeloom

#include "compiler/flow/check_options.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/map/map.hpp"
#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kMostMargin = 1'000'000;  ///< percent; measured work times this stays within 64 bits
constexpr std::size_t kMostPoints = 1000;
constexpr double kLeastRate = 1e-3, kMostRate = 1e9;  ///< steps a second
/// Numerator and denominator of a wanted period: the analysis multiplies them by its parts of a cycle.
constexpr std::int64_t kMostPeriod = std::numeric_limits<std::int64_t>::max() / kTimeScale;

std::string list_of(std::span<const std::uint32_t> values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + std::to_string(values[i]);
  return text;
}

class OptionCheck {
 public:
  explicit OptionCheck(const CompileOptions& options) : options_(options) {}

  void run() {
    numbers();
    period();
    for (const auto& [name, count] : options_.clusters)
      if (count == 0) add("--clusters " + name + "=0: expected at least 1");
    problems_.throw_if_any("options");
  }

 private:
  void add(const std::string& text) { problems_.add(text); }

  template <class Number>
  void range(const std::string& option, Number value, Number low, Number high) {
    if (value >= low && value <= high) return;
    add(option + ": expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " +
        std::to_string(value));
  }

  void numbers() {
    const Semantics& semantics = options_.semantics;
    if (semantics.dt && !(std::isfinite(*semantics.dt) && *semantics.dt > 0))
      add("--dt: expected a number above 0, found " + std::to_string(*semantics.dt));
    if (semantics.recurrent_delay == 0U) add("--recurrent-delay: expected at least 1 step, found 0");
    if (std::find(kWeightBits.begin(), kWeightBits.end(), options_.weight_bits) == kWeightBits.end())
      add("--bits: expected " + list_of(kWeightBits) + ", found " + std::to_string(options_.weight_bits));
    range("--planes", options_.planes, 1U, kMaxPlanes);
    if (options_.pages) range("--pages", *options_.pages, 2U, kMostPages);
    range<std::uint64_t>("--points", options_.points, 0, kMostPoints);
    range<std::int64_t>("--margin", options_.contract.margin_percent, 0, kMostMargin);
  }

  void period() {
    if (options_.period) {
      if (*options_.period <= Ratio(0))
        add("--period: expected more than 0 cycles a step, found " + options_.period->str());
      else if (std::max(options_.period->num(), options_.period->den()) > kMostPeriod)
        add("--period: expected numerator and denominator up to " + std::to_string(kMostPeriod) + ", found " +
            options_.period->str());
    }
    if (options_.steps_per_second &&
        !(*options_.steps_per_second >= kLeastRate && *options_.steps_per_second <= kMostRate))
      add("--steps-per-second: expected 0.001 to 1000000000, found " +
          std::to_string(*options_.steps_per_second));
    if (options_.period && options_.steps_per_second)
      add("--steps-per-second and --period: expected one of them");
    if (options_.kind_choice == KindChoice::kContracted && !options_.calibrate)
      add("--kinds contracted: contracts follow from data; --calibrate names them");
    if ((options_.period || options_.steps_per_second) && !options_.tune)
      add("--no-tune: nothing is chosen for a wanted period then; leave one of them out");
  }

  const CompileOptions& options_;
  Problems problems_;
};

}  // namespace

void check_options(const CompileOptions& options) { OptionCheck(options).run(); }

}  // namespace spikeloom

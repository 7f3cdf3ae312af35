#include "compiler/data/exit_rule.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kOne = std::int64_t{1} << 16U;
constexpr unsigned kLogBits = 10;  ///< of a sum behind its leading 1: which entry of the table of logarithms

constexpr std::string_view kNames[] = {"margin", "confidence", "entropy"};

struct BestTwo {
  std::int64_t best = 0, next = 0;
};

BestTwo best_two(std::span<const std::int64_t> scores) {
  BestTwo two{std::max(scores[0], scores[1]), std::min(scores[0], scores[1])};
  for (const std::int64_t score : scores.subspan(2)) {
    two.next = std::max(two.next, std::min(score, two.best));
    two.best = std::max(two.best, score);
  }
  return two;
}

}  // namespace

bool ExitRule::decides(std::span<const std::int64_t> scores, double unit) const {
  SPIKELOOM_CHECK(scores.size() > 1);
  const BestTwo two = best_two(scores);
  if (kind == Kind::kMargin) return static_cast<double>(two.best - two.next) >= threshold;
  // p of class c is e^(−d)/z with d its distance from the best: ln p = −d − ln z.
  double z = 0, sum = 0;
  for (const std::int64_t score : scores) {
    const double distance = static_cast<double>(two.best - score) * unit;
    z += std::exp(-distance);
    sum += distance * std::exp(-distance);
  }
  if (kind == Kind::kConfidence) return 1 / z > threshold;
  const double entropy = std::log(z) + sum / z;
  return 1 - entropy / std::log(static_cast<double>(scores.size())) > threshold;
}

std::string ExitRule::text() const {
  char number[32];
  std::snprintf(number, sizeof number, "%g", threshold);
  return std::string(kNames[static_cast<std::size_t>(kind)]) + ":" + number;
}

ExitRule exit_rule_named(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto* const name = std::find(std::begin(kNames), std::end(kNames), text.substr(0, colon));
  double threshold = 0;
  const char* const end = text.data() + text.size();
  const char* const begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [stop, code] = std::from_chars(begin, end, threshold);
  if (name == std::end(kNames) || code != std::errc() || stop != end)
    throw input_error("--exit " + text +
                      ": expected margin:UNITS, confidence:SHARE or entropy:SHARE, as margin:12, "
                      "confidence:0.9, entropy:0.5");
  const auto kind = static_cast<ExitRule::Kind>(name - std::begin(kNames));
  const bool is_margin = kind == ExitRule::Kind::kMargin;
  if (!(threshold >= 0) || (is_margin ? !std::isfinite(threshold) : threshold >= 1))
    throw input_error("--exit " + text + ": expected " +
                      (is_margin ? "0 units or more" : "a share from 0 to below 1"));
  return {kind, threshold};
}

IntegerExitRule::IntegerExitRule(const ExitRule& rule, double unit, std::size_t classes) : kind_(rule.kind) {
  if (kind_ == ExitRule::Kind::kMargin) {
    threshold_ = static_cast<std::int64_t>(std::ceil(rule.threshold));
    return;
  }
  // Beyond the table e^(−d·unit) is below half of its last bit.
  constexpr std::size_t kMost = std::size_t{1} << 16U;
  for (std::size_t d = 0; d < kMost; ++d) {
    const double x = static_cast<double>(d) * unit;
    const double e = static_cast<double>(kOne) * std::exp(-x);
    if (e < 0.5 && x * e < 0.5) break;
    exponential_.push_back(std::llround(e));
    if (kind_ == ExitRule::Kind::kEntropy) weighted_.push_back(std::llround(x * e));
  }
  if (kind_ == ExitRule::Kind::kConfidence) {
    // 1/z > threshold: z · 2^16 is below 2^16 / threshold.
    threshold_ = rule.threshold > 0
                     ? static_cast<std::int64_t>(std::ceil(static_cast<double>(kOne) / rule.threshold))
                     : std::int64_t{1} << 62U;
    return;
  }
  // 1 − H/ln K > threshold: H is below (1 − threshold)·ln K.
  threshold_ =
      std::llround((1 - rule.threshold) * std::log(static_cast<double>(classes)) * static_cast<double>(kOne));
  for (std::size_t behind = 0; behind < (std::size_t{1} << kLogBits); ++behind) {
    const double z = 1 + (static_cast<double>(behind) + 0.5) / (1U << kLogBits);
    log_.push_back(std::llround(static_cast<double>(kOne) * std::log(z)));
  }
}

/// 2^16·ln(sum / 2^16) of a sum of at least 2^16: that of its leading 1 and of the bits behind it.
std::int64_t IntegerExitRule::logarithm(std::int64_t sum) const {
  const auto bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(sum))) - 1;
  const std::int64_t behind = (sum >> (bits - kLogBits)) & ((std::int64_t{1} << kLogBits) - 1);
  return std::llround(static_cast<double>(kOne) * std::numbers::ln2) * (bits - 16) +
         log_[static_cast<std::size_t>(behind)];
}

bool IntegerExitRule::decides(std::span<const std::int64_t> scores) const {
  const BestTwo two = best_two(scores);
  if (kind_ == ExitRule::Kind::kMargin) return two.best - two.next >= threshold_;
  std::int64_t z = 0, sum = 0;
  for (const std::int64_t score : scores) {
    const auto distance = static_cast<std::size_t>(two.best - score);
    if (distance >= exponential_.size()) continue;
    z += exponential_[distance];
    if (!weighted_.empty()) sum += weighted_[distance];
  }
  if (kind_ == ExitRule::Kind::kConfidence) return z < threshold_;
  // ln z + sum / z < threshold, times z.
  const std::int64_t log = logarithm(z);
  return (log * z >> 16U) + sum < (threshold_ * z >> 16U);
}

Exits exits_of(const ExitRule& rule, const std::vector<std::vector<std::int64_t>>& scores,
               std::size_t classes, double unit) {
  Exits exits;
  for (const std::vector<std::int64_t>& sample : scores) {
    const std::size_t steps = sample.size() / classes;
    SPIKELOOM_CHECK(steps > 0);
    std::size_t t = 1;
    while (t < steps && !rule.decides(std::span(sample).subspan((t - 1) * classes, classes), unit)) ++t;
    const auto at = std::span(sample).subspan((t - 1) * classes, classes);
    exits.used.push_back(t);
    exits.classes.push_back(std::max_element(at.begin(), at.end()) - at.begin());
  }
  return exits;
}

double least_mean_steps(std::span<const std::int64_t> right_after, std::int64_t samples) {
  std::int64_t sum = 0, before = 0, t = 0;
  for (const std::int64_t right : right_after) {
    sum += ++t * (right - before);
    before = right;
  }
  return static_cast<double>(sum + (samples - before) * t) / static_cast<double>(samples);
}

}  // namespace spikeloom

// When a sample is decided before all its steps have passed: rules on a readout that adds up over steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikeloom {

/// Looks at a score a class after every step, and says whether the sample is decided (DT-SNN, Li et al., DAC
/// 2023; SEENN, Li et al., NeurIPS 2023). With p = softmax(scores):
struct ExitRule {
  enum class Kind : std::uint8_t {
    kMargin,      ///< the best score is at least `threshold` integer units above the next one
    kConfidence,  ///< the largest p is above `threshold`
    kEntropy,     ///< 1 − H(p)/ln K is above `threshold`, for K classes
  };
  Kind kind = Kind::kMargin;
  double threshold = 0;

  /// Scores in integer units, `unit` is one unit's real value. At least two classes.
  [[nodiscard]] bool decides(std::span<const std::int64_t> scores, double unit) const;
  /// "margin:12".
  [[nodiscard]] std::string text() const;
};

/// "margin:12", "confidence:0.9", "entropy:0.5". Throws Error{kInput} that says what was expected.
[[nodiscard]] ExitRule exit_rule_named(const std::string& text);

/// The same rules in whole numbers, as a circuit decides them: e^(−d·unit) for a distance d to the best score
/// from a table of 16 bits, and for the entropy ln and x·ln x from tables of 16 bits.
class IntegerExitRule {
 public:
  IntegerExitRule(const ExitRule& rule, double unit, std::size_t classes);
  [[nodiscard]] bool decides(std::span<const std::int64_t> scores) const;
  /// Words of the tables together.
  [[nodiscard]] std::size_t table_words() const {
    return exponential_.size() + weighted_.size() + log_.size();
  }

 private:
  [[nodiscard]] std::int64_t logarithm(std::int64_t sum) const;

  ExitRule::Kind kind_;
  std::int64_t threshold_ = 0;             ///< margin: units; confidence: of the sum; entropy: 16 bits
  std::vector<std::int64_t> exponential_;  ///< by distance: 2^16·e^(−d·unit)
  std::vector<std::int64_t> weighted_;     ///< by distance: 2^16·d·unit·e^(−d·unit)
  std::vector<std::int64_t> log_;          ///< by the bits behind a leading 1: 2^16·ln(1.bits)
};

/// What early exits make of a set of samples: by sample the steps that were used and the class.
struct Exits {
  std::vector<std::size_t> used;      ///< 1 … the sample's steps
  std::vector<std::int64_t> classes;  ///< the lowest index among equals
};

/// By sample and step, the scores: `scores[sample][step · classes + class]`. A sample that no step decides
/// uses all of its steps.
[[nodiscard]] Exits exits_of(const ExitRule& rule, const std::vector<std::vector<std::int64_t>>& scores,
                             std::size_t classes, double unit);

/// What no rule can beat: every sample stops at the first number of steps after which as many are right, by
/// DT-SNN's code: (c(1) + Σ t·(c(t) − c(t − 1)) + (N − c(T))·T) / N, with c(t) of N samples right after t
/// steps.
[[nodiscard]] double least_mean_steps(std::span<const std::int64_t> right_after, std::int64_t samples);

}  // namespace spikeloom

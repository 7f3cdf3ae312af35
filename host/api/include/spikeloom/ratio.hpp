// Exact rationals: a promise is never floating point.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// num / den in lowest terms with den > 0. Comparison is exact (128-bit products).
/// Arithmetic whose result leaves 64 bits throws Error{kInput}, never gives a wrong value; so does a
/// denominator of 0.
class Ratio {
 public:
  constexpr Ratio() = default;
  Ratio(std::int64_t num, std::int64_t den = 1);  // NOLINT: an integer is a ratio

  [[nodiscard]] std::int64_t num() const { return num_; }
  [[nodiscard]] std::int64_t den() const { return den_; }
  [[nodiscard]] std::int64_t floor() const;
  [[nodiscard]] std::int64_t ceil() const;
  /// For printing only.
  [[nodiscard]] double approximate() const { return static_cast<double>(num_) / static_cast<double>(den_); }
  /// "P/Q", or "P" when Q is 1.
  [[nodiscard]] std::string str() const;
  /// Reads what `str` writes; the denominator must be above 0. Throws Error{kInput}.
  [[nodiscard]] static Ratio parse(const std::string& text);

  friend bool operator==(const Ratio&, const Ratio&) = default;
  friend std::strong_ordering operator<=>(const Ratio& a, const Ratio& b);
  friend Ratio operator+(const Ratio& a, const Ratio& b);
  friend Ratio operator-(const Ratio& a, const Ratio& b);
  friend Ratio operator*(const Ratio& a, const Ratio& b);
  /// Throws Error{kInput} where b is 0.
  friend Ratio operator/(const Ratio& a, const Ratio& b);

 private:
  std::int64_t num_ = 0;
  std::int64_t den_ = 1;
};

}  // namespace spikeloom

#include "compiler/base/ratio.hpp"

#include <charconv>
#include <limits>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

__extension__ typedef __int128 Wide;

Wide gcd(Wide a, Wide b) {
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  while (b != 0) {
    const Wide r = a % b;
    a = b;
    b = r;
  }
  return a;
}

std::int64_t narrow(Wide x) {
  if (x > std::numeric_limits<std::int64_t>::max() || x < std::numeric_limits<std::int64_t>::min())
    throw input_error("an exact ratio leaves 64 bits: a period, a time or a count in the input is too large");
  return static_cast<std::int64_t>(x);
}

Ratio reduced(Wide num, Wide den) {
  if (den == 0) throw input_error("a ratio's denominator is 0");
  const Wide g = gcd(num, den);
  if (g > 1) {
    num /= g;
    den /= g;
  }
  if (den < 0) {
    num = -num;
    den = -den;
  }
  return {narrow(num), narrow(den)};
}

}  // namespace

Ratio::Ratio(std::int64_t num, std::int64_t den) : num_(num), den_(den) {
  if (den == 0) throw input_error("a ratio's denominator is 0");
  const Wide g = gcd(num, den);
  const Wide sign = den < 0 ? -1 : 1;
  num_ = narrow(sign * num / (g == 0 ? 1 : g));
  den_ = narrow(sign * den / (g == 0 ? 1 : g));
}

std::int64_t Ratio::floor() const {
  const std::int64_t q = num_ / den_;
  return (num_ % den_ != 0 && num_ < 0) ? q - 1 : q;
}

std::int64_t Ratio::ceil() const {
  const std::int64_t q = num_ / den_;
  return (num_ % den_ != 0 && num_ > 0) ? q + 1 : q;
}

std::string Ratio::str() const {
  return den_ == 1 ? std::to_string(num_) : std::to_string(num_) + "/" + std::to_string(den_);
}

Ratio Ratio::parse(const std::string& text) {
  const auto number = [&](const char* first, const char* last) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(first, last, value);
    if (code != std::errc() || end != last || first == last)
      throw input_error("\"" + text + "\" is not a ratio; expected P or P/Q with whole P and Q");
    return value;
  };
  const char* begin = text.data();
  const char* end = begin + text.size();
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {number(begin, end)};
  const std::int64_t den = number(begin + slash + 1, end);
  if (den <= 0)
    throw input_error("\"" + text + "\" is not a ratio; expected a denominator above 0, found " +
                      std::to_string(den));
  return {number(begin, begin + slash), den};
}

// A friend declaration in the class does not take the namespace's visibility.
SPIKELOOM_API std::strong_ordering operator<=>(const Ratio& a, const Ratio& b) {
  const Wide left = Wide(a.num_) * b.den_;
  const Wide right = Wide(b.num_) * a.den_;
  return left < right ? std::strong_ordering::less
                      : (left > right ? std::strong_ordering::greater : std::strong_ordering::equal);
}

SPIKELOOM_API Ratio operator+(const Ratio& a, const Ratio& b) {
  return reduced(Wide(a.num_) * b.den_ + Wide(b.num_) * a.den_, Wide(a.den_) * b.den_);
}
SPIKELOOM_API Ratio operator-(const Ratio& a, const Ratio& b) {
  return reduced(Wide(a.num_) * b.den_ - Wide(b.num_) * a.den_, Wide(a.den_) * b.den_);
}
SPIKELOOM_API Ratio operator*(const Ratio& a, const Ratio& b) {
  return reduced(Wide(a.num_) * b.num_, Wide(a.den_) * b.den_);
}
SPIKELOOM_API Ratio operator/(const Ratio& a, const Ratio& b) {
  return reduced(Wide(a.num_) * b.den_, Wide(a.den_) * b.num_);
}

}  // namespace spikeloom

// Seeded random numbers that are the same on every machine and library version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace spikeloom {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Passed in, never global.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// Uniform in 0 .. bound-1; bound > 0. (Bias below 2^-32 for bounds below 2^32.)
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::uint64_t>((Wide(next()) * bound) >> 64U);
  }
  /// Uniform in lo .. hi, both included.
  [[nodiscard]] std::int64_t between(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(hi - lo) + 1));
  }
  /// Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  [[nodiscard]] bool chance(double probability) { return unit() < probability; }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace spikeloom

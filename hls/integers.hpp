// Integers of any width, streams and field access: Vitis's own types where they are, small equals elsewhere.
// C++14, no allocation, no exceptions.
#pragma once

#include <cstdint>

#if defined(__has_include)
#if __has_include(<ap_int.h>)
#define SPIKELOOM_HLS_VENDOR 1
#endif
#endif

#ifdef SPIKELOOM_HLS_VENDOR
#include <ap_int.h>
#include <hls_stream.h>
#endif

#include "hls_layout.hpp"

namespace spikeloom {
namespace hls {

#ifdef SPIKELOOM_HLS_VENDOR
template <int Width>
using Signed = ap_int<Width>;
template <class T, int Depth>
using Stream = ::hls::stream<T, Depth>;
#else
/// Two's complement of Width bits, 1 to 63; a value that does not fit wraps, as ap_int's does.
template <int Width>
class Signed {
 public:
  static_assert(Width >= 1 && Width <= 63, "Signed: 1 to 63 bits");
  Signed() : value_(0) {}
  Signed(std::int64_t value)  // not explicit: as ap_int
      : value_(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << (64 - Width)) >> (64 - Width)) {
  }
  operator std::int64_t() const { return value_; }

 private:
  std::int64_t value_;
};

/// A queue between two processes. Run in a row, as g++ runs them, it holds all that the first one writes:
/// `Depth` is that number and not the FIFO's size, which Vitis takes from the STREAM pragma.
template <class T, int Depth>
class Stream {
 public:
  void write(const T& item) {
    items_[last_] = item;
    ++last_;
  }
  T read() {
    const T item = items_[first_];
    ++first_;
    if (first_ == last_) first_ = last_ = 0;
    return item;
  }

 private:
  T items_[Depth];
  int first_ = 0, last_ = 0;
};
#endif

/// Field F (hls_layout.hpp) of a 32-bit part.
template <class F>
std::uint32_t bits_of(std::uint32_t part) {
#pragma HLS INLINE
  const std::uint32_t mask = F::kWidth == 32 ? 0xffffffffU : (1U << (F::kWidth % 32U)) - 1U;
  return (part >> F::kLow) & mask;
}

/// Field F of a table's word of 32-bit parts, as the ring writes them. No pointers: Vitis partitions the
/// tables.
template <class F, int Words, int Parts>
std::uint32_t field(const std::uint32_t (&table)[Words][Parts], std::uint32_t word) {
#pragma HLS INLINE
  return bits_of<F>(table[word][F::kPart]);
}

/// Two's complement of `width` bits, 1 to 32.
inline std::int32_t sign_extend(std::uint32_t value, int width) {
#pragma HLS INLINE
  return static_cast<std::int32_t>(value << (32 - width)) >> (32 - width);
}

template <int Width>
std::int32_t saturate(std::int64_t value) {
#pragma HLS INLINE
  const std::int64_t top = (std::int64_t(1) << (Width - 1)) - 1;
  return static_cast<std::int32_t>(value > top ? top : value < -top - 1 ? -top - 1 : value);
}

/// trunc0(x·k / 4096), k 0 to 4096: one DSP.
inline std::int64_t decay(std::int64_t x, std::uint32_t k) {
#pragma HLS INLINE
  return (x * static_cast<std::int64_t>(k) + (x < 0 ? 4095 : 0)) >> 12;
}

/// Words over m_axi into a memory of parts, in bursts.
template <int Words, int Parts>
void load(const std::uint32_t* from, std::uint32_t (&to)[Words][Parts]) {
LOAD:
  for (int n = 0; n < Words * Parts; ++n) {
#pragma HLS PIPELINE II = 1
    to[n / Parts][n % Parts] = from[n];
  }
}

template <int Words, int Parts>
void store(const std::uint32_t (&from)[Words][Parts], std::uint32_t* to) {
STORE:
  for (int n = 0; n < Words * Parts; ++n) {
#pragma HLS PIPELINE II = 1
    to[n] = from[n / Parts][n % Parts];
  }
}

/// What the kernels' `control` words (hls_step of rtl/hardware.toml) say of a step's page.
struct StepControl {
  std::uint32_t count;  ///< steps since the sample began, saturating
  bool last;            ///< the page ends its sample
  explicit StepControl(std::uint32_t word)
      : count(bits_of<layout::HlsStepCount>(word)), last(bits_of<layout::HlsStepLast>(word) != 0) {}
};

/// A context's registers, one a word, by CONTEXT_* field.
typedef std::uint32_t ContextRegisters[layout::kContextRegisters][1];

}  // namespace hls
}  // namespace spikeloom

// Stands in for Vitis HLS's ap_int.h: as much of ap_int as the cores use, with its rules: it converts to the
// narrowest of int and long long that holds its width, and wraps when a value does not fit.
#pragma once

#include <type_traits>

template <int Width>
class ap_int {
 public:
  typedef typename std::conditional<(Width <= 32), int, long long>::type RetType;
  ap_int() : value_(0) {}
  ap_int(int value) : value_(wrap(value)) {}
  ap_int(long value) : value_(wrap(value)) {}
  ap_int(long long value) : value_(wrap(value)) {}
  operator RetType() const { return static_cast<RetType>(value_); }

 private:
  static long long wrap(long long value) {
    return static_cast<long long>(static_cast<unsigned long long>(value) << (64 - Width)) >> (64 - Width);
  }
  long long value_;
};

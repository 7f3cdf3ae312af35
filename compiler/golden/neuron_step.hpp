// A neuron's step in integers, written once for C++: the golden interpreter runs it on 64-bit integers, the
// chip model on doubles. int_network.hpp states it; the other languages have it once each:
//
//   file                               language       equal to this one by
//   rtl/neuron/lif_lane.sv             SystemVerilog  tests/rtl_core, tests/flow (model = verilator)
//   hls/neuron/update.hpp              HLS C++        tests/hls/golden_test.cpp
//   host/opencl/neuron.cl              OpenCL C       tests/opencl
//   compiler/model/interpret.cpp       C++, real      the network before it was quantised; tests/quantize
#pragma once

#include <cstdint>

namespace spikeloom {

inline constexpr std::int32_t kDecayOne = 4096;  ///< the decay that holds a value

template <class Number>
struct StepState {
  Number i, v;
};

/// Current and potential before a spike is looked for. `input` is the scaled sum and bias_i.
/// Arithmetic  decay(x, k): x·k of kDecayOne, towards zero; saturate(x): within the state's bits.
template <class Arithmetic, class Number, class Decay>
[[nodiscard]] constexpr StepState<Number> next_state(Arithmetic& arithmetic, const StepState<Number>& old,
                                                     Decay alpha, Decay beta, Number input, Number bias_v) {
  const Number i = arithmetic.saturate(arithmetic.decay(old.i, alpha) + input);
  const Number v = arithmetic.saturate(arithmetic.decay(old.v, beta) + i + bias_v);
  return {i, v};
}

/// Whether the neuron spikes, strictly above theta; v is then what the reset leaves of it: v_reset, or v less
/// v_reset.
template <class Arithmetic, class Number>
[[nodiscard]] constexpr bool spike_and_reset(Arithmetic& arithmetic, Number& v, Number theta, Number v_reset,
                                             bool subtract) {
  if (!(v > theta)) return false;
  v = subtract ? arithmetic.saturate(v - v_reset) : v_reset;
  return true;
}

/// Exact in 64 bits, and counts what it clips.
struct IntegerArithmetic {
  std::int64_t low, high;
  std::uint64_t clipped = 0;

  /// C++ division rounds towards zero.
  [[nodiscard]] constexpr std::int64_t decay(std::int64_t x, std::int32_t k) const {
    return x * k / kDecayOne;
  }
  [[nodiscard]] constexpr std::int64_t saturate(std::int64_t x) {
    if (x >= low && x <= high) return x;
    ++clipped;
    return x < low ? low : high;
  }
};

}  // namespace spikeloom

// The quantiser with its own checker behind it.
#pragma once

#include <gmock/gmock.h>

#include "compiler/quantize/quantize.hpp"

namespace spikeloom::test {

/// Quantises; every fault that `check` finds fails the test.
inline Quantized checked(const Network& network, const QuantizeOptions& options) {
  Quantized result = quantize(network, options);
  EXPECT_THAT(check(result, network).list(), ::testing::IsEmpty());
  return result;
}

}  // namespace spikeloom::test

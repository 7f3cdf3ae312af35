// A run held against the golden model, value by value.
#pragma once

#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {

void expect_golden(const Case& made, const Image& image, const DeviceRun& run, const GoldenRun& golden);

}  // namespace spikeloom::testing

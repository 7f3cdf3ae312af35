#pragma once

#include "host/opencl/core_kernels.hpp"

namespace spikeloom::opencl {

extern const CoreKernels kCrossbarKernels;

}  // namespace spikeloom::opencl

#pragma once

#include "host/opencl/core_kernels.hpp"

namespace spikeloom::opencl {

extern const CoreKernels kSystolicKernels;

}  // namespace spikeloom::opencl

// What stands for opencl_runner.cpp in a build without OpenCL.
#include "compiler/base/error.hpp"
#include "host/opencl/opencl_runner.hpp"

namespace spikeloom {

std::unique_ptr<OpenClRunner> open_opencl(const Image&, const OpenClOptions&) {
  throw device_error(
      "opencl: left out of this build; install ocl-icd-opencl-dev, opencl-clhpp-headers and opencl-headers "
      "and configure with -DSPIKELOOM_WITH_OPENCL=ON");
}

}  // namespace spikeloom

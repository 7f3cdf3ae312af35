// In place of opencl_card.cpp in a build without OpenCL.
#include "compiler/base/error.hpp"
#include "host/device/opencl_card.hpp"

namespace spikeloom {

bool opencl_built_in() { return false; }

std::unique_ptr<Link> open_opencl_card(const Chip&, const OpenClCardOptions&) {
  throw device_error(
      "device opencl: this program was built without OpenCL; install opencl-clhpp-headers and "
      "ocl-icd-opencl-dev "
      "and build with -DSPIKELOOM_WITH_OPENCL=ON");
}

}  // namespace spikeloom

// In place of xrt_device.cpp in a build without XRT.
#include "compiler/base/error.hpp"
#include "host/device/xrt_device.hpp"

namespace spikeloom {

bool xrt_built_in() { return false; }

std::unique_ptr<Link> open_xrt(const Chip&, const XrtOptions&) {
  throw device_error(
      "device xrt: this program was built without XRT; install libxrt-dev and uuid-dev (or AMD's XRT) and "
      "build "
      "with -DSPIKELOOM_WITH_XRT=ON");
}

}  // namespace spikeloom

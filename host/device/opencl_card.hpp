// The same card and kernel as xrt_device.hpp, through OpenCL 1.2 and its C++ bindings.
#pragma once

#include <memory>
#include <string>

#include "host/device/card_link.hpp"

namespace spikeloom {

struct OpenClCardOptions {
  std::string xclbin;               ///< file with the kernel
  std::string platform = "Xilinx";  ///< OpenCL platform, by its name
  std::size_t device = 0;           ///< among the platform's accelerators
  CardOptions card;
};

/// Whether this program was built with OpenCL.
[[nodiscard]] bool opencl_built_in();

/// Throws as open_xrt does; a platform that is not there is Error{kDevice} and names those that are.
[[nodiscard]] std::unique_ptr<Link> open_opencl_card(const Chip& chip, const OpenClCardOptions& options);

}  // namespace spikeloom

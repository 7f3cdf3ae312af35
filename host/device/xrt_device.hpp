// A card through XRT's native C++ API.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "host/device/card_link.hpp"

namespace spikeloom {

struct XrtOptions {
  std::string xclbin;        ///< file with the kernel
  std::string device = "0";  ///< XRT's number of the card, or its bus address (bdf)
  CardOptions card;
};

/// Whether this program was built with XRT.
[[nodiscard]] bool xrt_built_in();

/// Loads the xclbin and opens its kernel.
/// Throws Error{kInput} for a file that is no xclbin or lacks the kernel, Error{kDevice} when there is no
/// such card, another process holds it, or what it runs was not made for this program or this chip.
[[nodiscard]] std::unique_ptr<Link> open_xrt(const Chip& chip, const XrtOptions& options);

}  // namespace spikeloom

// Which Spikeloom this is.
#pragma once

#include <string>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// "0.1.0"
[[nodiscard]] std::string version();
/// The commit that it was built from, in short; "unknown" where there was no git.
[[nodiscard]] std::string commit();

}  // namespace spikeloom

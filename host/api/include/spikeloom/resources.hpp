// Where an installation (or a build folder) keeps what is needed at run time.
#pragma once

#include <filesystem>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// PREFIX/share/spikeloom: `chips`, `rtl`, `generated`, and the harnesses that chips are Verilated with.
///
/// PREFIX is $SPIKELOOM_HOME where it is set; else the nearest folder above the library or program that holds
/// this code which has share/spikeloom. An installation may be moved as a whole.
/// Throws Error{kDevice} that says where was looked.
[[nodiscard]] std::filesystem::path resource_folder();

/// PREFIX/libexec/spikeloom: programs that only other programs start.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace spikeloom

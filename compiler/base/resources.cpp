#include "compiler/base/resources.hpp"

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

namespace fs = std::filesystem;

/// What every share/spikeloom has.
constexpr const char* kMark = "share/spikeloom/rtl/hardware.toml";

/// The file, shared library or program, that this function's code was loaded from. The kernel's table has its
/// whole path; the loader only what it was called by.
fs::path own_file() {
  const auto here = reinterpret_cast<std::uintptr_t>(&own_file);
  std::ifstream maps("/proc/self/maps");
  for (std::string text; std::getline(maps, text);) {
    std::uintptr_t first = 0, last = 0;
    if (std::sscanf(text.c_str(), "%" SCNxPTR "-%" SCNxPTR, &first, &last) != 2) continue;
    const std::size_t path = text.find('/');
    if (first <= here && here < last && path != std::string::npos) return text.substr(path);
  }
  throw device_error(
      "resources: /proc/self/maps does not say where Spikeloom's code lies; set SPIKELOOM_HOME");
}

fs::path find_prefix() {
  const fs::path file = own_file();
  std::error_code none;
  for (fs::path folder = file.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    if (fs::exists(folder / kMark, none)) return folder;
  throw device_error("resources: no folder above " + file.string() + " has " + kMark +
                     "; set SPIKELOOM_HOME to the folder that Spikeloom was installed into");
}

fs::path prefix() {
  if (const char* home = std::getenv("SPIKELOOM_HOME"); home != nullptr && *home != '\0') {
    if (!fs::exists(fs::path(home) / kMark))
      throw device_error(std::string("resources: SPIKELOOM_HOME=") + home + ": has no " + kMark);
    return fs::absolute(home).lexically_normal();
  }
  // A process's own files do not move.
  static const fs::path found = find_prefix();
  return found;
}

}  // namespace

fs::path resource_folder() { return prefix() / "share" / "spikeloom"; }
fs::path program_folder() { return prefix() / "libexec" / "spikeloom"; }

}  // namespace spikeloom

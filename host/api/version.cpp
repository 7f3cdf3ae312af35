#include <spikeloom/version.hpp>

#include "spikeloom_version.hpp"

namespace spikeloom {

std::string version() { return kVersion; }
std::string commit() { return kCommit; }

}  // namespace spikeloom

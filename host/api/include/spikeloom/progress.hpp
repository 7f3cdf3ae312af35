// How long work is getting on, for people who wait.
#pragma once

#include <functional>
#include <string>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// Reports long work (building a chip) to a person: fraction done 0..1 (negative: unknown), what.
using Progress = std::function<void(double, const std::string&)>;

/// Called when a stage or a trial begins, with its name.
using OnStage = std::function<void(const std::string&)>;

}  // namespace spikeloom

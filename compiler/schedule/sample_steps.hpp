// How many steps every sample has, where the user says so: promises may rest on it, for it says how many
// pages a batch has (docs/architecture.md, "Time").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"

namespace spikeloom {

/// As Application::options say it; nothing: samples may have any length.
[[nodiscard]] std::optional<std::int64_t> sample_steps(const Application&);
/// Application::options that say it.
[[nodiscard]] std::string options_with(std::optional<std::uint32_t> steps);

/// Pages that firings of up to `pages` may have, rising: as many as there are, and what a sample leaves over.
[[nodiscard]] std::vector<std::int64_t> batch_sizes(std::int64_t pages, std::optional<std::int64_t> steps);

}  // namespace spikeloom

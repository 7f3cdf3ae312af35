// A slow, uneven transport: for tests, and to find what depends on how calls are cut up.
#pragma once

#include <cstdint>
#include <memory>

#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// Wraps a link: sends and receives take random small pieces, now and then nothing, and progress is
/// sometimes not made. Words and their order are the inner link's; the same seed gives the same cuts.
[[nodiscard]] std::unique_ptr<Link> throttle(std::unique_ptr<Link> inner, std::uint64_t seed);

}  // namespace spikeloom

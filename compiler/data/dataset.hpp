// Input data: what a network is fed, step by step, from whatever file it came. The contract of this folder.
#pragma once

#include <cstddef>

#include <spikeloom/data.hpp>

#include "compiler/data/encode.hpp"

namespace spikeloom {

/// What the values of one input span; a binary input has integral = true, least >= 0 and most <= 1.
struct ValueRange {
  double least = 0;
  double most = 0;
  bool integral = true;
};
[[nodiscard]] ValueRange value_range(const Dataset& data, std::size_t port);

}  // namespace spikeloom

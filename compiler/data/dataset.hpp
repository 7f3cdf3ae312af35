// Input data: what a network is fed, step by step, from whatever file it came. The contract of this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

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

/// Where an input is not what it was in its sample's first step.
struct Change {
  std::size_t step = 0;
  std::uint32_t element = 0;
  double before = 0, now = 0;  ///< 0: no event
};
/// The first one, by step and then by element; none where every step is as the first.
[[nodiscard]] std::optional<Change> first_change(const Train& train, std::size_t steps);
/// "step 3, in[7] = 2: …" with what was expected, and what to do.
[[nodiscard]] std::string change_text(const Change& change, const std::string& input);

}  // namespace spikeloom

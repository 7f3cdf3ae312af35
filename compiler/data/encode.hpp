// Static values to spikes over time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <spikeloom/data.hpp>

#include "compiler/base/rng.hpp"

namespace spikeloom {

struct EncodeOptions {
  Encoder encoder = Encoder::kAccumulate;
  std::size_t steps = 1;
  double full_scale = 1;  ///< > 0
};

/// Encodes one sample's values.
///
/// Units   latency: a value x spikes at step round((full scale − x)·(steps − 1) / full scale).
/// Throws  Error{kInput} naming the element where a value lies outside 0 .. full scale (nothing is
///         clipped; direct takes any finite value), or where steps or full scale is not positive.
[[nodiscard]] Train encode(std::span<const double> values, const EncodeOptions& options, Rng& rng);

}  // namespace spikeloom

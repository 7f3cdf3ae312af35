// Arcs whose tokens are below 0, as batches of steps have them: the firings that they join are counted anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom {

/// An actor's firing j is that of step j − lag, so a channel has lag of its target − lag of its source more
/// tokens.
struct Lags {
  std::vector<std::int64_t> lag;    ///< by actor
  std::vector<std::size_t> circle;  ///< channels that follow one another round tokens below 0; else empty
};

/// The least lags with which no channel has tokens below 0 where there are such.
[[nodiscard]] Lags least_lags(std::size_t actors, std::span<const sdf::Channel> channels);

}  // namespace spikeloom

// What sources may do where no data say it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/partition/application.hpp"
#include "compiler/partition/feature_map.hpp"

namespace spikeloom {

/// Spikes of a source by its position, in each of a few pictures: as busy everywhere; busiest at the top; on
/// the left; in the middle. A cut that is good for all of them keeps all blocks busy whatever a picture
/// shows. The mean over all positions is about 1.
inline constexpr std::size_t kScenes = 4;
using Scenes = std::array<double, kScenes>;

[[nodiscard]] Scenes scenes_at(const MapExtent& map, std::uint32_t element);

/// By ClusterId: cycles of a firing in each scene beyond the least. Only host inputs have positions here;
/// other sources are as busy everywhere. Empty: there are data, or no input has positions.
[[nodiscard]] std::vector<Scenes> scene_work(const Application&);

}  // namespace spikeloom

// Ids as types: a TileId is not a ClusterId, and neither is a number.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace spikeloom {

/// A dense index, 0 to count-1, into vectors of the thing that `Tag` names.
template <class Tag>
struct Id {
  std::uint32_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t v) : value(static_cast<std::uint32_t>(v)) {}
  /// For indexing: `things[id.index()]`.
  [[nodiscard]] constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using PopulationId = Id<struct PopulationTag>;
using ProjectionId = Id<struct ProjectionTag>;
using ClusterId = Id<struct ClusterTag>;
using TileId = Id<struct TileTag>;

}  // namespace spikeloom

template <class Tag>
struct std::hash<spikeloom::Id<Tag>> {
  std::size_t operator()(spikeloom::Id<Tag> id) const noexcept { return id.value; }
};

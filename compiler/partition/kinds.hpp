// Which kind of tile a population goes to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spikeloom {

/// What a kind of tile says to a population.
struct KindAnswer {
  std::uint32_t clusters = 0;        ///< that it would need; 0: the kind cannot hold it
  std::vector<std::string> reasons;  ///< why not
};

/// A kind for every population; none where no kind can hold it, or the wanted one cannot.
///
/// Populations whose kind is wanted come first, then the others in their order. Each takes the first kind, in
/// the order of the chip file, that can hold it and still has a tile for each of its clusters; where no kind
/// has, the one whose tiles will then carry the fewest clusters each (of equals the first). So a network that
/// fits the default kind's tiles stays there, and what does not goes to the next kind.
///
/// Shape   answers by population, by kind; wanted by population, or empty.
[[nodiscard]] std::vector<std::optional<std::uint32_t>> prefer(
    const std::vector<std::vector<KindAnswer>>& answers, const std::vector<std::uint32_t>& tiles,
    const std::vector<std::optional<std::uint32_t>>& wanted);

}  // namespace spikeloom

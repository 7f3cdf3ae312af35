// What counting alone refuses: no placement, no numbering and no slots can mend it.
#pragma once

#include <string>
#include <vector>

#include "compiler/map/map.hpp"

namespace spikeloom {

/// A table or a wheel that is too short, of one node or of all tiles together.
struct Shortage {
  std::string text;     ///< for people, with the numbers
  bool of_one = false;  ///< one cluster alone needs more than an empty tile has
};

/// All of them at once; empty: counting does not refuse the application, the mapper still may.
///
/// Sound  what can be mapped has none.
[[nodiscard]] std::vector<Shortage> shortages(const Application&, const Chip&, const MapOptions&);

/// One after the other; empty: none.
[[nodiscard]] std::string in_words(const std::vector<Shortage>&);

}  // namespace spikeloom

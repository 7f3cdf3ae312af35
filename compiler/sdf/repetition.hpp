// How often every actor fires before all channels hold what they held at first.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// The smallest positive numbers for which production equals consumption on every channel.
struct Repetition {
  std::vector<std::int64_t> cycles;   ///< rounds through all phases, by actor
  std::vector<std::int64_t> firings;  ///< cycles × phases, by actor
};

/// The rates along these channels, which form a circle when their directions are ignored, contradict one
/// another: tokens would pile up or run out.
struct Inconsistent {
  std::vector<ChannelId> circle;
};

/// No channel joins these parts, so no iteration of the whole exists: analyse them one by one.
struct Disconnected {
  std::vector<std::vector<ActorId>> parts;
};

using RepetitionResult = std::variant<Repetition, Inconsistent, Disconnected>;

/// Cost    O(actors + channels).
/// Throws  Error{kInput} naming the channel at which the numbers leave 64 bits.
/// Source  Lee and Messerschmitt, Proc. IEEE 75 (1987); phases: Bilsen et al., IEEE Trans. Signal Process. 44
///         (1996).
[[nodiscard]] RepetitionResult repetition_vector(const PhasedGraph& graph);

/// The repetition vector. Throws Error{kInput} naming the circle or the parts.
[[nodiscard]] Repetition require_repetition(const PhasedGraph& graph);

}  // namespace spikeloom::sdf

// Which populations' weights are streamed where the user leaves that to the compiler
// (docs/streamed-weights.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/flow/kind_choice.hpp"

namespace spikeloom {

/// In place of a population's name: as few weights as make the network fit.
inline constexpr std::string_view kStreamAsNeeded = "auto";

struct ChosenStreams {
  std::vector<std::string> populations;  ///< whose weights are streamed; empty: all weights fit
  std::vector<std::string> notes;
};

/// Nothing where the options leave nothing to choose.
///
/// Method  Populations with a tile that takes a stream, those with the most weights first: streamed one more
///         at a time until the network fits; then each is taken back, the most weights first, where the
///         network fits without it. So none can be taken back. If nothing fits, all of them.
/// Cost    a build for each of these.
[[nodiscard]] std::optional<ChosenStreams> choose_streams(const IntNetwork& network, const Chip& chip,
                                                          const CompileOptions& options,
                                                          const BuildWith& build);

/// What is streamed: a line for all of it, and one for each population.
[[nodiscard]] std::vector<std::string> notes_on_streams(const Image& image);

}  // namespace spikeloom

// Which populations share membranes, as the user asks for it (`--share`).
#pragma once

#include <string>
#include <vector>

#include "compiler/flow/compile.hpp"

namespace spikeloom {

/// Writes wishes into the network: "NAME=N", N groups of the population's channels pass one after another
/// through one set of membranes; "NAME+NAME", the populations pass through the membranes of the first of
/// them. What such a network means, and what of it may be asked for: docs/shared-neurons.md.
///
/// Throws  Error{kInput} that lists what is neither, or names what there is not, or asks twice.
void share_neurons(CompileInput&, const std::vector<std::string>& wishes);

/// A line for every population whose groups share: through how many membranes they pass, beside those that
/// they would have alone.
[[nodiscard]] std::vector<std::string> notes_on_sharing(const Application&);

}  // namespace spikeloom

// The ranges of what a user chooses, in one place: the library and the command both come through here.
#pragma once

#include <spikeloom/compile_options.hpp>

namespace spikeloom {

/// Throws Error{kInput} that lists every option whose value cannot be meant, by the command's name for it.
/// What depends on the network or the chip is checked where that is known: names by `check_names`, weight
/// bits and bit planes of this chip by the quantiser.
void check_options(const CompileOptions& options);

}  // namespace spikeloom

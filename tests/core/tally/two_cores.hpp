// A chip with tiles of the first core and of this one, and samples for its networks.
#pragma once

#include "compiler/base/rng.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/golden/int_network.hpp"
#include "tests/core/core_inputs.hpp"

namespace spikeloom::test {

[[nodiscard]] CoreInputs tally_inputs();

/// Two tiles of the first core and two tally tiles, of kind "voters".
[[nodiscard]] Chip two_core_chip();

/// Samples of every length from one step up, sparse to full.
[[nodiscard]] Dataset random_samples(Rng& rng, const IntNetwork& network);

}  // namespace spikeloom::test

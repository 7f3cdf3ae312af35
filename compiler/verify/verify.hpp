// Whether an image is what it says: everything that it claims, from its tables alone.
#pragma once

#include <string>

#include <spikeloom/image.hpp>

#include "compiler/golden/int_network.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// Checked  Verification::checked says it, line by line.
/// Assumed  Verification::assumed.
/// Cost     linear in synapses, actors and the starts of the certificates.
[[nodiscard]] Verification verify(const Image& image);

/// The same, and that the tables compute this network: every weight, parameter, name and shape.
[[nodiscard]] Verification verify(const Image& image, const IntNetwork& network);

/// Throws Error{kInput} that lists what does not hold; `name` is the image's in the message.
/// Returns  the seconds that it took.
double require_verified(const Image& image, const std::string& name);

}  // namespace spikeloom

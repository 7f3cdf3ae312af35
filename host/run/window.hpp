// What an image promises of a run in which the host waits for outputs.
//
// The image's own promises are of a host that gives steps as fast as they are taken. A window is the host's
// affair: no table, slot or page depends on it, so one image serves any window, and what it promises with one
// is computed when it is run, from the same graph with the window's arc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"

namespace spikeloom {

/// Throws Error{kInput}, with what would do, where the chip cannot keep this window for the image: it is
/// longer than tokens can be counted, or the chip counts those of fewer sinks than there are. 0: no window.
void check_window(const ImageView& image, std::uint32_t window);

/// The image's own promises, or those of a run with the window: guaranteed, and contracted where the image
/// has a contracted one and that is shorter. Their certificates are checked as an image's are. Throws  as
/// check_window, and where every step would wait for one that comes later: batches of pages are
///         longer than the window.
[[nodiscard]] std::vector<Promise> promises_with_window(const Image& image, std::uint32_t window);

}  // namespace spikeloom

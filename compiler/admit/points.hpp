// Operating points: the ways to run an application that admission chooses from.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"

namespace spikeloom {

struct PointOptions {
  std::size_t most = 8;  ///< points kept
  std::uint64_t seed = 1;
  std::uint32_t most_pages = 8;  ///< of a context, where clusters are packed on fewer tiles
};

/// Points of a compiled image, the shortest period first: as it was placed and packed on fewer tiles, each
/// with more and more slots for the channels on the critical cycle. None is as good as another or worse in
/// tiles, slots and period all at once.
///
/// Throws  Error{kInput} where why_no_points has a reason.
/// Source  greedy exploration of a Pareto front along critical cycles, as for buffers: Stuijk et al., IEEE
///         Trans. Computers 57 (2008).
[[nodiscard]] std::vector<OperatingPoint> operating_points(const ImageView& image,
                                                           const PointOptions& options = {});

/// What an operating point claims and does not keep: its graph is not that of its binding, or its
/// certificates under its budgets do not hold. Empty: it keeps all. Assumed: `check` of the image finds no
/// fault.
[[nodiscard]] std::vector<std::string> faults(const ImageView& image, const OperatingPoint& point);

/// Why the image has no operating points, whatever the options; nothing: it has some.
[[nodiscard]] std::optional<std::string> why_no_points(const ImageView& image);

/// The part of the host's fullest wire that the point takes. One of host.applications would be fair.
[[nodiscard]] Ratio host_share(const OperatingPoint& point, const Chip& chip);

}  // namespace spikeloom

// The static order of every tile: by list scheduling, kept where the guarantee is the better for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/schedule/candidate.hpp"

namespace spikeloom {

enum class FiringTimes : std::uint8_t { kWorst, kExpected };

/// Orders by sdf::list_schedule: an actor a cluster, bound to its tile; a channel a delay-0 or later spike
/// connection with its worst way through the network. Times: worst, or those of the calibrated activity
/// (worst where there is none). All agree with one order of starts, so tiles do not wait in a circle.
[[nodiscard]] std::vector<std::vector<OrderEntry>> listed_orders(const ImageView& image, FiringTimes times);

struct OrderOptions {
  int most_analyses = 24;
  std::size_t many = 96;  ///< clusters, from which on only listed orders are tried
};

/// A candidate with other orders that shorten the guaranteed period, or keep it and shorten the latency:
/// those listed by worst and by expected times, then with neighbours exchanged that stand on the critical
/// cycle. Nothing where none was found.
[[nodiscard]] std::optional<Candidate> better_orders(const Candidate& candidate, const Chip& chip,
                                                     const OrderOptions& options = {});

}  // namespace spikeloom

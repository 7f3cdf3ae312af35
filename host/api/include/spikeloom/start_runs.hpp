// When an actor's firings start: numbers that repeat at a distance, kept once.
#pragma once

#include <cstdint>
#include <vector>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// `count` firings, one after the other, whose starts repeat: firing n of them (n = 0, 1, …) starts at
/// first[n mod q] + step · (n div q), where q = first.size(), from 1 to count. So {{5}, 3, 4} is 5, 8, 11, 14
/// and {{0, 1}, 10, 5} is 0, 1, 10, 11, 20. A list that repeats nothing is a run of its own: q = count.
struct StartRun {
  std::vector<std::int64_t> first;
  std::int64_t step = 0;
  std::int64_t count = 0;
  friend bool operator==(const StartRun&, const StartRun&) = default;
};

/// Those of one actor, the oldest firing first.
using StartRuns = std::vector<StartRun>;

}  // namespace spikeloom

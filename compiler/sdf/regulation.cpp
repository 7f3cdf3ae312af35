#include "compiler/sdf/regulation.hpp"

#include <algorithm>

#include "compiler/sdf/cycle_ratio.hpp"

namespace spikeloom::sdf {

std::variant<std::int64_t, std::monostate> least_sigma(const std::vector<std::vector<std::int64_t>>& samples,
                                                       std::int64_t rho) {
  std::int64_t inside = 0;  // worst run within one sample
  std::int64_t prefix = 0;
  std::int64_t suffix = 0;
  for (const std::vector<std::int64_t>& sample : samples) {
    std::int64_t sum = 0;    // of the sample so far
    std::int64_t least = 0;  // least sum of a beginning
    for (const std::int64_t w : sample) {
      sum += w - rho;
      inside = std::max(inside, sum - least);
      prefix = std::max(prefix, sum);
      least = std::min(least, sum);
    }
    if (sum > 0) return std::monostate{};
    suffix = std::max(suffix, sum - least);
  }
  return std::max(inside, suffix + prefix);
}

std::int64_t least_kept_period(std::int64_t most, const GraphForPeriod& family) {
  std::vector<ChannelId> policy;
  const auto keeps = [&](std::int64_t period) {
    const std::optional<Graph> graph = family(period);
    if (!graph) return false;
    CycleRatio ratio = max_cycle_ratio(*graph, {.start_policy = policy});
    if (std::holds_alternative<Deadlock>(ratio)) return false;
    if (auto* periodic = std::get_if<Periodic>(&ratio)) policy = std::move(periodic->policy);
    return certificate_of(ratio, *graph).period <= Ratio(period);
  };
  std::int64_t low = 0;
  while (low + 1 < most) {
    const std::int64_t middle = low + (most - low) / 2;
    (keeps(middle) ? most : low) = middle;
  }
  return most;
}

}  // namespace spikeloom::sdf

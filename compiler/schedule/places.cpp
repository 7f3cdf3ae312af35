#include "compiler/schedule/places.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/core/core.hpp"
#include "compiler/schedule/arcs.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kWorthwhile =
    98;  ///< percent of the period: what gains less is not worth a longer latency

/// No binding is faster: the longest cluster's firing, then LOAD and WAIT.
Ratio least_period(const Application& app, const Chip& chip) {
  std::int64_t least = 0;
  for (const Cluster& cluster : app.clusters)
    least = std::max(least, core_of(cluster).worst(cluster, chip.kind(cluster.kind)).total() + kTurnCycles);
  return Ratio(least);
}

}  // namespace

std::optional<Candidate> better_places(const Candidate& candidate, const Chip& chip,
                                       const PlaceOptions& options) {
  const bool shared = std::any_of(candidate.binding.orders.begin(), candidate.binding.orders.end(),
                                  [](const auto& order) { return order.size() > 1; });
  const Ratio wanted = candidate.promise.period * Ratio(kWorthwhile, 100);
  if (!shared || !options.mapping.places.empty() || wanted < least_period(*candidate.application, chip))
    return std::nullopt;
  MapOptions by_level = options.mapping;
  by_level.sharing = Sharing::kLevels;
  MapResult mapped = try_map(*candidate.application, chip, by_level);
  if (!mapped.binding) return std::nullopt;
  auto made = candidate_of(candidate.application, *std::move(mapped.binding), chip);
  auto* next = std::get_if<Candidate>(&made);
  if (next == nullptr) return std::nullopt;
  if (options.orders)
    if (auto reordered = better_orders(*next, chip, *options.orders)) *next = *std::move(reordered);
  if (next->promise.period > wanted) return std::nullopt;
  return std::move(*next);
}

}  // namespace spikeloom

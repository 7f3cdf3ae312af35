#include "compiler/schedule/places.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/chip/timing.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {
namespace {

/// No binding is faster: the longest cluster's firing, then LOAD and WAIT.
Ratio least_period(const Application& app) {
  std::int64_t least = 0;
  for (const Cluster& cluster : app.clusters)
    least = std::max(least, timing::kIntegrate + worst_integration(cluster) + timing::kUpdate + static_cast<std::int64_t>(cluster.updates.size()) + 2);
  return Ratio(least);
}

}  // namespace

bool improve_places(Image& image, const MapOptions& options, bool orders) {
  SPIKELOOM_CHECK(image.promises.size() == 1);
  const bool shared = std::any_of(image.binding.orders.begin(), image.binding.orders.end(), [](const auto& order) { return order.size() > 1; });
  if (!shared || !options.places.empty() || image.promises.front().period <= least_period(image.application)) return false;
  MapOptions by_level = options;
  by_level.sharing = Sharing::kLevels;
  MapResult mapped = try_map(image.application, image.chip, by_level);
  if (!mapped.binding) return false;
  std::swap(image.binding, *mapped.binding);
  auto promised = guarantee(image);
  if (auto* promise = std::get_if<Promise>(&promised)) {
    std::swap(image.promises.front(), *promise);
    if (orders) (void)improve_orders(image);
    if (image.promises.front().period < promise->period) return true;
    std::swap(image.promises.front(), *promise);
  }
  std::swap(image.binding, *mapped.binding);
  return false;
}

}  // namespace spikeloom

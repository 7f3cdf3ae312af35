#include "compiler/schedule/places.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/schedule/arcs.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {
namespace {

constexpr std::int64_t kWorthwhile =
    98;  ///< percent of the period: what gains less is not worth a longer latency

/// No binding is faster: the longest cluster's firing, then LOAD and WAIT.
Ratio least_period(const Application& app) {
  std::int64_t least = 0;
  for (const Cluster& cluster : app.clusters)
    least = std::max(least, core_of(cluster).worst(cluster).total() + kTurnCycles);
  return Ratio(least);
}

}  // namespace

std::optional<Bound> improve_places(Image& image, const MapOptions& options, bool orders) {
  SPIKELOOM_CHECK(image.promises.size() == 1);
  const bool shared = std::any_of(image.binding.orders.begin(), image.binding.orders.end(),
                                  [](const auto& order) { return order.size() > 1; });
  const Ratio wanted = image.promises.front().period * Ratio(kWorthwhile, 100);
  if (!shared || !options.places.empty() || wanted < least_period(image.application)) return std::nullopt;
  MapOptions by_level = options;
  by_level.sharing = Sharing::kLevels;
  MapResult mapped = try_map(image.application, image.chip, by_level);
  if (!mapped.binding) return std::nullopt;
  Bound before{std::exchange(image.binding, *std::move(mapped.binding)), image.promises.front()};
  auto promised = guarantee(image);
  if (auto* promise = std::get_if<Promise>(&promised)) {
    image.promises.front() = std::move(*promise);
    if (orders) (void)improve_orders(image);
    if (image.promises.front().period <= wanted) return before;
  }
  image.binding = std::move(before.binding);
  image.promises.front() = std::move(before.promise);
  return std::nullopt;
}

}  // namespace spikeloom

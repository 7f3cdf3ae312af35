#include "compiler/map/map.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/map/channels.hpp"
#include "compiler/map/placement.hpp"

namespace spikeloom {
namespace {

/// Contexts and memory bases, one cluster after the other in firing order.
void deal_out_memory(const Application& app, std::vector<OrderEntry>& order, Binding& binding) {
  Placement next;
  for (const OrderEntry& entry : order) {
    const Cluster& cluster = app.clusters[entry.cluster.index()];
    Placement& p = binding.placement[entry.cluster.index()];
    const TileId tile = p.tile;
    p = next;
    p.tile = tile;
    const auto count = [](std::size_t n) { return static_cast<std::uint32_t>(n); };
    next.context += 1;
    next.first_chunk += count(cluster.chunks.size());
    next.first_axon += count(cluster.axons.size());
    next.first_weight += count(cluster.weights.size() / app.lanes);
    next.first_update += count(cluster.updates.size());
    next.first_set += count(cluster.sets.size());
    next.first_state += cluster.lif_groups;
    next.first_out += cluster.out_entries;
  }
}

/// What each context needs, then one more in turn while rows last.
void deal_out_pages(const Application& app, const Chip& chip, const MapOptions& options, const std::vector<OrderEntry>& order,
                    Binding& binding) {
  std::uint32_t left = chip.tile.page_rows;
  for (const OrderEntry& entry : order) {
    std::uint32_t& rows = binding.placement[entry.cluster.index()].rows;
    rows = least_pages(app.clusters[entry.cluster.index()]);
    left -= rows;
  }
  for (bool gave = true; gave;) {
    gave = false;
    for (const OrderEntry& entry : order) {
      std::uint32_t& rows = binding.placement[entry.cluster.index()].rows;
      if (left == 0 || rows >= std::min(16U, options.most_pages)) continue;
      ++rows;
      --left;
      gave = true;
    }
  }
  std::uint32_t next = 0;
  for (const OrderEntry& entry : order) {
    binding.placement[entry.cluster.index()].first_row = next;
    next += binding.placement[entry.cluster.index()].rows;
  }
}

MapResult try_once(const Application& app, const Chip& chip, const MapOptions& options, double crowding) {
  MapResult result;
  Binding binding;
  binding.seed = options.seed;
  const std::vector<TileId> tiles = place(app, chip, options, crowding, result.reason);
  if (!result.reason.empty()) return result;
  binding.placement.resize(app.clusters.size());
  binding.orders.resize(chip.tiles());
  for (const ClusterId id : app.order) {
    binding.placement[id.index()].tile = tiles[id.index()];
    binding.orders[tiles[id.index()].index()].push_back({id, 0});
  }
  for (std::vector<OrderEntry>& order : binding.orders) {
    deal_out_memory(app, order, binding);
    deal_out_pages(app, chip, options, order, binding);
  }
  if (form_channels(app, chip, binding, result.reason) && allocate_slots(app, chip, options, binding, result.reason))
    result.binding = std::move(binding);
  return result;
}

/// Second channels of a source cost little at first; where tables or slots run out, more and more.
MapResult try_crowdings(const Application& app, const Chip& chip, const MapOptions& options) {
  MapResult result;
  for (const double crowding : {2.0, 20.0, 500.0}) {
    result = try_once(app, chip, options, crowding);
    if (result.binding) return result;
  }
  return result;
}

/// Names the smallest longer wheels or larger tables with which it does fit.
std::string what_would_do(const Application& app, Chip chip, const MapOptions& options) {
  std::string reason;
  (void)place(app, chip, options, 0, reason);
  if (!reason.empty()) return "";
  for (chip.spike_wheel *= 2, chip.credit_wheel *= 2; chip.spike_wheel <= 1024 && chip.credit_wheel <= 1024;
       chip.spike_wheel *= 2, chip.credit_wheel *= 2)
    if (try_once(app, chip, options, 20).binding)
      return "; noc.spike_wheel = " + std::to_string(chip.spike_wheel) + " and noc.credit_wheel = " +
             std::to_string(chip.credit_wheel) + " would do";
  return "; a chip with more tiles or larger tables is needed";
}

}  // namespace

MapResult map(const Application& app, const Chip& chip, const MapOptions& options) {
  if (app.lanes != chip.tile.lanes || app.lif_lanes != chip.tile.lif_lanes)
    throw input_error("application " + app.name + ": built for tile.lanes = " + std::to_string(app.lanes) +
                      ", tile.lif_lanes = " + std::to_string(app.lif_lanes) + ", chip " + chip.name + " has " +
                      std::to_string(chip.tile.lanes) + " and " + std::to_string(chip.tile.lif_lanes) + "; compile again");
  MapResult result;
  if (app.sinks.size() > 256) {
    result.reason = std::to_string(app.sinks.size()) + " clusters are sent to the host, it numbers 256";
    return result;
  }
  result = try_crowdings(app, chip, options);
  if (!result.binding) result.reason += what_would_do(app, chip, options);
  return result;
}

}  // namespace spikeloom

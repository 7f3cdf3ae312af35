#include "compiler/map/channels.hpp"

#include <algorithm>
#include <map>

#include "compiler/map/placement.hpp"
#include "compiler/map/routes.hpp"

namespace spikeloom {
namespace {

/// Channels of one source: the n-th reader on a tile goes to channel n, readers of data before control.
std::vector<Channel> channels_of(const Application& app, const Binding& binding, const ClusterOrHost& from,
                                 std::vector<Consumer> readers) {
  const auto inbound = [&](const Consumer& reader) -> const Inbound& {
    return app.clusters[reader.cluster.index()].inbound[reader.inbound];
  };
  std::stable_sort(readers.begin(), readers.end(), [&](const Consumer& a, const Consumer& b) {
    return (inbound(a).source_count == 0) < (inbound(b).source_count == 0);
  });
  // Weights have a channel of their own for each cluster: `add_weight_channels`.
  std::erase_if(readers, [&](const Consumer& reader) { return inbound(reader).weights > 0; });
  std::vector<Channel> channels;
  std::map<TileId, std::size_t> used;
  for (const Consumer& reader : readers) {
    const std::size_t n = used[binding.placement[reader.cluster.index()].tile]++;
    if (n == channels.size()) channels.push_back({from, 0, {}, {}});
    Destination end;
    end.to = reader.cluster;
    end.inbound = reader.inbound;
    channels[n].to.push_back(end);
  }
  if (!from) return channels;
  const auto sink = std::find(app.sinks.begin(), app.sinks.end(), *from);
  if (sink != app.sinks.end()) {
    if (channels.empty()) channels.push_back({from, 0, {}, {}});
    Destination end;
    end.number = static_cast<std::uint32_t>(sink - app.sinks.begin());
    channels.front().to.push_back(end);
  }
  return channels;
}

/// The host's channels for weights, in an order in which no load waits for a firing that waits for a later
/// one: as clusters fire in a step.
void add_weight_channels(const Application& app, const Binding& binding, std::vector<Channel>& channels) {
  std::vector<std::uint32_t> waits(app.clusters.size(), 0);
  std::vector<std::vector<ClusterId>> before(app.clusters.size());
  const auto precede = [&](ClusterId a, ClusterId b) {
    before[a.index()].push_back(b);
    ++waits[b.index()];
  };
  for (const std::vector<OrderEntry>& order : binding.orders)
    for (std::size_t i = 1; i < order.size(); ++i) precede(order[i - 1].cluster, order[i].cluster);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    for (const Inbound& inbound : app.clusters[c].inbound)
      if (inbound.from && inbound.delay == 0) precede(*inbound.from, ClusterId(c));
  std::vector<ClusterId> ready;
  for (const ClusterId id : app.order)
    if (waits[id.index()] == 0) ready.push_back(id);
  for (std::size_t next = 0; next < ready.size(); ++next) {
    const ClusterId id = ready[next];
    const std::vector<Inbound>& inbound = app.clusters[id.index()].inbound;
    for (std::uint32_t i = 0; i < inbound.size(); ++i) {
      if (inbound[i].weights == 0) continue;
      Destination end;
      end.to = id;
      end.inbound = i;
      channels.push_back({std::nullopt, 0, {}, {end}});
    }
    for (const ClusterId after : before[id.index()])
      if (--waits[after.index()] == 0) ready.push_back(after);
  }
}

}  // namespace

TableNeeds needs_of(const Binding& binding, const Chip& chip) {
  std::vector<std::uint32_t> channels(1 + chip.tiles(), 0), counters(1 + chip.tiles(), 0),
      deliveries(1 + chip.tiles(), 0);
  for (const Channel& channel : binding.channels) {
    const std::uint32_t from = node_of(binding, channel.from);
    ++channels[from];
    for (const Destination& end : channel.to) {
      if (!end.to) continue;
      ++counters[from];
      ++deliveries[node_of(binding, end.to)];
    }
  }
  const auto most = [](const std::vector<std::uint32_t>& of) {
    return *std::max_element(of.begin() + 1, of.end());
  };
  return {most(channels), most(counters), most(deliveries), channels[0], counters[0]};
}

bool form_channels(const Application& app, const Chip& chip, Binding& binding, std::string& reason) {
  const std::vector<std::vector<Consumer>> readers = consumers(app);
  std::vector<Channel> all = channels_of(app, binding, std::nullopt, readers[0]);
  add_weight_channels(app, binding, all);
  for (const std::vector<OrderEntry>& order : binding.orders)
    for (const OrderEntry& entry : order)
      for (Channel& channel : channels_of(app, binding, entry.cluster, readers[1 + entry.cluster.index()]))
        all.push_back(std::move(channel));
  std::vector<std::uint32_t> next_channel(1 + chip.tiles(), 0), next_counter(1 + chip.tiles(), 0),
      next_delivery(1 + chip.tiles(), 0);
  for (Channel& channel : all) {
    const std::uint32_t from = node_of(binding, channel.from);
    channel.number = next_channel[from]++;
    for (Destination& end : channel.to) {
      const std::uint32_t to = node_of(binding, end.to);
      end.hops = hops(chip, from, to);
      if (!end.to) continue;
      end.credit_hops = hops(chip, to, from);
      end.number = next_delivery[to]++;
      end.counter = next_counter[from]++;
    }
  }
  for (std::uint32_t node = 0; node <= chip.tiles(); ++node) {
    const std::string place = node == 0 ? "host" : "tile";
    const std::string where = node == 0 ? "the host"
                                        : "tile (" + std::to_string((node - 1) % chip.width) + "," +
                                              std::to_string((node - 1) / chip.width) + ")";
    const auto limit = [&](std::uint32_t needed, std::uint32_t available, const char* key) {
      if (needed <= available) return;
      reason += (reason.empty() ? "" : "; ") + where + " needs " + std::to_string(needed) + " of " + place +
                "." + key + " = " + std::to_string(available);
    };
    const TileKind& kind = node == 0 ? chip.tile : chip.kind_at(TileId{node - 1});
    limit(next_channel[node], node == 0 ? chip.host.channels : kind.channels, "channels");
    limit(next_counter[node], node == 0 ? chip.host.credit_counters : kind.credit_counters,
          "credit_counters");
    if (node != 0) limit(next_delivery[node], kind.deliveries, "deliveries");
  }
  binding.channels = std::move(all);
  return reason.empty();
}

}  // namespace spikeloom

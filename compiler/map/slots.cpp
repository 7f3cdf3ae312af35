#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "compiler/base/error.hpp"
#include "compiler/map/channels.hpp"
#include "compiler/map/routes.hpp"

namespace spikeloom {
namespace {

/// Something that wants slots: a multicast tree from one node.
struct Request {
  std::uint32_t from = 0;
  std::int64_t flits = 1;  ///< weight: wants slots in proportion
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> links;  ///< (tile, output port, depth)
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends;                   ///< (node, hops)
  std::vector<std::uint32_t> slots;
  std::vector<std::uint32_t>
      distance;  ///< by slot of the wheel, to the nearest of `slots`; empty: there is none
};

Request request_of(const Chip& chip, std::uint32_t from, const std::vector<std::uint32_t>& to,
                   std::int64_t flits) {
  Request request;
  request.from = from;
  request.flits = flits;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> links;
  for (const std::uint32_t node : to) {
    std::uint32_t depth = 0;
    for (const Hop& hop : path(chip, from, node)) links.insert({hop.tile, hop.out, depth++});
    request.ends.emplace_back(node, depth);
  }
  request.links.assign(links.begin(), links.end());
  return request;
}

/// One network's wheel: who uses which wire in which slot.
class Wheel {
 public:
  Wheel(const Chip& chip, std::uint32_t slots)
      : slots_(slots),
        wires_(std::size_t{chip.tiles()} * 5 * slots, 0),
        send_(std::size_t{1 + chip.tiles()} * slots, 0),
        receive_(send_) {}

  [[nodiscard]] bool fits(const Request& r, std::uint32_t slot) {
    if (send(r.from, slot) != 0) return false;
    for (const auto& [tile, port, depth] : r.links)
      if (wire(tile, port, slot + depth) != 0) return false;
    return std::all_of(r.ends.begin(), r.ends.end(),
                       [&](const auto& end) { return receive(end.first, slot + end.second) == 0; });
  }

  void take(Request& r, std::uint32_t slot) {
    send(r.from, slot) = 1;
    for (const auto& [tile, port, depth] : r.links) wire(tile, port, slot + depth) = 1;
    for (const auto& [node, hops] : r.ends) receive(node, slot + hops) = 1;
    r.slots.push_back(slot);
    r.distance.resize(slots_, slots_);
    for (std::uint32_t s = 0; s < slots_; ++s) {
      const std::uint32_t apart = (s + slots_ - slot) % slots_;
      r.distance[s] = std::min({r.distance[s], apart, slots_ - apart});
    }
  }

  /// The free slot farthest from those that the request has, ties to the lowest from `start`; false: none.
  [[nodiscard]] bool add_slot(Request& r, std::uint32_t start) {
    std::uint32_t best = slots_, best_distance = 0;
    for (std::uint32_t i = 0; i < slots_; ++i) {
      const std::uint32_t slot = (start + i) % slots_;
      const std::uint32_t distance = r.distance.empty() ? slots_ : r.distance[slot];
      if (distance > best_distance && fits(r, slot)) {
        best = slot;
        best_distance = distance;
      }
    }
    if (best == slots_) return false;
    take(r, best);
    return true;
  }

 private:
  std::uint8_t& wire(std::uint32_t tile, std::uint32_t port, std::uint32_t slot) {
    return wires_[(std::size_t{tile} * 5 + port) * slots_ + slot % slots_];
  }
  std::uint8_t& send(std::uint32_t node, std::uint32_t slot) {
    return send_[std::size_t{node} * slots_ + slot % slots_];
  }
  std::uint8_t& receive(std::uint32_t node, std::uint32_t slot) {
    return receive_[std::size_t{node} * slots_ + slot % slots_];
  }

  std::uint32_t slots_;
  std::vector<std::uint8_t> wires_, send_, receive_;
};

constexpr int kAttempts = 32;
constexpr std::int64_t kFavour = 4;  ///< flits that one flit of a favoured channel counts as

/// One slot for everyone, then more to whoever has most flits a slot, while any fits. False: not even one
/// for request `failed`, in any of several orders.
bool allocate(const Chip& chip, std::uint32_t slots, std::uint32_t most, std::vector<Request>& requests,
              Rng& rng, std::size_t& failed) {
  std::vector<std::size_t> order(requests.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return requests[a].links.size() + requests[a].ends.size() >
           requests[b].links.size() + requests[b].ends.size();
  });
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Wheel wheel(chip, slots);
    for (Request& request : requests) {
      request.slots.clear();
      request.distance.clear();
    }
    bool all = true;
    for (std::size_t i = 0; i < order.size() && all; ++i) {
      all =
          wheel.add_slot(requests[order[i]], attempt == 0 ? 0 : static_cast<std::uint32_t>(rng.below(slots)));
      if (!all) {
        failed = order[i];
        // Whoever found none goes first in the next attempt.
        std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i),
                    order.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
    if (!all) continue;
    const auto hungrier = [&](std::size_t a, std::size_t b) {
      const auto left = requests[a].flits * static_cast<std::int64_t>(requests[b].slots.size());
      const auto right = requests[b].flits * static_cast<std::int64_t>(requests[a].slots.size());
      return left != right ? left < right : a > b;
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(hungrier)> hungry(hungrier, order);
    while (!hungry.empty()) {
      const std::size_t next = hungry.top();
      hungry.pop();
      if (most != 0 && requests[next].slots.size() >= most) continue;
      if (wheel.add_slot(requests[next], 0)) hungry.push(next);
    }
    for (Request& request : requests) std::sort(request.slots.begin(), request.slots.end());
    return true;
  }
  return false;
}

std::string end_in_words(const Application& app, const ClusterOrHost& end) {
  return end ? app.clusters[end->index()].name : "the host";
}

}  // namespace

Wheels least_wheels(const Chip& chip, const Binding& binding) {
  using Wire = std::tuple<std::uint32_t, std::uint32_t, bool>;  // node, port, which end
  std::map<Wire, std::uint32_t> spikes, credits;
  const auto count = [&](std::map<Wire, std::uint32_t>& on, const Request& request) {
    ++on[{request.from, 0, false}];
    for (const auto& [tile, port, depth] : request.links) ++on[{tile, port, true}];
  };
  for (const Channel& channel : binding.channels) {
    const std::uint32_t from = node_of(binding, channel.from);
    std::vector<std::uint32_t> to;
    for (const Destination& end : channel.to) {
      to.push_back(node_of(binding, end.to));
      if (end.to) count(credits, request_of(chip, to.back(), {from}, 1));
    }
    count(spikes, request_of(chip, from, to, 1));
  }
  const auto most = [](const std::map<Wire, std::uint32_t>& of) {
    std::uint32_t result = 0;
    for (const auto& [wire, requests] : of) result = std::max(result, requests);
    return result;
  };
  return {most(spikes), most(credits)};
}

bool allocate_slots(const Application& app, const Chip& chip, const MapOptions& options, Binding& binding,
                    std::string& reason) {
  std::vector<Request> spikes, credits;
  std::vector<Destination*> owners;
  std::vector<const Channel*> channel_of;
  for (Channel& channel : binding.channels) {
    const std::uint32_t from = node_of(binding, channel.from);
    std::vector<std::uint32_t> to;
    for (Destination& end : channel.to) {
      to.push_back(node_of(binding, end.to));
      if (!end.to) continue;
      credits.push_back(request_of(chip, to.back(), {from}, 1));
      owners.push_back(&end);
      channel_of.push_back(&channel);
    }
    const bool favoured = std::count(options.favoured.begin(), options.favoured.end(), channel.from) != 0;
    const std::int64_t share =
        options.shares.empty() ? (favoured ? kFavour : 1) : options.shares.at(spikes.size());
    spikes.push_back(request_of(chip, from, to, worst_flits(app, channel) * share));
  }
  Rng rng(options.seed ^ 0x510753107510753ULL);
  std::size_t failed = 0;
  if (!allocate(chip, chip.spike_wheel, options.most_slots, spikes, rng, failed)) {
    reason = "no spike slot for channel " + std::to_string(binding.channels[failed].number) + " of " +
             end_in_words(app, binding.channels[failed].from) + ": " + std::to_string(spikes.size()) +
             " channels on noc.spike_wheel = " + std::to_string(chip.spike_wheel);
    return false;
  }
  if (!allocate(chip, chip.credit_wheel, options.most_slots, credits, rng, failed)) {
    reason = "no credit slot from " + end_in_words(app, owners[failed]->to) + " to " +
             end_in_words(app, channel_of[failed]->from) + ": " + std::to_string(credits.size()) +
             " credit paths on noc.credit_wheel = " + std::to_string(chip.credit_wheel);
    return false;
  }
  for (std::size_t i = 0; i < spikes.size(); ++i) binding.channels[i].slots = std::move(spikes[i].slots);
  for (std::size_t i = 0; i < credits.size(); ++i) owners[i]->credit_slots = std::move(credits[i].slots);
  return true;
}

}  // namespace spikeloom

#include "compiler/base/error.hpp"
#include "compiler/map/routes.hpp"

namespace spikeloom {
namespace {

std::uint32_t& selector(hw::RegRoute& route, std::uint32_t port) {
  switch (port) {
    case hw::kPortNorth:
      return route.north;
    case hw::kPortEast:
      return route.east;
    case hw::kPortSouth:
      return route.south;
    case hw::kPortWest:
      return route.west;
    default:
      return route.local;
  }
}

/// Fills the tables of one of the two networks.
class Writer {
 public:
  Writer(const Chip& chip, std::vector<NodeTables>& nodes, std::vector<std::string>& conflicts,
         std::vector<hw::RegSlot> NodeTables::*slots, std::vector<hw::RegRoute> NodeTables::*routes,
         const char* network)
      : chip_(chip),
        nodes_(nodes),
        conflicts_(conflicts),
        slots_(slots),
        routes_(routes),
        network_(network) {}

  void send(std::uint32_t node, std::uint32_t slot, std::uint32_t number) {
    hw::RegSlot& entry = slot_entry(node, slot);
    if (entry.tx_valid != 0) conflict(node, slot, "two senders");
    entry.tx = number;
    entry.tx_valid = 1;
  }
  void receive(std::uint32_t node, std::uint32_t slot, std::uint32_t number) {
    hw::RegSlot& entry = slot_entry(node, slot);
    if (entry.rx_valid != 0) conflict(node, slot, "two receivers");
    entry.rx = number;
    entry.rx_valid = 1;
  }
  /// Routes of one injection to one end. Hops that other ends of the same injection share are the same
  /// entries.
  void route(std::uint32_t from, std::uint32_t to, std::uint32_t slot) {
    for (const Hop& hop : path(chip_, from, to)) {
      std::vector<hw::RegRoute>& table = nodes_[hop.tile + 1].*routes_;
      std::uint32_t& chosen = selector(table[slot % table.size()], hop.out);
      if (chosen != 0 && chosen != hop.in + 1)
        conflict(hop.tile + 1, slot, "two inputs for one router output");
      chosen = hop.in + 1;
      ++slot;
    }
  }

 private:
  hw::RegSlot& slot_entry(std::uint32_t node, std::uint32_t slot) {
    std::vector<hw::RegSlot>& table = nodes_[node].*slots_;
    return table[slot % table.size()];
  }
  void conflict(std::uint32_t node, std::uint32_t slot, const char* what) {
    conflicts_.push_back(std::string(network_) + " network, node " + std::to_string(node) + ", slot " +
                         std::to_string(slot) + ": " + what);
  }

  const Chip& chip_;
  std::vector<NodeTables>& nodes_;
  std::vector<std::string>& conflicts_;
  std::vector<hw::RegSlot> NodeTables::*slots_;
  std::vector<hw::RegRoute> NodeTables::*routes_;
  const char* network_;
};

}  // namespace

namespace {

void enter(const Binding& binding, const Chip& chip, Writer& spikes, Writer& credits) {
  for (const Channel& channel : binding.channels) {
    const std::uint32_t from = node_of(binding, channel.from);
    for (const std::uint32_t slot : channel.slots) {
      spikes.send(from, slot, channel.number);
      for (const Destination& end : channel.to) {
        const std::uint32_t to = node_of(binding, end.to);
        spikes.route(from, to, slot);
        spikes.receive(to, slot + hops(chip, from, to),
                       end.to ? end.number : binding.first_sink + end.number);
      }
    }
    for (const Destination& end : channel.to) {
      if (!end.to) continue;
      const std::uint32_t to = node_of(binding, end.to);
      for (const std::uint32_t slot : end.credit_slots) {
        credits.send(to, slot, end.number);
        credits.route(to, from, slot);
        credits.receive(from, slot + hops(chip, to, from), end.counter);
      }
    }
  }
}

}  // namespace

std::vector<NodeTables> tables(std::span<const Binding* const> bindings, const Chip& chip,
                               std::vector<std::string>& conflicts) {
  std::vector<NodeTables> nodes(1 + chip.tiles());
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    nodes[n].spike_slots.resize(chip.spike_wheel);
    nodes[n].credit_slots.resize(chip.credit_wheel);
    if (n == 0) continue;
    nodes[n].spike_routes.resize(chip.spike_wheel);
    nodes[n].credit_routes.resize(chip.credit_wheel);
  }
  Writer spikes(chip, nodes, conflicts, &NodeTables::spike_slots, &NodeTables::spike_routes, "spike");
  Writer credits(chip, nodes, conflicts, &NodeTables::credit_slots, &NodeTables::credit_routes, "credit");
  for (const Binding* binding : bindings) enter(*binding, chip, spikes, credits);
  return nodes;
}

std::vector<NodeTables> tables(const Binding& binding, const Chip& chip) {
  const Binding* one[] = {&binding};
  std::vector<std::string> conflicts;
  std::vector<NodeTables> nodes = tables(one, chip, conflicts);
  SPIKELOOM_CHECK(conflicts.empty());
  return nodes;
}

}  // namespace spikeloom

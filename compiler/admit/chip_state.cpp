#include "compiler/admit/chip_state.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/map/routes.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// A number of the host that a binding uses, as places in a list of who has which.
template <class Use>
void each_host_number(const Binding& binding, Use&& use) {
  use(&ChipState::applications, binding.application);
  for (const Channel& channel : binding.channels) {
    if (!channel.from) use(&ChipState::host_channels, channel.number);
    for (const Destination& end : channel.to) {
      if (!end.to) use(&ChipState::sinks, binding.first_sink + end.number);
      if (!channel.from && end.to) use(&ChipState::host_counters, end.counter);
    }
  }
}

/// Every slot of a wire that a binding uses: the network (true: spikes), its tree, the slot.
template <class Use>
void each_slot(const Binding& binding, const Wires& wires, Use&& use) {
  Tree tree;
  for (const Channel& channel : binding.channels) {
    tree = {node_of(binding, channel.from), {}};
    for (const Destination& end : channel.to) wires.add_way(tree, node_of(binding, end.to));
    for (const std::uint32_t slot : channel.slots) use(true, tree, slot);
    const std::uint32_t from = tree.from;
    for (const Destination& end : channel.to) {
      if (!end.to) continue;
      tree = {node_of(binding, end.to), {}};
      wires.add_way(tree, from);
      for (const std::uint32_t slot : end.credit_slots) use(false, tree, slot);
    }
  }
}

std::string names_of(const std::vector<Resident>& residents) {
  std::string text;
  for (const Resident& resident : residents) text += (text.empty() ? "" : ", ") + resident.name;
  return text.empty() ? "none" : text;
}

/// No step is shorter: every channel sends at least its end of a step, and every page comes back as a credit.
Ratio shortest_period(const Chip& chip, const Binding& binding) {
  Ratio period(1);
  const auto raise = [&](std::uint32_t wheel, std::size_t slots) {
    period = std::max(period, Ratio(wheel, static_cast<std::int64_t>(slots)));
  };
  for (const Channel& channel : binding.channels) {
    raise(chip.spike_wheel, channel.slots.size());
    for (const Destination& end : channel.to)
      if (end.to) raise(chip.credit_wheel, end.credit_slots.size());
  }
  return period;
}

/// References that leave their lists, before anything is indexed with them.
std::vector<std::string> range_faults(const Chip& chip, const Resident& resident) {
  std::vector<std::string> faults;
  const Binding& binding = resident.binding;
  const auto require = [&](bool holds, const std::string& what) {
    if (!holds) faults.push_back("resident " + resident.name + ": " + what);
  };
  require(binding.orders.size() == chip.tiles(), "orders for " + std::to_string(binding.orders.size()) +
                                                     " tiles, the chip has " + std::to_string(chip.tiles()));
  for (const Placement& place : binding.placement)
    require(place.tile.index() < chip.tiles(), "a cluster on a tile that is not there");
  if (!faults.empty()) return faults;
  const auto cluster = [&](const ClusterOrHost& end) {
    return !end || end->index() < binding.placement.size();
  };
  const auto slots = [&](const std::vector<std::uint32_t>& list, std::uint32_t wheel) {
    bool rising = !list.empty();
    for (std::size_t i = 0; i < list.size(); ++i)
      rising = rising && list[i] < wheel && (i == 0 || list[i - 1] < list[i]);
    require(rising, "a channel's slots are none, not rising, or beyond the wheel");
  };
  for (std::size_t t = 0; t < binding.orders.size(); ++t)
    for (const OrderEntry& entry : binding.orders[t])
      require(cluster(entry.cluster) && binding.placement[entry.cluster.index()].tile.index() == t,
              "an order that names a cluster of another tile");
  for (const Placement& place : binding.placement)
    require(!binding.orders[place.tile.index()].empty(), "a cluster on a tile without an order");
  for (const Channel& channel : binding.channels) {
    require(cluster(channel.from) && !channel.to.empty(), "a channel from or to nowhere");
    const auto kind_at = [&](const ClusterOrHost& end) -> const TileKind& {
      return chip.kind_at(binding.placement[end->index()].tile);
    };
    if (!faults.empty()) return faults;
    require(channel.number < (channel.from ? kind_at(channel.from).channels : chip.host.channels),
            "a channel number beyond the chip's");
    slots(channel.slots, chip.spike_wheel);
    for (const Destination& end : channel.to) {
      require(cluster(end.to) && (channel.from || end.to), "a channel from or to nowhere");
      if (!end.to) {
        require(std::uint64_t{binding.first_sink} + end.number < hw::kLimitHostSinks,
                "a sink number beyond the host's");
        continue;
      }
      if (!faults.empty()) return faults;
      require(
          end.counter < (channel.from ? kind_at(channel.from).credit_counters : chip.host.credit_counters),
          "a credit counter beyond the chip's");
      require(end.number < kind_at(end.to).deliveries, "a delivery beyond the chip's");
      slots(end.credit_slots, chip.credit_wheel);
    }
  }
  require(binding.application < chip.host.applications,
          "application number " + std::to_string(binding.application) + ", host.applications is " +
              std::to_string(chip.host.applications));
  if (faults.empty())
    require(resident.promise.period >= shortest_period(chip, binding),
            "a promise of a step every " + resident.promise.period.str() +
                " cycles, which its slots cannot carry");
  return faults;
}

}  // namespace

ChipState::ChipState(Chip chip)
    : chip_(std::move(chip)),
      tile_taken_(chip_.tiles(), 0),
      applications_(chip_.host.applications, 0),
      host_channels_(chip_.host.channels, 0),
      host_counters_(chip_.host.credit_counters, 0),
      sinks_(hw::kLimitHostSinks, 0),
      spikes_(chip_, chip_.spike_wheel),
      credits_(chip_, chip_.credit_wheel) {}

const Resident* ChipState::find(const std::string& name) const {
  for (const Resident& resident : residents_)
    if (resident.name == name) return &resident;
  return nullptr;
}

std::uint32_t ChipState::free_tiles() const {
  return static_cast<std::uint32_t>(std::count(tile_taken_.begin(), tile_taken_.end(), 0));
}

std::uint32_t ChipState::free_tiles(std::uint32_t kind) const {
  std::uint32_t free = 0;
  for (std::uint32_t t = 0; t < tile_taken_.size(); ++t)
    free += tile_taken_[t] == 0 && chip_.kind_number(TileId{t}) == kind ? 1U : 0U;
  return free;
}

std::vector<std::string> ChipState::clashes(const Resident& resident) const {
  std::vector<std::string> list = range_faults(chip_, resident);
  if (!list.empty()) return list;
  const Binding& binding = resident.binding;
  if (!is_name(resident.name))
    list.emplace_back("an application needs a name in UTF-8 without control characters");
  if (find(resident.name) != nullptr)
    list.push_back("a resident is already called " + resident.name + "; another name is needed");
  for (std::size_t t = 0; t < binding.orders.size(); ++t)
    if (!binding.orders[t].empty() && tile_taken_[t] != 0)
      list.push_back(tile_name(chip_, TileId{t}) + " is taken");
  ChipState own(chip_);  // what the binding itself has so far
  each_host_number(binding, [&](auto numbers, std::uint32_t number) {
    if ((this->*numbers)()[number] != 0) {
      const char* what = numbers == &ChipState::applications    ? "application number "
                         : numbers == &ChipState::host_channels ? "host channel "
                         : numbers == &ChipState::sinks         ? "host sink "
                                                                : "host credit counter ";
      list.push_back(what + std::to_string(number) + " is taken");
    }
  });
  std::set<std::pair<bool, std::uint32_t>> wires;  // each wire once, however many slots
  const auto meet = [&](bool spike, const Tree& tree, std::uint32_t slot) {
    const Wires& theirs = spike ? spikes_ : credits_;
    Wires& mine = spike ? own.spikes_ : own.credits_;
    if (!theirs.taken(tree, slot) && !mine.taken(tree, slot)) {
      mine.set(tree, slot, true);
      return;
    }
    for (const auto& [wire, depth] : tree.wires) {
      const Tree one{tree.from, {{wire, depth}}};
      if ((theirs.taken(one, slot) || mine.taken(one, slot)) && wires.insert({spike, wire}).second)
        list.push_back(theirs.name(wire) + ": " + (spike ? "spike" : "credit") + " slot " +
                       std::to_string((slot + depth) % theirs.wheel()) + " and perhaps more are taken");
    }
  };
  each_slot(binding, spikes_, meet);
  return list;
}

void ChipState::mark(const Binding& binding, bool taken) {
  const std::uint8_t value = taken ? 1 : 0;
  for (std::size_t t = 0; t < binding.orders.size(); ++t)
    if (!binding.orders[t].empty()) tile_taken_[t] = value;
  each_host_number(binding, [&](auto numbers, std::uint32_t number) {
    auto& list = numbers == &ChipState::applications    ? applications_
                 : numbers == &ChipState::host_channels ? host_channels_
                 : numbers == &ChipState::sinks         ? sinks_
                                                        : host_counters_;
    list[number] = value;
  });
  each_slot(binding, spikes_, [&](bool spike, const Tree& tree, std::uint32_t slot) {
    (spike ? spikes_ : credits_).set(tree, slot, taken);
  });
}

void ChipState::enter(Resident resident) {
  Problems problems;
  for (const std::string& clash : clashes(resident)) problems.add(clash);
  problems.throw_if_any(resident.name + " cannot enter " + chip_.name);
  mark(resident.binding, true);
  residents_.push_back(std::move(resident));
}

void ChipState::enter(const std::string& name, const Image& image) {
  if (chip_hash(image.chip) != chip_hash(chip_))
    throw input_error(name + ": compiled for chip " + image.chip.name + ", the state is of chip " +
                      chip_.name + ", which is built otherwise; compile it for that chip");
  require_guarantee(image, name);
  enter({name, image.binding, image.promises.front(), "as compiled", ""});
}

void ChipState::release(const std::string& name) {
  const auto found =
      std::find_if(residents_.begin(), residents_.end(), [&](const Resident& r) { return r.name == name; });
  if (found == residents_.end())
    throw input_error("no resident is called " + name + "; residents: " + names_of(residents_));
  mark(found->binding, false);
  residents_.erase(found);
}

bool is_name(const std::string& name) {
  return !name.empty() && name.find('\n') == std::string::npos && printable(name) == name;
}

std::vector<std::string> check(const Chip& chip, const std::vector<Resident>& residents) {
  std::vector<std::string> list;
  std::set<std::string> names;
  std::set<std::pair<int, std::uint32_t>> numbers;
  std::vector<const Binding*> bindings;
  for (const Resident& resident : residents) {
    const auto require = [&](bool holds, const std::string& what) {
      if (!holds) list.push_back("resident " + resident.name + ": " + what);
    };
    require(is_name(resident.name), "expected a name in UTF-8 without control characters");
    require(names.insert(resident.name).second, "a name that another has");
    const std::vector<std::string> faults = range_faults(chip, resident);
    list.insert(list.end(), faults.begin(), faults.end());
    if (!faults.empty()) continue;
    bindings.push_back(&resident.binding);
    for (std::uint32_t t = 0; t < chip.tiles(); ++t)
      require(resident.binding.orders[t].empty() || numbers.insert({0, t}).second,
              tile_name(chip, TileId{t}) + " is another's as well");
    require(numbers.insert({1, resident.binding.application}).second,
            "its application number is another's as well");
    for (const Channel& channel : resident.binding.channels) {
      if (!channel.from)
        require(numbers.insert({2, channel.number}).second,
                "host channel " + std::to_string(channel.number) + " is used twice");
      for (const Destination& end : channel.to) {
        if (!end.to)
          require(numbers.insert({3, resident.binding.first_sink + end.number}).second,
                  "a host sink is used twice");
        if (!channel.from && end.to)
          require(numbers.insert({4, end.counter}).second,
                  "host credit counter " + std::to_string(end.counter) + " is used twice");
      }
    }
  }
  (void)tables(bindings, chip, list);
  return list;
}

std::vector<std::string> check(const ChipState& state) { return check(state.chip(), state.residents()); }

std::string print_free(const ChipState& state) {
  const auto taken = [](const std::vector<std::uint8_t>& list) {
    return std::to_string(std::count(list.begin(), list.end(), 1)) + " of " + std::to_string(list.size());
  };
  std::ostringstream out;
  out << "chip " << state.chip().name << ": in use " << taken(state.tile_taken()) << " tiles, "
      << taken(state.applications()) << " applications, " << taken(state.host_channels())
      << " host channels, " << taken(state.host_counters()) << " host credit counters, "
      << taken(state.sinks()) << " host sinks\n";
  const auto wire = [&](const Wires& wires, const char* what) {
    const Tree to_host = [&] {
      Tree tree{1, {}};
      wires.add_way(tree, 0);
      return tree;
    }();
    out << what << " slots in use: " << wires.wheel() - wires.free_slots(wires.output_of(0)) << " of "
        << wires.wheel() << " from the host, " << wires.wheel() - wires.free_slots(to_host.wires.back().first)
        << " to it\n";
  };
  wire(state.spikes(), "spike");
  wire(state.credits(), "credit");
  return out.str();
}

std::string print(const ChipState& state) {
  std::ostringstream out;
  out << print_free(state);
  for (const Resident& resident : state.residents()) {
    const auto tiles = std::count_if(resident.binding.orders.begin(), resident.binding.orders.end(),
                                     [](const auto& o) { return !o.empty(); });
    out << resident.name << ": application " << resident.binding.application << ", " << tiles
        << (tiles == 1 ? " tile" : " tiles") << ", a step every " << resident.promise.period.str()
        << " cycles, latency at most " << resident.promise.latency << "; " << resident.point << "\n";
  }
  return out.str();
}

std::string digest_of(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211ULL;
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15U];
  return text;
}

}  // namespace spikeloom

#include "compiler/core/neuron/build.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/core/neuron/set_fields.hpp"
#include "compiler/core/neuron/timing.hpp"

namespace spikeloom::neuron {
namespace {

/// Update entries that this order of neurons costs: (LIF group, distinct set) pairs.
std::size_t update_entries(const IntPopulation& p, const std::vector<std::uint32_t>& neurons,
                           std::uint32_t lif_lanes) {
  std::size_t entries = 0;
  for (std::size_t begin = 0; begin < neurons.size(); begin += lif_lanes) {
    std::vector<SetKey> keys;
    for (std::size_t i = begin; i < std::min(neurons.size(), begin + lif_lanes); ++i)
      keys.push_back(set_key(p, neurons[i]));
    std::sort(keys.begin(), keys.end());
    entries += static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin());
  }
  return entries;
}

/// The order in which chunks of neurons are updated, and behind which of them the OR of what came since the
/// last one is sent.
struct Visit {
  std::uint32_t chunk = 0;
  bool sends = true;
};
std::vector<Visit> visits(std::uint32_t chunks, const std::vector<std::vector<std::uint32_t>>& windows) {
  std::vector<Visit> order;
  if (windows.empty()) {
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) order.push_back({chunk, true});
    return order;
  }
  for (const std::vector<std::uint32_t>& window : windows) {
    for (const std::uint32_t chunk : window) order.push_back({chunk, false});
    order.back().sends = true;
  }
  return order;
}

/// Which word of state a LIF group passes through. Entries that do nothing keep passes over one word so far
/// apart that the word is written before it is read again.
class Passes {
 public:
  Passes(const Cluster& cluster, std::uint32_t lif_lanes)
      : words_(static_cast<std::uint32_t>((cluster.pass_stride() + lif_lanes - 1) / lif_lanes)),
        shares_(cluster.passes > 1),
        goes_on_(cluster.membranes_of.has_value()) {}

  /// The entry with which the group begins behind those of `updates`.
  [[nodiscard]] hw::MemUpdateEntry begin(std::uint32_t group,
                                         std::vector<hw::MemUpdateEntry>& updates) const {
    hw::MemUpdateEntry entry;
    entry.group = group;
    entry.state = group % words_;
    entry.later = goes_on_ || group >= words_ ? 1 : 0;
    if (!shares_) return entry;
    hw::MemUpdateEntry nothing = updates.empty() ? entry : updates.back();
    nothing.mask = nothing.emit = 0;
    const auto written = std::find_if(updates.rbegin(), updates.rend(), [&](const hw::MemUpdateEntry& other) {
      return other.mask != 0 && other.state == entry.state;
    });
    const auto apart = static_cast<std::size_t>(written - updates.rbegin()) + 1;
    if (written != updates.rend() && apart < kPassEntries)
      updates.insert(updates.end(), kPassEntries - apart, nothing);
    return entry;
  }

 private:
  std::uint32_t words_;  ///< of state
  bool shares_, goes_on_;
};

}  // namespace

std::vector<MemoryWindow> windows(const TileConfig& tile, std::vector<MemoryWindow> tables,
                                  const MemoryWindow& weights, const Memories& core) {
  constexpr auto kState = MemoryWindow::Content::kState;
  tables.insert(tables.end(),
                {{hw::kMemUpdates, hw::MemUpdateEntry::kParts, core.updates},
                 {hw::kMemSets, hw::MemSetEntry::kParts, core.sets},
                 weights,
                 {hw::kMemBiases, tile.lif_lanes, tile.bias_words != 0 ? core.biases : core.states},
                 {hw::kMemPotentials, tile.lif_lanes, core.states, kState},
                 {hw::kMemCurrents, tile.lif_lanes, core.states, kState}});
  return tables;
}

void write_neurons(const IntPopulation& p, const Cluster& cluster,
                   const std::vector<std::vector<std::uint32_t>>& windows, std::uint32_t lif_lanes,
                   const Windows& core, CoreTables& tables) {
  std::map<SetKey, std::uint32_t> known;
  std::vector<std::uint32_t> set_of;  // by position
  std::vector<std::uint32_t>& biases = tables.windows[core.biases].words;
  for (const std::uint32_t neuron : cluster.neurons) {
    if (neuron == kNoNeuron) {
      set_of.push_back(0);
      biases.push_back(0);
      continue;
    }
    const SetKey key = set_key(p, neuron);
    const auto [at, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(known.size()));
    if (fresh) append(tables, core.sets, set_entry(p, key));
    set_of.push_back(at->second);
    biases.push_back(static_cast<std::uint32_t>(p.bias_i[neuron]));
  }
  const auto neurons = static_cast<std::uint32_t>(cluster.size());
  const std::uint32_t groups = (neurons + lif_lanes - 1) / lif_lanes;
  biases.resize(std::size_t{groups} * lif_lanes, 0);
  std::vector<hw::MemUpdateEntry> updates;
  Passes passes(cluster, lif_lanes);
  for (std::uint32_t group = 0; cluster.readout && group < groups; ++group) {
    const std::uint32_t begin = group * lif_lanes, end = std::min(neurons, begin + lif_lanes);
    hw::MemUpdateEntry entry;
    entry.group = group;
    entry.state = group;
    entry.emit = 1;
    for (std::uint32_t at = begin; at < end; ++at) {
      entry.set = set_of[at];
      entry.lane = at - begin;
      for (entry.half = 0; entry.half < 2; ++entry.half) {
        entry.mask = entry.half == 0 ? 0U : 1U << entry.lane;
        updates.push_back(entry);
      }
    }
  }
  const std::uint32_t per_chunk = hw::kChunkBits / lif_lanes;
  const auto update = [&](std::uint32_t group) {
    const std::uint32_t begin = group * lif_lanes, end = std::min(neurons, begin + lif_lanes);
    std::map<std::uint32_t, std::uint32_t> masks;  // by set
    for (std::uint32_t at = begin; at < end; ++at)
      if (cluster.neurons[at] != kNoNeuron) masks[set_of[at]] |= 1U << (at - begin);
    hw::MemUpdateEntry entry = passes.begin(group, updates);
    for (const auto& [set, mask] : masks) {
      entry.set = set;
      entry.mask = mask;
      updates.push_back(entry);
    }
  };
  const std::uint32_t chunks = cluster.readout ? 0 : (groups + per_chunk - 1) / per_chunk;
  for (const Visit& visit : visits(chunks, windows)) {
    for (std::uint32_t group = visit.chunk * per_chunk;
         group < std::min(groups, (visit.chunk + 1) * per_chunk); ++group)
      update(group);
    if (visit.sends) updates.back().emit = 1;
  }
  for (const hw::MemUpdateEntry& entry : updates) append(tables, core.updates, entry);
}

void place_updates(const Windows& core, std::uint32_t first_set, CoreTables& tables) {
  MemoryTable& program = tables.windows[core.updates];
  const MemoryTable own = std::exchange(program, {program.parts, {}});
  for (std::size_t n = 0; n < own.entries(); ++n) {
    auto entry = entry_of<hw::MemUpdateEntry>(own, n);
    entry.set += first_set;
    append(tables, core.updates, entry);
  }
}

StateAddress state_at(const Cluster& cluster, const TileConfig& tile, NeuronState state,
                      std::uint32_t first_word, std::uint32_t position) {
  const auto at = position % static_cast<std::uint32_t>(cluster.pass_stride());
  return {state == NeuronState::kPotential ? hw::kMemPotentials : hw::kMemCurrents,
          first_word + at / tile.lif_lanes, at % tile.lif_lanes};
}

void number(const IntPopulation& p, std::uint32_t lif_lanes, std::vector<std::uint32_t>& neurons) {
  if (p.is_readout()) return;
  std::vector<std::uint32_t> sorted = neurons;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return set_key(p, a) < set_key(p, b); });
  if (update_entries(p, sorted, lif_lanes) < update_entries(p, neurons, lif_lanes))
    neurons = std::move(sorted);
}

}  // namespace spikeloom::neuron

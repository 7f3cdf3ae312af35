// The tables of the neurons' update: parameter sets, the update program, biases and states, and where a core
// has them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "compiler/core/cluster.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::neuron {

/// Which of a core's memories (Placement::first) are the part's.
struct Memories {
  std::uint32_t updates = 0, sets = 0, states = 0;
  std::uint32_t biases = 0;  ///< of a tile with `bias_words`; elsewhere biases stand with the states
};
/// Behind so many memories of the core's own.
[[nodiscard]] constexpr Memories memories_behind(std::uint32_t own) {
  return {own, own + 1, own + 2, own + 3};
}
/// Where a cluster's biases begin, whose entries begin at first[m] of memory m.
[[nodiscard]] inline std::uint32_t first_bias(const Memories& core, std::span<const std::uint32_t> first) {
  return first[core.biases < first.size() ? core.biases : core.states];
}

/// Which of a core's windows (CoreTables::windows) are the part's, which one has the core's weights, and how
/// many there are in all.
struct Windows {
  std::uint32_t updates = 0, sets = 0;
  std::uint32_t weights = 0;
  /// An entry is a LIF group, a part a lane.
  std::uint32_t biases = 0, potentials = 0, currents = 0;
  std::uint32_t count = 0;
};
/// The order of loading: so many tables that say where the core's weights stand, the update program and its
/// sets, the weights, biases and states.
[[nodiscard]] constexpr Windows windows_behind(std::uint32_t tables) {
  return {tables, tables + 1, tables + 2, tables + 3, tables + 4, tables + 5, tables + 6};
}

/// Appends an entry to its table.
template <class Entry>
void append(CoreTables& tables, std::uint32_t window, const Entry& entry) {
  for (const std::uint32_t part : entry.pack()) tables.windows[window].words.push_back(part);
}

/// Entry n of a table.
template <class Entry>
[[nodiscard]] Entry entry_of(const MemoryTable& table, std::size_t n) {
  using Parts = decltype(std::declval<Entry>().pack());
  Parts parts{};
  const std::uint32_t* from = table.words.data() + n * parts.size();
  for (std::size_t p = 0; p < parts.size(); ++p) parts[p] = from[p];
  return Entry::unpack(parts);
}

/// A cluster's tables of the part, read without copying. Addresses count from the cluster's own first entry.
class Tables {
 public:
  Tables(const CoreTables& tables, const Windows& windows) : windows_(tables.windows), at_(windows) {}

  [[nodiscard]] std::uint32_t lif_lanes() const { return windows_[at_.biases].parts; }
  [[nodiscard]] std::size_t updates() const { return windows_[at_.updates].entries(); }
  [[nodiscard]] std::size_t sets() const { return windows_[at_.sets].entries(); }
  [[nodiscard]] std::size_t lif_groups() const { return windows_[at_.biases].entries(); }

  /// Words of state that its neurons pass through.
  [[nodiscard]] std::size_t state_words() const {
    std::size_t words = 0;
    for (std::size_t n = 0; n < updates(); ++n) words = std::max<std::size_t>(words, update(n).state + 1);
    return words;
  }

  [[nodiscard]] hw::MemUpdateEntry update(std::size_t n) const {
    return entry_of<hw::MemUpdateEntry>(windows_[at_.updates], n);
  }
  [[nodiscard]] hw::MemSetEntry set(std::size_t n) const {
    return entry_of<hw::MemSetEntry>(windows_[at_.sets], n);
  }
  [[nodiscard]] std::int32_t bias(std::size_t position) const {
    return static_cast<std::int32_t>(windows_[at_.biases].words[position]);
  }

 protected:
  [[nodiscard]] const MemoryTable& window(std::uint32_t number) const { return windows_[number]; }

 private:
  const std::vector<MemoryTable>& windows_;
  Windows at_;
};

}  // namespace spikeloom::neuron

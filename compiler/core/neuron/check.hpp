// The part's tables by themselves, and read back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/neuron/tables.hpp"

namespace spikeloom::neuron {

/// Every bit of a table's entries belongs to a field of theirs.
template <class Entry>
void check_form(const MemoryTable& table, std::vector<std::string>& faults) {
  using Parts = decltype(std::declval<Entry>().pack());
  for (std::size_t n = 0; n < table.entries(); ++n) {
    Parts parts{};
    std::copy_n(table.words.begin() + static_cast<std::ptrdiff_t>(n * parts.size()), parts.size(),
                parts.begin());
    if (Entry::unpack(parts).pack() != parts) {
      faults.emplace_back("an entry with bits that mean nothing");
      return;
    }
  }
}

// Three steps of a core's `faults`, in this order; each but the first needs that those before it found
// nothing. Assumed: the core has checked how many windows there are and how many parts an entry has.

/// The windows of states are as wide as those of biases, and empty.
void check_windows(const CoreTables&, const Windows&, std::vector<std::string>& faults);
/// The words of biases are those of the cluster's neurons.
void check_sizes(const Cluster&, const Tables&, std::vector<std::string>& faults);
/// Update program and parameter sets.
void check_program(const CoreTables&, const Windows&, std::vector<std::string>& faults);

/// Why such a tile does not run the program as it is meant.
void add_mismatches(const Cluster&, const TileConfig&, std::vector<std::string>&);

/// Reads back the neurons, the windows of pooled spikes, and what is wrong with the order of updates.
void decode_neurons(const Cluster&, const Tables&, Decoded&);

}  // namespace spikeloom::neuron

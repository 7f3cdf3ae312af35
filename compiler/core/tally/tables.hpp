// The tally core's tables: which window holds what, and how to read an entry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/core/cluster.hpp"
#include "compiler/core/tile_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::tally {

inline constexpr std::string_view kName = "tally";

/// Memories, in the order of Placement::first.
enum MemoryIndex : std::uint32_t { kVotes, kGroups, kMemories };

/// Windows, in the order of CoreTables::windows.
enum WindowIndex : std::uint32_t {
  kVoteWords,    ///< an entry is a word of `lanes` vote entries: group k and chunk c at k·chunks + c
  kNeuronWords,  ///< an entry is a group of `lanes` neuron entries
  kLevelWords,   ///< an entry is a group's potentials
  kWindows
};

/// The low `bits` bits as two's complement.
[[nodiscard]] constexpr std::int32_t signed_value(std::uint32_t value, std::uint32_t bits) {
  const std::uint32_t unused = 32U - bits;
  return static_cast<std::int32_t>(value << unused) >> unused;
}
/// Width of theta and v_reset in a neuron entry.
inline constexpr std::uint32_t kValueBits = 24;

/// A cluster's tables, read without copying.
class Tables {
 public:
  explicit Tables(const Cluster& cluster)
      : windows_(cluster.tables.windows), chunks_(cluster.page_chunks()) {}

  [[nodiscard]] std::uint32_t lanes() const { return windows_[kVoteWords].parts; }
  [[nodiscard]] std::size_t chunks() const { return chunks_; }
  [[nodiscard]] std::size_t groups() const { return windows_[kNeuronWords].entries(); }
  [[nodiscard]] std::size_t vote_words() const { return windows_[kVoteWords].entries(); }

  [[nodiscard]] hw::MemVoteEntry vote(std::size_t position, std::size_t chunk) const {
    const std::size_t word = position / lanes() * chunks_ + chunk;
    return hw::MemVoteEntry::unpack({windows_[kVoteWords].words[word * lanes() + position % lanes()]});
  }
  [[nodiscard]] hw::MemNeuronEntry neuron(std::size_t position) const {
    const std::uint32_t* from = windows_[kNeuronWords].words.data() + position * hw::MemNeuronEntry::kParts;
    return hw::MemNeuronEntry::unpack({from[0], from[1]});
  }

 private:
  const std::vector<MemoryTable>& windows_;
  std::size_t chunks_;
};

/// A context's registers as this core reads them.
struct Context {
  std::uint32_t first_word = 0;   ///< of its votes
  std::uint32_t chunks = 0;       ///< of its page
  std::uint32_t neurons = 0;      ///< at least 1
  std::uint32_t first_group = 0;  ///< of its neurons
};

[[nodiscard]] inline Context context_of(const device_model::ContextRegisters& registers) {
  const device_model::CoreContext context = device_model::core_context(registers);
  return {context.tables.first_chunk, context.update.first, context.update.count, context.state.first_word};
}

}  // namespace spikeloom::tally

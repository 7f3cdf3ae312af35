// What ring writes leave in a tile for its core to read, and what a firing of the core gives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/core/firing_time.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::device_model {

/// One of a core's memories: words of `parts` 32-bit parts, zero after reset.
class Memory {
 public:
  Memory() = default;
  Memory(std::size_t words, std::size_t parts) : parts_(parts), data_(words * parts, 0) {}
  [[nodiscard]] std::size_t parts() const { return parts_; }
  [[nodiscard]] std::size_t words() const { return parts_ == 0 ? 0 : data_.size() / parts_; }
  [[nodiscard]] std::uint32_t part(std::size_t word, std::size_t part) const {
    return data_.at(word * parts_ + part);
  }
  void set(std::size_t word, std::size_t part, std::uint32_t value) {
    data_.at(word * parts_ + part) = value;
  }
  [[nodiscard]] const std::vector<std::uint32_t>& data() const { return data_; }
  /// The word as an entry of such a table.
  template <class Entry>
  [[nodiscard]] Entry entry(std::size_t word) const {
    decltype(std::declval<Entry>().pack()) parts{};
    for (std::size_t p = 0; p < parts.size(); ++p) parts[p] = part(word, p);
    return Entry::unpack(parts);
  }
  /// All parts of a word.
  [[nodiscard]] std::uint32_t* row(std::size_t word) { return &data_.at(word * parts_); }

 private:
  std::size_t parts_ = 0;
  std::vector<std::uint32_t> data_;
};

/// The registers of a context that every core has as its ports ctx_…; what they count is the core's own.
struct CoreContext {
  hw::RegContextTables tables;
  hw::RegContextUpdate update;
  hw::RegContextState state;
};
/// Their fields (hw::kAddrContext…), and their words in the same order.
inline constexpr std::array kCoreFields = {hw::kAddrContextTables, hw::kAddrContextUpdate,
                                           hw::kAddrContextState};
[[nodiscard]] inline std::array<std::uint32_t, kCoreFields.size()> words_of(const CoreContext& context) {
  return {context.tables.pack(), context.update.pack(), context.state.pack()};
}

/// A context's registers. `core` holds those of kCoreFields, by field.
struct ContextRegisters {
  hw::RegContextPages pages;
  hw::RegContextMode mode;
  std::array<std::uint32_t, hw::kAddrContextLimit> core{};
  /// Leading chunks that count, by steps since the sample began.
  std::array<std::uint32_t, hw::kLimitContextLimits> limit{};
};

[[nodiscard]] inline CoreContext core_context(const ContextRegisters& registers) {
  return {hw::RegContextTables::unpack(registers.core[hw::kAddrContextTables]),
          hw::RegContextUpdate::unpack(registers.core[hw::kAddrContextUpdate]),
          hw::RegContextState::unpack(registers.core[hw::kAddrContextState])};
}
inline void set_context(ContextRegisters& registers, const CoreContext& context) {
  const auto words = words_of(context);
  for (std::size_t n = 0; n < words.size(); ++n) registers.core[kCoreFields[n]] = words[n];
}

/// The part of a tile that its core reads and writes.
struct TileMemory {
  std::vector<ContextRegisters> contexts;
  /// By the number that the ring's memory window has for it.
  std::array<Memory, hw::kMemoryWindows> memories;
};

/// A page as the core sees it: masks of 16 axons by chunk; 0 is "not valid".
using Page = std::vector<std::uint16_t>;

struct OutEntry {
  std::uint32_t index = 0;  ///< chunk
  std::uint16_t mask = 0;
  std::uint16_t page = 0;  ///< which of the firing's pages it answers
};

/// What one firing did.
struct Firing {
  FiringTime time;                  ///< integrate: to the cycle in which the last page is freed
  std::vector<std::int64_t> freed;  ///< cycles from the firing until each page but the last is freed, rising
  std::int64_t counted = 0;         ///< by how much the core's own counter rises
  std::int64_t synapses = 0;        ///< neurons that met a weight other than 0
  std::vector<OutEntry> out;        ///< page by page; of a page in the order pushed
};

}  // namespace spikeloom::device_model

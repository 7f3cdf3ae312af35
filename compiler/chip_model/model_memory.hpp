// What ring writes leave in a node, decoded the way the RTL decodes them. No compiler structure enters.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
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
  /// All parts of a word.
  [[nodiscard]] std::uint32_t* row(std::size_t word) { return &data_.at(word * parts_); }

 private:
  std::size_t parts_ = 0;
  std::vector<std::uint32_t> data_;
};

struct ContextRegisters {
  hw::RegContextPages pages;
  hw::RegContextTables tables;
  hw::RegContextUpdate update;
  hw::RegContextState state;
  hw::RegContextMode mode;
  /// Leading chunks that count, by steps since the sample began.
  std::array<std::uint32_t, hw::kLimitContextLimits> limit{};
};

struct DeliveryRegisters {
  hw::RegDeliveryPage page;
  hw::RegDeliveryRange range;
};

/// The registers and memories of one node (tile or host). Dynamic registers that a run starts from
/// (write_page, credit count, end-of-step counts) hold their last written value.
struct NodeMemory {
  std::vector<ContextRegisters> contexts;
  std::vector<DeliveryRegisters> deliveries;
  std::vector<hw::RegChannel> channels;
  std::vector<hw::RegCredit> credits;
  std::vector<hw::RegSlot> spike_slots, credit_slots;
  std::vector<hw::RegRoute> spike_routes, credit_routes;
  std::vector<hw::RegOrder> order;
  std::vector<std::uint32_t> row_ends;  ///< end-of-step counts of the page rows
  std::uint32_t order_length = 0;
  std::uint32_t contract_rho = 0;
  std::uint32_t contract_sigma = ~0U;
  std::array<Memory, 8> memories;  ///< by hw::kMem number

  NodeMemory() = default;
  /// A tile's, or with `host` the host port's, all zero.
  static NodeMemory tile(const Chip& chip);
  static NodeMemory host(const Chip& chip);

  /// Applies one ring write (everything but NODE_CONTROL). Throws Error{kDevice} for an address that
  /// the node does not have: the image was made for another chip.
  void write(std::uint32_t address, std::uint32_t data);
  /// The memory window's read.
  [[nodiscard]] std::uint32_t read_window(std::uint32_t part) const;

 private:
  hw::RegMemoryAddress window_;
  std::uint32_t window_part_ = 0;
};

}  // namespace spikeloom::device_model

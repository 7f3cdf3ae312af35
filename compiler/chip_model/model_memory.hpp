// What ring writes leave in a node, decoded the way the RTL decodes them. No compiler structure enters.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/tile_memory.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::device_model {

struct DeliveryRegisters {
  hw::RegDeliveryPage page;
  hw::RegDeliveryRange range;
  hw::RegDeliveryWeights weights;
};

/// The registers and memories of one node (tile or host). Dynamic registers that a run starts from
/// (write_page, credit count, end-of-step counts) hold their last written value.
struct NodeMemory : TileMemory {
  std::vector<DeliveryRegisters> deliveries;
  std::vector<hw::RegChannel> channels;
  std::vector<hw::RegCredit> credits;
  std::vector<hw::RegSlot> spike_slots, credit_slots;
  std::vector<hw::RegRoute> spike_routes, credit_routes;
  std::vector<hw::RegOrder> order;
  std::vector<std::uint32_t> row_ends;     ///< end-of-step counts of the page rows
  std::vector<std::uint32_t> first_block;  ///< of the page rows; empty where pages are flat
  std::uint32_t order_length = 0;
  std::uint32_t contract_rho = 0;
  std::uint32_t contract_sigma = ~0U;

  NodeMemory() = default;
  /// A tile's of kind `kind`, or the host port's, all zero.
  static NodeMemory tile(const Chip& chip, std::uint32_t kind = 0);
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

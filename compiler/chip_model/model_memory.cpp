#include "compiler/chip_model/model_memory.hpp"

#include <algorithm>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom::device_model {
namespace {

Error no_such_address(std::uint32_t address) {
  const auto [offset, block] = hw::Address::unpack(address);
  return device_error("model: ring address " + std::to_string(block) + ":" + std::to_string(offset) +
                      " does not exist on this chip; was the image compiled for another one?");
}

template <class T>
T& at(std::vector<T>& items, std::uint32_t index, std::uint32_t address) {
  if (index >= items.size()) throw no_such_address(address);
  return items[index];
}

void write_context(ContextRegisters& context, std::uint32_t field, std::uint32_t data,
                   std::uint32_t address) {
  if (field >= hw::kAddrContextLimit) {
    context.limit.at(field - hw::kAddrContextLimit) = data;
    return;
  }
  switch (field) {
    case hw::kAddrContextPages:
      context.pages = hw::RegContextPages::unpack(data);
      return;
    case hw::kAddrContextMode:
      context.mode = hw::RegContextMode::unpack(data);
      return;
    default:
      if (std::find(kCoreFields.begin(), kCoreFields.end(), field) == kCoreFields.end())
        throw no_such_address(address);
      context.core.at(field) = data;
  }
}

}  // namespace

NodeMemory NodeMemory::tile(const Chip& chip, std::uint32_t kind) {
  const TileKind& t = chip.kind(kind);
  NodeMemory node;
  node.contexts.resize(t.contexts);
  node.deliveries.resize(t.deliveries);
  node.channels.resize(t.channels);
  node.credits.resize(t.credit_counters);
  node.spike_slots.resize(chip.spike_wheel);
  node.credit_slots.resize(chip.credit_wheel);
  node.spike_routes.resize(chip.spike_wheel);
  node.credit_routes.resize(chip.credit_wheel);
  node.order.resize(t.order_entries);
  node.row_ends.resize(t.page_rows);
  if (pages_in_blocks(t)) node.first_block.resize(t.page_rows);
  const Core& core = core_of(t);
  const std::vector<MemoryInfo> memories = core.memories(t);
  for (const MemoryWindow& window : core.windows(t))
    node.memories.at(window.number) = Memory(memories[window.memory].capacity, window.parts);
  return node;
}

NodeMemory NodeMemory::host(const Chip& chip) {
  NodeMemory node;
  node.channels.resize(chip.host.channels);
  node.credits.resize(chip.host.credit_counters);
  node.spike_slots.resize(chip.spike_wheel);
  node.credit_slots.resize(chip.credit_wheel);
  return node;
}

void NodeMemory::write(std::uint32_t address, std::uint32_t data) {
  const auto [offset, block] = hw::Address::unpack(address);
  switch (block) {
    case hw::kAddrBlockNode:
      if (offset == hw::kAddrNodeOrderLength)
        order_length = data;
      else if (offset == hw::kAddrNodeContractRho)
        contract_rho = data;
      else if (offset == hw::kAddrNodeContractSigma)
        contract_sigma = data;
      else
        throw no_such_address(address);
      return;
    case hw::kAddrBlockContext: {
      const auto [field, context] = hw::AddressContext::unpack(address);
      write_context(at(contexts, context, address), field, data, address);
      return;
    }
    case hw::kAddrBlockDelivery: {
      const auto [field, number] = hw::AddressDelivery::unpack(address);
      DeliveryRegisters& delivery = at(deliveries, number, address);
      if (field == hw::kAddrDeliveryPage)
        delivery.page = hw::RegDeliveryPage::unpack(data);
      else if (field == hw::kAddrDeliveryWeights)
        delivery.weights = hw::RegDeliveryWeights::unpack(data);
      else
        delivery.range = hw::RegDeliveryRange::unpack(data);
      return;
    }
    case hw::kAddrBlockPage:
      at(first_block, hw::AddressPage::unpack(address).row, address) = hw::RegPage::unpack(data).first_block;
      return;
    case hw::kAddrBlockChannel:
      at(channels, offset, address) = hw::RegChannel::unpack(data);
      return;
    case hw::kAddrBlockCredit:
      at(credits, offset, address) = hw::RegCredit::unpack(data);
      return;
    case hw::kAddrBlockSpikeSlot:
      at(spike_slots, offset, address) = hw::RegSlot::unpack(data);
      return;
    case hw::kAddrBlockCreditSlot:
      at(credit_slots, offset, address) = hw::RegSlot::unpack(data);
      return;
    case hw::kAddrBlockSpikeRoute:
      at(spike_routes, offset, address) = hw::RegRoute::unpack(data);
      return;
    case hw::kAddrBlockCreditRoute:
      at(credit_routes, offset, address) = hw::RegRoute::unpack(data);
      return;
    case hw::kAddrBlockOrder:
      at(order, offset, address) = hw::RegOrder::unpack(data);
      return;
    case hw::kAddrBlockEos:
      at(row_ends, offset, address) = data;
      return;
    case hw::kAddrBlockMemory:
      if (offset == hw::kAddrMemoryAddress) {
        window_ = hw::RegMemoryAddress::unpack(data);
        window_part_ = 0;
        return;
      }
      if (offset == hw::kAddrMemoryData) {
        if (window_.memory >= memories.size()) throw no_such_address(address);
        Memory& memory = memories[window_.memory];
        if (window_.word >= memory.words()) throw no_such_address(address);
        memory.set(window_.word, window_part_, data);
        if (++window_part_ == memory.parts()) {
          window_part_ = 0;
          ++window_.word;
        }
        return;
      }
      throw no_such_address(address);
    default:
      throw no_such_address(address);
  }
}

std::uint32_t NodeMemory::read_window(std::uint32_t part) const {
  if (window_.memory >= memories.size()) return 0;
  const Memory& memory = memories[window_.memory];
  if (window_.word >= memory.words() || part >= memory.parts()) return 0;
  return memory.part(window_.word, part);
}

}  // namespace spikeloom::device_model

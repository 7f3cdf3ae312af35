#include "compiler/replay/counters.hpp"

#include "spikeloom_hw.hpp"

namespace spikeloom {

std::vector<TileCounters> read_counters(Exchange& exchange, std::span<const std::uint32_t> nodes) {
  struct Counter {
    std::uint32_t address;  ///< of the low half
    std::int64_t TileCounters::*value;
  };
  static constexpr Counter kCounters[] = {
      {hw::kAddrNodeFirings, &TileCounters::firings},
      {hw::kAddrNodeBusy, &TileCounters::busy},
      {hw::kAddrNodeWaitInput, &TileCounters::wait_input},
      {hw::kAddrNodeWaitOutput, &TileCounters::wait_output},
      {hw::kAddrNodeSpikes, &TileCounters::spikes},
      {hw::kAddrNodeWords, &TileCounters::core},
      {hw::kAddrNodeContractBroken, &TileCounters::contract_broken},
      {hw::kAddrNodeContractFirst, &TileCounters::contract_first},
      {hw::kAddrNodeWeights, &TileCounters::streamed},
  };
  std::vector<Word> questions;
  for (const std::uint32_t node : nodes)
    for (const Counter& counter : kCounters)
      for (const std::uint32_t half : {0U, hw::kAddrNodeHigh})
        questions.push_back(read_word(node, counter.address + half));
  const std::vector<std::uint32_t> answers = exchange.ask(std::move(questions));
  std::vector<TileCounters> tiles(nodes.size());
  std::size_t next = 0;
  for (TileCounters& tile : tiles)
    for (const Counter& counter : kCounters) {
      tile.*counter.value =
          static_cast<std::int64_t>(std::uint64_t{answers[next + 1]} << 32U | answers[next]);
      next += 2;
    }
  return tiles;
}

}  // namespace spikeloom

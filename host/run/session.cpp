#include "host/run/session.hpp"

#include "compiler/base/error.hpp"
#include "host/run/collector.hpp"
#include "host/run/stimulus.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Session::Session(Link& link, const Image& image, SessionOptions options)
    : exchange_(link, options.quiet_limit), image_(image), options_(std::move(options)) {
  exchange_.check_chip(image.chip);
  exchange_.write(program(image_).load);
}

DeviceRun Session::run(const Dataset& data) {
  Stimulus stimulus(image_, data);
  Collector collector(image_, data, 0);
  exchange_.received().clear();
  exchange_.write(program(image_).start);
  std::vector<Word> outgoing;
  std::size_t sent = 0;
  while (!collector.finished()) {
    while (outgoing.size() < 4096 && !stimulus.finished()) stimulus.next(outgoing);
    const bool moved = exchange_.move(outgoing, sent);
    const std::size_t before = collector.ended();
    const bool any = !exchange_.received().empty();
    for (const Word word : exchange_.received()) collector.take(word);
    exchange_.received().clear();
    if (options_.on_steps && collector.ended() != before) options_.on_steps(static_cast<std::int64_t>(collector.ended()), collector.so_far());
    if (!any && !collector.finished()) exchange_.check_alive(moved, collector.waiting_for());
  }
  wait_until_done();
  DeviceRun run = collector.result();
  for (std::uint32_t node = 1; node <= image_.chip.tiles(); ++node) run.tiles.push_back(read_counters(exchange_, node));
  return run;
}

void Session::wait_until_done() {
  const auto deadline = std::chrono::steady_clock::now() + options_.quiet_limit;
  while ((exchange_.read(0, hw::kAddrNodeStatus) & 1U) != 0)
    if (std::chrono::steady_clock::now() > deadline)
      throw device_error(exchange_.describe() + ": time-out; every step has ended, but the run has not");
}

TileCounters read_counters(Exchange& exchange, std::uint32_t node) {
  const auto value = [&](std::uint32_t offset) {
    return static_cast<std::int64_t>(std::uint64_t{exchange.read(node, offset + hw::kAddrNodeHigh)} << 32U | exchange.read(node, offset));
  };
  TileCounters counters;
  counters.firings = value(hw::kAddrNodeFirings);
  counters.busy = value(hw::kAddrNodeBusy);
  counters.wait_input = value(hw::kAddrNodeWaitInput);
  counters.wait_output = value(hw::kAddrNodeWaitOutput);
  counters.spikes = value(hw::kAddrNodeSpikes);
  counters.words = value(hw::kAddrNodeWords);
  counters.contract_broken = value(hw::kAddrNodeContractBroken);
  counters.contract_first = value(hw::kAddrNodeContractFirst);
  return counters;
}

std::vector<std::vector<std::int32_t>> Session::read_state(std::uint32_t memory) {
  std::vector<std::vector<std::int32_t>> all;
  const std::uint32_t lif_lanes = image_.chip.tile.lif_lanes;
  for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
    const Placement& place = image_.binding.placement[c];
    std::vector<std::int32_t> values;
    for (std::uint32_t p = 0; p < image_.application.clusters[c].neurons.size(); ++p) {
      if (p % lif_lanes == 0) {
        hw::RegMemoryAddress address;
        address.memory = memory;
        address.word = place.first_state + p / lif_lanes;
        hw::WordRing ring;
        ring.kind = hw::kKindRingWrite;
        ring.node = 1 + place.tile.value;
        ring.address = hw::kAddrBlockMemory << 12U | hw::kAddrMemoryAddress;
        ring.data = address.pack();
        exchange_.write({ring.pack()});
      }
      values.push_back(static_cast<std::int32_t>(
          exchange_.read(1 + place.tile.value, hw::kAddrBlockMemory << 12U | (hw::kAddrMemoryRead + p % lif_lanes))));
    }
    all.push_back(std::move(values));
  }
  return all;
}

}  // namespace spikeloom

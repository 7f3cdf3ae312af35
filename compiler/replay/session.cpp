#include "compiler/replay/session.hpp"

#include <numeric>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/replay/collector.hpp"
#include "compiler/replay/stimulus.hpp"
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
    if (options_.on_steps && collector.ended() != before)
      options_.on_steps(static_cast<std::int64_t>(collector.ended()), collector.so_far());
    if (!any && !collector.finished()) exchange_.check_alive(moved, collector.waiting_for());
  }
  wait_until_done();
  DeviceRun run = collector.result();
  std::vector<std::uint32_t> nodes(image_.chip.tiles());
  std::iota(nodes.begin(), nodes.end(), 1U);
  run.tiles = read_counters(exchange_, nodes);
  return run;
}

void Session::wait_until_done() {
  const auto deadline = std::chrono::steady_clock::now() + options_.quiet_limit;
  while ((exchange_.read(0, hw::kAddrNodeStatus) & 1U) != 0)
    if (std::chrono::steady_clock::now() > deadline)
      throw device_error(exchange_.describe() + ": time-out; every step has ended, but the run has not");
}

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

std::vector<std::vector<std::int32_t>> Session::read_state(NeuronState state) {
  std::vector<std::vector<std::int32_t>> all;
  for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
    const Cluster& cluster = image_.application.clusters[c];
    const Placement& place = image_.binding.placement[c];
    const std::uint32_t node = 1 + place.tile.value;
    std::vector<Word> questions;
    std::optional<StateAddress> before;
    for (std::uint32_t p = 0; p < cluster.size(); ++p) {
      const StateAddress at = core_of(cluster).state_at(image_.chip.tile, state, place.first, p);
      if (!before || before->window != at.window || before->word != at.word) {
        hw::RegMemoryAddress address;
        address.memory = at.window;
        address.word = at.word;
        hw::WordRing ring;
        ring.kind = hw::kKindRingWrite;
        ring.node = node;
        ring.address = hw::kAddrBlockMemory << 12U | hw::kAddrMemoryAddress;
        ring.data = address.pack();
        questions.push_back(ring.pack());
      }
      questions.push_back(read_word(node, hw::kAddrBlockMemory << 12U | (hw::kAddrMemoryRead + at.part)));
      before = at;
    }
    const std::vector<std::uint32_t> answers = exchange_.ask(std::move(questions));
    all.emplace_back(answers.begin(), answers.end());
  }
  return all;
}

}  // namespace spikeloom

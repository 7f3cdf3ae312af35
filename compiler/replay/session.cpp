#include "compiler/replay/session.hpp"

#include <optional>
#include <utility>

#include "compiler/replay/run_loop.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Session::Session(Link& link, const ImageView& image, SessionOptions options)
    : exchange_(link, options.quiet_limit),
      image_(image.with_window(options.window).with_exit(options.exit)),
      options_(std::move(options)) {
  exchange_.check_chip(image.chip);
  Program program = spikeloom::program(image_);
  exchange_.write(std::move(program.load));
  start_ = std::move(program.start);
}

DeviceRun Session::run(const Dataset& data, const Dataset* comes_out) {
  std::size_t ended = 0;
  RunLoopOptions options;
  if (options_.on_steps)
    options.on_words = [&](const RunLoop& loop) {
      const Collector& collector = loop.collector(0);
      if (std::exchange(ended, collector.ended()) != collector.ended())
        options_.on_steps(static_cast<std::int64_t>(ended), collector.so_far());
    };
  const Stay stay{.name = "", .image = image_, .data = &data, .comes_out = comes_out};
  RunLoop loop(exchange_, {stay}, std::move(options));
  exchange_.received().clear();
  exchange_.write(start_);
  loop.run();
  exchange_.wait_until([&] { return (exchange_.read(0, hw::kAddrNodeStatus) & 1U) == 0; },
                       "every step has ended, but the run has not");
  return std::move(loop.results().front());
}

std::vector<std::vector<std::int32_t>> Session::read_state(NeuronState state) {
  std::vector<std::vector<std::int32_t>> all;
  for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
    const Cluster& cluster = image_.application.clusters[c];
    const Placement& place = image_.binding.placement[c];
    const TileKind& kind = image_.chip.kind(cluster.kind);
    const std::uint32_t node = 1 + place.tile.value;
    std::vector<Word> questions;
    std::optional<StateAddress> before;
    for (std::uint32_t p = 0; p < cluster.size(); ++p) {
      if (cluster.neurons[p] == kNoNeuron) continue;
      const StateAddress at = core_of(cluster).state_at(cluster, kind, state, place.first, p);
      if (!before || before->window != at.window || before->word != at.word) {
        hw::RegMemoryAddress address;
        address.memory = at.window;
        address.word = at.word;
        hw::WordRing ring;
        ring.kind = hw::kKindRingWrite;
        ring.node = node;
        ring.address = hw::Address{.offset = hw::kAddrMemoryAddress, .block = hw::kAddrBlockMemory}.pack();
        ring.data = address.pack();
        questions.push_back(ring.pack());
      }
      questions.push_back(read_word(node, hw::AddressMemory{.part = at.part, .read = 1}.pack()));
      before = at;
    }
    const std::vector<std::uint32_t> answers = exchange_.ask(std::move(questions));
    std::vector<std::int32_t>& values = all.emplace_back(cluster.size(), 0);
    for (std::size_t p = 0, next = 0; p < values.size(); ++p)
      if (cluster.neurons[p] != kNoNeuron) values[p] = static_cast<std::int32_t>(answers.at(next++));
  }
  return all;
}

}  // namespace spikeloom

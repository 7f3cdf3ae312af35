#include "compiler/replay/session.hpp"

#include <utility>

#include "compiler/replay/run_loop.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Session::Session(Link& link, const ImageView& image, SessionOptions options)
    : exchange_(link, options.quiet_limit), image_(image), options_(std::move(options)) {
  exchange_.check_chip(image.chip);
  Program program = spikeloom::program(image_);
  exchange_.write(std::move(program.load));
  start_ = std::move(program.start);
}

DeviceRun Session::run(const Dataset& data) {
  std::size_t ended = 0;
  RunLoopOptions options;
  if (options_.on_steps)
    options.on_words = [&](const RunLoop& loop) {
      const Collector& collector = loop.collector(0);
      if (std::exchange(ended, collector.ended()) != collector.ended())
        options_.on_steps(static_cast<std::int64_t>(ended), collector.so_far());
    };
  RunLoop loop(exchange_, {Stay{"", image_, &data}}, std::move(options));
  exchange_.received().clear();
  exchange_.write(start_);
  loop.run();
  exchange_.wait_until([&] { return (exchange_.read(0, hw::kAddrNodeStatus) & 1U) == 0; },
                       "every step has ended, but the run has not");
  return std::move(loop.results().front());
}

std::vector<std::vector<std::int32_t>> Session::read_state(std::uint32_t memory) {
  std::vector<std::vector<std::int32_t>> all;
  const std::uint32_t lif_lanes = image_.chip.tile.lif_lanes;
  for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
    const Placement& place = image_.binding.placement[c];
    const std::uint32_t node = 1 + place.tile.value;
    std::vector<Word> questions;
    for (std::uint32_t p = 0; p < image_.application.clusters[c].neurons.size(); ++p) {
      if (p % lif_lanes == 0) {
        hw::RegMemoryAddress address;
        address.memory = memory;
        address.word = place.first_state + p / lif_lanes;
        hw::WordRing ring;
        ring.kind = hw::kKindRingWrite;
        ring.node = node;
        ring.address = hw::Address{.offset = hw::kAddrMemoryAddress, .block = hw::kAddrBlockMemory}.pack();
        ring.data = address.pack();
        questions.push_back(ring.pack());
      }
      questions.push_back(read_word(node, hw::AddressMemory{.part = p % lif_lanes, .read = 1}.pack()));
    }
    const std::vector<std::uint32_t> answers = exchange_.ask(std::move(questions));
    all.emplace_back(answers.begin(), answers.end());
  }
  return all;
}

}  // namespace spikeloom

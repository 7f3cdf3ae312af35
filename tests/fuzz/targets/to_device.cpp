// The device's side of the link: words of a whole run, damaged on their way to the model. Another device
// would do something; the model says so, or goes on.
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/session.hpp"
#include "tests/fuzz/wire.hpp"

namespace spikeloom::fuzz {
namespace {

class HeardLink final : public Link {
 public:
  HeardLink(std::vector<Word>& heard) : heard_(heard), inner_(open_model(wire_image().chip)) {}
  std::size_t send(std::span<const Word> words) override {
    const std::size_t count = inner_->send(words);
    heard_.insert(heard_.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  std::size_t receive(std::span<Word> words) override { return inner_->receive(words); }
  bool progress() override { return inner_->progress(); }
  std::string describe() const override { return "heard"; }

 private:
  std::vector<Word>& heard_;
  std::unique_ptr<Link> inner_;
};

const std::vector<Word>& words_of_a_run() {
  static const std::vector<Word> words = [] {
    std::vector<Word> heard;
    HeardLink link(heard);
    Session session(link, wire_image(), {});
    static_cast<void>(session.run(wire_data()));
    return heard;
  }();
  return words;
}

}  // namespace
}  // namespace spikeloom::fuzz

FUZZ_TARGET(to_device) {
  const std::vector<Word>& run = words_of_a_run();
  const Program tables = program(wire_image());
  // Behind the two questions who the chip is, the tables and the start.
  const std::size_t whole = 2 + tables.load.size() + tables.start.size();
  std::vector<Word> words(run.begin(), run.begin() + static_cast<std::ptrdiff_t>(whole));
  Damage damage(bytes);
  for (std::size_t i = whole; i < run.size(); ++i) damage.pass(run[i], words);
  // Tables are the image's, which `verify` checks; a write among the words of a run becomes a read.
  for (std::size_t i = whole; i < words.size(); ++i)
    if (words[i] >> 60U == hw::kKindRingWrite)
      words[i] ^= (Word{hw::kKindRingWrite} ^ hw::kKindRingRead) << 60U;
  static_cast<void>(accepted([&] {
    const auto device = open_model(wire_image().chip);
    std::vector<Word> answers(256);
    for (std::size_t sent = 0; sent < words.size();) {
      const std::size_t taken = device->send(std::span(words).subspan(sent));
      sent += taken;
      const bool moved = device->progress();
      if (device->receive(answers) == 0 && taken == 0 && !moved) break;
    }
    while (device->progress() || device->receive(answers) > 0) {
    }
    return 0;
  }));
}

// The host's side of the link: what a device says, damaged on its way. A run ends, or with an error of the
// device.
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/session.hpp"
#include "tests/fuzz/wire.hpp"

namespace spikeloom::fuzz {
namespace {

class DamagedLink final : public Link {
 public:
  explicit DamagedLink(Bytes recipe) : damage_(recipe), inner_(open_model(wire_image().chip)) {}
  std::size_t send(std::span<const Word> words) override { return inner_->send(words); }
  std::size_t receive(std::span<Word> words) override {
    const std::size_t count = inner_->receive(words);
    for (const Word word : words.first(count)) damage_.pass(word, waiting_);
    const std::size_t given = std::min(words.size(), waiting_.size());
    std::copy_n(waiting_.begin(), given, words.begin());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(given));
    return given;
  }
  bool progress() override { return inner_->progress(); }
  std::string describe() const override { return "damaged"; }

 private:
  Damage damage_;
  std::unique_ptr<Link> inner_;
  std::vector<Word> waiting_;
};

}  // namespace
}  // namespace spikeloom::fuzz

FUZZ_TARGET(from_device) {
  DamagedLink link(bytes);
  static_cast<void>(accepted([&] {
    Session session(link, wire_image(), {.quiet_limit = std::chrono::seconds(0)});
    const DeviceRun run = session.run(wire_data());
    require(run.ended.size() == wire_data().total_steps(), "a run that ends has stamps of all steps");
    return session.read_state(NeuronState::kPotential);
  }));
}

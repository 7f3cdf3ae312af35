// The headers and words that a card's kernel leaves in its memory, behind the link that reads them.
#include "host/device/card_link.hpp"
#include "tests/fuzz/wire.hpp"

namespace spikeloom::fuzz {
namespace {

/// Says what its recipe has, but is the right chip where that asks for it.
class FakeCard final : public Card {
 public:
  explicit FakeCard(Bytes recipe) : recipe_(recipe) {}
  void write(std::size_t, std::span<const Word>) override {}
  void start(std::size_t, std::uint32_t, std::uint32_t, std::uint32_t) override {}
  bool wait(std::size_t, std::chrono::milliseconds) override { return true; }
  void read(std::size_t, std::size_t first, std::span<Word> words) override {
    for (Word& word : words) word = recipe_.number(first == 0 ? 2 : 8);
    if (first != 0) return;
    const std::uint64_t hashes = std::uint64_t{hw::kHardwareHash} << 32U | chip_hash(wire_image().chip);
    words[hw::kKernelHeaderHashes] ^= hashes;
    words[hw::kKernelHeaderResultsError] ^= std::uint64_t{recipe_.byte()} << 32U;
  }
  [[nodiscard]] std::string describe() const override { return "fake"; }

 private:
  Recipe recipe_;
};

}  // namespace
}  // namespace spikeloom::fuzz

FUZZ_TARGET(card) {
  static_cast<void>(accepted([&] {
    const auto link = open_card(std::make_unique<FakeCard>(bytes), wire_image().chip, {});
    const std::vector<Word> words(64, 0);
    std::vector<Word> answers(256);
    for (int round = 0; round < 40; ++round) {
      require(link->send(words) <= words.size(), "no more words are taken than there are");
      static_cast<void>(link->progress());
      require(link->receive(answers) <= answers.size(), "no more words are given than there is room for");
    }
    return 0;
  }));
}

// A host program for `spikeloom emulate`: drives the card through the link itself, in ways that `spikeloom
// run` does not. usage: emulated_host contract|kill-server|hang DEVICE CHIP.toml
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/device/devices.hpp"
#include "tests/device/link_contract.hpp"

namespace spikeloom::testing_links {
namespace {

/// Reads of every node's hashes.
std::vector<Word> ring_words(const Chip& chip, std::uint32_t count) {
  std::vector<Word> words;
  for (std::uint32_t i = 0; i < count; ++i)
    words.push_back(hw::WordRing{.data = 0,
                                 .address = i % 3 == 0 ? hw::kAddrNodeHardwareHash : hw::kAddrNodeChipHash,
                                 .node = i % (chip.tiles() + 1),
                                 .kind = hw::kKindRingRead}
                        .pack());
  return words;
}

std::string device_name, chip_file;  // NOLINT: the arguments, for the tests below

/// Two cards, opened once: XRT's emulation is not made for opening cards over and over in a process. What
/// each test asks leaves no state in a chip. The second ends its runs for silence while the chip still works.
class Cards final : public ::testing::Environment {
 public:
  /// XRT must still be there: before main ends.
  void TearDown() override { cards_ = {}; }

  static std::unique_ptr<Link> lease() {
    Cards& cards = *environment();
    const std::size_t free = cards.taken_[0] ? 1 : 0;
    EXPECT_FALSE(cards.taken_[free]) << "more than two links at once";
    if (!cards.cards_[free])
      cards.cards_[free] =
          open_device(device_name + (free == 0 ? "" : "&device=1&quiet=16"), read_chip(chip_file), {});
    return std::make_unique<Lease>(cards, free);
  }
  /// GoogleTest's own.
  static Cards* environment() {
    static auto* const cards = static_cast<Cards*>(::testing::AddGlobalTestEnvironment(new Cards));
    return cards;
  }

 private:
  class Lease final : public Link {
   public:
    Lease(Cards& cards, std::size_t which) : cards_(cards), which_(which) { cards.taken_[which] = true; }
    ~Lease() override { cards_.taken_[which_] = false; }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::size_t send(std::span<const Word> words) override { return card().send(words); }
    std::size_t receive(std::span<Word> words) override { return card().receive(words); }
    bool progress() override { return card().progress(); }
    [[nodiscard]] std::string describe() const override { return cards_.cards_[which_]->describe(); }

   private:
    [[nodiscard]] Link& card() { return *cards_.cards_[which_]; }
    Cards& cards_;
    std::size_t which_;
  };
  std::array<std::unique_ptr<Link>, 2> cards_;
  std::array<bool, 2> taken_{};
};

LinkCase card() {
  return {"Card", [] { return Cards::lease(); }, ring_words(Chip{}, 200)};
}

INSTANTIATE_TEST_SUITE_P(Emulated, LinkContract, ::testing::ValuesIn(plain_and_throttled({card()})),
                         link_case_name);

TEST(Emulated, AnswersAsTheModel) {
  const Chip chip = read_chip(chip_file);
  const std::vector<Word> words = ring_words(chip, 9000);  // more than two batches
  const Received expected = exchange(*open_model(chip), words, 1, 4096);
  const auto first = Cards::lease(), second = Cards::lease();
  EXPECT_EQ(exchange(*first, words, 2, 700), expected);
  EXPECT_EQ(exchange(*second, words, 3, 4096), expected);
}

/// Ends this process's device server as a crash would.
void kill_server() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string id, name, state;
    pid_t parent = 0;
    if (stat >> id >> name >> state >> parent && parent == getpid() && name.starts_with("(spikeloom-devic")) {
      kill(static_cast<pid_t>(std::stol(id)), SIGKILL);
      std::cout << "killed" << std::endl;
    }
  }
}

int lose_server() {
  const Chip chip = read_chip(chip_file);
  const auto link = open_device(device_name, chip, {});
  kill_server();
  const std::vector<Word> words = ring_words(chip, 100);
  (void)link->send(words);
  for (;;) (void)link->progress();
}

}  // namespace
}  // namespace spikeloom::testing_links

int main(int argc, char** argv) {
  using namespace spikeloom::testing_links;
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 4) return 2;
  device_name = argv[2];
  chip_file = argv[3];
  const std::string mode = argv[1];
  try {
    if (mode == "kill-server") return lose_server();
  } catch (const spikeloom::Error& error) {
    std::cerr << error.what() << std::endl;
    return 3;
  }
  (void)Cards::environment();
  if (mode == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
  return RUN_ALL_TESTS();
}

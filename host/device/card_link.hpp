// A link to the kernel on a card (rtl/shell): words cross through the card's memory, a batch of them a kernel
// run.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// A card with the kernel on it, whatever library reaches it. Two slots, each a buffer for command words and
/// one for results, so that one is filled and read while the kernel works on the other. At most one run at a
/// time: which words the next one offers depends on how many this one took.
class Card {
 public:
  static constexpr std::size_t kSlots = 2;
  static constexpr std::size_t kCommandWords = 4096;  ///< room of a slot
  static constexpr std::size_t kResultWords =
      8192 - hw::kKernelHeaderWords;  ///< room of a slot behind the header

  virtual ~Card() = default;
  /// Puts words in the slot's command buffer; returns when they may be changed.
  virtual void write(std::size_t slot, std::span<const Word> words) = 0;
  virtual void start(std::size_t slot, std::uint32_t command_words, std::uint32_t result_words,
                     std::uint32_t quiet_cycles) = 0;
  /// True when the slot's run has ended; waits for that for at most about `patience`. Throws Error{kDevice}.
  virtual bool wait(std::size_t slot, std::chrono::milliseconds patience) = 0;
  /// Words of the slot's result buffer from `first`, the header being words 0 to 7.
  virtual void read(std::size_t slot, std::size_t first, std::span<Word> words) = 0;
  [[nodiscard]] virtual std::string describe() const = 0;
};

/// The first words of a result buffer (rtl/hardware.toml, kernel.header).
struct CardHeader {
  std::uint32_t results = 0, error = 0, chip_hash = 0, hardware_hash = 0;
  std::uint64_t taken = 0, cycles = 0;
};
[[nodiscard]] CardHeader card_header(std::span<const Word, hw::kKernelHeaderWords> words);

struct CardOptions {
  std::chrono::seconds run_limit{120};   ///< a run that takes longer is an error
  std::uint32_t quiet_cycles = 1 << 14;  ///< silence after which a run ends, though the chip may still work
};

/// Runs the kernel once without commands to learn what is on the card.
/// Throws Error{kDevice} naming both hashes when it is another chip or made from another description, and
/// when the chip still has words of somebody else's run.
[[nodiscard]] std::unique_ptr<Link> open_card(std::unique_ptr<Card> card, const Chip& chip,
                                              const CardOptions& options);

}  // namespace spikeloom

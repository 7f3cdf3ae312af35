// Words both ways over a link, and questions to registers: what every session does with a device.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// Words of one application on their way to its queue at most: the chip counts those that left in 16 bits.
inline constexpr std::uint32_t kMostUnderWay = 1U << 15U;

/// RING_READ of a register.
[[nodiscard]] Word read_word(std::uint32_t node, std::uint32_t address);

class Exchange {
 public:
  /// No word either way for `quiet_limit` is a time-out.
  Exchange(Link& link, std::chrono::seconds quiet_limit);

  /// Throws Error{kDevice} naming both hashes where the device is another chip, or was built from other
  /// sources.
  void check_chip(const Chip& chip);
  /// Moves words both ways once: those from `sent` on go out (all gone: emptied), what arrives stands in
  /// received(). True if anything moved.
  bool move(std::vector<Word>& outgoing, std::size_t& sent);
  /// Throws Error{kDevice} that says what was waited for, when nothing moved and nothing will.
  void check_alive(bool moved, const std::string& waiting_for);
  /// Asks again and again until it holds. Throws Error{kDevice} with `what` after the quiet limit.
  void wait_until(const std::function<bool()>& holds, const std::string& what);
  void write(std::vector<Word> words);
  /// Ring words, in order, without waiting in between; the answers of the reads among them, in order. Words
  /// of other kinds that arrive meanwhile stand in received().
  [[nodiscard]] std::vector<std::uint32_t> ask(std::vector<Word> words);
  /// The answer of a register; words that arrive before it stand in received().
  [[nodiscard]] std::uint32_t read(std::uint32_t node, std::uint32_t address);
  [[nodiscard]] std::vector<Word>& received() { return received_; }
  [[nodiscard]] std::string describe() const { return link_.describe(); }
  [[nodiscard]] std::chrono::seconds quiet_limit() const { return quiet_limit_; }

 private:
  Link& link_;
  std::chrono::seconds quiet_limit_;
  std::vector<Word> received_;
  std::chrono::steady_clock::time_point last_moved_;
};

}  // namespace spikeloom

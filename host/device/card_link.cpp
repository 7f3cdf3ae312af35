#include "host/device/card_link.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "compiler/base/error.hpp"
#include "host/device/word_buffer.hpp"

namespace spikeloom {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::milliseconds(2);  // of one call of progress

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

std::string error_text(std::uint32_t error) {
  switch (error) {
    case hw::kKernelErrorRead:
      return "reading the card's memory failed";
    case hw::kKernelErrorWrite:
      return "writing the card's memory failed";
    case hw::kKernelErrorWatchdog:
      return "the card's memory stopped answering";
    case hw::kKernelErrorMisaligned:
      return "a buffer is not aligned to " + std::to_string(hw::kKernelAlignment) + " bytes";
    default:
      return "error " + std::to_string(error) + ", which this program does not know";
  }
}

class CardLink final : public Link {
 public:
  CardLink(std::unique_ptr<Card> card, const Chip& chip, const CardOptions& options)
      : card_(std::move(card)), options_(options) {
    start(0, 0);
    while (!ended()) {
    }
    const CardHeader header = read_header();
    running_.reset();
    if (header.hardware_hash != hw::kHardwareHash)
      throw device_error(describe() + ": hardware description " + hex(header.hardware_hash) +
                         ", this program has " + hex(hw::kHardwareHash) + "; build both from one source");
    if (header.chip_hash != chip_hash(chip))
      throw device_error(describe() + ": chip " + hex(header.chip_hash) + ", expected " +
                         hex(chip_hash(chip)) + " (" + chip.name +
                         "); load that chip's xclbin or compile for this one");
    if (header.results != 0)
      throw device_error(
          describe() +
          ": the chip still sends words of an earlier run that was broken off; load its xclbin anew");
  }
  /// Lets a run end before its buffers go away.
  ~CardLink() override {
    try {
      for (const auto limit = Clock::now() + std::chrono::seconds(5); running_ && Clock::now() < limit;)
        if (card_->wait(running_->slot, kPatience)) running_.reset();
    } catch (...) {
      running_.reset();  // there is nobody left to tell
    }
  }
  CardLink(const CardLink&) = delete;
  CardLink& operator=(const CardLink&) = delete;

  std::size_t send(std::span<const Word> words) override {
    const std::size_t count = std::min(words.size(), to_chip_.room());
    to_chip_.push(words.first(count));
    return count;
  }

  std::size_t receive(std::span<Word> words) override {
    const auto waiting = from_chip_.waiting();
    const std::size_t count = std::min(words.size(), waiting.size());
    std::copy_n(waiting.begin(), count, words.begin());
    from_chip_.pop(count);
    return count;
  }

  bool progress() override {
    if (!running_ && !start_next(0)) return false;
    prepare();
    if (ended()) take_results();
    return true;
  }

  [[nodiscard]] std::string describe() const override { return card_->describe(); }

 private:
  struct Run {
    std::size_t slot;
    std::size_t offered, room;
    Clock::time_point since;
  };
  /// Words that lie in a slot's command buffer and stand `first` words behind those that the chip has not
  /// taken.
  struct Prepared {
    std::size_t slot, first, count;
  };

  void start(std::size_t slot, std::size_t offered) {
    const std::size_t room = std::min(Card::kResultWords, from_chip_.room());
    card_->start(slot, static_cast<std::uint32_t>(offered), static_cast<std::uint32_t>(room),
                 options_.quiet_cycles);
    running_ = Run{slot, offered, room, Clock::now()};
  }

  /// Starts a run if there is something to offer or to fetch, and room for what comes.
  bool start_next(std::size_t slot) {
    const auto waiting = to_chip_.waiting();
    if ((at_rest_ && (waiting.empty() || refused_)) || from_chip_.room() == 0) return false;
    if (!prepared_ || prepared_->slot != slot || prepared_->first != 0 || prepared_->count == 0) {
      const std::size_t count = std::min(waiting.size(), Card::kCommandWords);
      if (count > 0) card_->write(slot, waiting.first(count));
      prepared_ = Prepared{slot, 0, count};
    }
    const std::size_t offered = prepared_->count;
    prepared_.reset();
    start(slot, offered);
    return true;
  }

  /// While a run works on its slot: the words behind its own go into the other.
  void prepare() {
    if (prepared_) return;
    const auto behind = to_chip_.waiting().subspan(running_->offered);
    const std::size_t count = std::min(behind.size(), Card::kCommandWords);
    if (count == 0) return;
    const std::size_t slot = 1 - running_->slot;
    card_->write(slot, behind.first(count));
    prepared_ = Prepared{slot, running_->offered, count};
  }

  bool ended() {
    if (card_->wait(running_->slot, kPatience)) return true;
    if (Clock::now() - running_->since > options_.run_limit)
      throw device_error(describe() + ": time-out: a run of the kernel with " +
                         std::to_string(running_->offered) + " words has not ended after " +
                         std::to_string(options_.run_limit.count()) + " s");
    return false;
  }

  CardHeader read_header() {
    std::array<Word, hw::kKernelHeaderWords> words;
    card_->read(running_->slot, 0, words);
    const CardHeader header = card_header(words);
    if (header.error != hw::kKernelErrorNone)
      throw device_error(describe() + ": kernel: " + error_text(header.error));
    if (header.taken > running_->offered || header.results > running_->room)
      throw device_error(describe() + ": kernel: took " + std::to_string(header.taken) + " of " +
                         std::to_string(running_->offered) + " words and gave " +
                         std::to_string(header.results) + " where there was room for " +
                         std::to_string(running_->room));
    return header;
  }

  /// The next run is under way before this one's results are fetched.
  void take_results() {
    const Run run = *running_;
    const CardHeader header = read_header();
    running_.reset();
    to_chip_.pop(header.taken);
    if (prepared_) {
      if (header.taken == prepared_->first)
        prepared_->first = 0;
      else
        prepared_.reset();
    }
    // A run that ended before it could be for silence, and not for want of room, ended because nothing more
    // will come.
    at_rest_ = header.results < run.room && header.cycles < options_.quiet_cycles;
    refused_ = header.taken != run.offered;
    std::vector<Word> results(header.results);
    const bool room_left = from_chip_.room() >= results.size() + Card::kResultWords;
    if (room_left) (void)start_next(1 - run.slot);
    if (!results.empty()) card_->read(run.slot, hw::kKernelHeaderWords, results);
    from_chip_.push(results);
  }

  std::unique_ptr<Card> card_;
  CardOptions options_;
  WordBuffer to_chip_, from_chip_;  // words that the chip took leave to_chip_ when their run has ended
  std::optional<Run> running_;
  std::optional<Prepared> prepared_;
  bool at_rest_ = true;   // only another word can change anything
  bool refused_ = false;  // not even that, if at rest
};

}  // namespace

CardHeader card_header(std::span<const Word, hw::kKernelHeaderWords> words) {
  CardHeader header;
  header.results = static_cast<std::uint32_t>(words[hw::kKernelHeaderResultsError]);
  header.error = static_cast<std::uint32_t>(words[hw::kKernelHeaderResultsError] >> 32U);
  header.taken = words[hw::kKernelHeaderCommandsTaken];
  header.cycles = words[hw::kKernelHeaderCycles];
  header.chip_hash = static_cast<std::uint32_t>(words[hw::kKernelHeaderHashes]);
  header.hardware_hash = static_cast<std::uint32_t>(words[hw::kKernelHeaderHashes] >> 32U);
  return header;
}

std::unique_ptr<Link> open_card(std::unique_ptr<Card> card, const Chip& chip, const CardOptions& options) {
  return std::make_unique<CardLink>(std::move(card), chip, options);
}

}  // namespace spikeloom

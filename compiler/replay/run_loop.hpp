// The one loop that feeds a device and hears what it says: for one application, and for several that enter
// and leave while the first one runs.
//
// Target time stands still whenever a started application has no word to consume. So the first application's
// words are withheld where something happens; the chip then stands in a cycle that follows from the input
// alone, tables are written, and whoever enters starts in a cycle that follows from it. docs/protocol.md,
// section 6.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/collector.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/exchange.hpp"
#include "compiler/replay/stimulus.hpp"

namespace spikeloom {

/// An application's stay on the chip. Steps are those of the first application, counted over all its samples.
struct Stay {
  std::string name;  ///< for messages; empty: there is only one
  ImageView image;   ///< bound beside those that are there at the same time
  const Dataset* data = nullptr;
  std::int64_t enters = 0;  ///< before this step is fed
  std::int64_t origin = 0;  ///< its cycle 0 in the chip's cycles
  std::optional<std::int64_t>
      gives_back{};                    ///< before this step is fed its tiles and slots are freed; none: never
  const Dataset* comes_out = nullptr;  ///< what of `data` the chip lets through; null: all of it
};

class RunLoop;

enum class Company : std::uint8_t {
  kAlone,   ///< one stay: no word of its holds up another's, so the link takes as many as it likes
  kShared,  ///< the link is given only what has room in an application's own queue
};

struct RunLoopOptions {
  Company company = Company::kAlone;
  std::uint64_t feed_seed = 0;                     ///< not 0: who is fed how many words next is random
  std::function<void(const RunLoop&)> on_words{};  ///< words have arrived and been taken
};

class RunLoop {
 public:
  /// The first stay is there from cycle 0 on; the others are in any order. Keeps references to the exchange
  /// and to what the stays refer to.
  /// Throws Error{kInput} for data that an image cannot take.
  RunLoop(Exchange& exchange, const std::vector<Stay>& stays, RunLoopOptions options);

  /// From the first application's start, which has been written, until all have ended.
  /// Throws Error{kDevice} that says what was waited for where the device stands still, what was wrong where
  /// a word makes no sense, and who is to give back what still works.
  void run();

  /// Of a stay, by its place in the list.
  [[nodiscard]] const Collector& collector(std::size_t stay) const { return guests_[stay].collector; }

  /// By stay, with the counters of its tiles, of all tiles where it is alone. Once, when the device is at
  /// rest.
  [[nodiscard]] std::vector<DeviceRun> results();

 private:
  /// One stay under way.
  struct Guest {
    explicit Guest(const Stay& s)
        : stay(s),
          stimulus(s.image, *s.data),
          collector(s.image, s.comes_out != nullptr ? *s.comes_out : *s.data, s.origin) {}

    Stay stay;
    Stimulus stimulus;
    Collector collector;
    std::vector<Word> words;  ///< made and not yet given to the link
    std::int64_t made = 0;    ///< steps
    std::uint16_t fed = 0;    ///< words given to the link since its start, as the host port counts
    std::uint16_t taken = 0;  ///< of them known to have left its queue
    bool is_there = false, has_left = false;
    std::vector<TileCounters> tiles;

    [[nodiscard]] std::uint32_t room() const;
    /// Has said and heard everything. Its sinks may end before the host has said all: words for a population
    /// that no sink hears of.
    [[nodiscard]] bool is_done() const {
      return collector.finished() && stimulus.finished() && words.empty();
    }
  };

  [[nodiscard]] bool is_alone() const { return options_.company == Company::kAlone; }
  [[nodiscard]] bool is_finished() const;
  void step();
  [[nodiscard]] std::string waiting_for() const;

  bool feed();
  void feed_alone();
  bool feed_by_room();
  void make_words();
  [[nodiscard]] bool has_food() const;
  bool ask_taken(Guest& guest);
  bool distribute();
  [[nodiscard]] Guest& owner_of(Word word);

  [[nodiscard]] bool is_time_for_event() const;
  void handle_event();
  void leave(Guest& guest);
  [[nodiscard]] std::vector<ImageView> there() const;
  [[nodiscard]] std::vector<std::uint32_t> nodes_of(const Guest& guest) const;
  [[nodiscard]] std::vector<TileCounters> counters_of(const Guest& guest);
  [[nodiscard]] std::string tile_text(std::uint32_t node) const;

  Exchange& exchange_;
  RunLoopOptions options_;
  Rng rng_;
  const Chip& chip_;
  std::vector<Guest> guests_;
  std::vector<std::int64_t> events_;  ///< steps of the first application; rising
  std::size_t next_event_ = 0;
  std::vector<Word> outgoing_;
  std::size_t sent_ = 0;
  std::chrono::steady_clock::time_point last_change_;
};

}  // namespace spikeloom

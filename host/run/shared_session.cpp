#include "host/run/shared_session.hpp"

#include <algorithm>
#include <memory>

#include "compiler/base/error.hpp"
#include "compiler/replay/collector.hpp"
#include "compiler/replay/stimulus.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kMostUnderWay = 1U << 15U;  ///< words of one application: the chip counts in 16 bits

/// One stay under way.
struct Guest {
  explicit Guest(const Stay& s)
      : stay(&s), stimulus(*s.image, *s.data), collector(*s.image, *s.data, s.origin) {}

  const Stay* stay;
  Stimulus stimulus;
  Collector collector;
  std::vector<Word> words;  ///< made and not yet given to the link
  std::int64_t made = 0;    ///< steps
  std::uint16_t fed = 0;    ///< words given to the link since its start, as the host port counts
  std::uint16_t taken = 0;  ///< of them known to have left its queue
  bool is_there = false, has_left = false;
  std::vector<TileCounters> tiles;

  [[nodiscard]] std::uint32_t room(const Chip& chip) const {
    return std::min(chip.host.queue_words, kMostUnderWay) - static_cast<std::uint16_t>(fed - taken);
  }
};

class SharedRun {
 public:
  SharedRun(Link& link, const std::vector<Stay>& stays, const SharedOptions& options)
      : exchange_(link, options.quiet_limit),
        options_(options),
        rng_(options.feed_seed),
        chip_(stays.front().image->chip) {
    for (const Stay& stay : stays) guests_.push_back(std::make_unique<Guest>(stay));
    for (const Stay& stay : stays) {
      SPIKELOOM_CHECK(chip_hash(stay.image->chip) == chip_hash(chip_));
      if (&stay != &stays.front()) events_.push_back(stay.enters);
      if (stay.gives_back) events_.push_back(*stay.gives_back);
    }
    std::sort(events_.begin(), events_.end());
    events_.erase(std::unique(events_.begin(), events_.end()), events_.end());
  }

  std::vector<DeviceRun> run() {
    exchange_.check_chip(chip_);
    Guest& first = *guests_.front();
    const Program program = spikeloom::program(*first.stay->image);
    exchange_.write(program.load);
    exchange_.write(program.start);
    first.is_there = true;
    wait_until(
        [&] { return hw::RegHostStatus::unpack(exchange_.read(0, hw::kAddrNodeStatus)).under_way != 0; },
        "cycle 0");
    last_change_ = std::chrono::steady_clock::now();
    while (!is_finished()) step();
    wait_until([&] { return hw::RegHostStatus::unpack(exchange_.read(0, hw::kAddrNodeStatus)).busy == 0; },
               "the end of the run");
    std::vector<DeviceRun> runs;
    for (const auto& guest : guests_) {
      if (!guest->has_left) guest->tiles = counters_of(*guest);
      runs.push_back(guest->collector.result());
      runs.back().tiles = std::move(guest->tiles);
    }
    return runs;
  }

 private:
  [[nodiscard]] bool is_finished() const {
    return next_event_ == events_.size() &&
           std::all_of(guests_.begin(), guests_.end(),
                       [](const auto& guest) { return guest->collector.finished(); });
  }

  void step() {
    if (is_time_for_event()) {
      handle_event();
      return;
    }
    make_words();
    bool any = feed();
    any = exchange_.move(outgoing_, sent_) || any;
    any = distribute() || any;
    if (any) {
      last_change_ = std::chrono::steady_clock::now();
    } else if (std::chrono::steady_clock::now() - last_change_ > options_.quiet_limit) {
      throw device_error(exchange_.describe() + ": time-out after " +
                         std::to_string(options_.quiet_limit.count()) + " s without progress; " +
                         waiting_for());
    } else {
      exchange_.check_alive(false, waiting_for());
    }
  }

  [[nodiscard]] std::string waiting_for() const {
    std::string text;
    for (const auto& guest : guests_)
      if (guest->is_there && !guest->collector.finished())
        text += (text.empty() ? "" : ", ") + guest->stay->name + ": " + guest->collector.waiting_for();
    return text;
  }

  // ---- data ----

  void make_words() {
    for (const auto& guest : guests_) {
      const bool is_first = guest == guests_.front();
      while (guest->is_there && guest->words.size() < chip_.host.queue_words && !guest->stimulus.finished()) {
        if (is_first && next_event_ < events_.size() && guest->made == events_[next_event_]) break;
        guest->stimulus.next(guest->words);
        ++guest->made;
      }
    }
  }

  /// Gives the link as many words as have room in their queues: a word that waited would hold up all others.
  bool feed() {
    if (!outgoing_.empty()) return false;
    bool any = false;
    for (const auto& guest : guests_) {
      if (!guest->is_there || guest->words.empty()) continue;
      if (guest->room(chip_) == 0) any = ask_taken(*guest) || any;
      std::size_t count = std::min<std::size_t>(guest->room(chip_), guest->words.size());
      if (options_.feed_seed != 0 && count > 0) count = rng_.below(count + 1);
      const auto end = guest->words.begin() + static_cast<std::ptrdiff_t>(count);
      outgoing_.insert(outgoing_.end(), guest->words.begin(), end);
      guest->words.erase(guest->words.begin(), end);
      guest->fed = static_cast<std::uint16_t>(guest->fed + count);
      any = any || count > 0;
    }
    // A random nothing is no standstill.
    return any || (options_.feed_seed != 0 && has_food());
  }

  [[nodiscard]] bool has_food() const {
    return std::any_of(guests_.begin(), guests_.end(), [&](const auto& guest) {
      return guest->is_there && !guest->words.empty() && guest->room(chip_) > 0;
    });
  }

  bool ask_taken(Guest& guest) {
    const auto taken = static_cast<std::uint16_t>(
        exchange_.read(0, hw::kAddrNodeTaken + guest.stay->image->binding.application));
    const bool is_news = taken != guest.taken;
    guest.taken = taken;
    return is_news;
  }

  bool distribute() {
    std::vector<Word>& words = exchange_.received();
    if (words.empty()) return false;
    for (const Word word : words) {
      const auto owner = std::find_if(guests_.begin(), guests_.end(), [&](const auto& guest) {
        return guest->is_there && guest->collector.owns(word);
      });
      if (owner == guests_.end())
        throw device_error(exchange_.describe() + ": a word of nobody's channels during a run");
      (*owner)->collector.take(word);
    }
    words.clear();
    if (options_.on_steps) {
      std::vector<std::int64_t> ended;
      for (const auto& guest : guests_) ended.push_back(static_cast<std::int64_t>(guest->collector.ended()));
      options_.on_steps(ended);
    }
    return true;
  }

  // ---- entering and leaving ----

  /// The first application stands: all its words up to here are sent. Who gives back has said everything.
  [[nodiscard]] bool is_time_for_event() const {
    if (next_event_ == events_.size() || !outgoing_.empty()) return false;
    const std::int64_t step = events_[next_event_];
    if (static_cast<std::int64_t>(guests_.front()->collector.sent()) != step) return false;
    return std::all_of(guests_.begin(), guests_.end(), [&](const auto& guest) {
      return guest->stay->gives_back != step || guest->collector.finished();
    });
  }

  void handle_event() {
    const std::int64_t step = events_[next_event_++];
    for (const auto& guest : guests_)
      if (guest->stay->gives_back == step) leave(*guest);
    std::uint32_t starting = 0;
    std::int64_t origin = 0;
    for (const auto& guest : guests_) {
      if (guest == guests_.front() || guest->stay->enters != step) continue;
      exchange_.write(entering_words(there(), *guest->stay->image));
      guest->is_there = true;
      starting |= 1U << guest->stay->image->binding.application;
      SPIKELOOM_CHECK(origin == 0 || origin == guest->stay->origin);
      origin = guest->stay->origin;
    }
    if (starting != 0) exchange_.write(start_words(starting, origin));
    // Its answer goes round the ring behind every word of configuration: these have landed before time goes
    // on.
    (void)exchange_.read(0, hw::kAddrNodeStatus);
    last_change_ = std::chrono::steady_clock::now();
  }

  [[nodiscard]] std::vector<const Image*> there() const {
    std::vector<const Image*> images;
    for (const auto& guest : guests_)
      if (guest->is_there) images.push_back(guest->stay->image);
    return images;
  }

  void leave(Guest& guest) {
    for (const std::uint32_t node : nodes_of(guest))
      if ((exchange_.read(node, hw::kAddrNodeStatus) & 1U) != 0)
        throw device_error(exchange_.describe() + ": " + guest.stay->name + " is to give back " +
                           tile_text(node) + ", which still works for it");
    guest.tiles = counters_of(guest);
    guest.is_there = false;
    guest.has_left = true;
    exchange_.write(leaving_words(there(), *guest.stay->image));
  }

  [[nodiscard]] std::string tile_text(std::uint32_t node) const {
    return "tile (" + std::to_string((node - 1) % chip_.width) + ", " +
           std::to_string((node - 1) / chip_.width) + ")";
  }

  static std::vector<std::uint32_t> nodes_of(const Guest& guest) {
    std::vector<std::uint32_t> nodes;
    const auto& orders = guest.stay->image->binding.orders;
    for (std::uint32_t t = 0; t < orders.size(); ++t)
      if (!orders[t].empty()) nodes.push_back(1 + t);
    return nodes;
  }

  std::vector<TileCounters> counters_of(const Guest& guest) {
    std::vector<TileCounters> tiles(chip_.tiles());
    const std::vector<std::uint32_t> nodes = nodes_of(guest);
    const std::vector<TileCounters> counters = read_counters(exchange_, nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) tiles[nodes[i] - 1] = counters[i];
    return tiles;
  }

  template <class Holds>
  void wait_until(const Holds& holds, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + options_.quiet_limit;
    while (!holds())
      if (std::chrono::steady_clock::now() > deadline)
        throw device_error(exchange_.describe() + ": time-out; waiting for " + what);
  }

  Exchange exchange_;
  const SharedOptions& options_;
  Rng rng_;
  const Chip& chip_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::vector<std::int64_t> events_;  ///< steps of the first application; rising
  std::size_t next_event_ = 0;
  std::vector<Word> outgoing_;
  std::size_t sent_ = 0;
  std::chrono::steady_clock::time_point last_change_;
};

}  // namespace

std::int64_t first_origin(const Chip& chip, std::int64_t cycle) {
  const std::int64_t wheel = std::max(chip.spike_wheel, chip.credit_wheel);
  return (cycle + kStartMargin + wheel - 1) / wheel * wheel;
}

std::vector<DeviceRun> run_shared(Link& link, const std::vector<Stay>& stays, const SharedOptions& options) {
  SPIKELOOM_CHECK(!stays.empty() && stays.front().enters == 0 && stays.front().origin == 0 &&
                  !stays.front().gives_back);
  return SharedRun(link, stays, options).run();
}

}  // namespace spikeloom

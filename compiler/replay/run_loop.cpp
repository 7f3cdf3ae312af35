#include "compiler/replay/run_loop.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/replay/counters.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kBatch = 4096;  ///< words for the link where nobody asks for room

}  // namespace

std::uint32_t RunLoop::Guest::room() const {
  return std::min(stay.image.chip.host.queue_words, kMostUnderWay) - static_cast<std::uint16_t>(fed - taken);
}

RunLoop::RunLoop(Exchange& exchange, const std::vector<Stay>& stays, RunLoopOptions options)
    : exchange_(exchange),
      options_(std::move(options)),
      rng_(options_.feed_seed),
      chip_(stays.front().image.chip) {
  SPIKELOOM_CHECK(!is_alone() || stays.size() == 1);
  guests_.reserve(stays.size());
  for (const Stay& stay : stays) guests_.emplace_back(stay);
  for (const Stay& stay : stays) {
    SPIKELOOM_CHECK(chip_hash(stay.image.chip) == chip_hash(chip_));
    if (&stay != &stays.front()) events_.push_back(stay.enters);
    if (stay.gives_back) events_.push_back(*stay.gives_back);
  }
  std::sort(events_.begin(), events_.end());
  events_.erase(std::unique(events_.begin(), events_.end()), events_.end());
}

void RunLoop::run() {
  guests_.front().is_there = true;
  last_change_ = std::chrono::steady_clock::now();
  while (!is_finished()) step();
}

std::vector<DeviceRun> RunLoop::results() {
  std::vector<DeviceRun> runs;
  for (Guest& guest : guests_) {
    if (!guest.has_left) guest.tiles = counters_of(guest);
    runs.push_back(guest.collector.result());
    runs.back().tiles = std::move(guest.tiles);
  }
  return runs;
}

bool RunLoop::is_finished() const {
  return next_event_ == events_.size() && outgoing_.empty() &&
         std::all_of(guests_.begin(), guests_.end(), [](const Guest& guest) { return guest.is_done(); });
}

void RunLoop::step() {
  if (is_time_for_event()) {
    handle_event();
    return;
  }
  bool any = feed();
  any = exchange_.move(outgoing_, sent_) || any;
  any = distribute() || any;
  if (is_alone()) {
    if (!any) exchange_.check_alive(false, waiting_for());
  } else if (any) {
    last_change_ = std::chrono::steady_clock::now();
  } else if (std::chrono::steady_clock::now() - last_change_ > exchange_.quiet_limit()) {
    // Words of questions for room still go to and fro.
    throw device_error(exchange_.describe() + ": time-out after " +
                       std::to_string(exchange_.quiet_limit().count()) + " s without progress; " +
                       waiting_for());
  } else {
    exchange_.check_alive(false, waiting_for());
  }
}

std::string RunLoop::waiting_for() const {
  std::string text;
  for (const Guest& guest : guests_) {
    if (!guest.is_there || (guest.is_done() && outgoing_.empty())) continue;
    if (!text.empty()) text += ", ";
    if (!guest.stay.name.empty()) text += guest.stay.name + ": ";
    text += guest.collector.finished() ? "room for the end of the run" : guest.collector.waiting_for();
  }
  return text;
}

// ---- data ----

bool RunLoop::feed() {
  if (!is_alone()) return feed_by_room();
  feed_alone();
  return false;
}

void RunLoop::feed_alone() {
  Stimulus& stimulus = guests_.front().stimulus;
  while (outgoing_.size() < kBatch && !stimulus.finished()) stimulus.next(outgoing_);
}

/// Gives the link as many words as have room in their queues: a word that waited would hold up all others.
bool RunLoop::feed_by_room() {
  make_words();
  if (!outgoing_.empty()) return false;
  bool any = false;
  for (Guest& guest : guests_) {
    if (!guest.is_there || guest.words.empty()) continue;
    if (guest.room() == 0) any = ask_taken(guest) || any;
    std::size_t count = std::min<std::size_t>(guest.room(), guest.words.size());
    if (options_.feed_seed != 0 && count > 0) count = rng_.below(count + 1);
    const auto end = guest.words.begin() + static_cast<std::ptrdiff_t>(count);
    outgoing_.insert(outgoing_.end(), guest.words.begin(), end);
    guest.words.erase(guest.words.begin(), end);
    guest.fed = static_cast<std::uint16_t>(guest.fed + count);
    any = any || count > 0;
  }
  // A random nothing is no standstill.
  return any || (options_.feed_seed != 0 && has_food());
}

void RunLoop::make_words() {
  for (Guest& guest : guests_) {
    const bool is_first = &guest == &guests_.front();
    while (guest.is_there && guest.words.size() < chip_.host.queue_words && !guest.stimulus.finished()) {
      if (is_first && next_event_ < events_.size() && guest.made == events_[next_event_]) break;
      guest.stimulus.next(guest.words);
      ++guest.made;
    }
  }
}

bool RunLoop::has_food() const {
  return std::any_of(guests_.begin(), guests_.end(), [](const Guest& guest) {
    return guest.is_there && !guest.words.empty() && guest.room() > 0;
  });
}

bool RunLoop::ask_taken(Guest& guest) {
  const auto taken = static_cast<std::uint16_t>(
      exchange_.read(0, hw::kAddrNodeTaken + guest.stay.image.binding.application));
  const bool is_news = taken != guest.taken;
  guest.taken = taken;
  return is_news;
}

bool RunLoop::distribute() {
  std::vector<Word>& words = exchange_.received();
  if (words.empty()) return false;
  for (const Word word : words) owner_of(word).collector.take(word);
  words.clear();
  if (options_.on_words) options_.on_words(*this);
  return true;
}

/// Whoever is alone is told of every word, and says what is wrong with it.
RunLoop::Guest& RunLoop::owner_of(Word word) {
  if (is_alone()) return guests_.front();
  const auto owner = std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) {
    return guest.is_there && guest.collector.owns(word);
  });
  if (owner == guests_.end())
    throw device_error(exchange_.describe() + ": a word of nobody's channels during a run");
  return *owner;
}

// ---- entering and leaving ----

/// The first application stands: all its words up to here are sent. Who gives back has said everything.
bool RunLoop::is_time_for_event() const {
  if (next_event_ == events_.size() || !outgoing_.empty()) return false;
  const std::int64_t step = events_[next_event_];
  if (static_cast<std::int64_t>(guests_.front().collector.sent()) != step) return false;
  return std::all_of(guests_.begin(), guests_.end(),
                     [&](const Guest& guest) { return guest.stay.gives_back != step || guest.is_done(); });
}

void RunLoop::handle_event() {
  const std::int64_t step = events_[next_event_++];
  for (Guest& guest : guests_)
    if (guest.stay.gives_back == step) leave(guest);
  std::uint32_t starting = 0;
  std::int64_t origin = 0;
  for (Guest& guest : guests_) {
    if (&guest == &guests_.front() || guest.stay.enters != step) continue;
    exchange_.write(entering_words(there(), guest.stay.image));
    guest.is_there = true;
    starting |= 1U << guest.stay.image.binding.application;
    SPIKELOOM_CHECK(origin == 0 || origin == guest.stay.origin);
    origin = guest.stay.origin;
  }
  if (starting != 0) exchange_.write(start_words(starting, origin));
  // Its answer goes round the ring behind every word of configuration: these have landed before time goes
  // on.
  (void)exchange_.read(0, hw::kAddrNodeStatus);
  last_change_ = std::chrono::steady_clock::now();
}

void RunLoop::leave(Guest& guest) {
  for (const std::uint32_t node : nodes_of(guest))
    if ((exchange_.read(node, hw::kAddrNodeStatus) & 1U) != 0)
      throw device_error(exchange_.describe() + ": " + guest.stay.name + " is to give back " +
                         tile_text(node) + ", which still works for it");
  guest.tiles = counters_of(guest);
  guest.is_there = false;
  guest.has_left = true;
  exchange_.write(leaving_words(there(), guest.stay.image));
}

std::vector<ImageView> RunLoop::there() const {
  std::vector<ImageView> images;
  for (const Guest& guest : guests_)
    if (guest.is_there) images.push_back(guest.stay.image);
  return images;
}

std::vector<std::uint32_t> RunLoop::nodes_of(const Guest& guest) const {
  std::vector<std::uint32_t> nodes;
  const auto& orders = guest.stay.image.binding.orders;
  for (std::uint32_t t = 0; t < orders.size(); ++t)
    if (is_alone() || !orders[t].empty()) nodes.push_back(1 + t);
  return nodes;
}

std::vector<TileCounters> RunLoop::counters_of(const Guest& guest) {
  std::vector<TileCounters> tiles(chip_.tiles());
  const std::vector<std::uint32_t> nodes = nodes_of(guest);
  const std::vector<TileCounters> counters = read_counters(exchange_, nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) tiles[nodes[i] - 1] = counters[i];
  return tiles;
}

std::string RunLoop::tile_text(std::uint32_t node) const {
  return "tile (" + std::to_string((node - 1) % chip_.width) + ", " +
         std::to_string((node - 1) / chip_.width) + ")";
}

}  // namespace spikeloom

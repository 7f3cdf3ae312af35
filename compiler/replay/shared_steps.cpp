#include "compiler/replay/shared_steps.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/replay/counters.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
SharedSteps::SharedSteps(Link& link, std::vector<StepGuest> guests, std::chrono::seconds quiet_limit)
    : exchange_(link, quiet_limit), last_change_(std::chrono::steady_clock::now()) {
  SPIKELOOM_CHECK(!guests.empty() && guests.front().origin == 0);
  exchange_.check_chip(guests.front().image.chip);
  Program program = spikeloom::program(guests.front().image);
  exchange_.write(std::move(program.load));
  exchange_.received().clear();
  exchange_.write(std::move(program.start));
  // The first one's queue is empty, so the chip stands in cycle 0 until the others are there.
  std::vector<ImageView> there{guests.front().image};
  std::uint32_t starting = 0;
  for (std::size_t g = 1; g < guests.size(); ++g) {
    SPIKELOOM_CHECK(guests[g].origin == guests[1].origin);
    exchange_.write(entering_words(there, guests[g].image));
    there.push_back(guests[g].image);
    starting |= 1U << guests[g].image.binding.application;
  }
  if (starting != 0) exchange_.write(start_words(starting, guests[1].origin));
  // Its answer goes round the ring behind every word of configuration.
  (void)exchange_.read(0, hw::kAddrNodeStatus);
  guests_.reserve(guests.size());
  for (StepGuest& guest : guests) {
    SPIKELOOM_CHECK(guest.image.window > 0);
    guests_.emplace_back(std::move(guest));
  }
}

void SharedSteps::give(std::size_t guest, const Sample& sample, std::size_t step, StepPlace place) {
  Guest& to = guests_.at(guest);
  if (step == 0) to.collector.begin_sample(sample, 0);
  to.collector.expect_step(place);
  to.words.step(sample, step, place, to.waiting);
  to.words.waits(to.waiting);
}

void SharedSteps::end(std::size_t guest) {
  guests_.at(guest).words.end(guests_.at(guest).waiting);
  guests_.at(guest).has_ended = true;
}

void SharedSteps::take(std::size_t guest) {
  Guest& of = guests_.at(guest);
  while (of.collector.ended() <= of.taken || of.collector.sent() <= of.taken) move_words();
  ++of.taken;
}

std::vector<DeviceRun> SharedSteps::finish() {
  const auto is_done = [](const Guest& guest) {
    return guest.has_ended && guest.collector.finished() && guest.waiting.empty();
  };
  while (!std::all_of(guests_.begin(), guests_.end(), is_done) || !outgoing_.empty()) move_words();
  exchange_.wait_until([&] { return (exchange_.read(0, hw::kAddrNodeStatus) & 1U) == 0; },
                       "every step has ended, but the run has not");
  std::vector<DeviceRun> runs;
  for (Guest& guest : guests_) {
    guest.taken = guest.collector.ended();
    runs.push_back(guest.collector.result());
    std::vector<std::uint32_t> nodes;
    const auto& orders = guest.image.binding.orders;
    for (std::uint32_t t = 0; t < orders.size(); ++t)
      if (!orders[t].empty()) nodes.push_back(1 + t);
    const std::vector<TileCounters> counters = read_counters(exchange_, nodes);
    runs.back().tiles.resize(orders.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) runs.back().tiles[nodes[i] - 1] = counters[i];
  }
  return runs;
}

void SharedSteps::move_words() {
  bool any = feed();
  any = exchange_.move(outgoing_, sent_) || any;
  any = distribute() || any;
  const auto now = std::chrono::steady_clock::now();
  if (any) {
    last_change_ = now;
    return;
  }
  // Questions for room go to and fro even where nothing else does.
  if (now - last_change_ > exchange_.quiet_limit())
    throw device_error(exchange_.describe() + ": time-out after " +
                       std::to_string(exchange_.quiet_limit().count()) + " s without progress; waiting for " +
                       waiting_for());
  exchange_.check_alive(false, waiting_for());
}

/// Gives the link as many words as have room in their queues: a word that waited would hold up all others.
bool SharedSteps::feed() {
  if (!outgoing_.empty()) return false;
  bool any = false;
  for (Guest& guest : guests_) {
    if (guest.waiting.empty()) continue;
    const std::uint32_t most = std::min(guest.image.chip.host.queue_words, kMostUnderWay);
    if (static_cast<std::uint16_t>(guest.fed - guest.left) == most)
      guest.left =
          static_cast<std::uint16_t>(exchange_.read(0, hw::kAddrNodeTaken + guest.image.binding.application));
    const std::size_t room = most - static_cast<std::uint16_t>(guest.fed - guest.left);
    const std::size_t count = std::min(room, guest.waiting.size());
    const auto end = guest.waiting.begin() + static_cast<std::ptrdiff_t>(count);
    outgoing_.insert(outgoing_.end(), guest.waiting.begin(), end);
    guest.waiting.erase(guest.waiting.begin(), end);
    guest.fed = static_cast<std::uint16_t>(guest.fed + count);
    any = any || count > 0;
  }
  return any;
}

bool SharedSteps::distribute() {
  std::vector<Word>& words = exchange_.received();
  if (words.empty()) return false;
  for (const Word word : words) {
    const auto owner = std::find_if(guests_.begin(), guests_.end(),
                                    [&](const Guest& guest) { return guest.collector.owns(word); });
    if (owner == guests_.end())
      throw device_error(exchange_.describe() + ": a word of nobody's channels during a run");
    owner->collector.take(word);
  }
  words.clear();
  return true;
}

std::string SharedSteps::waiting_for() const {
  std::string text;
  for (const Guest& guest : guests_)
    if (!guest.collector.finished())
      text += (text.empty() ? "" : ", ") + guest.name + ": " + guest.collector.waiting_for();
  return text.empty() ? "room for the end of the run" : text;
}

}  // namespace spikeloom

#include "compiler/replay/step_session.hpp"

#include <numeric>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/replay/counters.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

StepSession::StepSession(Link& link, const ImageView& image, std::chrono::seconds quiet_limit)
    : exchange_(link, quiet_limit), image_(image), step_words_(image), collector_(image, 0) {
  SPIKELOOM_CHECK(image.window > 0);
  exchange_.check_chip(image.chip);
  Program program = spikeloom::program(image_);
  exchange_.write(std::move(program.load));
  exchange_.received().clear();
  exchange_.write(std::move(program.start));
}

void StepSession::give(const Sample& sample, std::size_t step, StepPlace place) {
  if (step == 0) collector_.begin_sample(sample, 0);
  collector_.expect_step(place);
  step_words_.step(sample, step, place, outgoing_);
  step_words_.waits(outgoing_);
  ++given_;
}

void StepSession::take() {
  SPIKELOOM_CHECK(taken_ < given_);
  // An output that hears none of the step's inputs may come before they are all sent.
  while (collector_.ended() <= taken_ || collector_.sent() <= taken_) move_words();
  ++taken_;
}

void StepSession::end() { step_words_.end(outgoing_); }

DeviceRun StepSession::finish() {
  while (!collector_.finished() || !outgoing_.empty()) move_words();
  taken_ = given_;
  exchange_.wait_until([&] { return (exchange_.read(0, hw::kAddrNodeStatus) & 1U) == 0; },
                       "every step has ended, but the run has not");
  DeviceRun run = collector_.result();
  std::vector<std::uint32_t> nodes(image_.chip.tiles());
  std::iota(nodes.begin(), nodes.end(), 1U);
  run.tiles = read_counters(exchange_, nodes);
  return run;
}

void StepSession::move_words() {
  const bool moved = exchange_.move(outgoing_, sent_);
  std::vector<Word>& words = exchange_.received();
  if (!moved && words.empty()) exchange_.check_alive(false, collector_.waiting_for());
  for (const Word word : words) collector_.take(word);
  words.clear();
}

}  // namespace spikeloom

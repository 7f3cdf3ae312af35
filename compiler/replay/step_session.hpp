// One image on one device, in a loop with the host: give a step, take its outputs, decide, go on.
//
// The chip keeps the window (docs/protocol.md, section 6): the WAIT words of the next step go with every
// step, so target time runs until the outputs that the host wants to see have come, and stands still from
// there to the next step. What was given replays in a Session with the same window to the same stamps.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/collector.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/exchange.hpp"
#include "compiler/replay/stimulus.hpp"

namespace spikeloom {

class StepSession {
 public:
  /// Checks that the device is the image's chip, programs it and starts. Refers to what the view does, whose
  /// window is at least 1. Throws as Session.
  StepSession(Link& link, const ImageView& image, std::chrono::seconds quiet_limit);

  /// A step of a sample, whose first one begins it; the sample has it already, and `check_data` accepts it.
  void give(const Sample& sample, std::size_t step, StepPlace place);
  /// Waits for the next step's last end-of-step, and until its inputs are sent. Its outputs are those of
  /// so_far(), its number is taken() − 1. The steps before taken() + window have been given, or the run has
  /// been ended. Throws as Session::run.
  void take();
  /// No step comes any more; outputs of given ones may still be taken.
  void end();
  /// Takes all that was not taken, to the end of the run, and reads the counters. Once.
  [[nodiscard]] DeviceRun finish();

  [[nodiscard]] std::size_t given() const { return given_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] const RunOutputs& so_far() const { return collector_.so_far(); }
  [[nodiscard]] std::int64_t sent_at(std::size_t step) const { return collector_.sent_at(step); }
  [[nodiscard]] std::int64_t ended_at(std::size_t step) const { return collector_.ended_at(step); }

 private:
  void move_words();

  Exchange exchange_;
  ImageView image_;
  StepWords step_words_;
  Collector collector_;
  std::vector<Word> outgoing_;
  std::size_t sent_ = 0;
  std::size_t given_ = 0, taken_ = 0;
};

}  // namespace spikeloom

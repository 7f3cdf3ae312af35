// Several images on one device, each in a loop of its own with the host: who gives steps to whom, and whose
// outputs come when.
//
// All begin together, while the chip stands still in cycle 0. An application whose queue is empty stops
// target time for all (docs/protocol.md, section 6), and each takes its own WAITs, so what one does follows
// from its own words: in its own cycles it gives what it gives alone. What was given replays in a StepSession
// alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/replay/collector.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/exchange.hpp"
#include "compiler/replay/stimulus.hpp"

namespace spikeloom {

/// An image that is bound beside the others, viewed with its window.
struct StepGuest {
  std::string name;  ///< for messages
  ImageView image;
  std::int64_t origin = 0;  ///< its cycle 0 in the chip's cycles: 0 of the first
};

class SharedSteps {
 public:
  /// Checks that the device is the images' chip, programs it and starts them all. Refers to what the views
  /// do; every window is at least 1. Throws as Session.
  SharedSteps(Link& link, std::vector<StepGuest> guests, std::chrono::seconds quiet_limit);

  /// As StepSession's, of a guest by its number.
  void give(std::size_t guest, const Sample& sample, std::size_t step, StepPlace place);
  void end(std::size_t guest);
  /// Waits for the guest's next step. Everybody who has not ended has been given so many steps that target
  /// time goes on to it. Throws as Session::run.
  void take(std::size_t guest);
  /// Everybody has ended. By guest, with the counters of its tiles. Once.
  [[nodiscard]] std::vector<DeviceRun> finish();

  [[nodiscard]] std::size_t taken(std::size_t guest) const { return guests_.at(guest).taken; }
  [[nodiscard]] const Collector& collector(std::size_t guest) const { return guests_.at(guest).collector; }

 private:
  struct Guest {
    explicit Guest(StepGuest of)
        : name(std::move(of.name)), image(of.image), words(of.image), collector(of.image, of.origin) {}

    std::string name;
    ImageView image;
    StepWords words;
    Collector collector;
    std::vector<Word> waiting;  ///< made and not yet given to the link
    std::uint16_t fed = 0;      ///< words given to the link, as the host port counts
    std::uint16_t left = 0;     ///< of them known to have left the queue
    std::size_t taken = 0;
    bool has_ended = false;
  };

  void move_words();
  bool feed();
  bool distribute();
  [[nodiscard]] std::string waiting_for() const;

  Exchange exchange_;
  std::vector<Guest> guests_;
  std::vector<Word> outgoing_;
  std::size_t sent_ = 0;
  std::chrono::steady_clock::time_point last_change_;
};

}  // namespace spikeloom

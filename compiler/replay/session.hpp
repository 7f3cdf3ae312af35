// One image on one device: programmed, run, read out. All of the protocol that lies above the link.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/core/core.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/exchange.hpp"

namespace spikeloom {

struct SessionOptions {
  std::chrono::seconds quiet_limit{120};  ///< no word either way for so long is a time-out
  std::uint32_t window = 0;               ///< of runs, as ImageView's
  std::optional<ExitSetup> exit{};        ///< of runs, as ImageView's
  /// Called now and then with the number of steps that have ended, and what has come out up to then
  /// (nothing where a device gives its outputs at the end).
  std::function<void(std::int64_t ended, const RunOutputs& so_far)> on_steps{};
};

class Session {
 public:
  /// Checks that the device is the chip that the image was compiled for, and programs it. Refers to the
  /// image. Throws Error{kDevice} naming both hashes where it is not.
  Session(Link& link, const ImageView& image, SessionOptions options);

  /// Runs the samples back to back. `comes_out`: what of them the chip lets through where its exit unit ends
  /// samples; without it all of them. Throws Error{kDevice} that says which step it waited for when the
  /// device stands still, and what was wrong when a word makes no sense.
  [[nodiscard]] DeviceRun run(const Dataset& data, const Dataset* comes_out = nullptr);

  /// Membranes or currents of every cluster, by ClusterId and NIR order within the cluster's positions.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> read_state(NeuronState state);

 private:
  Exchange exchange_;
  ImageView image_;
  SessionOptions options_;
  std::vector<Word> start_;  ///< begins a run
};

}  // namespace spikeloom

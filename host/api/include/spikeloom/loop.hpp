// A device in a loop with a program: give a step, take its outputs, decide, go on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/data.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/progress.hpp>
#include <spikeloom/promise.hpp>
#include <spikeloom/run.hpp>

// Not exported: what the handle below owns.
namespace spikeloom {
struct LoopState;
struct LoopsState;
}  // namespace spikeloom

namespace SPIKELOOM_API spikeloom {

struct LoopOptions {
  std::string device = "model";        ///< see devices(); one with target cycles
  std::optional<std::string> trace{};  ///< file for waveforms (.fst), verilator only
  /// Steps that the program is ahead of the outputs: with 1 it takes a step's outputs before it gives the
  /// next one, with 2 it gives a step more, while the chip works on the one before.
  std::uint32_t window = 1;
  std::optional<std::string> decide{};   ///< of the report: as RunOptions'
  ImageTrust trust = ImageTrust::kNone;  ///< in the image
  std::chrono::seconds quiet_limit{120};
  Progress on_build{};
};

/// What one step gave. Cycles count from the start of the run.
struct StepOutputs {
  std::size_t step = 0;        ///< of all that were given
  std::int64_t sent = 0;       ///< stamp of the host's last end-of-step
  std::int64_t ended = 0;      ///< stamp of the last end-of-step at the host
  std::int64_t predicted = 0;  ///< what `ended` had to be: known before the device was asked
  /// Of the network's spiking outputs, 0 or 1; like potentials all 0 in a void step.
  std::vector<std::vector<std::uint8_t>> spikes{};
  std::vector<std::vector<std::int32_t>> potentials{};  ///< of its readouts, in integer units
};

/// One run of an image on a device, step by step. The chip's time stands still while the program thinks, so
/// spikes and stamps depend on what it gives and not on how long it takes. Beside the device runs the model,
/// on the same steps: what it predicts of a step is fixed before the device's answer is read.
class ClosedLoop {
 public:
  /// Opens the device and programs it. Throws Error{kInput} for an image that `verify` finds fault with, and
  /// for a window that the chip cannot keep; Error{kDevice} for trouble with the device.
  explicit ClosedLoop(const CompiledImage& image, const LoopOptions& options = {});
  ~ClosedLoop();
  ClosedLoop(ClosedLoop&&) noexcept;
  ClosedLoop& operator=(ClosedLoop&&) noexcept;

  /// What holds for every step of this loop: the guaranteed promise first. Latency is the loop's own, from
  /// the step's last word on the chip's wire to its last output at the host.
  [[nodiscard]] const std::vector<Promise>& promises() const;

  /// The next step: for each input of the image, in its order, the elements that are not 0, rising. The step
  /// after a sample's last one begins another sample. Throws Error{kInput} for what the image cannot take.
  void give(const std::vector<std::vector<Event>>& inputs, StepPlace place = StepPlace::kWithin);
  /// The outputs of the first step whose outputs have not been taken. Throws Error{kInput} where that step
  /// has not been followed by so many that the chip's time goes on to its outputs: step k's come when steps 0
  /// to k + window − 1 have been given. Throws Error{kDevice} for trouble with the device.
  [[nodiscard]] StepOutputs take();
  /// Ends the run, after the last step of a sample, and takes what was not taken. What `run` says of the same
  /// samples with the same window. Once; nothing can be given or taken after it.
  [[nodiscard]] RunResult finish();

  /// What was given so far: `run` with the same window has the same outputs and stamps of it.
  [[nodiscard]] const Dataset& given() const;

 private:
  std::unique_ptr<LoopState> state_;
};

/// One of several applications in loops on one chip.
struct LoopApplication {
  std::string name;
  CompiledImage image;
  std::uint32_t window = 1;  ///< its own, as LoopOptions'
};

/// Several images on one device, each in a loop of its own with the program: they begin together, share no
/// tile, and none moves another by a cycle. What each gives, its stamps from its own first cycle on included,
/// is what it gives alone in a ClosedLoop.
class ClosedLoops {
 public:
  /// As ClosedLoop's constructor; options.window is not looked at, options.trace shows all of them. The first
  /// keeps its binding, the others are admitted beside it. Throws Error{kInput} that names who has no place
  /// as well.
  explicit ClosedLoops(const std::vector<LoopApplication>& applications, const LoopOptions& options = {});
  ~ClosedLoops();
  ClosedLoops(ClosedLoops&&) noexcept;
  ClosedLoops& operator=(ClosedLoops&&) noexcept;

  /// By an application's number in the list; as ClosedLoop's.
  [[nodiscard]] const std::vector<Promise>& promises(std::size_t application) const;
  [[nodiscard]] const Dataset& given(std::size_t application) const;
  /// The cycle of the chip that is its cycle 0.
  [[nodiscard]] std::int64_t origin(std::size_t application) const;
  void give(std::size_t application, const std::vector<std::vector<Event>>& inputs,
            StepPlace place = StepPlace::kWithin);
  /// No step of it comes any more, after the last step of a sample.
  void end(std::size_t application);

  struct Taken {
    std::size_t application = 0;
    StepOutputs outputs;
  };
  /// The outputs that come first in the chip's time, of those that have not been taken; of several in one
  /// cycle the lower number's. An application without a step to do stops the chip's time for all, so
  /// everybody who has not ended has been given `window` steps beyond those that were taken of it. So nobody
  /// can be fed what another gives in a later step of its own: that is said by name. Throws Error{kInput}
  /// that names who was given too little, and where nothing is left to be taken.
  [[nodiscard]] Taken take();
  /// Ends everybody, takes what was not taken. By application, as ClosedLoop::finish.
  [[nodiscard]] std::vector<RunResult> finish();

 private:
  std::unique_ptr<LoopsState> state_;
};

}  // namespace spikeloom

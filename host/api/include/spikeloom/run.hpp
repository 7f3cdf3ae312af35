// Runs images on devices, with the exact replay beside them: outputs, report and verdict.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/data.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/outputs.hpp>
#include <spikeloom/progress.hpp>
#include <spikeloom/report.hpp>

namespace SPIKELOOM_API spikeloom {

/// How a run is getting on.
struct RunProgress {
  std::string what;                  ///< "replay", or the device's string
  std::int64_t ended = 0;            ///< steps
  std::int64_t steps = 0;            ///< of the whole run
  std::optional<double> accuracy{};  ///< of the samples that are through, 0..1; none while nothing is known
};

/// Whether an image is verified before it is run.
enum class ImageTrust : std::uint8_t {
  kNone,  ///< it is, and refused where it does not hold
  kFull,  ///< it is not: what it promises is held against the stamps alone
};

/// Who ends samples early.
enum class ExitOn : std::uint8_t {
  kHost,    ///< the host, which looks at every step's outputs
  kDevice,  ///< the chip's exit unit; margins only, on chips that have one
};

/// Defaults are the command's; messages name options as the command does.
struct RunOptions {
  std::string device = "model";          ///< see devices()
  std::optional<std::string> trace{};    ///< file for waveforms (.fst), verilator only
  std::vector<std::string> record{};     ///< NODE:spikes or NODE:v, into RunOutputs; from the replay
  std::optional<std::string> decide{};   ///< count, max, last or sum; count for spikes, max for potentials
  ImageTrust trust = ImageTrust::kNone;  ///< in the image
  /// Steps that the host may be ahead of the outputs: step k waits for those of step k - window, as a
  /// controller's does. 0: it waits for none. What is promised is computed for the window. Of several
  /// applications each has it, and waits for its own outputs.
  std::uint32_t window = 0;
  /// "margin:12", "confidence:0.9", "entropy:0.5": a sample ends where this holds of the readout
  /// (docs/guide.md, "Early exit"); with a window of 1 unless there is one.
  std::optional<std::string> exit{};
  std::optional<std::string> exit_output{};  ///< what it looks at; the last readout, else the first output
  ExitOn exit_on = ExitOn::kHost;
  std::chrono::seconds quiet_limit{120};  ///< without a word from the device that are a time-out
  Progress on_build{};                    ///< of the device
  std::function<void(const RunProgress&)> on_progress{};
};

struct RunResult {
  Report report;
  Judgement judgement;
  RunOutputs outputs;       ///< the device's; recorded populations are the replay's
  double verifying_ms = 0;  ///< of the image, before it ran; 0 where it was trusted
};

/// Runs the samples back to back, each from rest, on the `model` device and, where it is another one, on
/// options.device; holds every promise against every stamp and the device's stamps and values against the
/// replay's.
///
/// Throws  Error{kInput} for an image that `verify` finds fault with, data or options that it cannot take, or
///         no sample at all; Error{kDevice} for trouble with the device. A broken promise is no error: see
///         RunResult::judgement.
[[nodiscard]] RunResult run(const CompiledImage& image, const Dataset& data, const RunOptions& options = {});
/// The same with data from a file; options are looked at before it is read.
[[nodiscard]] RunResult run(const CompiledImage& image, const std::string& input,
                            const DatasetOptions& reading, const RunOptions& options = {});

/// Another application that enters while the first one runs. Steps are those of the first.
struct Visitor {
  std::string name;
  CompiledImage image;  ///< compiled for a chip of the same hash
  Dataset data;
  std::int64_t step = 0;                  ///< enters before it
  std::optional<std::int64_t> release{};  ///< ends before it: what it has not begun by then is not run
  std::optional<std::uint32_t> window{};  ///< its own, as RunOptions'; none: that of all
};

/// One application's stay on a chip that several share.
struct SharedStay {
  std::string name;
  CompiledImage image;      ///< as it was bound beside the others
  std::int64_t wanted = 0;  ///< step of the first application before which it was to enter
  std::int64_t enters = 0;  ///< before which it did: later where another start was still under way
  std::int64_t origin = 0;  ///< the chip's cycle that is its cycle 0
  std::optional<std::int64_t> gives_back{};  ///< step before which its tiles were free again
  std::string point;                         ///< operating point in force, in words
  double binding_ms = 0;                     ///< the decision where it goes; 0 of the first application
  /// Cycles that its tiles fired or waited otherwise than alone, by tile: others stalled it by so many.
  std::int64_t stalled = 0;
  RunResult result;
};

/// Runs several applications on one device: the first from cycle 0 to its end, the others as they say.
/// Everyone's outputs and stamps are those of the same image alone.
///
/// Returns  one entry for each, the first application first, then in the order of entering.
/// Throws   Error{kInput} that lists every line that cannot be (no place, a step that there is not, two of
/// one
///          name), Error{kDevice} for trouble with the device. options.record and options.trace stand for the
///          whole chip: nothing is recorded.
[[nodiscard]] std::vector<SharedStay> run_shared(const std::string& name, const CompiledImage& first,
                                                 const Dataset& data, const std::vector<Visitor>& visitors,
                                                 const RunOptions& options = {});

/// What `spikeloom run --admit` prints of one, and what its --json writes of all.
[[nodiscard]] std::string to_text(const SharedStay& run);
[[nodiscard]] std::string to_json(const std::vector<SharedStay>& runs);

}  // namespace spikeloom

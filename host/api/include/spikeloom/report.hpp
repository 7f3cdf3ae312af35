// Measured beside predicted: what a run showed, and the verdict on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/export.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/promise.hpp>
#include <spikeloom/ratio.hpp>

namespace SPIKELOOM_API spikeloom {

/// A tile's counters over a run, in cycles where they are times.
struct TileCounters {
  std::int64_t firings = 0, busy = 0, wait_input = 0, wait_output = 0, spikes = 0;
  std::int64_t core = 0;  ///< what the chip's kind of core counts, such as weight words read
  std::int64_t contract_broken = 0, contract_first = 0;
  std::int64_t streamed = 0;  ///< words of 16 bits of weights that the host sent it, modulo 2^32
  friend bool operator==(const TileCounters&, const TileCounters&) = default;
};

/// A promise held against every stamp of a run: e(k) <= offset + ⌈period·k⌉ and e(k) − b(k) <= latency.
struct PromiseCheck {
  PromiseKind kind = PromiseKind::kGuaranteed;
  bool kept = true;
  std::int64_t steps = 0;        ///< checked
  std::int64_t least_slack = 0;  ///< cycles between bound and stamp, over all steps
  std::int64_t least_latency_slack = 0;
  std::optional<std::int64_t> first_broken{};  ///< step
  std::optional<std::int64_t> void_from{};     ///< the input broke the contract, or a sample before was too
                                               ///< short; not checked from there
  /// What the promise allows as mean of this run, (bound of e(K−1) − e(0)) / (K−1): of a short run more than
  /// the period, which is the mean of an endless one. None for a single step, and where the promise is void.
  std::optional<Ratio> mean_at_most{};
};

/// Stamps of a run and what follows from them. Units: cycles.
struct Timing {
  std::optional<Ratio> period;  ///< (e(K−1) − e(0)) / (K−1); none for a single step
  std::int64_t latency = 0;     ///< max e(k) − b(k)
};

/// Of all samples that have a label at one step.
struct StepAccuracy {
  std::int64_t correct = 0, labelled = 0;
};

/// What inputs that were compiled as static (CompileOptions::static_inputs) saved: their spikes in all steps
/// but each sample's first one, and the weights other than 0 that these would have met.
struct SavedByStatic {
  std::vector<std::string> inputs;
  std::int64_t spikes = 0, synaptic_operations = 0;
};

/// What ending samples early did, beside the same samples run to their ends without a window.
struct ExitReport {
  std::string rule, output;             ///< "margin:12"; what it looked at
  std::string by = "host";              ///< who ended the samples: "host" or "device", its exit unit
  double unit = 1;                      ///< real value of a unit of the scores
  double mean_steps = 0;                ///< used, a sample
  std::vector<std::int64_t> histogram;  ///< samples that used 1, 2, … steps
  std::int64_t wasted = 0;              ///< steps under way when a sample was decided, void ones apart
  std::int64_t voids = 0;               ///< void steps: samples that ended early
  double least_mean_steps = 0;          ///< AET: no rule on these scores can be below and as right
  std::int64_t correct_to_end = 0;      ///< by the same scores, after all steps
  double squared_steps = 0, squared_steps_to_end = 0;  ///< mean of steps²: energy × delay, both as steps
  /// Mean of energy × delay in cycles²: energy as the cycles from a sample's first word to the next sample's,
  /// delay as those to the step that decided.
  double energy_delay = 0, energy_delay_to_end = 0;
};

/// Everything that `spikeloom run` says of a run. Units: cycles, unless a name says otherwise.
struct Report {
  std::string network, chip, device, image;
  std::uint64_t seed = 0;
  double clock_mhz = 0;
  std::int64_t window = 0;  ///< steps that the host was ahead of the outputs at most; 0: it waited for none
  std::int64_t samples = 0, steps = 0;
  std::optional<double> accuracy;  ///< 0..1
  std::int64_t correct = 0, labelled = 0;
  std::vector<StepAccuracy> by_step;  ///< decisions after each step; empty where no step has a label
  std::vector<std::size_t> tied;      ///< samples decided by the lowest index
  std::optional<ExitReport> exit{};   ///< none where samples ran to their ends
  std::int64_t output_spikes = 0, synaptic_operations = 0;
  std::optional<SavedByStatic> saved{};  ///< none where no input is static
  std::optional<Promise> guaranteed, sampled, contracted;
  Timing replayed;
  std::optional<Timing> measured;                ///< none on `model`, and on a device without target cycles
  std::optional<std::int64_t> mismatched;        ///< as `measured`
  std::optional<std::int64_t> differing_values;  ///< outputs that differ from the replay's; none on `model`
  std::vector<PromiseCheck> checks;
  std::vector<std::string> broken_contracts;
  std::vector<TileCounters> tiles;
  std::int64_t cycles = 0;  ///< of the run, to the last stamp
  std::vector<std::string> notes;

  /// A guarantee was checked in at least one step; no promise was broken where it applies, no step
  /// mismatched, no value differs.
  [[nodiscard]] bool promises_kept() const;
};

/// Version of the JSON: keys are only added within one version.
inline constexpr int kReportSchema = 1;

/// What a run says about what was promised of it.
enum class Verdict {
  kKept,    ///< every promise held at every step, and the device agreed with its replay
  kVoid,    ///< the same, but the input broke its contract: from then on the contracted promise says nothing
  kBroken,  ///< a stamp is later than a promise allows
  kMismatched,  ///< a stamp or a value differs from the exact replay's; whatever else is so
};
/// "kept", "void", "broken", "mismatched".
[[nodiscard]] std::string_view name_of(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kKept;
  std::vector<std::string> reasons;  ///< a line for everything that was not kept, with step and numbers
};
/// The worst that the report says. The command ends with 1 for broken and mismatched runs, as
/// !report.promises_kept(). Throws Error{kInput} for a report that checked no guarantee in any step: it has
/// nothing to judge.
[[nodiscard]] Judgement judge(const Report& report);

/// Mean cycles a step: measured where the device has target cycles, else replayed; none for a single step.
[[nodiscard]] std::optional<Ratio> mean_period(const Report& report);

/// What `spikeloom run` prints, and what its --json writes. The image is the one that ran.
[[nodiscard]] std::string to_text(const Report& report, const CompiledImage& image);
[[nodiscard]] std::string to_json(const Report& report, const CompiledImage& image);

}  // namespace spikeloom

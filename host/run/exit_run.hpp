// A run in which a rule decides samples before their last step, by steps that the host gives one by one.
//
// The host looks at the readout of each step that it has taken. Where the rule decides, no further step of
// the sample is given: the one after the last that was given is void and ends the sample, so that the next
// one begins from rest. Steps that were given beyond the one that decided, the void one apart, are wasted:
// they were under way when the decision fell. A chip with an exit unit does the same by itself, on the words
// of all steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/data/exit_rule.hpp"
#include "compiler/data/outputs.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/step_session.hpp"

namespace spikeloom {

/// What a rule looks at.
struct ExitOutput {
  std::string name;
  bool is_readout = false;  ///< potentials as they are; else counts of spikes so far
  std::size_t index = 0;    ///< in RunOutputs' potentials or spikes
  std::size_t classes = 0;
  double unit = 1;
};

/// The output by its name; without one the last readout, which adds up where it was made for exits, else the
/// first output that is the network's own. Throws Error{kInput} that lists the outputs, and for one that a
/// rule cannot look at: of a single neuron, or sent in a sample's last step alone.
[[nodiscard]] ExitOutput exit_output(const Image& image, const std::optional<std::string>& name);

/// Scores of every step of all samples: scores[sample][step · classes + class].
[[nodiscard]] std::vector<std::vector<std::int64_t>> scores_of(const RunOutputs& outputs,
                                                               const ExitOutput& of);

struct ExitRun {
  Dataset given;  ///< what was given, void steps included
  Exits exits;
  std::vector<std::size_t> wasted;    ///< by sample: steps given beyond the one that decided
  std::vector<std::int64_t> decided;  ///< by sample: stamp of the step that decided
  /// By sample: stamp of the last step given before it, 0 of the first; one more, of the last sample's end.
  std::vector<std::int64_t> begun;
  DeviceRun replay;
  std::optional<DeviceRun> device;
};

/// What the chip's exit unit is told so that it ends samples as the rule does. Throws Error{kInput} that
/// lists what stands against it: another rule than a margin, counts of spikes, a chip without the unit or
/// with too small a one for the readout or the window.
[[nodiscard]] ExitSetup exit_setup(const ImageView& image, const ExitRule& rule, const ExitOutput& output);

/// What comes out of the data where sample s is decided by its step used[s] − 1 and the host, or the chip for
/// it, looks at a step when `window` steps have been given: the steps before the one at which it sees that,
/// and a void one in place of the rest.
[[nodiscard]] Dataset cut_short(const Dataset& data, const std::vector<std::size_t>& used,
                                std::uint32_t window);

/// A run in which the chip's exit unit ended the samples: `given` is what came out of `data`, `run` the
/// device's outputs and stamps (the replay's where the model is the device).
[[nodiscard]] ExitRun run_with_unit(const Dataset& data, const ExitRule& rule, const ExitOutput& output,
                                    Dataset given, DeviceRun replay, std::optional<DeviceRun> device);

/// `device`: none where the model is the device. Both are given the same steps, by what the device's outputs
/// say; the model's stamp of a step is known before the device's is read.
[[nodiscard]] ExitRun run_with_exits(const Dataset& data, const ExitRule& rule, const ExitOutput& output,
                                     const ImageView& image, StepSession& model, StepSession* device);

}  // namespace spikeloom

// The whole way from a network file to an image, stage by stage: timed, checked and dumped in one place.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <spikeloom/compile.hpp>
#include <spikeloom/compile_options.hpp>
#include <spikeloom/progress.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/flow/calibration.hpp"
#include "compiler/flow/spread.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/image/image.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "compiler/quantize/quantize.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

struct Compilation {
  std::optional<Network> network;  ///< none when the file held integers
  IntNetwork integers;
  std::map<std::string, std::string> parts;  ///< in which its sums are taken, as CompileOptions::parts
  Image image;
  std::vector<std::string> notes;  ///< guesses and decisions, to be shown
  std::vector<std::string> warnings;
  std::string quantization;                ///< report in words; its notes and warnings stand above
  std::optional<Calibration> calibration;  ///< of a network in real numbers with calibration data
  std::optional<Dataset> data;             ///< what calibrated it
  std::optional<Traffic> traffic;          ///< measured on the data
  std::vector<StageTime> times;
};

/// What is compiled.
struct CompileInput {
  std::string name;                           ///< of its file, kept in the image
  std::variant<Network, IntNetwork> network;  ///< in integers: as they are, nothing is quantised
  std::vector<std::string> notes;             ///< what its reader guessed
  std::optional<Dataset> data;                ///< whose activity and work the compiler may use
};

/// Compiles `path` (NIR, or an integer network in JSON) for the chip.
///
/// Checked  every stage's result is re-derived by that stage's own checker; a fault is an internal error.
/// Throws   Error{kInput} with the stage's name before it.
[[nodiscard]] std::variant<Compilation, DoesNotFit> compile(const std::string& path, const Chip& chip,
                                                            const CompileOptions& options,
                                                            const OnStage& on_stage);

/// The same of values: no file is read.
[[nodiscard]] std::variant<Compilation, DoesNotFit> compile(CompileInput input, const Chip& chip,
                                                            const CompileOptions& options,
                                                            const OnStage& on_stage);

/// The same for the chip with the fewest memory bits, then the fewest tiles, of those that hold the network.
/// Notes say which it is, and of every smaller one why it does not do.
///
/// Throws   Error{kInput} as above where no chip is to blame.
/// Returns  DoesNotFit with what each chip lacks.
[[nodiscard]] std::variant<Compilation, DoesNotFit> compile_on_smallest(const std::string& path,
                                                                        std::span<const Chip> chips,
                                                                        const CompileOptions& options,
                                                                        const OnStage& on_stage);

struct FileNumbers {
  IntNetwork integers;
  std::optional<double> dt;  ///< a step's length as it was taken; none when the file held integers
};

/// The numbers alone: what the image that `compile` makes of the same computes.
[[nodiscard]] FileNumbers numbers(const std::string& path, const Chip& chip, const CompileOptions& options);

/// The stages after the numbers once more, on a chip of the same widths or with other options; contracts
/// included, operating points not.
[[nodiscard]] std::variant<Image, DoesNotFit> rebuild(const Compilation& compilation, const Chip& chip,
                                                      const CompileOptions& options);

/// The stages after the numbers: integers, chip → image with its guarantee. For tests and for rebinding.
[[nodiscard]] std::variant<Image, DoesNotFit> build_image(const IntNetwork& network, const Chip& chip,
                                                          const CompileOptions& options);

}  // namespace spikeloom

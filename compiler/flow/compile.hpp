// The whole way from a network file to an image, stage by stage: timed, checked and dumped in one place.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

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

enum class Spread : std::uint8_t {
  kFastest,  ///< over idle tiles, while steps become shorter
  kFewest,   ///< as few clusters as fit
};

/// Everything that a user can choose about a compilation. Defaults are the command's.
struct CompileOptions {
  Semantics semantics;
  std::uint32_t weight_bits = 8;
  Rounding rounding = Rounding::kNearest;
  std::uint32_t planes = 1;  ///< bit planes of every input
  bool signed_inputs = false;
  std::vector<std::string> record;  ///< populations sent to the host although they are no output
  bool readout_last_only = false;   ///< potentials only at the end of a sample
  std::uint64_t seed = 1;
  PartitionMethod partition = PartitionMethod::kMultilevel;
  std::optional<std::uint32_t> pages;      ///< wanted pages per cluster
  std::optional<Ratio> period;             ///< wanted, cycles a step: then the fewest pages that keep it
  std::optional<double> steps_per_second;  ///< the same at the chip file's clock
  std::uint32_t max_neurons = 0;           ///< of a cluster; 0: what fits
  Spread spread = Spread::kFastest;        ///< not with max_neurons or clusters
  std::map<std::string, std::uint32_t>
      clusters;             ///< at least so many, by population; the others: as few as fit
  std::uint32_t tiles = 0;  ///< at most so many, the first of the mesh; 0: all
  std::uint32_t slots =
      0;             ///< of a channel on each network at most, to leave room for others; 0: as many as fit
  bool tune = true;  ///< orders, slots (without favour) and page counts (without pages) chosen by analysis
  std::size_t points = 8;           ///< operating points kept in the image for admission, at most; 0: none
  std::vector<std::string> favour;  ///< populations whose channels get more slots; "host" for the inputs
  std::optional<std::string> calibrate;  ///< file of data whose activity and work the compiler may use
  DatasetOptions calibration_data;       ///< how it is read
  bool calibrate_weights = true;         ///< false: weights are quantised as without data
  ContractOptions contract;
  std::optional<std::string> dump;  ///< folder for NN-stage.txt
  std::string version;              ///< of the program, kept in the image
  std::string commit;
};

struct StageTime {
  std::string stage;
  double seconds = 0;
};

struct Compilation {
  std::optional<Network> network;  ///< none when the file held integers
  IntNetwork integers;
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

/// Called when a stage begins.
using OnStage = std::function<void(const std::string&)>;

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

/// The stages after the numbers once more, on a chip of the same widths or with other options; contracts
/// included, operating points not.
[[nodiscard]] std::variant<Image, DoesNotFit> rebuild(const Compilation& compilation, const Chip& chip,
                                                      const CompileOptions& options);

/// The stages after the numbers: integers, chip → image with its guarantee. For tests and for rebinding.
[[nodiscard]] std::variant<Image, DoesNotFit> build_image(const IntNetwork& network, const Chip& chip,
                                                          const CompileOptions& options);

}  // namespace spikeloom

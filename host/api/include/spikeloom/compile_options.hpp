// Everything that a user can choose about a compilation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/data.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/ratio.hpp>

namespace SPIKELOOM_API spikeloom {

/// What a spike does to the membrane.
enum class Reset {
  kToValue,        ///< v becomes v_reset
  kSubtract,       ///< the threshold is taken from v
  kSubtractLater,  ///< the same, but in the next step, from what v has decayed to: snnTorch's default
  kNone,           ///< nothing: the neuron spikes in every step that ends above the threshold
};

/// When a neuron fires.
enum class Fire {
  kAbove,    ///< v > threshold
  kAtLeast,  ///< v >= threshold
};

/// Where a sample's potentials start.
enum class Start {
  kZero,   ///< at 0
  kRest,   ///< at v_leak; a neuron without a leak at 0
  kReset,  ///< at v_reset; a readout, which has none, at rest
};

/// How the equations of time become steps.
enum class Integrator {
  kEuler,        ///< decay 1 - dt/tau, gain dt/tau
  kExponential,  ///< decay exp(-dt/tau), gain dt/tau: an input is a jump
  kExact,        ///< decay exp(-dt/tau), gain 1 - exp(-dt/tau): an input is held for the step
};

/// Whose semantics are taken for whatever is not chosen one by one.
enum class Framework { kSnnTorch, kNorse, kSpikingJelly, kSinabs, kRockpool, kLava, kSpyx, kNengo };

/// "snntorch", "norse", ... in the order of the enumeration.
[[nodiscard]] std::vector<std::string_view> framework_names();
/// Throws Error{kInput} that lists the names.
[[nodiscard]] Framework framework_named(std::string_view name);

/// What no NIR file says and yet changes spikes. What is absent is the framework's; without a framework it is
/// as the comment says.
struct Semantics {
  std::optional<Framework> framework = {};
  std::optional<double> dt = {};                  ///< in the file's unit of time; guessed from the parameters
  std::optional<Reset> reset = {};                ///< to v_reset, as NIR declares it
  std::optional<Fire> fire = {};                  ///< above the threshold
  std::optional<Start> start = {};                ///< at rest
  std::optional<Integrator> integrator = {};      ///< Euler
  std::optional<std::uint32_t> input_delay = {};  ///< steps on every projection from an Input; 0
  /// Steps on a recurrent projection without a Delay node, at least 1; 1.
  std::optional<std::uint32_t> recurrent_delay = {};
};

/// Of weights.
enum class Rounding { kNearest, kTowardsZero };

/// How neurons are grouped into clusters.
enum class PartitionMethod : std::uint8_t {
  kGreedy,      ///< packing only, the baseline
  kRefined,     ///< packing, then moves and swaps while the cut falls
  kMultilevel,  ///< repeated multilevel bisection, then the same moves; clusters that do not fit are halved
};

/// In which order the calibrated samples may come again.
enum class SampleOrder : std::uint8_t {
  kAny,    ///< in any, any of them as often as you like: no period below the longest sample's
  kGiven,  ///< as they were measured, from the first to the last and again: as tight as the pages take bursts
};

/// How contracts follow from calibration data.
struct ContractOptions {
  SampleOrder order = SampleOrder::kAny;
  std::int64_t margin_percent = 10;  ///< every measured work counts that much more
};

/// Over how many tiles a network goes.
enum class Spread : std::uint8_t {
  kFastest,  ///< over idle tiles, while steps become shorter
  kFewest,   ///< as few clusters as fit
  kPaired,   ///< two clusters a tile, shared out by synapses, without a search: one works while one sends
};

/// Where max pooling of spikes is done.
enum class OrPools : std::uint8_t {
  kFolded,  ///< where the pooled spikes are sent, where it folds: no population, no cycle
  kOwn,     ///< by populations of their own
};

/// How populations whose kind of tile nobody names get one, on chips with several.
enum class KindChoice : std::uint8_t {
  kFirst,       ///< the first kind of the chip file that holds it and has tiles to spare
  kGuaranteed,  ///< those with which steps are guaranteed to be short, found by compiling again and again
  kContracted,  ///< the same of steps by contract, on calibration data
};

/// Everything that a user can choose about a compilation. Defaults are the command's.
struct CompileOptions {
  Semantics semantics;
  std::uint32_t weight_bits = 8;
  Rounding rounding = Rounding::kNearest;
  std::uint32_t planes = 1;  ///< bit planes of every input
  bool signed_inputs = false;
  /// Inputs that are equal in every step of a sample ("*": all): sent in its first step, their sums held.
  std::vector<std::string> static_inputs;
  /// Steps that every sample has at least, for a promise of such samples where inputs are static, or exactly,
  /// where firings take several steps at once; 0: as many as the shortest calibration sample, or all of them.
  std::uint32_t sample_steps = 0;
  /// Who shares membranes (docs/shared-neurons.md): "NAME=N", N groups of the population's channels pass one
  /// after another through one set; "NAME+NAME", the populations pass through those of the first.
  std::vector<std::string> share;
  /// A readout is added that sums up what arrives at this population, for exits (RunOptions::exit).
  std::optional<std::string> exit_readout;
  std::vector<std::string> record;  ///< populations sent to the host although they are no output
  bool readout_last_only = false;   ///< potentials only at the end of a sample
  std::uint64_t seed = 1;
  PartitionMethod partition = PartitionMethod::kMultilevel;
  std::optional<std::uint32_t> pages;      ///< wanted pages per cluster
  std::optional<Ratio> period;             ///< wanted, cycles a step: then the fewest pages that keep it
  std::optional<double> steps_per_second;  ///< the same at the chip file's clock
  std::uint32_t max_neurons = 0;           ///< of a cluster; 0: what fits
  Spread spread = Spread::kFastest;        ///< not with max_neurons or clusters
  OrPools pools = OrPools::kFolded;
  std::map<std::string, std::uint32_t>
      clusters;                              ///< at least so many, by population; the others: as few as fit
  std::map<std::string, std::string> kinds;  ///< of tile, by population; the others: chosen by the compiler
  /// In which parts sums beyond a tile are taken, by population: "kernel:5"; empty: the compiler chooses
  /// (docs/fan-in.md).
  std::map<std::string, std::string> parts;
  KindChoice kind_choice = KindChoice::kFirst;
  /// Populations whose weights no tile keeps: the host sends them before every firing.
  std::vector<std::string> stream_weights;
  std::uint32_t tiles = 0;  ///< at most so many, the first of the mesh; 0: all
  std::uint32_t slots =
      0;             ///< of a channel on each network at most, to leave room for others; 0: as many as fit
  bool tune = true;  ///< orders, slots (without favour) and page counts (without pages) chosen by analysis
  std::size_t points = 8;           ///< operating points kept in the image for admission, at most; 0: none
  std::vector<std::string> favour;  ///< populations whose channels get more slots; "host" for the inputs
  std::optional<std::string> calibrate;  ///< data whose activity and work the compiler may use
  DatasetOptions calibration_data;
  bool calibrate_weights = true;  ///< false: weights are quantised as without data
  ContractOptions contract;
  std::optional<std::string> dump;  ///< folder for NN-stage.txt
  std::string version;              ///< of the program, kept in the image; empty: this one's
  std::string commit;               ///< the same
};

/// The network cannot run on this chip; nothing is wrong with either.
struct DoesNotFit {
  std::string stage;   ///< that found no way: "partition", "map", ...
  std::string reason;  ///< with the numbers
};

}  // namespace spikeloom

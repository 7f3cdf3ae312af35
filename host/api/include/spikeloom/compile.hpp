// From a network file and a chip to an image with its guarantee; and what can be said before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <spikeloom/chip.hpp>
#include <spikeloom/compile_options.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/progress.hpp>

namespace SPIKELOOM_API spikeloom {

/// What a network file means.
struct NetworkCheck {
  std::string graph;               ///< the file's nodes, or the integer network's sizes, in lines
  std::vector<std::string> notes;  ///< semantics that were guessed
  std::string network;             ///< the network that is meant, in lines; empty where it is refused
  std::optional<Error> refusal;    ///< lists everything that is wrong with it
};

/// Reads a network (NIR, or integers in JSON) as `spikeloom check` does; compile() says whether it fits a
/// chip. Throws Error{kInput} for a file that cannot be read at all.
[[nodiscard]] NetworkCheck check_network(const std::string& path, const CompileOptions& options = {});

struct StageTime {
  std::string stage;
  double seconds = 0;
};

/// A population on the calibration data, before and after quantising.
struct CalibratedPopulation {
  std::string name;
  std::uint64_t spikes_before = 0, spikes_after = 0;
  std::uint64_t differing = 0;  ///< of samples × steps × neurons bits
  std::uint64_t bits = 0;
};

struct CalibrationReport {
  std::size_t samples = 0, labelled = 0;
  std::uint64_t steps = 0;
  std::optional<double> accuracy_before, accuracy_after;  ///< 0..1; none without labels
  std::size_t decided_otherwise = 0;                      ///< samples
  std::vector<CalibratedPopulation> populations;
};

struct CompileReport {
  std::string network, chip;
  std::size_t clusters = 0, tiles_used = 0, tiles = 0, synapses = 0;
  std::uint64_t weights_a_word = 1;         ///< of 8 bits
  std::uint64_t weight_words = 0;           ///< that the clusters store
  std::uint64_t unrolled_weight_words = 0;  ///< had every source element a row of its own
  std::uint64_t streamed_words = 0;         ///< of 16 bits of weights, that the host sends in every step
  /// Expected spikes a step from the calibrated activity, else one of every neuron: into tiles, between
  /// tiles, and routers passed by all of them.
  double spikes_from_host = 0, spikes_between_tiles = 0, hops = 0;
  std::vector<Promise> promises;
  std::optional<CalibrationReport> calibration;
  std::vector<StageTime> times;
  std::vector<std::string> notes;     ///< guesses and decisions
  std::vector<std::string> warnings;  ///< losses that are likely to show
  std::string quantization;           ///< in lines
};

struct Compiled {
  CompiledImage image;
  CompileReport report;
};

/// Compiles `path` (NIR, or an integer network in JSON) for the chip. Same input and options, same image.
///
/// Checked  every stage's result is re-derived by that stage's own checker.
/// Throws   Error{kInput} with the stage's name before it, for a network, data or options that cannot be
///          used, and for a CompileOptions::period that cannot be reached.
/// Returns  DoesNotFit where everything is right and the chip too small: another chip may do.
[[nodiscard]] std::variant<Compiled, DoesNotFit> compile(const std::string& path, const ChipFile& chip,
                                                         const CompileOptions& options = {},
                                                         const OnStage& on_stage = {});

/// The same for the chip with the fewest memory bits, then the fewest tiles, of those that hold the network
/// (ChipFile::shipped(), say). The report names it, and its notes say why each smaller one does not do.
[[nodiscard]] std::variant<Compiled, DoesNotFit> compile_on_smallest(const std::string& path,
                                                                     const std::vector<ChipFile>& chips,
                                                                     const CompileOptions& options = {},
                                                                     const OnStage& on_stage = {});

/// What `spikeloom compile` prints.
[[nodiscard]] std::string to_text(const CompileReport& report);
/// What `spikeloom compile --json` writes (schema 1).
[[nodiscard]] std::string to_json(const CompileReport& report);

}  // namespace spikeloom

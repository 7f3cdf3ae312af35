#include "compiler/flow/compile.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <spikeloom/compile.hpp>
#include <spikeloom/version.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/flow/check_options.hpp"
#include "compiler/flow/relays.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "compiler/map/load.hpp"
#include "host/api/lines.hpp"

namespace spikeloom {
namespace {

std::size_t synapses_of(const IntNetwork& network) {
  std::size_t count = 0;
  for (const IntProjection& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    const bool is_sum = from != nullptr && network.populations[from->index()].is_readout() &&
                        hands_on(projection.form, projection.weight, projection.shift);
    if (!is_sum) count += count_synapses(projection);
  }
  return count;
}

CalibrationReport report_of(const Calibration& calibration) {
  CalibrationReport report{.samples = calibration.samples,
                           .labelled = calibration.labelled,
                           .steps = calibration.steps,
                           .accuracy_before = calibration.accuracy_before(),
                           .accuracy_after = calibration.accuracy_after(),
                           .decided_otherwise = calibration.other_decision.size(),
                           .populations = {}};
  for (const PopulationCalibration& of : calibration.populations)
    report.populations.push_back({of.name, of.spikes_before, of.spikes_after, of.differing, of.bits});
  return report;
}

CompileReport report_of(Compilation& compilation, const CompiledImage& handle) {
  const Image& image = handle.value();
  CompileReport report;
  report.network = image.application.name;
  report.chip = image.chip.name;
  report.clusters = handle.clusters();
  report.tiles_used = handle.tiles_used();
  report.tiles = image.chip.tiles();
  report.synapses = synapses_of(compilation.integers);
  const WeightWords words = weight_words(image.application);
  report.weights_a_word = words.per_word;
  report.weight_words = words.stored;
  report.unrolled_weight_words = words.unrolled;
  for (const Cluster& cluster : image.application.clusters)
    for (const Inbound& inbound : cluster.inbound) report.streamed_words += inbound.weights;
  const NetworkLoad load = network_load(image.application, image.binding);
  report.spikes_from_host = load.from_host;
  report.spikes_between_tiles = load.between_tiles;
  report.hops = load.hops;
  report.promises = image.promises;
  if (compilation.calibration) report.calibration = report_of(*compilation.calibration);
  report.times = std::move(compilation.times);
  report.notes = std::move(compilation.notes);
  report.warnings = std::move(compilation.warnings);
  report.quantization = std::move(compilation.quantization);
  return report;
}

/// Samples and populations before and after quantising, on the calibration data.
nlohmann::ordered_json json_of(const CalibrationReport& calibration) {
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json json;
  json["samples"] = calibration.samples;
  json["steps"] = calibration.steps;
  json["labelled"] = calibration.labelled;
  json["accuracy"] = {{"before", number(calibration.accuracy_before)},
                      {"after", number(calibration.accuracy_after)}};
  json["decided_otherwise"] = calibration.decided_otherwise;
  for (const CalibratedPopulation& population : calibration.populations)
    json["populations"][population.name] = {{"spikes_before", population.spikes_before},
                                            {"spikes_after", population.spikes_after},
                                            {"differing_bits", population.differing},
                                            {"bits", population.bits}};
  return json;
}

/// What shared rows save, against a place for every synapse (8 bits, lanes full) and against unrolled rows.
std::string weight_words_text(const CompileReport& report) {
  const double places = static_cast<double>(report.synapses) / static_cast<double>(report.weights_a_word);
  const auto stored = static_cast<double>(report.weight_words);
  return line(
      "weight words: %llu stored; %.0f if each of the %zu synapses had a place of its own (ratio %.4f), %llu "
      "in unrolled "
      "rows (ratio %.4f)\n",
      static_cast<unsigned long long>(report.weight_words), std::ceil(places), report.synapses,
      stored / std::max(1.0, places), static_cast<unsigned long long>(report.unrolled_weight_words),
      stored / static_cast<double>(std::max<std::uint64_t>(1, report.unrolled_weight_words)));
}

std::string promises_text(const std::vector<Promise>& promises) {
  std::string text;
  for (const Promise& promise : promises)
    text += line("%s: a step every %s cycles (%.2f), latency at most %lld cycles\n", title(promise).c_str(),
                 promise.period.str().c_str(), promise.period.approximate(),
                 static_cast<long long>(promise.latency));
  if (promises.empty()) return text;
  text += "critical cycle of the guarantee:\n";
  for (const std::string& part : abridged(promises.front().critical_cycle)) text += "  " + part + "\n";
  return text;
}

CompileOptions with_version(CompileOptions options) {
  if (options.version.empty()) options.version = version();
  if (options.commit.empty()) options.commit = commit();
  return options;
}

std::variant<Compiled, DoesNotFit> reported(std::variant<Compilation, DoesNotFit> result) {
  if (auto* no = std::get_if<DoesNotFit>(&result)) return std::move(*no);
  auto& compilation = std::get<Compilation>(result);
  CompiledImage image(std::make_shared<const Image>(std::move(compilation.image)));
  CompileReport report = report_of(compilation, image);
  return Compiled{std::move(image), std::move(report)};
}

}  // namespace

NetworkCheck check_network(const std::string& path, const CompileOptions& options) {
  check_options(options);
  NetworkCheck check;
  if (std::filesystem::path(path).extension() == ".json") {
    const IntNetwork network = read_int_network(path);
    check.graph = line("integer network %s: %zu inputs, %zu populations, %zu projections, %zu outputs\n",
                       network.name.c_str(), network.inputs.size(), network.populations.size(),
                       network.projections.size(), network.outputs.size());
    check.notes = notes_on_delays(network);
    return check;
  }
  Problems problems;
  Notes notes;
  const NirGraph graph = read_nir(path, problems);
  check.graph = printable(describe(graph));
  const Network network = elaborate(graph, options.semantics, &notes, problems);
  check.notes = std::move(notes.list);
  for (std::string& note : notes_on_delays(network)) check.notes.push_back(std::move(note));
  try {
    problems.throw_if_any(path);
    check.network = describe(network);
  } catch (const Error& error) {
    check.refusal = error;
  }
  return check;
}

std::variant<Compiled, DoesNotFit> compile(const std::string& path, const ChipFile& chip,
                                           const CompileOptions& options, const OnStage& on_stage) {
  return reported(compile(path, chip.value(), with_version(options), on_stage));
}

std::variant<Compiled, DoesNotFit> compile_on_smallest(const std::string& path,
                                                       const std::vector<ChipFile>& chips,
                                                       const CompileOptions& options,
                                                       const OnStage& on_stage) {
  std::vector<Chip> values;
  for (const ChipFile& chip : chips) values.push_back(chip.value());
  return reported(compile_on_smallest(path, values, with_version(options), on_stage));
}

std::string to_text(const CompileReport& report) {
  std::string text;
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  for (const std::string& warning : report.warnings) text += "warning: " + warning + "\n";
  text += report.quantization;
  text += line("clusters: %zu, on %zu of the %zu tiles of %s\n", report.clusters, report.tiles_used,
               report.tiles, report.chip.c_str());
  return text + weight_words_text(report) + promises_text(report.promises);
}

std::string to_json(const CompileReport& report) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["network"] = report.network;
  json["chip"] = report.chip;
  json["clusters"] = report.clusters;
  json["tiles_used"] = report.tiles_used;
  json["tiles"] = report.tiles;
  json["weight_words"] = {{"stored", report.weight_words}, {"unrolled_rows", report.unrolled_weight_words}};
  json["streamed_words"] = report.streamed_words;
  json["spikes_a_step"] = {{"from_host", report.spikes_from_host},
                           {"between_tiles", report.spikes_between_tiles},
                           {"hops", report.hops}};
  json["synapses"] = report.synapses;
  for (const Promise& promise : report.promises) {
    const std::string kind(name_of(promise.kind));
    json["period"][kind] = promise.period.approximate();
    json["period_exact"][kind] = promise.period.str();
    json["latency"][kind] = promise.latency;
    if (promise.kind == PromiseKind::kSampled) json["sample_steps"] = promise.sample_steps;
  }
  json["critical_cycle"] =
      report.promises.empty() ? std::vector<std::string>{} : report.promises.front().critical_cycle;
  json["calibration"] = report.calibration ? json_of(*report.calibration) : nlohmann::ordered_json(nullptr);
  for (const StageTime& time : report.times) json["seconds"][time.stage] = time.seconds;
  json["notes"] = report.notes;
  json["warnings"] = report.warnings;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/map/load.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "spikeloom_version.hpp"

namespace spikeloom::cli {
namespace {

void show_stage(const std::string& stage) {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", stage.c_str());
}

void end_stages() {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
}

void print_promises(const Image& image) {
  for (const Promise& promise : image.promises)
    std::printf("%s: a step every %s cycles (%.2f), latency at most %lld cycles\n", promise.name.c_str(),
                promise.period.str().c_str(), promise.period.approximate(),
                static_cast<long long>(promise.latency));
  if (image.promises.empty()) return;
  std::printf("critical cycle of the guarantee:\n ");
  for (const std::string& part : image.promises.front().critical_cycle) std::printf(" %s", part.c_str());
  std::printf("\n");
}

/// Samples and populations before and after quantising, on the calibration data.
nlohmann::ordered_json json_of(const Calibration& calibration) {
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json json;
  json["samples"] = calibration.samples;
  json["steps"] = calibration.steps;
  json["labelled"] = calibration.labelled;
  json["accuracy"] = {{"before", number(calibration.accuracy_before())},
                      {"after", number(calibration.accuracy_after())}};
  json["decided_otherwise"] = calibration.other_decision.size();
  for (const PopulationCalibration& population : calibration.populations)
    json["populations"][population.name] = {{"spikes_before", population.spikes_before},
                                            {"spikes_after", population.spikes_after},
                                            {"differing_bits", population.differing},
                                            {"bits", population.bits}};
  return json;
}

std::size_t used_tiles(const Image& image) {
  return static_cast<std::size_t>(std::count_if(image.binding.orders.begin(), image.binding.orders.end(),
                                                [](const auto& order) { return !order.empty(); }));
}

std::size_t synapses(const IntNetwork& network) {
  std::size_t count = 0;
  for (const IntProjection& projection : network.projections) count += projection.weight.size();
  return count;
}

/// What shared rows save, against a place for every synapse (8 bits, lanes full) and against unrolled rows.
void print_weight_words(const Compilation& compilation) {
  const Application& app = compilation.image.application;
  const WeightWords words = weight_words(app);
  const double places =
      static_cast<double>(synapses(compilation.integers)) / static_cast<double>(words.per_word);
  std::printf(
      "weight words: %llu stored; %.0f if each of the %zu synapses had a place of its own (ratio %.4f), %llu "
      "in unrolled "
      "rows (ratio %.4f)\n",
      static_cast<unsigned long long>(words.stored), std::ceil(places), synapses(compilation.integers),
      static_cast<double>(words.stored) / std::max(1.0, places),
      static_cast<unsigned long long>(words.unrolled),
      static_cast<double>(words.stored) / static_cast<double>(std::max<std::uint64_t>(1, words.unrolled)));
}

void write_json(const std::string& path, const Compilation& compilation) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["network"] = compilation.image.application.name;
  json["chip"] = compilation.image.chip.name;
  json["clusters"] = compilation.image.application.clusters.size();
  json["tiles_used"] = used_tiles(compilation.image);
  json["tiles"] = compilation.image.chip.tiles();
  const WeightWords words = weight_words(compilation.image.application);
  json["weight_words"] = {{"stored", words.stored}, {"unrolled_rows", words.unrolled}};
  const NetworkLoad load = network_load(compilation.image.application, compilation.image.binding);
  json["spikes_a_step"] = {
      {"from_host", load.from_host}, {"between_tiles", load.between_tiles}, {"hops", load.hops}};
  json["synapses"] = synapses(compilation.integers);
  for (const Promise& promise : compilation.image.promises) {
    json["period"][promise.name] = promise.period.approximate();
    json["period_exact"][promise.name] = promise.period.str();
    json["latency"][promise.name] = promise.latency;
  }
  json["critical_cycle"] = compilation.image.promises.front().critical_cycle;
  json["calibration"] =
      compilation.calibration ? json_of(*compilation.calibration) : nlohmann::ordered_json(nullptr);
  for (const StageTime& time : compilation.times) json["seconds"][time.stage] = time.seconds;
  json["notes"] = compilation.notes;
  json["warnings"] = compilation.warnings;
  write_text(path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

int run(const CompileCommand& command) {
  check_files({{"the network", command.network},
               {"--chip", command.chip},
               {"--calibrate", command.compile.calibrate}},
              {{"--output", command.output}, {"--json", command.json}});
  const Chip chip = read_chip(command.chip);
  CompileOptions options = command.compile;
  options.version = kVersion;
  options.commit = kCommit;
  const auto result = compile(command.network, chip, options, show_stage);
  end_stages();
  if (const auto* no = std::get_if<DoesNotFit>(&result)) {
    std::fprintf(stderr, "spikeloom: error: %s: %s does not fit %s: %s\n", no->stage.c_str(),
                 command.network.c_str(), command.chip.c_str(), no->reason.c_str());
    return kBadInput;
  }
  const auto& compilation = std::get<Compilation>(result);
  write_image(compilation.image, command.output);
  if (command.json) write_json(*command.json, compilation);
  for (const std::string& note : compilation.notes) std::printf("note: %s\n", note.c_str());
  for (const std::string& warning : compilation.warnings) std::printf("warning: %s\n", warning.c_str());
  std::fputs(compilation.quantization.c_str(), stdout);
  std::printf("clusters: %zu, on %zu of the %u tiles of %s\n", compilation.image.application.clusters.size(),
              used_tiles(compilation.image), chip.tiles(), chip.name.c_str());
  print_weight_words(compilation);
  print_promises(compilation.image);
  if (command.max_period && compilation.image.promises.front().period.approximate() > *command.max_period) {
    std::printf("the guaranteed period is above --max-period %g\n", *command.max_period);
    return kNo;
  }
  return kYes;
}

}  // namespace spikeloom::cli

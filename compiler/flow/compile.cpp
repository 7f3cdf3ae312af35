// The flow, in its order: numbers -> place -> tune -> contract -> points -> image.
#include "compiler/flow/compile.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "compiler/admit/points.hpp"
#include "compiler/base/error.hpp"
#include "compiler/fit/chip_rams.hpp"
#include "compiler/fit/needs.hpp"
#include "compiler/flow/calibration.hpp"
#include "compiler/flow/check_options.hpp"
#include "compiler/flow/kind_choice.hpp"
#include "compiler/flow/numbers.hpp"
#include "compiler/flow/parts.hpp"
#include "compiler/flow/recorded_options.hpp"
#include "compiler/flow/search.hpp"
#include "compiler/flow/shared_neurons.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/flow/stage_runner.hpp"
#include "compiler/flow/static_inputs.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "compiler/schedule/arcs.hpp"
#include "compiler/schedule/samples.hpp"

namespace spikeloom {
namespace {

std::string print_promise(const Promise& promise) {
  std::string text = title(promise) + ": period " + promise.period.str() + " cycles a step, offset " +
                     std::to_string(promise.offset) + ", latency " + std::to_string(promise.latency) +
                     "\ncritical cycle:\n";
  for (const std::string& part : promise.critical_cycle) text += "  " + part + "\n";
  text += "potentials (cycles / " + std::to_string(kTimeScale) + " / denominator):\n";
  for (const auto& [actor, value] : promise.potentials)
    text += "  " + actor + ": " + std::to_string(value) + "\n";
  return text;
}

/// An integer network in JSON, or NIR.
CompileInput read_input(const std::string& path, const CompileOptions& options) {
  const std::filesystem::path file(path);
  CompileInput input;
  input.name = file.filename().string();
  if (file.extension() == ".json") {
    input.network = read_int_network(path);
  } else {
    Notes notes;
    input.network = load_network(path, options.semantics, &notes);
    input.notes = std::move(notes.list);
  }
  share_neurons(input, options.share);
  return input;
}

std::string describe(const CompileInput& input) {
  if (const auto* network = std::get_if<Network>(&input.network)) return describe(*network);
  return print_int_network(std::get<IntNetwork>(input.network));
}

/// The data that the options name, in the form that the network takes.
std::optional<Dataset> read_calibration(const CompileInput& input, const CompileOptions& options) {
  if (!options.calibrate) return std::nullopt;
  DatasetOptions reading = options.calibration_data;
  const auto* network = std::get_if<Network>(&input.network);
  if (!reading.dt) reading.dt = network != nullptr ? network->dt : options.semantics.dt;
  return read_dataset(*options.calibrate,
                      std::visit([](const auto& n) { return ports_of(n); }, input.network), reading);
}

/// Other candidates may share the application, so the image gets a copy.
Image assembled(Candidate candidate, const Chip& chip) {
  Image image;
  image.chip = chip;
  image.application = *candidate.application;
  image.binding = std::move(candidate.binding);
  image.promises.push_back(std::move(candidate.promise));
  return image;
}

struct Built {
  Image image;
  std::vector<std::string> notes;
};

bool of_one_length(const Dataset& data) {
  return std::all_of(data.samples.begin(), data.samples.end(),
                     [&](const Sample& sample) { return sample.steps() == data.samples.front().steps(); });
}

/// Everything after the numbers, contracts included where there are data for them.
std::variant<Built, DoesNotFit> back_end(StageRunner& runner, const Compilation& numbers, const Chip& chip,
                                         CompileOptions options, Advice advice) {
  const Dataset* data = numbers.data ? &*numbers.data : nullptr;
  const bool asked = options.sample_steps != 0 || data == nullptr;
  options.sample_steps = sample_steps(options, data);
  auto found = place(runner, {numbers.integers, numbers.traffic, data}, chip, options, advice);
  if (auto* no = std::get_if<DoesNotFit>(&found)) return std::move(*no);
  Candidate& best = std::get<Placed>(found).candidate;
  if (!asked && fires_in_batches(best.on(chip)) && !of_one_length(*data)) options.sample_steps = 0;
  std::optional<MeasuredWork> work;
  if (data != nullptr) work = rehearse(best.on(chip), *data).work;
  if (options.tune) best = tuned(runner, best, work, chip, options);
  std::string promises = print_promise(best.promise);
  const std::optional<Promise> of_samples =
      runner.stage("samples", [&] { return sampled(best.on(chip), best.promise, options.sample_steps); });
  if (of_samples) {
    runner.sound(verify(best.on(chip), *of_samples, {}));
    promises += "\n" + print_promise(*of_samples);
  }
  std::optional<Contracted> contracted;
  if (work) {
    contracted = runner.stage("contract",
                              [&] { return contract(best.on(chip), best.promise, *work, options.contract); });
    runner.sound(verify(best.on(chip), contracted->promise, contracted->contracts));
    promises += "\n" + print_promise(contracted->promise);
  }
  std::vector<OperatingPoint> points;
  if (options.points != 0 && !why_no_points(best.on(chip)))
    points = runner.stage("points", [&] { return operating_points(best.on(chip), point_options(options)); });
  Image image = assembled(std::move(best), chip);
  if (of_samples) image.promises.push_back(*of_samples);
  if (contracted) {
    image.promises.push_back(std::move(contracted->promise));
    image.contracts = std::move(contracted->contracts);
  }
  image.points = std::move(points);
  if (options.points != 0) runner.sound(check(image));
  runner.dump("promises", promises);
  return Built{std::move(image), std::move(std::get<Placed>(found).notes)};
}

std::string metadata_of(const std::string& name, CompileOptions options, const Compilation& compilation) {
  options.parts = compilation.parts;
  nlohmann::ordered_json json;
  json["version"] = options.version;
  json["commit"] = options.commit;
  json["source"] = name;
  json["seed"] = options.seed;
  if (compilation.network) json["dt"] = compilation.network->dt;
  json["weight_bits"] = options.weight_bits;
  json["options"] = nlohmann::ordered_json::parse(recorded_options(options));
  json["notes"] = compilation.notes;
  json["warnings"] = compilation.warnings;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The network by its shapes, with what the options say of its weights and inputs.
Outline outline(const CompileInput& input, const Chip& chip, const CompileOptions& options) {
  if (const auto* integers = std::get_if<IntNetwork>(&input.network)) return outline_of(*integers);
  const auto& network = std::get<Network>(input.network);
  const QuantizeOptions quantize = quantize_options(network, chip, options);
  return outline_of(network, {.bits =
                                  [&](const std::string& projection) {
                                    const auto own = quantize.projection_bits.find(projection);
                                    return own == quantize.projection_bits.end() ? quantize.weight_bits
                                                                                 : own->second;
                                  },
                              .planes =
                                  [&](const std::string& name) {
                                    const auto own = quantize.inputs.find(name);
                                    return own == quantize.inputs.end() ? 1U : own->second.planes;
                                  }});
}

/// What static inputs and known lengths of samples bring, and why samples have no promise of their own.
void append_sample_notes(Compilation& result, const Chip& chip, const CompileOptions& options) {
  const Application& app = result.image.application;
  const bool has_sampled =
      std::any_of(result.image.promises.begin(), result.image.promises.end(),
                  [](const Promise& promise) { return promise.kind == PromiseKind::kSampled; });
  if (fires_in_batches(result.image) && !has_sampled)
    result.notes.emplace_back(
        "firings take several steps at once, and the guarantee is for samples of any length, so of firings "
        "of "
        "one step too; --sample-steps N (or --calibrate with samples of one length) adds a promise for "
        "samples "
        "of N steps where that is better");
  if (std::none_of(app.inputs.begin(), app.inputs.end(), [](const StreamInput& i) { return i.is_static; }))
    return;
  for (std::string& note : notes_on_static(app, chip)) result.notes.push_back(std::move(note));
  const std::string why = why_no_samples(result.image);
  const std::uint32_t steps = sample_steps(options, result.data ? &*result.data : nullptr);
  if (fires_in_batches(result.image)) return;
  if (!why.empty())
    result.notes.push_back("static: no promise for samples, since " + why);
  else if (steps == 0)
    result.notes.emplace_back(
        "static: the guarantee is for samples of any length, so of their first step; --sample-steps N (or "
        "--calibrate) adds a promise for samples of N steps or more");
  else if (steps == 1)
    result.notes.emplace_back("static: no promise for samples, since one of a single step has no later ones");
  else if (!has_sampled)
    result.notes.push_back("static: no promise for samples of " + std::to_string(steps) +
                           " steps, since other work than that of static inputs bounds the period: holding "
                           "their sums saves work there, and no cycle of a step");
}

/// What is streamed, and how much of the period it takes.
void append_stream_note(Compilation& result) {
  std::uint64_t words = 0, clusters = 0;
  std::int64_t cycles = 0;
  const Image& image = result.image;
  for (const Channel& channel : image.binding.channels) {
    const Inbound* weights = weights_of(image.application, channel);
    if (weights == nullptr) continue;
    words += weights->weights;
    ++clusters;
    cycles += worst_send(channel.slots, image.chip.spike_wheel, worst_flits(image.application, channel));
  }
  if (clusters == 0) return;
  result.notes.push_back("the host streams the weights of " + std::to_string(clusters) + " clusters, " +
                         std::to_string(words) + " words of 16 bits a step, and sends them in at most " +
                         std::to_string(cycles) + " cycles of a step");
}

std::variant<Compilation, DoesNotFit> compiled(StageRunner& runner, CompileInput input, const Chip& chip,
                                               const CompileOptions& options,
                                               Advice advice = Advice::kSmallestChip) {
  // The floors of sizes know nothing of weights that no tile keeps.
  const auto too_small = runner.stage("sizes", [&]() -> std::optional<std::string> {
    if (!options.stream_weights.empty()) return std::nullopt;
    return refusal(outline(input, chip, options), chip, tiles_of(chip, options), advice);
  });
  if (too_small) return DoesNotFit{"sizes", *too_small};
  const std::string name = input.name;
  Compilation result = numbers_of(runner, std::move(input), chip, options);
  CompileOptions placed = options;
  if (auto chosen = choose_kinds(chip, options,
                                 [&](const CompileOptions& trial) { return rebuild(result, chip, trial); })) {
    placed.kinds = std::move(chosen->named);
    for (std::string& note : chosen->notes) result.notes.push_back(std::move(note));
  }
  auto built = back_end(runner, result, chip, placed, advice);
  if (auto* no = std::get_if<DoesNotFit>(&built)) {
    no->reason += parts_in(result.integers);
    return std::move(*no);
  }
  result.image = std::move(std::get<Built>(built).image);
  for (std::string& note : std::get<Built>(built).notes) result.notes.push_back(std::move(note));
  for (std::string& note : notes_on_parts(result.integers, result.image.application, chip))
    result.notes.push_back(std::move(note));
  append_stream_note(result);
  for (std::string& note : notes_on_sharing(result.image.application))
    result.notes.push_back(std::move(note));
  append_sample_notes(result, chip, options);
  if (const auto reason = why_no_points(result.image); reason && options.points != 0)
    result.notes.push_back("no operating points: " + *reason);
  result.image.metadata = metadata_of(name, options, result);
  result.times = runner.times();
  return result;
}

}  // namespace

std::variant<Compilation, DoesNotFit> compile(const std::string& path, const Chip& chip,
                                              const CompileOptions& options, const OnStage& on_stage) {
  check_options(options);
  StageRunner runner(options.dump, on_stage);
  CompileInput input = runner.stage("network", [&] { return read_input(path, options); });
  runner.dump(describe(input));
  input.data = read_calibration(input, options);
  return compiled(runner, std::move(input), chip, options);
}

std::variant<Compilation, DoesNotFit> compile_on_smallest(const std::string& path,
                                                          std::span<const Chip> chips,
                                                          const CompileOptions& options,
                                                          const OnStage& on_stage) {
  check_options(options);
  StageRunner reading({}, on_stage);
  CompileInput input = reading.stage("network", [&] { return read_input(path, options); });
  input.data = read_calibration(input, options);
  std::vector<const Chip*> by_size;
  for (const Chip& chip : chips) by_size.push_back(&chip);
  std::stable_sort(by_size.begin(), by_size.end(), [](const Chip* a, const Chip* b) {
    return std::pair(memory_bits(*a), a->tiles()) < std::pair(memory_bits(*b), b->tiles());
  });
  std::vector<std::string> smaller;
  for (const Chip* chip : by_size) {
    const std::string named = "chip " + chip->name + " (" + std::to_string(memory_bits(*chip) / 1024) +
                              " Kb of memory, " + std::to_string(chip->tiles()) + " tiles)";
    try {
      StageRunner runner(options.dump, on_stage);
      runner.dump("network", describe(input));
      auto result = compiled(runner, input, *chip, options, Advice::kNone);
      if (auto* found = std::get_if<Compilation>(&result)) {
        found->notes.push_back(named + " is the smallest of " + std::to_string(chips.size()) +
                               " that holds the network");
        for (std::string& why : smaller) found->notes.push_back(std::move(why));
        return result;
      }
      smaller.push_back(named + " does not do: " + std::get<DoesNotFit>(result).reason);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      smaller.push_back(named + " does not do: " + error.what());
    }
  }
  std::string text = "none of " + std::to_string(chips.size()) + " chips holds the network";
  for (const std::string& why : smaller) text += "\n  - " + why;
  return DoesNotFit{"chips", text};
}

std::variant<Compilation, DoesNotFit> compile(CompileInput input, const Chip& chip,
                                              const CompileOptions& options, const OnStage& on_stage) {
  check_options(options);
  StageRunner runner(options.dump, on_stage);
  runner.dump("network", describe(input));
  return compiled(runner, std::move(input), chip, options);
}

FileNumbers numbers(const std::string& path, const Chip& chip, const CompileOptions& options) {
  check_options(options);
  StageRunner runner;
  CompileInput input = runner.stage("network", [&] { return read_input(path, options); });
  input.data = read_calibration(input, options);
  Compilation made = numbers_of(runner, std::move(input), chip, options);
  FileNumbers result{std::move(made.integers), std::nullopt};
  if (made.network) result.dt = made.network->dt;
  return result;
}

std::variant<Image, DoesNotFit> rebuild(const Compilation& compilation, const Chip& chip,
                                        const CompileOptions& options) {
  CompileOptions trial = options;
  trial.points = 0;
  StageRunner runner(options.dump);
  auto built = back_end(runner, compilation, chip, trial, Advice::kNone);
  if (auto* no = std::get_if<DoesNotFit>(&built)) return std::move(*no);
  return std::move(std::get<Built>(built).image);
}

std::variant<Image, DoesNotFit> build_image(const IntNetwork& network, const Chip& chip,
                                            const CompileOptions& options) {
  check_options(options);
  StageRunner runner(options.dump);
  const std::optional<Traffic> unmeasured;
  auto found = place(runner, {network, unmeasured}, chip, options, Advice::kSmallestChip);
  if (auto* no = std::get_if<DoesNotFit>(&found)) return std::move(*no);
  return assembled(std::get<Placed>(std::move(found)).candidate, chip);
}

}  // namespace spikeloom

#include "compiler/flow/compile.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "compiler/admit/points.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/flow/calibration.hpp"
#include "compiler/flow/tune.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/places.hpp"

namespace spikeloom {
namespace {

/// Times stages, checks and dumps their results, and puts their names before errors.
class Runner {
 public:
  Runner(const CompileOptions& options, const OnStage& on_stage) : options_(options), on_stage_(on_stage) {}

  template <class F>
  auto stage(const std::string& name, F&& work) {
    if (on_stage_) on_stage_(name);
    name_ = name;
    const auto begin = std::chrono::steady_clock::now();
    try {
      auto result = work();
      times.push_back(
          {name, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()});
      return result;
    } catch (const Error& error) {
      throw error.within(name);
    }
  }

  /// NN-stage.txt of the stage that ran last; NN counts the files.
  void dump(const std::string& text) {
    if (!options_.dump) return;
    ++number_;
    std::error_code failed;
    std::filesystem::create_directories(*options_.dump, failed);
    if (failed)
      throw input_error(*options_.dump + ": the folder for --dump cannot be made: " + failed.message());
    const std::string number = (number_ < 10 ? "0" : "") + std::to_string(number_);
    const std::filesystem::path path =
        std::filesystem::path(*options_.dump) / (number + "-" + name_ + ".txt");
    write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }

  /// A stage's own checker found fault with its result: a bug, which no input may bring about.
  void sound(const std::vector<std::string>& faults) const {
    for (const std::string& fault : faults) internal_error(name_ + ": " + fault, __FILE__, __LINE__);
  }

  std::vector<StageTime> times;

 private:
  const CompileOptions& options_;
  const OnStage& on_stage_;
  int number_ = 0;
  std::string name_;
};

bool is_integer_file(const std::string& path) { return std::filesystem::path(path).extension() == ".json"; }

/// Half an event in one step more than was measured, for every source: one that was silent in a short
/// calibration may still speak, so its weights must not count for nothing. (Krichevsky and Trofimov, IEEE
/// Trans. Inf. Theory 27, 1981.)
void add_prior(Activity& activity, const Network& network, const std::map<std::string, InputCoding>& inputs,
               std::size_t steps) {
  const auto measured = static_cast<double>(steps);
  for (std::size_t i = 0; i < activity.inputs.size(); ++i) {
    const auto coding = inputs.find(network.inputs[i].name);
    const double unit = coding == inputs.end() ? 1 : coding->second.unit;
    for (double& square : activity.inputs[i]) square = (square * measured + unit * unit / 2) / (measured + 1);
  }
  for (std::vector<double>& rates : activity.populations)
    for (double& rate : rates) rate = (rate * measured + 0.5) / (measured + 1);
}

QuantizeOptions quantize_options(const Network& network, const Chip& chip, const CompileOptions& options) {
  QuantizeOptions quantize;
  quantize.weight_bits = options.weight_bits;
  quantize.rounding = options.rounding;
  quantize.limits = {chip.tile.state_bits, chip.tile.acc_bits,  chip.tile.bias_bits,
                     chip.tile.max_shift,  chip.tile.max_scale, chip.tile.weight_bits};
  if (options.planes != 1 || options.signed_inputs)
    for (const Input& input : network.inputs)
      quantize.inputs[input.name] = {options.planes, options.signed_inputs, 1};
  return quantize;
}

/// An integer network from a file meets the chip's widths here, one from the quantiser already does.
void check_widths(const IntNetwork& network, const Chip& chip) {
  Problems problems = accumulator_problems(network, chip.tile.acc_bits);
  if (network.state_bits != chip.tile.state_bits)
    problems.add("the network's state has " + std::to_string(network.state_bits) + " bits, the chip's " +
                 std::to_string(chip.tile.state_bits) +
                 "; choose a chip file with tile.state_bits = " + std::to_string(network.state_bits));
  problems.throw_if_any(network.name);
}

/// Everything that options name is there. Throws Error{kInput} listing what is not.
void check_names(const IntNetwork& network, const CompileOptions& options) {
  const auto known = [&](const std::string& name) {
    return std::any_of(network.populations.begin(), network.populations.end(),
                       [&](const IntPopulation& p) { return p.name == name; });
  };
  Problems problems;
  for (const auto& [name, count] : options.clusters)
    if (!known(name)) problems.add("--clusters " + name + ": no such population");
  for (const std::string& name : options.favour)
    if (name != "host" && !known(name))
      problems.add("--favour " + name + ": no such population, nor \"host\"");
  for (const std::string& name : options.record)
    if (!known(name)) problems.add("--record " + name + ": no such population");
  problems.throw_if_any(network.name);
}

std::vector<PopulationId> recorded_populations(const IntNetwork& network,
                                               const std::vector<std::string>& names) {
  std::vector<PopulationId> ids;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    ids.insert(ids.end(),
               static_cast<std::size_t>(std::count(names.begin(), names.end(), network.populations[p].name)),
               PopulationId(p));
  return ids;
}

std::vector<std::uint32_t> wanted_clusters(const IntNetwork& network, const CompileOptions& options) {
  std::vector<std::uint32_t> wanted;
  for (const IntPopulation& population : network.populations) {
    const auto found = options.clusters.find(population.name);
    wanted.push_back(found == options.clusters.end() ? 0 : found->second);
  }
  return wanted;
}

std::vector<ClusterOrHost> favoured(const Application& app, const CompileOptions& options) {
  const auto chosen = [&](const std::string& name) {
    return std::count(options.favour.begin(), options.favour.end(), name) != 0;
  };
  std::vector<ClusterOrHost> sources;
  if (chosen("host")) sources.emplace_back(std::nullopt);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    if (chosen(app.populations[app.clusters[c].population.index()])) sources.emplace_back(ClusterId(c));
  return sources;
}

/// Clusters that share tiles by level where that guarantees more, and where there are data has the lower cost
/// on them.
bool choose_places(Image& image, const MapOptions& mapping, const CompileOptions& options,
                   const Dataset* data) {
  std::optional<Bound> before = improve_places(image, mapping, options.tune);
  if (!before || data == nullptr) return before.has_value();
  const Dataset some = excerpt(*data);
  const auto exchange = [&] {
    std::swap(image.binding, before->binding);
    std::swap(image.promises.front(), before->promise);
  };
  const double by_level = cost(image, &some, options.contract);
  exchange();
  if (cost(image, &some, options.contract) <= by_level) return false;
  exchange();
  return true;
}

/// What clusters are spread by, or what is kept.
enum class Purpose : std::uint8_t { kTrial, kResult };

/// Partition, map and schedule, from integers to a promise. Trials leave out `choose_places`: they are many,
/// and with the clusters that they choose it can only make the result better.
std::variant<Image, DoesNotFit> build(Runner& runner, const IntNetwork& network, const Chip& chip,
                                      const CompileOptions& options, const std::optional<Traffic>& traffic,
                                      const Dataset* data, const std::vector<std::uint32_t>& least,
                                      Purpose purpose) {
  Image image;
  image.chip = chip;
  image.application = runner.stage("partition", [&] {
    check_widths(network, chip);
    const Clustering clustering = partition(network, chip,
                                            {.seed = options.seed,
                                             .method = options.partition,
                                             .max_neurons = options.max_neurons,
                                             .least_clusters = least,
                                             .activity = traffic});
    return build_application(
        network, chip, clustering,
        {.record = recorded_populations(network, options.record),
         .readout = options.readout_last_only ? ReadoutTime::kLastStep : ReadoutTime::kEveryStep,
         .activity = traffic});
  });
  runner.sound(check(image.application, network, chip));
  runner.dump(print(image.application));
  MapOptions mapping;
  mapping.seed = options.seed;
  mapping.tiles = options.tiles;
  mapping.most_slots = options.slots;
  if (options.pages) mapping.most_pages = *options.pages;
  mapping.favoured = favoured(image.application, options);
  MapResult mapped = runner.stage("map", [&] { return map(image.application, chip, mapping); });
  if (!mapped.binding) return DoesNotFit{"map", mapped.reason};
  image.binding = std::move(*mapped.binding);
  runner.sound(check(image));
  runner.dump(print(image.application, image.binding, chip));
  const auto promised = runner.stage("schedule", [&] { return guarantee(image); });
  if (const auto* dead = std::get_if<Deadlocked>(&promised))
    internal_error("deadlock: " + dead->cycle, __FILE__, __LINE__);
  image.promises.push_back(std::get<Promise>(promised));
  if (options.tune && runner.stage("orders", [&] { return improve_orders(image); }))
    runner.sound(check(image));
  if (purpose == Purpose::kResult &&
      runner.stage("places", [&] { return choose_places(image, mapping, options, data); })) {
    runner.sound(check(image));
    runner.dump(print(image.application, image.binding, chip));
  }
  runner.sound(verify(image, image.promises.back(), {}));
  return image;
}

std::uint32_t tiles_of(const Chip& chip, const CompileOptions& options) {
  return options.tiles == 0 ? chip.tiles() : std::min(options.tiles, chip.tiles());
}

/// By PopulationId what the user wants, or `spread` where there is a choice.
std::vector<std::uint32_t> least_clusters(Runner& runner, const IntNetwork& network, const Chip& chip,
                                          const CompileOptions& options,
                                          const std::optional<Traffic>& traffic, const Dataset* data) {
  check_names(network, options);
  if (!options.clusters.empty()) return wanted_clusters(network, options);
  if (options.spread == Spread::kFewest || options.max_neurons != 0 || tiles_of(chip, options) == 1)
    return {};
  return runner.stage("spread", [&] {
    CompileOptions trial = options;
    trial.dump.reset();
    const OnStage silent;
    Runner quiet(trial, silent);
    return spread(
        [&](const auto& least) {
          return build(quiet, network, chip, trial, traffic, nullptr, least, Purpose::kTrial);
        },
        tiles_of(chip, options), data, options.contract);
  });
}

/// In cycles a step, rounded down to parts of a cycle that the analysis counts in.
std::optional<Ratio> wanted_period(const Chip& chip, const CompileOptions& options) {
  if (!options.steps_per_second) return options.period;
  return Ratio(
      static_cast<std::int64_t>(std::floor(chip.clock_mhz * 1e6 / *options.steps_per_second * kTimeScale)),
      kTimeScale);
}

std::string print_promise(const Promise& promise) {
  std::string text = promise.name + ": period " + promise.period.str() + " cycles a step, offset " +
                     std::to_string(promise.offset) + ", latency " + std::to_string(promise.latency) +
                     "\ncritical cycle:\n";
  for (const std::string& part : promise.critical_cycle) text += "  " + part + "\n";
  text += "potentials (cycles / " + std::to_string(kTimeScale) + " / denominator):\n";
  for (const auto& [actor, value] : promise.potentials)
    text += "  " + actor + ": " + std::to_string(value) + "\n";
  return text;
}

/// Everything after the numbers, contracts included where there are data for them.
std::variant<Image, DoesNotFit> back_end(Runner& runner, const Compilation& numbers, const Chip& chip,
                                         const CompileOptions& options) {
  const Dataset* data = numbers.data ? &*numbers.data : nullptr;
  const std::vector<std::uint32_t> least =
      least_clusters(runner, numbers.integers, chip, options, numbers.traffic, data);
  auto built = build(runner, numbers.integers, chip, options, numbers.traffic, data, least, Purpose::kResult);
  auto* image = std::get_if<Image>(&built);
  if (image == nullptr) return built;
  std::optional<MeasuredWork> work;
  if (data != nullptr) work = rehearse(*image, *data).work;
  if (options.tune) {
    runner.stage("tune", [&] {
      tune(*image, work,
           {options.seed, options.favour.empty(), !options.pages.has_value(), options.contract, options.slots,
            wanted_period(chip, options)});
      return 0;
    });
    runner.sound(check(*image));
    runner.sound(verify(*image, image->promises.front(), {}));
    runner.dump(print(image->application, image->binding, chip));
  }
  std::string promises = print_promise(image->promises.front());
  if (data != nullptr) {
    const Contracted contracted = runner.stage(
        "contract", [&] { return contract(*image, image->promises.front(), *work, options.contract); });
    image->promises.push_back(contracted.promise);
    image->contracts = contracted.contracts;
    runner.sound(verify(*image, contracted.promise, contracted.contracts));
    promises += "\n" + print_promise(contracted.promise);
  }
  if (options.points != 0) {
    PointOptions points{options.points, options.seed};
    if (options.pages) points.most_pages = *options.pages;
    image->points = runner.stage("points", [&] { return operating_points(*image, points); });
    runner.sound(check(*image));
  }
  runner.stage("promises", [&] { return 0; });
  runner.dump(promises);
  return built;
}

std::string metadata_of(const std::string& path, const CompileOptions& options,
                        const Compilation& compilation) {
  nlohmann::ordered_json json;
  json["version"] = options.version;
  json["commit"] = options.commit;
  json["source"] = std::filesystem::path(path).filename().string();
  json["seed"] = options.seed;
  if (compilation.network) json["dt"] = compilation.network->dt;
  json["weight_bits"] = options.weight_bits;
  json["notes"] = compilation.notes;
  json["warnings"] = compilation.warnings;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::variant<Image, DoesNotFit> rebuild(const Compilation& compilation, const Chip& chip,
                                        const CompileOptions& options) {
  const OnStage silent;
  CompileOptions trial = options;
  trial.points = 0;
  Runner runner(trial, silent);
  return back_end(runner, compilation, chip, trial);
}

std::variant<Image, DoesNotFit> build_image(const IntNetwork& network, const Chip& chip,
                                            const CompileOptions& options) {
  const OnStage silent;
  Runner runner(options, silent);
  const std::vector<std::uint32_t> least =
      least_clusters(runner, network, chip, options, std::nullopt, nullptr);
  return build(runner, network, chip, options, std::nullopt, nullptr, least, Purpose::kResult);
}

std::variant<Compilation, DoesNotFit> compile(const std::string& path, const Chip& chip,
                                              const CompileOptions& options, const OnStage& on_stage) {
  Runner runner(options, on_stage);
  Compilation result;
  std::optional<Dataset>& data = result.data;
  if (is_integer_file(path)) {
    result.integers = runner.stage("network", [&] { return read_int_network(path); });
    runner.dump(print_int_network(result.integers));
    DatasetOptions reading = options.calibration_data;
    if (!reading.dt) reading.dt = options.semantics.dt;
    if (options.calibrate) data = read_dataset(*options.calibrate, ports_of(result.integers), reading);
  } else {
    Notes notes;
    result.network = runner.stage("network", [&] { return load_network(path, options.semantics, &notes); });
    result.notes = notes.list;
    runner.dump(describe(*result.network));
    QuantizeOptions quantizing = quantize_options(*result.network, chip, options);
    std::vector<CalibrationSample> samples;
    if (options.calibrate) {
      DatasetOptions reading = options.calibration_data;
      if (!reading.dt) reading.dt = result.network->dt;
      data = read_dataset(*options.calibrate, ports_of(*result.network), reading);
      samples = calibration_samples(*data, quantizing.inputs, *result.network);
      if (options.calibrate_weights) {
        quantizing.activity = measure_activity(*result.network, samples, quantizing.inputs);
        add_prior(*quantizing.activity, *result.network, quantizing.inputs, data->total_steps());
      }
    }
    Quantized quantized = runner.stage("quantize", [&] { return quantize(*result.network, quantizing); });
    runner.sound(check(quantized, *result.network).list());
    QuantizeReport figures = quantized.report;
    figures.notes.clear();
    figures.warnings.clear();
    result.quantization = print(figures);
    result.notes.insert(result.notes.end(), quantized.report.notes.begin(), quantized.report.notes.end());
    result.warnings = quantized.report.warnings;
    result.integers = std::move(quantized.network);
    runner.dump(print(quantized.report) + "\n" + print_int_network(result.integers));
    if (data) {
      const Calibration& calibration = result.calibration.emplace(runner.stage(
          "calibrate", [&] { return calibrate(*result.network, result.integers, samples, {}); }));
      result.quantization += "\n" + print(calibration);
      result.warnings.insert(result.warnings.end(), calibration.warnings.begin(), calibration.warnings.end());
      const PopulationId first = result.network->outputs.front().from;
      if (const auto foreign = data->foreign_labels(result.network->populations[first.index()].size()))
        result.warnings.push_back(*foreign);
      runner.dump(print(calibration));
    }
  }
  if (result.data) result.traffic = measure_traffic(result.integers, *result.data);
  auto built = back_end(runner, result, chip, options);
  if (auto* no = std::get_if<DoesNotFit>(&built)) return *no;
  result.image = std::get<Image>(std::move(built));
  result.image.metadata = metadata_of(path, options, result);
  result.times = runner.times;
  return result;
}

}  // namespace spikeloom

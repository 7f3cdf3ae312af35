// The `spikeloom` command: options to plain structs, structs to commands, errors to exit codes.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

#include <spikeloom/data.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/files.hpp>
#include <spikeloom/version.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/standard_streams.hpp"

namespace spikeloom::cli {
namespace {

/// CLI11's own names the largest double as the end of its range, and takes nan.
CLI::Validator above_zero() {
  return {[](std::string& text) -> std::string {
            char* end = nullptr;
            const double number = std::strtod(text.c_str(), &end);
            const bool is_number = end != text.c_str() && *end == 0;
            return is_number && std::isfinite(number) && number > 0
                       ? ""
                       : "expected a number above 0, found " + text;
          },
          "POSITIVE"};
}

using Action = std::function<int()>;

/// An option that chooses one of several names, for a setting that another may decide where it is absent.
template <class Value>
void add_choice(CLI::App& app, const std::string& option, std::optional<Value>& to,
                const std::map<std::string, Value>& names, const std::string& help) {
  app.add_option_function<std::string>(
         option, [&to, names](const std::string& name) { to = names.at(name); }, help)
      ->check(CLI::IsMember(names));
}

/// What no NIR file says (docs/guide.md has the table).
void add_semantics_options(CLI::App& app, Semantics& semantics) {
  std::map<std::string, Framework> frameworks;
  for (const std::string_view name : framework_names())
    frameworks.emplace(std::string(name), framework_named(name));
  add_choice(app, "--framework", semantics.framework, frameworks,
             "all of the following as this framework has it, unless given");
  app.add_option("--dt", semantics.dt,
                 "time step, in the file's unit of time; default: guessed, and said so");
  add_choice<Reset>(app, "--reset", semantics.reset,
                    {{"v_reset", Reset::kToValue},
                     {"subtract", Reset::kSubtract},
                     {"subtract-later", Reset::kSubtractLater},
                     {"none", Reset::kNone}},
                    "what a spike does to the membrane (default: v_reset)");
  add_choice<Fire>(app, "--fire", semantics.fire, {{"gt", Fire::kAbove}, {"ge", Fire::kAtLeast}},
                   "spike above the threshold, or at it already (default: gt)");
  add_choice<Start>(app, "--start", semantics.start,
                    {{"zero", Start::kZero}, {"rest", Start::kRest}, {"reset", Start::kReset}},
                    "a sample's membranes start at 0, v_leak or v_reset (default: rest)");
  add_choice<Integrator>(app, "--integrator", semantics.integrator,
                         {{"euler", Integrator::kEuler},
                          {"exponential", Integrator::kExponential},
                          {"exact", Integrator::kExact}},
                         "decay and gain of a step (default: euler)");
  app.add_option("--input-delay", semantics.input_delay, "steps from the inputs (default: 0)");
  app.add_option("--recurrent-delay", semantics.recurrent_delay,
                 "steps of recurrent projections (default: 1)");
}

/// Options of everything that turns a network file into integers.
void add_compile_options(CLI::App& app, CompileOptions& options) {
  add_semantics_options(app, options.semantics);
  app.add_option("--bits", options.weight_bits, "weight bits")->capture_default_str();
  app.add_option_function<std::string>(
         "--round",
         [&](const std::string& v) {
           options.rounding = v == "zero" ? Rounding::kTowardsZero : Rounding::kNearest;
         },
         "rounding of weights (default: nearest)")
      ->check(CLI::IsMember({"nearest", "zero"}));
  app.add_option("--planes", options.planes,
                 "bit planes of the inputs: 1 takes spikes, more take whole numbers")
      ->capture_default_str();
  app.add_flag("--signed", options.signed_inputs, "inputs are two's complement on their planes");
  app.add_option("--seed", options.seed, "seed of the random number generator")->capture_default_str();
}

void add_data_options(CLI::App& app, DatasetOptions& data) {
  app.add_option_function<std::string>(
      "--encoder", [&](const std::string& v) { data.encoder = encoder_named(v); },
      "for static values: rate, accumulate, latency or direct (default: the file's own)");
  app.add_option("--steps", data.steps,
                 "steps per sample (default: the file's own; recordings: to the last event)");
  app.add_option("--full-scale", data.full_scale, "value that spikes at every step");
  app.add_option_function<double>(
      "--frame",
      [&](double ms) {
        constexpr double kMostFrame = 1e9;
        if (!(ms >= 0 && ms <= kMostFrame))
          throw CLI::ValidationError("--frame", "expected 0 to 1000000000 ms, found " + std::to_string(ms));
        data.frame = std::chrono::microseconds(static_cast<std::int64_t>(ms * 1000 + 0.5));
      },
      "milliseconds a step of recordings, SHD and event lists in us (default of the first two: 1)");
  app.add_option_function<std::string>(
      "--labels", [&](const std::string& v) { data.labels = v; },
      ".npz with ids and labels, of samples (N) or of their steps (N,T), for recordings");
  app.add_option("--limit", data.limit, "only the first so many samples")->check(above_zero());
  app.add_flag_function(
      "--clip", [&](std::int64_t) { data.clip = 1; },
      "several events of an element in a step count once; says how many were clipped (default: their "
      "number)");
  app.add_option("--array", data.array, "array of an .npz to take instead of `spikes`");
  app.add_flag_function(
      "--packed", [&](std::int64_t) { data.packing = Packing::kBits; },
      "the last dimension is packed bits (numpy.packbits)");
}

/// NAME=N.
void add_clusters(const std::string& text, std::map<std::string, std::uint32_t>& clusters) {
  const std::size_t equals = text.rfind('=');
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto read = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                : std::from_chars(text.data() + equals + 1, end, count);
  if (read.ec != std::errc() || read.ptr != end || equals == 0)
    throw CLI::ValidationError("--clusters", "expected POPULATION=N with a whole N, found " + text);
  clusters[text.substr(0, equals)] = count;
}

/// POPULATION=KIND.
void add_kind(const std::string& text, std::map<std::string, std::string>& kinds) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw CLI::ValidationError("--kind", "expected POPULATION=KIND, found " + text);
  kinds[text.substr(0, equals)] = text.substr(equals + 1);
}

/// What chooses clusters, places and contracts.
void add_mapping_options(CLI::App& app, CompileOptions& options) {
  app.add_option("--calibrate", options.calibrate,
                 "data for activity, contracts, and spikes and accuracy before and after quantising");
  add_data_options(app, options.calibration_data);
  app.add_flag("!--no-calibrate-weights", options.calibrate_weights,
               "weights are quantised as without --calibrate, which then decides places and contracts only");
  app.add_option("--margin", options.contract.margin_percent,
                 "percent that contracts allow above the measured work")
      ->capture_default_str();
  app.add_option(
         "--contract-order", options.contract.order,
         "any: samples like these in any order; given: these samples in their order, over and over (tighter)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, SampleOrder>{{"any", SampleOrder::kAny}, {"given", SampleOrder::kGiven}}))
      ->default_str("any");
  app.add_option("--share", options.share,
                 "NAME=N: N groups of the population's channels pass one after another through one set of "
                 "membranes; NAME+NAME: populations through those of the first; repeatable");
  app.add_flag("--static-input{*}", options.static_inputs,
               "inputs are equal in every step of a sample: sent in its first step, their sums held "
               "(--static-input=NAME: this one; repeatable)");
  app.add_option(
         "--sample-steps", options.sample_steps,
         "also a promise for samples of so many steps: at least so many with --static-input, exactly so "
         "many where tiles take several steps in a firing (default: those of --calibrate)")
      ->check(above_zero());
  app.add_option("--exit-readout", options.exit_readout,
                 "adds a readout that sums up what arrives at this population, for `run --exit`");
  app.add_option("--record", options.record,
                 "population sent to the host although it is no output; repeatable");
  app.add_option("--stream-weights", options.stream_weights,
                 "population whose weights no tile keeps: the host sends them in every step; repeatable");
  app.add_flag("--readout-last", options.readout_last_only, "potentials only at the end of a sample");
  app.add_option("--pages", options.pages, "pages per cluster at most (default: what the tile has, up to 8)");
  app.add_option("--max-neurons", options.max_neurons, "neurons of a cluster at most (default: what fits)")
      ->check(above_zero());
  app.add_option("--partition", options.partition,
                 "multilevel, or the baselines greedy and refined (to compare with)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, PartitionMethod>{{"multilevel", PartitionMethod::kMultilevel},
                                                 {"refined", PartitionMethod::kRefined},
                                                 {"greedy", PartitionMethod::kGreedy}}))
      ->default_str("multilevel");
  app.add_option("--spread", options.spread,
                 "fastest: split populations over idle tiles while steps become shorter; fewest: as few "
                 "clusters as fit; paired: two clusters a tile, shared out by synapses, without a search")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Spread>{
          {"fastest", Spread::kFastest}, {"fewest", Spread::kFewest}, {"paired", Spread::kPaired}}))
      ->default_str("fastest");
  app.add_option("--pools", options.pools,
                 "max pooling of spikes. folded: done by the tiles that send the spikes, where that is "
                 "possible; own: by populations of its own")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, OrPools>{{"folded", OrPools::kFolded}, {"own", OrPools::kOwn}}))
      ->default_str("folded");
  app.add_option_function<std::vector<std::string>>(
      "--clusters",
      [&](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) add_clusters(text, options.clusters);
      },
      "POPULATION=N: at least N clusters of it; repeatable, the others get as few as fit");
  app.add_option_function<std::vector<std::string>>(
      "--kind",
      [&](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) add_kind(text, options.kinds);
      },
      "POPULATION=KIND: on tiles of this kind of the chip file; repeatable, the others as --kinds says");
  app.add_option(
         "--kinds", options.kind_choice,
         "how populations without --kind get a kind of tile. first: the first of the chip file that "
         "holds them and has tiles to spare; guaranteed: those with which guaranteed steps are short, "
         "by compiling again and again; contracted: the same of steps by contract (needs --calibrate)")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, KindChoice>{{"first", KindChoice::kFirst},
                                                                    {"guaranteed", KindChoice::kGuaranteed},
                                                                    {"contracted", KindChoice::kContracted}}))
      ->default_str("first");
  app.add_option("--tiles", options.tiles,
                 "maximum number of tiles (the rest stays free for other applications)")
      ->check(above_zero());
  app.add_option("--points", options.points, "operating points kept for `spikeloom admit`, at most; 0: none")
      ->capture_default_str();
  app.add_option("--slots", options.slots,
                 "maximum TDM slots per channel (the rest stays free for other applications)")
      ->check(above_zero());
  app.add_flag("!--no-tune", options.tune,
               "keep orders, slots and page counts as first dealt out, not as the analysis likes them best");
  app.add_option("--favour", options.favour,
                 "population (or host) whose channels get more slots; repeatable");
}

void add_check(CLI::App& root, Action& action) {
  auto command = std::make_shared<CheckCommand>();
  CLI::App* app = root.add_subcommand("check", "everything the compiler would say, without compiling");
  app->add_option("network", command->network, "NIR file, or integer network (.json)")->required();
  CLI::Option* chip = app->add_option("--chip", command->chip,
                                      "also: does it fit this chip (TOML; auto: the smallest shipped one)");
  add_compile_options(*app, command->compile);
  const std::size_t without_chip = app->get_options().size();
  add_mapping_options(*app, command->compile);
  const std::vector<CLI::Option*> all = app->get_options();
  for (std::size_t n = without_chip; n < all.size(); ++n) all[n]->needs(chip);
  app->callback([command, &action] { action = [command] { return run(*command); }; });
}

/// What will do, instead of the shortest that there is.
void add_wanted_period(CLI::App& app, CompileOptions& options) {
  app.add_option_function<std::string>(
      "--period",
      [&](const std::string& text) {
        try {
          options.period = Ratio::parse(text);
        } catch (const Error& error) {
          throw CLI::ValidationError("--period", error.what());
        }
      },
      "cycles a step that will do, such as 240 or 725/3: the fewest pages that keep them (contracted with "
      "--calibrate, else guaranteed)");
  app.add_option("--steps-per-second", options.steps_per_second, "the same, at the chip file's clock");
}

void add_compile(CLI::App& root, Action& action) {
  auto command = std::make_shared<CompileCommand>();
  CLI::App* app = root.add_subcommand("compile", "network and chip to an image with its guarantee");
  app->add_option("network", command->network, "NIR file, or integer network (.json)")->required();
  app->add_option("--chip", command->chip,
                  "chip file (TOML), or auto: the smallest of the chips that are shipped which holds it")
      ->required();
  app->add_option("-o,--output", command->output, "image to write (.loom)")->required();
  add_compile_options(*app, command->compile);
  add_mapping_options(*app, command->compile);
  add_wanted_period(*app, command->compile);
  app->add_option("--dump", command->compile.dump, "folder for every stage's result as text");
  app->add_option("--max-period", command->max_period,
                  "exit 1 if the guaranteed period is above so many cycles a step")
      ->check(above_zero());
  app->add_option("--json", command->json, "file for the compile report");
  app->callback([command, &action] { action = [command] { return run(*command); }; });
}

void add_explain(CLI::App& root, Action& action) {
  auto command = std::make_shared<ExplainCommand>();
  CLI::App* app = root.add_subcommand(
      "explain", "what limits the promised period, and what would relieve it, each tried");
  app->add_option("network", command->network, "NIR file, or integer network (.json)")->required();
  app->add_option("--chip", command->chip, "chip file (TOML)")->required();
  add_compile_options(*app, command->compile);
  add_mapping_options(*app, command->compile);
  app->add_option("--json", command->json, "file for the explanation");
  app->callback([command, &action] { action = [command] { return run(*command); }; });
}

void add_dataflow(CLI::App& root, Action& action) {
  CLI::App* group =
      root.add_subcommand("dataflow", "SDF and CSDF graphs by themselves: .xml (SDF3), .json, .sdf");
  group->require_subcommand(1);
  auto command = std::make_shared<DataflowCommand>();
  const auto add = [&](const char* name, const char* what, int (*work)(const DataflowCommand&)) {
    CLI::App* app = group->add_subcommand(name, what);
    app->add_option("graph", command->graph, "dataflow graph")->required();
    app->add_option(
        "--graph", command->application,
        "SDF3 file with several: name of the application graph (default: the first, with a note)");
    app->add_option("--processor-type", command->processor_type,
                    "SDF3: whose execution times (default: the actor's default processor, else its first)");
    app->add_flag("--phases-overlap", command->phases_overlap,
                  "phases of an actor wait for their tokens only, as in Kiter (default: for the last phase)");
    app->callback([command, &action, work] { action = [command, work] { return work(*command); }; });
    return app;
  };
  CLI::App* analyze =
      add("analyze", "repetition vector, period, critical cycle, or the deadlock by name (exit 1)",
          analyze_dataflow);
  analyze->add_option("--json", command->output, "file for the report; exact numbers as texts");
  analyze->add_option("--certificate", command->certificate, "file for the proof of the period");
  analyze->add_option("--method", command->method,
                      "expansion, k-periodic, matrix or self-timed; default: what suits the graph");
  analyze->add_flag("--sensitivity", command->sensitivity,
                    "the period after each change of an execution time or of tokens");
  analyze
      ->add_option("--latency", command->latency,
                   "source and sink: from the first start to the last end of an iteration, self-timed")
      ->expected(2);
  analyze->add_option("--iterations", command->iterations, "over which the latency is taken (default 3)");
  CLI::App* verify = add("verify", "checks a certificate against its graph (exit 1 where it does not hold)",
                         verify_dataflow);
  verify->add_option("certificate", command->certificate, "what `analyze --certificate` wrote")->required();
  CLI::App* buffers =
      add("buffers",
          "least room in channels for a period, or the exact front of room and period (exit 1: not reached)",
          buffers_dataflow);
  buffers->add_option("--period", command->period,
                      "wanted period in cycles an iteration, such as 960 or 16/3; default: the whole front");
  buffers->add_option("--json", command->output, "file for the report; exact numbers as texts");
  CLI::App* schedule = add("schedule", "start times, static orders and period on processors (exit 1: stuck)",
                           schedule_dataflow);
  schedule->add_option("--processors", command->processors,
                       "how many, or a JSON file {\"actor\": processor}; default: an actor has its own");
  schedule->add_option("--iterations", command->iterations, "that are shown (default 3)");
  schedule->add_option("--svg", command->svg, "file for a Gantt chart");
  schedule->add_option("--json", command->output, "file for the report; exact numbers as texts");
  CLI::App* convert =
      add("convert", "to another form, by extension: .xml, .json, .sdf or .dot (Graphviz)", convert_dataflow);
  convert->add_option("output", command->output, "file to write")->required();
}

/// The formats of input data, a line each, and what they count time in.
std::string formats_text() {
  std::string text =
      "Input data (docs/data.md); recordings are one sample a file, and folders of them are read:";
  for (const DataFormat& format : data_formats()) {
    text += "\n  ";
    for (const std::string& extension : format.extensions) text += extension + " ";
    text += " " + format.name + (format.is_recording ? " recording" : "") + "; times in " + format.times;
  }
  return text;
}

void add_run(CLI::App& root, Action& action) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* app = root.add_subcommand("run", "an image on a device, measured beside predicted");
  app->add_option("image", command->image, "image (.loom)")->required();
  app->add_option("--input", command->input,
                  "input data: a file of a format below, or a folder of recordings")
      ->required();
  app->footer(formats_text());
  app->add_option("--device", command->device, "device; `spikeloom devices` lists them")
      ->capture_default_str();
  app->add_option("--output", command->output, "file for spikes, potentials, decisions (.npz)");
  app->add_option("--record", command->record, "NODE:spikes or NODE:v into --output; repeatable");
  app->add_option(
      "--admit", command->admit,
      "[NAME=]APP.loom@STEP: another application enters before this step of the first; repeatable");
  app->add_option("--release", command->release,
                  "NAME@STEP: it ends, and gives back its tiles and slots; repeatable");
  app->add_option("--input-of", command->input_of,
                  "NAME=FILE: its input data; NAME is its file's, without .loom, if --admit gives none");
  app->add_option("--output-of", command->output_of, "NAME=FILE.npz: its outputs");
  app->add_option("--window-of", command->window_of, "NAME=STEPS: its window (default: --window)");
  app->add_option(
         "--window", command->window,
         "steps that the host may be ahead of the outputs, as a controller that looks at them is; what "
         "is promised holds for it (default: as many as fit)")
      ->check(above_zero());
  CLI::Option* const exit = app->add_option(
      "--exit", command->exit,
      "margin:UNITS, confidence:SHARE or entropy:SHARE: a sample ends where this holds of the readout");
  app->add_option("--exit-output", command->exit_output,
                  "output that --exit looks at (default: the last readout, else the first output's counts)");
  app->add_option("--exit-on", command->exit_on,
                  "who ends samples: the host, which looks at every step, or the device's exit unit (margins "
                  "only, chips with host.exit_window)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ExitOn>{{"host", ExitOn::kHost}, {"device", ExitOn::kDevice}}))
      ->needs(exit)
      ->default_str("host");
  app->add_option("--decide", command->decide,
                  "count, max, last or sum (default: count for spikes, max for potentials)");
  app->add_option("--json", command->json, "file for the report");
  app->add_option("--trace", command->trace, "waveforms of the run (.fst), verilator only");
  app->add_option("--max-period", command->max_period,
                  "exit 1 if the (first application's) mean period is above so many cycles a step")
      ->check(above_zero());
  app->add_option("--quiet-limit", command->quiet_seconds, "seconds without a word that are a time-out")
      ->capture_default_str();
  app->add_flag_callback(
      "--trust", [command] { command->trust = ImageTrust::kFull; },
      "run images that were not verified: promises are held against the stamps alone (default: an image that "
      "`spikeloom verify` finds fault with is refused)");
  add_data_options(*app, command->data);
  app->add_option("--dt", command->data.dt,
                  "seconds a step, for event times in seconds (default: the network's)")
      ->check(above_zero());
  app->callback([command, &action] { action = [command] { return run(*command); }; });
}

void add_verify(CLI::App& root, Action& action) {
  auto command = std::make_shared<VerifyCommand>();
  CLI::App* app = root.add_subcommand(
      "verify", "whether an image is what it claims, from its tables alone (exit 1 where it is not)");
  app->add_option("image", command->image, "image (.loom)")->required();
  CLI::Option* network = app->add_option(
      "--network", command->network,
      "also: it computes this network (NIR, or .json), quantised with the options that the image recorded");
  app->add_option("--calibrate", command->calibrate, "the data that the numbers were calibrated with")
      ->needs(network);
  CLI::App* semantics = app->add_option_group(
      "Semantics", "of the network, in place of those that the image recorded (docs/frameworks.md)");
  add_semantics_options(*semantics, command->semantics);
  for (CLI::Option* option : semantics->get_options({})) option->needs(network);
  app->add_option("--json", command->json, "file for the result");
  app->callback([command, &action] { action = [command] { return run(*command); }; });
}

void add_small(CLI::App& root, Action& action) {
  struct Files {
    std::string a, b;
  };
  auto files = std::make_shared<Files>();
  CLI::App* compare =
      root.add_subcommand("compare", "first differing step, neuron and values of two outputs");
  compare->add_option("a", files->a, ".npz")->required();
  compare->add_option("b", files->b, ".npz")->required();
  compare->callback([files, &action] { action = [files] { return compare_files(files->a, files->b); }; });
  CLI::App* info = root.add_subcommand("info", "what an image holds");
  info->add_option("image", files->a, "image (.loom)")->required();
  info->callback([files, &action] { action = [files] { return show_info(files->a); }; });
  auto json = std::make_shared<std::optional<std::string>>();
  CLI::App* chip = root.add_subcommand("chip", "a chip's memories, and the FPGAs that hold them");
  chip->add_option("chip", files->a, "chip file (TOML)")->required();
  chip->add_option("--json", *json, "file for the same");
  chip->callback([files, json, &action] { action = [files, json] { return show_chip(files->a, *json); }; });
  CLI::App* list = root.add_subcommand("devices", "devices of this build");
  list->callback([&action] { action = [] { return list_devices(); }; });
  CLI::App* build =
      root.add_subcommand("build-chip", "build the Verilated library of a chip before it is needed");
  build->add_option("chip", files->a, "chip file (TOML)")->required();
  build->callback([files, &action] { action = [files] { return build_chip(files->a); }; });
}

void add_admission(CLI::App& root, Action& action) {
  auto command = std::make_shared<AdmitCommand>();
  CLI::App* app = root.add_subcommand(
      "admit", "bind a compiled application to what is free of a chip, in a millisecond, with its guarantee");
  app->add_option("state", command->state, "file of the chip's state; made where there is none")->required();
  app->add_option("image", command->image, "application (.loom)")->required();
  app->add_option("--chip", command->chip, "chip file (TOML) of a new state (default: the image's chip)");
  app->add_option("--name", command->name, "what to call it (default: the image's file name)");
  app->add_option("--output", command->output, "the image as it was bound, to run (.loom)");
  app->add_option("--json", command->json, "report");
  app->add_flag("--greedy", command->greedy,
                "may take more than a fair share of the host's slots where that is faster");
  app->add_option_function<std::string>(
      "--max-period",
      [command](const std::string& text) {
        try {
          command->max_period = Ratio::parse(text);
        } catch (const Error& error) {
          throw CLI::ValidationError("--max-period", error.what());
        }
      },
      "refuse what guarantees less than a step every so many cycles, such as 240 or 725/3");
  app->callback([command, &action] { action = [command] { return run(*command); }; });

  app = root.add_subcommand("release", "give back what an admitted application holds");
  app->add_option("state", command->state, "file of the chip's state")->required();
  app->add_option("name", command->name, "the resident")->required();
  app->callback([command, &action] {
    action = [command] { return release_resident(command->state, *command->name); };
  });

  app = root.add_subcommand("residents", "who is on a chip, with what, and what is free");
  app->add_option("state", command->state, "file of the chip's state")->required();
  app->add_option("--json", command->json, "report");
  app->callback(
      [command, &action] { action = [command] { return show_residents(command->state, command->json); }; });
}

/// Throws Error{kInput} that lists the subcommands, unless the word is one of them.
void check_subcommand(const CLI::App& root, const std::string& word, const std::string& also) {
  std::string list;
  for (const CLI::App* const app : root.get_subcommands({})) {
    if (app->get_name() == word) return;
    list += (list.empty() ? "" : ", ") + app->get_name();
  }
  throw input_error("no subcommand is called \"" + printable(word) + "\"; expected one of " + list + also);
}

void add_emulate(CLI::App& root, Action& action) {
  auto command = std::make_shared<EmulateCommand>();
  CLI::App* app = root.add_subcommand("emulate",
                                      "a command with an emulated card: spikeloom emulate --chip FILE -- run "
                                      "IMAGE --input DATA --device 'xrt:?xclbin={xclbin}'");
  app->add_option("--chip", command->options.chip_file, "chip file (TOML): what the card holds")->required();
  app->add_option("--kernel", command->options.kernel,
                  "behind the card's registers: rtl, or model (no RTL, no cycles of the shell)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, emulation::KernelKind>{
          {"rtl", emulation::KernelKind::kRtl}, {"model", emulation::KernelKind::kModel}}))
      ->default_str("rtl");
  app->add_option("--stall", command->options.stall_seed, "seed of pauses of the card's memory; 0: none")
      ->capture_default_str();
  app->add_option("--time-limit", command->time_limit_seconds, "seconds after which the command is stopped")
      ->check(above_zero())
      ->capture_default_str();
  app->add_option(
         "command", command->command,
         "after --: a subcommand, or a program by a path with a slash; {xclbin} is the emulation's xclbin")
      ->required();
  app->positionals_at_end();
  app->callback([command, &root, &action] {
    action = [command, &root] {
      const std::string& word = command->command.front();
      if (word.find('/') == std::string::npos)
        check_subcommand(root, word, ", or a program by a path with a slash");
      return run(*command);
    };
  });
}

int run_command(int argc, char** argv) {
  CLI::App app{"Spikeloom: spiking networks onto a mesh of tiles, with promises that hold"};
  app.set_version_flag("--version", version() + " (" + commit() + ")");
  app.require_subcommand(1);
  Action action;
  add_check(app, action);
  add_compile(app, action);
  add_explain(app, action);
  add_dataflow(app, action);
  add_run(app, action);
  add_verify(app, action);
  add_admission(app, action);
  add_emulate(app, action);
  add_small(app, action);
  if (argc > 1 && argv[1][0] != '-') check_subcommand(app, argv[1], "");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kYes : kBadInput;
  }
  return action();
}

}  // namespace
}  // namespace spikeloom::cli

namespace {

int ended(int argc, char** argv) {
  using spikeloom::ErrorKind;
  try {
    return spikeloom::cli::run_command(argc, argv);
  } catch (const spikeloom::Error& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "spikeloom: error: %s\n", spikeloom::printable(error.what()).c_str());
    return error.kind() == ErrorKind::kDevice ? spikeloom::cli::kDevice : spikeloom::cli::kBadInput;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "spikeloom: error: out of memory\n");
    return spikeloom::cli::kBadInput;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spikeloom: internal error: %s; please report this\n", error.what());
    return 70;
  }
}

}  // namespace

int main(int argc, char** argv) {
  spikeloom::cli::hold_standard_streams();
  const int code = ended(argc, argv);
  const std::optional<std::string> lost = spikeloom::cli::flush_standard_output();
  if (!lost) return code;
  std::fprintf(stderr, "spikeloom: error: standard output cannot be written: %s\n", lost->c_str());
  // A worse end than this one stays.
  return code == spikeloom::cli::kYes || code == spikeloom::cli::kNo ? spikeloom::cli::kBadInput : code;
}

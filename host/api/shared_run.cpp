#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include <spikeloom/files.hpp>
#include <spikeloom/run.hpp>

#include "compiler/base/error.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/run_progress.hpp"
#include "host/device/devices.hpp"
#include "host/run/run_facts.hpp"
#include "host/run/shared_plan.hpp"
#include "host/run/window.hpp"

namespace spikeloom {
namespace {

SharedPlan plan_of(const std::string& name, const CompiledImage& first, const Dataset& data,
                   const std::vector<Visitor>& visitors, std::uint32_t window) {
  std::vector<Entering> entering;
  for (const Visitor& visitor : visitors) {
    const ChipFile chip = visitor.image.chip();
    if (chip.hash() != first.chip().hash())
      throw input_error(visitor.name + ": compiled for the chip " + chip.name() +
                        "; the first application runs on " + first.chip().name() +
                        "; compile one of them again");
    entering.push_back({visitor.name, visitor.image.value(), visitor.data, visitor.step, visitor.release,
                        visitor.window.value_or(window)});
  }
  return plan_shared(name, first.value(), data, std::move(entering), window);
}

SharedOptions shared_options(const RunOptions& options, const SharedPlan& plan) {
  SharedOptions shared;
  shared.quiet_limit = options.quiet_limit;
  if (!options.on_progress) return shared;
  shared.on_steps = [&](const std::vector<std::int64_t>& ended) {
    RunProgress progress;
    for (std::size_t i = 0; i < ended.size(); ++i) {
      progress.what += (i == 0 ? "" : ", ") + plan.stays[i].name + ": step " + std::to_string(ended[i]);
    }
    progress.ended = ended.empty() ? 0 : ended.front();
    progress.steps = static_cast<std::int64_t>(plan.stays.front().data.total_steps());
    options.on_progress(progress);
  };
  return shared;
}

/// The file that a stay's image came from.
const std::string& path_of(const PlannedStay& stay, const CompiledImage& first,
                           const std::vector<Visitor>& visitors) {
  for (const Visitor& visitor : visitors)
    if (visitor.name == stay.name) return visitor.image.path();
  return first.path();
}

/// Milliseconds that it took; `name`: the application's on the chip.
double require_verified_as(const std::string& name, const CompiledImage& handle) {
  const Image& image = handle.value();
  try {
    require_guarantee(image, image.application.name);
    return require_verified(image, handle.path().empty() ? image.application.name : handle.path()) * 1e3;
  } catch (const Error& error) {
    throw error.within(name);
  }
}

nlohmann::ordered_json stay_json(const SharedStay& run) {
  nlohmann::ordered_json json;
  json["name"] = run.name;
  json["enters_before_step"] = run.enters;
  json["origin_cycle"] = run.origin;
  json["gives_back_before_step"] =
      run.gives_back ? nlohmann::ordered_json(*run.gives_back) : nlohmann::ordered_json(nullptr);
  json["point"] = run.point;
  json["stalled_by_others_cycles"] = run.stalled;
  json["report"] = nlohmann::ordered_json::parse(to_json(run.result.report, run.image));
  return json;
}

}  // namespace

std::vector<SharedStay> run_shared(const std::string& name, const CompiledImage& first, const Dataset& data,
                                   const std::vector<Visitor>& visitors, const RunOptions& options) {
  if (options.exit) throw input_error("--exit: one application alone; leave out --admit");
  if (options.on_progress) options.on_progress({.what = "replay"});
  std::map<std::string, double> verifying_ms;  // by application; none where images are trusted
  if (options.trust == ImageTrust::kNone) {
    verifying_ms[name] = require_verified_as(name, first);
    for (const Visitor& visitor : visitors)
      verifying_ms[visitor.name] = require_verified_as(visitor.name, visitor.image);
  }
  SharedPlan plan = plan_of(name, first, data, visitors, options.window);
  const std::unique_ptr<Link> link =
      open_device(device_string(options), first.value().chip, options.on_build);
  std::vector<DeviceRun> runs = run_shared(*link, plan.script(), shared_options(options, plan));
  std::vector<SharedStay> list;
  for (std::size_t i = 0; i < plan.stays.size(); ++i) {
    PlannedStay& stay = plan.stays[i];
    const std::string& path = path_of(stay, first, visitors);
    RunResult result;
    result.report.device = link->describe();
    const std::vector<Promise> promises = promises_with_window(stay.image, stay.window);
    describe_run(
        {stay.image, promises, stay.window, path, stay.data, stay.replay, &runs[i], stay.synaptic_operations},
        result.report);
    const std::int64_t stalled = stalled_by_others(runs[i], stay.replay);
    result.outputs = std::move(runs[i].outputs);
    const std::vector<std::string>& strange = stay.data.notes;
    result.report.notes.insert(result.report.notes.end(), strange.begin(), strange.end());
    decide_samples(options.decide, stay.image, stay.data, result.outputs, result.report);
    result.judgement = judge(result.report);
    result.verifying_ms = verifying_ms[stay.name];
    list.push_back({.name = stay.name,
                    .image = CompiledImage(std::make_shared<const Image>(std::move(stay.image)), path),
                    .wanted = stay.wanted,
                    .enters = stay.enters,
                    .origin = stay.origin,
                    .gives_back = stay.gives_back,
                    .point = stay.point,
                    .binding_ms = stay.binding_ms,
                    .stalled = stalled,
                    .result = std::move(result)});
  }
  return list;
}

std::string to_text(const SharedStay& run) {
  std::string text = "\n== " + run.name + ": enters before step " + std::to_string(run.enters);
  if (run.enters != run.wanted)
    text += " (not " + std::to_string(run.wanted) + ": another start was under way)";
  text += ", cycle 0 is the chip's " + std::to_string(run.origin);
  text += run.gives_back ? ", its tiles are free again before step " + std::to_string(*run.gives_back)
                         : ", keeps its tiles to the end";
  return printable(text + " ==\npoint: " + run.point) + "\nothers stalled its tiles by " +
         std::to_string(run.stalled) + " cycles\n" + to_text(run.result.report, run.image);
}

std::string to_json(const std::vector<SharedStay>& runs) {
  nlohmann::ordered_json json;
  json["schema"] = kReportSchema;
  json["applications"] = nlohmann::ordered_json::array();
  for (const SharedStay& run : runs) json["applications"].push_back(stay_json(run));
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom

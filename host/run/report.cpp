#include "host/run/report.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"

namespace spikeloom {
namespace {

using Json = nlohmann::ordered_json;

std::string tile_text(const Image& image, std::size_t tile) {
  return "tile(" + std::to_string(tile % image.chip.width) + "," + std::to_string(tile / image.chip.width) +
         ")";
}

/// " of kind fast"; nothing where the chip has one kind.
std::string kind_text(const Image& image, std::size_t tile) {
  return image.chip.kinds() == 1 ? "" : " of kind " + image.chip.kind_at(TileId{tile}).name;
}

Json number(const std::optional<Ratio>& ratio) { return ratio ? Json(ratio->approximate()) : Json(nullptr); }
Json exact(const std::optional<Ratio>& ratio) { return ratio ? Json(ratio->str()) : Json(nullptr); }

std::optional<Ratio> period_of(const std::optional<Promise>& promise) {
  return promise ? std::optional(promise->period) : std::nullopt;
}
std::optional<Ratio> period_of(const std::optional<Timing>& timing) {
  return timing ? timing->period : std::nullopt;
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

StepAccuracy total(const std::vector<StepAccuracy>& steps) {
  StepAccuracy sum;
  for (const StepAccuracy& step : steps) {
    sum.correct += step.correct;
    sum.labelled += step.labelled;
  }
  return sum;
}

double accuracy_of(const StepAccuracy& steps) {
  return steps.labelled == 0 ? 0 : static_cast<double>(steps.correct) / static_cast<double>(steps.labelled);
}

/// Of all labelled steps, then of at most nine steps from the first to the last.
std::string step_accuracy_text(const std::vector<StepAccuracy>& steps) {
  constexpr std::size_t kShown = 9;
  const StepAccuracy all = total(steps);
  std::string text = "accuracy per step " + fixed(accuracy_of(all) * 100, 2) + " % (" +
                     std::to_string(all.correct) + " of " + std::to_string(all.labelled) + " labelled steps)";
  const std::size_t shown = std::min(kShown, steps.size());
  for (std::size_t n = 0; n < shown; ++n) {
    const std::size_t t = shown == 1 ? 0 : n * (steps.size() - 1) / (shown - 1);
    text += (n == 0 ? "; after step " : ", ") + std::to_string(t) + ": " +
            (steps[t].labelled == 0 ? "-" : fixed(accuracy_of(steps[t]) * 100, 2) + " %");
  }
  return text;
}

std::string column(const std::optional<double>& value, int digits) {
  const std::string text = value ? fixed(*value, digits) : "-";
  return std::string(text.size() < 12 ? 12 - text.size() : 0, ' ') + text;
}

std::optional<double> approximate(const std::optional<Ratio>& ratio) {
  return ratio ? std::optional(ratio->approximate()) : std::nullopt;
}

/// What of its memories a tile's clusters take, as a share of the tile.
struct MemoryUse {
  std::string name;
  std::uint64_t used = 0, available = 0;
};

std::vector<MemoryUse> memory_use(const Image& image, TileId tile) {
  const TileKind& t = image.chip.kind_at(tile);
  std::vector<MemoryUse> use{{"contexts", 0, t.contexts}, {"pages", 0, t.page_rows}};
  if (pages_in_blocks(t)) use.push_back({"page blocks", 0, page_blocks(t)});
  const std::size_t first_memory = use.size();
  for (const MemoryInfo& memory : core_of(t).memories(t))
    use.push_back({std::string(memory.name), 0, memory.capacity});
  use.push_back({"out", 0, t.out_entries});
  std::set<std::pair<std::size_t, std::uint32_t>> seen;  // memory and first entry: clusters may share entries
  for (std::size_t c = 0; c < image.application.clusters.size(); ++c) {
    const Placement& place = image.binding.placement[c];
    if (place.tile != tile) continue;
    const Cluster& cluster = image.application.clusters[c];
    const std::vector<std::uint64_t> amounts = core_of(cluster).amounts(cluster, t);
    use[0].used += 1;
    use[1].used += place.rows;
    if (pages_in_blocks(t))
      use[2].used += std::uint64_t{place.rows} * blocks_of_page(t, cluster.page_chunks());
    for (std::size_t m = 0; m < amounts.size(); ++m)
      if (amounts[m] != 0 && seen.emplace(m, place.first[m]).second) use[first_memory + m].used += amounts[m];
    use.back().used += output_entries(cluster, t);
  }
  return use;
}

/// Share of the spike wheel's slots that are allocated, on the busiest link of a router or wire.
double busiest_link(const Image& image) {
  double most = 0;
  for (const NodeTables& node : tables(image.binding, image.chip)) {
    std::uint32_t wire = 0;
    std::uint32_t ports[5] = {};
    for (const auto& slot : node.spike_slots) wire += slot.tx_valid;
    for (const auto& route : node.spike_routes) {
      const std::uint32_t selectors[5] = {route.north, route.east, route.south, route.west, route.local};
      for (int p = 0; p < 5; ++p) ports[p] += selectors[p] != 0 ? 1U : 0U;
    }
    const std::uint32_t busiest = std::max(wire, *std::max_element(ports, ports + 5));
    most = std::max(most, static_cast<double>(busiest) / image.chip.spike_wheel);
  }
  return most;
}

Json json_of(const PromiseCheck& check) {
  Json json;
  json["name"] = name_of(check.kind);
  json["kept"] = check.kept;
  json["steps_checked"] = check.steps;
  json["least_slack"] = check.least_slack;
  json["least_latency_slack"] = check.least_latency_slack;
  json["first_broken"] = check.first_broken ? Json(*check.first_broken) : Json(nullptr);
  json["void_from"] = check.void_from ? Json(*check.void_from) : Json(nullptr);
  json["mean_at_most"] = number(check.mean_at_most);
  json["mean_at_most_exact"] = exact(check.mean_at_most);
  return json;
}

/// The guarantee was laid beside at least one stamp; else "nothing was broken" would say nothing.
bool has_guarantee(const Report& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const PromiseCheck& check) {
    return check.kind == PromiseKind::kGuaranteed && check.steps > 0;
  });
}

}  // namespace

Timing timing_of(const DeviceRun& run) {
  Timing timing;
  const auto steps = static_cast<std::int64_t>(run.ended.size());
  if (steps > 1) timing.period = Ratio(run.ended.back() - run.ended.front(), steps - 1);
  for (std::size_t k = 0; k < run.ended.size(); ++k)
    timing.latency = std::max(timing.latency, run.ended[k] - run.sent[k]);
  return timing;
}

PromiseCheck check_promise(const Promise& promise, const DeviceRun& run,
                           std::optional<std::int64_t> void_from) {
  PromiseCheck check;
  check.kind = promise.kind;
  check.void_from = void_from;
  check.least_slack = check.least_latency_slack = std::numeric_limits<std::int64_t>::max();
  check.steps = static_cast<std::int64_t>(run.ended.size());
  if (void_from) check.steps = std::min(check.steps, *void_from);
  for (std::int64_t k = 0; k < check.steps; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const std::int64_t slack = promise.offset + (promise.period * Ratio(k)).ceil() - run.ended[i];
    const std::int64_t latency_slack = promise.latency - (run.ended[i] - run.sent[i]);
    check.least_slack = std::min(check.least_slack, slack);
    check.least_latency_slack = std::min(check.least_latency_slack, latency_slack);
    if ((slack < 0 || latency_slack < 0) && !check.first_broken) check.first_broken = k;
  }
  if (check.steps == 0) check.least_slack = check.least_latency_slack = 0;
  // The first and the last stamp make the mean; the promise bounds the last.
  if (const auto last = static_cast<std::int64_t>(run.ended.size()) - 1; last > 0 && !void_from)
    check.mean_at_most =
        Ratio(promise.offset + (promise.period * Ratio(last)).ceil() - run.ended.front(), last);
  check.kept = !check.first_broken;
  return check;
}

std::optional<std::int64_t> contract_void_from(const Image& image, const DeviceRun& run) {
  std::optional<std::int64_t> first;
  for (std::size_t t = 0; t < run.tiles.size(); ++t) {
    if (run.tiles[t].contract_broken == 0 || image.binding.orders[t].empty()) continue;
    const std::int64_t step =
        run.tiles[t].contract_first / static_cast<std::int64_t>(image.binding.orders[t].size());
    first = first ? std::min(*first, step) : step;
  }
  return first;
}

std::optional<std::int64_t> void_from(const Image& image, const Promise& promise, const DeviceRun& run,
                                      const Dataset& data) {
  if (promise.kind == PromiseKind::kContracted) return contract_void_from(image, run);
  if (promise.kind != PromiseKind::kSampled) return std::nullopt;
  std::int64_t step = 0;
  for (std::size_t s = 0; s < data.samples.size(); ++s) {
    const std::size_t steps = data.samples[s].steps();
    if (promise.exact_steps && steps != promise.sample_steps) return step;
    step += static_cast<std::int64_t>(steps);
    if (steps < promise.sample_steps && s + 1 < data.samples.size()) return step;
  }
  return std::nullopt;
}

std::int64_t mismatched_steps(const DeviceRun& device, const DeviceRun& replay) {
  SPIKELOOM_CHECK(device.ended.size() == replay.ended.size());
  std::int64_t count = 0;
  for (std::size_t k = 0; k < device.ended.size(); ++k)
    if (device.ended[k] != replay.ended[k] || device.sent[k] != replay.sent[k]) ++count;
  return count;
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKept:
      return "kept";
    case Verdict::kVoid:
      return "void";
    case Verdict::kBroken:
      return "broken";
    case Verdict::kMismatched:
      return "mismatched";
  }
  internal_error("a verdict without a name", __FILE__, __LINE__);
}

Judgement judge(const Report& report) {
  if (!has_guarantee(report))
    throw input_error("the report of " + report.network +
                      " checked no guaranteed promise in any step, so there is nothing to judge");
  Judgement judgement;
  const auto add = [&](Verdict verdict, std::string reason) {
    judgement.verdict = std::max(judgement.verdict, verdict);
    judgement.reasons.push_back(std::move(reason));
  };
  if (const std::int64_t steps = report.mismatched.value_or(0); steps != 0)
    add(Verdict::kMismatched, std::to_string(steps) + " of " + std::to_string(report.steps) +
                                  " steps have other stamps than the replay");
  if (const std::int64_t values = report.differing_values.value_or(0); values != 0)
    add(Verdict::kMismatched, std::to_string(values) + " output values differ from the replay's");
  for (const PromiseCheck& check : report.checks) {
    if (check.first_broken)
      add(Verdict::kBroken, "promise " + std::string(name_of(check.kind)) + ": broken in step " +
                                std::to_string(*check.first_broken) + "; least slack " +
                                std::to_string(check.least_slack) + " cycles to the stamp's bound, " +
                                std::to_string(check.least_latency_slack) + " to the latency's");
    if (check.void_from)
      add(Verdict::kVoid,
          "promise " + std::string(name_of(check.kind)) + ": void from step " +
              std::to_string(*check.void_from) +
              (check.kind == PromiseKind::kSampled ? ", where a sample has another length than it is for"
                                                   : ", where the input broke the contract"));
  }
  return judgement;
}

std::optional<Ratio> mean_period(const Report& report) {
  return report.measured ? report.measured->period : report.replayed.period;
}

bool Report::promises_kept() const {
  return has_guarantee(*this) &&
         std::all_of(checks.begin(), checks.end(), [](const PromiseCheck& c) { return c.kept; }) &&
         mismatched.value_or(0) == 0 && differing_values.value_or(0) == 0;
}

std::string to_json(const Report& report, const Image& image) {
  Json json;
  json["schema"] = kReportSchema;
  json["device"] = report.device;
  json["network"] = report.network;
  json["chip"] = report.chip;
  json["image"] = report.image;
  json["seed"] = report.seed;
  json["window"] = report.window > 0 ? Json(report.window) : Json(nullptr);
  json["accuracy"] = report.accuracy ? Json(*report.accuracy) : Json(nullptr);
  json["correct"] = report.labelled > 0 ? Json(report.correct) : Json(nullptr);
  if (!report.by_step.empty()) {
    const StepAccuracy all = total(report.by_step);
    Json& steps = json["steps_labelled"];
    steps["accuracy"] = accuracy_of(all);
    steps["correct"] = all.correct;
    steps["labelled"] = all.labelled;
    for (const StepAccuracy& step : report.by_step) {
      steps["correct_by_step"].push_back(step.correct);
      steps["labelled_by_step"].push_back(step.labelled);
    }
  }
  if (report.exit) {
    const ExitReport& exit = *report.exit;
    json["exit"] = {{"rule", exit.rule},
                    {"output", exit.output},
                    {"by", exit.by},
                    {"unit", exit.unit},
                    {"mean_steps", exit.mean_steps},
                    {"histogram", exit.histogram},
                    {"wasted_steps", exit.wasted},
                    {"void_steps", exit.voids},
                    {"least_mean_steps", exit.least_mean_steps},
                    {"correct_to_end", exit.correct_to_end},
                    {"squared_steps", exit.squared_steps},
                    {"squared_steps_to_end", exit.squared_steps_to_end},
                    {"energy_delay", exit.energy_delay},
                    {"energy_delay_to_end", exit.energy_delay_to_end}};
  }
  json["samples"] = report.samples;
  json["ties"] = report.tied;
  json["steps"] = report.steps;
  json["spikes"]["out"] = report.output_spikes;
  json["synaptic_operations"] = report.synaptic_operations;
  if (report.saved)
    json["static_inputs"] = {{"inputs", report.saved->inputs},
                             {"spikes_not_sent", report.saved->spikes},
                             {"synaptic_operations_saved", report.saved->synaptic_operations}};
  json["period"] = {{"guaranteed", number(period_of(report.guaranteed))},
                    {"sampled", number(period_of(report.sampled))},
                    {"contracted", number(period_of(report.contracted))},
                    {"replayed", number(report.replayed.period)},
                    {"measured", number(period_of(report.measured))}};
  json["period_exact"] = {{"guaranteed", exact(period_of(report.guaranteed))},
                          {"sampled", exact(period_of(report.sampled))},
                          {"contracted", exact(period_of(report.contracted))},
                          {"replayed", exact(report.replayed.period)},
                          {"measured", exact(period_of(report.measured))}};
  json["sample_steps"] = report.sampled ? Json(report.sampled->sample_steps) : Json(nullptr);
  json["latency"] = {{"guaranteed", report.guaranteed ? Json(report.guaranteed->latency) : Json(nullptr)},
                     {"sampled", report.sampled ? Json(report.sampled->latency) : Json(nullptr)},
                     {"contracted", report.contracted ? Json(report.contracted->latency) : Json(nullptr)},
                     {"replayed", report.replayed.latency},
                     {"measured", report.measured ? Json(report.measured->latency) : Json(nullptr)}};
  json["offset"] = {{"guaranteed", report.guaranteed ? Json(report.guaranteed->offset) : Json(nullptr)},
                    {"sampled", report.sampled ? Json(report.sampled->offset) : Json(nullptr)},
                    {"contracted", report.contracted ? Json(report.contracted->offset) : Json(nullptr)}};
  json["promises_kept"] = report.promises_kept();
  json["promises"] = Json::array();
  for (const PromiseCheck& check : report.checks) json["promises"].push_back(json_of(check));
  json["broken_contracts"] = report.broken_contracts;
  json["replay"]["mismatched_steps"] = report.mismatched ? Json(*report.mismatched) : Json(nullptr);
  json["replay"]["differing_values"] =
      report.differing_values ? Json(*report.differing_values) : Json(nullptr);
  json["critical_cycle"] = report.guaranteed ? Json(report.guaranteed->critical_cycle) : Json::array();
  json["cycles"] = report.cycles;
  json["derived"]["clock_mhz"] = report.clock_mhz;
  const std::optional<Ratio> period = mean_period(report);
  json["derived"]["steps_per_second"] =
      period ? Json(report.clock_mhz * 1e6 / period->approximate()) : Json(nullptr);
  json["utilisation"]["busiest_link_slots"] = busiest_link(image);
  json["tiles"] = Json::array();
  for (std::size_t t = 0; t < report.tiles.size(); ++t) {
    const TileCounters& c = report.tiles[t];
    Json tile;
    tile["tile"] = tile_text(image, t);
    if (image.chip.kinds() > 1) tile["kind"] = image.chip.kind_at(TileId{t}).name;
    tile["firings"] = c.firings;
    tile["busy"] = c.busy;
    tile["wait_input"] = c.wait_input;
    tile["wait_output"] = c.wait_output;
    tile["streamed_words"] = c.streamed;
    tile["spikes"] = c.spikes;
    tile[std::string(core_of(image.chip.kind_at(TileId{t})).counter().name)] = c.core;
    tile["utilisation"] =
        report.cycles > 0 ? static_cast<double>(c.busy) / static_cast<double>(report.cycles) : 0.0;
    for (const MemoryUse& use : memory_use(image, TileId{t}))
      tile["memory"][use.name] = {use.used, use.available};
    json["tiles"].push_back(std::move(tile));
  }
  json["notes"] = report.notes;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

namespace {

/// What the promise's check says.
std::optional<Ratio> mean_bound(const Report& report, const std::optional<Promise>& promise) {
  for (const PromiseCheck& check : report.checks)
    if (promise && check.kind == promise->kind) return check.mean_at_most;
  return std::nullopt;
}

/// A column of the table of cycles.
struct CyclesColumn {
  std::string name;
  std::optional<Ratio> period, mean_at_most;
  std::optional<std::int64_t> latency;
};

std::vector<CyclesColumn> cycles_columns(const Report& report) {
  const auto promised = [&](const std::string& name, const std::optional<Promise>& promise) {
    return CyclesColumn{name, period_of(promise), mean_bound(report, promise),
                        promise ? std::optional(promise->latency) : std::nullopt};
  };
  std::vector<CyclesColumn> columns{promised("guaranteed", report.guaranteed)};
  if (report.sampled) columns.push_back(promised("sampled", report.sampled));
  columns.push_back(promised("contracted", report.contracted));
  columns.push_back({"replayed", report.replayed.period, {}, report.replayed.latency});
  columns.push_back({"measured",
                     period_of(report.measured),
                     {},
                     report.measured ? std::optional(report.measured->latency) : std::nullopt});
  return columns;
}

void print_cycles(std::ostringstream& out, const Report& report) {
  const std::vector<CyclesColumn> columns = cycles_columns(report);
  const auto row = [&](const char* name, auto&& value, int digits) {
    out << "  " << name;
    for (const CyclesColumn& of : columns) out << column(value(of), digits);
    out << "\n";
  };
  out << "cycles a step  ";
  for (const CyclesColumn& of : columns) out << std::string(12 - of.name.size(), ' ') << of.name;
  out << "\n";
  row(
      "period       ", [](const CyclesColumn& of) { return approximate(of.period); }, 2);
  row(
      "mean at most ", [](const CyclesColumn& of) { return approximate(of.mean_at_most); }, 2);
  row(
      "latency      ",
      [](const CyclesColumn& of) {
        return of.latency ? std::optional(static_cast<double>(*of.latency)) : std::nullopt;
      },
      0);
  for (const std::optional<Promise>& promise : {report.guaranteed, report.sampled, report.contracted}) {
    const std::optional<Ratio> mean = mean_period(report), bound = mean_bound(report, promise);
    if (!mean || !bound || *mean <= promise->period) continue;
    out << "  The mean of these " << report.steps << " steps is above the " << name_of(promise->kind)
        << " period, and the promise may still be kept: step k ends by cycle " << promise->offset << " + "
        << promise->period.str() << "*k,\n  and step 0 ended before cycle " << promise->offset
        << ", which the mean of a short run shows. So its bound for this run is "
        << fixed(bound->approximate(), 2) << "; the period is that of an endless one.\n";
  }
}

void print_exit(std::ostringstream& out, const Report& report) {
  const ExitReport& exit = *report.exit;
  const auto times = [](double more, double less) { return fixed(less > 0 ? more / less : 0, 2); };
  out << "exit " << exit.rule << " on " << exit.output
      << (exit.by == "device" ? ", by the chip's exit unit" : "") << " (a unit is " << exit.unit
      << "): " << fixed(exit.mean_steps, 3) << " steps a sample; samples by steps used:";
  for (const std::int64_t samples : exit.histogram) out << " " << samples;
  out << "\n  " << counted(exit.wasted, "step") << " wasted: under way when a sample was decided; "
      << counted(exit.voids, "void step") << " to end samples\n";
  if (report.labelled > 0)
    out << "  right after all steps " << exit.correct_to_end << " of " << report.labelled
        << "; no rule on these scores needs fewer than " << fixed(exit.least_mean_steps, 3)
        << " steps a sample (AET)\n";
  out << "  energy x delay, beside the same samples to their ends without a window: by steps "
      << fixed(exit.squared_steps, 2) << " of " << fixed(exit.squared_steps_to_end, 2) << " ("
      << times(exit.squared_steps_to_end, exit.squared_steps) << " times less), by cycles "
      << fixed(exit.energy_delay, 0) << " of " << fixed(exit.energy_delay_to_end, 0) << " ("
      << times(exit.energy_delay_to_end, exit.energy_delay) << " times less)\n";
}

void print_promises(std::ostringstream& out, const Report& report) {
  for (const PromiseCheck& check : report.checks) {
    out << "promise "
        << (check.kind == PromiseKind::kSampled && report.sampled ? title(*report.sampled)
                                                                  : std::string(name_of(check.kind)))
        << ": " << (check.kept ? "kept" : "BROKEN") << " in " << check.steps << " of " << report.steps
        << " steps; least slack " << check.least_slack << " cycles to the stamp's bound, "
        << check.least_latency_slack << " to the latency's";
    if (check.first_broken) out << "; first broken in step " << *check.first_broken;
    if (check.void_from)
      out << "; void from step " << *check.void_from << " ("
          << (check.kind == PromiseKind::kSampled
                  ? "a sample has another length than it is for"
                  : "the input worked some tile harder than its contract says")
          << ", so from there on this promise says nothing; the guaranteed one holds)";
    out << "\n";
  }
  for (const std::string& line : report.broken_contracts) out << "contract broken: " << line << "\n";
  if (report.mismatched)
    out << "replay: " << *report.mismatched << " of " << report.steps
        << " steps differ from the device's stamps, " << report.differing_values.value_or(0)
        << " output values differ\n";
  else if (report.differing_values)
    out << "replay: " << *report.differing_values << " output values differ from the device's\n";
}

void print_tiles(std::ostringstream& out, const Report& report, const Image& image) {
  for (std::size_t t = 0; t < report.tiles.size(); ++t) {
    const TileCounters& c = report.tiles[t];
    if (image.binding.orders[t].empty()) continue;
    const double share = report.cycles > 0 ? 100.0 / static_cast<double>(report.cycles) : 0;
    out << "  " << tile_text(image, t) << kind_text(image, t) << ": busy "
        << fixed(static_cast<double>(c.busy) * share, 1) << " %, waits for input "
        << fixed(static_cast<double>(c.wait_input) * share, 1) << " %, for output "
        << fixed(static_cast<double>(c.wait_output) * share, 1) << " %; " << c.firings << " firings, "
        << c.core << " " << core_of(image.chip.kind_at(TileId{t})).counter().counts << ";";
    for (const MemoryUse& use : memory_use(image, TileId{t}))
      out << " " << use.name << " " << use.used << "/" << use.available;
    out << "\n";
  }
}

}  // namespace

std::string to_text(const Report& report, const Image& image) {
  std::ostringstream out;
  out << "network " << report.network << " on " << report.chip << " through " << report.device << ", seed "
      << report.seed << "\n";
  out << counted(report.samples, "sample") << ", " << counted(report.steps, "step");
  if (report.accuracy)
    out << "; accuracy " << fixed(*report.accuracy * 100, 2) << " % (" << report.correct << " of "
        << report.labelled << ")";
  if (!report.by_step.empty()) out << "; " << step_accuracy_text(report.by_step);
  if (!report.tied.empty())
    out << "; " << counted(report.tied.size(), "tie") << ", decided by the lowest index";
  out << "\n"
      << counted(report.output_spikes, "output spike") << ", "
      << counted(report.synaptic_operations, "synaptic operation") << "\n";
  if (report.saved) {
    out << "static inputs:";
    for (const std::string& name : report.saved->inputs) out << " " << name;
    out << "; sent in a sample's first step, their sums held: " << report.saved->spikes
        << " spikes were not sent, " << report.saved->synaptic_operations
        << " synaptic operations not done\n";
  }
  if (report.window > 0)
    out << "window " << report.window << ": step k waits for the outputs of step k - " << report.window
        << "; what is promised holds for such a run\n";
  if (report.exit) print_exit(out, report);
  out << "\n";
  print_cycles(out, report);
  out << "\n";
  print_promises(out, report);
  for (const std::optional<Promise>& promise : {report.guaranteed, report.sampled}) {
    if (!promise || promise->critical_cycle.empty()) continue;
    out << "critical cycle of the "
        << (promise->kind == PromiseKind::kGuaranteed ? "guarantee" : "promise for samples") << ":\n";
    for (const std::string& part : abridged(promise->critical_cycle)) out << "  " << part << "\n";
  }
  out << "\nutilisation (busiest link: " << fixed(busiest_link(image) * 100, 0)
      << " % of its slots allocated)\n";
  print_tiles(out, report, image);
  const std::optional<Ratio> period = mean_period(report);
  if (period)
    out << "derived: " << fixed(report.clock_mhz * 1e6 / period->approximate(), 0) << " steps/s at "
        << fixed(report.clock_mhz, 1) << " MHz (the chip file's clock, not a measurement)\n";
  for (const std::string& note : report.notes) out << "note: " << note << "\n";
  return out.str();
}

}  // namespace spikeloom

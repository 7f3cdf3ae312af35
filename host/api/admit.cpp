#include "compiler/admit/admit.hpp"

#include <chrono>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <spikeloom/admit.hpp>

#include "compiler/admit/points.hpp"
#include "compiler/admit/state_file.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/base/text.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/lines.hpp"

namespace spikeloom {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// The state, or that of an empty chip where there is none yet.
ChipState state_of(const AdmitRequest& request, const Image& image) {
  std::optional<ChipState> state = read_state(request.state);
  if (!request.chip) return state ? *std::move(state) : ChipState(image.chip);
  const Chip chip = read_chip(*request.chip);
  if (!state) return ChipState(chip);
  if (chip_hash(chip) != chip_hash(state->chip()))
    throw input_error("--chip " + *request.chip + ": the state " + request.state + " is of chip " +
                      state->chip().name +
                      ", which is built otherwise; leave --chip out, or name another state file");
  return *std::move(state);
}

ChipState state_at(const std::string& path) {
  std::optional<ChipState> state = read_state(path);
  if (!state)
    throw input_error(path + ": there is no such chip state; expected the file that `spikeloom admit` wrote");
  return *std::move(state);
}

std::size_t slots_of(const Binding& binding) {
  std::size_t slots = 0;
  for (const Channel& channel : binding.channels) {
    slots += channel.slots.size();
    for (const Destination& end : channel.to) slots += end.credit_slots.size();
  }
  return slots;
}

ResidentReport report_of(const Resident& resident, const Chip& chip) {
  ResidentReport report;
  report.name = resident.name;
  report.application = resident.binding.application;
  report.point = resident.point;
  report.promise = resident.promise;
  report.clock_mhz = chip.clock_mhz;
  report.steps_per_second = chip.clock_mhz * 1e6 / resident.promise.period.approximate();
  for (std::uint32_t t = 0; t < resident.binding.orders.size(); ++t)
    if (!resident.binding.orders[t].empty()) report.tiles.emplace_back(t % chip.width, t / chip.width);
  report.slots = slots_of(resident.binding);
  report.image_digest = resident.digest;
  return report;
}

Residents report_of(const ChipState& state) {
  Residents residents;
  residents.chip = state.chip().name;
  residents.tiles = state.chip().tiles();
  residents.free_tiles = state.free_tiles();
  for (const Resident& resident : state.residents())
    residents.list.push_back(report_of(resident, state.chip()));
  residents.free_text = printable(print_free(state));
  return residents;
}

/// What the resident is to be called.
std::string name_of(const AdmitRequest& request) {
  const std::string name =
      request.name ? *request.name : std::filesystem::path(request.image).stem().string();
  if (is_name(name)) return name;
  throw input_error((request.name ? "--name \"" + name + "\""
                                  : request.image + ": its name \"" + name + "\" cannot be the resident's") +
                    ": expected a name in UTF-8 without control characters" +
                    (request.name ? "" : "; choose one with --name"));
}

nlohmann::ordered_json json_of(const ResidentReport& resident) {
  nlohmann::ordered_json json;
  json["name"] = printable(resident.name);
  json["application"] = resident.application;
  json["point"] = resident.point;
  json["period"] = resident.promise.period.approximate();
  json["period_exact"] = resident.promise.period.str();
  json["latency"] = resident.promise.latency;
  json["offset"] = resident.promise.offset;
  json["steps_per_second"] = resident.steps_per_second;
  json["tiles"] = nlohmann::ordered_json::array();
  for (const auto& [x, y] : resident.tiles) json["tiles"].push_back({x, y});
  json["slots"] = resident.slots;
  json["image_digest"] = resident.image_digest;
  return json;
}

std::string dumped(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::variant<Admitted, NotAdmitted> admit(const AdmitRequest& request) {
  (void)state_path(request.state);
  const std::string name = name_of(request);
  if (request.max_period && *request.max_period <= Ratio(0))
    throw input_error("--max-period: expected more than 0 cycles a step, found " + request.max_period->str());
  const auto begin = Clock::now();
  Image image = read_image(request.image);
  const std::string digest = digest_of(read_file(request.image));
  const double reading_ms = milliseconds_since(begin);
  const double verifying_ms = require_verified(image, request.image) * 1e3;
  if (image.points.empty()) {
    if (request.on_note)
      request.on_note(request.image +
                      " holds no operating points; they are worked out now (compile --points keeps them)");
    image.points = operating_points(image);
  }
  const StateLock lock(request.state, kPatience, request.on_wait);
  ChipState state = state_of(request, image);
  if (state.find(name) != nullptr)
    throw input_error(request.state + ": a resident is already called " + name +
                      "; choose another name (--name), or release it first");
  AdmitOptions options;
  options.greedy = request.greedy;
  options.max_period = request.max_period;
  const auto asked = Clock::now();
  auto answer = admit(state, image, options);
  const double milliseconds = milliseconds_since(asked);
  if (auto* no = std::get_if<Refusal>(&answer))
    return NotAdmitted{name,       std::move(*no), milliseconds,
                       reading_ms, verifying_ms,   milliseconds_since(begin)};
  const Admission& admission = std::get<Admission>(answer);
  const std::size_t points = image.points.size();
  state.enter(resident_of(name, image, admission, digest));
  auto placed = std::make_shared<const Image>(bound(std::move(image), admission));
  expect_sound(*placed, request.image);
  Admitted admitted{.resident = report_of(state.residents().back(), state.chip()),
                    .image = CompiledImage(placed, request.image),
                    .contracted = {},
                    .point_number = admission.point,
                    .points = points,
                    .free_tiles = state.free_tiles(),
                    .tiles = state.chip().tiles(),
                    .admission_ms = milliseconds,
                    .reading_ms = reading_ms,
                    .verifying_ms = verifying_ms,
                    .all_ms = milliseconds_since(begin)};
  if (placed->promises.size() > 1) admitted.contracted = placed->promises.back();
  if (request.before_commit) request.before_commit(admitted);
  write_state(state, request.state);
  admitted.all_ms = milliseconds_since(begin);
  return admitted;
}

Residents release(const std::string& path, const std::string& name,
                  const std::function<void(const std::string& lock)>& on_wait) {
  (void)state_at(path);
  const StateLock lock(path, kPatience, on_wait);
  ChipState state = state_at(path);
  try {
    state.release(name);
  } catch (const Error& error) {
    throw error.within(path);
  }
  write_state(state, path);
  return report_of(state);
}

Residents residents(const std::string& state) { return report_of(state_at(state)); }

std::string to_text(const ResidentReport& resident) {
  std::string text = line(
      "%s: application %u, a step every %s cycles (%.2f), %.0f steps/s at %g MHz, latency at most %lld "
      "cycles\n  %zu slots on",
      printable(resident.name).c_str(), resident.application, resident.promise.period.str().c_str(),
      resident.promise.period.approximate(), resident.steps_per_second, resident.clock_mhz,
      static_cast<long long>(resident.promise.latency), resident.slots);
  for (const auto& [x, y] : resident.tiles) text += line(" tile(%u,%u)", x, y);
  return text + "; " + printable(resident.point) + "\n";
}

std::string to_text(const Admitted& admitted) {
  std::string text = to_text(admitted.resident);
  if (admitted.contracted)
    text += line("  contracted: a step every %s cycles (%.2f)\n", admitted.contracted->period.str().c_str(),
                 admitted.contracted->period.approximate());
  return text +
         line(
             "  admitted in %.3f ms; reading the image %.1f ms, verifying it %.1f ms, with all files and "
             "checks %.1f ms; %u of %u tiles are still free\n",
             admitted.admission_ms, admitted.reading_ms, admitted.verifying_ms, admitted.all_ms,
             admitted.free_tiles, admitted.tiles);
}

std::string to_text(const NotAdmitted& refused) {
  const auto& [reason, remedy] = refused.refusal;
  return printable(reason) + (remedy.empty() ? "" : printable("; " + remedy)) +
         line(
             "\n  refused in %.3f ms; reading the image %.1f ms, verifying it %.1f ms, with all files and "
             "checks %.1f ms\n",
             refused.admission_ms, refused.reading_ms, refused.verifying_ms, refused.all_ms);
}

std::string to_text(const Residents& residents) {
  std::string text = residents.free_text;
  for (const ResidentReport& resident : residents.list) text += to_text(resident);
  return text;
}

std::string to_json(const Admitted& admitted) {
  nlohmann::ordered_json json = {{"schema", 1}, {"admitted", true}};
  json.update(json_of(admitted.resident));
  json["point_number"] = admitted.point_number;
  json["points"] = admitted.points;
  if (admitted.contracted) json["contracted_period"] = admitted.contracted->period.approximate();
  json["critical_cycle"] = admitted.resident.promise.critical_cycle;
  json["milliseconds"] = {{"admission", admitted.admission_ms},
                          {"reading", admitted.reading_ms},
                          {"verifying", admitted.verifying_ms},
                          {"all", admitted.all_ms}};
  return dumped(json);
}

std::string to_json(const NotAdmitted& refused) {
  return dumped({{"schema", 1},
                 {"admitted", false},
                 {"name", printable(refused.name)},
                 {"reason", refused.refusal.reason},
                 {"remedy", refused.refusal.remedy},
                 {"milliseconds",
                  {{"admission", refused.admission_ms},
                   {"reading", refused.reading_ms},
                   {"verifying", refused.verifying_ms},
                   {"all", refused.all_ms}}}});
}

std::string to_json(const Residents& residents) {
  nlohmann::ordered_json json = {{"schema", 1},
                                 {"chip", printable(residents.chip)},
                                 {"tiles", residents.tiles},
                                 {"free_tiles", residents.free_tiles}};
  json["residents"] = nlohmann::ordered_json::array();
  for (const ResidentReport& resident : residents.list) json["residents"].push_back(json_of(resident));
  return dumped(json);
}

}  // namespace spikeloom

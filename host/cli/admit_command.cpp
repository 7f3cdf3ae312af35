#include <chrono>
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "compiler/admit/admit.hpp"
#include "compiler/admit/points.hpp"
#include "compiler/admit/state_file.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/base/text.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

constexpr std::chrono::seconds kPatience{30};

void say_waiting(const std::string& lock) {
  std::fprintf(stderr, "waiting for another admission or release: %s\n", lock.c_str());
}

/// The state, or that of an empty chip where there is none yet.
ChipState state_of(const AdmitCommand& command, const Image& image) {
  std::optional<ChipState> state = read_state(command.state);
  if (!command.chip) return state ? *std::move(state) : ChipState(image.chip);
  const Chip chip = read_chip(*command.chip);
  if (!state) return ChipState(chip);
  if (chip_hash(chip) != chip_hash(state->chip()))
    throw input_error("--chip " + *command.chip + ": the state " + command.state + " is of chip " +
                      state->chip().name +
                      ", which is built otherwise; leave --chip out, or name another state file");
  return *std::move(state);
}

double steps_per_second(const Chip& chip, const Promise& promise) {
  return chip.clock_mhz * 1e6 / promise.period.approximate();
}

std::vector<TileId> tiles_of(const Binding& binding) {
  std::vector<TileId> tiles;
  for (std::size_t t = 0; t < binding.orders.size(); ++t)
    if (!binding.orders[t].empty()) tiles.emplace_back(t);
  return tiles;
}

std::size_t slots_of(const Binding& binding) {
  std::size_t slots = 0;
  for (const Channel& channel : binding.channels) {
    slots += channel.slots.size();
    for (const Destination& end : channel.to) slots += end.credit_slots.size();
  }
  return slots;
}

Json json_of(const Resident& resident, const Chip& chip) {
  Json json;
  json["name"] = printable(resident.name);
  json["application"] = resident.binding.application;
  json["point"] = resident.point;
  json["period"] = resident.promise.period.approximate();
  json["period_exact"] = resident.promise.period.str();
  json["latency"] = resident.promise.latency;
  json["offset"] = resident.promise.offset;
  json["steps_per_second"] = steps_per_second(chip, resident.promise);
  json["tiles"] = Json::array();
  for (const TileId tile : tiles_of(resident.binding))
    json["tiles"].push_back({tile.value % chip.width, tile.value / chip.width});
  json["slots"] = slots_of(resident.binding);
  json["image_digest"] = resident.digest;
  return json;
}

void print_resident(const Resident& resident, const Chip& chip) {
  std::printf(
      "%s: application %u, a step every %s cycles (%.2f), %.0f steps/s at %g MHz, latency at most %lld "
      "cycles\n",
      printable(resident.name).c_str(), resident.binding.application, resident.promise.period.str().c_str(),
      resident.promise.period.approximate(), steps_per_second(chip, resident.promise), chip.clock_mhz,
      static_cast<long long>(resident.promise.latency));
  std::printf("  %zu slots on", slots_of(resident.binding));
  for (const TileId tile : tiles_of(resident.binding)) std::printf(" %s", tile_name(chip, tile).c_str());
  std::printf("; %s\n", printable(resident.point).c_str());
}

/// What the resident is to be called.
std::string name_of(const AdmitCommand& command) {
  const std::string name =
      command.name ? *command.name : std::filesystem::path(command.image).stem().string();
  if (is_name(name)) return name;
  throw input_error((command.name ? "--name \"" + name + "\""
                                  : command.image + ": its name \"" + name + "\" cannot be the resident's") +
                    ": expected a name in UTF-8 without control characters" +
                    (command.name ? "" : "; choose one with --name"));
}

void write_json(const std::optional<std::string>& path, const Json& json) {
  if (path) write_text(*path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

int refuse(const AdmitCommand& command, const std::string& name, const Refusal& refusal,
           const Json& milliseconds) {
  write_json(command.json, {{"schema", 1},
                            {"admitted", false},
                            {"name", printable(name)},
                            {"reason", refusal.reason},
                            {"remedy", refusal.remedy},
                            {"milliseconds", milliseconds}});
  std::fprintf(stderr, "spikeloom: %s is not admitted to %s: %s%s\n", printable(name).c_str(),
               command.state.c_str(), printable(refusal.reason).c_str(),
               refusal.remedy.empty() ? "" : printable("; " + refusal.remedy).c_str());
  return kNo;
}

}  // namespace

int run(const AdmitCommand& command) {
  check_files({{"the image", command.image}, {"--chip", command.chip}},
              {{"the state", command.state}, {"--output", command.output}, {"--json", command.json}});
  (void)state_path(command.state);
  const std::string name = name_of(command);
  const auto begin = Clock::now();
  Image image = read_image(command.image);
  const std::string digest = digest_of(read_file(command.image));
  if (image.points.empty()) {
    std::printf("note: %s holds no operating points; they are worked out now (compile --points keeps them)\n",
                command.image.c_str());
    image.points = operating_points(image);
  }
  const StateLock lock(command.state, kPatience, say_waiting);
  ChipState state = state_of(command, image);
  if (state.find(name) != nullptr)
    throw input_error(command.state + ": a resident is already called " + name +
                      "; choose another name (--name), or release it first");
  AdmitOptions options;
  options.greedy = command.greedy;
  options.max_period = command.max_period;
  const auto asked = Clock::now();
  const auto answer = admit(state, image, options);
  const double milliseconds = milliseconds_since(asked);
  if (const auto* no = std::get_if<Refusal>(&answer))
    return refuse(command, name, *no, {{"admission", milliseconds}, {"all", milliseconds_since(begin)}});
  const Admission& admission = std::get<Admission>(answer);
  const std::size_t points = image.points.size();
  state.enter(resident_of(name, image, admission, digest));
  const Image placed = bound(std::move(image), admission);
  expect_sound(placed, command.image);
  if (command.output) write_image(placed, *command.output);
  const Resident& resident = state.residents().back();
  const Promise* contracted = placed.promises.size() > 1 ? &placed.promises.back() : nullptr;
  Json json = json_of(resident, state.chip());
  json["point_number"] = admission.point;
  json["points"] = points;
  if (contracted != nullptr) json["contracted_period"] = contracted->period.approximate();
  json["critical_cycle"] = admission.promise.critical_cycle;
  json["milliseconds"] = {{"admission", milliseconds}, {"all", milliseconds_since(begin)}};
  Json report = {{"schema", 1}, {"admitted", true}};
  report.update(json);
  write_json(command.json, report);
  // The last file, and the one that counts: where one before it fails, nobody was admitted.
  try {
    write_state(state, command.state);
  } catch (const Error& error) {
    write_json(command.json, {{"schema", 1},
                              {"admitted", false},
                              {"name", name},
                              {"reason", error.what()},
                              {"remedy", ""},
                              {"milliseconds", report["milliseconds"]}});
    throw;
  }
  print_resident(resident, state.chip());
  if (contracted != nullptr)
    std::printf("  contracted: a step every %s cycles (%.2f)\n", contracted->period.str().c_str(),
                contracted->period.approximate());
  std::printf("  admitted in %.3f ms, %.1f ms with files and checks; %u of %u tiles are still free\n",
              milliseconds, milliseconds_since(begin), state.free_tiles(), state.chip().tiles());
  return kYes;
}

int release_resident(const std::string& path, const std::string& name) {
  check_files({}, {{"the state", path}});
  if (!read_state(path))
    throw input_error(path + ": there is no such chip state; expected the file that `spikeloom admit` wrote");
  const StateLock lock(path, kPatience, say_waiting);
  std::optional<ChipState> state = read_state(path);
  if (!state)
    throw input_error(path + ": there is no such chip state; expected the file that `spikeloom admit` wrote");
  try {
    state->release(name);
  } catch (const Error& error) {
    throw error.within(path);
  }
  write_state(*state, path);
  std::printf("%s is released; %u of %u tiles are free\n", printable(name).c_str(), state->free_tiles(),
              state->chip().tiles());
  return kYes;
}

int show_residents(const std::string& path, const std::optional<std::string>& json_path) {
  check_files({{"the state", path}}, {{"--json", json_path}});
  const std::optional<ChipState> state = read_state(path);
  if (!state)
    throw input_error(path + ": there is no such chip state; expected the file that `spikeloom admit` wrote");
  Json json = {{"schema", 1},
               {"chip", printable(state->chip().name)},
               {"tiles", state->chip().tiles()},
               {"free_tiles", state->free_tiles()}};
  json["residents"] = Json::array();
  for (const Resident& resident : state->residents())
    json["residents"].push_back(json_of(resident, state->chip()));
  write_json(json_path, json);
  std::fputs(printable(print_free(*state)).c_str(), stdout);
  for (const Resident& resident : state->residents()) print_resident(resident, state->chip());
  return kYes;
}

}  // namespace spikeloom::cli

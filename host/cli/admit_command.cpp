#include <cstdio>

#include <spikeloom/admit.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/files.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

void say_waiting(const std::string& lock) {
  std::fprintf(stderr, "waiting for another admission or release: %s\n", lock.c_str());
}

int refuse(const AdmitCommand& command, const NotAdmitted& refused) {
  if (command.json) write_text(*command.json, to_json(refused));
  std::fprintf(stderr, "spikeloom: %s is not admitted to %s: %s", printable(refused.name).c_str(),
               command.state.c_str(), to_text(refused).c_str());
  return kNo;
}

}  // namespace

int run(const AdmitCommand& command) {
  check_files({{"the image", command.image}, {"--chip", command.chip}},
              {{"the state", command.state}, {"--output", command.output}, {"--json", command.json}});
  AdmitRequest request{.state = command.state, .image = command.image};
  request.chip = command.chip;
  request.name = command.name;
  request.max_period = command.max_period;
  request.greedy = command.greedy;
  request.on_wait = say_waiting;
  request.on_note = [](const std::string& note) { std::printf("note: %s\n", note.c_str()); };
  std::optional<NotAdmitted> if_state_fails;
  request.before_commit = [&](const Admitted& admitted) {
    if (command.output) admitted.image.write(*command.output);
    if (command.json) write_text(*command.json, to_json(admitted));
    if_state_fails = NotAdmitted{admitted.resident.name, {}, admitted.admission_ms, admitted.all_ms};
  };
  try {
    const auto answer = admit(request);
    if (const auto* refused = std::get_if<NotAdmitted>(&answer)) return refuse(command, *refused);
    std::fputs(to_text(std::get<Admitted>(answer)).c_str(), stdout);
  } catch (const Error& error) {
    // The state is the last file, and the one that counts: where it fails, nobody was admitted.
    if (if_state_fails && command.json) {
      if_state_fails->refusal.reason = error.what();
      write_text(*command.json, to_json(*if_state_fails));
    }
    throw;
  }
  return kYes;
}

int release_resident(const std::string& path, const std::string& name) {
  check_files({}, {{"the state", path}});
  const Residents left = release(path, name, say_waiting);
  std::printf("%s is released; %u of %u tiles are free\n", printable(name).c_str(), left.free_tiles,
              left.tiles);
  return kYes;
}

int show_residents(const std::string& path, const std::optional<std::string>& json_path) {
  check_files({{"the state", path}}, {{"--json", json_path}});
  const Residents all = residents(path);
  if (json_path) write_text(*json_path, to_json(all));
  std::fputs(to_text(all).c_str(), stdout);
  return kYes;
}

}  // namespace spikeloom::cli

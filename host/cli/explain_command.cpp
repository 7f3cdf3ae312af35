#include <cstdio>

#include <unistd.h>

#include <spikeloom/explain.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

void show_trial(const std::string& what) {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", what.c_str());
}

}  // namespace

int run(const ExplainCommand& command) {
  check_files({{"the network", command.network},
               {"--chip", command.chip},
               {"--calibrate", command.compile.calibrate}},
              {{"--json", command.json}});
  const ChipFile chip = ChipFile::read(command.chip);
  const auto answer = explain(command.network, chip, command.compile, show_trial);
  show_trial("");
  if (const auto* no = std::get_if<DoesNotFit>(&answer)) {
    std::fprintf(stderr, "spikeloom: error: %s: %s does not fit %s: %s\n", no->stage.c_str(),
                 command.network.c_str(), command.chip.c_str(), no->reason.c_str());
    return kBadInput;
  }
  const Explanation& explanation = std::get<Explanation>(answer);
  if (command.json) write_text(*command.json, to_json(explanation));
  std::fputs(to_text(explanation).c_str(), stdout);
  return kYes;
}

}  // namespace spikeloom::cli

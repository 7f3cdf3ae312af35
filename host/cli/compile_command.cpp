#include <cstdio>

#include <unistd.h>

#include <spikeloom/compile.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

void show_stage(const std::string& stage) {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", stage.c_str());
}

}  // namespace

int run(const CompileCommand& command) {
  check_files({{"the network", command.network},
               {"--chip", command.chip == kAutoChip ? std::optional<std::string>{} : command.chip},
               {"--calibrate", command.compile.calibrate}},
              {{"--output", command.output}, {"--json", command.json}});
  const auto result =
      command.chip == kAutoChip
          ? compile_on_smallest(command.network, ChipFile::shipped(), command.compile, show_stage)
          : compile(command.network, ChipFile::read(command.chip), command.compile, show_stage);
  show_stage("");
  if (const auto* no = std::get_if<DoesNotFit>(&result)) {
    std::fprintf(stderr, "spikeloom: error: %s: %s does not fit %s: %s\n", no->stage.c_str(),
                 command.network.c_str(), command.chip.c_str(), no->reason.c_str());
    return kBadInput;
  }
  const auto& [image, report] = std::get<Compiled>(result);
  image.write(command.output);
  if (command.json) write_text(*command.json, to_json(report));
  std::fputs(to_text(report).c_str(), stdout);
  if (command.max_period && report.promises.front().period.approximate() > *command.max_period) {
    std::printf("the guaranteed period is above --max-period %g\n", *command.max_period);
    return kNo;
  }
  return kYes;
}

}  // namespace spikeloom::cli

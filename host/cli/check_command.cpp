#include <algorithm>
#include <cstdio>

#include <spikeloom/compile.hpp>

#include "host/cli/commands.hpp"

namespace spikeloom::cli {
namespace {

/// Prints the network with everything that was guessed. Throws with all problems at once.
/// Returns the guesses.
std::vector<std::string> describe_network(const CheckCommand& command) {
  NetworkCheck check = check_network(command.network, command.compile);
  std::fputs(check.graph.c_str(), stdout);
  for (const std::string& note : check.notes) std::printf("note: %s\n", note.c_str());
  if (check.refusal) throw *check.refusal;
  std::fputs(check.network.c_str(), stdout);
  return std::move(check.notes);
}

}  // namespace

int run(const CheckCommand& command) {
  const std::vector<std::string> said = describe_network(command);
  if (!command.chip) {
    std::printf("%s can be compiled; --chip says whether it fits\n", command.network.c_str());
    return kYes;
  }
  const bool choose = *command.chip == kAutoChip;
  const std::string name = choose ? kAutoChip : ChipFile::read(*command.chip).name();
  const auto result = choose ? compile_on_smallest(command.network, ChipFile::shipped(), command.compile)
                             : compile(command.network, ChipFile::read(*command.chip), command.compile);
  if (const auto* no = std::get_if<DoesNotFit>(&result)) {
    std::printf("%s does not fit %s: %s\n", command.network.c_str(), name.c_str(), no->reason.c_str());
    return kNo;
  }
  const CompileReport& report = std::get<Compiled>(result).report;
  std::fputs(report.quantization.c_str(), stdout);
  for (const std::string& note : report.notes)
    if (std::find(said.begin(), said.end(), note) == said.end()) std::printf("note: %s\n", note.c_str());
  for (const std::string& warning : report.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("%s fits %s: clusters: %zu; guaranteed a step every %s cycles\n", command.network.c_str(),
              report.chip.c_str(), report.clusters, report.promises.front().period.str().c_str());
  return kYes;
}

}  // namespace spikeloom::cli

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "host/cli/commands.hpp"

namespace spikeloom::cli {
namespace {

/// Prints the network with everything that was guessed. Throws with all problems at once.
/// Returns the guesses.
std::vector<std::string> describe_network(const CheckCommand& command) {
  if (std::filesystem::path(command.network).extension() == ".json") {
    const IntNetwork network = read_int_network(command.network);
    std::printf("integer network %s: %zu inputs, %zu populations, %zu projections, %zu outputs\n",
                network.name.c_str(), network.inputs.size(), network.populations.size(),
                network.projections.size(), network.outputs.size());
    return {};
  }
  Problems problems;
  Notes notes;
  const NirGraph graph = read_nir(command.network, problems);
  std::fputs(printable(describe(graph)).c_str(), stdout);
  const Network network = elaborate(graph, command.compile.semantics, &notes, problems);
  for (const std::string& note : notes.list) std::printf("note: %s\n", note.c_str());
  problems.throw_if_any(command.network);
  std::fputs(describe(network).c_str(), stdout);
  return notes.list;
}

}  // namespace

int run(const CheckCommand& command) {
  const std::vector<std::string> said = describe_network(command);
  if (!command.chip) {
    std::printf("%s can be compiled; --chip says whether it fits\n", command.network.c_str());
    return kYes;
  }
  const Chip chip = read_chip(*command.chip);
  const auto result = compile(command.network, chip, command.compile, {});
  if (const auto* no = std::get_if<DoesNotFit>(&result)) {
    std::printf("%s does not fit %s: %s\n", command.network.c_str(), chip.name.c_str(), no->reason.c_str());
    return kNo;
  }
  const auto& compilation = std::get<Compilation>(result);
  std::fputs(compilation.quantization.c_str(), stdout);
  for (const std::string& note : compilation.notes)
    if (std::find(said.begin(), said.end(), note) == said.end()) std::printf("note: %s\n", note.c_str());
  for (const std::string& warning : compilation.warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("%s fits %s: clusters: %zu; guaranteed a step every %s cycles\n", command.network.c_str(),
              chip.name.c_str(), compilation.image.application.clusters.size(),
              compilation.image.promises.front().period.str().c_str());
  return kYes;
}

}  // namespace spikeloom::cli

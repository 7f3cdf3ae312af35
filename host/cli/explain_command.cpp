#include <cstdio>

#include <unistd.h>
#include <nlohmann/json.hpp>

#include "compiler/flow/explain.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {
namespace {

nlohmann::ordered_json json_of(const Promise& promise) {
  return {{"period", promise.period.approximate()},
          {"period_exact", promise.period.str()},
          {"latency", promise.latency}};
}

void write_json(const std::string& path, const Explanation& explanation) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["promise"] = json_of(explanation.promise);
  json["promise"]["name"] = explanation.promise.name;
  json["critical_cycle"] = explanation.promise.critical_cycle;
  json["reliefs"] = nlohmann::ordered_json::array();
  for (const Relief& relief : explanation.reliefs) {
    nlohmann::ordered_json entry = json_of(relief.promise);
    entry["what"] = relief.what;
    entry["how"] = relief.how;
    entry["needs_chip"] = relief.needs_chip;
    json["reliefs"].push_back(std::move(entry));
  }
  write_text(path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void show_trial(const std::string& what) {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", what.c_str());
}

void print(const Explanation& explanation) {
  const Promise& promise = explanation.promise;
  std::printf("%s: a step every %s cycles (%.2f), latency at most %lld cycles\nheld back by\n",
              promise.name.c_str(), promise.period.str().c_str(), promise.period.approximate(),
              static_cast<long long>(promise.latency));
  for (const std::string& part : promise.critical_cycle) std::printf("  %s\n", part.c_str());
  if (explanation.reliefs.empty()) {
    std::printf("\nnothing that was tried shortens it\n");
    return;
  }
  std::printf("\n%10s %8s %10s  what would relieve it\n", "period", "faster", "latency");
  for (const Relief& relief : explanation.reliefs)
    std::printf("%10.2f %7.2fx %10lld  %s\n%32s%s%s\n", relief.promise.period.approximate(),
                promise.period.approximate() / relief.promise.period.approximate(),
                static_cast<long long>(relief.promise.latency), relief.what.c_str(), "",
                relief.needs_chip ? "another chip: " : "compile with ", relief.how.c_str());
}

}  // namespace

int run(const ExplainCommand& command) {
  check_files({{"the network", command.network},
               {"--chip", command.chip},
               {"--calibrate", command.compile.calibrate}},
              {{"--json", command.json}});
  const Chip chip = read_chip(command.chip);
  const auto compiled = compile(command.network, chip, command.compile, show_trial);
  if (const auto* no = std::get_if<DoesNotFit>(&compiled)) {
    show_trial("");
    std::fprintf(stderr, "spikeloom: error: %s: %s does not fit %s: %s\n", no->stage.c_str(),
                 command.network.c_str(), command.chip.c_str(), no->reason.c_str());
    return kBadInput;
  }
  const Explanation explanation = explain(std::get<Compilation>(compiled), command.compile, show_trial);
  show_trial("");
  if (command.json) write_json(*command.json, explanation);
  print(explanation);
  return kYes;
}

}  // namespace spikeloom::cli

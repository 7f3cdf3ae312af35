#include "compiler/flow/explain.hpp"

#include <nlohmann/json.hpp>

#include <spikeloom/explain.hpp>

#include "compiler/base/text.hpp"
#include "compiler/verify/verify.hpp"
#include "host/api/lines.hpp"

namespace spikeloom {
namespace {

nlohmann::ordered_json json_of(const Promise& promise) {
  return {{"period", promise.period.approximate()},
          {"period_exact", promise.period.str()},
          {"latency", promise.latency}};
}

}  // namespace

std::variant<Explanation, DoesNotFit> explain(const std::string& path, const ChipFile& chip,
                                              const CompileOptions& options, const OnStage& on_trial) {
  auto compiled = compile(path, chip.value(), options, on_trial);
  if (auto* no = std::get_if<DoesNotFit>(&compiled)) return std::move(*no);
  const Compilation& compilation = std::get<Compilation>(compiled);
  require_verified(compilation.image, path);
  return explain(compilation, options, on_trial);
}

std::string to_text(const Explanation& explanation) {
  const Promise& promise = explanation.promise;
  std::string text = line("%s: a step every %s cycles (%.2f), latency at most %lld cycles\nheld back by\n",
                          title(promise).c_str(), promise.period.str().c_str(), promise.period.approximate(),
                          static_cast<long long>(promise.latency));
  for (const std::string& part : abridged(promise.critical_cycle)) text += "  " + part + "\n";
  for (const std::string& part : explanation.parts) text += part + "\n";
  for (const std::string& line : explanation.static_inputs) text += line + "\n";
  if (explanation.reliefs.empty()) return text + "\nnothing that was tried shortens it\n";
  text += line("\n%10s %8s %10s  what would relieve it\n", "period", "faster", "latency");
  for (const Relief& relief : explanation.reliefs)
    text += line("%10.2f %7.2fx %10lld  %s\n%32s%s%s\n", relief.promise.period.approximate(),
                 promise.period.approximate() / relief.promise.period.approximate(),
                 static_cast<long long>(relief.promise.latency), relief.what.c_str(), "",
                 relief.needs_chip ? "another chip: " : "compile with ", relief.how.c_str());
  return text;
}

std::string to_json(const Explanation& explanation) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["promise"] = json_of(explanation.promise);
  json["promise"]["name"] = name_of(explanation.promise.kind);
  if (explanation.promise.kind == PromiseKind::kSampled)
    json["promise"]["sample_steps"] = explanation.promise.sample_steps;
  json["critical_cycle"] = explanation.promise.critical_cycle;
  json["parts"] = explanation.parts;
  json["static_inputs"] = explanation.static_inputs;
  json["reliefs"] = nlohmann::ordered_json::array();
  for (const Relief& relief : explanation.reliefs) {
    nlohmann::ordered_json entry = json_of(relief.promise);
    entry["what"] = relief.what;
    entry["how"] = relief.how;
    entry["needs_chip"] = relief.needs_chip;
    json["reliefs"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom

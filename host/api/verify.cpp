#include "compiler/verify/verify.hpp"

#include <nlohmann/json.hpp>

#include <spikeloom/image.hpp>

#include "compiler/base/text.hpp"
#include "compiler/flow/recorded_options.hpp"
#include "host/api/lines.hpp"

namespace spikeloom {

Verification verify(const CompiledImage& image) { return verify(image.value()); }

Verification verify(const CompiledImage& image, const std::string& network,
                    const std::optional<std::string>& calibrate, const Semantics& semantics) {
  const Image& value = image.value();
  const Recompiled made = recompiled_numbers(network, value.chip, value.metadata, calibrate, semantics);
  Verification result = verify(value, made.numbers);
  if (!made.meaning.empty()) result.checked.push_back("of " + network + " this was taken: " + made.meaning);
  return result;
}

std::string to_text(const Verification& verification) {
  std::string text;
  for (const std::string& what : verification.checked) text += "checked: " + printable(what) + "\n";
  for (const std::string& what : verification.assumed) text += "assumed: " + printable(what) + "\n";
  for (const std::string& what : verification.faults) text += "WRONG: " + printable(what) + "\n";
  return text + line("%s, in %.1f ms\n",
                     verification.faults.empty() ? "verified: all of it holds" : "NOT what it claims to be",
                     verification.seconds * 1e3);
}

std::string to_json(const Verification& verification) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["verified"] = verification.faults.empty();
  json["checked"] = verification.checked;
  json["assumed"] = verification.assumed;
  json["faults"] = verification.faults;
  json["milliseconds"] = verification.seconds * 1e3;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom

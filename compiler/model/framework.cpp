#include "compiler/model/framework.hpp"

#include "compiler/base/error.hpp"
#include "compiler/model/network_check.hpp"

namespace spikeloom {

std::vector<std::string_view> framework_names() {
  std::vector<std::string_view> names;
  for (const FrameworkRow& row : kFrameworks) names.emplace_back(row.name);
  return names;
}

Framework framework_named(std::string_view name) {
  std::string known;
  for (const FrameworkRow& row : kFrameworks) {
    if (row.name == name) return row.framework;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw input_error("framework: expected one of " + known + ", found '" + std::string(name) + "'");
}

Meaning meaning_of(const Semantics& semantics) {
  Meaning meaning;
  meaning.framework = semantics.framework;
  meaning.dt = semantics.dt;
  if (semantics.framework) {
    const FrameworkRow& row = row_of(*semantics.framework);
    meaning.reset = row.reset;
    meaning.fire = row.fire;
    meaning.start = row.start;
    meaning.integrator = row.integrator;
  }
  meaning.reset_is_given = semantics.reset.has_value();
  meaning.reset = semantics.reset.value_or(meaning.reset);
  meaning.fire = semantics.fire.value_or(meaning.fire);
  meaning.start = semantics.start.value_or(meaning.start);
  meaning.integrator = semantics.integrator.value_or(meaning.integrator);
  meaning.input_delay = semantics.input_delay.value_or(meaning.input_delay);
  meaning.recurrent_delay = semantics.recurrent_delay.value_or(meaning.recurrent_delay);
  return meaning;
}

const char* to_string(Reset reset) {
  switch (reset) {
    case Reset::kToValue:
      return "to v_reset";
    case Reset::kSubtract:
      return "by subtraction";
    case Reset::kSubtractLater:
      return "by subtraction one step later";
    case Reset::kNone:
      break;
  }
  return "none";
}

const char* to_string(Fire fire) {
  return fire == Fire::kAbove ? "fires above the threshold" : "fires at the threshold and above";
}

const char* to_string(Start start) {
  switch (start) {
    case Start::kZero:
      return "starts at 0";
    case Start::kRest:
      return "starts at rest (v_leak)";
    case Start::kReset:
      break;
  }
  return "starts at v_reset";
}

const char* to_string(Integrator integrator) {
  switch (integrator) {
    case Integrator::kEuler:
      return "forward Euler";
    case Integrator::kExponential:
      return "exponential decay";
    case Integrator::kExact:
      break;
  }
  return "exact integration of a held input";
}

std::string describe(const Meaning& meaning) {
  const bool is_nirs = !meaning.reset_is_given && !meaning.framework;
  std::string text = std::string("reset ") + to_string(meaning.reset) +
                     (is_nirs ? " (NIR's declared meaning; the alternative is subtraction)" : "") + ", " +
                     to_string(meaning.fire) + ", " + to_string(meaning.start) + ", " +
                     to_string(meaning.integrator) + ", input delay " + std::to_string(meaning.input_delay) +
                     ", recurrent delay " + std::to_string(meaning.recurrent_delay);
  if (meaning.framework) {
    const FrameworkRow& row = row_of(*meaning.framework);
    text = std::string("as ") + row.title + ": " + text + "; its files do not hold " + row.loses;
  }
  return text;
}

}  // namespace spikeloom

// Whose semantics: what each framework computes where a NIR file says nothing, and what its exporter loses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <spikeloom/compile_options.hpp>

namespace spikeloom {

/// One row a framework. compiler/model/README.md says where each was read.
struct FrameworkRow {
  Framework framework;
  const char* name;   ///< as the option spells it
  const char* title;  ///< as its makers spell it
  Reset reset;
  Fire fire;
  Start start;
  Integrator integrator;
  double dt;          ///< its exporter's default, in the unit that it writes
  const char* loses;  ///< what its NIR files do not hold; ends a sentence
};

inline constexpr auto kFrameworks = std::to_array<FrameworkRow>({
    {Framework::kSnnTorch, "snntorch", "snnTorch", Reset::kSubtractLater, Fire::kAbove, Start::kZero,
     Integrator::kEuler, 1e-4,
     "which reset was trained: subtraction one step later is its default; zero is --reset v_reset, none "
     "--reset none, and subtraction without reset_delay --reset subtract"},
    {Framework::kNorse, "norse", "Norse", Reset::kToValue, Fire::kAbove, Start::kRest, Integrator::kEuler,
     1e-3,
     "the input gain of LIFCell (CubaLIF) and IAFCell (IF), which is 1 in Norse and taken as 1 here, and up "
     "to "
     "Norse 1.1 v_reset"},
    {Framework::kSpikingJelly, "spikingjelly", "SpikingJelly", Reset::kToValue, Fire::kAtLeast, Start::kReset,
     Integrator::kEuler, 1e-4,
     "the soft reset (v_reset=None), which is written as a reset to 0: --reset subtract brings it back"},
    {Framework::kSinabs, "sinabs", "Sinabs", Reset::kSubtract, Fire::kAtLeast, Start::kZero,
     Integrator::kExact, 1,
     "several spikes of a neuron in one step, min_v_mem, and norm_input=False (--integrator exponential is "
     "that up to a factor)"},
    {Framework::kRockpool, "rockpool", "Rockpool", Reset::kSubtract, Fire::kAtLeast, Start::kZero,
     Integrator::kExponential, 1e-3,
     "recurrent weights, the biases of neurons and several spikes of a neuron in one step"},
    {Framework::kLava, "lava", "Lava", Reset::kToValue, Fire::kAbove, Start::kZero, Integrator::kEuler, 1e-4,
     "that each of its layers works one step later, and that its integers are truncated"},
    {Framework::kSpyx, "spyx", "Spyx", Reset::kSubtractLater, Fire::kAbove, Start::kZero, Integrator::kEuler,
     1,
     "the input gain, which is 1 and not what r says, and that each layer's spikes leave one step later; its "
     "feed-forward CuBaLIF subtracts twice, which nothing here does"},
    {Framework::kNengo, "nengo", "Nengo", Reset::kToValue, Fire::kAbove, Start::kZero, Integrator::kExact,
     1e-3, "that a neuron goes on integrating for the rest of the step in which it spiked"},
});

/// The row of a framework; rows stand in the order of the enumeration.
[[nodiscard]] constexpr const FrameworkRow& row_of(Framework framework) {
  return kFrameworks[static_cast<std::size_t>(framework)];
}
static_assert([] {
  for (std::size_t i = 0; i < kFrameworks.size(); ++i) {
    if (kFrameworks[i].framework != static_cast<Framework>(i)) return false;
  }
  return true;
}());

/// Semantics of which nothing is left open but dt.
struct Meaning {
  std::optional<Framework> framework;
  std::optional<double> dt;  ///< as given
  bool reset_is_given = false;
  Reset reset = Reset::kToValue;
  Fire fire = Fire::kAbove;
  Start start = Start::kRest;
  Integrator integrator = Integrator::kEuler;
  std::uint32_t input_delay = 0, recurrent_delay = 1;

  [[nodiscard]] bool is(Framework one) const { return framework == one; }
};

/// What is chosen, else the framework's, else the default.
[[nodiscard]] Meaning meaning_of(const Semantics& semantics);

[[nodiscard]] const char* to_string(Fire fire);
[[nodiscard]] const char* to_string(Start start);
[[nodiscard]] const char* to_string(Integrator integrator);

/// "reset to v_reset (NIR's declared meaning ...), fires above the threshold, ...", a line for people.
[[nodiscard]] std::string describe(const Meaning& meaning);

}  // namespace spikeloom

// The kinds of populations, one row a kind. A kind decides names and what is stored; the arithmetic is that
// of network.hpp for all of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace spikeloom {

/// The NIR node that a population comes from.
enum class NeuronKind { kLif, kCubaLif, kIf, kLi, kCubaLi, kI, kThreshold };

struct NeuronKindRow {
  NeuronKind kind;
  const char* name;    ///< in NIR files, integer networks and reports
  bool is_readout;     ///< no threshold: the potential is the output
  bool has_current;    ///< a synaptic current of its own; alpha is 0 without one
  bool leaks;          ///< the potential decays; without a leak beta is 1, or 0 where nothing is remembered
  bool is_memoryless;  ///< beta is 0 always, so that a reset changes nothing
};

inline constexpr auto kNeuronKinds = std::to_array<NeuronKindRow>({
    {NeuronKind::kLif, "LIF", false, false, true, false},
    {NeuronKind::kCubaLif, "CubaLIF", false, true, true, false},
    {NeuronKind::kIf, "IF", false, false, false, false},
    {NeuronKind::kLi, "LI", true, false, true, false},
    {NeuronKind::kCubaLi, "CubaLI", true, true, true, false},
    {NeuronKind::kI, "I", true, false, false, false},
    {NeuronKind::kThreshold, "Threshold", false, false, false, true},
});

/// The row of a kind; rows stand in the order of the enumeration.
[[nodiscard]] constexpr const NeuronKindRow& row_of(NeuronKind kind) {
  return kNeuronKinds[static_cast<std::size_t>(kind)];
}
static_assert([] {
  for (std::size_t i = 0; i < kNeuronKinds.size(); ++i) {
    if (kNeuronKinds[i].kind != static_cast<NeuronKind>(i)) return false;
  }
  return true;
}());

[[nodiscard]] constexpr std::optional<NeuronKind> neuron_kind(std::string_view name) {
  for (const NeuronKindRow& row : kNeuronKinds) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

/// "LIF, CubaLIF, ... or Threshold", for messages.
[[nodiscard]] inline std::string neuron_kind_names() {
  std::string names;
  for (const NeuronKindRow& row : kNeuronKinds) {
    if (!names.empty()) names += &row == &kNeuronKinds.back() ? " or " : ", ";
    names += row.name;
  }
  return names;
}

[[nodiscard]] constexpr const char* to_string(NeuronKind kind) { return row_of(kind).name; }

/// LI, CubaLI and I: no threshold; the potential is the output.
[[nodiscard]] constexpr bool is_readout(NeuronKind kind) { return row_of(kind).is_readout; }

}  // namespace spikeloom

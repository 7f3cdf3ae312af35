// Where a parameter set of a tile keeps the parameters of its neurons: the one place that ties the names of
// int_network.hpp to those of rtl/neuron/neuron.toml.
#pragma once

#include <array>
#include <cstdint>

#include "compiler/golden/int_network.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::neuron {

struct SetField {
  IntParameter parameter;
  std::uint32_t hw::MemSetEntry::*field;
};

/// The row of kIntParameters with those values.
[[nodiscard]] constexpr IntParameter parameter_of(std::vector<std::int32_t> IntPopulation::*values) {
  for (const IntParameter& parameter : kIntParameters) {
    if (parameter.values == values) return parameter;
  }
  return {};
}

/// In the order of set_entry, which is also the order in which neurons with equal parameters are put
/// together.
inline constexpr std::array<SetField, 5> kSetFields{{
    {parameter_of(&IntPopulation::alpha), &hw::MemSetEntry::alpha},
    {parameter_of(&IntPopulation::beta), &hw::MemSetEntry::beta},
    {parameter_of(&IntPopulation::theta), &hw::MemSetEntry::theta},
    {parameter_of(&IntPopulation::v_reset), &hw::MemSetEntry::v_reset},
    {parameter_of(&IntPopulation::bias_v), &hw::MemSetEntry::bias_v},
}};

/// Every parameter that is kept in sets has a field.
static_assert([] {
  for (const IntParameter& parameter : kIntParameters) {
    int fields = 0;
    for (const SetField& set : kSetFields) fields += set.parameter.values == parameter.values ? 1 : 0;
    if (fields != (parameter.place == IntParameter::Place::kSet ? 1 : 0)) return false;
  }
  return true;
}());

/// Where a set has the parameter; null: a set has none.
[[nodiscard]] constexpr std::uint32_t hw::MemSetEntry::*field_of(const IntParameter& parameter) {
  for (const SetField& set : kSetFields) {
    if (set.parameter.values == parameter.values) return set.field;
  }
  return nullptr;
}

/// A neuron's parameters as a set keeps them, 0 where its step reads none.
using SetKey = std::array<std::int32_t, kSetFields.size()>;

[[nodiscard]] inline SetKey set_key(const IntPopulation& population, std::size_t neuron) {
  SetKey key{};
  for (std::size_t f = 0; f < key.size(); ++f) {
    if (has(population, kSetFields[f].parameter))
      key[f] = (population.*kSetFields[f].parameter.values)[neuron];
  }
  return key;
}

/// The set of a neuron with those parameters.
[[nodiscard]] inline hw::MemSetEntry set_entry(const IntPopulation& population, const SetKey& key) {
  hw::MemSetEntry set;
  for (std::size_t f = 0; f < key.size(); ++f) set.*kSetFields[f].field = static_cast<std::uint32_t>(key[f]);
  set.scale = population.scale;
  set.subtract = !population.is_readout() && population.reset == Reset::kSubtract;
  return set;
}

}  // namespace spikeloom::neuron

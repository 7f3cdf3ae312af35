#include "compiler/flow/exit_readout.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

PopulationId named(const IntNetwork& network, const std::string& name) {
  std::string names;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    if (network.populations[p].name == name) return PopulationId(p);
    names += (p == 0 ? "" : ", ") + network.populations[p].name;
  }
  throw input_error("--exit-readout " + name + ": no such population; there are " + names);
}

/// How many powers of two all that arrives has in common: of weights' shifts, the scale, and the biases.
std::uint32_t common_shift(const IntNetwork& network, PopulationId of) {
  const IntPopulation& population = network.populations[of.index()];
  std::uint32_t shift = 31;
  for (const IntProjection& projection : network.projections)
    if (projection.to == of) shift = std::min(shift, projection.shift);
  shift += population.scale;
  for (const std::int32_t bias : population.bias_i)
    while (shift > 0 && bias % (std::int32_t{1} << shift) != 0) --shift;
  return shift;
}

}  // namespace

ExitReadout with_exit_readout(const IntNetwork& network, const std::string& name) {
  const PopulationId of = named(network, name);
  const IntPopulation& population = network.populations[of.index()];
  if (!population.relative_unit.empty())
    throw input_error("--exit-readout " + name +
                      ": its neurons have units of their own, so their sums cannot be compared; take another "
                      "population");
  const std::uint32_t shift = common_shift(network, of);
  IntPopulation readout;
  readout.name = name + " sum";
  readout.kind = NeuronKind::kLi;
  readout.shape = population.shape;
  for (const IntParameter& parameter : kIntParameters)
    (readout.*parameter.values).assign(population.size(), 0);
  readout.beta.assign(population.size(), 4096);
  // The scale comes off first, then what the projections' shifts have left.
  const std::uint32_t of_scale = std::min(shift, population.scale), of_shifts = shift - of_scale;
  readout.scale = population.scale - of_scale;
  for (std::size_t n = 0; n < population.size(); ++n)
    readout.bias_i[n] = population.bias_i[n] / (std::int32_t{1} << shift);
  readout.unit = std::ldexp(population.unit, static_cast<int>(shift));

  ExitReadout result;
  result.network = network;
  const PopulationId to(network.populations.size());
  result.network.populations.push_back(readout);
  for (const IntProjection& projection : network.projections) {
    if (projection.to != of) continue;
    IntProjection copy = projection;
    copy.name += " of " + readout.name;
    copy.to = to;
    copy.shift -= of_shifts;
    result.network.projections.push_back(std::move(copy));
  }
  result.network.outputs.push_back({readout.name, readout.shape, to});
  char unit[32];
  std::snprintf(unit, sizeof unit, "%g", readout.unit);
  result.notes.push_back(
      "readout '" + readout.name + "' was added: it adds up the input current of '" + name +
      "' over a sample's steps, on copies of the same weights; an integer unit is " + unit);
  return result;
}

}  // namespace spikeloom

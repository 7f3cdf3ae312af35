#include "compiler/flow/stage_options.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/schedule/timing_graph.hpp"

namespace spikeloom {
namespace {

std::vector<ClusterOrHost> favoured(const Application& app, const CompileOptions& options) {
  const auto chosen = [&](const std::string& name) {
    return std::count(options.favour.begin(), options.favour.end(), name) != 0;
  };
  std::vector<ClusterOrHost> sources;
  if (chosen("host")) sources.emplace_back(std::nullopt);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    if (chosen(app.populations[app.clusters[c].population.index()])) sources.emplace_back(ClusterId(c));
  return sources;
}

/// In cycles a step, rounded down to parts of a cycle that the analysis counts in.
std::optional<Ratio> wanted_period(const Chip& chip, const CompileOptions& options) {
  if (!options.steps_per_second) return options.period;
  return Ratio(
      static_cast<std::int64_t>(std::floor(chip.clock_mhz * 1e6 / *options.steps_per_second * kTimeScale)),
      kTimeScale);
}

/// The cores' limits, kind by kind; nothing of kinds whose core has none.
std::vector<QuantizeLimits> limits_by_kind(const Chip& chip) {
  std::vector<QuantizeLimits> all;
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    if (auto limits = core_of(chip.kind(kind)).limits(chip.kind(kind))) all.push_back(*std::move(limits));
  return all;
}

}  // namespace

std::vector<PopulationId> recorded_populations(const IntNetwork& network,
                                               const std::vector<std::string>& names) {
  std::vector<PopulationId> ids;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    ids.insert(ids.end(),
               static_cast<std::size_t>(std::count(names.begin(), names.end(), network.populations[p].name)),
               PopulationId(p));
  return ids;
}

QuantizeLimits limits_of(const Chip& chip) {
  const std::vector<QuantizeLimits> all = limits_by_kind(chip);
  QuantizeLimits limits;
  limits.acc_bits = std::min(limits.acc_bits, chip.tile.state_bits);
  if (!all.empty()) limits = all.front();
  limits.state_bits = chip.tile.state_bits;
  for (const QuantizeLimits& other : all) {
    limits.acc_bits = std::min(limits.acc_bits, other.acc_bits);
    limits.bias_bits = std::min(limits.bias_bits, other.bias_bits);
    limits.max_shift = std::min(limits.max_shift, other.max_shift);
    limits.max_scale = std::min(limits.max_scale, other.max_scale);
    std::erase_if(limits.weight_bits, [&](std::uint32_t bits) {
      return std::count(other.weight_bits.begin(), other.weight_bits.end(), bits) == 0;
    });
  }
  return limits;
}

QuantizeOptions quantize_options(const Network& network, const Chip& chip, const CompileOptions& options) {
  QuantizeOptions quantize;
  quantize.weight_bits = options.weight_bits;
  quantize.rounding = options.rounding;
  quantize.limits = limits_of(chip);
  if (options.planes != 1 || options.signed_inputs)
    for (const Input& input : network.inputs)
      quantize.inputs[input.name] = {options.planes, options.signed_inputs, 1};
  return quantize;
}

BuildOptions build_options(const IntNetwork& network, const CompileOptions& options,
                           const std::optional<Traffic>& traffic) {
  return {.record = recorded_populations(network, options.record),
          .readout = options.readout_last_only ? ReadoutTime::kLastStep : ReadoutTime::kEveryStep,
          .activity = traffic};
}

namespace {

/// Populations whose clusters or kind of tile the user names.
std::vector<PopulationId> placed_by_name(const IntNetwork& network, const CompileOptions& options) {
  std::vector<PopulationId> ids;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    if (options.clusters.contains(network.populations[p].name) ||
        options.kinds.contains(network.populations[p].name))
      ids.emplace_back(p);
  return ids;
}

}  // namespace

PartitionOptions partition_options(const IntNetwork& network, const Chip& chip, const CompileOptions& options,
                                   const std::vector<std::uint32_t>& least,
                                   const std::optional<Traffic>& traffic) {
  return {.seed = options.seed,
          .method = options.partition,
          .max_neurons = options.max_neurons,
          .least_clusters = least,
          .activity = traffic,
          .kinds = wanted_kinds(network, chip, options),
          .tiles = options.tiles,
          .pools = options.pools,
          .own_pools = placed_by_name(network, options),
          .shown = recorded_populations(network, options.record),
          .streamed = recorded_populations(network, options.stream_weights)};
}

MapOptions map_options(const Application& app, const CompileOptions& options) {
  MapOptions mapping;
  mapping.seed = options.seed;
  mapping.tiles = options.tiles;
  mapping.most_slots = options.slots;
  if (options.pages) mapping.most_pages = *options.pages;
  mapping.favoured = favoured(app, options);
  return mapping;
}

std::uint32_t sample_steps(const CompileOptions& options, const Dataset* data) {
  if (options.sample_steps != 0 || data == nullptr || data->samples.empty()) return options.sample_steps;
  std::size_t least = std::numeric_limits<std::uint32_t>::max();
  for (const Sample& sample : data->samples) least = std::min(least, sample.steps());
  return static_cast<std::uint32_t>(least);
}

TuneOptions tune_options(const Chip& chip, const CompileOptions& options) {
  return {.seed = options.seed,
          .slots = options.favour.empty(),
          .pages = !options.pages.has_value(),
          .contract = options.contract,
          .most_slots = options.slots,
          .period = wanted_period(chip, options),
          .sample_steps = options.sample_steps};
}

PointOptions point_options(const CompileOptions& options) {
  PointOptions points{options.points, options.seed};
  if (options.pages) points.most_pages = *options.pages;
  return points;
}

std::vector<std::uint32_t> wanted_clusters(const IntNetwork& network, const CompileOptions& options) {
  std::vector<std::uint32_t> wanted;
  for (const IntPopulation& population : network.populations) {
    const auto found = options.clusters.find(population.name);
    wanted.push_back(found == options.clusters.end() ? 0 : found->second);
  }
  return wanted;
}

std::vector<std::optional<std::uint32_t>> wanted_kinds(const IntNetwork& network, const Chip& chip,
                                                       const CompileOptions& options) {
  std::vector<std::optional<std::uint32_t>> wanted(network.populations.size());
  for (std::size_t p = 0; p < wanted.size(); ++p) {
    const auto found = options.kinds.find(network.populations[p].name);
    for (std::uint32_t kind = 0; found != options.kinds.end() && kind < chip.kinds(); ++kind)
      if (chip.kind(kind).name == found->second) wanted[p] = kind;
  }
  return wanted;
}

std::uint32_t tiles_of(const Chip& chip, const CompileOptions& options) {
  return options.tiles == 0 ? chip.tiles() : std::min(options.tiles, chip.tiles());
}

void check_widths(const IntNetwork& network, const Chip& chip) {
  // Of sums that no kind holds the network is to blame; else the partitioner asks each kind.
  const std::vector<QuantizeLimits> all = limits_by_kind(chip);
  std::uint32_t widest = all.size() < chip.kinds() ? kMaxAccumulatorBits : 0;
  for (const QuantizeLimits& limits : all) widest = std::max(widest, limits.acc_bits);
  Problems problems = accumulator_problems(network, widest);
  if (network.state_bits != chip.tile.state_bits)
    problems.add("the network's state has " + std::to_string(network.state_bits) + " bits, the chip's " +
                 std::to_string(chip.tile.state_bits) +
                 "; choose a chip file with tile.state_bits = " + std::to_string(network.state_bits));
  problems.throw_if_any(network.name);
}

void check_names(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  const auto known = [&](const std::string& name) {
    return std::any_of(network.populations.begin(), network.populations.end(),
                       [&](const IntPopulation& p) { return p.name == name; });
  };
  Problems problems;
  for (const auto& [name, count] : options.clusters)
    if (!known(name)) problems.add("--clusters " + name + ": no such population");
  std::string list;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) list += (k == 0 ? "" : ", ") + chip.kind(k).name;
  for (const auto& [name, kind] : options.kinds) {
    if (!known(name)) problems.add("--kind " + name + "=" + kind + ": no such population");
    bool there = false;
    for (std::uint32_t k = 0; k < chip.kinds(); ++k) there = there || chip.kind(k).name == kind;
    if (!there)
      problems.add("--kind " + name + "=" + kind + ": chip " + chip.name + " has no such kind of tile, but " +
                   list);
  }
  for (const std::string& name : options.favour)
    if (name != "host" && !known(name))
      problems.add("--favour " + name + ": no such population, nor \"host\"");
  for (const std::string& name : options.record)
    if (!known(name)) problems.add("--record " + name + ": no such population");
  for (const std::string& name : options.stream_weights)
    if (!known(name)) problems.add("--stream-weights " + name + ": no such population");
  problems.throw_if_any(network.name);
}

}  // namespace spikeloom

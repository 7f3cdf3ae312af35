#include "tests/flow/random_case.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/flow/static_inputs.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "tests/linear/random_maps.hpp"

namespace spikeloom::testing {
namespace {

constexpr double kDensities[] = {0.0, 0.1, 0.5, 1.0};

std::int32_t in(Rng& rng, std::int64_t low, std::int64_t high) {
  return static_cast<std::int32_t>(rng.between(low, high));
}

IntInput make_input(Rng& rng, const CaseOptions& options, std::size_t number) {
  IntInput input;
  input.name = "in" + std::to_string(number);
  input.shape = {1 + rng.below(options.max_inputs)};
  if (rng.chance(0.25)) {
    input.planes = 2 + static_cast<std::uint32_t>(rng.below(2));
    input.is_signed = rng.chance(0.5);
  }
  return input;
}

/// Each value from a few (cheap programs) or anew for every neuron (one entry per neuron).
std::vector<std::int32_t> values(Rng& rng, std::size_t size, std::int64_t low, std::int64_t high) {
  std::vector<std::int32_t> list(size);
  const std::int32_t common = in(rng, low, high);
  const bool each = rng.chance(0.2);
  for (std::int32_t& v : list) v = each ? in(rng, low, high) : common;
  return list;
}

IntPopulation make_population(Rng& rng, const Chip& chip, const CaseOptions& options, std::size_t number,
                              bool readout) {
  IntPopulation p;
  p.name = (readout ? "readout" : "pop") + std::to_string(number);
  const std::size_t size = 1 + rng.below(options.max_neurons);
  p.shape = {size};
  const bool current = chip.tile.current != 0 && rng.chance(0.4);
  p.kind = readout ? (current ? NeuronKind::kCubaLi : NeuronKind::kLi)
                   : (current ? NeuronKind::kCubaLif : NeuronKind::kLif);
  p.reset = rng.chance(0.5) ? Reset::kToValue : Reset::kSubtract;
  p.scale = static_cast<std::uint32_t>(rng.below(chip.tile.max_scale + 1));
  const std::int64_t one = std::int64_t{1} << p.scale;
  p.alpha = current ? values(rng, size, 0, 4096) : std::vector<std::int32_t>(size, 0);
  p.beta = values(rng, size, 0, 4096);
  p.theta = values(rng, size, -one, 40 * one);
  // What is subtracted is the threshold mostly, or nothing, or more or less than it.
  p.v_reset = p.reset == Reset::kSubtract && rng.chance(0.5) ? p.theta
              : rng.chance(0.2)                              ? std::vector<std::int32_t>(size, 0)
                                                             : values(rng, size, -10 * one, 10 * one);
  if (readout && rng.chance(0.4)) p.origin = values(rng, size, -40 * one, 40 * one);
  p.bias_i = rng.chance(0.5) ? values(rng, size, -3 * one, 5 * one) : std::vector<std::int32_t>(size, 0);
  p.bias_v = rng.chance(0.3) ? values(rng, size, -3 * one, 3 * one) : std::vector<std::int32_t>(size, 0);
  if (rng.chance(0.05)) {  // far out, where sums saturate
    const std::int64_t top = (std::int64_t{1} << (chip.tile.state_bits - 1U)) - 1;
    p.bias_v.assign(size, in(rng, -top, top));
    p.theta.assign(size, in(rng, 0, top));
  }
  return p;
}

void fill_rows(Rng& rng, IntProjection& projection, std::size_t sources, std::size_t targets,
               double density) {
  const auto [low, high] = mantissa_range(projection.bits);
  SparseMap map{static_cast<std::uint32_t>(targets), {0}, {}};
  for (std::size_t s = 0; s < sources; ++s) {
    const bool row = projection.bits > 1 || rng.chance(density);  // 1 bit: a row is full or empty
    for (std::size_t t = 0; row && t < targets; ++t) {
      std::int32_t weight = 0;
      if (projection.bits == 1)
        weight = rng.chance(0.5) ? 1 : -1;
      else if (rng.chance(density))
        weight = in(rng, low, high);
      if (weight == 0) continue;
      map.target.push_back(static_cast<std::uint32_t>(t));
      projection.weight.push_back(static_cast<std::int16_t>(weight));
    }
    map.end_row();
  }
  projection.form = MapForm(std::move(map));
}

/// Every third projection gets a form instead (what is drawn for the rest of the case does not change).
void give_form(IntProjection& projection) {
  Rng rng(projection.weight.size() * 977 + projection.form.sources());
  if (projection.bits == 1 || !rng.chance(0.35)) return;
  projection.form = test::random_form(rng, static_cast<std::uint32_t>(projection.form.sources()),
                                      static_cast<std::uint32_t>(projection.form.targets()));
  const auto [low, high] = mantissa_range(projection.bits);
  projection.weight.resize(projection.form.weights());
  for (std::int16_t& weight : projection.weight) {
    weight = static_cast<std::int16_t>(in(rng, low, high));
    if (weight == 0 && projection.form.as<SparseMap>() != nullptr) weight = -1;
  }
}

IntProjection make_projection(Rng& rng, const Chip& chip, const IntNetwork& network, const Source& from,
                              PopulationId to, std::uint32_t delay) {
  IntProjection projection;
  projection.name = "w" + std::to_string(network.projections.size());
  projection.from = from;
  projection.to = to;
  projection.delay = delay;
  projection.bits = chip.tile.weight_bits[rng.below(chip.tile.weight_bits.size())];
  std::uint32_t planes = 1;
  if (const auto* input = std::get_if<InputId>(&from)) planes = network.inputs[input->index()].planes;
  if (rng.chance(0.2) && chip.tile.max_shift >= planes)
    projection.shift = static_cast<std::uint32_t>(rng.below(std::min(3U, chip.tile.max_shift - planes + 1)));
  const double density = rng.chance(0.5) ? 1.0 : 0.05 + 0.9 * rng.unit();
  fill_rows(rng, projection, source_size(network, from), network.populations[to.index()].size(), density);
  give_form(projection);
  return projection;
}

/// Every second population becomes a feature map where its size allows: numbered by position in its tiles.
void give_positions(IntNetwork& network) {
  for (std::size_t p = 0; p < network.populations.size(); p += 2) {
    IntPopulation& population = network.populations[p];
    for (const std::size_t width : {4U, 3U, 2U}) {
      if (population.size() % (2 * width) != 0) continue;
      population.shape = {population.size() / (2 * width), 2, width};
      break;
    }
  }
}

IntNetwork make_network(Rng& rng, const Chip& chip, const CaseOptions& options) {
  IntNetwork network;
  network.name = "random";
  network.state_bits = chip.tile.state_bits;
  for (std::size_t i = 0, n = 1 + rng.below(2); i < n; ++i)
    network.inputs.push_back(make_input(rng, options, i));
  const std::size_t populations = 1 + rng.below(options.max_populations);
  for (std::size_t p = 0; p < populations; ++p) {
    const bool readout = chip.tile.readout != 0 && p + 1 == populations && rng.chance(0.3);
    network.populations.push_back(make_population(rng, chip, options, p, readout));
  }
  const auto connect = [&](const Source& from, std::size_t to, std::uint32_t delay) {
    network.projections.push_back(make_projection(rng, chip, network, from, PopulationId{to}, delay));
  };
  for (std::size_t to = 0; to < populations; ++to) {
    for (std::size_t i = 0; i < network.inputs.size(); ++i)
      if (rng.chance(to == 0 ? 1.0 : 0.2)) connect(InputId{i}, to, rng.chance(0.8) ? 0U : 1U);
    for (std::size_t from = 0; from < populations; ++from) {
      if (network.populations[from].is_readout()) continue;
      const bool forward = from < to;
      if (!rng.chance(forward ? (from + 1 == to ? 0.9 : 0.3) : 0.25)) continue;
      connect(
          PopulationId{from}, to,
          forward ? static_cast<std::uint32_t>(rng.below(3)) : 1U + static_cast<std::uint32_t>(rng.below(2)));
    }
  }
  give_positions(network);
  for (std::size_t p = 0; p < populations; ++p)
    if (p + 1 == populations || rng.chance(0.4)) {
      const IntPopulation& population = network.populations[p];
      network.outputs.push_back({"out_" + population.name, population.shape, PopulationId{p}});
    }
  return network;
}

/// Groups of some populations pass through one set of membranes, where every tile lets them: what is drawn
/// for the rest of the case does not change.
void give_shared(IntNetwork& network, const Chip& chip) {
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    if (chip.kind(kind).bias_words == 0) return;
  Rng rng(network.projections.size() * 6151 + network.populations.front().size());
  for (IntPopulation& population : network.populations) {
    if (population.is_readout() || rng.chance(0.4)) continue;
    std::vector<std::uint32_t> divisors;
    for (std::uint32_t n = 2; n <= std::min<std::size_t>(5, population.shape.front()); ++n)
      if (population.shape.front() % n == 0) divisors.push_back(n);
    if (!divisors.empty()) population.share = divisors[rng.below(divisors.size())];
  }
  // And where two populations could share membranes, they mostly do.
  for (std::size_t b = 1; b < network.populations.size(); ++b)
    for (std::size_t a = 0; a < b && !network.populations[b].membranes_of; ++a) {
      IntPopulation &owner = network.populations[a], &other = network.populations[b];
      if (owner.is_readout() || other.is_readout() || owner.membranes_of || rng.chance(0.2)) continue;
      if (other.shape.front() % owner.membranes() != 0 && other.size() != owner.membranes()) continue;
      const std::size_t share = other.size() / owner.membranes();
      if (share == 0 || share > 5 || other.size() % owner.membranes() != 0 ||
          other.shape.front() % share != 0)
        continue;
      if (other.unit != owner.unit || !other.relative_unit.empty() || !owner.relative_unit.empty()) continue;
      other.share = static_cast<std::uint32_t>(share);
      other.membranes_of = PopulationId(a);
    }
}

/// Max pooling of the spikes of a map, and neurons behind it: what is drawn for the rest of the case does not
/// change.
void give_pool(IntNetwork& network) {
  Rng rng(network.projections.size() * 7919 + network.populations.size());
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Shape shape = network.populations[p].shape;
    if (network.populations[p].is_readout() || shape.size() != 3 || shape[2] % 2 != 0) continue;
    if (!rng.chance(0.5)) continue;
    WindowMap window;
    window.inputs = window.outputs = window.groups = static_cast<std::uint32_t>(shape[0]);
    window.in = {static_cast<std::uint32_t>(shape[1]), static_cast<std::uint32_t>(shape[2])};
    window.kernel = window.stride = {2, 2};
    window.out = {window.in[0] / 2, window.in[1] / 2};
    const std::size_t size = std::size_t{window.outputs} * window.out_area();
    IntPopulation pool;
    pool.name = "pool";
    pool.kind = NeuronKind::kThreshold;
    pool.shape = {shape[0], window.out[0], window.out[1]};
    for (const IntParameter& parameter : kIntParameters) (pool.*parameter.values).assign(size, 0);
    IntPopulation after = pool;
    after.name = "behind_pool";
    after.kind = NeuronKind::kLif;
    after.theta.assign(size, 1);
    after.beta.assign(size, 2048);
    const PopulationId at(network.populations.size()), next(network.populations.size() + 1);
    network.projections.push_back(
        {"or", PopulationId(p), at, 0, 8, 0, MapForm(window), std::vector<std::int16_t>(shape[0] * 4, 1)});
    network.projections.push_back(
        {"behind",
         at,
         next,
         0,
         8,
         0,
         MapForm(DenseMap{static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(size)}),
         {}});
    for (std::size_t k = 0; k < size * size; ++k)
      network.projections.back().weight.push_back(static_cast<std::int16_t>(in(rng, -2, 3)));
    network.populations.push_back(pool);
    network.populations.push_back(after);
    network.outputs.push_back({"out_pool", pool.shape, at});
    network.outputs.push_back({"out_behind_pool", after.shape, next});
    break;
  }
}

Dataset make_data(Rng& rng, const IntNetwork& network, const CaseOptions& options) {
  Dataset data;
  for (const IntInput& input : network.inputs) data.ports.push_back({input.name, input.shape});
  for (std::size_t s = 0, n = 1 + rng.below(options.max_samples); s < n; ++s) {
    Sample sample;
    sample.id = std::to_string(s);
    sample.inputs.resize(network.inputs.size());
    const double density = kDensities[rng.below(4)];
    for (std::size_t t = 0, steps = 1 + rng.below(options.max_steps); t < steps; ++t)
      for (std::size_t i = 0; i < network.inputs.size(); ++i) {
        const auto [low, high] = value_range(network.inputs[i]);
        for (std::uint32_t e = 0; e < network.inputs[i].size(); ++e)
          if (rng.chance(density)) sample.inputs[i].add(e, in(rng, low, high));
        sample.inputs[i].end_step();
      }
    data.samples.push_back(std::move(sample));
  }
  return data;
}

IntPopulation plain_population(Rng& rng, const std::string& name, Shape shape) {
  IntPopulation p;
  p.name = name;
  p.kind = NeuronKind::kLif;
  p.shape = std::move(shape);
  p.reset = rng.chance(0.5) ? Reset::kToValue : Reset::kSubtract;
  const std::size_t size = volume(p.shape);
  for (const IntParameter& parameter : kIntParameters) (p.*parameter.values).assign(size, 0);
  p.beta = values(rng, size, 0, 4096);
  p.theta = values(rng, size, 0, 60);
  p.bias_i = values(rng, size, -4, 12);
  p.v_reset = p.theta;
  return p;
}

/// Neurons without memory that spike from a spike of `weight` on.
IntPopulation pool_population(Rng& rng, Shape shape, std::int32_t weight, const Chip& chip) {
  IntPopulation p = plain_population(rng, "pool", std::move(shape));
  p.kind = NeuronKind::kThreshold;
  p.scale = static_cast<std::uint32_t>(rng.below(chip.tile.max_scale + 1));
  p.beta.assign(p.size(), 0);
  p.bias_i.assign(p.size(), in(rng, -2, 2));
  p.theta.assign(p.size(), p.bias_i.front() + in(rng, 0, weight * (1 << p.scale) - 1));
  return p;
}

WindowMap moved_kernel(std::uint32_t inputs, std::uint32_t outputs, const Shape& map) {
  WindowMap window;
  window.inputs = inputs;
  window.outputs = outputs;
  window.in = window.out = {static_cast<std::uint32_t>(map[1]), static_cast<std::uint32_t>(map[2])};
  window.kernel = {3, 3};
  window.before = {1, 1};
  return window;
}

IntProjection with_random_weights(Rng& rng, const Chip& chip, const std::string& name, Source from,
                                  PopulationId to, std::uint32_t delay, MapForm form) {
  IntProjection projection{name, from, to, delay, 8, 0, std::move(form), {}};
  const std::uint32_t bits = chip.tile.weight_bits[rng.below(chip.tile.weight_bits.size())];
  if (bits != 1) projection.bits = bits;
  const auto [low, high] = mantissa_range(projection.bits);
  for (std::size_t k = 0; k < projection.form.weights(); ++k)
    projection.weight.push_back(
        static_cast<std::int16_t>(in(rng, std::max(low / 4, -16), std::min(high, 16))));
  return projection;
}

IntNetwork make_pooled_network(Rng& rng, const Chip& chip) {
  IntNetwork network;
  network.name = "pooled";
  network.state_bits = chip.tile.state_bits;
  const auto inputs = static_cast<std::uint32_t>(1 + rng.below(2));
  const std::size_t channels = rng.chance(0.4) ? 16 : rng.chance(0.2) ? 32 : 1 + rng.below(24);
  const Shape map{channels, 2 + rng.below(3), 2 + rng.below(4)};
  const std::array<std::uint32_t, 2> stride =
      rng.chance(0.6) ? std::array<std::uint32_t, 2>{2, 2}
                      : std::array<std::uint32_t, 2>{static_cast<std::uint32_t>(1 + rng.below(3)),
                                                     static_cast<std::uint32_t>(1 + rng.below(3))};
  const Shape pooled{channels, (map[1] + stride[0] - 1) / stride[0], (map[2] + stride[1] - 1) / stride[1]};
  network.inputs = {{"in", {inputs, map[1], map[2]}, 1, false, 1}};
  const auto weight = static_cast<std::int32_t>(1 + rng.below(3));
  network.populations.push_back(plain_population(rng, "map", map));
  network.populations.push_back(pool_population(rng, pooled, weight, chip));
  const PopulationId source(0), pool(1);
  network.projections.push_back(
      with_random_weights(rng, chip, "conv", InputId(0), source, 0,
                          MapForm(moved_kernel(inputs, static_cast<std::uint32_t>(channels), map))));
  // By position of the pool: a window, or the same as a gather.
  IntProjection into{"or", source, pool, 0, 8, 0, {}, {}};
  if (rng.chance(0.5)) {
    WindowMap window;
    window.inputs = window.outputs = window.groups = static_cast<std::uint32_t>(channels);
    window.in = {static_cast<std::uint32_t>(map[1]), static_cast<std::uint32_t>(map[2])};
    window.out = {static_cast<std::uint32_t>(pooled[1]), static_cast<std::uint32_t>(pooled[2])};
    window.kernel = window.stride = stride;
    into.form = MapForm(window);
  } else {
    std::vector<std::uint32_t> gather;
    for (std::uint32_t s = 0; s < volume(map); ++s)
      gather.push_back(static_cast<std::uint32_t>(
          (s / (map[1] * map[2]) * pooled[1] + s / map[2] % map[1] / stride[0]) * pooled[2] +
          s % map[2] / stride[1]));
    const auto size = static_cast<std::uint32_t>(volume(pooled));
    into.form = MapForm(DiagonalMap{size, size}, std::move(gather));
  }
  into.weight.assign(into.form.weights(), static_cast<std::int16_t>(weight));
  network.projections.push_back(std::move(into));
  for (std::size_t n = 0, count = 1 + rng.below(2); n < count; ++n) {
    const bool is_map = rng.chance(0.5);
    const std::size_t wide = 1 + rng.below(8);
    const PopulationId to(network.populations.size());
    network.populations.push_back(plain_population(rng, "reader" + std::to_string(n),
                                                   is_map ? Shape{wide, pooled[1], pooled[2]} : Shape{wide}));
    const auto sources = static_cast<std::uint32_t>(volume(pooled)),
               targets = static_cast<std::uint32_t>(wide);
    const auto delay = static_cast<std::uint32_t>(rng.chance(0.6) ? 0 : rng.below(3));
    network.projections.push_back(with_random_weights(
        rng, chip, "read" + std::to_string(n), pool, to, delay,
        is_map ? MapForm(moved_kernel(static_cast<std::uint32_t>(channels), targets, pooled))
               : MapForm(DenseMap{sources, targets})));
    network.outputs.push_back({"out" + std::to_string(n), network.populations.back().shape, to});
  }
  const auto back = [&](PopulationId from, std::uint32_t delay) {
    IntProjection projection{
        "back" + std::to_string(network.projections.size()), from, source, delay, 8, 0, {}, {}};
    fill_rows(rng, projection, network.populations[from.index()].size(), volume(map), 0.02);
    network.projections.push_back(std::move(projection));
  };
  if (rng.chance(0.15)) back(pool, 1);
  if (rng.chance(0.15)) back(PopulationId(2), 1);
  if (rng.chance(0.1)) back(source, 1);  // then the map's own spikes are wanted
  if (rng.chance(0.5)) network.outputs.push_back({"out_pool", pooled, pool});
  if (rng.chance(0.1)) network.outputs.push_back({"out_map", map, source});
  return network;
}

/// Whoever hears an input hears nothing else, and keeps nothing of its current.
IntNetwork hearing_inputs_alone(IntNetwork network) {
  std::vector<std::uint8_t> hears(network.populations.size(), 0);
  for (const IntProjection& projection : network.projections)
    if (std::holds_alternative<InputId>(projection.from)) hears[projection.to.index()] = 1;
  std::erase_if(network.projections, [&](const IntProjection& projection) {
    return hears[projection.to.index()] != 0 && std::holds_alternative<PopulationId>(projection.from);
  });
  for (std::size_t p = 0; p < hears.size(); ++p)
    if (hears[p] != 0) network.populations[p].alpha.assign(network.populations[p].size(), 0);
  return network;
}

/// Every seventh network is one for static inputs, its sums held: what is drawn for the rest of the case does
/// not change.
void give_static(IntNetwork& network, const Chip& chip) {
  Rng rng(network.projections.size() * 6007 + network.inputs[0].size() * 31 + network.populations.size());
  if (!rng.chance(0.15)) return;
  try {
    network = with_static_inputs(hearing_inputs_alone(network), {kEveryInput}, chip).network;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;  // a chip that neither keeps currents nor takes sums
  }
}

bool fits(const IntNetwork& network, const Chip& chip) {
  return check(network).empty() && accumulator_problems(network, chip.tile.acc_bits).empty();
}

}  // namespace

Case pooled_case(std::uint64_t seed, const Chip& chip) {
  Rng rng(seed);
  for (;;) {
    Case result;
    result.network = make_pooled_network(rng, chip);
    if (!check(result.network).empty()) continue;
    if (!accumulator_problems(result.network, chip.tile.acc_bits).empty()) continue;
    result.data = make_data(rng, result.network, {});
    return result;
  }
}

namespace {

/// A window with random other geometry, over no more than it reads.
WindowMap random_window_of(Rng& rng, std::uint32_t channels, std::array<std::uint32_t, 2> kernel) {
  WindowMap window;
  window.kernel = kernel;
  window.groups = channels % 2 == 0 && rng.chance(0.25) ? 2 : 1;
  window.inputs = channels;
  window.outputs = window.groups * static_cast<std::uint32_t>(1 + rng.below(2));
  for (std::size_t axis = 0; axis < 2; ++axis) {
    window.stride[axis] = static_cast<std::uint32_t>(1 + rng.below(2));
    window.dilation[axis] = window.kernel[axis] > 1 && rng.chance(0.25) ? 2 : 1;
    window.before[axis] = static_cast<std::uint32_t>(rng.below(window.kernel[axis]));
    window.out[axis] = rng.chance(0.3) ? 2 : 1;
    // As large as the last neuron reads, less what it reads of padding behind.
    const std::uint32_t reach =
        (window.out[axis] - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    const std::uint32_t without = reach - std::min(reach - 1, window.before[axis]);
    window.in[axis] = without - static_cast<std::uint32_t>(rng.below(std::min(without, 2U)));
  }
  return window;
}

/// A population of one map like the others of a case.
IntPopulation map_population(Rng& rng, const Chip& chip, const char* name, std::vector<std::size_t> shape) {
  const auto size = static_cast<std::uint32_t>(volume(shape));
  IntPopulation p = make_population(rng, chip, {.max_neurons = 1}, 0, false);
  for (const IntParameter& parameter : kIntParameters)
    if (std::vector<std::int32_t>& list = p.*parameter.values; !list.empty())
      list.assign(size, std::int32_t{list[0]});
  p.name = name;
  p.shape = std::move(shape);
  return p;
}

IntProjection random_weights(Rng& rng, std::string name, Source from, PopulationId to, MapForm form) {
  IntProjection projection{std::move(name), from, to, 0, 8, 0, std::move(form), {}};
  const std::int64_t highest = std::int64_t{1} << (2 + rng.below(6));
  for (std::size_t k = 0; k < projection.form.weights(); ++k)
    projection.weight.push_back(static_cast<std::int16_t>(rng.between(-highest, highest - 1)));
  return projection;
}

IntNetwork wide_convolution(Rng& rng, const Chip& chip) {
  IntNetwork network;
  network.name = "wide convolution";
  network.state_bits = chip.tile.state_bits;
  const std::uint32_t axons = hw::kChunkBits * chip.tile.page_chunks;
  const auto places = static_cast<std::uint32_t>(axons + 1 + rng.below(7 * axons));
  const std::uint32_t rows = rng.chance(0.25) ? 1 : static_cast<std::uint32_t>(1 + rng.below(5));
  const std::array<std::uint32_t, 2> kernel{rows, static_cast<std::uint32_t>(1 + rng.below(6))};
  const std::uint32_t channels = std::max(1U, places / (kernel[0] * kernel[1]));
  const WindowMap window = random_window_of(rng, channels, kernel);
  const std::vector<std::size_t> from{channels, window.in[0], window.in[1]},
      to{window.outputs, window.out[0], window.out[1]};
  const bool behind_map = rng.chance(0.4);
  network.inputs = {{"in", from, 1, false, 1}};
  if (behind_map) {
    network.populations.push_back(map_population(rng, chip, "map", from));
    const auto size = static_cast<std::uint32_t>(volume(from));
    network.projections.push_back(random_weights(rng, "to map", InputId(0), PopulationId(0),
                                                 MapForm(DiagonalMap{size, window.in_area()})));
    for (std::int16_t& weight : network.projections.back().weight) weight = std::max<std::int16_t>(weight, 3);
  }
  const PopulationId layer(network.populations.size());
  const auto source = behind_map ? Source(PopulationId(0)) : Source(InputId(0));
  network.populations.push_back(map_population(rng, chip, "layer", to));
  network.projections.push_back(random_weights(rng, "conv", source, layer, MapForm(window)));
  if (behind_map && rng.chance(0.3)) network.projections.back().delay = 1;
  const auto size = static_cast<std::uint32_t>(volume(to));
  if (rng.chance(0.3)) {  // a second convolution, of another input, with the same targets
    const auto few = static_cast<std::uint32_t>(1 + rng.below(axons / 2));
    WindowMap other = window;
    other.groups = 1;
    other.inputs = std::max(1U, few / other.taps());
    network.inputs.push_back({"other", {other.inputs, other.in[0], other.in[1]}, 1, false, 1});
    network.projections.push_back(random_weights(rng, "second", InputId(1), layer, MapForm(other)));
  }
  if (rng.chance(0.3)) {  // a residual add, of the layer's own shape
    network.inputs.push_back({"skip", to, 1, false, 1});
    network.projections.push_back(random_weights(rng, "add", InputId(network.inputs.size() - 1), layer,
                                                 MapForm(DiagonalMap{size, size})));
  }
  if (rng.chance(0.2))
    network.projections.push_back(random_weights(rng, "again", layer, layer, MapForm(DiagonalMap{size, 1}))),
        network.projections.back().delay = 1;
  network.outputs = {{"out", to, layer}};
  return network;
}

}  // namespace

Case wide_convolution_case(std::uint64_t seed, const Chip& chip) {
  Rng rng(seed);
  for (;;) {
    Case result;
    result.network = wide_convolution(rng, chip);
    if (!check(result.network).empty()) continue;
    if (!accumulator_problems(result.network, chip.tile.acc_bits).empty()) continue;
    result.data = make_data(rng, result.network, {.max_samples = 2, .max_steps = 4});
    return result;
  }
}

void repeat_first_steps(Train& train) {
  const std::vector<Event> first(train.at(0).begin(), train.at(0).end());
  const std::size_t steps = train.steps();
  train = {};
  for (std::size_t t = 0; t < steps; ++t) {
    for (const Event& event : first) train.add(event.element, event.value);
    train.end_step();
  }
}

void give_void_ends(Rng& rng, Dataset& data) {
  for (Sample& sample : data.samples) {
    if (sample.ends_void || rng.chance(0.5)) continue;
    for (Train& train : sample.inputs) train.end_step();
    sample.ends_void = true;
  }
}

Case random_case(std::uint64_t seed, const Chip& chip, const CaseOptions& options) {
  Rng rng(seed);
  for (;;) {
    Case result;
    result.network = make_network(rng, chip, options);
    give_pool(result.network);
    give_shared(result.network, chip);
    if (!fits(result.network, chip)) continue;
    give_static(result.network, chip);
    result.data = make_data(rng, result.network, options);
    for (Sample& sample : result.data.samples)
      for (std::size_t i = 0; i < sample.inputs.size(); ++i)
        if (result.network.inputs[i].is_static) repeat_first_steps(sample.inputs[i]);
    return result;
  }
}

Case static_case(std::uint64_t seed, const Chip& chip, const CaseOptions& options) {
  Rng rng(seed);
  for (;;) {
    Case result;
    result.network = hearing_inputs_alone(make_network(rng, chip, options));
    if (!fits(result.network, chip)) continue;
    result.data = make_data(rng, result.network, options);
    for (Sample& sample : result.data.samples)
      for (Train& train : sample.inputs) repeat_first_steps(train);
    return result;
  }
}

Relabelled relabel(const Case& made, Rng& rng) {
  Relabelled result{made, {}};
  const auto permutation = [&](std::size_t size) {
    std::vector<std::uint32_t> to(size);
    for (std::size_t n = 0; n < size; ++n) to[n] = static_cast<std::uint32_t>(n);
    rng.shuffle(to);
    return to;
  };
  std::vector<std::vector<std::uint32_t>> elements;
  for (const IntInput& input : made.network.inputs) elements.push_back(permutation(input.size()));
  for (std::size_t p = 0; p < made.network.populations.size(); ++p) {
    const IntPopulation& old = made.network.populations[p];
    IntPopulation& now = result.made.network.populations[p];
    // Neurons of one membrane go to one membrane.
    const std::vector<std::uint32_t> membranes = permutation(old.membranes());
    std::vector<std::uint32_t>& to = result.neurons.emplace_back();
    for (std::size_t n = 0; n < old.size(); ++n)
      to.push_back(static_cast<std::uint32_t>(n - n % membranes.size()) + membranes[n % membranes.size()]);
    for (const IntParameter& parameter : kIntParameters)
      for (std::size_t n = 0; n < old.size() && !(old.*parameter.values).empty(); ++n)
        (now.*parameter.values)[result.neurons[p][n]] = (old.*parameter.values)[n];
    for (std::size_t n = 0; n < old.origin.size(); ++n) now.origin[result.neurons[p][n]] = old.origin[n];
  }
  for (IntProjection& projection : result.made.network.projections) {
    const IntProjection old = projection;
    const auto* input = std::get_if<InputId>(&old.from);
    const auto& from =
        input ? elements[input->index()] : result.neurons[std::get<PopulationId>(old.from).index()];
    std::vector<std::vector<std::pair<std::uint32_t, std::int16_t>>> rows(from.size());
    for (std::size_t s = 0; s < from.size(); ++s)
      old.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        if (old.weight[weight] != 0)
          rows[from[s]].emplace_back(result.neurons[old.to.index()][target], old.weight[weight]);
      });
    SparseMap map{static_cast<std::uint32_t>(result.neurons[old.to.index()].size()), {0}, {}};
    projection.weight.clear();
    for (auto& row : rows) {
      std::sort(row.begin(), row.end());
      for (const auto& [target, weight] : row) {
        map.target.push_back(target);
        projection.weight.push_back(weight);
      }
      map.end_row();
    }
    projection.form = MapForm(std::move(map));
  }
  for (Sample& sample : result.made.data.samples)
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
      Train now;
      for (std::size_t t = 0; t < sample.inputs[i].steps(); ++t) {
        std::vector<Event> events(sample.inputs[i].at(t).begin(), sample.inputs[i].at(t).end());
        for (Event& event : events) event.element = elements[i][event.element];
        std::sort(events.begin(), events.end(),
                  [](const Event& a, const Event& b) { return a.element < b.element; });
        for (const Event& event : events) now.add(event.element, event.value);
        now.end_step();
      }
      sample.inputs[i] = std::move(now);
    }
  return result;
}

GoldenRun run_golden(const IntNetwork& network, const Dataset& data) {
  GoldenInterpreter golden(network);
  GoldenRun run;
  const std::size_t populations = network.populations.size();
  run.spikes.resize(populations);
  run.potentials.resize(populations);
  run.final_v.resize(populations);
  run.final_i.resize(populations);
  for (const Sample& sample : data.samples) {
    golden.reset();
    for (std::size_t t = 0; t < sample.full_steps(); ++t) {
      std::vector<InputStep> inputs(network.inputs.size());
      for (std::size_t i = 0; i < inputs.size(); ++i)
        for (const Event& event : sample.inputs[i].at(t))
          inputs[i].push_back({event.element, static_cast<std::int32_t>(event.value)});
      (void)golden.step(inputs);
      for (std::size_t p = 0; p < populations; ++p) {
        const PopulationId id{p};
        const std::size_t begin = run.spikes[p].size();
        run.spikes[p].resize(begin + network.populations[p].size(), 0);
        for (const std::uint32_t n : golden.spikes(id)) run.spikes[p][begin + n] = 1;
        const std::vector<std::int32_t>& origin = network.populations[p].origin;
        for (std::size_t n = 0; n < network.populations[p].size(); ++n)
          run.potentials[p].push_back(golden.v(id)[n % golden.v(id).size()] +
                                      (origin.empty() ? 0 : origin[n]));
      }
    }
  }
  for (std::size_t p = 0; p < populations; ++p) {
    std::size_t last = p;  // to pass through its membranes
    const std::size_t owner = network.populations[p].membranes_of.value_or(PopulationId(p)).index();
    for (std::size_t other = 0; other < populations; ++other)
      if (other == owner || network.populations[other].membranes_of == PopulationId(owner)) last = other;
    const auto v = golden.v(PopulationId{last}), i = golden.i(PopulationId{last});
    for (std::size_t n = 0; n < network.populations[p].size(); ++n) {
      run.final_v[p].push_back(v[n % v.size()]);
      run.final_i[p].push_back(i[n % i.size()]);
    }
  }
  run.synaptic_operations = golden.totals().synaptic_operations;
  return run;
}

}  // namespace spikeloom::testing

// Networks and chips for the contract suite: everything that a network may have but numbers, among it maps
// with windows of every geometry.
#include "tests/core/core_inputs.hpp"

#include <bit>

#include "compiler/core/systolic/tables.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::test {
namespace {

/// A window of any geometry over the map.
WindowMap window_on(Rng& rng, const Shape& map) {
  WindowMap window;
  window.inputs = static_cast<std::uint32_t>(map[0]);
  window.in = {static_cast<std::uint32_t>(map[1]), static_cast<std::uint32_t>(map[2])};
  if (rng.chance(0.3)) {  // depthwise, or two groups of equal size
    window.groups = rng.chance(0.5) || window.inputs % 2 != 0 ? window.inputs : 2;
    window.outputs = window.inputs * static_cast<std::uint32_t>(1 + rng.below(2));
  } else {
    constexpr std::uint32_t kChannels[] = {5, 8, 16, 24, 32};
    window.outputs = kChannels[rng.below(5)];
  }
  for (std::size_t axis = 0; axis < 2; ++axis) {
    window.kernel[axis] = static_cast<std::uint32_t>(1 + rng.below(std::min(3U, window.in[axis])));
    window.stride[axis] = static_cast<std::uint32_t>(1 + rng.below(2));
    window.before[axis] = static_cast<std::uint32_t>(rng.below(window.kernel[axis]));
    const auto behind = static_cast<std::uint32_t>(rng.below(window.kernel[axis]));
    window.out[axis] =
        (window.in[axis] + window.before[axis] + behind - window.kernel[axis]) / window.stride[axis] + 1;
  }
  return window;
}

std::vector<std::int16_t> weights_of(Rng& rng, const MapForm& form, std::uint32_t bits) {
  std::vector<std::int16_t> weights;
  for (std::size_t n = 0; n < form.weights(); ++n) weights.push_back(random_weight(rng, bits));
  return weights;
}

/// A chain of maps and, behind it perhaps, neurons that hear all of the last one.
IntNetwork network_of_maps(Rng& rng, NetworkSize size) {
  IntNetwork net;
  net.name = "maps";
  constexpr std::size_t kChannels[] = {1, 3, 8, 16};
  IntInput input;
  input.name = "in";
  input.shape = {kChannels[rng.below(4)], 2 + rng.below(4), 2 + rng.below(4)};
  if (rng.chance(0.2)) input.planes = 2;
  net.inputs.push_back(input);
  Shape map = input.shape;
  Source from = InputId(0);
  constexpr std::uint32_t kBits[] = {8, 4, 2, 1};
  const auto add = [&](IntPopulation population, MapForm form, std::uint32_t delay) {
    const PopulationId to(net.populations.size());
    // A weight of one bit has no 0, so none stands in a row that leaves neurons out.
    const std::uint32_t bits = kBits[rng.below(form.as<DenseMap>() != nullptr ? 4 : 3)];
    IntProjection projection{"w", from, to, delay, bits, static_cast<std::uint32_t>(rng.below(3)), form, {}};
    projection.weight = weights_of(rng, form, bits);
    net.populations.push_back(std::move(population));
    net.projections.push_back(std::move(projection));
    map = net.populations.back().shape;
    from = to;
  };
  for (std::size_t n = 0, maps = 1 + rng.below(size.populations); n < maps; ++n) {
    const WindowMap window = window_on(rng, map);
    IntPopulation population =
        random_population(rng, "map" + std::to_string(n), std::size_t{window.outputs} * window.out_area(),
                          rng.chance(0.2) ? NeuronKind::kCubaLif : NeuronKind::kLif);
    population.shape = {window.outputs, window.out[0], window.out[1]};
    add(std::move(population), MapForm(window), rng.chance(0.2) ? 1 : 0);
  }
  if (rng.chance(0.4)) {
    const std::size_t neurons = 1 + rng.below(std::min<std::size_t>(size.neurons, 20));
    add(random_population(rng, "all", neurons, rng.chance(0.5) ? NeuronKind::kLi : NeuronKind::kLif),
        MapForm(DenseMap{static_cast<std::uint32_t>(volume(map)), static_cast<std::uint32_t>(neurons)}), 0);
  }
  net.outputs.push_back({"out", net.populations.back().shape, PopulationId(net.populations.size() - 1)});
  return net;
}

IntNetwork any_network(Rng& rng, NetworkSize size) {
  return rng.chance(0.4) ? network_of_maps(rng, size) : random_network(rng, size);
}

Chip chip_of_arrays(Rng& rng) {
  Chip chip = random_chip(rng);
  chip.tile.core = "systolic";
  chip.tile.systolic_columns = 8U << rng.below(3);
  chip.tile.systolic_pages = 1U << rng.below(4);
  chip.tile.systolic_vectors = 32U << rng.below(4);
  chip.tile.systolic_blocks = 1024;
  chip.tile.systolic_folds = 4096;
  chip.tile.lif_lanes = 1U << rng.below(std::bit_width(std::min(16U, chip.tile.systolic_columns)));
  chip.tile.state_words = 1024;
  chip.tile.update_entries = 2048;
  chip.tile.out_entries = 1024;
  chip.tile.page_chunks = 256;
  return chip;
}

/// On arrays whose firings have one step.
void share_step_by_step(Rng& rng, IntNetwork& net, Chip& chip) {
  chip.tile.systolic_pages = 1;
  share_membranes(rng, net, chip);
}

/// One input of 20 elements into one population of 20, all weights 8 bits wide.
IntNetwork array_layer(NeuronKind kind) {
  Rng rng(1);
  IntNetwork net;
  net.name = "one layer";
  net.inputs.push_back({});
  net.inputs[0].name = "in";
  net.inputs[0].shape = {20};
  net.populations.push_back(random_population(rng, "p", 20, kind));
  net.populations[0].scale = 3;
  net.projections.push_back(random_projection(rng, InputId(0), 20, PopulationId(0), 20, 8, 1.0));
  net.projections[0].shift = 2;
  net.outputs.push_back({"out", net.populations[0].shape, PopulationId(0)});
  return net;
}

Chip array_chip() {
  Chip chip;
  chip.tile.core = "systolic";
  return chip;
}

std::vector<RefusedNetwork> refused_by_systolic() {
  std::vector<RefusedNetwork> all;
  /// A network that such a tile takes, but for the one change.
  const auto refuse = [&](const char* reason, NeuronKind kind, auto change) {
    RefusedNetwork refused{reason, array_layer(kind), array_chip().tile};
    change(refused.network, refused.tile);
    all.push_back(std::move(refused));
  };
  refuse("tile.current = 0", NeuronKind::kCubaLif, [](auto&, auto& tile) { tile.current = 0; });
  refuse("tile.readout = 0", NeuronKind::kLi, [](auto&, auto& tile) { tile.readout = 0; });
  refuse("tile.bias_words = 0", NeuronKind::kLif, [](auto& net, auto&) { net.populations[0].share = 4; });
  refuse("tile.systolic_pages = 8", NeuronKind::kLif, [](auto& net, auto& tile) {
    net.populations[0].share = 4;
    tile.bias_words = 64;
  });
  refuse("tile.max_scale = 2", NeuronKind::kLif, [](auto&, auto& tile) { tile.max_scale = 2; });
  refuse("but tile.systolic_shift = 1; tile.systolic_shift = 2 would do", NeuronKind::kLif,
         [](auto& net, auto& tile) {
           net.projections[0].weight[0] = 127;
           tile.systolic_shift = 1;
         });
  refuse("have weights of 8 bits, but tile.systolic_weight_bits = 4", NeuronKind::kLif,
         [](auto&, auto& tile) { tile.systolic_weight_bits = 4; });
  refuse("accumulator", NeuronKind::kLif, [](auto&, auto& tile) { tile.acc_bits = 12; });
  refuse("theta of neuron 3 is 8388608, which needs more than tile.state_bits = 24", NeuronKind::kLif,
         [](auto& net, auto& tile) {
           tile.state_bits = 24;
           net.populations[0].theta[3] = 1 << 23;
         });
  refuse("bias_i of neuron 5 is -32769, which needs more than tile.bias_bits = 16", NeuronKind::kLif,
         [](auto& net, auto& tile) {
           tile.bias_bits = 16;
           net.populations[0].bias_i[5] = -(1 << 15) - 1;
         });
  refuse(
      "it takes numbers from part; the core systolic takes spikes only", NeuronKind::kLif,
      [](auto& net, auto&) {
        IntPopulation part = net.populations[0];
        part.name = "part";
        part.kind = NeuronKind::kLi;
        part.scale = 0;
        const auto size = static_cast<std::uint32_t>(part.size());
        net.populations.push_back(part);
        net.projections[0].to = PopulationId(1);
        net.projections.push_back(
            {"handed on", PopulationId(1), PopulationId(0), 1, 8, 0, MapForm(DiagonalMap{size, size}), {1}});
      });
  return all;
}

std::vector<ForeignTile> foreign_to_systolic() {
  std::vector<ForeignTile> all;
  const auto differ = [&](const char* reason, NeuronKind kind, auto change) {
    ForeignTile foreign{reason, array_layer(kind), array_chip(), array_chip().tile};
    change(foreign.tile);
    all.push_back(std::move(foreign));
  };
  differ("tile.systolic_columns", NeuronKind::kLif, [](auto& tile) { tile.systolic_columns *= 2; });
  differ("tile.lif_lanes", NeuronKind::kLif, [](auto& tile) { tile.lif_lanes /= 2; });
  differ("tile.systolic_weight_bits", NeuronKind::kLif, [](auto& tile) { tile.systolic_weight_bits = 4; });
  differ("tile.systolic_shift", NeuronKind::kLif, [](auto& tile) { tile.systolic_shift = 1; });
  differ("tile.systolic_vectors", NeuronKind::kLif, [](auto& tile) { tile.systolic_vectors = 8; });
  differ("is a readout", NeuronKind::kLi, [](auto& tile) { tile.readout = 0; });
  all.push_back({"the chip has no words of biases", array_layer(NeuronKind::kLif), array_chip(), {}});
  all.back().network.populations[0].share = 4;
  all.back().chip.tile.bias_words = 64;
  all.back().chip.tile.systolic_pages = 1;
  all.back().tile = all.back().chip.tile;
  all.back().tile.bias_words = 0;
  all.push_back(all.back());
  all.back().reason = "takes several steps in one firing";
  all.back().tile.bias_words = 64;
  all.back().tile.systolic_pages = 4;
  return all;
}

/// Words that are read for the folds of a firing, whatever its pages hold.
std::int64_t read_words(const Cluster& cluster, std::span<const device_model::Page>) {
  const systolic::Tables tables(cluster);
  std::int64_t words = 0;
  for (std::size_t b = 0; b < tables.blocks(); ++b)
    for (std::uint32_t n = 0; n < tables.block(b).folds; ++n) {
      const hw::MemFoldEntry fold = tables.fold(tables.block(b).fold + n);
      words += fold.format == hw::kFormatW8 ? fold.rows : (fold.rows + 1) / 2;
    }
  return words;
}

}  // namespace

CoreInputs systolic_inputs() {
  return {.core = find_core("systolic"),
          .network = any_network,
          .chip = chip_of_arrays,
          .readouts = true,
          .currents = true,
          .narrows = true,
          .merges = true,
          .share = share_step_by_step,
          .weights = "tile.systolic_words",
          .refused = refused_by_systolic,
          .foreign = foreign_to_systolic,
          .counted = read_words};
}

}  // namespace spikeloom::test

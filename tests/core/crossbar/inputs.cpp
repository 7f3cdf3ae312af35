// Networks and chips for the contract suite: everything that a network may have.
#include "tests/core/core_inputs.hpp"

#include <bit>

#include "compiler/core/crossbar/tables.hpp"

namespace spikeloom::test {
namespace {

/// One input of 20 elements into one population of 20, all weights 8 bits wide.
IntNetwork one_layer(NeuronKind kind) {
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

/// A random network; in every second one some population takes potentials of a readout besides, which hands
/// them on as they are or by weights.
IntNetwork network_with_numbers(Rng& rng, NetworkSize size) {
  IntNetwork net = random_network(rng, size);
  if (!rng.chance(0.5)) return net;
  const std::size_t to = rng.below(net.populations.size());
  const std::size_t n = net.populations[to].size();
  const bool sums = rng.chance(0.5);
  const PopulationId from(net.populations.size());
  net.populations.push_back(random_population(rng, "behind", sums ? n : 1 + rng.below(12), NeuronKind::kLi));
  IntPopulation& behind = net.populations.back();
  behind.scale = 0;
  if (!sums) behind.beta.assign(behind.size(), static_cast<std::int32_t>(rng.below(3000)));
  net.projections.push_back(
      random_projection(rng, InputId(0), net.inputs[0].size(), from, behind.size(), 2, 0.3));
  const auto delay = 1 + static_cast<std::uint32_t>(rng.below(3));
  if (sums) {
    const auto all = static_cast<std::uint32_t>(n);
    const std::uint32_t run = rng.chance(0.5) ? all : 1;
    net.projections.push_back({"handed on", from, PopulationId(to), delay, 8, 0,
                               MapForm(DiagonalMap{all, run}), std::vector<std::int16_t>(all / run, 1)});
    return net;
  }
  net.projections.push_back(random_projection(rng, from, behind.size(), PopulationId(to), n, 2, 0.5));
  net.projections.back().delay = delay;
  net.projections.back().shift = 0;
  return net;
}

/// One that every such tile takes: potentials by weights may be more than an accumulator holds.
IntNetwork accepted_network(Rng& rng, NetworkSize size) {
  for (;;) {
    IntNetwork net = network_with_numbers(rng, size);
    const Layers layers = make_layers(net);
    bool taken = true;
    for (std::size_t p = 0; p < layers.size(); ++p)
      taken = taken && find_core("crossbar")->problems(net, PopulationId(p), layers[p], Chip{}.tile).empty();
    if (taken) return net;
  }
}

/// A population that takes the sums of a part of it, which stands behind it and is a step late.
IntNetwork summed_network() {
  IntNetwork net = one_layer(NeuronKind::kLif);
  IntPopulation part = net.populations[0];
  part.name = "part";
  part.kind = NeuronKind::kLi;
  part.scale = 0;
  const auto size = static_cast<std::uint32_t>(part.size());
  for (auto* values : {&part.beta, &part.bias_i, &part.bias_v}) values->assign(size, 0);
  net.populations.push_back(part);
  net.projections[0].to = PopulationId(1);
  net.projections.push_back(
      {"handed on", PopulationId(1), PopulationId(0), 1, 8, 0, MapForm(DiagonalMap{size, size}), {1}});
  return net;
}

std::vector<RefusedNetwork> refused_by_crossbar() {
  const Chip chip;
  std::vector<RefusedNetwork> all;
  /// A network that such a tile takes, but for the one change.
  const auto refuse = [&](const char* reason, NeuronKind kind, auto change) {
    RefusedNetwork refused{reason, one_layer(kind), chip.tile};
    change(refused.network, refused.tile);
    all.push_back(std::move(refused));
  };
  refuse("tile.current = 0", NeuronKind::kCubaLif, [](auto&, auto& tile) { tile.current = 0; });
  refuse("tile.readout = 0", NeuronKind::kLi, [](auto&, auto& tile) { tile.readout = 0; });
  all.push_back({"tile.sums = 0", summed_network(), chip.tile});
  all.back().tile.sums = 0;
  refuse("tile.bias_words = 0", NeuronKind::kLif, [](auto& net, auto&) { net.populations[0].share = 4; });
  refuse("tile.max_scale = 2", NeuronKind::kLif, [](auto&, auto& tile) { tile.max_scale = 2; });
  refuse("tile.max_shift = 1", NeuronKind::kLif, [](auto& net, auto& tile) {
    net.projections[0].weight[0] = 127;
    tile.max_shift = 1;
  });
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
  return all;
}

std::vector<ForeignTile> foreign_to_crossbar() {
  std::vector<ForeignTile> all;
  const auto differ = [&](const char* reason, NeuronKind kind, auto change) {
    ForeignTile foreign{reason, one_layer(kind), Chip{}, Chip{}.tile};
    change(foreign.tile);
    all.push_back(std::move(foreign));
  };
  differ("tile.lanes", NeuronKind::kLif, [](auto& tile) { tile.lanes *= 2; });
  differ("tile.lif_lanes", NeuronKind::kLif, [](auto& tile) { tile.lif_lanes /= 2; });
  differ("rows that the chip does not decode", NeuronKind::kLif, [](auto& tile) { tile.weight_bits = {4}; });
  differ("rows that the chip does not decode", NeuronKind::kLif, [](auto& tile) { tile.max_shift = 1; });
  all.push_back({"takes numbers", summed_network(), Chip{}, Chip{}.tile});
  all.back().tile.sums = 0;
  differ("is a readout", NeuronKind::kLi, [](auto& tile) { tile.readout = 0; });
  all.push_back({"its neurons share membranes", one_layer(NeuronKind::kLif), Chip{}, Chip{}.tile});
  all.back().network.populations[0].share = 4;
  all.back().chip.tile.bias_words = 64;
  return all;
}

/// Weight words of the rows of all set bits; a half of a number counts as one.
std::int64_t counted_words(const Cluster& cluster, std::span<const device_model::Page> pages) {
  const crossbar::Tables tables(cluster);
  std::int64_t words = 0;
  for (const device_model::Page& page : pages)
    for (std::size_t c = 0; c < page.size(); ++c)
      for (std::uint32_t left = page[c]; left != 0; left &= tables.chunk(c).value != 0 ? 0 : left - 1)
        words += tables.row_words(tables.chunk(c), static_cast<std::uint32_t>(std::countr_zero(left)));
  return words;
}

}  // namespace

CoreInputs crossbar_inputs() {
  return {.core = find_core("crossbar"),
          .network = accepted_network,
          .chip = random_chip,
          .readouts = true,
          .currents = true,
          .share = share_membranes,
          .weights = "tile.weight_words",
          .refused = refused_by_crossbar,
          .foreign = foreign_to_crossbar,
          .counted = counted_words};
}

}  // namespace spikeloom::test

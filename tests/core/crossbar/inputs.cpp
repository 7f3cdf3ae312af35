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
  differ("is a readout", NeuronKind::kLi, [](auto& tile) { tile.readout = 0; });
  return all;
}

/// Weight words of the rows of all set bits.
std::int64_t counted_words(const Cluster& cluster, std::span<const device_model::Page> pages) {
  const crossbar::Tables tables(cluster);
  std::int64_t words = 0;
  for (const device_model::Page& page : pages)
    for (std::size_t c = 0; c < page.size(); ++c)
      for (std::uint32_t left = page[c]; left != 0; left &= left - 1)
        words += tables.row_words(tables.chunk(c), static_cast<std::uint32_t>(std::countr_zero(left)));
  return words;
}

}  // namespace

CoreInputs crossbar_inputs() {
  return {.core = find_core("crossbar"),
          .network = random_network,
          .chip = random_chip,
          .readouts = true,
          .currents = true,
          .weights = "tile.weight_words",
          .refused = refused_by_crossbar,
          .foreign = foreign_to_crossbar,
          .counted = counted_words};
}

}  // namespace spikeloom::test

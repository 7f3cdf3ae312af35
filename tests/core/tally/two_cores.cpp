#include "tests/core/tally/two_cores.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::test {

Chip two_core_chip() {
  Chip chip = chip_named("mixed");
  chip.name = "two-cores";
  TileKind& kind = chip.more_kinds.at(0);
  kind = chip.tile;
  kind.name = "voters";
  kind.core = "tally";
  kind.page_rows = 24;
  kind.page_chunks = 10;
  kind.page_blocks = 22;
  kind.out_entries = 128;
  kind.contexts = 3;
  kind.tally_lanes = 4;
  kind.tally_votes = 512;
  kind.tally_groups = 64;
  chip.kind_of = {0, 1, 1, 0};
  return parse_chip(print(chip), chip.name);
}

Dataset random_samples(Rng& rng, const IntNetwork& network) {
  Dataset data;
  for (const IntInput& input : network.inputs) data.ports.push_back({input.name, input.shape});
  for (std::size_t s = 0; s < 1 + rng.below(4); ++s) {
    Sample sample;
    sample.id = std::to_string(s);
    const std::size_t steps = 1 + rng.below(7);
    const double density = rng.chance(0.2) ? 1.0 : rng.unit();
    for (const IntInput& input : network.inputs) {
      Train train;
      for (std::size_t t = 0; t < steps; ++t) {
        for (std::size_t e = 0; e < input.size(); ++e)
          if (rng.chance(density)) train.add(static_cast<std::uint32_t>(e));
        train.end_step();
      }
      sample.inputs.push_back(train);
    }
    data.samples.push_back(std::move(sample));
  }
  return data;
}

}  // namespace spikeloom::test

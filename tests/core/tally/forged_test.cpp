// Images with clusters of this core among others, forged field by field.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/flow/compile.hpp"
#include "tests/core/tally/two_cores.hpp"
#include "tests/verify/forgeries.hpp"

namespace spikeloom::test {
namespace {

/// With a contracted promise, and without operating points, which batches of pages exclude.
testing::Genuine genuine_with_tallies() {
  const Chip chip = two_core_chip();
  for (std::uint64_t seed = 1;; ++seed) {
    Rng rng(seed);
    IntNetwork network = tally_inputs().network(rng, {.populations = 3, .neurons = 24});
    network.state_bits = chip.tile.state_bits;
    if (network.populations.size() != 3) continue;
    for (IntInput& input : network.inputs) input.is_signed = false;
    CompileInput input;
    input.name = "made";
    input.data = random_samples(rng, network);
    input.network = std::move(network);
    CompileOptions options;
    options.points = 0;
    options.seed = seed;
    options.kinds = {{"p0", "tile"}, {"p1", "voters"}, {"p2", "voters"}};
    try {
      auto compiled = compile(std::move(input), chip, options, {});
      if (!std::holds_alternative<Compilation>(compiled)) continue;
      Compilation& compilation = std::get<Compilation>(compiled);
      if (compilation.image.promises.size() < 2) continue;
      return {std::move(compilation.integers), std::move(compilation.image)};
    } catch (const Error& error) {  // too much for a tile
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    }
  }
}

TEST(TallyForged, FieldsOfMemoryWordsAreSitesByTheirNames) {
  testing::expect_fields_are_sites(genuine_with_tallies().image, "tally");
}

TEST(TallyForged, WhatIsAcceptedKeepsItsPromiseAndItsSpikes) {
  testing::forge_all(genuine_with_tallies(), 2);
}

}  // namespace
}  // namespace spikeloom::test

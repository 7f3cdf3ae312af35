// Max pooling of spikes, as random cases draw it: a spike where any spike of the window is.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {
namespace {

TEST(Pools, SpikeWhereAnySpikeOfTheirWindowIs) {
  Chip chip;
  std::size_t pools = 0, silent = 0, one = 0, several = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Case made = random_case(seed, chip, {});
    const auto& populations = made.network.populations;
    const auto pool = std::find_if(populations.begin(), populations.end(),
                                   [](const IntPopulation& p) { return p.name == "pool"; });
    if (pool == populations.end()) continue;
    ++pools;
    const auto at = static_cast<std::size_t>(pool - populations.begin());
    const auto projection = std::find_if(made.network.projections.begin(), made.network.projections.end(),
                                         [&](const IntProjection& p) { return p.to == PopulationId(at); });
    const std::size_t from = std::get<PopulationId>(projection->from).index();
    const Shape shape = populations[from].shape;
    const GoldenRun run = run_golden(made.network, made.data);
    const std::size_t steps = run.spikes[at].size() / pool->size();
    for (std::size_t k = 0; k < steps; ++k)
      for (std::size_t n = 0; n < pool->size(); ++n) {
        const std::size_t width = shape[2] / 2, area = shape[1] / 2 * width;
        const std::size_t c = n / area, y = n % area / width, x = n % width;
        std::size_t spikes = 0;
        for (const std::size_t dy : {0U, 1U})
          for (const std::size_t dx : {0U, 1U})
            spikes += run.spikes[from][k * populations[from].size() + (c * shape[1] + 2 * y + dy) * shape[2] +
                                       2 * x + dx];
        ASSERT_EQ(run.spikes[at][k * pool->size() + n], spikes != 0 ? 1 : 0)
            << "seed " << seed << ", step " << k << ", neuron " << n;
        (spikes == 0 ? silent : spikes == 1 ? one : several) += 1;
      }
  }
  EXPECT_GT(pools, 20U);
  EXPECT_GT(std::min({silent, one, several}), 50U);
}

}  // namespace
}  // namespace spikeloom::testing

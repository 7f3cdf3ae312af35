#include "tests/flow/expect_golden.hpp"

#include <gtest/gtest.h>

namespace spikeloom::testing {

void expect_golden(const Case& made, const Image& image, const DeviceRun& run, const GoldenRun& golden) {
  std::size_t spiking = 0, analogue = 0;
  for (const OutputStream& output : image.application.outputs) {
    const std::size_t p = output.population.index();
    const std::size_t n = made.network.populations[p].size();
    std::size_t k = 0;
    if (output.kind == OutputKind::kSpikes) {
      const SpikeTrace& trace = run.outputs.spikes.at(spiking++);
      for (const auto& sample : trace.samples)
        for (std::size_t i = 0; i < sample.size(); ++i, ++k)
          ASSERT_EQ(sample[i], golden.spikes[p][k])
              << output.name << " step " << k / n << " neuron " << k % n;
    } else {
      const PotentialTrace& trace = run.outputs.potentials.at(analogue++);
      for (const auto& sample : trace.samples)
        for (std::size_t i = 0; i < sample.size(); ++i, ++k)
          ASSERT_EQ(sample[i], golden.potentials[p][k])
              << output.name << " step " << k / n << " neuron " << k % n;
    }
  }
}

}  // namespace spikeloom::testing

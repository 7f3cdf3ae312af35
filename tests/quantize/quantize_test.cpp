#include "compiler/quantize/quantize.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/linear/random_maps.hpp"
#include "tests/quantize/checked.hpp"
#include "tests/quantize/networks.hpp"

namespace spikeloom {
namespace {

using test::checked;
using test::matrix_of;
using test::one_layer;
using test::random_window;
using test::real_population;
using test::real_projection;
using test::written_out;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string refusal(const Network& network, const QuantizeOptions& options) {
  try {
    (void)quantize(network, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "accepted";
}

double normal(Rng& rng) {
  return std::sqrt(-2 * std::log(1 - rng.unit())) * std::cos(6.283185307179586 * rng.unit());
}

/// Recurrent, with gains, biases and thresholds of every neuron's own.
Network random_real(Rng& rng, bool own_gains) {
  Network net = one_layer(7, 9, [&](std::size_t, std::size_t) { return normal(rng); });
  Population& p = net.populations[0];
  p.kind = NeuronKind::kCubaLif;
  const double gain = 0.05 + rng.unit();
  for (std::size_t j = 0; j < p.size(); ++j) {
    p.alpha[j] = rng.unit();
    p.beta[j] = rng.unit();
    p.gain_i[j] = own_gains ? 0.1 + rng.unit() : gain;
    p.bias[j] = 0.1 * normal(rng);
    p.drive[j] = 0.05 * normal(rng);
    p.theta[j] = 0.5 + rng.unit();
    p.v_reset[j] = 0.1 * normal(rng);
  }
  net.projections.push_back(real_projection("rec", PopulationId(0), 9, PopulationId(0), 9,
                                            [&](std::size_t, std::size_t) { return 3 * normal(rng); }));
  net.projections[1].delay = 1;
  return net;
}

TEST(Quantize, TakesOverWeightsOnAGridWithoutError) {
  for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Rng rng(seed);
      const double step = std::ldexp(1.0, static_cast<int>(rng.between(-8, 2)));
      const std::int64_t most = bits == 1 ? 1 : (1 << (bits - 1)) - 1;
      const auto weight = [&](std::size_t, std::size_t) {
        if (bits == 1) return rng.chance(0.5) ? step : -step;
        return step * static_cast<double>(rng.between(-most - 1, most));
      };
      Network net = one_layer(8, 6, weight);
      // A second projection on a grid a power of two away.
      const double factor = std::ldexp(1.0, static_cast<int>(rng.between(0, 3)));
      net.projections.push_back(
          real_projection("rec", PopulationId(0), 6, PopulationId(0), 6,
                          [&](std::size_t s, std::size_t t) { return factor * weight(s, t); }));
      net.projections[1].delay = 1;
      // Gains of every neuron's own go into the membrane, not into the weights.
      for (double& gain : net.populations[0].gain_v) gain = 0.05 + rng.unit();
      QuantizeOptions options;
      options.weight_bits = bits;
      const Quantized result = checked(net, options);
      for (const ProjectionReport& report : result.report.projections) {
        ASSERT_TRUE(report.exact) << bits << " bits, seed " << seed;
        ASSERT_EQ(report.bits, bits);
        ASSERT_LT(report.max_error, 1e-12 * step) << bits << " bits, seed " << seed;
        ASSERT_EQ(report.vanished + report.clipped, 0u);
      }
    }
  }
}

TEST(Quantize, AnIntegrateAndFireNetworkOnAGridGivesTheSameSpikes) {
  std::size_t spikes = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    Network net = one_layer(
        8, 6, [&](std::size_t, std::size_t) { return 0.125 * static_cast<double>(rng.between(-3, 7)); });
    Population& p = net.populations[0];
    p.kind = NeuronKind::kIf;
    p.beta.assign(6, 1);
    for (double& theta : p.theta) theta = 0.3 + 2 * rng.unit();  // off the grid: floor is exact there
    p.theta[0] = 1;                                              // on it: equal is no spike
    const Quantized result = checked(net, {});
    GoldenInterpreter golden(result.network);
    Interpreter real(net);
    for (int t = 0; t < 60; ++t) {
      InputStep step;
      std::vector<double> dense(8, 0);
      for (std::uint32_t e = 0; e < 8; ++e) {
        if (rng.chance(0.3)) step.push_back({e, 1}), dense[e] = 1;
      }
      golden.step(std::vector<InputStep>{step});
      const std::span<const double> span(dense);
      real.step(std::vector<std::span<const double>>{span});
      std::vector<std::uint32_t> expected;
      for (std::uint32_t j = 0; j < 6; ++j) {
        if (real.spikes(PopulationId(0))[j] != 0) expected.push_back(j);
      }
      ASSERT_THAT(golden.spikes(PopulationId(0)), ::testing::ElementsAreArray(expected))
          << "seed " << seed << " step " << t;
      spikes += expected.size();
    }
  }
  EXPECT_GT(spikes, 1000u);
}

TEST(Quantize, FollowsARealNetworkOfItsOwnWeights) {
  // The integer network, read back as reals, is what the report says it is: potentials agree to the
  // truncation.
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    Network net = random_real(rng, seed % 2 == 0);
    net.populations[0].theta.assign(9, 100);  // silent, so that the potentials can be compared
    const Quantized result = checked(net, {});
    const IntPopulation& p = result.network.populations[0];
    GoldenInterpreter golden(result.network);
    Interpreter real(net);
    double largest = 0;
    double off = 0;
    for (int t = 0; t < 40; ++t) {
      InputStep step;
      std::vector<double> dense(7, 0);
      for (std::uint32_t e = 0; e < 7; ++e) {
        if (rng.chance(0.4)) step.push_back({e, 1}), dense[e] = 1;
      }
      golden.step(std::vector<InputStep>{step});
      const std::span<const double> span(dense);
      real.step(std::vector<std::span<const double>>{span});
      for (std::size_t j = 0; j < 9; ++j) {
        const double v =
            golden.v(PopulationId(0))[j] * p.unit * (p.relative_unit.empty() ? 1 : p.relative_unit[j]);
        off = std::max(off, std::abs(v - real.potential(PopulationId(0))[j]));
        largest = std::max(largest, std::abs(real.potential(PopulationId(0))[j]));
      }
    }
    EXPECT_LT(off, 0.05 * largest + 0.01) << "seed " << seed;
    EXPECT_EQ(golden.totals().saturations, 0u) << "seed " << seed;
  }
}

/// A decay of the kind that files have: none, a short memory, or one that steps of 1/4096 hardly tell from 1.
double random_decay(Rng& rng) {
  return rng.chance(0.2) ? 0 : 1 - std::ldexp(1 + rng.unit(), -static_cast<int>(rng.between(1, 14)));
}

/// A few neurons of any kind whose constant inputs count as much as what comes in.
Network random_driven(Rng& rng) {
  Network net = one_layer(3, 2, [&](std::size_t, std::size_t) { return normal(rng); });
  Population& p = net.populations[0];
  const bool readout = rng.chance(0.5);
  p.kind = readout ? NeuronKind::kCubaLi : NeuronKind::kCubaLif;
  p.reset = rng.chance(0.5) ? Reset::kToValue : Reset::kSubtract;
  const double drive = rng.chance(0.3) ? 0 : 10 * normal(rng);
  const double bias = rng.chance(0.3) ? 0 : normal(rng);
  const double theta = std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-4, 8)));
  const double alpha = rng.chance(0.3) ? 0 : random_decay(rng), beta = random_decay(rng);
  for (std::size_t j = 0; j < p.size(); ++j) {
    p.alpha[j] = alpha;
    p.beta[j] = beta;
    p.bias[j] = bias;
    p.drive[j] = drive;
    p.theta[j] = theta;
    p.v_reset[j] = rng.chance(0.5) ? 0 : -theta;
  }
  return net;
}

/// Values that are clipped while the inputs drive the neuron one way, until its states have settled.
std::uint64_t saturations(const IntNetwork& network, const Network& net, std::size_t neuron, bool up) {
  constexpr double kSettled = 10, kLongest = 30000;
  const IntPopulation& p = network.populations[0];
  InputStep step;
  for (std::uint32_t s = 0; s < net.inputs[0].size(); ++s)
    if ((net.projections[0].weight[s * p.size() + neuron] > 0) == up) step.push_back({s, 1});
  const double left = std::min(kDecayOne - p.alpha[neuron], kDecayOne - p.beta[neuron]) / double{kDecayOne};
  const auto steps = static_cast<int>(left == 0 ? kLongest : std::min(kSettled / left + kSettled, kLongest));
  GoldenInterpreter golden(network);
  for (int t = 0; t < steps; ++t) golden.step(std::vector<InputStep>{step});
  return golden.totals().saturations;
}

TEST(Quantize, StatesSaturateWhereThereIsNoProofAndNeverWhereThereIs) {
  std::size_t proved = 0, unproved = 0, saturated = 0, proved_shared = 0;
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    Rng rng(seed);
    Network net = random_driven(rng);
    Population& real = net.populations[0];
    if (seed >= 400 && !real.is_readout()) {  // both neurons push one membrane
      real.share = 2;
      for (double& gain : real.gain_i) gain = std::exp(normal(rng));
    }
    QuantizeOptions options;
    options.limits.state_bits = static_cast<std::uint32_t>(rng.between(20, 24));
    std::optional<Quantized> result;
    try {
      result = checked(net, options);
    } catch (const Error&) {
      continue;  // the drive, the threshold or the bias does not fit
    }
    std::uint64_t clipped = 0;
    for (std::size_t j = 0; j < 2; ++j)
      for (const bool up : {false, true}) clipped += saturations(result->network, net, j, up);
    const IntPopulation& p = result->network.populations[0];
    if (!result->report.populations[0].can_saturate) {
      ++proved;
      proved_shared += p.share == 2 ? 1 : 0;
      ASSERT_EQ(clipped, 0U) << "seed " << seed << ": " << print(result->report);
    } else if (p.is_readout() && p.beta[0] < kDecayOne && p.alpha[0] < kDecayOne) {
      ++unproved;  // nothing resets it, so that the bound is reached but for truncation
      saturated += clipped != 0 ? 1 : 0;
    }
  }
  EXPECT_GT(proved, 100U);
  EXPECT_GT(unproved, 30U);
  EXPECT_GT(10 * saturated, 9 * unproved);
  EXPECT_GT(proved_shared, 30U);
}

/// What a membrane holds is counted in one unit, whoever passes through it: the real network's spikes are the
/// integer one's, however the gains of its neurons differ.
TEST(Quantize, NeuronsThatShareAMembraneHaveOneUnit) {
  std::size_t spikes = 0, differ = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    Network net = one_layer(6, 12, [&](std::size_t, std::size_t) { return normal(rng); });
    Population& p = net.populations[0];
    p.share = static_cast<std::uint32_t>(rng.between(2, 4));
    if (rng.chance(0.5)) p.reset = Reset::kSubtract;
    for (double& gain : p.gain_i) gain = std::exp(normal(rng));
    const IntNetwork integers = checked(net, {}).network;
    EXPECT_EQ(integers.populations[0].share, p.share);
    const std::vector<double>& unit = integers.populations[0].relative_unit;
    for (std::size_t j = 0; j < unit.size(); ++j)
      EXPECT_EQ(unit[j], unit[j % integers.populations[0].membranes()]) << "seed " << seed;
    GoldenInterpreter golden(integers);
    Interpreter real(net);
    for (int t = 0; t < 20; ++t) {
      InputStep step;
      std::vector<double> dense(6, 0);
      for (std::uint32_t e = 0; e < 6; ++e)
        if (rng.chance(0.4)) step.push_back({e, 1}), dense[e] = 1;
      golden.step(std::vector<InputStep>{step});
      const std::span<const double> span(dense);
      real.step(std::vector<std::span<const double>>{span});
      std::vector<std::uint8_t> own(12, 0);
      for (const std::uint32_t n : golden.spikes(PopulationId(0))) own[n] = 1;
      for (std::size_t j = 0; j < 12; ++j) {
        spikes += real.spikes(PopulationId(0))[j];
        differ += own[j] != real.spikes(PopulationId(0))[j] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(spikes, 1000U);
  EXPECT_LT(20 * differ, spikes);
}

TEST(Quantize, ACoarserWidthNeverHasLessError) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed);
    const Network net = random_real(rng, false);
    double previous = 0;
    for (const std::uint32_t bits : {8U, 4U, 2U, 1U}) {
      QuantizeOptions options;
      options.weight_bits = bits;
      double error = 0;
      for (const ProjectionReport& report : checked(net, options).report.projections)
        error += report.rms_error * report.rms_error * static_cast<double>(report.synapses);
      EXPECT_GE(error, previous) << bits << " bits, seed " << seed;
      previous = error;
    }
  }
}

TEST(Quantize, RelabellingNeuronsPermutesTheResult) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed);
    const Network net = random_real(rng, seed % 2 == 0);
    std::vector<std::size_t> old(9);  // old[new]
    for (std::size_t j = 0; j < 9; ++j) old[j] = j;
    rng.shuffle(old);
    Network moved = net;
    Population& p = moved.populations[0];
    const Population& q = net.populations[0];
    for (std::size_t j = 0; j < 9; ++j) {
      p.alpha[j] = q.alpha[old[j]], p.gain_i[j] = q.gain_i[old[j]], p.bias[j] = q.bias[old[j]],
      p.beta[j] = q.beta[old[j]];
      p.drive[j] = q.drive[old[j]], p.theta[j] = q.theta[old[j]], p.v_reset[j] = q.v_reset[old[j]];
    }
    const auto dense = [&](std::size_t n, std::size_t s, std::size_t t) {
      return net.projections[n].weight[s * 9 + t];
    };
    moved.projections[0] = real_projection("fc", InputId(0), 7, PopulationId(0), 9,
                                           [&](std::size_t s, std::size_t t) { return dense(0, s, old[t]); });
    moved.projections[1] =
        real_projection("rec", PopulationId(0), 9, PopulationId(0), 9,
                        [&](std::size_t s, std::size_t t) { return dense(1, old[s], old[t]); });
    moved.projections[1].delay = 1;
    QuantizeOptions options;
    options.weight_bits = seed % 3 == 0 ? 8 : 4;
    const IntNetwork a = checked(net, options).network;
    const IntNetwork b = checked(moved, options).network;
    const auto weight = [](const IntProjection& projection, std::size_t s, std::size_t t) {
      int result = 0;
      projection.form.row(s).each([&](std::uint32_t target, std::size_t index) {
        if (target == t) result = projection.weight[index];
      });
      return result;
    };
    ASSERT_EQ(a.populations[0].scale, b.populations[0].scale) << "seed " << seed;
    for (std::size_t n = 0; n < 2; ++n) {
      ASSERT_EQ(a.projections[n].shift, b.projections[n].shift) << "seed " << seed;
      for (std::size_t s = 0; s < a.projections[n].form.sources(); ++s) {
        for (std::size_t t = 0; t < 9; ++t) {
          ASSERT_EQ(weight(b.projections[n], s, t), weight(a.projections[n], n == 0 ? s : old[s], old[t]))
              << "seed " << seed;
        }
      }
    }
    for (std::size_t j = 0; j < 9; ++j) {
      ASSERT_EQ(b.populations[0].theta[j], a.populations[0].theta[old[j]]) << "seed " << seed;
      ASSERT_EQ(b.populations[0].bias_i[j], a.populations[0].bias_i[old[j]]) << "seed " << seed;
      ASSERT_EQ(b.populations[0].bias_v[j], a.populations[0].bias_v[old[j]]) << "seed " << seed;
      ASSERT_EQ(b.populations[0].beta[j], a.populations[0].beta[old[j]]) << "seed " << seed;
    }
  }
}

TEST(Quantize, AbsentSynapsesTurnOneBitIntoTwoWithANote) {
  QuantizeOptions options;
  options.weight_bits = 1;
  Rng rng(5);
  const Network dense = one_layer(6, 6, [&](auto, auto) { return normal(rng); });
  Quantized result = checked(dense, options);
  EXPECT_EQ(result.network.projections[0].bits, 1u);
  EXPECT_THAT(result.report.notes, IsEmpty());
  const Network sparse =
      one_layer(6, 6, [&](std::size_t s, std::size_t t) { return s == t ? 0 : normal(rng); });
  result = checked(sparse, options);
  EXPECT_EQ(result.network.projections[0].bits, 2u);
  EXPECT_THAT(result.report.notes,
              ElementsAre(HasSubstr("projection 'fc' from 'in': some synapses are absent")));
  options.limits.weight_bits = {1};
  EXPECT_THAT(refusal(sparse, options), HasSubstr("a chip that decodes 2-bit weights would help"));
}

TEST(Quantize, RefusesAnAccumulatorThatCanOverflowByName) {
  Rng rng(5);
  const Network net = one_layer(200, 3, [&](auto, auto) { return 0.5 + rng.unit(); });
  QuantizeOptions options;
  options.limits.acc_bits = 12;
  EXPECT_THAT(
      refusal(net, options),
      AllOf(HasSubstr("population 'n'"), HasSubstr("bits, the accumulator has 12"), HasSubstr("would help")));
  options.weight_bits = 4;
  const Quantized result = checked(net, options);
  EXPECT_LE(accumulator_bounds(result.network)[0].bits, 12u);
}

TEST(Quantize, ReportsEveryPopulationThatCannotBe) {
  Rng rng(5);
  Network net = one_layer(200, 3, [&](auto, auto) { return 0.5 + rng.unit(); });
  net.populations.push_back(real_population("m", 3));
  net.populations[1].beta[2] = -0.5;
  net.populations.push_back(real_population("k", 3));
  net.projections.push_back(real_projection("tiny", InputId(0), 200, PopulationId(2), 3,
                                            [&](auto, auto) { return 1e-9 * normal(rng); }));
  QuantizeOptions options;
  options.limits.acc_bits = 12;
  EXPECT_THAT(refusal(net, options),
              AllOf(HasSubstr("population 'n': the sum"),
                    HasSubstr("population 'm': beta of neuron 2: a decay must lie in 0 to 1, found -0.5"),
                    HasSubstr("population 'k'")));
}

TEST(Quantize, RefusesUnknownNamesAndWidths) {
  const Network net = one_layer(2, 2, [](auto, auto) { return 1; });
  QuantizeOptions options;
  options.weight_bits = 3;
  options.projection_bits = {{"fcc", 4}};
  options.inputs = {{"inn", {}}, {"in", {9, false, 1}}};
  EXPECT_THAT(refusal(net, options), AllOf(HasSubstr("found 3"), HasSubstr("no projection is called 'fcc'"),
                                           HasSubstr("no input is called 'inn'"),
                                           HasSubstr("input 'in': needs 9 bit planes, expected 1 to 8")));
}

TEST(Quantize, ProjectionsCanHaveWidthsOfTheirOwn) {
  Rng rng(1);
  const Network net = random_real(rng, false);
  QuantizeOptions options;
  options.projection_bits = {{"rec", 2}};
  const Quantized result = checked(net, options);
  EXPECT_EQ(result.network.projections[0].bits, 8u);
  EXPECT_EQ(result.network.projections[1].bits, 2u);
}

TEST(Quantize, GradedInputsGetTheirPlanesAndUnit) {
  Network net =
      one_layer(3, 2, [](std::size_t s, std::size_t t) { return 0.25 * static_cast<double>(s + t + 1); });
  net.populations[0].kind = NeuronKind::kLi;
  QuantizeOptions options;
  options.inputs = {{"in", {5, true, 0.1}}};
  const Quantized result = checked(net, options);
  EXPECT_EQ(result.network.inputs[0].planes, 5u);
  EXPECT_TRUE(result.network.inputs[0].is_signed);
  EXPECT_LE(result.network.projections[0].shift + 4, 7u);
  EXPECT_TRUE(result.report.projections[0].exact);
  GoldenInterpreter golden(result.network);
  golden.step(std::vector<InputStep>{{{0, -16}, {2, 15}}});
  const double expected = 0.25 * 1 * -1.6 + 0.25 * 3 * 1.5;
  EXPECT_NEAR(golden.v(PopulationId(0))[0] * result.network.populations[0].unit, expected, 1e-9);
}

TEST(Quantize, AReadoutsNeuronsShareOneUnit) {
  Rng rng(1);
  Network net = random_real(rng, true);
  net.populations[0].kind = NeuronKind::kCubaLi;
  net.projections.pop_back();
  const Quantized result = checked(net, {});
  EXPECT_THAT(result.network.populations[0].relative_unit, IsEmpty());
}

TEST(Quantize, DrivesJoinTheBiasesWhereThereIsNoCurrent) {
  Rng rng(1);
  Network net = random_real(rng, false);
  net.populations[0].alpha.assign(9, 0);
  const Quantized result = checked(net, {});
  EXPECT_THAT(result.network.populations[0].bias_v, ::testing::Each(0));
  EXPECT_THAT(result.report.notes, ::testing::Contains(HasSubstr("constant drive")));
}

TEST(Quantize, TowardsZeroNeverEnlargesAWeight) {
  Rng rng(2);
  const Network net = one_layer(20, 20, [&](auto, auto) { return normal(rng); });
  QuantizeOptions options;
  options.rounding = Rounding::kTowardsZero;
  options.step = StepChoice::kMaxAbs;
  const Quantized result = checked(net, options);
  double largest = 0;
  for (const double w : net.projections[0].weight) largest = std::max(largest, std::abs(w));
  EXPECT_NEAR(result.report.projections[0].step, largest / 127, 1e-12);
  EXPECT_LE(result.report.projections[0].max_error, result.report.projections[0].step);
  EXPECT_GT(result.report.projections[0].max_error, 0.9 * result.report.projections[0].step);
}

TEST(Quantize, APopulationOfBiasesAloneFires) {
  Network net = one_layer(2, 2, [](auto, auto) { return 0; });
  net.populations[0].bias = {0.3, 0.6};
  net.populations[0].beta = {1, 1};
  const Quantized result = checked(net, {});
  GoldenInterpreter golden(result.network);
  std::vector<std::size_t> counts(2, 0);
  for (int t = 0; t < 40; ++t) {
    golden.step(std::vector<InputStep>{{}});
    for (const std::uint32_t j : golden.spikes(PopulationId(0))) ++counts[j];
  }
  EXPECT_THAT(counts, ElementsAre(10, 20));  // 4 · 0.3 > 1, 2 · 0.6 > 1
}

TEST(Quantize, GivesTheSameTextTwice) {
  Rng rng(4);
  const Network net = random_real(rng, true);
  EXPECT_EQ(print(quantize(net, {}).report), print(quantize(net, {}).report));
}

/// A window into a population, its weights at random or on a grid; and the same written out.
std::pair<Network, Network> with_and_without_form(Rng& rng) {
  WindowMap window = random_window(rng);
  RealMap map{MapForm(window), {}};
  const bool grid = rng.chance(0.3);
  for (std::size_t k = 0; k < map.form.weights(); ++k)
    map.weight.push_back(grid ? static_cast<double>(rng.between(-7, 7)) / 8 : rng.unit() - 0.5);
  Network net;
  net.name = "window";
  net.dt = 1;
  net.inputs.push_back({"in", {map.form.sources()}});
  net.populations.push_back(real_population("n", map.form.targets()));
  const bool by_neuron = rng.chance(0.3);
  double gain = 1;
  for (std::size_t j = 0; j < map.form.targets(); ++j) {
    if (by_neuron || j % window.out_area() == 0) gain = 0.5 + rng.unit();
    net.populations[0].gain_v[j] = gain;
  }
  Projection p;
  p.name = "w";
  p.from = InputId(0);
  p.to = PopulationId(0);
  p.form = map.form;
  p.weight = map.weight;
  net.projections.push_back(p);
  net.outputs.push_back({"out", {map.form.targets()}, PopulationId(0)});
  Network written = net;
  const RealMap all = written_out(map);
  written.projections[0].form = all.form;
  written.projections[0].weight = all.weight;
  return {net, written};
}

TEST(Quantize, GivesAFormTheNumbersOfItsSynapses) {
  std::size_t kept = 0, split = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    const auto [net, written] = with_and_without_form(rng);
    QuantizeOptions options;
    options.weight_bits = seed % 2 == 0 ? 8 : 4;
    if (rng.chance(0.5)) {
      Activity activity;
      activity.inputs.emplace_back();
      for (std::size_t s = 0; s < net.inputs[0].size(); ++s) activity.inputs[0].push_back(rng.unit());
      activity.populations.emplace_back(net.populations[0].size(), 0.1);
      options.activity = activity;
    }
    const Quantized a = checked(net, options), b = checked(written, options);
    const IntProjection &x = a.network.projections[0], &y = b.network.projections[0];
    (x.form.as<WindowMap>() != nullptr ? kept : split) += 1;
    const auto matrix = [](const IntProjection& p) {
      return matrix_of(p.form, std::vector<double>(p.weight.begin(), p.weight.end()));
    };
    ASSERT_EQ(matrix(x), matrix(y)) << "seed " << seed;
    ASSERT_EQ(x.shift, y.shift) << "seed " << seed;
    ASSERT_EQ(a.network.populations[0].scale, b.network.populations[0].scale) << "seed " << seed;
    ASSERT_EQ(a.network.populations[0].theta, b.network.populations[0].theta) << "seed " << seed;
    const ProjectionReport &r = a.report.projections[0], &q = b.report.projections[0];
    ASSERT_EQ(r.synapses, q.synapses) << "seed " << seed;
    ASSERT_EQ(r.vanished, q.vanished) << "seed " << seed;
    ASSERT_EQ(r.clipped, q.clipped) << "seed " << seed;
    ASSERT_EQ(r.exact, q.exact) << "seed " << seed;
    ASSERT_NEAR(r.rms_error, q.rms_error, 1e-9 * (1 + r.rms_error)) << "seed " << seed;
    ASSERT_EQ(r.max_error, q.max_error) << "seed " << seed;
    ASSERT_EQ(a.report.populations[0].accumulator_bits, b.report.populations[0].accumulator_bits);
    const bool says_so = std::any_of(
        a.report.notes.begin(), a.report.notes.end(),
        [](const std::string& note) { return note.find("have different gains") != std::string::npos; });
    ASSERT_EQ(says_so, x.form.as<WindowMap>() == nullptr) << "seed " << seed;
  }
  EXPECT_GT(kept, 200U);
  EXPECT_GT(split, 20U);
}

TEST(CheckQuantized, FindsWhatWasTamperedWith) {
  Rng rng(4);
  const Network net = random_real(rng, true);
  const Quantized sound = checked(net, {});
  const auto finds = [&](const char* text, const auto& tamper) {
    Quantized broken = sound;
    tamper(broken);
    EXPECT_THAT(check(broken, net).list(), ::testing::Contains(HasSubstr(text))) << text;
  };
  finds("weight error", [](Quantized& q) {
    q.network.projections[0].weight[3] =
        static_cast<std::int16_t>(q.network.projections[0].weight[3] > 0 ? -100 : 100);
  });
  finds("theta", [](Quantized& q) { q.network.populations[0].theta[2] += 2; });
  finds("theta", [](Quantized& q) { q.network.populations[0].theta[2] -= 2; });
  finds("beta error", [](Quantized& q) { q.network.populations[0].beta[1] ^= 2; });
  finds("bias error", [](Quantized& q) { q.network.populations[0].bias_i[1] += 3; });
  finds("drive error", [](Quantized& q) { q.network.populations[0].bias_v[1] += 3; });
  finds("reset error", [](Quantized& q) { q.network.populations[0].v_reset[1] += 3; });
  finds("accumulator bits", [](Quantized& q) { q.report.populations[0].accumulator_bits -= 1; });
  finds("another structure", [](Quantized& q) { q.network.projections[1].delay = 2; });

  Network deaf = one_layer(3, 2, [](auto, auto) { return 0.5; });
  deaf.populations[0].gain_v = {1, 0};
  Quantized heard = checked(deaf, {});
  SparseMap map{2, {0}, {}};
  for (int row = 0; row < 3; ++row) {
    map.target.insert(map.target.end(), {0U, 1U});
    map.end_row();
  }
  heard.network.projections[0].form = MapForm(std::move(map));
  heard.network.projections[0].weight.assign(6, heard.network.projections[0].weight.front());
  EXPECT_THAT(check(heard, deaf).list(), ::testing::Contains(HasSubstr("a synapse of no effect became one")));
}

TEST(Quantize, WhatIsFarBeyondTheWeightsStepIsRefusedWithWhatWouldHelp) {
  Network net = one_layer(3, 2, [](auto, auto) { return 0.5; });
  net.populations[0].theta = {1, 1e9};
  EXPECT_THAT(refusal(net, {}), HasSubstr("population 'n': its threshold, reset or bias is 2e+09 times"));
  net.populations[0].theta = {1, 1};
  net.populations[0].bias = {0, 1e7};
  EXPECT_THAT(refusal(net, {}),
              HasSubstr("20 bias bits; fewer weight bits (a coarser step) or a chip with wider state"));
}

/// Everything that is counted in volts, amperes or whatever the file's unit is, times 2^exponent.
Network in_other_units(Network net, int exponent) {
  const auto scale = [&](std::vector<double>& values) {
    for (double& x : values) x = std::ldexp(x, exponent);
  };
  for (Population& p : net.populations) {
    for (auto* values : {&p.bias, &p.drive, &p.theta, &p.v_reset}) scale(*values);
  }
  for (Projection& projection : net.projections) scale(projection.weight);
  return net;
}

/// Only ratios matter, though squares of such numbers are beyond a double.
TEST(Quantize, MakesTheSameOfNumbersOfAnySize) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Rng rng(seed);
    const Network net = random_real(rng, seed % 2 == 1);
    const Quantized plain = checked(net, {});
    for (const int exponent : {-1000, -560, 560, 1000}) {
      const Quantized other = checked(in_other_units(net, exponent), {});
      const IntPopulation &a = plain.network.populations[0], &b = other.network.populations[0];
      for (const IntParameter& parameter : kIntParameters)
        EXPECT_EQ(a.*parameter.values, b.*parameter.values) << parameter.name << " at 2^" << exponent;
      EXPECT_EQ(a.scale, b.scale);
      EXPECT_EQ(std::ldexp(a.unit, exponent), b.unit);
      for (std::size_t n = 0; n < net.projections.size(); ++n) {
        EXPECT_EQ(plain.network.projections[n].weight, other.network.projections[n].weight);
        EXPECT_EQ(plain.network.projections[n].shift, other.network.projections[n].shift);
        const ProjectionReport &x = plain.report.projections[n], &y = other.report.projections[n];
        EXPECT_EQ(x.relative_error, y.relative_error);
        EXPECT_EQ(std::ldexp(x.rms_error, exponent), y.rms_error);
      }
    }
  }
}

/// Gains of any size as well: they are part of the potential's unit.
TEST(Quantize, MakesTheSameOfGainsOfAnySize) {
  Rng rng(5);
  const Network net = random_real(rng, false);
  const Quantized plain = checked(net, {});
  for (const int exponent : {-700, 700}) {
    Network other = net;
    for (double& gain : other.populations[0].gain_v) gain = std::ldexp(gain, exponent);
    for (auto* values :
         {&other.populations[0].drive, &other.populations[0].theta, &other.populations[0].v_reset})
      for (double& x : *values) x = std::ldexp(x, exponent);
    EXPECT_EQ(checked(other, {}).network.populations[0].theta, plain.network.populations[0].theta)
        << exponent;
  }
}

/// Any finite double is legal: an integer network with a report in numbers, or a reason.
TEST(Quantize, TakesOrRefusesWhateverIsFinite) {
  std::size_t taken = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const auto any = [&](bool wild) {
      const int exponent = static_cast<int>(wild ? rng.between(-1060, 1020) : rng.between(-3, 3));
      return std::ldexp(normal(rng), exponent);
    };
    Network net = random_real(rng, seed % 2 == 1);
    const double chance = rng.unit() * rng.unit();
    const auto spoil = [&](std::vector<double>& values) {
      for (double& x : values)
        if (rng.chance(chance)) x = any(true);
    };
    for (Projection& projection : net.projections) spoil(projection.weight);
    Population& p = net.populations[0];
    if (rng.chance(0.5)) {
      for (auto* values : {&p.bias, &p.drive, &p.theta, &p.v_reset, &p.gain_i, &p.gain_v})
        if (rng.chance(0.3)) spoil(*values);
    }
    QuantizeOptions options;
    options.weight_bits = seed % 5 == 0 ? 4 : 8;
    try {
      const Quantized quantized = checked(net, options);
      ++taken;
      const std::string text = print(quantized.report);
      EXPECT_EQ(text.find("nan"), std::string::npos) << text;
      EXPECT_EQ(text.find("inf"), std::string::npos) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      ++refused;
    }
  }
  EXPECT_GT(taken, 50U);
  EXPECT_GT(refused, 20U);
}

}  // namespace
}  // namespace spikeloom

#include "compiler/golden/golden_interpreter.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <tuple>

#include "compiler/base/error.hpp"
#include "tests/golden/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The definition of int_network.hpp, neuron by neuron and axon by axon, with nothing kept but all of the
/// past.
class Definition {
 public:
  explicit Definition(const IntNetwork& net) : net_(net), v_(net.populations.size()), i_(v_) {
    for (std::size_t p = 0; p < v_.size(); ++p)
      v_[p].assign(net.populations[p].membranes(), 0), i_[p] = v_[p];
  }
  void step(const std::vector<InputStep>& inputs) {
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      for (const auto& [e, value] : inputs[n]) {
        for (std::uint32_t b = 0; b < net_.inputs[n].planes; ++b)
          plane_[{n, e, b, t_}] = ((value >> b) & 1) != 0;
      }
    }
    for (std::size_t p = 0; p < v_.size(); ++p) {
      for (std::size_t j = 0; j < net_.populations[p].size(); ++j) update(p, j);
    }
    ++t_;
  }
  bool spiked(std::size_t p, std::size_t j, std::int64_t t) const { return spike_.contains({p, j, t}); }
  /// Of membrane m of the population whose they are.
  std::int64_t v(std::size_t p, std::size_t m) const { return v_[owner(p)][m]; }
  std::int64_t i(std::size_t p, std::size_t m) const { return i_[owner(p)][m]; }
  std::int64_t operations = 0;

 private:
  static std::int64_t decay(std::int64_t x, std::int64_t k) {
    const std::int64_t size = (x < 0 ? -x : x) * k >> 12;
    return x < 0 ? -size : size;
  }
  std::int64_t sat(std::int64_t x) const {
    const std::int64_t half = std::int64_t{1} << (net_.state_bits - 1);
    return std::min(std::max(x, -half), half - 1);
  }
  std::int64_t sum(std::size_t p, std::size_t j) {
    std::int64_t a = 0;
    for (const IntProjection& projection : net_.projections) {
      if (projection.to.index() != p) continue;
      const std::int64_t when = t_ - projection.delay;
      for (std::size_t s = 0; s < projection.form.sources(); ++s) {
        const MapRow row = projection.form.row(s);
        for (std::size_t entry = 0; entry < row.count; ++entry) {
          const std::size_t k = row.weight_at(entry);
          if (row.target_at(entry) != j || projection.weight[k] == 0) continue;
          const std::int64_t w = projection.weight[k] * (std::int64_t{1} << projection.shift);
          if (const auto* in = std::get_if<InputId>(&projection.from)) {
            const IntInput& input = net_.inputs[in->index()];
            for (std::uint32_t b = 0; b < input.planes; ++b) {
              const auto it = plane_.find({in->index(), s, b, when});
              if (it == plane_.end() || !it->second) continue;
              ++operations;
              a += (input.is_signed && b + 1 == input.planes ? -1 : 1) * w * (std::int64_t{1} << b);
            }
          } else if (spiked(std::get<PopulationId>(projection.from).index(), s, when)) {
            ++operations;
            a += w;
          }
        }
      }
    }
    return a;
  }
  std::size_t owner(std::size_t p) const {
    return net_.populations[p].membranes_of ? net_.populations[p].membranes_of->index() : p;
  }
  void update(std::size_t p, std::size_t j) {
    const IntPopulation& n = net_.populations[p];
    std::int64_t& i = i_[owner(p)][j % n.membranes()];
    std::int64_t& v = v_[owner(p)][j % n.membranes()];
    i = sat(decay(i, n.alpha[j]) + sum(p, j) * (std::int64_t{1} << n.scale) + n.bias_i[j]);
    v = sat(decay(v, n.beta[j]) + i + n.bias_v[j]);
    if (n.is_readout() || v <= n.theta[j]) return;
    spike_[{p, j, t_}] = true;
    v = n.reset == Reset::kSubtract ? sat(v - n.v_reset[j]) : n.v_reset[j];
  }

  const IntNetwork& net_;
  std::vector<std::vector<std::int64_t>> v_, i_;
  std::map<std::tuple<std::size_t, std::size_t, std::uint32_t, std::int64_t>, bool> plane_;
  std::map<std::tuple<std::size_t, std::size_t, std::int64_t>, bool> spike_;
  std::int64_t t_ = 0;
};

std::vector<InputStep> random_step(const IntNetwork& net, Rng& rng) {
  std::vector<InputStep> step(net.inputs.size());
  for (std::size_t n = 0; n < step.size(); ++n) {
    const auto [low, high] = value_range(net.inputs[n]);
    for (std::uint32_t e = 0; e < net.inputs[n].size(); ++e) {
      if (rng.chance(0.6)) step[n].push_back({e, static_cast<std::int32_t>(rng.between(low, high))});
    }
  }
  return step;
}

/// Membranes that groups of a population share, and perhaps both populations.
void share_membranes(IntNetwork& net, Rng& rng) {
  for (IntPopulation& population : net.populations) {
    std::vector<std::uint32_t> divisors;
    for (std::uint32_t n = 1; n <= population.size(); ++n)
      if (population.size() % n == 0) divisors.push_back(n);
    if (!population.is_readout()) population.share = divisors[rng.below(divisors.size())];
  }
  if (!net.populations[1].is_readout() && net.populations[0].membranes() == net.populations[1].membranes()) {
    net.populations[1].membranes_of = PopulationId(0);
    net.populations[1].unit = net.populations[0].unit;
  }
}

TEST(GoldenInterpreter, DoesWhatTheDefinitionSays) {
  std::uint64_t spikes = 0;
  std::uint64_t saturations = 0;
  std::uint64_t by_groups = 0, by_populations = 0;
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    Rng rng(seed);
    IntNetwork net = test::random_network(rng);
    if (seed >= 400) share_membranes(net, rng);
    by_groups += net.populations[0].share > 1 ? 1 : 0;
    by_populations += net.populations[1].membranes_of ? 1 : 0;
    GoldenInterpreter golden(net);
    for (int sample = 0; sample < 2; ++sample) {
      golden.reset();
      Definition definition(net);
      StepStatistics statistics;
      for (std::int64_t t = 0; t < 12; ++t) {
        const auto step = random_step(net, rng);
        statistics += golden.step(step);
        definition.step(step);
        for (std::size_t p = 0; p < net.populations.size(); ++p) {
          const PopulationId id(p);
          std::vector<std::uint32_t> expected;
          // Membranes are those that the last population to pass through them left.
          const bool is_last = p == 1 || !net.populations[1].membranes_of;
          for (std::size_t j = 0; is_last && j < net.populations[p].membranes(); ++j) {
            ASSERT_EQ(golden.v(id)[j], definition.v(p, j))
                << "seed " << seed << " step " << t << " membrane " << j;
            ASSERT_EQ(golden.i(id)[j], definition.i(p, j))
                << "seed " << seed << " step " << t << " membrane " << j;
          }
          for (std::size_t j = 0; j < net.populations[p].size(); ++j)
            if (definition.spiked(p, j, t)) expected.push_back(static_cast<std::uint32_t>(j));
          ASSERT_EQ(std::vector<std::uint32_t>(golden.spikes(id).begin(), golden.spikes(id).end()), expected)
              << "seed " << seed;
        }
      }
      ASSERT_EQ(statistics.synaptic_operations, static_cast<std::uint64_t>(definition.operations))
          << "seed " << seed;
      spikes += statistics.spikes;
      saturations += statistics.saturations;
    }
  }
  EXPECT_GT(spikes, 1000u);      // the networks are alive,
  EXPECT_GT(saturations, 100u);  // and the clipping was met
  EXPECT_GT(by_groups, 150u);
  EXPECT_GT(by_populations, 20u);
}

IntNetwork one_neuron() {
  IntNetwork net;
  net.name = "one";
  net.inputs.push_back({"in", {2}, 3, true, 1});
  net.populations.push_back(test::population("n", 1));
  net.projections.push_back(
      test::projection("w", InputId(0), 2, PopulationId(0), 1, [](std::size_t, std::size_t) { return 7; }));
  return net;
}

TEST(GoldenInterpreter, RefusesAValueOutsideThePlanesAndChangesNothing) {
  GoldenInterpreter golden(one_neuron());
  const auto refuse = [&](InputStep values) {
    const std::vector<InputStep> step{std::move(values)};
    try {
      golden.step(step);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(
      refuse({{1, 4}}),
      HasSubstr("input 'in', step 0: element 1: expected a value of -4 to 3 (3 signed bit planes), found 4"));
  EXPECT_THAT(refuse({{0, -5}}), HasSubstr("found -5"));
  EXPECT_THAT(refuse({{2, 1}}), HasSubstr("the input has 2 elements"));
  EXPECT_THAT(refuse({{1, 1}, {0, 1}}), HasSubstr("elements must ascend"));
  EXPECT_THAT(refuse({{1, 1}, {1, 1}}), HasSubstr("elements must ascend"));
  EXPECT_EQ(golden.totals(), StepStatistics{});
  EXPECT_EQ(refuse({{0, -4}, {1, 3}}), "accepted");
  EXPECT_THAT(golden.v(PopulationId(0)), ElementsAre(-7));
  EXPECT_EQ(golden.totals().synaptic_operations, 3u);  // -4 is one plane, 3 is two
  EXPECT_EQ(golden.totals().input_spikes, 3u);
}

TEST(GoldenInterpreter, WantsOneEntryPerInput) {
  GoldenInterpreter golden(one_neuron());
  EXPECT_THROW(golden.step({}), Error);
}

TEST(GoldenInterpreter, RefusesAnUnsoundNetwork) {
  IntNetwork net = one_neuron();
  net.projections[0].weight[0] = 0;
  EXPECT_THROW(GoldenInterpreter golden(net), Error);
}

TEST(GoldenInterpreter, DecaysTowardsZeroOnBothSides) {
  IntNetwork net = one_neuron();
  net.populations[0].beta = {3686};
  GoldenInterpreter golden(net);
  for (const int sign : {1, -1}) {
    golden.reset();
    golden.step(std::vector<InputStep>{{{0, sign}}});
    EXPECT_THAT(golden.v(PopulationId(0)), ElementsAre(7 * sign));
    golden.step(std::vector<InputStep>{{}});
    EXPECT_THAT(golden.v(PopulationId(0)), ElementsAre(6 * sign));
  }
}

TEST(GoldenInterpreter, ForgetsTheLastSampleOnReset) {
  Rng rng(3);
  const IntNetwork net = test::random_network(rng);
  GoldenInterpreter used(net);
  for (int t = 0; t < 10; ++t) used.step(random_step(net, rng));
  used.reset();
  GoldenInterpreter fresh(net);
  for (int t = 0; t < 10; ++t) {
    const auto step = random_step(net, rng);
    EXPECT_EQ(used.step(step), fresh.step(step));
    EXPECT_THAT(used.v(PopulationId(1)), ::testing::ElementsAreArray(fresh.v(PopulationId(1))));
  }
}

TEST(GoldenInterpreter, RelabellingNeuronsChangesNoSpike) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    const IntNetwork net = test::random_network(rng);
    const std::size_t n = net.populations[0].size();
    std::vector<std::uint32_t> place(n);  // old neuron -> new
    for (std::uint32_t j = 0; j < n; ++j) place[j] = j;
    rng.shuffle(place);
    IntNetwork moved = net;
    IntPopulation& p = moved.populations[0];
    for (std::size_t j = 0; j < n; ++j) {
      const IntPopulation& q = net.populations[0];
      for (const IntParameter& parameter : kIntParameters)
        (p.*parameter.values)[place[j]] = (q.*parameter.values)[j];
    }
    for (IntProjection& projection : moved.projections) {
      const bool from = projection.from == Source(PopulationId(0));
      const bool to = projection.to == PopulationId(0);
      std::map<std::pair<std::uint32_t, std::uint32_t>, int> weights;
      const std::size_t sources = projection.form.sources();
      for (std::uint32_t s = 0; s < sources; ++s)
        projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
          weights[{from ? place[s] : s, to ? place[target] : target}] = projection.weight[weight];
        });
      IntProjection sorted = test::projection(
          projection.name, projection.from, sources, projection.to,
          net.populations[projection.to.index()].size(), [&](std::size_t s, std::size_t t) {
            const auto it = weights.find({static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(t)});
            return it == weights.end() ? 0 : it->second;
          });
      sorted.delay = projection.delay, sorted.bits = projection.bits, sorted.shift = projection.shift;
      projection = sorted;
    }
    GoldenInterpreter a(net);
    GoldenInterpreter b(moved);
    for (int t = 0; t < 15; ++t) {
      const auto step = random_step(net, rng);
      ASSERT_EQ(a.step(step), b.step(step)) << "seed " << seed;
      for (std::size_t j = 0; j < n; ++j)
        ASSERT_EQ(a.v(PopulationId(0))[j], b.v(PopulationId(0))[place[j]]) << "seed " << seed;
      ASSERT_THAT(a.v(PopulationId(1)), ::testing::ElementsAreArray(b.v(PopulationId(1)))) << "seed " << seed;
    }
  }
}

TEST(GoldenInterpreter, AddsUpAFormAsItsSynapses) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    WindowMap window = test::random_window(rng);
    window.outputs = window.groups * 8;  // many channels: the loop over channels
    RealMap map{MapForm(window), {}};
    map.weight = test::random_weights(rng, map.form);
    const auto golden_of = [&](const RealMap& of) {
      IntNetwork net;
      net.inputs.push_back({"in", {of.form.sources()}, 2, true, 1});
      net.populations.push_back(test::population("n", of.form.targets()));
      IntProjection p;
      p.name = "w";
      p.from = InputId(0);
      p.to = PopulationId(0);
      p.shift = 1;
      p.form = of.form;
      for (const double w : of.weight) p.weight.push_back(static_cast<std::int16_t>(w));
      net.projections.push_back(p);
      return GoldenInterpreter(net);
    };
    GoldenInterpreter form = golden_of(map), synapses = golden_of(test::written_out(map));
    for (const double density : {0.05, 0.5, 1.0}) {
      InputStep step;
      for (std::uint32_t e = 0; e < map.form.sources(); ++e)
        if (rng.chance(density)) step.push_back({e, static_cast<std::int32_t>(rng.between(-2, 1))});
      const std::vector<InputStep> steps{step};
      ASSERT_EQ(form.step(steps), synapses.step(steps)) << "seed " << seed;
      ASSERT_THAT(form.accumulated(PopulationId(0)),
                  ::testing::ElementsAreArray(synapses.accumulated(PopulationId(0))))
          << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace spikeloom

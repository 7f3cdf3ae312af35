#include "compiler/golden/check.hpp"

#include <gmock/gmock.h>

#include "tests/golden/networks.hpp"

namespace spikeloom {
namespace {

using test::population;
using test::projection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

IntNetwork two_layers() {
  IntNetwork net;
  net.name = "two";
  net.inputs.push_back({"in", {3}, 1, false, 1});
  net.populations.push_back(population("a", 2));
  net.populations.push_back(population("b", 2));
  const auto one = [](std::size_t, std::size_t) { return 1; };
  net.projections.push_back(projection("in-a", InputId(0), 3, PopulationId(0), 2, one));
  net.projections.push_back(projection("a-b", PopulationId(0), 2, PopulationId(1), 2, one));
  net.outputs.push_back({"out", {2}, PopulationId(1)});
  return net;
}

TEST(Check, AcceptsASoundNetwork) { EXPECT_THAT(check(two_layers()).list(), IsEmpty()); }

TEST(Check, NamesThePopulationsOfACycleWithoutDelay) {
  IntNetwork net = two_layers();
  net.projections.push_back(
      projection("b-a", PopulationId(1), 2, PopulationId(0), 2, [](auto, auto) { return 1; }));
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("a cycle without delay: 'a' -> 'b' -> 'a'")));
  net.projections.back().delay = 1;
  EXPECT_THAT(check(net).list(), IsEmpty());
}

TEST(Check, NamesASelfLoopWithoutDelay) {
  IntNetwork net = two_layers();
  net.projections.push_back(
      projection("b-b", PopulationId(1), 2, PopulationId(1), 2, [](auto, auto) { return 1; }));
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("'b' -> 'b'")));
}

TEST(Check, WantsDelayZeroProjectionsForward) {
  IntNetwork net = two_layers();
  net.projections[1].from = PopulationId(1);
  net.projections[1].to = PopulationId(0);
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("goes backwards")));
}

TEST(Check, ReportsEverythingAtOnce) {
  IntNetwork net = two_layers();
  net.populations[0].beta[1] = 4097;
  net.populations[0].theta[0] = 1 << 23;
  net.populations[1].scale = 16;
  net.projections[0].weight[2] = 200;
  net.projections[1].form = MapForm(SparseMap{2, {0, 2, 4}, {0, 2, 0, 1}});
  net.inputs[0].planes = 17;
  net.outputs[0].shape = {3};
  EXPECT_THAT(check(net).list(),
              ElementsAre("input 'in': planes: expected 1 to 16, found 17",
                          "population 'a': beta of neuron 1: expected 0 to 4096, found 4097",
                          "population 'a': theta of neuron 0: expected -8388608 to 8388607, found 8388608",
                          "population 'b': scale: expected 0 to 15, found 16",
                          "projection 'in-a': row 1: weight: expected -128 to 127, found 200 (8 bits)",
                          "projection 'a-b': row 0: target 2, but the population has 2 neurons",
                          "output 'out': its shape does not hold the 2 neurons of 'b'"));
}

TEST(Check, WantsAscendingTargetsWithoutZerosOrRepeats) {
  IntNetwork net = two_layers();
  net.projections[0].form = MapForm(SparseMap{2, {0, 2, 4, 6}, {1, 0, 0, 1, 0, 1}});
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("row 0: targets must ascend")));
  net = two_layers();
  net.projections[0].weight[5] = 0;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("row 2: a weight of 0 is stored")));
}

TEST(Check, OneBitRowsAreFullOrEmpty) {
  IntNetwork net = two_layers();
  net.projections[0].bits = 1;
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.projections[0] = projection("in-a", InputId(0), 3, PopulationId(0), 2,
                                  [](std::size_t s, std::size_t) { return s == 1 ? 0 : 1; });
  net.projections[0].bits = 1;
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.projections[0] = projection("in-a", InputId(0), 3, PopulationId(0), 2,
                                  [](std::size_t s, std::size_t t) { return s == t ? 0 : 1; });
  net.projections[0].bits = 1;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("2 bits would do")));
}

TEST(Check, TakesAReadoutThatFeedsAPopulation) {
  IntNetwork net = two_layers();
  net.populations[0].kind = NeuronKind::kLi;
  EXPECT_THAT(check(net).list(), IsEmpty());
}

TEST(Check, RefusesAResetThatIntegersDoNotHave) {
  IntNetwork net = two_layers();
  net.populations[0].reset = Reset::kSubtract;
  net.populations[0].theta[0] = -1;
  net.populations[0].v_reset[0] = -1;
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.populations[0].reset = Reset::kSubtractLater;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("goes to a value or subtracts one")));
}

TEST(Check, RefusesAnOriginOfWhatIsNoReadout) {
  IntNetwork net = two_layers();
  net.populations[1].kind = NeuronKind::kLi;
  net.populations[1].origin.assign(net.populations[1].size(), -7);
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.populations[1].origin.push_back(0);
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("origin: expected no entries or one per neuron")));
  net.populations[1].origin.clear();
  net.populations[0].origin.assign(net.populations[0].size(), 1);
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("of a readout")));
}

TEST(Check, RefusesEndsThatDoNotExistAndSizesThatDiffer) {
  IntNetwork net = two_layers();
  net.projections[0].from = InputId(1);
  net.projections[1].form = MapForm(SparseMap{2, {0, 2}, {0, 1}});
  net.populations[0].alpha.pop_back();
  net.populations[1].name = "a";
  net.projections[1].bits = 3;
  EXPECT_THAT(check(net).list(), ElementsAre("population 'a': the name occurs twice",
                                             "population 'a': alpha: expected 2 entries, found 1",
                                             "projection 'in-a': one of its ends does not exist",
                                             "projection 'a-b': bits: expected 8, 4, 2 or 1, found 3"));
}

TEST(Check, WantsMembranesThatCanBeShared) {
  IntNetwork net = two_layers();
  net.populations[0].share = 2;
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.populations[0].share = 3;
  EXPECT_THAT(check(net).list(),
              ElementsAre("population 'a': share: expected a divisor of its first dimension, 2, found 3"));
  net.populations[0].share = 2;
  net.populations[0].relative_unit = {1, 0.5};
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("share a membrane, but have different units")));
  net.populations[0].relative_unit.clear();
  net.populations[1].membranes_of = PopulationId(0);
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("passes through 2 membranes, but 'a' has 1")));
  net.populations[0].share = 1;
  EXPECT_THAT(check(net).list(), IsEmpty());
  net.populations[1].unit = 0.5;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("have different units")));
  net.populations[1].membranes_of = PopulationId(1);
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("a population that stands before it")));
  net = two_layers();
  net.populations[1].kind = NeuronKind::kLi;
  net.populations[1].share = 2;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("a readout's potentials are its result")));
}

TEST(Check, WantsNamesAndStateBitsThatThereAre) {
  IntNetwork net = two_layers();
  net.populations[1].name.clear();
  EXPECT_THAT(check(net).list(), ::testing::Contains(HasSubstr(" 1: has no name")));
  net.state_bits = 0;
  EXPECT_THAT(check(net).list(), ElementsAre(HasSubstr("state_bits: ")));
}

TEST(Check, RandomNetworksAreSound) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    ASSERT_THAT(check(test::random_network(rng)).list(), IsEmpty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spikeloom

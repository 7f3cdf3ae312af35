// What each framework computes, written down from its own source as a loop, against the network that
// `--framework` makes of what its exporter writes: every spike of every population.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "compiler/base/rng.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/model/graphs.hpp"

namespace spikeloom::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using Bits = std::vector<std::uint8_t>;

constexpr std::size_t kInputs = 12, kHidden = 10, kOut = 6, kLength = 80;

/// Two layers of weights on a grid of 1/64, and their input.
struct Workload {
  std::vector<Values> first, second;  ///< out × in
  Values input;                       ///< steps × kInputs
  explicit Workload(std::uint64_t seed, double gain = 1) {
    Rng rng(seed);
    const auto matrix = [&](std::size_t out, std::size_t in, double size) {
      std::vector<Values> w(out, Values(in));
      for (Values& line : w)
        for (double& x : line) x = std::round(64 * size * (2 * rng.unit() - 0.8)) / 64 * gain;
      return w;
    };
    first = matrix(kHidden, kInputs, 0.5);
    second = matrix(kOut, kHidden, 0.9);
    for (std::size_t k = 0; k < kLength * kInputs; ++k) input.push_back(rng.chance(0.35) ? 1 : 0);
  }
};

Values flat(const std::vector<Values>& matrix) {
  Values all;
  for (const Values& line : matrix) all.insert(all.end(), line.begin(), line.end());
  return all;
}

/// input - w1 - n1 - w2 - n2 - output, the neurons made by `neuron` for so many.
NirGraph two_layers(const Workload& work, const std::function<NirNode(std::size_t)>& neuron) {
  NirGraph graph;
  graph.version = "1.0.8";
  graph.nodes = {{"input", port("Input", {double(kInputs)})},
                 {"w1", linear(kHidden, kInputs, flat(work.first))},
                 {"n1", neuron(kHidden)},
                 {"w2", linear(kOut, kHidden, flat(work.second))},
                 {"n2", neuron(kOut)},
                 {"output", port("Output", {double(kOut)})}};
  graph.edges = {{"input", "w1"}, {"w1", "n1"}, {"n1", "w2"}, {"w2", "n2"}, {"n2", "output"}};
  return graph;
}

NirNode lif_node(std::size_t n, double tau, double r, double v_threshold, double v_rest = 0) {
  return nir_node("LIF", {{"tau", constant(n, tau)},
                          {"r", constant(n, r)},
                          {"v_leak", constant(n, v_rest)},
                          {"v_threshold", constant(n, v_threshold)},
                          {"v_reset", constant(n, v_rest)}});
}
NirNode cuba_node(std::size_t n, double tau_syn, double tau_mem, double r, double w_in) {
  return nir_node("CubaLIF", {{"tau_syn", constant(n, tau_syn)},
                              {"tau_mem", constant(n, tau_mem)},
                              {"r", constant(n, r)},
                              {"w_in", constant(n, w_in)},
                              {"v_leak", constant(n, 0)},
                              {"v_threshold", constant(n, 1)},
                              {"v_reset", constant(n, 0)}});
}
NirNode if_node(std::size_t n, double r) {
  return nir_node("IF", {{"r", constant(n, r)}, {"v_threshold", constant(n, 1)}});
}

/// A framework's neuron: takes its summed input, changes its state, says whether it spikes.
struct State {
  double v = 0, i = 0;
  bool spiked = false;
};
using Step = std::function<bool(State&, double x)>;

/// One layer, step by step; the spikes of each step.
Bits layer(const std::vector<Values>& weights, const std::vector<double>& input, const State& fresh,
           const Step& step) {
  const std::size_t in = weights.front().size(), steps = input.size() / in;
  std::vector<State> states(weights.size(), fresh);
  Bits spikes;
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t n = 0; n < weights.size(); ++n) {
      double x = 0;
      for (std::size_t s = 0; s < in; ++s) x += weights[n][s] * input[t * in + s];
      states[n].spiked = step(states[n], x);
      spikes.push_back(states[n].spiked ? 1 : 0);
    }
  return spikes;
}

struct Expected {
  Bits first, second;
};

Expected run_framework(const Workload& work, const State& fresh, const Step& step) {
  const Bits first = layer(work.first, work.input, fresh, step);
  return {first, layer(work.second, {first.begin(), first.end()}, fresh, step)};
}

/// Spikes on both sides, in every population, and enough of them that it means something.
void expect_same(const Workload& work, const NirGraph& graph, const Semantics& semantics,
                 const Expected& expected, const std::string& note = {}) {
  Notes notes;
  const Network network = elaborate(graph, semantics, &notes);
  EXPECT_THAT(notes.list, Contains(HasSubstr(note)));
  const Recording found = record(network, std::vector<Values>{work.input}, kLength);
  EXPECT_EQ(found.spikes[0], expected.first);
  EXPECT_EQ(found.spikes[1], expected.second);
  EXPECT_GT(std::count(expected.first.begin(), expected.first.end(), 1), 20);
  EXPECT_GT(std::count(expected.second.begin(), expected.second.end(), 1), 10);
}

/// How many of both layers' bits these semantics give otherwise.
std::ptrdiff_t differing(const Workload& work, const NirGraph& graph, const Semantics& semantics,
                         const Expected& expected) {
  const Recording found =
      record(elaborate(graph, semantics, nullptr), std::vector<Values>{work.input}, kLength);
  std::ptrdiff_t count = 0;
  for (std::size_t k = 0; k < expected.first.size(); ++k) count += found.spikes[0][k] != expected.first[k];
  for (std::size_t k = 0; k < expected.second.size(); ++k) count += found.spikes[1][k] != expected.second[k];
  return count;
}

TEST(SnnTorch, LeakySubtractsInTheStepAfterASpike) {
  const Workload work(1);
  const double beta = 1 - 1e-4 / 1e-3;
  const Expected expected = run_framework(work, {}, [&](State& s, double x) {
    s.v = beta * s.v + x - (s.spiked ? 1.0 : 0.0);
    return s.v > 1;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return lif_node(n, 1e-3, 10, 1); });
  expect_same(work, graph, {.framework = Framework::kSnnTorch}, expected, "dt = 0.0001 from tau/r of 'n1'");
  expect_same(work, graph, {.reset = Reset::kSubtractLater, .start = Start::kZero}, expected);
  EXPECT_GT(differing(work, graph, {.reset = Reset::kSubtract}, expected), 10);
}

TEST(SnnTorch, WithoutADecayItsTimeConstantIsInfinite) {
  const Workload work(2, 0.5);
  const Expected expected = run_framework(work, {}, [&](State& s, double x) {
    s.v = s.v + x - (s.spiked ? 1.0 : 0.0);
    return s.v > 1;
  });
  const double endless = std::numeric_limits<double>::infinity();
  const NirGraph graph = two_layers(work, [&](std::size_t n) { return lif_node(n, endless, endless, 1); });
  expect_same(work, graph, {.framework = Framework::kSnnTorch}, expected,
              "an infinite time constant is taken as no decay");
}

TEST(Norse, LifBoxStartsAtRestAndIsResetToAValue) {
  const Workload work(3, 0.016 / 0.4);
  const Expected expected = run_framework(work, {.v = -0.065}, [](State& s, double x) {
    s.v += 1e-3 / 0.02 * ((-0.065 - s.v) + 20 * x);
    const bool spike = s.v > -0.05;
    if (spike) s.v = -0.065;
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return lif_node(n, 0.02, 20, -0.05, -0.065); });
  const Recording found = record(elaborate(graph, {.framework = Framework::kNorse, .dt = 1e-3}, nullptr),
                                 std::vector<Values>{work.input}, kLength);
  EXPECT_EQ(found.spikes[0], expected.first);
  EXPECT_EQ(found.spikes[1], expected.second);
  EXPECT_GT(std::count(expected.first.begin(), expected.first.end(), 1), 20);
}

TEST(Norse, LifCellCountsAnInputOnceAlthoughItWritesAGainOfOne) {
  const Workload work(4);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    s.i = (1 - 1e-3 / 5e-3) * s.i + x;
    s.v += 1e-3 / 1e-2 * (s.i - s.v);
    const bool spike = s.v > 1;
    if (spike) s.v = 0;
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return cuba_node(n, 5e-3, 1e-2, 1, 1); });
  const Recording found = record(elaborate(graph, {.framework = Framework::kNorse}, nullptr),
                                 std::vector<Values>{work.input}, kLength);
  EXPECT_EQ(found.spikes[0], expected.first);
  EXPECT_GT(std::count(expected.first.begin(), expected.first.end(), 1), 5);
}

TEST(SpikingJelly, StartsAtItsResetAndFiresAtTheThreshold) {
  // v + (x - (v - v_reset)) / tau in sixteenths, so that the threshold is met exactly.
  const Workload work(5);
  const Expected expected = run_framework(work, {.v = -0.5}, [](State& s, double x) {
    s.v += (4 * x - (s.v + 0.5)) / 4;
    const bool spike = s.v >= 1;
    if (spike) s.v = -0.5;
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return lif_node(n, 4e-4, 4, 1, -0.5); });
  expect_same(work, graph, {.framework = Framework::kSpikingJelly}, expected, "dt = 0.0001 from tau/r");
  EXPECT_GT(differing(work, graph, {.start = Start::kZero}, expected), 0);
}

TEST(Sinabs, IafFiresAtTheThreshold) {
  const Workload work(6, 0.5);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    s.v += x;
    const bool spike = s.v >= 1;
    if (spike) s.v -= 1;
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return if_node(n, 1); });
  expect_same(work, graph, {.framework = Framework::kSinabs}, expected, "dt = 1, the default of Sinabs");
  EXPECT_GT(differing(work, graph, {.reset = Reset::kSubtract}, expected), 5);
}

TEST(Sinabs, LifHoldsItsNormalisedInputForTheStep) {
  const Workload work(7, 4);
  const double a = std::exp(-1 / 4.55);
  const Expected expected = run_framework(work, {}, [&](State& s, double x) {
    s.v = a * s.v + (1 - a) * x;
    const bool spike = s.v >= 1;
    if (spike) s.v -= 1;
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return lif_node(n, 4.55, 1, 1); });
  expect_same(work, graph, {.framework = Framework::kSinabs}, expected);
  EXPECT_GT(differing(work, graph, {.dt = 1, .reset = Reset::kSubtract}, expected), 20);
}

TEST(Rockpool, AddsBeforeItDecays) {
  const Workload work(8, 0.4);
  const double alpha = std::exp(-1e-3 / 4e-3), beta = std::exp(-1e-3 / 1e-2);
  const Expected expected = run_framework(work, {}, [&](State& s, double x) {
    s.i = (s.i + x) * alpha;
    s.v = s.v * beta + s.i;
    const bool spike = s.v >= 1;
    if (spike) s.v -= 1;
    return spike;
  });
  const double r = 1e-2 * beta / 1e-3;
  const NirGraph graph = two_layers(work, [&](std::size_t n) { return cuba_node(n, 4e-3, 1e-2, r, 1); });
  const Network network = elaborate(graph, {.framework = Framework::kRockpool}, nullptr);
  EXPECT_NEAR(network.dt, 1e-3, 1e-12);
  const Recording found = record(network, std::vector<Values>{work.input}, kLength);
  EXPECT_EQ(found.spikes[0], expected.first);
  EXPECT_EQ(found.spikes[1], expected.second);
}

TEST(Spyx, ASpikeLeavesOneStepLater) {
  const Workload work(9);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    const bool spike = s.v > 1;
    s.v = 0.75 * s.v + x - (spike ? 1.0 : 0.0);
    return spike;
  });
  const NirGraph graph = two_layers(work, [](std::size_t n) { return lif_node(n, 4, 0.75, 1); });
  const Network network = elaborate(graph, {.framework = Framework::kSpyx}, nullptr);
  const Recording found = record(network, std::vector<Values>{work.input}, kLength);
  // Layer k is k steps ahead of Spyx, whose every layer adds one.
  const auto late = [](const Bits& bits, std::size_t width) {
    Bits moved(width, 0);
    moved.insert(moved.end(), bits.begin(), bits.end() - static_cast<std::ptrdiff_t>(width));
    return moved;
  };
  EXPECT_EQ(late(found.spikes[0], kHidden), expected.first);
  EXPECT_EQ(late(late(found.spikes[1], kOut), kOut), expected.second);
  EXPECT_GT(std::count(expected.second.begin(), expected.second.end(), 1), 10);
}

TEST(Lava, ADecayOfZeroIsWrittenAsAnInfiniteTimeConstant) {
  const Workload work(10, 0.25);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    s.i = 0.75 * s.i + x;
    s.v += s.i;
    const bool spike = s.v > 1;
    if (spike) s.v = 0;
    return spike;
  });
  const double endless = std::numeric_limits<double>::infinity();
  const NirGraph graph =
      two_layers(work, [&](std::size_t n) { return cuba_node(n, 4e-4, endless, endless, 4); });
  expect_same(work, graph, {.framework = Framework::kLava}, expected,
              "dt = 0.0001 from tau_syn/w_in of 'n1'");
  expect_same(work, graph, {}, expected, "lava-dl writes decay 0 so");
}

TEST(Nengo, IfIsResetToZero) {
  const Workload work(11, 0.5);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    s.v += x;
    const bool spike = s.v > 1;
    if (spike) s.v = 0;
    return spike;
  });
  expect_same(work, two_layers(work, [](std::size_t n) { return if_node(n, 1); }),
              {.framework = Framework::kNengo}, expected);
}

TEST(WithoutAReset, ALeakyIntegratorBeforeAThresholdIsANeuron) {
  const Workload work(12);
  const Expected expected = run_framework(work, {}, [](State& s, double x) {
    s.v = 0.9375 * s.v + x;
    return s.v > 1;
  });
  NirGraph graph = two_layers(work, [](std::size_t n) { return li(n); });
  for (const char* name : {"1", "2"})
    graph.nodes[std::string("t") + name] =
        nir_node("Threshold", {{"threshold", constant(name[0] == '1' ? kHidden : kOut, 1)}});
  graph.edges = {{"input", "w1"}, {"w1", "n1"}, {"n1", "t1"},    {"t1", "w2"},
                 {"w2", "n2"},    {"n2", "t2"}, {"t2", "output"}};
  expect_same(work, graph, {.reset = Reset::kSubtract}, expected, "it is a neuron that no spike resets");
  const NirGraph lifs = two_layers(work, [](std::size_t n) { return lif(n); });
  expect_same(work, lifs, {.reset = Reset::kNone}, expected);
}

TEST(WithoutAReset, AnIntegratorThatIsAlsoReadOutIsBoth) {
  NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return li(n); });
  graph.nodes["t"] = nir_node("Threshold", {{"threshold", constant(kOut, 1)}});
  graph.nodes["spikes"] = port("Output", {double(kOut)});
  graph.nodes["n1"] = lif(kHidden);
  graph.edges.push_back({"n2", "t"});
  graph.edges.push_back({"t", "spikes"});
  const Network network = elaborate(graph, {}, nullptr);
  ASSERT_EQ(network.populations.size(), 3U);
  EXPECT_EQ(network.populations[1].kind, NeuronKind::kLi);
  EXPECT_EQ(network.populations[2].name, "t");
  EXPECT_EQ(network.populations[2].reset, Reset::kNone);
}

TEST(Start, IsAtRestByDefaultAndSaidWhereItMatters) {
  NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 16, 16, -50, -65); });
  Notes notes;
  const Network rest = elaborate(graph, {}, &notes);
  EXPECT_EQ(rest.populations[0].start, Values(kHidden, -65));
  EXPECT_THAT(notes.list, Contains(HasSubstr("node 'n1' (LIF): starts at rest (v_leak), neuron 0 at -65; the "
                                             "choice can change spikes (--start zero: 0, rest: -65, reset: "
                                             "-65)")));
  EXPECT_THAT(notes.list, Not(Contains(HasSubstr("start above their threshold"))));
  Notes warned;
  EXPECT_EQ(elaborate(graph, {.start = Start::kZero}, &warned).populations[0].start, Values(kHidden, 0));
  EXPECT_THAT(warned.list, Contains(HasSubstr("10 of 10 neurons start above their threshold")));
  Notes silent;
  (void)elaborate(two_layers(Workload(1), [](std::size_t n) { return lif(n); }), {}, &silent);
  EXPECT_THAT(silent.list, Not(Contains(HasSubstr("--start"))));
}

// ---- signatures ----

std::string refused(const NirGraph& graph, const Semantics& semantics = {}) {
  try {
    (void)elaborate(graph, semantics, nullptr);
    return "accepted";
  } catch (const Error& error) {
    return error.what();
  }
}

std::vector<std::string> notes_of(const NirGraph& graph, const Semantics& semantics = {}) {
  Notes notes;
  (void)elaborate(graph, semantics, &notes);
  return notes.list;
}

TEST(Signature, SpyxCountsTauInStepsAndWritesTheDecayAsR) {
  const NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 4, 0.75, 1); });
  EXPECT_THAT(notes_of(graph), Contains(HasSubstr("dt = 1: tau is counted in steps, as Spyx writes it")));
  EXPECT_EQ(elaborate(graph, {}, nullptr).populations[0].gain_v[0], 0.1875);
  EXPECT_EQ(elaborate(graph, {.framework = Framework::kSpyx}, nullptr).populations[0].gain_v[0], 1);
}

TEST(Signature, NorseMultipliesTauByDt) {
  const NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 1e-5, 1, 1); });
  EXPECT_THAT(refused(graph), HasSubstr("Norse 1.1 writes tau × dt"));
  EXPECT_THAT(refused(graph, {.dt = 1e-3}), HasSubstr("Norse 1.1 writes tau × dt"));
  EXPECT_THAT(refused(graph, {.dt = 1e-3, .integrator = Integrator::kExponential}),
              HasSubstr("an input would count 100 times"));
  EXPECT_THAT(notes_of(graph, {.dt = 1e-3, .integrator = Integrator::kExact}),
              Contains(HasSubstr("nothing is left of a state after a step")));
  EXPECT_THAT(notes_of(graph, {.framework = Framework::kNorse}), Contains(HasSubstr("dt = 1e-06")));
  EXPECT_NEAR(elaborate(graph, {.framework = Framework::kNorse}, nullptr).populations[0].beta[0], 0.9, 1e-9);
}

TEST(Signature, SinabsAndRockpoolAreNamedWhereDtIsDemanded) {
  EXPECT_THAT(refused(two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 4.55, 1, 1); })),
              HasSubstr("--framework sinabs"));
  EXPECT_THAT(refused(two_layers(Workload(1), [](std::size_t n) { return cuba_node(n, 4e-3, 1e-2, 9, 1); })),
              HasSubstr("--framework rockpool"));
}

TEST(Signature, SinabsAndSpyxAreNamedWhereDtWasGivenToo) {
  const NirGraph sinabs = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 4.55, 1, 1); });
  EXPECT_THAT(notes_of(sinabs, {.dt = 1}), Contains(HasSubstr("--framework sinabs")));
  EXPECT_THAT(notes_of(sinabs, {.framework = Framework::kSinabs, .dt = 1}),
              Not(Contains(HasSubstr("counted in steps"))));
  const NirGraph spyx = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 4, 0.75, 1); });
  EXPECT_THAT(notes_of(spyx, {.dt = 1}), Contains(HasSubstr("--framework spyx")));
  const NirGraph seconds = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 0.01, 1, 1); });
  EXPECT_THAT(notes_of(seconds, {.dt = 1e-3}), Not(Contains(HasSubstr("--framework"))));
}

TEST(Signature, AGivenDtStandsBesideTheFrameworksOwn) {
  const NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return lif_node(n, 4.55, 1, 1); });
  EXPECT_THAT(
      notes_of(graph, {.framework = Framework::kRockpool, .dt = 0.5}),
      Contains(HasSubstr("dt = 0.5 is given; without --dt it would be 0.001, the default of Rockpool")));
}

TEST(Signature, AFileFromBeforeVResetSaysWhatItsVersionMeant) {
  NirGraph graph = two_layers(Workload(1), [](std::size_t n) { return lif(n); });
  graph.version = "1.0.0";
  const std::string said = "the file is of NIR 1.0.0, which had no v_reset";
  EXPECT_THAT(notes_of(graph), Contains(AllOf(HasSubstr(said), HasSubstr("'n1', 'n2' are reset to 0"))));
  EXPECT_THAT(notes_of(graph, {.reset = Reset::kSubtract}), Not(Contains(HasSubstr(said))));
  graph.version = "1.0.5";
  EXPECT_THAT(notes_of(graph), Not(Contains(HasSubstr(said))));
}

TEST(Signature, AnInfiniteGainNeedsAnInfiniteTimeConstant) {
  const double endless = std::numeric_limits<double>::infinity();
  EXPECT_THAT(
      refused(two_layers(Workload(1), [&](std::size_t n) { return lif_node(n, 16, endless, 1); }), {.dt = 1}),
      HasSubstr("node 'n1' (LIF): an infinite r or w_in means a gain of 1 a step only where"));
}

TEST(Framework, NamesAreListedWhereOneIsUnknown) {
  for (const std::string_view name : framework_names()) EXPECT_NO_THROW((void)framework_named(name));
  try {
    (void)framework_named("brian");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected one of snntorch, norse, spikingjelly, sinabs, rockpool, "
                                        "lava, spyx, nengo, found 'brian'"));
  }
}

/// On a grid and without decay a potential can be the threshold; trained reals and leaks need no such note.
TEST(FireAtTheThreshold, IsNotedWhereItCanDecideASpikeAndNobodyChose) {
  const std::string file = std::string(SPIKELOOM_SOURCE_DIR) + "/tests/real/frameworks/sinabs_iaf.nir";
  const auto notes_of = [&](const std::string& name, const Semantics& semantics) {
    Notes notes;
    (void)load_network(name, semantics, &notes);
    return std::count_if(notes.list.begin(), notes.list.end(), [](const std::string& note) {
      return note.find("can be exactly the threshold") != std::string::npos;
    });
  };
  EXPECT_EQ(notes_of(file, {.dt = 1}), 1);
  EXPECT_EQ(notes_of(file, {.dt = 1, .fire = Fire::kAbove}), 0);
  EXPECT_EQ(notes_of(file, {.framework = Framework::kSinabs}), 0);
  EXPECT_EQ(notes_of(std::string(SPIKELOOM_SOURCE_DIR) + "/examples/digits/digits.nir", {}), 0);
}

}  // namespace
}  // namespace spikeloom::test

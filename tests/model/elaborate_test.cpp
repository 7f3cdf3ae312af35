// From graph to network: composition, recurrence, shapes, dt, and what means nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "compiler/base/rng.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/flat_graph.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/model/graphs.hpp"

namespace spikeloom::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Network built(const NirGraph& graph, const Semantics& semantics = {}, Notes* notes = nullptr) {
  Network network = elaborate(graph, semantics, notes);
  EXPECT_THAT(check(network), testing::IsEmpty());
  return network;
}

std::string refusal(const NirGraph& graph, const Semantics& semantics = {}) {
  try {
    (void)elaborate(graph, semantics, nullptr);
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
}

std::vector<std::string> names(const Network& network) {
  std::vector<std::string> result;
  for (const Population& population : network.populations) result.push_back(population.name);
  return result;
}

const Projection& projection(const Network& network, const std::string& name) {
  for (const Projection& candidate : network.projections) {
    if (candidate.name == name) return candidate;
  }
  throw std::runtime_error("no projection " + name + " in\n" + describe(network));
}

/// out × in, dense.
std::vector<Values> dense(const Network& network, const Projection& p) {
  std::vector<Values> result(network.populations[p.to.index()].size(), Values(p.form.sources(), 0));
  for (std::size_t s = 0; s < p.form.sources(); ++s)
    p.form.row(s).each(
        [&](std::uint32_t target, std::size_t weight) { result[target][s] = p.weight[weight]; });
  return result;
}

/// input(2) - fc - lif - output, to be changed.
NirGraph chain() {
  NirGraph graph;
  graph.nodes = {{"input", port("Input", {2})},
                 {"fc", linear(3, 2, {1, 2, 3, 4, 5, 6})},
                 {"lif", lif(3)},
                 {"output", port("Output", {3})}};
  graph.edges = {{"input", "fc"}, {"fc", "lif"}, {"lif", "output"}};
  return graph;
}

// ---- linear nodes ----

TEST(Composition, BiasIsMultipliedThroughWhatFollows) {
  NirGraph graph = chain();
  graph.nodes["first"] = affine(2, 2, {1, 0, 0, 1}, {10, 100});
  graph.edges = {{"input", "first"}, {"first", "fc"}, {"fc", "lif"}, {"lif", "output"}};
  const Network network = built(graph);
  EXPECT_THAT(network.populations[0].bias, ElementsAre(210, 430, 650));
  EXPECT_THAT(projection(network, "first+fc").weight, ElementsAre(1, 3, 5, 2, 4, 6));
}

TEST(Composition, EqualsTheMatrixProductForRandomChains) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    NirGraph graph;
    std::size_t width = 1 + rng.below(6);
    graph.nodes["input"] = port("Input", {double(width)});
    std::vector<Values> matrix(width, Values(width, 0));  // out × in
    const std::size_t inputs = width;
    for (std::size_t i = 0; i < width; ++i) matrix[i][i] = 1;
    Values bias(width, 0);
    std::string last = "input";
    const std::size_t count = 1 + rng.below(4);
    for (std::size_t k = 0; k < count; ++k) {
      const std::string name = "n" + std::to_string(9 - k);  // against the order of the flow
      const std::size_t out = rng.chance(0.3) ? width : 1 + rng.below(6);
      const bool scales = rng.chance(0.3);
      std::vector<Values> w(scales ? width : out, Values(width, 0));
      for (std::size_t o = 0; o < w.size(); ++o) {
        for (std::size_t i = 0; i < width; ++i) w[o][i] = scales && o != i ? 0 : double(rng.between(-2, 2));
      }
      Values b(w.size(), 0);
      Values flat;
      for (const Values& line : w) flat.insert(flat.end(), line.begin(), line.end());
      if (scales) {
        Values diagonal;
        for (std::size_t i = 0; i < width; ++i) diagonal.push_back(w[i][i]);
        graph.nodes[name] = nir_node("Scale", {{"scale", row(diagonal)}});
      } else {
        for (double& x : b) x = double(rng.between(-3, 3));
        graph.nodes[name] = affine(out, width, flat, b);
      }
      std::vector<Values> product(w.size(), Values(inputs, 0));
      for (std::size_t o = 0; o < w.size(); ++o) {
        for (std::size_t m = 0; m < width; ++m) {
          b[o] += w[o][m] * bias[m];
          for (std::size_t i = 0; i < inputs; ++i) product[o][i] += w[o][m] * matrix[m][i];
        }
      }
      matrix = product;
      bias = b;
      width = w.size();
      graph.edges.push_back({last, name});
      last = name;
    }
    graph.nodes["lif"] = lif(width);
    graph.nodes["output"] = port("Output", {double(width)});
    graph.edges.push_back({last, "lif"});
    graph.edges.push_back({"lif", "output"});
    const Network network = built(graph);
    ASSERT_EQ(network.projections.size(), 1U) << "seed " << seed;
    EXPECT_EQ(dense(network, network.projections[0]), matrix) << "seed " << seed;
    EXPECT_EQ(network.populations[0].bias, bias) << "seed " << seed;
  }
}

TEST(Composition, ParallelPathsAdd) {
  NirGraph graph = chain();
  graph.nodes["other"] = linear(3, 2, {10, 10, 10, 10, 10, -4});
  graph.edges.push_back({"input", "other"});
  graph.edges.push_back({"other", "lif"});
  const Network network = built(graph);
  EXPECT_EQ(dense(network, projection(network, "fc+other")),
            (std::vector<Values>{{11, 12}, {13, 14}, {15, 2}}));
}

TEST(Composition, ANeuronWithoutWeightsGetsTheIdentity) {
  NirGraph graph = chain();
  graph.nodes.erase("fc");
  graph.nodes["lif"] = lif(2);
  graph.nodes["output"] = port("Output", {2});
  graph.edges = {{"input", "lif"}, {"lif", "output"}};
  const Network network = built(graph);
  EXPECT_EQ(dense(network, projection(network, "identity")), (std::vector<Values>{{1, 0}, {0, 1}}));
}

TEST(Composition, FlattenKeepsTheOrder) {
  NirGraph graph = chain();
  graph.nodes["input"] = port("Input", {1, 2, 1});
  graph.nodes["flat"] = nir_node(
      "Flatten", {{"input_type", row({1, 2, 1})}, {"start_dim", scalar(0)}, {"end_dim", scalar(-1)}});
  graph.edges = {{"input", "flat"}, {"flat", "fc"}, {"fc", "lif"}, {"lif", "output"}};
  const Network network = built(graph);
  EXPECT_EQ(dense(network, projection(network, "fc")), (std::vector<Values>{{1, 2}, {3, 4}, {5, 6}}));
}

// ---- structure ----

TEST(Structure, TheOrderOfEdgesAndDuplicatesDoNotMatter) {
  NirGraph graph = chain();
  graph.nodes["rec"] = linear(3, 3, {0.1, 0.2, 0.3, 0.7, 0.11, 0.13, 0.17, 0.19, 0.23});
  graph.nodes["skip"] = linear(3, 2, {0.1, 0.2, 0.3, 0.7, 0.11, 0.13});
  for (const NirEdge& edge :
       std::vector<NirEdge>{{"lif", "rec"}, {"rec", "lif"}, {"input", "skip"}, {"skip", "lif"}}) {
    graph.edges.push_back(edge);
  }
  const std::string expected = describe(built(graph));
  Rng rng(1);
  for (int i = 0; i < 20; ++i) {
    rng.shuffle(graph.edges);
    EXPECT_EQ(describe(built(graph)), expected);
  }
  graph.edges.push_back({"input", "skip"});
  Notes notes;
  EXPECT_EQ(describe(built(graph, {}, &notes)), expected);
  EXPECT_THAT(notes.list,
              Contains(HasSubstr("edge 'input' -> 'skip' is there more than once; it counts once")));
}

TEST(Structure, NestedGraphsAreFlattenedToTheSameNetwork) {
  NirGraph inner;
  inner.nodes = {{"in", port("Input", {3})}, {"cell", lif(3)}, {"out", port("Output", {3})}};
  inner.edges = {{"in", "cell"}, {"cell", "out"}};
  NirGraph graph = chain();
  graph.nodes.erase("lif");
  graph.nodes["block"] = nested(inner);
  graph.edges = {{"input", "fc"}, {"fc", "block"}, {"block", "output"}};
  const Network network = built(graph);
  EXPECT_THAT(names(network), ElementsAre("block/cell"));
  EXPECT_EQ(projection(network, "fc").weight, projection(built(chain()), "fc").weight);
  EXPECT_EQ(network.outputs[0].from, PopulationId(0));
}

TEST(Structure, ALoopThroughALinearNodeIsASelfProjectionOneStepLate) {
  NirGraph graph = chain();
  graph.nodes["rec"] = affine(3, 3, {0, 1, 0, 0, 0, 1, 1, 0, 0}, {0, 0, 7});
  graph.edges.push_back({"lif", "rec"});
  graph.edges.push_back({"rec", "lif"});
  const Network network = built(graph, {.recurrent_delay = 2});
  EXPECT_EQ(projection(network, "rec").delay, 2U);
  EXPECT_EQ(projection(network, "fc").delay, 0U);
  EXPECT_THAT(network.populations[0].bias, ElementsAre(0, 0, 7));
  EXPECT_THAT(refusal(graph, {.recurrent_delay = 0}), HasSubstr("a recurrent delay of 0 is impossible"));
}

TEST(Structure, ARingIsCutWhereItComesBackToTheNeuronNearestTheInput) {
  NirGraph graph;
  graph.nodes = {{"input", port("Input", {1})},
                 {"z", lif(1)},
                 {"m", lif(1)},
                 {"a", lif(1)},
                 {"output", port("Output", {1})}};
  graph.edges = {{"input", "z"}, {"z", "m"}, {"m", "a"}, {"a", "z"}, {"a", "output"}};
  const Network network = built(graph);
  EXPECT_THAT(names(network), ElementsAre("z", "m", "a"));
  for (const Projection& p : network.projections) {
    const bool back = p.from == Source(PopulationId(2));
    EXPECT_EQ(p.delay, back ? 1U : 0U);
  }
}

/// Input into both a and b, which feed one another; an Output behind b, and behind a as well where `both`.
NirGraph pair_of_neurons(const std::string& a, const std::string& b, bool both) {
  NirGraph graph;
  graph.nodes = {{"input", port("Input", {1})}, {a, lif(1)}, {b, lif(1)}, {"output", port("Output", {1})}};
  graph.edges = {{"input", a}, {"input", b}, {a, b}, {b, a}, {b, "output"}};
  if (both) graph.edges.push_back({a, "output"});
  return graph;
}

const Projection& between(const Network& network, const std::string& from, const std::string& to) {
  for (const Projection& p : network.projections) {
    const auto* source = std::get_if<PopulationId>(&p.from);
    if (source != nullptr && network.populations[source->index()].name == from &&
        network.populations[p.to.index()].name == to)
      return p;
  }
  throw std::runtime_error("nothing from " + from + " to " + to);
}

TEST(Structure, OfTwoNeuronsAsNearToTheInputThatOneGoesLastWhichIsNearerToTheOutput) {
  for (const auto& [a, b] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
    const Network network = built(pair_of_neurons(a, b, false));
    EXPECT_EQ(between(network, a, b).delay, 0U);
    EXPECT_EQ(between(network, b, a).delay, 1U);
  }
}

TEST(Structure, WhereNothingTellsTwoNeuronsApartBothDirectionsAreLateUnlessADelayNodeDecides) {
  Notes notes;
  NirGraph graph = pair_of_neurons("a", "b", true);
  graph.nodes["output"] = port("Output", {1});
  const Network network = built(graph, {.recurrent_delay = 3}, &notes);
  EXPECT_EQ(between(network, "a", "b").delay, 3U);
  EXPECT_EQ(between(network, "b", "a").delay, 3U);
  EXPECT_THAT(notes.list, Contains(HasSubstr("both directions have it")));
  graph.nodes["late"] = nir_node("Delay", {{"delay", row({1})}});
  graph.edges = {{"input", "a"}, {"input", "b"},  {"a", "late"},  {"late", "b"},
                 {"b", "a"},     {"b", "output"}, {"a", "output"}};
  const Network decided = built(graph);
  EXPECT_EQ(between(decided, "a", "b").delay, 1U);
  EXPECT_EQ(between(decided, "b", "a").delay, 0U);
}

/// Neurons of one step a spike, joined at random; node i of the graph is called name[i], name[0] the Input.
NirGraph random_graph(std::uint64_t seed, const std::vector<std::string>& name) {
  Rng rng(seed);
  NirGraph graph;
  graph.nodes[name[0]] = port("Input", {2});
  const std::size_t neurons = (name.size() - 2) / 2;
  const auto neuron = [&](std::size_t i) { return name[2 + i]; };
  for (std::size_t i = 0; i < neurons; ++i) {
    graph.nodes[neuron(i)] = lif(2, double(1 + rng.below(3)));
    graph.edges.push_back({neuron(i), neuron((i + 1) % neurons)});
    if (i == 0 || rng.chance(0.4)) graph.edges.push_back({name[0], neuron(i)});
    if (i == 0 || rng.chance(0.4)) graph.edges.push_back({neuron(i), name[1]});
  }
  graph.nodes[name[1]] = port("Output", {2});
  for (std::size_t k = 2 + neurons; k < name.size(); ++k) {
    graph.nodes[name[k]] =
        linear(2, 2, {double(rng.between(-2, 2)), double(rng.between(-2, 2)), double(rng.between(-2, 2)), 1});
    graph.edges.push_back({neuron(rng.below(neurons)), name[k]});
    graph.edges.push_back({name[k], neuron(rng.below(neurons))});
  }
  return graph;
}

TEST(Structure, NewNamesChangeNoSpikeAndNoPotential) {
  std::size_t ties = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    std::vector<std::string> name;
    for (std::size_t i = 0; i < 2 + 2 * (2 + seed % 5); ++i) name.push_back("n" + std::to_string(10 + i));
    std::vector<std::string> other = name;
    for (std::size_t i = other.size(); i > 1; --i) std::swap(other[i - 1], other[rng.below(i)]);
    Notes notes;
    const Network first = built(random_graph(seed, name), {}, &notes);
    const Network second = built(random_graph(seed, other));
    ties += std::any_of(notes.list.begin(), notes.list.end(), [](const std::string& note) {
      return note.find("both directions") != std::string::npos;
    });
    std::vector<Values> inputs{Values(24, 0)};
    for (double& x : inputs[0]) x = double(rng.below(3));
    const Recording a = record(first, inputs, 12);
    const Recording b = record(second, inputs, 12);
    for (std::size_t p = 0; p < first.populations.size(); ++p) {
      const auto at = std::find(name.begin(), name.end(), first.populations[p].name);
      if (at == name.end()) continue;  // what an Output shows where several paths add
      const std::string& renamed = other[std::size_t(at - name.begin())];
      const auto q = std::find_if(second.populations.begin(), second.populations.end(),
                                  [&](const Population& of) { return of.name == renamed; });
      ASSERT_NE(q, second.populations.end());
      EXPECT_EQ(a.potential[p], b.potential[std::size_t(q - second.populations.begin())])
          << "seed " << seed << ", " << *at;
    }
  }
  EXPECT_GT(ties, 20U);
}

TEST(Structure, SeveralInputsAndOutputsAndDelays) {
  NirGraph graph = chain();
  graph.nodes["second"] = port("Input", {3});
  graph.nodes["aside"] = port("Output", {3});
  graph.edges.push_back({"second", "lif"});
  graph.edges.push_back({"lif", "aside"});
  const Network network = built(graph, {.input_delay = 1});
  EXPECT_EQ(network.inputs.size(), 2U);
  EXPECT_EQ(network.outputs.size(), 2U);
  for (const Projection& p : network.projections) EXPECT_EQ(p.delay, 1U);
}

TEST(Structure, ALinearNodeIntoAnOutputIsAReadoutWithoutMemory) {
  NirGraph graph = chain();
  graph.nodes["head"] = affine(1, 3, {1, 2, 4}, {0.25});
  graph.nodes["output"] = port("Output", {1});
  graph.edges = {{"input", "fc"}, {"fc", "lif"}, {"lif", "head"}, {"head", "output"}};
  const Network network = built(graph);
  EXPECT_THAT(names(network), ElementsAre("lif", "head"));
  EXPECT_TRUE(network.populations[1].is_readout());
  const Recording recording = record(network, std::vector<Values>{{1, 0, 0, 0}}, 2);
  // thresholds 1: inputs 1, 3, 5, so the second and the third fire, then nothing does
  EXPECT_THAT(recording.potential[1], ElementsAre(6.25, 0.25));
}

TEST(Structure, LooseEndsAreNotes) {
  NirGraph graph = chain();
  graph.nodes["idle"] = lif(3);
  graph.edges.push_back({"fc", "idle"});
  graph.nodes["alone"] = lif(3);
  graph.edges.push_back({"alone", "lif"});
  Notes notes;
  (void)built(graph, {}, &notes);
  EXPECT_THAT(notes.list, Contains(HasSubstr("node 'idle' (LIF): it reaches no Output")));
  EXPECT_THAT(notes.list, Contains(HasSubstr("node 'alone' (LIF): no Input reaches it")));
}

// ---- what means nothing ----

TEST(Refused, NodesWithoutAnyEdge) {
  NirGraph graph = chain();
  graph.nodes["stray"] = lif(2);
  EXPECT_THAT(refusal(graph), HasSubstr("node 'stray' (LIF): no edge leads to it or from it"));
}

TEST(Refused, AllProblemsAtOnceByName) {
  NirGraph graph = chain();
  graph.nodes["dream"] = nir_node("Dream", {});
  graph.nodes["wait"] = nir_node("Delay", {{"delay", row({0.5, 1, 1})}});
  graph.edges.push_back({"fc", "nowhere"});
  graph.nodes["loop1"] = linear(3, 3, Values(9, 1));
  graph.nodes["loop2"] = linear(3, 3, Values(9, 1));
  graph.edges.insert(graph.edges.end(), {{"lif", "loop1"}, {"loop1", "loop2"}, {"loop2", "loop1"}});
  graph.nodes["wide"] = lif(5);
  graph.edges.push_back({"fc", "wide"});
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("6 problems"));
  EXPECT_THAT(text, HasSubstr("node 'dream': its type 'Dream' is none of NIR's"));
  EXPECT_THAT(text, HasSubstr("node 'wait' (Delay): a delay of 0.500000 is 0.500000 steps of dt = 1.000000, "
                              "expected a whole number"));
  EXPECT_THAT(text, HasSubstr("edge 'fc' -> 'nowhere': there is no node 'nowhere' in the graph"));
  EXPECT_THAT(text, HasSubstr("cycle of linear nodes without a neuron: 'loop1' -> 'loop2' -> 'loop1'"));
  EXPECT_THAT(text, HasSubstr("edge 'fc' -> 'wide': 'fc' gives the shape [3], 'wide' takes [5]"));
}

TEST(Refused, FieldsThatANodeOfAGraphInMemoryLacks) {
  NirGraph graph = chain();
  graph.nodes["lif"].fields.erase("tau");
  graph.nodes["fc"].fields["weight"] = {{0, 2}, {}};
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("node 'lif' (LIF): field 'tau' is missing"));
  EXPECT_THAT(text, HasSubstr("node 'fc' (Linear): field 'weight' is empty, its shape is [0,2]"));
}

TEST(Refused, ANodeBehindOneWithoutAShape) {
  NirGraph graph = chain();
  graph.nodes["input"].fields.clear();  // whose shape the map behind it would be made for
  EXPECT_THAT(refusal(graph), HasSubstr("node 'input' (Input): field 'shape' is missing"));
}

TEST(Refused, ShapesThatCannotBe) {
  NirGraph graph = chain();
  graph.nodes["fc"].fields["weight"].shape = {6};
  EXPECT_THAT(refusal(graph),
              HasSubstr("node 'fc' (Linear): its weight has shape [6], expected [outputs,inputs]"));
  graph = chain();
  graph.nodes["flat"] = nir_node("Flatten", {{"start_dim", scalar(5)}});
  graph.edges.push_back({"input", "flat"});
  EXPECT_THAT(refusal(graph), HasSubstr("node 'flat' (Flatten): start_dim and end_dim do not name dimensions "
                                        "of its input [2]"));
  graph = chain();
  for (const char* name : {"a", "b"}) graph.nodes[name] = nir_node("Scale", {{"scale", scalar(1)}});
  graph.edges.push_back({"a", "b"});
  EXPECT_THAT(refusal(graph),
              HasSubstr("node 'a' (Scale): its shape is neither in the file nor to be had from a neighbour"));
  graph = chain();
  graph.nodes["image"] = port("Input", {1, 1, 1});
  graph.nodes["pool"] =
      nir_node("SumPool2d", {{"kernel_size", scalar(1)}, {"stride", scalar(1)}, {"padding", scalar(3000)}});
  graph.edges.push_back({"image", "pool"});
  EXPECT_THAT(refusal(graph),
              HasSubstr("node 'pool' (SumPool2d): its output would have more than 2^24 elements"));
}

TEST(Elaborate, AReadoutMayFeedOthers) {
  NirGraph graph = chain();
  graph.nodes["li"] = li(3);
  graph.edges = {{"input", "fc"}, {"fc", "li"}, {"li", "lif"}, {"lif", "output"}};
  const Network network = elaborate(graph, {}, nullptr);
  ASSERT_EQ(network.populations.size(), 2U);
  EXPECT_EQ(network.populations[0].name, "li");
  ASSERT_EQ(network.projections.size(), 2U);
  EXPECT_EQ(network.projections[1].from, Source(PopulationId(0)));
  EXPECT_EQ(network.projections[1].delay, 0U);
}

TEST(Refused, EdgesAgainstThePorts) {
  NirGraph graph = chain();
  graph.edges.push_back({"lif", "input"});
  graph.edges.push_back({"output", "fc"});
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("edge 'lif' -> 'input': leads into an Input"));
  EXPECT_THAT(text, HasSubstr("edge 'output' -> 'fc': leads out of an Output"));
}

TEST(Refused, ParametersThatDisagreeAndTimesThatAreNotPositive) {
  NirGraph graph = chain();
  graph.nodes["lif"].fields["r"] = constant(2, 16);
  graph.nodes["lif"].fields["tau"] = row({16, 0, 16});
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("node 'lif' (LIF): its field 'r' has shape [2], expected [3] as 'tau'"));
  EXPECT_THAT(text, HasSubstr("node 'lif' (LIF): field 'tau' holds 0, expected a time greater than 0"));
}

TEST(Refused, ANestedGraphWithTwoInputs) {
  NirGraph inner;
  inner.nodes = {{"in", port("Input", {3})}, {"in2", port("Input", {3})}, {"out", port("Output", {3})}};
  inner.edges = {{"in", "out"}, {"in2", "out"}};
  NirGraph graph = chain();
  graph.nodes["block"] = nested(inner);
  graph.edges.push_back({"fc", "block"});
  EXPECT_THAT(refusal(graph), HasSubstr("the nested graph 'block' has 2 Input nodes"));
}

// ---- shapes ----

TEST(Shapes, ScalarParametersTakeTheNeighboursShape) {
  NirGraph graph = chain();
  for (auto& [name, array] : graph.nodes["lif"].fields) array = scalar(array.values.front());
  graph.nodes["rec"] = linear(3, 3, Values(9, 1));
  graph.edges.push_back({"lif", "rec"});
  graph.edges.push_back({"rec", "lif"});
  Notes notes;
  const Network network = built(graph, {}, &notes);
  EXPECT_EQ(network.populations[0].shape, Shape{3});
  EXPECT_THAT(network.populations[0].beta, ElementsAre(0.9375, 0.9375, 0.9375));
  EXPECT_THAT(notes.list, Contains(HasSubstr("node 'lif' (LIF): parameters are scalars")));
}

/// Two maps of a channel each into a 2×2 convolution over 3×3, a Scale and neurons of the shapes given.
NirGraph maps(const NirArray& scale, const Shape& neurons) {
  NirGraph graph;
  const auto each = [&](double value) { return NirArray{neurons, Values(volume(neurons), value)}; };
  graph.nodes = {{"input", port("Input", {1, 3, 3})},
                 {"conv", nir_node("Conv2d", {{"weight", {{2, 1, 2, 2}, Values(8, 1)}}})},
                 {"norm", nir_node("Scale", {{"scale", scale}})},
                 {"lif", nir_node("LIF", {{"tau", each(16)},
                                          {"r", each(16)},
                                          {"v_leak", each(0)},
                                          {"v_threshold", {{2, 1, 1}, {1, 3}}}})},
                 {"output", port("Output", {2, 2, 2})}};
  graph.edges = {{"input", "conv"}, {"conv", "norm"}, {"norm", "lif"}, {"lif", "output"}};
  return graph;
}

TEST(Shapes, NumbersByChannelHoldForItsPositionsWithANote) {
  for (const Shape& shape : {Shape{2, 1, 1}, Shape{1, 2, 1, 1}}) {
    Notes notes;
    const Network network = built(maps({shape, {5, 7}}, {1}), {}, &notes);
    EXPECT_EQ(network.populations[0].shape, (Shape{2, 2, 2}));
    EXPECT_THAT(network.populations[0].theta, ElementsAre(1, 1, 1, 1, 3, 3, 3, 3));
    const std::vector<Values> weight = dense(network, network.projections[0]);
    for (std::size_t target = 0; target < weight.size(); ++target) {
      EXPECT_THAT(weight[target], Contains(target < 4 ? 5 : 7));
      EXPECT_THAT(weight[target], Not(Contains(target < 4 ? 7 : 5)));
    }
    EXPECT_THAT(notes.list,
                Contains(HasSubstr("node 'norm' (Scale): parameters have the shape " + to_string(shape) +
                                   "; they hold for the shape [2,2,2] of 'conv'")));
    EXPECT_THAT(notes.list, Contains(HasSubstr("node 'lif' (LIF): parameters have the shape [2,1,1]")));
  }
}

/// The same numbers, written out for every element, are the same network.
TEST(Shapes, NumbersThatStretchMeanWhatTheyMeanWrittenOut) {
  const Values rows{5, 5, 7, 7, 2, 2, 3, 3};
  EXPECT_EQ(describe(built(maps({{2, 2, 1}, {5, 7, 2, 3}}, {2, 1, 1}), {})),
            describe(built(maps({{2, 2, 2}, rows}, {2, 2, 2}), {})));
}

TEST(Shapes, NumbersThatDoNotStretchAreRefused) {
  for (const Shape& shape : {Shape{3, 1, 1}, Shape{2}, Shape{2, 3, 1}})
    EXPECT_THAT(refusal(maps({shape, Values(volume(shape), 1)}, {2, 2, 2})),
                HasSubstr("'norm' takes " + to_string(shape)));
}

TEST(Shapes, ABatchOfOneIsNoDimension) {
  NirGraph graph = maps({{1, 2, 2, 2}, Values(8, 2)}, {1, 2, 2, 2});
  graph.nodes["input"] = port("Input", {1, 1, 3, 3});
  graph.nodes["pool"] = nir_node(
      "SumPool2d", {{"kernel_size", row({2, 2})}, {"stride", row({2, 2})}, {"padding", row({0, 0})}});
  graph.nodes["flat"] = nir_node("Flatten", {{"start_dim", scalar(1)}});
  graph.nodes["fc"] = linear(3, 2, Values(6, 1));
  graph.nodes["last"] = lif(3);
  graph.nodes["output"] = port("Output", {1, 3});
  graph.edges = {{"input", "conv"}, {"conv", "norm"}, {"norm", "lif"}, {"lif", "pool"},
                 {"pool", "flat"},  {"flat", "fc"},   {"fc", "last"},  {"last", "output"}};
  EXPECT_EQ(built(graph, {}).populations.size(), 2U);
}

/// Spikes, a pool over 2 × 2 of them and a Threshold.
NirGraph pooled(const std::string& pool, double threshold) {
  NirGraph graph = chain();
  graph.nodes.clear();
  graph.nodes["input"] = port("Input", {2, 4, 4});
  graph.nodes["spikes"] = nir_node("Threshold", {{"threshold", {{2, 4, 4}, Values(32, 0.5)}}});
  graph.nodes["pool"] =
      nir_node(pool, {{"kernel_size", row({2, 2})}, {"stride", row({2, 2})}, {"padding", row({0, 0})}});
  graph.nodes["any"] = nir_node("Threshold", {{"threshold", {{2, 2, 2}, Values(8, threshold)}}});
  graph.nodes["output"] = port("Output", {2, 2, 2});
  graph.edges = {{"input", "spikes"}, {"spikes", "pool"}, {"pool", "any"}, {"any", "output"}};
  return graph;
}

TEST(MaxPooling, OfSpikesIsAPoolAndAThresholdBelowOneSpike) {
  const auto said = [](const NirGraph& graph) {
    Notes notes;
    const Network network = elaborate(graph, {.dt = 1}, &notes);
    EXPECT_EQ(network.populations.size(), 2U);
    return notes.list;
  };
  const auto is_pooling = HasSubstr("(Threshold): behind 'pool' it is max pooling of spikes");
  EXPECT_THAT(said(pooled("SumPool2d", 0.5)), Contains(is_pooling));
  EXPECT_THAT(said(pooled("SumPool2d", 0)), Contains(is_pooling));
  EXPECT_THAT(said(pooled("AvgPool2d", 0.2)), Contains(is_pooling));
  EXPECT_THAT(said(pooled("SumPool2d", 1)), Not(Contains(is_pooling))) << "two spikes";
  EXPECT_THAT(said(pooled("SumPool2d", -0.5)), Not(Contains(is_pooling))) << "always";
  EXPECT_THAT(said(pooled("AvgPool2d", 0.5)), Not(Contains(is_pooling))) << "more than two spikes";
}

TEST(MaxPooling, OfAnythingIsRefusedByName) {
  NirGraph graph = pooled("SumPool2d", 0.5);
  graph.nodes["pool"].type_name = "MaxPool2d";
  graph.nodes["pool"].type = nullptr;
  EXPECT_THAT(refusal(graph), HasSubstr("node 'pool': its type 'MaxPool2d' is none of NIR's; max pooling of "
                                        "spikes is a SumPool2d followed by a Threshold of 0.5"));
}

/// PyTorch's Flatten(1) keeps the batch; a NIR file has none, and some exporters copy the number.
TEST(Shapes, FlattenMayCountABatchThatIsNotThere) {
  NirGraph graph = chain();
  graph.nodes["input"] = port("Input", {2, 3, 4});
  graph.nodes["fc"] = linear(3, 24, Values(72, 1));
  graph.nodes["flat"] = nir_node("Flatten", {{"start_dim", scalar(1)}, {"input_type", row({2, 3, 4})}});
  graph.edges = {{"input", "flat"}, {"flat", "fc"}, {"fc", "lif"}, {"lif", "output"}};
  Notes notes;
  const auto inputs = [](const Network& network) { return dense(network, network.projections[0])[0].size(); };
  EXPECT_EQ(inputs(built(graph, {}, &notes)), 24U);
  EXPECT_THAT(notes.list, Contains(HasSubstr("node 'flat' (Flatten): start_dim counts a batch dimension")));
  graph.nodes["flat"].fields.erase("input_type");  // and where a neighbour tells the shape
  EXPECT_EQ(inputs(built(graph, {})), 24U);
  graph.nodes["fc"] = linear(3, 23, Values(69, 1));
  EXPECT_THAT(refusal(graph), HasSubstr("'flat' gives the shape [2,12], 'fc' takes [23]"));
}

/// Names against the flow, so that a sweep in the order of names would find one shape at a time.
TEST(Shapes, AreFoundInALongChainOfScalars) {
  constexpr std::size_t kLength = 3000;
  NirGraph graph;
  graph.nodes["input"] = port("Input", {1});
  graph.nodes["output"] = port("Output", {1});
  std::string before = "input";
  for (std::size_t n = 0; n < kLength; ++n) {
    const std::string name = "n" + std::to_string(1000000 - n);
    graph.nodes[name] = nir_node("Scale", {{"scale", scalar(1)}});
    graph.edges.push_back({before, name});
    before = name;
  }
  graph.edges.push_back({before, "output"});
  Notes notes;
  Problems problems;
  FlatGraph flat = flatten(graph, notes, problems);
  infer_shapes(flat, notes, problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(std::all_of(flat.nodes.begin(), flat.nodes.end(),
                          [](const FlatNode& node) { return node.out == Shape{1}; }));
}

TEST(Shapes, ExtentsOfOneAreToleratedWithANote) {
  NirGraph graph = chain();
  graph.nodes["output"] = port("Output", {1, 1, 3});
  Notes notes;
  EXPECT_EQ(built(graph, {}, &notes).outputs[0].shape, (Shape{1, 1, 3}));
  EXPECT_THAT(notes.list, Contains(HasSubstr("'lif' gives the shape [3], 'output' takes [1,1,3]")));
}

// ---- time ----

TEST(TimeStep, IsGuessedFromTauOverR) {
  Notes notes;
  const Network network = built(chain(), {}, &notes);
  EXPECT_EQ(network.dt, 1);
  EXPECT_THAT(notes.list, Contains(HasSubstr("dt = 1 guessed from tau/r of 'lif'")));
}

TEST(TimeStep, IsDemandedWhereRIsOneAndTheMetadataAreQuoted) {
  NirGraph graph = chain();
  graph.nodes["lif"].fields["r"] = constant(3, 1);
  graph.metadata["dt"] = scalar(0.5);
  const std::string text = refusal(graph);
  EXPECT_THAT(text, HasSubstr("r = 1 says nothing about it"));
  EXPECT_THAT(text, HasSubstr("give --dt; the file's metadata say dt = 0.5"));
  EXPECT_EQ(built(graph, {.dt = 4}).populations[0].beta[0], 0.75);
}

TEST(TimeStep, IsDemandedWhereNeuronsDisagree) {
  NirGraph graph = chain();
  graph.nodes["more"] = lif(3);
  graph.nodes["more"].fields["tau"] = constant(3, 32);
  graph.edges.push_back({"fc", "more"});
  EXPECT_THAT(refusal(graph), HasSubstr("tau/r of 'lif' gives 1, tau/r of 'more' gives 2; give --dt"));
}

TEST(TimeStep, IsDemandedWhereTheInputWeightDoesNotFit) {
  NirGraph graph = chain();
  graph.nodes["lif"] = nir_node("CubaLIF", {{"tau_mem", constant(3, 16)},
                                            {"tau_syn", constant(3, 4)},
                                            {"r", constant(3, 16)},
                                            {"v_leak", constant(3, 0)},
                                            {"v_threshold", constant(3, 1)}});
  EXPECT_THAT(refusal(graph), HasSubstr("w_in·dt/tau_syn is then 0.25 and not 1"));
  graph.nodes["lif"].fields["w_in"] = scalar(4);
  const Network network = built(graph);
  EXPECT_EQ(network.populations[0].alpha[0], 0.75);
  EXPECT_EQ(network.populations[0].gain_i[0], 1);
}

TEST(TimeStep, AGivenOneThatEqualsTheGuessIsTheGuess) {
  NirGraph graph = chain();
  graph.nodes["lif"].fields["tau"] = constant(3, double(0.016F));
  EXPECT_EQ(built(graph, {.dt = 0.001}).populations[0].beta[0], 0.9375);
  EXPECT_EQ(built(graph).populations[0].beta[0], 0.9375);
}

TEST(TimeStep, LargerThanATimeConstantIsRefusedForEulerOnly) {
  EXPECT_THAT(refusal(chain(), {.dt = 20}),
              AllOf(HasSubstr("node 'lif' (LIF): dt = 20 is larger than a time constant"),
                    HasSubstr(", so forward Euler has no decay; give a smaller --dt or --integrator exact")));
  const Network network = built(chain(), {.dt = 20, .integrator = Integrator::kExponential});
  EXPECT_DOUBLE_EQ(network.populations[0].beta[0], std::exp(-1.25));
  EXPECT_THAT(refusal(chain(), {.dt = -1}), HasSubstr("dt: expected a positive number, found -1"));
}

TEST(TimeStep, AnIntegrateAndFireNeuronHoldsItsPotential) {
  NirGraph graph = chain();
  graph.nodes["lif"] = nir_node("IF", {{"r", constant(3, 1e4)}, {"v_threshold", constant(3, 1)}});
  const Network network = built(graph);
  EXPECT_DOUBLE_EQ(network.dt, 1e-4);
  EXPECT_EQ(network.populations[0].beta[0], 1);
  EXPECT_DOUBLE_EQ(network.populations[0].gain_v[0], 1);
}

TEST(TimeStep, TheLeakIsTheFixedPointOfEveryIntegrator) {
  NirGraph graph = chain();
  graph.nodes["lif"].fields["v_leak"] = constant(3, 0.5);
  for (const Integrator integrator : {Integrator::kEuler, Integrator::kExponential, Integrator::kExact}) {
    const Population population = built(graph, {.integrator = integrator}).populations[0];
    EXPECT_DOUBLE_EQ(population.drive[0] / (1 - population.beta[0]), 0.5);
  }
}

}  // namespace
}  // namespace spikeloom::test

// Convolution, pooling, Delay, Threshold and I: their meaning against loops written from the definition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "compiler/base/rng.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/model/graphs.hpp"

namespace spikeloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Geometry of one node over an input of `channels` × in[0] × in[1].
struct Case {
  std::string type;
  std::size_t channels = 1, groups = 1, outputs = 1;
  std::size_t in[2] = {1, 1}, kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  std::size_t before[2] = {0, 0}, after[2] = {0, 0};
  std::string padding;  ///< "", "same" or "valid"
  Values weight, bias;

  [[nodiscard]] std::size_t out(std::size_t d) const {
    return (in[d] + before[d] + after[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1;
  }
  [[nodiscard]] bool fits(std::size_t d) const {
    return in[d] + before[d] + after[d] > dilation[d] * (kernel[d] - 1);
  }
};

/// The definition, output by output, over an explicitly padded picture.
Values reference(const Case& c, const Values& x) {
  const std::size_t height = c.in[0] + c.before[0] + c.after[0], width = c.in[1] + c.before[1] + c.after[1];
  Values padded(c.channels * height * width, 0);
  for (std::size_t i = 0; i < c.channels; ++i)
    for (std::size_t y = 0; y < c.in[0]; ++y)
      for (std::size_t z = 0; z < c.in[1]; ++z)
        padded[(i * height + y + c.before[0]) * width + z + c.before[1]] = x[(i * c.in[0] + y) * c.in[1] + z];
  const bool pool = c.type == "SumPool2d" || c.type == "AvgPool2d";
  Values result;
  for (std::size_t o = 0; o < c.outputs; ++o)
    for (std::size_t y = 0; y < c.out(0); ++y)
      for (std::size_t z = 0; z < c.out(1); ++z) {
        double sum = pool ? 0 : c.bias[o];
        const std::size_t per_group = c.channels / c.groups;
        const std::size_t group = o / (c.outputs / c.groups);
        for (std::size_t i = 0; i < per_group; ++i)
          for (std::size_t a = 0; a < c.kernel[0]; ++a)
            for (std::size_t b = 0; b < c.kernel[1]; ++b) {
              const std::size_t row = y * c.stride[0] + a * c.dilation[0],
                                column = z * c.stride[1] + b * c.dilation[1];
              const double w = pool ? 1 : c.weight[((o * per_group + i) * c.kernel[0] + a) * c.kernel[1] + b];
              sum += w * padded[((group * per_group + i) * height + row) * width + column];
            }
        result.push_back(c.type == "AvgPool2d" ? sum / double(c.kernel[0] * c.kernel[1]) : sum);
      }
  return result;
}

Values numbers(const std::size_t* pair, bool one_d) {
  if (one_d) return {double(pair[1])};
  return {double(pair[0]), double(pair[1])};
}

Case random_case(Rng& rng) {
  Case c;
  const char* types[] = {"Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"};
  c.type = types[rng.below(4)];
  const bool convolution = c.type.rfind("Conv", 0) == 0;
  const std::size_t first = c.type == "Conv1d" ? 1 : 0;
  c.groups = 1 + rng.below(3);
  c.channels = c.groups * (1 + rng.below(2));
  c.outputs = c.groups * (1 + rng.below(3));
  if (!convolution) c.outputs = c.groups = c.channels;
  if (convolution && rng.chance(0.4)) c.padding = rng.chance(0.5) ? "same" : "valid";
  for (std::size_t d = first; d < 2; ++d) {
    do {
      c.in[d] = 1 + rng.below(7);
      c.kernel[d] = 1 + rng.below(4);
      c.stride[d] = c.padding == "same" ? 1 : 1 + rng.below(3);
      c.dilation[d] = convolution ? 1 + rng.below(2) : 1;
      c.before[d] = c.after[d] = c.padding.empty() ? rng.below(3) : 0;
      if (c.padding == "same") {
        c.before[d] = c.dilation[d] * (c.kernel[d] - 1) / 2;
        c.after[d] = c.dilation[d] * (c.kernel[d] - 1) - c.before[d];
      }
    } while (!c.fits(d));
  }
  if (convolution) {
    c.weight.resize(c.outputs * (c.channels / c.groups) * c.kernel[0] * c.kernel[1]);
    for (double& w : c.weight) w = double(rng.between(-3, 3));
    for (std::size_t o = 0; o < c.outputs; ++o) c.bias.push_back(double(rng.between(-2, 2)));
  }
  return c;
}

NirNode node_of(const Case& c, bool with_input_shape) {
  const bool one_d = c.type == "Conv1d";
  std::map<std::string, NirArray> fields{{"stride", row(numbers(c.stride, one_d))}};
  if (c.padding.empty()) fields["padding"] = row(numbers(c.before, one_d));
  if (c.type.rfind("Conv", 0) != 0) {
    fields["kernel_size"] = row(numbers(c.kernel, false));
  } else {
    Shape shape{c.outputs, c.channels / c.groups, c.kernel[0], c.kernel[1]};
    if (one_d) shape.erase(shape.begin() + 2);
    fields["weight"] = {shape, c.weight};
    fields["bias"] = row(c.bias);
    fields["dilation"] = row(numbers(c.dilation, one_d));
    fields["groups"] = scalar(double(c.groups));
    if (with_input_shape) fields["input_shape"] = row(numbers(c.in, one_d));
  }
  NirNode node = nir_node(c.type, fields);
  if (!c.padding.empty()) node.texts["padding"] = c.padding;
  return node;
}

Shape shape_in(const Case& c) {
  return c.type == "Conv1d" ? Shape{c.channels, c.in[1]} : Shape{c.channels, c.in[0], c.in[1]};
}

NirNode port_of(const std::string& type, const Shape& shape) {
  return port(type, Values(shape.begin(), shape.end()));
}

Values random_values(std::size_t n, Rng& rng) {
  Values values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(double(rng.between(-4, 4)));
  return values;
}

TEST(Windows, EqualTheirDefinitionForRandomGeometries) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    const Case c = random_case(rng);
    Shape out{c.outputs, c.out(0), c.out(1)};
    if (c.type == "Conv1d") out.erase(out.begin() + 1);
    NirGraph graph;
    graph.nodes = {{"in", port_of("Input", shape_in(c))},
                   {"window", node_of(c, rng.chance(0.5))},
                   {"out", port_of("Output", out)}};
    graph.edges = {{"in", "window"}, {"window", "out"}};
    const Network network = elaborate(graph, {}, nullptr);
    EXPECT_THAT(check(network), IsEmpty());
    ASSERT_EQ(network.populations[0].shape, out) << "seed " << seed << " " << c.type;
    const Values x = random_values(network.inputs[0].size(), rng);
    const Values expected = reference(c, x);
    const Recording found = record(network, std::vector<Values>{x}, 1);
    for (std::size_t n = 0; n < expected.size(); ++n)
      ASSERT_NEAR(found.potential[0][n], expected[n], 1e-9)
          << "seed " << seed << " " << c.type << " output " << n;
  }
}

TEST(Windows, ChainsWithScaleAndFlattenComposeToOneProjection) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    Case first = random_case(rng);
    while (first.type == "Conv1d") first = random_case(rng);
    Case pool;
    pool.type = rng.chance(0.5) ? "SumPool2d" : "AvgPool2d";
    pool.channels = pool.groups = pool.outputs = first.outputs;
    for (std::size_t d = 0; d < 2; ++d) {
      pool.in[d] = first.out(d);
      pool.kernel[d] = 1 + rng.below(std::min<std::size_t>(pool.in[d], 3));
      pool.stride[d] = 1 + rng.below(3);
    }
    const std::size_t middle = first.outputs * pool.in[0] * pool.in[1];
    const std::size_t flat = pool.outputs * pool.out(0) * pool.out(1);
    const Values scale = random_values(middle, rng), w = random_values(2 * flat, rng);
    NirGraph graph;
    graph.nodes = {{"in", port_of("Input", shape_in(first))},
                   {"a", node_of(first, false)},
                   {"b", nir_node("Scale", {{"scale", {{first.outputs, pool.in[0], pool.in[1]}, scale}}})},
                   {"c", node_of(pool, false)},
                   {"d", nir_node("Flatten", {{"start_dim", scalar(0)}, {"end_dim", scalar(-1)}})},
                   {"e", linear(2, flat, w)},
                   {"out", port("Output", {2})}};
    graph.edges = {{"in", "a"}, {"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"e", "out"}};
    const Network network = elaborate(graph, {}, nullptr);
    ASSERT_LE(network.projections.size(), 1U);
    const Values x = random_values(network.inputs[0].size(), rng);
    Values y = reference(first, x);
    for (std::size_t i = 0; i < middle; ++i) y[i] *= scale[i];
    y = reference(pool, y);
    const Recording found = record(network, std::vector<Values>{x}, 1);
    for (std::size_t o = 0; o < 2; ++o) {
      double expected = 0;
      for (std::size_t i = 0; i < flat; ++i) expected += w[o * flat + i] * y[i];
      ASSERT_NEAR(found.potential[0][o], expected, 1e-8) << "seed " << seed;
    }
  }
}

std::string window_refusal(const NirGraph& graph) {
  try {
    (void)elaborate(graph, {}, nullptr);
    return "accepted";
  } catch (const Error& error) {
    return error.what();
  }
}

NirGraph through(const NirNode& node, Values in, Values out) {
  NirGraph graph;
  graph.nodes = {{"in", port("Input", std::move(in))}, {"x", node}, {"out", port("Output", std::move(out))}};
  graph.edges = {{"in", "x"}, {"x", "out"}};
  return graph;
}

NirNode conv(Shape weight, std::map<std::string, NirArray> more = {}) {
  NirNode node = nir_node("Conv2d", std::move(more));
  node.fields["weight"] = {weight, Values(volume(weight), 1)};
  return node;
}

TEST(Windows, EveryWrongFieldIsNamedAtOnceWithWhatWasExpected) {
  NirNode node = conv(
      {4, 1, 3, 5},
      {{"stride", row({0, 1})}, {"dilation", row({1, 1, 1})}, {"groups", scalar(3)}, {"bias", row({1, 2})}});
  const std::string text = window_refusal(through(node, {2, 8, 8}, {4, 6, 4}));
  EXPECT_THAT(text,
              HasSubstr("node 'x' (Conv2d): its field 'stride' holds 0, expected a whole number from 1"));
  EXPECT_THAT(text, HasSubstr("node 'x' (Conv2d): its field 'dilation' has 3 numbers, expected 2 or one"));
  EXPECT_THAT(text, HasSubstr("its weight [4,1,3,5] in 3 groups takes 3 channels, its input has 2"));
  EXPECT_THAT(text, HasSubstr("its 4 output channels do not divide into 3 groups"));
  EXPECT_THAT(text, HasSubstr("its bias has shape [2], expected [4]"));
}

TEST(Windows, ImpossiblePlacesAreRefused) {
  EXPECT_THAT(window_refusal(through(conv({1, 1, 9, 3}), {1, 8, 8}, {1, 1, 1})),
              HasSubstr("its kernel reaches over 9 rows, its input has 8 with the padding"));
  NirNode same = conv({1, 1, 3, 3}, {{"stride", row({2, 2})}});
  same.texts["padding"] = "same";
  EXPECT_THAT(window_refusal(through(same, {1, 8, 8}, {1, 4, 4})),
              HasSubstr("padding 'same' has no meaning with the stride 2,2"));
  NirNode odd = conv({1, 1, 3, 3});
  odd.texts["padding"] = "reflect";
  EXPECT_THAT(window_refusal(through(odd, {1, 8, 8}, {1, 6, 6})),
              HasSubstr("its padding is 'reflect', expected 'same', 'valid' or numbers"));
  EXPECT_THAT(
      window_refusal(through(conv({1, 1, 3, 3}, {{"input_shape", row({9, 9})}}), {1, 8, 8}, {1, 7, 7})),
      HasSubstr("'in' gives the shape [1,8,8], 'x' takes [1,9,9]"));
  EXPECT_THAT(window_refusal(through(conv({1, 1, 3, 3}), {8, 8, 8, 8}, {1, 7, 7})),
              HasSubstr("expected [channels,height,width]"));
}

TEST(Windows, ANonSquareKernelGivesItsOwnWidth) {
  const NirGraph graph = through(conv({4, 1, 3, 5}), {1, 10, 20}, {4, 8, 16});
  EXPECT_EQ(elaborate(graph, {}, nullptr).populations[0].shape, (Shape{4, 8, 16}));
}

// ---- Delay ----

TEST(Delays, EveryElementArrivesItsOwnStepsLater) {
  NirGraph graph = through(nir_node("Delay", {{"delay", row({0, 2e-3, 1e-3})}}), {3}, {3});
  const Network network = elaborate(graph, {.dt = 1e-3}, nullptr);
  ASSERT_EQ(network.projections.size(), 3U);
  const Recording found = record(network, std::vector<Values>{{1, 2, 3, 4, 5, 6, 0, 0, 0}}, 3);
  EXPECT_THAT(found.potential[0], ElementsAre(1, 0, 0, 4, 0, 3, 0, 2, 6));
}

TEST(Delays, AreAddedToTheInputsOwn) {
  NirGraph graph = through(nir_node("Delay", {{"delay", row({0, 2e-3, 1e-3})}}), {3}, {3});
  const Network network = elaborate(graph, {.dt = 1e-3, .input_delay = 1}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0}}, 4);
  EXPECT_THAT(found.potential[0], ElementsAre(0, 0, 0, 1, 0, 0, 4, 0, 3, 0, 2, 6));
}

TEST(Delays, InARecurrentPathReplaceTheDefaultDelay) {
  NirGraph graph;
  graph.nodes = {{"in", port("Input", {1})},
                 {"cell", lif(1, 0.5)},
                 {"wait", nir_node("Delay", {{"delay", row({3})}})},
                 {"back", linear(1, 1, {1})},
                 {"out", port("Output", {1})}};
  graph.edges = {{"in", "cell"}, {"cell", "wait"}, {"wait", "back"}, {"back", "cell"}, {"cell", "out"}};
  const Network network = elaborate(graph, {.dt = 1}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 0, 0, 0, 0, 0, 0, 0}}, 8);
  EXPECT_THAT(found.spikes[0], ElementsAre(1, 0, 0, 1, 0, 0, 1, 0));
}

TEST(Delays, BehindABiasAreRefused) {
  NirGraph graph;
  graph.nodes = {{"in", port("Input", {1})},
                 {"fc", affine(1, 1, {1}, {1})},
                 {"wait", nir_node("Delay", {{"delay", row({1})}})},
                 {"out", port("Output", {1})}};
  graph.edges = {{"in", "fc"}, {"fc", "wait"}, {"wait", "out"}};
  EXPECT_THAT(window_refusal(graph), HasSubstr("node 'wait' (Delay): a bias reaches it"));
}

// ---- Threshold and I ----

TEST(ThresholdNode, FiresWhereTheValueOfThisStepIsAboveIt) {
  const Network network =
      elaborate(through(nir_node("Threshold", {{"threshold", row({1, 2})}}), {2}, {2}), {}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 3, 2, 2, 0.5, 2.5}}, 3);
  EXPECT_THAT(found.spikes[0], ElementsAre(0, 1, 1, 0, 0, 1));
}

TEST(INode, IntegratesAndIsReadOut) {
  const Network network =
      elaborate(through(nir_node("I", {{"r", row({2})}}), {1}, {1}), {.dt = 0.5}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 2, 3}}, 3);
  EXPECT_THAT(found.potential[0], ElementsAre(1, 3, 6));
}

TEST(INode, ThatFeedsAThresholdIsANeuronWithoutAReset) {
  NirGraph graph = through(nir_node("I", {{"r", row({2})}}), {1}, {1});
  graph.nodes["step"] = nir_node("Threshold", {{"threshold", row({4})}});
  graph.edges = {{"in", "x"}, {"x", "step"}, {"step", "out"}};
  const Network network = elaborate(graph, {.dt = 0.5}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 2, 3, 0}}, 4);
  EXPECT_THAT(found.spikes[0], ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(found.potential[0], ElementsAre(1, 3, 6, 6));
}

TEST(INode, ThatFeedsAThresholdWithSomethingElseIsAPopulationOfItsOwn) {
  NirGraph graph = through(nir_node("I", {{"r", row({2})}}), {1}, {1});
  graph.nodes["step"] = nir_node("Threshold", {{"threshold", row({4})}});
  graph.edges = {{"in", "x"}, {"x", "step"}, {"in", "step"}, {"step", "out"}};
  const Network network = elaborate(graph, {.dt = 0.5}, nullptr);
  const Recording found = record(network, std::vector<Values>{{1, 2, 3, -3}}, 4);
  EXPECT_THAT(found.potential[0], ElementsAre(1, 3, 6, 3));
  EXPECT_THAT(found.spikes[1], ElementsAre(0, 1, 1, 0)) << "the sum of both: 2, 5, 9, 0";
}

}  // namespace
}  // namespace spikeloom::test

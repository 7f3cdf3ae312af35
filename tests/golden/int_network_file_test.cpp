#include "compiler/golden/int_network_file.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>

#include "compiler/base/error.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/golden/networks.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void expect_equal(const IntNetwork& a, const IntNetwork& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.state_bits, b.state_bits);
  ASSERT_EQ(a.inputs.size(), b.inputs.size());
  for (std::size_t n = 0; n < a.inputs.size(); ++n) {
    const IntInput &x = a.inputs[n], &y = b.inputs[n];
    EXPECT_TRUE(x.name == y.name && x.shape == y.shape && x.planes == y.planes &&
                x.is_signed == y.is_signed && x.unit == y.unit);
  }
  ASSERT_EQ(a.populations.size(), b.populations.size());
  for (std::size_t n = 0; n < a.populations.size(); ++n) {
    const IntPopulation &x = a.populations[n], &y = b.populations[n];
    EXPECT_TRUE(x.name == y.name && x.kind == y.kind && x.shape == y.shape && x.scale == y.scale &&
                x.unit == y.unit);
    EXPECT_TRUE(x.alpha == y.alpha && x.beta == y.beta && x.bias_i == y.bias_i && x.bias_v == y.bias_v &&
                x.relative_unit == y.relative_unit && x.origin == y.origin);
    EXPECT_TRUE(x.share == y.share && x.membranes_of == y.membranes_of);
    EXPECT_TRUE(x.is_readout() || (x.reset == y.reset && x.theta == y.theta && x.v_reset == y.v_reset));
  }
  ASSERT_EQ(a.projections.size(), b.projections.size());
  for (std::size_t n = 0; n < a.projections.size(); ++n) {
    const IntProjection &x = a.projections[n], &y = b.projections[n];
    EXPECT_TRUE(x.name == y.name && x.from == y.from && x.to == y.to && x.delay == y.delay &&
                x.bits == y.bits && x.shift == y.shift);
    EXPECT_TRUE(x.form == y.form && x.weight == y.weight);
  }
  ASSERT_EQ(a.outputs.size(), b.outputs.size());
  for (std::size_t n = 0; n < a.outputs.size(); ++n) {
    EXPECT_TRUE(a.outputs[n].name == b.outputs[n].name && a.outputs[n].shape == b.outputs[n].shape &&
                a.outputs[n].from == b.outputs[n].from);
  }
}

TEST(IntNetworkFile, ASubtractionWithoutAnAmountTakesTheThreshold) {
  IntNetwork net;
  net.name = "old";
  net.inputs.push_back({"in", {2}, 1, false, 1});
  net.populations.push_back(test::population("n", 2));
  net.populations[0].reset = Reset::kSubtract;
  net.populations[0].theta = {5, 7};
  net.populations[0].v_reset = {5, 7};
  net.outputs.push_back({"out", {2}, PopulationId(0)});
  std::string text = print_int_network(net);
  const std::string amount = ",\"v_reset\":[5,7]";
  ASSERT_NE(text.find(amount), std::string::npos) << text;
  text.erase(text.find(amount), amount.size());
  EXPECT_EQ(parse_int_network(text).populations[0].v_reset, net.populations[0].v_reset);
}

TEST(IntNetworkFile, ParsingWhatWasPrintedGivesTheSame) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    IntNetwork net = test::random_network(rng);
    if (seed % 3 == 0) net.populations[0].relative_unit.assign(net.populations[0].size(), 1.0 / 3);
    const std::string text = print_int_network(net);
    const IntNetwork again = parse_int_network(text);
    expect_equal(net, again);
    ASSERT_EQ(print_int_network(again), text) << "seed " << seed;
  }
}

TEST(IntNetworkFile, IsReadBackFromDisk) {
  Rng rng(1);
  const IntNetwork net = test::random_network(rng);
  const test::ScratchFolder folder;
  const std::string path = folder.file("network.json");
  write_int_network(net, path);
  expect_equal(net, read_int_network(path));
}

constexpr const char* kSmall =
    R"({"format":"spikeloom-integer-network","version":1,"name":"small","state_bits":24,
"inputs":[{"name":"in","shape":[2]}],
"populations":[{"name":"n","kind":"LIF","shape":[3],"scale":2,"alpha":0,"beta":[1,2,3],"bias_i":0,"bias_v":0,
  "reset":"value","theta":5,"v_reset":0}],
"projections":[{"name":"w","from":{"input":"in"},"to":"n","rows":[[1,0,-2],{"targets":[1],"weights":[9]}]}],
"outputs":[{"name":"out","shape":[3],"from":"n"}]})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  try {
    (void)parse_int_network(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "accepted";
}

TEST(IntNetworkFile, TakesScalarsForUniformValuesAndBothKindsOfRows) {
  const IntNetwork net = parse_int_network(kSmall);
  EXPECT_EQ(net.populations[0].beta, (std::vector<std::int32_t>{1, 2, 3}));
  EXPECT_EQ(net.populations[0].theta, (std::vector<std::int32_t>{5, 5, 5}));
  EXPECT_TRUE(net.projections[0].form == MapForm(SparseMap{3, {0, 2, 3}, {0, 2, 1}}));
  EXPECT_EQ(net.projections[0].weight, (std::vector<std::int16_t>{1, -2, 9}));
  EXPECT_EQ(net.projections[0].bits, 8u);
}

TEST(IntNetworkFile, ThePagesExampleIsReadAndHasBothKindsOfSources) {
  std::ifstream file(std::string(SPIKELOOM_SOURCE_DIR) + "/docs/integer-network.md");
  std::string page(std::istreambuf_iterator<char>(file), {});
  const std::string fence = "```\n";
  const std::size_t begin = page.find(fence), end = page.find(fence, begin + fence.size());
  ASSERT_NE(end, std::string::npos);
  const IntNetwork net = parse_int_network(page.substr(begin + fence.size(), end - begin - fence.size()));
  ASSERT_EQ(net.projections.size(), 2u);
  EXPECT_EQ(net.projections[0].from, Source(InputId(0)));
  EXPECT_EQ(net.projections[1].from, Source(PopulationId(0)));
}

TEST(IntNetworkFile, RefusesWhatHoldsNothing) {
  for (const char* nothing : {"", " \n"})
    EXPECT_THAT(refusal(nothing), HasSubstr("integer network: is empty, expected JSON"));
  const std::string small = kSmall;
  const std::size_t populations = small.find("\"populations\""), inputs = small.find("\"inputs\"");
  EXPECT_THAT(refusal(small.substr(0, inputs) + "\"inputs\":[]," + small.substr(populations)),
              HasSubstr("'inputs': expected at least one, found none"));
  EXPECT_THAT(refusal(small.substr(0, populations) + "\"populations\":[],\"projections\":[],\"outputs\":[]}"),
              AllOf(HasSubstr("'populations': expected at least one"),
                    HasSubstr("'outputs': expected at least one")));
}

/// A JSON library keeps one of the two without a word.
TEST(IntNetworkFile, RefusesAKeyThatIsThereTwice) {
  for (const auto& [from, to] : {std::pair{"\"state_bits\":24", "\"state_bits\":24,\"state_bits\":16"},
                                 std::pair{"\"theta\":5", "\"theta\":5,\"th\\u0065ta\":6"}})
    EXPECT_THAT(refusal(replaced(kSmall, from, to)), HasSubstr("' twice; which of the two is meant?")) << to;
  EXPECT_EQ(refusal(kSmall), "accepted");  // "name" stands in several objects
}

TEST(IntNetworkFile, RefusesNamesThatEndElsewhere) {
  for (const char* name : {"\"n\\u0000x\"", "\"n\\nx\"", "\"\\u001b[31m\""})
    EXPECT_THAT(refusal(replaced(kSmall, "\"name\":\"in\"", std::string("\"name\":") + name)),
                HasSubstr("'name': expected a text without control characters"))
        << name;
}

TEST(IntNetworkFile, RefusesEveryKindOfMalformedFile) {
  const struct {
    const char *from, *to, *message;
  } cases[] = {
      {"\"format\"", "format", "not JSON"},
      {"spikeloom-integer-network", "other", "'format': expected spikeloom-integer-network, found 'other'"},
      {"\"version\":1", "\"version\":3", "'version': this program reads versions 1 and 2, found 3"},
      {"\"state_bits\":24", "\"state_bits\":40", "'state_bits': expected an integer of 8 to 32, found 40"},
      {"\"state_bits\":24", "\"statebits\":24", "unknown key 'statebits'"},
      {"\"shape\":[2]", "\"shape\":[0]", "input 'in': 'shape': expected an integer of 1"},
      {"\"shape\":[2]", "\"shape\":[99999,99999]", "more than 16777216 elements"},
      {"\"shape\":[2]", "\"shape\":2", "input 'in': 'shape': expected a list"},
      {"\"shape\":[2]", "\"shape\":[2],\"planes\":0",
       "input 'in': 'planes': expected an integer of 1 to 16, found 0"},
      {"\"shape\":[2]", "\"shape\":[2],\"signed\":1", "input 'in': 'signed': expected true or false"},
      {"\"shape\":[2]", "\"shape\":[2],\"unit\":0", "input 'in': unit: expected a finite number above 0"},
      {"\"name\":\"in\"", "\"name\":7", "input 0: 'name': expected a string"},
      {"\"kind\":\"LIF\"", "\"kind\":\"ALIF\"",
       "'kind': expected LIF, CubaLIF, IF, LI, CubaLI, I or Threshold, found 'ALIF'"},
      {"\"beta\":[1,2,3]", "\"beta\":[1,2]",
       "population 'n': 'beta': expected one number or a list of 3, found 2"},
      {"\"beta\":[1,2,3]", "\"beta\":[1,2,3.5]", "'beta': expected an integer"},
      {"\"beta\":[1,2,3]", "\"beta\":5000",
       "population 'n': beta of neuron 0: expected 0 to 4096, found 5000"},
      {"\"alpha\":0,", "", "population 'n': 'alpha' is missing"},
      {"\"reset\":\"value\"", "\"reset\":\"zero\"", "'reset': expected value or subtract, found 'zero'"},
      {"\"theta\":5", "\"theta\":99999999999", "'theta': expected an integer"},
      {"{\"input\":\"in\"}", "\"in\"", "projection 'w': 'from': expected {\"input\": name}"},
      {"{\"input\":\"in\"}", "{\"input\":\"x\"}", "projection 'w': 'from': no input is called 'x'"},
      {"\"to\":\"n\"", "\"to\":\"m\"", "projection 'w': 'to': no population is called 'm'"},
      {"[1,0,-2]", "[1,0]", "projection 'w': row 0: expected 3 weights, found 2"},
      {"[1,0,-2]", "[1,0,300]", "row 0: expected an integer of -128 to 127, found 300"},
      {"[1,0,-2]", "7", "row 0: expected a list of weights, or"},
      {"\"targets\":[1]", "\"targets\":[3]", "row 1: expected an integer of 0 to 2, found 3"},
      {"\"targets\":[1]", "\"targets\":[]", "row 1: expected a list of weights, or"},
      {"[[1,0,-2],", "[", "projection 'w': expected 2 rows, one per source neuron, found 1"},
      {"\"rows\"", "\"bits\":4,\"rows\"", "row 1: weight: expected -8 to 7, found 9 (4 bits)"},
      {"\"rows\"", "\"bits\":3,\"rows\"", "bits: expected 8, 4, 2 or 1, found 3"},
      {"\"from\":\"n\"", "\"from\":\"q\"", "output 'out': 'from': no population is called 'q'"},
      {"\"outputs\"", "\"output\"", "'outputs' is missing"},
  };
  for (const auto& [from, to, message] : cases) {
    EXPECT_THAT(refusal(replaced(kSmall, from, to)), HasSubstr(message)) << from << " -> " << to;
  }
  EXPECT_THAT(refusal("[1,"), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("expected an object"));
}

TEST(IntNetworkFile, ReportsEverythingAtOnce) {
  std::string text = replaced(kSmall, "\"alpha\":0,", "");
  text = replaced(text, "\"to\":\"n\"", "\"to\":\"m\"");
  text = replaced(text, "\"shape\":[2]", "\"shape\":[-1]");
  EXPECT_THAT(refusal(text), AllOf(HasSubstr("'alpha' is missing"), HasSubstr("no population is called 'm'"),
                                   HasSubstr("input 'in'")));
}

TEST(IntNetworkFile, EveryPrefixIsRefusedNotCrashedOn) {
  const std::string text = kSmall;
  for (std::size_t n = 0; n + 1 < text.size(); ++n) ASSERT_NE(refusal(text.substr(0, n)), "accepted") << n;
}

TEST(IntNetworkFile, AMissingFileIsNamed) {
  try {
    (void)read_int_network("/nowhere/net.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/net.json"));
  }
}

std::string with_map(const std::string& map, const std::string& weights) {
  return replaced(kSmall, R"("rows":[[1,0,-2],{"targets":[1],"weights":[9]}])",
                  R"("map":)" + map + R"(,"weights":)" + weights);
}

constexpr const char* kWindow =
    R"({"form":"window","inputs":1,"outputs":1,"groups":1,"in":[1,2],"out":[1,3],"kernel":[1,2],)"
    R"("stride":[1,1],"dilation":[1,1],"before":[0,1]})";

TEST(IntNetworkFile, KeepsTheFormOfMaps) {
  const IntNetwork net = parse_int_network(with_map(kWindow, "[3,0]"));
  ASSERT_NE(net.projections[0].form.as<WindowMap>(), nullptr);
  EXPECT_EQ(net.projections[0].weight, (std::vector<std::int16_t>{3, 0}));
  expect_equal(net, parse_int_network(print_int_network(net)));
  const IntNetwork gathered =
      parse_int_network(replaced(with_map(R"({"form":"dense","sources":1,"targets":3})", "[1,2,3]"),
                                 R"("weights")", R"("gather":[-1,0],"weights")"));
  EXPECT_EQ(gathered.projections[0].form.gather(), (std::vector<std::uint32_t>{kNowhere, 0}));
  expect_equal(gathered, parse_int_network(print_int_network(gathered)));
}

TEST(IntNetworkFile, RefusesMapsThatAreNone) {
  const struct {
    std::string map, weights;
    const char* message;
  } cases[] = {
      {kWindow, "[3]", "'weights': the map has 2, found 1"},
      {kWindow, "[3,128]", "'weights': expected an integer of -128 to 127, found 128"},
      {replaced(kWindow, "\"groups\":1", "\"groups\":2"), "[]", "its channels do not divide into 2 groups"},
      {replaced(kWindow, "\"in\":[1,2]", "\"in\":[2]"), "[3,0]", "'in': expected two numbers"},
      {replaced(kWindow, "window", "spiral"), "[3,0]", "expected dense, diagonal or window, found 'spiral'"},
      {replaced(kWindow, "\"stride\"", "\"pace\""), "[3,0]", "'stride' is missing"},
      {R"({"form":"diagonal","size":3,"run":2})", "[1]", "runs of 2 do not divide 3 elements"},
      {R"({"form":"dense","sources":3,"targets":3})", "[1,1,1,1,1,1,1,1,1]", "expected 2 rows"},
      {R"({"form":"dense","sources":2,"targets":2})", "[1,1,1,1]", "its map has 2 targets"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(refusal(with_map(one.map, one.weights)), HasSubstr(one.message)) << one.map;
}

}  // namespace
}  // namespace spikeloom

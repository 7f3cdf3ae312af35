#include "compiler/model/nodes/node_type.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "compiler/model/elaborate.hpp"
#include "compiler/model/network_check.hpp"
#include "tests/model/graphs.hpp"
#include "tests/model/nir_file.hpp"

namespace spikeloom {
namespace {

using test::NirFile;
using test::row;
using test::scalar;

/// Shape and values of a field for which every row that lists it makes sense of four elements.
NirArray value_of(const NodeType& type, const NodeField& field) {
  const bool one_d = type.name == "Conv1d";
  if (field.name == "weight") {
    if (type.output_shape == nullptr) return {{4, 4}, test::Values(16, 0.5)};
    return one_d ? NirArray{{1, 1, 1}, {0.5}} : NirArray{{1, 1, 1, 1}, {0.5}};
  }
  if (field.name == "bias") return type.output_shape == nullptr ? row({1, 2, 3, 4}) : row({1});
  if (field.name == "shape" || field.name == "input_type") return row({1, 4});
  if (field.name == "start_dim" || field.name == "end_dim") return scalar(0);
  if (field.name == "kernel_size" || field.name == "stride" || field.name == "dilation" ||
      field.name == "groups")
    return scalar(1);
  if (field.name == "padding") return scalar(0);
  if (field.name == "input_shape") return one_d ? row({4}) : row({1, 4});
  if (field.name == "delay") return {{1, 4}, {0, 1, 2, 3}};
  if (field.rule == NodeField::Rule::kTime) return {{1, 4}, test::Values(4, 16)};
  return {{1, 4}, test::Values(4, 2)};
}

NirNode node_of(const NodeType& type, bool optional) {
  std::map<std::string, NirArray> fields;
  for (const NodeField& field : type.fields()) {
    if (optional || field.need == NodeField::Need::kRequired)
      fields.emplace(field.name, value_of(type, field));
  }
  return test::nir_node(std::string(type.name), std::move(fields));
}

/// The node between ports of shape [1,1,4], or [1,4] for what is along a length.
NirGraph around(const NodeType& type, bool optional) {
  const test::Values shape = type.name.ends_with("2d") ? test::Values{1, 1, 4} : test::Values{1, 4};
  NirGraph graph;
  graph.nodes = {{"in", test::port("Input", shape)}, {"out", test::port("Output", shape)}};
  if (type.role == Role::kInput || type.role == Role::kOutput) {
    graph.edges = {{"in", "out"}};
    return graph;
  }
  if (type.role == Role::kGraph) {
    NirGraph inner;
    inner.nodes = {{"a", test::port("Input", shape)}, {"b", test::port("Output", shape)}};
    inner.edges = {{"a", "b"}};
    graph.nodes["x"] = test::nested(inner);
  } else {
    graph.nodes["x"] = node_of(type, optional);
  }
  graph.edges = {{"in", "x"}, {"x", "out"}};
  return graph;
}

class EveryNodeType : public ::testing::TestWithParam<std::string> {
 protected:
  const NodeType& type() const { return *nir_type(GetParam()); }
};

TEST(NodeTypes, HaveEachNameOnceAndRowsThatAgreeWithTheirRoles) {
  std::set<std::string_view> names;
  for (const NodeType& type : node_types()) {
    SCOPED_TRACE(type.name);
    EXPECT_TRUE(names.insert(type.name).second);
    EXPECT_EQ(nir_type(type.name), &type);
    EXPECT_FALSE(type.meaning.empty());
    EXPECT_NE(type.role, Role::kUnknown);
    EXPECT_EQ(type.neuron.has_value(), type.role == Role::kNeuron);
    EXPECT_TRUE(type.apply == nullptr || type.role == Role::kLinear);
    std::set<std::string_view> fields;
    for (const NodeField& field : type.fields()) EXPECT_TRUE(fields.insert(field.name).second) << field.name;
    if (!type.neuron) continue;
    EXPECT_EQ(type.name, to_string(type.neuron->kind));
    EXPECT_EQ(type.neuron->guess.has_value(), !row_of(type.neuron->kind).is_memoryless);
    if (!type.neuron->guess) continue;
    const StepGuess& guess = *type.neuron->guess;
    for (const std::string_view name : {guess.r, guess.tau, guess.tau_syn, guess.w_in})
      EXPECT_TRUE(name.empty() || fields.contains(name)) << name;
  }
}

TEST(NodeTypes, CoverEveryKindOfNeuron) {
  std::set<NeuronKind> kinds;
  for (const NodeType& type : node_types()) {
    if (!type.neuron) continue;
    EXPECT_TRUE(kinds.insert(type.neuron->kind).second) << type.name;
  }
  EXPECT_EQ(kinds.size(), kNeuronKinds.size());
}

TEST_P(EveryNodeType, IsReadAndEachMissingRequiredFieldIsNamed) {
  if (type().role == Role::kGraph) {  // it has nodes and edges in place of fields
    EXPECT_TRUE(type().fields().empty());
    return;
  }
  const NirNode full = node_of(type(), false);
  const auto write = [&](std::string_view but) {
    NirFile file(test::temporary("row.nir"), NirFile::Storage::kPlain);
    file.text("node/type", "NIRGraph");
    file.node("x", GetParam());
    for (const auto& [name, array] : full.fields) {
      if (name != but) file.numbers("node/nodes/x/" + name, array.shape, array.values);
    }
    file.edges({});
    return file.close();
  };
  Problems problems;
  const NirGraph graph = read_nir(write(""), problems);
  EXPECT_THAT(problems.list(), ::testing::IsEmpty());
  EXPECT_EQ(graph.nodes.at("x").type, &type());
  for (const NodeField& field : type().fields()) {
    if (field.need != NodeField::Need::kRequired) continue;
    Problems missing;
    (void)read_nir(write(field.name), missing);
    EXPECT_THAT(missing.list(), ::testing::ElementsAre("node 'x' (" + GetParam() + "): field '" +
                                                       std::string(field.name) + "' is missing"));
  }
}

TEST_P(EveryNodeType, IsShapedAndElaboratedWithAndWithoutItsOptionalFields) {
  for (const bool optional : {false, true}) {
    SCOPED_TRACE(optional ? "all fields" : "required fields");
    Problems problems;
    const Network network = elaborate(around(type(), optional), {.dt = 1}, nullptr, problems);
    EXPECT_THAT(problems.list(), ::testing::IsEmpty());
    EXPECT_THAT(check(network), ::testing::IsEmpty());
    ASSERT_EQ(network.populations.size(), 1U);
    EXPECT_EQ(network.populations.front().size(), 4U);
    EXPECT_EQ(network.populations.front().kind, type().neuron ? type().neuron->kind : NeuronKind::kLi);
  }
}

TEST_P(EveryNodeType, RefusesTimeConstantsOfZeroByName) {
  for (const NodeField& field : type().fields()) {
    if (field.rule != NodeField::Rule::kTime) continue;
    NirGraph graph = around(type(), false);
    graph.nodes["x"].fields[std::string(field.name)] = test::constant(4, 0);
    graph.nodes["x"].fields[std::string(field.name)].shape = {1, 4};
    Problems problems;
    (void)elaborate(graph, {.dt = 1}, nullptr, problems);
    EXPECT_THAT(problems.list(),
                ::testing::Contains("node 'x' (" + GetParam() + "): field '" + std::string(field.name) +
                                    "' holds 0, expected a time greater than 0"));
  }
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const NodeType& type : node_types()) result.emplace_back(type.name);
  return result;
}

INSTANTIATE_TEST_SUITE_P(All, EveryNodeType, ::testing::ValuesIn(names()),
                         [](const auto& type) { return type.param; });

}  // namespace
}  // namespace spikeloom

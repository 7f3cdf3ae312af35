// NIR graphs in memory, for tests that need no file.
#pragma once

#include <string>
#include <vector>

#include "compiler/model/nir.hpp"

namespace spikeloom::test {

using Values = std::vector<double>;

inline NirNode nir_node(const std::string& type, std::map<std::string, NirArray> fields) {
  NirNode node;
  node.type_name = type;
  node.type = nir_type(type);
  node.fields = std::move(fields);
  return node;
}

inline NirArray row(Values values) { return {{values.size()}, std::move(values)}; }
inline NirArray scalar(double value) { return {{}, {value}}; }
inline NirArray constant(std::size_t n, double value) { return {{n}, Values(n, value)}; }

inline NirNode port(const std::string& type, Values shape) {
  return nir_node(type, {{"shape", row(std::move(shape))}});
}
inline NirNode linear(std::size_t out, std::size_t in, Values weight) {
  return nir_node("Linear", {{"weight", {{out, in}, std::move(weight)}}});
}
inline NirNode affine(std::size_t out, std::size_t in, Values weight, Values bias) {
  return nir_node("Affine", {{"weight", {{out, in}, std::move(weight)}}, {"bias", row(std::move(bias))}});
}
/// beta = 1 - 1/16 and gain 1 for the guessed dt of 1.
inline NirNode lif(std::size_t n, double threshold = 1) {
  return nir_node("LIF", {{"tau", constant(n, 16)},
                          {"r", constant(n, 16)},
                          {"v_leak", constant(n, 0)},
                          {"v_threshold", constant(n, threshold)}});
}
inline NirNode li(std::size_t n) {
  return nir_node("LI", {{"tau", constant(n, 16)}, {"r", constant(n, 16)}, {"v_leak", constant(n, 0)}});
}
inline NirNode nested(NirGraph graph) {
  NirNode node = nir_node("NIRGraph", {});
  node.graph.push_back(std::move(graph));
  return node;
}

}  // namespace spikeloom::test

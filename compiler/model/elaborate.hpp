// From a NIR graph to the network that is meant, under semantics that NIR leaves open. The table of
// meanings is in README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/base/error.hpp"
#include "compiler/model/network.hpp"
#include "compiler/model/network_check.hpp"
#include "compiler/model/nir.hpp"

namespace spikeloom {

/// Guesses and remarks that the user should see; never errors.
struct Notes {
  std::vector<std::string> list;
  void add(std::string text) { list.push_back(std::move(text)); }
};

/// Flattens nested graphs, infers every shape, composes linear nodes, finds what is recurrent and
/// turns parameters into the coefficients of the normal form.
///
/// Order     populations: topological over delay-0 projections, ties by the distance from the inputs,
///           then by name. Independent of the order of edges in the file.
/// Recurrent a projection within a strongly connected component of the neurons that does not go from
///           a smaller to a larger (distance from the inputs, name).
/// Notes     added to `notes` unless it is null.
/// Problems  the ones of the reader may be handed in; everything wrong is added by node name, and the
///           result is meaningless unless `problems` is empty.
[[nodiscard]] Network elaborate(const NirGraph& graph, const Semantics& semantics, Notes* notes,
                                Problems& problems);

/// The same, and throws one Error{kInput} with every problem.
[[nodiscard]] Network elaborate(const NirGraph& graph, const Semantics& semantics, Notes* notes);

/// read_nir and elaborate with the problems of both in one Error{kInput}; the network is named after
/// the file.
[[nodiscard]] Network load_network(const std::string& path, const Semantics& semantics, Notes* notes);

}  // namespace spikeloom

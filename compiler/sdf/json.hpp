// Dataflow graphs as JSON: the project's own form, with everything that a graph can say.
#pragma once

#include <string>
#include <string_view>

#include "compiler/sdf/certificate.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// Reads
///
///   {"format": "spikeloom-dataflow", "version": 1, "name": "codec",
///    "actors":   [{"name": "a", "execution": 5}, {"name": "b", "execution": [3, 4]}],
///    "channels": [{"name": "x", "from": "a", "to": "b", "produce": 2, "consume": [1, 0], "tokens": 0,
///    "latency": 0}]}
///
/// execution, produce and consume: a number, or one for each phase (a single number stands for all). Without
/// them and without tokens, latency and a channel's name: 1, 1, 0, 0 and "".
///
/// Throws  Error{kInput} that lists everything wrong, unknown keys included.
[[nodiscard]] PhasedGraph parse_json(std::string_view text, const std::string& name);

/// What `parse_json` reads. Throws Error{kInput} where two actors have one name.
[[nodiscard]] std::string print_json(const PhasedGraph& graph);

/// A certificate for the graph, as `dataflow analyze --certificate` writes it: every actor's potential beside
/// its name, in their order, and the critical cycle by numbers of channels. Whether it holds is for `verify`.
///
/// Throws  Error{kInput} that says where the text is none.
[[nodiscard]] Certificate parse_certificate(std::string_view text, const Graph& graph,
                                            const std::string& name);

}  // namespace spikeloom::sdf

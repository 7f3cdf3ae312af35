// Graphs and cycles as text: for people, for test instances, for Graphviz.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// A closed cycle by name, with its totals, on one line:
/// `tile(1,0) fire hidden[0] -[spikes]-> tile(0,0) fire out[0] -[pages]-> tile(1,0) fire hidden[0] (16
/// cycles, 3 tokens)`. Channels without a name are plain arrows.
[[nodiscard]] std::string describe(const Graph& graph, std::span<const ChannelId> cycle);

/// One line an actor and a channel, in order of ids, actors first; ends stand for actors' places from 0:
///
///   sdf 1
///   actor "tile(0,0) fire out[0]" execution 12
///   channel "spikes" 0 -> 1 tokens 0 latency 3
///   channel "batch" 0 -> 1 tokens 0 latency 3 rates 4 1
///
/// Backslash escapes `\"`, `\\` and, as `\x0A`, control characters. A `#` outside quotes starts a comment.
[[nodiscard]] std::string print(const Graph& graph);

/// Reads what `print` writes. Throws Error{kInput} listing every line that is wrong.
[[nodiscard]] Graph parse(std::string_view text);

/// For Graphviz; the channels of `highlight` are red.
[[nodiscard]] std::string dot(const Graph& graph, std::span<const ChannelId> highlight = {});

}  // namespace spikeloom::sdf

// SDF3's XML files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

struct Sdf3Options {
  std::optional<std::string> application{};  ///< name of the <applicationGraph>; default: the first
  std::optional<std::string> processor{};  ///< type whose execution times are taken; default: see parse_sdf3
};

struct Sdf3File {
  PhasedGraph graph;
  std::vector<std::string> notes;  ///< what was chosen among several, and what the file says and is not used
};

/// Reads an application graph of an SDF3 file: types "sdf" and "csdf" (either may stand within the other),
/// rates "1" or by phase "1,0,2", execution time of each actor's default processor (the last of several, its
/// first without one). Kiter's "3;1,3" is an initial phase that happens once and two that repeat: the graph
/// is as it stands after all initial phases.
///
/// Throws  Error{kInput} that lists everything that is missing or wrong, by actor, port and channel.
/// Source  SDF3's schema sdf3-sdf.xsd (Stuijk, Geilen, Basten, ACSD 2006).
[[nodiscard]] Sdf3File read_sdf3(std::string_view xml, const std::string& name,
                                 const Sdf3Options& options = {});
/// The graph alone.
[[nodiscard]] PhasedGraph parse_sdf3(std::string_view xml, const std::string& name);

/// As SDF3 reads it. Throws Error{kInput} naming a channel with a latency, which SDF3 has not.
[[nodiscard]] std::string print_sdf3(const PhasedGraph& graph);

}  // namespace spikeloom::sdf

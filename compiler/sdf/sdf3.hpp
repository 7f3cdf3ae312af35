// SDF3's XML files.
#pragma once

#include <string>
#include <string_view>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// Reads the application graph of an SDF3 file: types "sdf" and "csdf", rates "1" or by phase "1,0,2",
/// execution time of each actor's default processor (its first without one). What SDF3 knows beyond that
/// (memory, bandwidth, scenarios of other types) does not come along.
///
/// Throws  Error{kInput} that lists everything that is missing or wrong, by actor, port and channel.
/// Source  SDF3's schema sdf3-sdf.xsd (Stuijk, Geilen, Basten, ACSD 2006).
[[nodiscard]] PhasedGraph parse_sdf3(std::string_view xml, const std::string& name);

/// As SDF3 reads it. Throws Error{kInput} naming a channel with a latency, which SDF3 has not.
[[nodiscard]] std::string print_sdf3(const PhasedGraph& graph);

}  // namespace spikeloom::sdf

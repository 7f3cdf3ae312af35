// What the `spikeloom dataflow` commands share.
#pragma once

#include <string>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::cli {

/// By extension: .xml SDF3, .json, .sdf text. Throws Error{kInput} naming the file.
[[nodiscard]] sdf::PhasedGraph read_dataflow_graph(const std::string& path);

}  // namespace spikeloom::cli

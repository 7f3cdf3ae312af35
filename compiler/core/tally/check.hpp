// The tally core's tables read back: what is wrong with them, and what they mean.
#pragma once

#include <string>
#include <vector>

#include "compiler/core/core.hpp"

namespace spikeloom::tally {

[[nodiscard]] std::vector<std::string> faults(const Cluster&);
[[nodiscard]] std::vector<std::string> mismatches(const Cluster&, const TileConfig&);
[[nodiscard]] Decoded decode(const Cluster&, const RowSink&);

}  // namespace spikeloom::tally

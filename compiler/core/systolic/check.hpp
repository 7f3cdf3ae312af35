// The systolic core's tables read back: what is wrong with them, and what they mean.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"

namespace spikeloom::systolic {

[[nodiscard]] std::vector<std::string> faults(const Cluster&);
[[nodiscard]] std::vector<std::string> mismatches(const Cluster&, const TileConfig&);
[[nodiscard]] Decoded decode(const Cluster&, const TileConfig&, const RowSink&);
[[nodiscard]] std::vector<RowKind> row_kinds(const Cluster&);
void decode_row(const Cluster&, std::size_t chunk, std::uint32_t bit,
                std::vector<std::pair<std::uint32_t, std::int64_t>>& row);

}  // namespace spikeloom::systolic

// In which parts sums beyond a tile are taken: the way whose steps are promised to be the shortest.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

struct ChosenParts {
  IntNetwork network;
  std::map<std::string, std::string> parts;  ///< as CompileOptions::parts; empty: as it was
  std::vector<std::string> notes;            ///< what was tried, for people
};

/// The network in the parts that the options name; where they name none, in those of `ways_of_sharing` that
/// are promised the shortest period, then the lowest latency: each way is placed with as few clusters as fit
/// and without tuning. Where several populations are in parts, each may then have an order of its own.
///
/// Law     depends on network, chip and options alone.
/// Cost    nothing where there is one way at most; else `place` for each of a few ways.
[[nodiscard]] ChosenParts with_best_parts(const IntNetwork& network, const Chip& chip,
                                          const CompileOptions& options);

}  // namespace spikeloom

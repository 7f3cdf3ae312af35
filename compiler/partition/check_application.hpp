// The check of an application with what it cost, for the tests that hold the cost down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/partition/application.hpp"

namespace spikeloom {

struct CheckedApplication {
  std::vector<std::string> faults;  ///< as `check` has them
  std::uint64_t looks = 0;          ///< at axons, and at entries of rows that were compared
};

/// Cost  in axons × clusters that they reach, places × entries of a row, and weights: rows that lie alike and
///       have the same weights are compared once.
[[nodiscard]] CheckedApplication check_counted(const Application&, const IntNetwork&, const Chip&);

}  // namespace spikeloom

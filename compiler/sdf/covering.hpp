// Inside shared_tokens: the smallest whole numbers that satisfy covering demands within budgets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace spikeloom::sdf {

/// minimise the sum of cost·y, with 0 <= y <= most, for every demand the sum of factor·y at least `need`, and
/// for every budget the sum of weight·y at most `most`. All factors, costs and weights are positive.
struct Covering {
  struct Demand {
    std::vector<std::pair<std::size_t, std::int64_t>> part;  ///< variable, factor
    std::int64_t need = 0;
  };
  struct Budget {
    std::vector<std::pair<std::size_t, std::int64_t>> part;  ///< variable, weight
    std::int64_t most = 0;
  };
  std::vector<std::int64_t> most;  ///< by variable
  std::vector<std::int64_t> cost;  ///< by variable
  std::vector<Demand> demands;
  std::vector<Budget> budgets;
};

struct Covered {
  std::optional<std::vector<std::int64_t>> value;  ///< nothing: none was found
  std::int64_t cost = 0;
  bool proven = false;  ///< the cheapest, or that there is none
};

/// By branch and bound, `work` looks at a variable of a demand at most, about, which are taken off.
/// Bound  demands without a variable in common, each met by its cheapest variables.
[[nodiscard]] Covered cheapest(const Covering& covering, std::int64_t& work);

}  // namespace spikeloom::sdf

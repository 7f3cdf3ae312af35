#include "compiler/golden/int_network.hpp"

#include <algorithm>

namespace spikeloom {

bool IntPopulation::has_current() const {
  return std::any_of(alpha.begin(), alpha.end(), [](std::int32_t k) { return k != 0; });
}

}  // namespace spikeloom

#include "compiler/golden/int_network.hpp"

#include <algorithm>

#include "compiler/linear/sums.hpp"

namespace spikeloom {

bool IntPopulation::has_current() const {
  return std::any_of(alpha.begin(), alpha.end(), [](std::int32_t k) { return k != 0; });
}

std::uint64_t count_synapses(const IntProjection& projection) {
  return count_synapses(projection.form, projection.weight);
}

}  // namespace spikeloom

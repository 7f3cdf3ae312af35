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

bool hands_on(const MapForm& form, const std::vector<std::int16_t>& weight, std::uint32_t shift) {
  return form.as<DiagonalMap>() != nullptr && form.gather().empty() && shift == 0 &&
         std::all_of(weight.begin(), weight.end(), [](std::int16_t w) { return w == 1; });
}

}  // namespace spikeloom

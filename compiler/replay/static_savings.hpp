// What an image's static inputs save on some data.
#pragma once

#include <cstdint>

#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// Of all steps but each sample's first one.
struct StaticSavings {
  std::int64_t spikes = 0;               ///< of static inputs, bit planes counted each, that were not sent
  std::int64_t synaptic_operations = 0;  ///< weights other than 0 that these would have met
};

/// From the tables alone. Data as `check_data` accepts them.
///
/// Cost  the rows of clusters that hear a static input, once each.
[[nodiscard]] StaticSavings static_savings(const ImageView& image, const Dataset& data);

}  // namespace spikeloom

// Which numbers tiles hold: what the quantiser chooses among.
#pragma once

#include <cstdint>
#include <vector>

namespace spikeloom {

/// The defaults are the default tile's.
struct QuantizeLimits {
  std::uint32_t state_bits = 24;
  std::uint32_t acc_bits = 20;
  std::uint32_t bias_bits = 20;  ///< bias_i
  std::uint32_t max_shift = 7;   ///< of a row, its bit plane included
  std::uint32_t max_scale = 7;
  std::vector<std::uint32_t> weight_bits = {8, 4, 2, 1};  ///< formats that the tiles decode
  friend bool operator==(const QuantizeLimits&, const QuantizeLimits&) = default;
};

}  // namespace spikeloom

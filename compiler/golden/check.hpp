// What makes an integer network legal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom {

inline constexpr std::uint32_t kMaxScale = 15;                          ///< of a population
inline constexpr std::array<std::uint32_t, 4> kWeightBits{8, 4, 2, 1};  ///< of a mantissa
inline constexpr std::uint32_t kMaxShift = 15;                          ///< of a projection
inline constexpr std::int32_t kMaxOrigin = 1 << 30;                     ///< either way, of a readout's neuron
inline constexpr std::uint32_t kMaxPlanes = 16;                         ///< of an input
inline constexpr std::uint32_t kMaxDelay = 1023;                        ///< steps
inline constexpr std::uint32_t kMinStateBits = 8;
inline constexpr std::uint32_t kMaxStateBits = 32;
inline constexpr std::uint32_t kMaxAccumulatorBits = 32;

/// Smallest and largest mantissa of a width, two's complement; 1 bit means -1 and +1 without 0.
[[nodiscard]] std::pair<std::int32_t, std::int32_t> mantissa_range(std::uint32_t bits);
/// Smallest and largest value of an input's element.
[[nodiscard]] std::pair<std::int32_t, std::int32_t> value_range(const IntInput& input);
/// Smallest and largest value of v and i.
[[nodiscard]] std::pair<std::int64_t, std::int64_t> state_range(std::uint32_t state_bits);
/// Name of an input or population, for messages. The id must exist.
[[nodiscard]] const std::string& source_name(const IntNetwork& network, const Source& source);
/// Number of neurons or elements. The id must exist.
[[nodiscard]] std::size_t source_size(const IntNetwork& network, const Source& source);

/// Everything that is wrong with the network; empty when it may be run.
///
/// Checked  names, sizes, shapes and ids; ranges of every parameter; rows ascending, within their
///          bits, without zeros, and full or empty at 1 bit; who shares membranes with whom; delays; no cycle
///          of delay 0 (named by its populations) and delay-0 projections forward; no sum of synaptic input
///          can leave 32 bits.
/// Assumed  nothing; but whether a chip has the memory, the delays and the widths is not asked here.
[[nodiscard]] Problems check(const IntNetwork& network);

}  // namespace spikeloom

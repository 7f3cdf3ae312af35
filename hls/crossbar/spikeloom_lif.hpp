// Top kernel of the LIF core: the updates of `steps` steps. Contract: hls/crossbar/lif.hpp.
#pragma once

#include <cstdint>

/// context, control, sums   as spikeloom_crossbar's
/// updates, sets, biases    the memories' words, parts of 32 bits, as the ring writes them
/// potentials, currents     read before the first step, written after the last
/// out        steps × update_entries words: chunk index in bits 31:16, mask in 15:0, in the order pushed
/// out_count  chunks pushed by every step
extern "C" void spikeloom_lif(const std::uint32_t* context, const std::uint32_t* updates,
                              const std::uint32_t* sets, const std::uint32_t* biases,
                              const std::uint32_t* control, const std::int32_t* sums,
                              std::uint32_t* potentials, std::uint32_t* currents, std::uint32_t* out,
                              std::uint32_t* out_count, std::uint32_t steps);

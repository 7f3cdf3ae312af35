// Top kernel of the systolic core: what spikeloom_crossbar computes, for a tick batch. Contract:
// hls/systolic/systolic.hpp.
#pragma once

#include <cstdint>

/// context, chunks, axons, weights, control, pages, sums   as spikeloom_crossbar's
/// steps     1 to 16, of one sample
/// groups    lane groups that hold neurons; the sums of the others are 0
/// cycles    one word: the array's cycles of this call
extern "C" void spikeloom_systolic(const std::uint32_t* context, const std::uint32_t* chunks,
                                   const std::uint32_t* axons, const std::uint32_t* weights,
                                   const std::uint32_t* control, const std::uint16_t* pages,
                                   std::int32_t* sums, std::uint32_t* cycles, std::uint32_t steps,
                                   std::uint32_t groups);

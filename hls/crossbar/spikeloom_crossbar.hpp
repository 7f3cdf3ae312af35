// Top kernel of the crossbar core: sums of `steps` pages. Contract: hls/crossbar/crossbar.hpp.
#pragma once

#include <cstdint>

/// context   32 parts: the context's registers by CONTEXT_* field, as the ring writes them
/// chunks, axons, weights   the memories' words, parts of 32 bits, lowest first, as the ring writes them
/// control   one word a step: hls_step of rtl/hardware.toml, steps since the sample began and its end
/// pages     steps × page_chunks masks of 16 axons; 0: chunk not valid
/// sums      steps × groups × lanes results
extern "C" void spikeloom_crossbar(const std::uint32_t* context, const std::uint32_t* chunks,
                                   const std::uint32_t* axons, const std::uint32_t* weights,
                                   const std::uint32_t* control, const std::uint16_t* pages,
                                   std::int32_t* sums, std::uint32_t steps);

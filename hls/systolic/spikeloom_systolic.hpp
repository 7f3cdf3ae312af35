// Top kernel of the systolic core: one firing. Contract: hls/systolic/systolic.hpp.
#pragma once

#include <cstdint>

/// context   32 parts: the context's registers by CONTEXT_* field, as the ring writes them
/// blocks, folds, matrices, updates, sets, biases   the memories' words, parts of 32 bits, lowest first, as
///           the ring writes them
/// control   one word a page: hls_step of rtl/hardware.toml, steps since the sample began and its end
/// pages     steps × page_chunks masks of 16 axons; 0: chunk not valid
/// potentials, currents   read before the first page, written after the last
/// out       steps × update_entries words: chunk index in bits 31:16, mask in 15:0, in the order pushed
/// out_count chunks pushed for every page
/// cycles    two words: the schedule's `freed` and `listed`
/// steps     pages of the firing, 1 to systolic_pages
extern "C" void spikeloom_systolic(const std::uint32_t* context, const std::uint32_t* blocks,
                                   const std::uint32_t* folds, const std::uint32_t* matrices,
                                   const std::uint32_t* updates, const std::uint32_t* sets,
                                   const std::uint32_t* biases, const std::uint32_t* control,
                                   const std::uint16_t* pages, std::uint32_t* potentials,
                                   std::uint32_t* currents, std::uint32_t* out, std::uint32_t* out_count,
                                   std::uint32_t* cycles, std::uint32_t steps);

// The core of a tile: that of rtl/core/*/ which `Core` names. Its ports are those of every core: pages go in,
// bitmaps come out, the ring reads and writes memories. rtl/core/README.md.
`include "spikeloom_parameters.svh"

module core #(
    `SPIKELOOM_CORE_PARAMETERS
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic       fire_i,        // cycle f
    input logic [4:0] fire_pages_i,  // f: pages of the firing
    input logic       fire_first_i,  // f: old state reads as 0
    input logic       fire_last_i,   // f: the last page ends a sample

    input logic [15:0] ctx_chunk_i,      // f to te, like all ctx_*
    input logic [15:0] ctx_update_i,
    input logic [15:0] ctx_updates_i,
    input logic [15:0] ctx_state_i,
    input logic [15:0] ctx_bias_i,
    input logic        ctx_readout_i,
    input logic        ctx_last_only_i,

    // The page's valid chunks below its limit, one after the other in rising order.
    input  logic        page_start_i,  // f + 1 or later, of another page after free_o: from the next cycle on
    input  logic        page_any_i,    //   there is a next chunk,
    input  logic [11:0] page_chunk_i,  //   which is this one
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,  // of the chunk taken last, from the next cycle
    output logic        page_take_o,   // moves on to the next chunk
    output logic        page_again_o,  // instead: from the next cycle on the page's first chunk is the next

    // Or, by a core that looks, chunks of the firing's pages in any order; such a core has no page_* above.
    output logic        look_o,        // f + 1 or later, before the page is freed
    output logic [ 4:0] look_page_o,   //   0 to pages - 1
    output logic [11:0] look_chunk_o,
    input  logic        look_valid_i,  // 2 + p cycles after look_o, p the tile's page delay:
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_i,  // the chunk's mask, or 0

    output logic                      free_o,
    output logic                      out_push_o,
    output logic [               4:0] out_page_o,  // the list that a push belongs to
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o,
    output logic                      out_end_o,  // the end of a page's pushes; the last with done_o
    output logic                      done_o,
    output logic                      count_word_o,  // the core's own counter rises by one

    input  logic        cfg_we_i,
    input  logic        cfg_re_i,
    input  logic [ 3:0] cfg_memory_i,
    input  logic [23:0] cfg_word_i,
    input  logic [ 7:0] cfg_part_i,
    input  logic [31:0] cfg_data_i,
    output logic [31:0] cfg_data_o,   // two clock cycles after cfg_re_i
    output logic [ 7:0] cfg_parts_o   // of a word of cfg_memory_i
);
  `SPIKELOOM_CORE_INSTANCES
endmodule

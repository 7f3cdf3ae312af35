// A stand-in for the crossbar core with its ports and a simple, known timing, for tests of what is around it.
//
// A page is integrated in 2 + 2·n cycles, n chunks that it is given, and freed in the last of them; the first
// of these cycles is that of its page_start_i, or later the cycle after the update of the page before. Its
// update takes 1 + ctx_updates + max(m, 1) - 1, m pushes, the last with out_end_o. With bit 0 of ctx_update
// every page's update follows its integration; without it all pages are integrated first. So a firing of one
// page has ti = f + 2 + 2·n and te = ti + ctx_updates + max(m, 1).
// Chunk c with mask k gives a push (c, rotate(k) ^ (the sample's first page ? 0 : ctx_state) ^ (the sample's
// last page ? ctx_state / 2 : 0)) unless that is zero.
// Configuration: one memory of 64 words of 3 parts that can be written and read.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module crossbar_core #(
    `SPIKELOOM_CROSSBAR_PARAMETERS
) (
    input  logic                      clk_i,
    input  logic                      rst_i,
    input  logic                      en_i,
    input  logic                      fire_i,
    input  logic [               4:0] fire_pages_i,
    input  logic                      fire_first_i,
    input  logic                      fire_last_i,
    input  logic [              15:0] ctx_chunk_i,
    input  logic [              15:0] ctx_update_i,
    input  logic [              15:0] ctx_updates_i,
    input  logic [              15:0] ctx_state_i,
    input  logic                      ctx_readout_i,
    input  logic                      ctx_last_only_i,
    input  logic                      page_start_i,
    input  logic                      page_any_i,
    input  logic [              11:0] page_chunk_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,
    output logic                      page_take_o,
    output logic                      page_again_o,
    output logic                      free_o,
    output logic                      out_push_o,
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o,
    output logic                      out_end_o,
    output logic                      done_o,
    output logic                      count_word_o,
    input  logic                      cfg_we_i,
    input  logic                      cfg_re_i,
    input  logic [               3:0] cfg_memory_i,
    input  logic [              23:0] cfg_word_i,
    input  logic [               7:0] cfg_part_i,
    input  logic [              31:0] cfg_data_i,
    output logic [              31:0] cfg_data_o,
    output logic [               7:0] cfg_parts_o
);
  logic [2:0] state;
  logic first, last, ready;
  logic [4:0] pages, page;
  logic [7:0] lowest;
  logic [15:0] count, waited, pushed;
  logic [15:0] list_end[0:15];
  logic [7:0] list_index[0:255];
  logic [15:0] list_mask[0:255];
  logic [15:0] mask;
  logic last_page, alternate, pushing;

  assign page_take_o = state == 3'd2;
  assign page_again_o = 1'b0;
  assign last_page = page + 5'd1 == pages;
  assign alternate = ctx_update_i[0];
  assign mask = {page_mask_i[14:0], page_mask_i[15]} ^ (first && page == 5'd0 ? 16'd0 : ctx_state_i) ^
                (last && last_page ? {1'b0, ctx_state_i[15:1]} : 16'd0);
  assign free_o = state == 3'd2 && !page_any_i;
  assign pushing = pushed != list_end[page[3:0]];
  assign out_push_o = state == 3'd4 && waited == 16'd0 && pushing;
  assign out_index_o = ChunkIndexBits'(list_index[pushed[7:0]]);
  assign out_mask_o = list_mask[pushed[7:0]];
  assign out_end_o = state == 3'd4 && waited == 16'd0 && pushed + 16'(pushing) == list_end[page[3:0]];
  assign done_o = out_end_o && last_page;
  assign count_word_o = 1'b0;

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      ready <= (ready || page_start_i) && state != 3'd1;
      case (state)
        3'd0:
        if (fire_i) begin
          state <= 3'd1;
          first <= fire_first_i;
          last <= fire_last_i;
          pages <= fire_pages_i;
          page <= 5'd0;
          count <= 16'd0;
          pushed <= 16'd0;
        end
        3'd1: begin
          if (ready || page_start_i) state <= 3'd2;
        end
        3'd2: begin
          waited <= ctx_updates_i;
          lowest <= page_chunk_i[7:0];
          if (page_any_i) begin
            state <= 3'd3;
          end else begin
            list_end[page[3:0]] <= count;
            if (last_page || alternate) begin
              state <= 3'd4;
              if (!alternate) page <= 5'd0;
            end else begin
              state <= 3'd1;
              page <= page + 5'd1;
            end
          end
        end
        3'd3: begin
          if (mask != 16'd0) begin
            list_index[count[7:0]] <= lowest;
            list_mask[count[7:0]] <= mask;
            count <= count + 16'd1;
          end
          state <= 3'd2;
        end
        default:
        if (waited != 16'd0) begin
          waited <= waited - 16'd1;
        end else begin
          pushed <= pushed + 16'(pushing);
          if (out_end_o) begin
            state <= done_o ? 3'd0 : alternate ? 3'd1 : 3'd4;
            page <= page + 5'd1;
            waited <= ctx_updates_i;
          end
        end
      endcase
    end
    if (rst_i) begin
      state <= 3'd0;
      ready <= 1'b0;
    end
  end

  logic [31:0] memory[0:255];
  logic [31:0] read;
  assign cfg_parts_o = 8'd3;
  always_ff @(posedge clk_i) begin
    if (cfg_we_i) memory[{cfg_word_i[5:0], cfg_part_i[1:0]}] <= cfg_data_i;
    if (cfg_re_i) read <= memory[{cfg_word_i[5:0], cfg_part_i[1:0]}];
    cfg_data_o <= read;
  end
endmodule

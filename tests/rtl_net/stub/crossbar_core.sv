// A stand-in for the crossbar core with its ports and a simple, known timing, for tests of what is around it.
//
// A page is integrated in 2 + 2·n cycles, n chunks that it is given, and freed in the last of them; the first
// of these cycles is that of its page_start_i, or later the cycle after the update of the page before. Its
// update takes 1 + ctx_updates + max(m, 1) - 1, m pushes, the last with out_end_o. With bit 0 of ctx_update
// every page's update follows its integration; without it all pages are integrated first. So a firing of one
// page has ti = f + 2 + 2·n and te = ti + ctx_updates + max(m, 1).
// Chunk c with mask k gives a push (c, rotate(k) ^ (the sample's first page ? 0 : ctx_state) ^ (the sample's
// last page ? ctx_state / 2 : 0)) unless that is zero.
//
// With bit 1 of ctx_update it looks, in cycles f + 1 to f + L, at the first PageChunks + 2 chunks of all n
// pages, L = n * (PageChunks + 2): chunk after chunk, of chunk c first at page c mod n and then at the next
// ones. Page i is freed in the cycle i + 1 after the last answer, f + L + 2 + p. ctx_updates cycles later
// come the pushes, those of chunks with mask 0 excepted: the first entry of every list, from the last page's
// to the first one's, then the second ones, a cycle each even where a list has so many no more; then n cycles
// with out_end_o. So with m entries of the longest list te = f + L + 2 + p + n + ctx_updates + n * m + n.
// With bit 0 too it looks at all of page 0, then at all of page 1, and so on, and page i is freed in the
// cycle after its last look, f + (i + 1) * (PageChunks + 2) + 1, while it looks at the next one; then te is n
// cycles less.
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
    input  logic [              15:0] ctx_bias_i,
    input  logic                      ctx_readout_i,
    input  logic                      ctx_last_only_i,
    input  logic                      page_start_i,
    input  logic                      page_any_i,
    input  logic [              11:0] page_chunk_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,
    output logic                      page_take_o,
    output logic                      page_again_o,
    output logic                      look_o,
    output logic [               4:0] look_page_o,
    output logic [              11:0] look_chunk_o,
    input  logic                      look_valid_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_i,
    output logic                      free_o,
    output logic                      out_push_o,
    output logic [               4:0] out_page_o,
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

  // Looking: where the next look goes and where the next answer comes from. A list's entries begin at 64 *
  // page.
  localparam logic [11:0] Chunks = 12'(PageChunks + 2);
  logic looking, pushing_all, entry_there;
  logic [11:0] ask_chunk, answer_chunk;
  logic [4:0] ask_first, ask_page, answer_first, answer_page, after_ask, after_answer;
  logic [4:0] ask_left, answer_left;
  logic [15:0] most, answer, place;
  logic frees;  // by page: the page before
  function automatic logic [4:0] after(input logic [4:0] at, input logic [4:0] count_of);
    after = at + 5'd1 == count_of ? 5'd0 : at + 5'd1;
  endfunction
  assign looking = ctx_update_i[1];
  assign look_o = state == 3'd5 && ask_chunk != Chunks;
  assign look_page_o = ask_page;
  assign look_chunk_o = ask_chunk;
  assign after_ask = after(ask_first, pages);
  assign after_answer = after(answer_first, pages);
  assign answer = look_mask_i == 16'd0 ? 16'd0 :
                  {look_mask_i[14:0], look_mask_i[15]} ^
                  (first && answer_page == 5'd0 ? 16'd0 : ctx_state_i) ^
                  (last && answer_page + 5'd1 == pages ? {1'b0, ctx_state_i[15:1]} : 16'd0);
  assign pushing_all = state == 3'd7 && waited == 16'd0 && count != most;
  assign entry_there = count < list_end[page[3:0]];
  assign place = looking ? {10'(page), 6'(count)} : pushed;

  assign page_take_o = state == 3'd2;
  assign page_again_o = 1'b0;
  assign last_page = page + 5'd1 == pages;
  assign alternate = ctx_update_i[0];
  assign mask = {page_mask_i[14:0], page_mask_i[15]} ^ (first && page == 5'd0 ? 16'd0 : ctx_state_i) ^
                (last && last_page ? {1'b0, ctx_state_i[15:1]} : 16'd0);
  assign free_o = (state == 3'd2 && !page_any_i) || state == 3'd6 || frees;
  assign pushing = pushed != list_end[page[3:0]];
  assign out_push_o = (state == 3'd4 && waited == 16'd0 && pushing) || (pushing_all && entry_there);
  assign out_page_o = page;
  assign out_index_o = ChunkIndexBits'(list_index[place[7:0]]);
  assign out_mask_o = list_mask[place[7:0]];
  assign out_end_o = (state == 3'd4 && waited == 16'd0 && pushed + 16'(pushing) == list_end[page[3:0]]) ||
                     (state == 3'd7 && waited == 16'd0 && count == most);
  assign done_o = out_end_o && last_page;
  assign count_word_o = 1'b0;

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      ready <= (ready || page_start_i) && state != 3'd1;
      frees <= look_o && alternate && ask_chunk + 12'd1 == Chunks;
      case (state)
        3'd0:
        if (fire_i) begin
          state <= looking ? 3'd5 : 3'd1;
          {ask_chunk, ask_first, ask_page, answer_chunk, answer_first, answer_page} <= '0;
          ask_left <= fire_pages_i;
          answer_left <= fire_pages_i;
          most <= 16'd0;
          if (looking) for (int p = 0; p < 16; p++) list_end[p] <= 16'd0;
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
        3'd5: begin
          if (look_o && alternate) begin
            ask_chunk <= ask_chunk + 12'd1;
            if (ask_chunk + 12'd1 == Chunks && ask_page + 5'd1 != pages) begin
              ask_chunk <= '0;
              ask_page <= ask_page + 5'd1;
            end
          end else if (look_o) begin
            ask_left <= ask_left == 5'd1 ? pages : ask_left - 5'd1;
            ask_page <= ask_left == 5'd1 ? after_ask : after(ask_page, pages);
            if (ask_left == 5'd1) begin
              ask_first <= after_ask;
              ask_chunk <= ask_chunk + 12'd1;
            end
          end
          if (look_valid_i) begin
            if (answer != 16'd0) begin
              list_index[{answer_page[1:0], list_end[answer_page[3:0]][5:0]}] <= answer_chunk[7:0];
              list_mask[{answer_page[1:0], list_end[answer_page[3:0]][5:0]}] <= answer;
              list_end[answer_page[3:0]] <= list_end[answer_page[3:0]] + 16'd1;
              if (list_end[answer_page[3:0]] == most) most <= most + 16'd1;
            end
            if (alternate) begin
              answer_chunk <= answer_chunk + 12'd1;
              if (answer_chunk + 12'd1 == Chunks) begin
                answer_chunk <= '0;
                answer_page <= answer_page + 5'd1;
                if (answer_page + 5'd1 == pages) begin
                  state <= 3'd7;
                  waited <= ctx_updates_i;
                  page <= most == 16'd0 && answer == 16'd0 ? 5'd0 : pages - 5'd1;
                end
              end
            end else begin
              answer_left <= answer_left == 5'd1 ? pages : answer_left - 5'd1;
              answer_page <= answer_left == 5'd1 ? after_answer : after(answer_page, pages);
            end
            if (!alternate && answer_left == 5'd1) begin
              answer_first <= after_answer;
              answer_chunk <= answer_chunk + 12'd1;
              if (answer_chunk + 12'd1 == Chunks) state <= 3'd6;
            end
          end
        end
        3'd6: begin
          waited <= ctx_updates_i;
          page <= page + 5'd1;
          if (last_page) begin
            state <= 3'd7;
            page <= most == 16'd0 ? 5'd0 : page;
          end
        end
        3'd7: begin
          if (waited != 16'd0) begin
            waited <= waited - 16'd1;
          end else if (count != most) begin
            page <= page - 5'd1;
            if (page == 5'd0) begin
              count <= count + 16'd1;
              page <= count + 16'd1 == most ? 5'd0 : pages - 5'd1;
            end
          end else begin
            page <= page + 5'd1;
            if (last_page) state <= 3'd0;
          end
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
      frees <= 1'b0;
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

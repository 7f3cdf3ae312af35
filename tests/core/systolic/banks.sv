// systolic_walk: its two banks. A block takes a bank when its first fold is taken and gives it back with
// bank_free_i; never more than two are taken, blocks take bank 0 and 1 in turn, and the counter of weight
// words does not go below 0. Tables are anything, written while time stands still; who frees banks frees only
// blocks that have ended.
module prove_banks (
    input logic        clk_i,
    input logic        rst_i,
    input logic        en_i,
    input logic        fire_i,
    input logic [ 4:0] fire_pages_i,
    input logic [15:0] ctx_blocks_i,
    input logic        bank_free_i,
    input logic        cfg_block_we_i,
    input logic        cfg_fold_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  logic word_read, look, look_first, look_bank, look_store, look_negate, block_end, block_last;
  logic [1:0] word_address, word_rows, word_format, word_sub;
  logic [2:0] word_pair;
  logic [4:0] look_page, look_rows;
  logic [1:0] look_chunk;
  logic [2:0] look_address;
  logic look_shift;
  logic [15:0] block_updates;
  logic [11:0] block_first;
  systolic_walk #(
      .PageChunks(4),
      .SystolicPages(2),
      .SystolicVectors(8),
      .SystolicWeightBits(8),
      .SystolicShift(1),
      .SystolicBlocks(2),
      .SystolicFolds(2),
      .SystolicWords(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .en_i,
      .fire_i,
      .fire_pages_i,
      .ctx_block_i(16'd0),
      .ctx_blocks_i,
      .bank_free_i,
      .word_read_o(word_read),
      .word_address_o(word_address),
      .word_pair_o(word_pair),
      .word_rows_o(word_rows),
      .word_format_o(word_format),
      .word_sub_o(word_sub),
      .look_o(look),
      .look_first_o(look_first),
      .look_page_o(look_page),
      .look_chunk_o(look_chunk),
      .look_bank_o(look_bank),
      .look_address_o(look_address),
      .look_store_o(look_store),
      .look_negate_o(look_negate),
      .look_shift_o(look_shift),
      .look_rows_o(look_rows),
      .block_end_o(block_end),
      .block_last_o(block_last),
      .block_updates_o(block_updates),
      .block_first_o(block_first),
      .cfg_block_we_i,
      .cfg_fold_we_i,
      .cfg_word_i,
      .cfg_part_i,
      .cfg_data_i
  );
  (* keep *) wire [1:0] free;
  (* keep *) wire walks, walk_bank, takes, takes_first, load_valid;
  (* keep *) wire [4:0] load_left;

  initial assume (rst_i);

  logic [1:0] taken_q;  // blocks that have a bank
  logic parity_q;       // of the next block since the firing
  logic begins;
  assign begins = takes && takes_first;
  always_ff @(posedge clk_i) begin
    assume (!(en_i && bank_free_i) || taken_q != 2'd0);
    assume (!en_i || !(cfg_block_we_i || cfg_fold_we_i));
    assume (!(en_i && fire_i) || (!load_valid && !walks));
    if (en_i) begin
      taken_q <= taken_q + 2'(begins) - 2'(bank_free_i);
      if (fire_i) parity_q <= 1'b0;
      else if (begins) parity_q <= !parity_q;
    end
    if (rst_i) begin
      taken_q <= 2'd0;
      parity_q <= 1'b0;
    end else begin
      at_most_two : assert (taken_q <= 2'd2 && free == 2'd2 - taken_q);
      in_turn : assert (walk_bank == !parity_q);
      looks_in_its_bank : assert (!look || look_bank == walk_bank);
      words_count_down : assert (!word_read || load_left != '0);
    end
  end
endmodule

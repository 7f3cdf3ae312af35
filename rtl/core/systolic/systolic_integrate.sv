// Integration of a firing's pages: the walk over blocks and folds, the array and the accumulators.
//
// systolic_walk.sv says in which cycle x each vector is looked up. With the page delay p its mask comes in
// x + 2 + p; its sums are in the accumulators from x + 10 + p on. After the last vector of block b, looked up
// in e(b):
//
//   ready_o     in e(b) + 7 + p: the block may be read by reads of e(b) + 10 + p and later
//   looked_o    in e(b) + 3 + p, with the firing's last block only: no page is read any more
//
// ready_o comes block by block; what is said of the block (updates, first group, last of the firing, each for
// bank 0 in the lower half and for bank 1 in the upper) stays until the bank is filled again, which it is
// after bank_free_i. Reads as in systolic_sums.sv.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module systolic_integrate #(
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_SystolicColumns,
    `SPIKELOOM_PARAMETER_SystolicPages,
    `SPIKELOOM_PARAMETER_SystolicVectors,
    `SPIKELOOM_PARAMETER_SystolicWeightBits,
    `SPIKELOOM_PARAMETER_SystolicShift,
    `SPIKELOOM_PARAMETER_SystolicBlocks,
    `SPIKELOOM_PARAMETER_SystolicFolds,
    `SPIKELOOM_PARAMETER_SystolicWords,
    parameter  int unsigned PageDelay = 0,
    localparam int unsigned Rows = spikeloom_pkg::CHUNK_BITS,
    localparam int unsigned AddressBits = $clog2(SystolicVectors),
    localparam int unsigned UpdatesBits = spikeloom_pkg::MEM_BLOCK_ENTRY_UPDATES_W,
    localparam int unsigned FirstBits = spikeloom_pkg::MEM_BLOCK_ENTRY_FIRST_W
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic        fire_i,
    input logic [ 4:0] fire_pages_i,
    input logic [15:0] ctx_block_i,
    input logic [15:0] ctx_blocks_i,

    output logic            look_o,
    output logic [     4:0] look_page_o,
    output logic [    11:0] look_chunk_o,
    input  logic [Rows-1:0] look_mask_i,
    output logic            looked_o,
    output logic            count_word_o,

    output logic                     ready_o,
    output logic [2*UpdatesBits-1:0] block_updates_o,
    output logic [  2*FirstBits-1:0] block_first_o,
    output logic [              1:0] block_last_o,
    input  logic                     bank_free_i,

    input  logic                                 read_i,
    input  logic                                 read_bank_i,
    input  logic [              AddressBits-1:0] read_address_i,
    output logic [2*SystolicColumns*AccBits-1:0] data_o,

    input logic        cfg_block_we_i,
    input logic        cfg_fold_we_i,
    input logic        cfg_matrix_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  localparam int unsigned RowsBits = $clog2(Rows + 1);
  localparam int unsigned PairBits = $clog2(Rows / 2);
  localparam int unsigned WordBits = SystolicWords > 1 ? $clog2(SystolicWords) : 1;
  localparam int unsigned ShiftBits = SystolicShift > 0 ? $clog2(SystolicShift + 1) : 1;
  localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1;
  localparam int unsigned OperandBits = SystolicWeightBits + $clog2(Rows) + SystolicShift;
  localparam int unsigned ToMask = 2 + PageDelay;  // from a look to its mask
  localparam int unsigned ToSum = 6;               // from a mask to its vector's address

  logic word_read, look_first, look_bank, look_store, look_negate, block_end, block_last;
  logic [WordBits-1:0] word_address;
  logic [PairBits-1:0] word_pair;
  logic [1:0] word_rows, word_format, word_sub;
  logic [ChunkBits-1:0] look_chunk;
  logic [AddressBits-1:0] look_address;
  logic [ShiftBits-1:0] look_shift;
  logic [RowsBits-1:0] look_rows;
  logic [UpdatesBits-1:0] block_updates;
  logic [FirstBits-1:0] block_first;
  systolic_walk #(
      .PageChunks(PageChunks), .SystolicPages(SystolicPages), .SystolicVectors(SystolicVectors),
      .SystolicWeightBits(SystolicWeightBits), .SystolicShift(SystolicShift),
      .SystolicBlocks(SystolicBlocks), .SystolicFolds(SystolicFolds), .SystolicWords(SystolicWords)
  ) u_walk (
      .clk_i, .rst_i, .en_i,
      .fire_i, .fire_pages_i, .ctx_block_i, .ctx_blocks_i, .bank_free_i,
      .word_read_o(word_read), .word_address_o(word_address), .word_pair_o(word_pair),
      .word_rows_o(word_rows), .word_format_o(word_format), .word_sub_o(word_sub),
      .look_o, .look_first_o(look_first), .look_page_o, .look_chunk_o(look_chunk), .look_bank_o(look_bank),
      .look_address_o(look_address), .look_store_o(look_store), .look_negate_o(look_negate),
      .look_shift_o(look_shift), .look_rows_o(look_rows),
      .block_end_o(block_end), .block_last_o(block_last), .block_updates_o(block_updates),
      .block_first_o(block_first),
      .cfg_block_we_i, .cfg_fold_we_i, .cfg_word_i, .cfg_part_i, .cfg_data_i);
  assign look_chunk_o = 12'(look_chunk);
  assign count_word_o = word_read;

  // What is known of a block stays with its bank.
  always_ff @(posedge clk_i) begin
    for (int b = 0; b < 2; b++) begin
      if (en_i && block_end && look_bank == 1'(b)) begin
        block_updates_o[UpdatesBits*b+:UpdatesBits] <= block_updates;
        block_first_o[FirstBits*b+:FirstBits] <= block_first;
        block_last_o[b] <= block_last;
      end
    end
  end

  // Weight reads keep their distance to the vectors, which wait for the pages.
  logic late_read;
  logic [WordBits-1:0] late_address;
  logic [PairBits-1:0] late_pair;
  logic [1:0] late_rows, late_format, late_sub;
  if (PageDelay > 0) begin : gen_late
    logic [PageDelay-1:0] reads_q;
    always_ff @(posedge clk_i) begin
      if (rst_i) reads_q <= '0;
      else if (en_i) reads_q <= PageDelay'({reads_q, word_read});
    end
    assign late_read = reads_q[PageDelay-1];
  end else begin : gen_at_once
    assign late_read = word_read;
  end
  systolic_delay #(.Width(WordBits + PairBits + 6), .Length(PageDelay)) u_late (
      .clk_i, .en_i,
      .in_i({word_address, word_pair, word_rows, word_format, word_sub}),
      .out_o({late_address, late_pair, late_rows, late_format, late_sub}));

  // A vector's way: mark k is k cycles behind its look.
  logic [ToMask+ToSum:1] looks_q;
  logic [ToMask+ToSum-1:1] ends_q;
  logic [ToMask:1] firsts_q;
  logic [ToMask+1:1] lasts_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      looks_q <= '0;
      ends_q <= '0;
    end else if (en_i) begin
      looks_q <= {looks_q[ToMask+ToSum-1:1], look_o};
      ends_q <= {ends_q[ToMask+ToSum-2:1], block_end};
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      firsts_q <= {firsts_q[ToMask-1:1], look_first};
      lasts_q <= {lasts_q[ToMask:1], block_last};
    end
  end
  assign looked_o = ends_q[ToMask+1] && lasts_q[ToMask+1];
  assign ready_o = ends_q[ToMask+ToSum-1];

  logic [RowsBits-1:0] mask_rows;
  systolic_delay #(.Width(RowsBits), .Length(ToMask)) u_to_mask (
      .clk_i, .en_i, .in_i(look_rows), .out_o(mask_rows));
  logic sum_bank, sum_store, sum_negate;
  logic [AddressBits-1:0] sum_address;
  logic [ShiftBits-1:0] sum_shift;
  systolic_delay #(.Width(AddressBits + ShiftBits + 3), .Length(ToMask + ToSum)) u_to_sum (
      .clk_i, .en_i,
      .in_i({look_bank, look_store, look_negate, look_address, look_shift}),
      .out_o({sum_bank, sum_store, sum_negate, sum_address, sum_shift}));

  logic [SystolicColumns*OperandBits-1:0] operands;
  systolic_array #(
      .SystolicColumns(SystolicColumns), .SystolicWeightBits(SystolicWeightBits),
      .SystolicShift(SystolicShift), .SystolicWords(SystolicWords)
  ) u_array (
      .clk_i, .rst_i, .en_i,
      .word_read_i(late_read), .word_address_i(late_address), .word_pair_i(late_pair),
      .word_rows_i(late_rows), .word_format_i(late_format), .word_sub_i(late_sub),
      .swap_i(looks_q[ToMask] && firsts_q[ToMask]), .mask_i(look_mask_i), .rows_i(mask_rows),
      .shift_i(sum_shift), .negate_i(sum_negate), .operands_o(operands),
      .cfg_we_i(cfg_matrix_we_i), .cfg_word_i, .cfg_part_i, .cfg_data_i);

  systolic_sums #(
      .SystolicColumns(SystolicColumns), .SystolicVectors(SystolicVectors), .AccBits(AccBits),
      .OperandBits(OperandBits)
  ) u_sums (
      .clk_i, .rst_i, .en_i,
      .add_i(looks_q[ToMask+ToSum]), .bank_i(sum_bank), .address_i(sum_address), .store_i(sum_store),
      .negate_i(sum_negate), .operands_i(operands),
      .read_i, .read_bank_i, .read_address_i, .data_o);
endmodule

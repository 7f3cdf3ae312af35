// The array: 16 rows, one for each axon of a page chunk, times SystolicColumns columns, one for each neuron
// of a target vector; with it the weight memory and the decoding of its words.
//
// A weight word is read in cycle y (word_*). swap_i in cycle m brings to the multipliers what was read until
// m - 3; a word that is read in m - 2 or later belongs to the swap after this one. The vector mask_i of cycle
// m or later, masked to its first `rows_i` axons, meets these weights; its sums are in operands_o in cycle m
// + 7, shifted and inverted by shift_i and negate_i of cycle m + 6. One word and one vector a cycle, at once.
//
// A word has the rows of one format, lowest first: one of 8 bits, two of 4, four of 2, eight of 1. A row has
// the columns' weights, column 0 lowest. Rows of 8 bits come one a cycle, all others two (word_rows_i). A
// weight of one bit is -1 where its bit is 1, else +1.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module systolic_array #(
    `SPIKELOOM_PARAMETER_SystolicColumns,
    `SPIKELOOM_PARAMETER_SystolicWeightBits,
    `SPIKELOOM_PARAMETER_SystolicShift,
    `SPIKELOOM_PARAMETER_SystolicWords,
    localparam int unsigned Rows = spikeloom_pkg::CHUNK_BITS,
    localparam int unsigned RowsBits = $clog2(Rows + 1),
    localparam int unsigned PairBits = $clog2(Rows / 2),
    localparam int unsigned WordBits = SystolicWords > 1 ? $clog2(SystolicWords) : 1,
    localparam int unsigned ShiftBits = SystolicShift > 0 ? $clog2(SystolicShift + 1) : 1,
    localparam int unsigned OperandBits = SystolicWeightBits + $clog2(Rows) + SystolicShift
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic                word_read_i,
    input logic [WordBits-1:0] word_address_i,
    input logic [PairBits-1:0] word_pair_i,     // which row pair it is,
    input logic [         1:0] word_rows_i,     //   which of its rows: {second, first}
    input logic [         1:0] word_format_i,
    input logic [         1:0] word_sub_i,      // which row pair of the word

    input logic                swap_i,
    input logic [    Rows-1:0] mask_i,
    input logic [RowsBits-1:0] rows_i,

    input  logic [ShiftBits-1:0] shift_i,
    input  logic                 negate_i,
    output logic [SystolicColumns*OperandBits-1:0] operands_o,

    input logic        cfg_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  localparam int unsigned C = SystolicColumns;
  localparam int unsigned W = SystolicWeightBits;
  localparam int unsigned Parts = C / 4;

  logic unused_cfg;
  assign unused_cfg = ^cfg_word_i;

  logic [C*8-1:0] word;
  logic [Parts-1:0] write;
  always_comb begin
    for (int p = 0; p < Parts; p++) write[p] = cfg_we_i && 32'(cfg_part_i) == p;
  end
  ram_sdp #(.Width(C * 8), .Depth(SystolicWords), .PartBits(32)) u_words (
      .clk_i, .rst_i,
      .write_enable_i(write), .write_address_i(cfg_word_i[WordBits-1:0]),
      .write_data_i({Parts{cfg_data_i}}),
      .read_enable_i(en_i && word_read_i), .read_address_i(word_address_i), .read_data_o(word));

  // y + 1: the word is there; y + 2: two rows' weights, of which the odd one goes into its place at the end
  // of this cycle, the even one at the end of y + 3.
  localparam int unsigned Pairs = Rows / 2;
  logic read1_q;
  logic [1:0] rows1_q, format1_q, sub1_q;
  logic [PairBits-1:0] pair1_q;
  logic [Pairs-1:0] we_even2_q, we_even3_q, we_odd2_q, pair1;
  assign pair1 = read1_q ? Pairs'(1) << pair1_q : '0;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      read1_q <= 1'b0;
      we_even2_q <= '0;
      we_even3_q <= '0;
      we_odd2_q <= '0;
    end else if (en_i) begin
      read1_q <= word_read_i;
      we_even2_q <= rows1_q[0] ? pair1 : '0;
      we_even3_q <= we_even2_q;
      we_odd2_q <= rows1_q[1] ? pair1 : '0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      rows1_q <= word_rows_i;
      pair1_q <= word_pair_i;
      format1_q <= word_format_i;
      sub1_q <= word_sub_i;
    end
  end

  // m + 1: the vector's odd rows multiply; m + 2: its even rows.
  logic swap1_q;
  logic [Pairs-1:0] even1_q, even2_q, odd1_q;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      swap1_q <= swap_i;
      for (int i = 0; i < Pairs; i++) begin
        even1_q[i] <= mask_i[2*i] && 32'(rows_i) > 2 * i;
        odd1_q[i] <= mask_i[2*i+1] && 32'(rows_i) > 2 * i + 1;
      end
      even2_q <= even1_q;
    end
  end

  for (genvar i = 0; i < C; i++) begin : gen_column
    // Of the word, what may be weights of this column: of the pair's first row [0], its second [1].
    logic [2*W-1:0] weights_d, weights_q;
    for (genvar r = 0; r < 2; r++) begin : gen_row
      logic [7:0] w8;
      logic [3:0] w4;
      logic [1:0] w2;
      logic w1, narrow;
      assign w8 = word[8*i+:8];
      assign w4 = word[4*(C*r+i)+:4];
      assign w2 = sub1_q[0] ? word[2*(C*(2+r)+i)+:2] : word[2*(C*r+i)+:2];
      always_comb begin
        case (sub1_q)
          2'd0: w1 = word[C*r+i];
          2'd1: w1 = word[C*(2+r)+i];
          2'd2: w1 = word[C*(4+r)+i];
          default: w1 = word[C*(6+r)+i];
        endcase
        narrow = format1_q == spikeloom_pkg::FORMAT_W1 ? w1 : w2[1];
        weights_d[W*r+:W] = {{W - 1{narrow}}, format1_q == spikeloom_pkg::FORMAT_W1 || w2[0]};
        if (format1_q == spikeloom_pkg::FORMAT_W4) weights_d[W*r+:W] = W'(signed'(w4));
        if (W == 8 && format1_q == spikeloom_pkg::FORMAT_W8) weights_d[W*r+:W] = W'(w8);
      end
      logic unused_word;
      assign unused_word = ^w8;
    end
    logic [W-1:0] even_q;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        weights_q <= weights_d;
        even_q <= weights_q[0+:W];
      end
    end
    systolic_column #(.SystolicWeightBits(SystolicWeightBits), .SystolicShift(SystolicShift)) u_column (
        .clk_i, .en_i,
        .we_even_i(we_even3_q), .we_odd_i(we_odd2_q), .even_i(even_q), .odd_i(weights_q[W+:W]),
        .swap_even_i(swap1_q), .swap_odd_i(swap_i),
        .spikes_even_i(even2_q), .spikes_odd_i(odd1_q), .shift_i, .negate_i,
        .operand_o(operands_o[OperandBits*i+:OperandBits]));
  end

  `SPIKELOOM_CHECK(word_in_range, !word_read_i || 32'(word_address_i) < SystolicWords)
  `SPIKELOOM_CHECK(format_exists, !word_read_i || W == 8 || word_format_i != spikeloom_pkg::FORMAT_W8)
endmodule

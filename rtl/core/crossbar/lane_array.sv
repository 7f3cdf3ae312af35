// The lanes: weight memory, accumulators, and what adds one to the other.
//
// Rate: one weight word a cycle, groups in any order. A word that comes in cycle x is in its accumulators
// from x + 3 on. Accumulators are not cleared: after clear_i a group counts as 0 until its first word.
// read_i in cycle r, at least two after the last word: the group's accumulators in cycle r + 1,
// read_touched_o = 0 if they count as 0. A word for a group past Groups is dropped. With word_value_i the
// word is no weights but half a number for one lane: bits 15:0 of it, or (word_half_i) those above.
// The compiler proves that no sum overflows; here it wraps.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module lane_array #(
    `SPIKELOOM_PARAMETER_Lanes,
    `SPIKELOOM_PARAMETER_WeightFormats,
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_MaxShift,
    `SPIKELOOM_PARAMETER_WeightWords,
    `SPIKELOOM_PARAMETER_Groups,
    `SPIKELOOM_PARAMETER_Sums,
    localparam int unsigned LaneBits = $clog2(Lanes),
    localparam int unsigned WeightBits = WeightWords > 1 ? $clog2(WeightWords) : 1,
    localparam int unsigned GroupBits = Groups > 1 ? $clog2(Groups) : 1,
    localparam int unsigned CountBits = $clog2(Groups) + 1,
    localparam int unsigned ShiftBits = MaxShift > 0 ? $clog2(MaxShift + 1) : 1,
    localparam int unsigned SubBits =
        WeightFormats >= 8 ? 3 : WeightFormats >= 4 ? 2 : WeightFormats >= 2 ? 1 : 0,
    localparam int unsigned SubPortBits = SubBits > 0 ? SubBits : 1
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic                   clear_i,
    input logic                   word_valid_i,
    input logic [ WeightBits-1:0] word_address_i,
    input logic [SubPortBits-1:0] word_sub_i,
    input logic [            1:0] word_format_i,
    input logic [  CountBits-1:0] word_group_i,
    input logic [  ShiftBits-1:0] word_shift_i,
    input logic                   word_negate_i,
    input logic                   word_value_i,
    input logic                   word_half_i,
    input logic [   LaneBits-1:0] word_lane_i,
    input logic [spikeloom_pkg::CHUNK_BITS-1:0] word_bits_i,

    input  logic                     read_i,
    input  logic [    GroupBits-1:0] read_group_i,
    output logic                     read_touched_o,
    output logic [Lanes*AccBits-1:0] read_data_o,

    input logic        cfg_weight_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  localparam int unsigned Parts = Lanes / 4;
  localparam int unsigned OperandBits = Sums != 0 && AccBits > 8 + MaxShift ? AccBits : 8 + MaxShift;

  // Fetch.
  logic fetch;
  assign fetch = word_valid_i && 32'(word_group_i) < Groups;

  logic [Lanes*8-1:0] weights;
  logic [Parts-1:0] weight_write;
  always_comb begin
    weight_write = '0;
    if (cfg_weight_we_i) for (int p = 0; p < Parts; p++) weight_write[p] = 32'(cfg_part_i) == p;
  end
  ram_sdp #(.Width(Lanes * 8), .Depth(WeightWords), .PartBits(32)) u_weights (
      .clk_i, .rst_i,
      .write_enable_i(weight_write), .write_address_i(cfg_word_i[WeightBits-1:0]),
      .write_data_i({Parts{cfg_data_i}}),
      .read_enable_i(en_i && fetch && !word_value_i), .read_address_i(word_address_i), .read_data_o(weights));

  // Decode.
  localparam int unsigned NumberShift = MaxShift >= 4 ? 4 : 0;
  logic decode_q, decode_negate_q, decode_one_q, decode_narrow_q;
  logic [GroupBits-1:0] decode_group_q;
  logic [SubPortBits-1:0] decode_sub_q;
  logic [1:0] from, decode_from_q;
  logic [ShiftBits-1:0] decode_shift_q;
  logic odd;
  // As lane_decode wants it: where the weights come from.
  always_comb begin
    from = 2'd0;
    if (word_format_i == spikeloom_pkg::FORMAT_W4) from = word_sub_i[SubPortBits-1] ? 2'd2 : 2'd1;
    if (word_format_i == spikeloom_pkg::FORMAT_W2 || word_format_i == spikeloom_pkg::FORMAT_W1) from = 2'd3;
    if (WeightFormats == 1 || (Sums != 0 && word_value_i)) from = 2'd0;
  end
  assign odd = MaxShift > 0 && from == 2'd0 && word_shift_i[0];
  always_ff @(posedge clk_i) begin
    if (rst_i) decode_q <= 1'b0;
    else if (en_i) decode_q <= fetch;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      decode_group_q <= word_group_i[GroupBits-1:0];
      decode_sub_q <= word_sub_i;
      decode_from_q <= from;
      decode_one_q <= word_format_i[0];  // of the formats of one or two bits
      decode_narrow_q <= from != 2'd0 || (Sums != 0 && word_value_i);
      decode_shift_q <= Sums != 0 && word_value_i ? ShiftBits'(NumberShift) : word_shift_i;
      decode_negate_q <= word_negate_i;
    end
  end

  logic unused_inputs;
  assign unused_inputs = ^{cfg_word_i, decode_sub_q, word_value_i, word_half_i, word_lane_i, word_bits_i};

  // A number's half, in its place; 0 where the word is none. decode_odd_q: pick_i[0] of lane_decode.
  logic decode_value_q;
  logic [Lanes-1:0] decode_odd_q;
  logic [AccBits-1:0] decode_number_q;
  if (Sums != 0) begin : gen_numbers
    localparam int unsigned HalfBits = spikeloom_pkg::CHUNK_BITS;
    logic [HalfBits-1:0] low, high;
    logic [2*HalfBits-1:0] number;
    logic unused_number;
    assign low = word_value_i && !word_half_i ? word_bits_i : '0;
    assign high = word_value_i && word_half_i ? word_bits_i : '0;
    assign number = {high, low};
    assign unused_number = ^number;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        decode_value_q <= word_value_i;
        decode_number_q <= number[AccBits-1:0];
        for (int i = 0; i < Lanes; i++)
          decode_odd_q[i] <= word_value_i ? word_lane_i == LaneBits'(i) : odd;
      end
    end
  end else begin : gen_no_numbers
    logic odd_q;
    always_ff @(posedge clk_i) begin
      if (en_i) odd_q <= odd;
    end
    assign {decode_value_q, decode_number_q} = '0;
    assign decode_odd_q = {Lanes{odd_q}};
  end

  // Sub-words, lowest first; the sub index counts the narrowest format's.
  logic [Lanes*2-1:0] w2;
  logic [Lanes-1:0] w1;
  if (SubBits >= 2) begin : gen_w2
    logic [Lanes*4-1:0] half;
    assign half = decode_sub_q[SubBits-1] ? weights[Lanes*4+:Lanes*4] : weights[0+:Lanes*4];
    assign w2 = decode_sub_q[SubBits-2] ? half[Lanes*2+:Lanes*2] : half[0+:Lanes*2];
  end else begin : gen_no_w2
    assign w2 = '0;
  end
  if (SubBits >= 3) begin : gen_w1
    assign w1 = decode_sub_q[SubBits-3] ? w2[Lanes+:Lanes] : w2[0+:Lanes];
  end else begin : gen_no_w1
    assign w1 = '0;
  end

  // Add.
  logic add_q, add_forward_q, add_touched_q, add_negate_q;
  logic [GroupBits-1:0] add_group_q;
  logic [Groups-1:0] touched_q;
  logic same, decode_read;
  logic [GroupBits-1:0] acc_address;
  assign same = add_q && add_group_q == decode_group_q;
  assign decode_read = decode_q && !same;
  assign acc_address = read_i ? read_group_i : decode_group_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      add_q <= 1'b0;
      touched_q <= '0;
    end else if (en_i) begin
      add_q <= decode_q;
      if (clear_i) touched_q <= '0;
      else if (add_q) touched_q <= touched_q | (Groups'(1) << add_group_q);
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      add_group_q <= decode_group_q;
      add_forward_q <= same;
      add_touched_q <= touched_q[acc_address];
      add_negate_q <= decode_negate_q;
    end
  end

  assign read_touched_o = add_touched_q;

`ifdef SPIKELOOM_DSP48E2
  // Two lanes to a DSP, its halves independent. Operand, sum and forwarding are the DSP's registers; so a sum
  // is written a cycle later, and to have it in time the accumulators are LUT RAM read without a register.
  logic [Lanes*OperandBits-1:0] operands;
  for (genvar i = 0; i < Lanes; i++) begin : gen_decode
    lane_decode #(
        .WeightFormats(WeightFormats), .AccBits(AccBits), .MaxShift(MaxShift), .Sums(Sums)
    ) u_decode (
        .valid_i(decode_q), .from_i(decode_from_q),
        .w8_i(weights[i*8+:8]), .w4_low_i(weights[i*4+:4]), .w4_high_i(weights[(Lanes+i)*4+:4]),
        .w2_i(w2[i*2+:2]), .w1_i(w1[i]), .one_i(decode_one_q),
        .pick_i({decode_narrow_q, decode_odd_q[i]}), .value_i(decode_value_q), .number_i(decode_number_q),
        .shift_i(decode_shift_q), .negate_i(1'b0), .operand_o(operands[i*OperandBits+:OperandBits]));
  end
  (* ram_style = "distributed", no_rw_check *)
  logic [Lanes*AccBits-1:0] accumulators[0:Groups-1];
  logic [Lanes*AccBits-1:0] acc, sum_q;
  logic [GroupBits-1:0] acc_address_q, store_group_q;
  logic [2:0] source;
  logic store_q, unused_read;
  assign unused_read = decode_read;
  always_ff @(posedge clk_i) begin
    if (rst_i) store_q <= 1'b0;
    else if (en_i) store_q <= add_q;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      acc_address_q <= acc_address;
      store_group_q <= add_group_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && store_q) accumulators[store_group_q] <= sum_q;
  end
  assign acc = accumulators[acc_address_q];
  assign source = add_forward_q ? 3'd2 : add_touched_q ? 3'd3 : 3'd0;
  for (genvar i = 0; i < Lanes; i += 2) begin : gen_pair
    logic [47:0] operand, result;
    logic unused_result;
    assign operand = {24'(signed'(operands[(i+1)*OperandBits+:OperandBits])),
                      24'(signed'(operands[i*OperandBits+:OperandBits]))};
    assign unused_result = ^result;
    assign sum_q[i*AccBits+:2*AccBits] = {result[24+:AccBits], result[0+:AccBits]};
    xilinx_dsp #(.Multiply(0)) u_dsp (
        .clk_i, .en_i,
        .a_i(operand[47:18]), .b_i(operand[17:0]), .d_i(27'd0), .use_a_i(1'b1), .use_d_i(1'b0),
        .c_i({24'(acc[(i+1)*AccBits+:AccBits]), 24'(acc[i*AccBits+:AccBits])}),
        .z_i(source), .subtract_i(add_negate_q), .p_o(result));
  end
  assign read_data_o = acc;
`else
  logic [Lanes*AccBits-1:0] acc, sum;
  ram_sdp #(.Width(Lanes * AccBits), .Depth(Groups)) u_accumulators (
      .clk_i, .rst_i,
      .write_enable_i(en_i && add_q), .write_address_i(add_group_q), .write_data_i(sum),
      .read_enable_i(en_i && (decode_read || read_i)), .read_address_i(acc_address), .read_data_o(acc));

  // Operand, base, sum of a lane: only where there is a word; 'x costs no logic.
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic [OperandBits-1:0] operand, operand_q;
    logic [AccBits-1:0] base, sum_q;
    logic [AccBits:0] total;  // the negation's 1 comes in as carry
    logic unused_carry, unused_operand;
    lane_decode #(
        .WeightFormats(WeightFormats), .AccBits(AccBits), .MaxShift(MaxShift), .Sums(Sums)
    ) u_decode (
        .valid_i(decode_q), .from_i(decode_from_q),
        .w8_i(weights[i*8+:8]), .w4_low_i(weights[i*4+:4]), .w4_high_i(weights[(Lanes+i)*4+:4]),
        .w2_i(w2[i*2+:2]), .w1_i(w1[i]), .one_i(decode_one_q),
        .pick_i({decode_narrow_q, decode_odd_q[i]}), .value_i(decode_value_q), .number_i(decode_number_q),
        .shift_i(decode_shift_q), .negate_i(decode_negate_q), .operand_o(operand));
    assign unused_operand = ^operand_q;  // AccBits may be smaller
    assign unused_carry = total[0];
    always_ff @(posedge clk_i) begin
      if (en_i && decode_q) operand_q <= operand;
      if (en_i && add_q) sum_q <= total[AccBits:1];
    end
    always_comb begin
      base = 'x;
      total = 'x;
      sum[i*AccBits+:AccBits] = 'x;
      if (add_q) begin
        base = add_forward_q ? sum_q : acc[i*AccBits+:AccBits] & {AccBits{add_touched_q}};
        // operand + base + negate, as a difference: Yosys then folds the selection of base into the adder's
        // LUTs.
        total = {AccBits'(signed'(operand_q)), add_negate_q} - {~base, 1'b1};
        sum[i*AccBits+:AccBits] = total[AccBits:1];
      end
    end
  end
  assign read_data_o = acc;
`endif

  `SPIKELOOM_ASSUME(read_after_words, !(en_i && read_i) || !(word_valid_i || decode_q || add_q))
  `SPIKELOOM_ASSUME(clear_alone, !(en_i && clear_i) || !(word_valid_i || decode_q || add_q))
endmodule

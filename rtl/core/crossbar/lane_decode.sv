// One lane's operand: its weight of a weight word, shifted and conditionally inverted.
// Combinational; means nothing unless valid_i. weight << shift = operand_o, or -(weight << shift) = operand_o
// + 1 if negate_i. With value_i it is the number instead, of the lane that it is for (mine_i), else 0.
`include "spikeloom_parameters.svh"

module lane_decode #(
    `SPIKELOOM_PARAMETER_WeightFormats,
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_MaxShift,
    `SPIKELOOM_PARAMETER_Sums,
    localparam int unsigned ShiftBits = MaxShift > 0 ? $clog2(MaxShift + 1) : 1,
    localparam int unsigned OperandBits = Sums != 0 && AccBits > 8 + MaxShift ? AccBits : 8 + MaxShift
) (
    input  logic                   valid_i,
    input  logic [            1:0] format_i,
    input  logic [            7:0] w8_i,
    input  logic [            3:0] w4_i,
    input  logic [            1:0] w2_i,
    input  logic                   w1_i,
    input  logic [  ShiftBits-1:0] shift_i,
    input  logic                   negate_i,
    input  logic                   value_i,
    input  logic                   mine_i,
    input  logic [    AccBits-1:0] number_i,
    output logic [OperandBits-1:0] operand_o
);
  logic unused_number;
  assign unused_number = ^{value_i, mine_i, number_i};

  logic [7:0] weight;
  logic [OperandBits-1:0] wide;

  always_comb begin
    weight = 'x;
    wide = 'x;
    operand_o = 'x;
    if (valid_i) begin
      weight = w8_i;
      if ((WeightFormats & 2) != 0 && format_i == spikeloom_pkg::FORMAT_W4) weight = {{4{w4_i[3]}}, w4_i};
      if ((WeightFormats & 4) != 0 && format_i == spikeloom_pkg::FORMAT_W2) weight = {{6{w2_i[1]}}, w2_i};
      if ((WeightFormats & 8) != 0 && format_i == spikeloom_pkg::FORMAT_W1) weight = {{7{w1_i}}, 1'b1};
      wide = OperandBits'(signed'(weight));
      if (MaxShift > 0) wide = wide << shift_i;
      operand_o = wide ^ {OperandBits{negate_i}};
      if (Sums != 0)
        operand_o = (operand_o & {OperandBits{!value_i}}) | (OperandBits'(number_i) & {OperandBits{mine_i}});
    end
  end
endmodule

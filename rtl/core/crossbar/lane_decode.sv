// One lane's operand: its weight of a weight word, shifted and conditionally inverted; or, of a word that is
// half a number (Sums), the number if it is for this lane, else 0.
//
// Combinational; means nothing unless valid_i. weight << shift = operand_o, or -(weight << shift) = operand_o
// + 1 if negate_i. Of a number: negate_i and from_i are 0, shift_i is NumberShift, pick_i is 3 or 2.
//
// Written for LUTs of six inputs. The weight is shifted by 0 or 1 first, while its bits are chosen, and then
// by an even number, four of which are one LUT. A number's bits stand where a choice has a place left: eight
// of them in the first shift, from where the second takes them to where they belong, the others behind it.
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
    input  logic [            1:0] from_i,    // which of the next four the weight is
    input  logic [            7:0] w8_i,      // 0
    input  logic [            3:0] w4_low_i,  // 1
    input  logic [            3:0] w4_high_i, // 2
    input  logic [            1:0] w2_i,      // 3, or
    input  logic                   w1_i,      //   if one_i: this bit
    input  logic                   one_i,
    input  logic [            1:0] pick_i,    // {from_i != 0, from_i == 0 && shift_i[0]}, or of a number:
                                              //   {1, it is for this lane}
    input  logic [  ShiftBits-1:0] shift_i,
    input  logic                   negate_i,
    input  logic                   value_i,   // a number
    input  logic [    AccBits-1:0] number_i,  // 0 unless value_i
    output logic [OperandBits-1:0] operand_o
);
  localparam logic [1:0] FromLow = 2'd1, FromHigh = 2'd2, FromFew = 2'd3;
  localparam int unsigned NumberShift = MaxShift >= 4 ? 4 : 0;

  logic few, sign;  // of a weight of one or two bits; of one of fewer than eight
  logic [3:0] weight;
  logic [7:0] held;  // of a number, in once; the others behind the second shift
  logic [8:0] once;  // shifted by 0 or 1
  logic [AccBits-1:0] others;
  logic [OperandBits-1:0] wide;

  logic unused_signals;
  assign unused_signals =
      ^{from_i, w4_low_i, w4_high_i, w2_i, w1_i, one_i, shift_i, value_i, number_i, others};

  always_comb begin
    few = 'x;
    sign = 'x;
    weight = 'x;
    held = 'x;
    once = 'x;
    others = 'x;
    wide = 'x;
    operand_o = 'x;
    if (valid_i) begin
      few = (WeightFormats & 8) != 0 && one_i ? w1_i : w2_i[1];
      sign = 1'b0;
      weight = w8_i[3:0];
      if ((WeightFormats & 2) != 0 && from_i == FromLow) begin
        sign = w4_low_i[3];
        weight = w4_low_i;
      end
      if ((WeightFormats & 2) != 0 && from_i == FromHigh) begin
        sign = w4_high_i[3];
        weight = w4_high_i;
      end
      if ((WeightFormats & 12) != 0 && from_i == FromFew) begin
        sign = few;
        weight = {{3{few}}, w2_i[0] || ((WeightFormats & 8) != 0 && one_i)};
      end
      held = Sums != 0 ? number_i[NumberShift+:8] & {8{pick_i[0]}} : '0;
      once[3:0] = MaxShift > 0 && shift_i[0] ? {weight[2:0], 1'b0} : weight;
      if (Sums != 0 && value_i) once[3:0] = held[3:0];
      case (pick_i)
        2'd0: once[7:4] = w8_i[7:4];
        2'd1: once[7:4] = w8_i[6:3];
        2'd2: once[7:4] = {4{sign}};
        default: once[7:4] = held[7:4];
      endcase
      once[8] = pick_i[1] ? sign : w8_i[7];
      wide = OperandBits'(signed'(once));
      if (MaxShift > 1) wide = wide << (shift_i & ~ShiftBits'(1));
      others = number_i & ~(AccBits'(8'hff) << NumberShift) & {AccBits{pick_i[0]}};
      if (Sums != 0) wide = wide | OperandBits'(others);
      operand_o = wide ^ {OperandBits{negate_i}};
    end
  end
endmodule

// One column of the array: a neuron's 16 weights, and for each vector of 16 spikes the sum of the weights of
// those that are there, shifted and conditionally inverted.
//
// The weights stand twice: rows are written into the first set one or two at a time (we_i), a swap moves the
// set to the second, which multiplies. Odd rows go before: what concerns even rows comes a cycle later, their
// spikes, their swap and their weights.
//
// A vector's odd spikes in cycle a meet the weights that swap_odd_i in cycle a - 1 or before brought, its
// even spikes in cycle a + 1 those of swap_even_i in cycle a or before. Its sum is in operand_o in cycle a +
// 6, with shift_i and negate_i of cycle a + 5. A vector in every cycle, a row pair in every cycle.
//
//   operand_o = sum << shift, or -(sum << shift) - 1 if negate_i, modulo 2^OperandBits
//
// Written as a tree, every level registered: an adder's bit and the register behind it are one LUT. Odd rows'
// products are registers with a reset, so that a carry chain has one input without a LUT before it.
`include "spikeloom_parameters.svh"

module systolic_column #(
    `SPIKELOOM_PARAMETER_SystolicWeightBits,
    `SPIKELOOM_PARAMETER_SystolicShift,
    localparam int unsigned Rows = spikeloom_pkg::CHUNK_BITS,
    localparam int unsigned ShiftBits = SystolicShift > 0 ? $clog2(SystolicShift + 1) : 1,
    localparam int unsigned SumBits = SystolicWeightBits + $clog2(Rows),
    localparam int unsigned OperandBits = SumBits + SystolicShift
) (
    input logic clk_i,
    input logic en_i,

    input logic [            Rows/2-1:0] we_even_i,
    input logic [            Rows/2-1:0] we_odd_i,
    input logic [SystolicWeightBits-1:0] even_i,
    input logic [SystolicWeightBits-1:0] odd_i,
    input logic                          swap_even_i,
    input logic                          swap_odd_i,

    input  logic [     Rows/2-1:0] spikes_even_i,
    input  logic [     Rows/2-1:0] spikes_odd_i,
    input  logic [  ShiftBits-1:0] shift_i,
    input  logic                   negate_i,
    output logic [OperandBits-1:0] operand_o
);
  localparam int unsigned W = SystolicWeightBits;

  logic [(W+1)*Rows/2-1:0] pairs_q;
  for (genvar i = 0; i < Rows / 2; i++) begin : gen_pair
    logic [W-1:0] next_even_q, next_odd_q, even_q, odd_q, first, second_q;
    always_ff @(posedge clk_i) begin
      if (en_i && we_even_i[i]) next_even_q <= even_i;
      if (en_i && we_odd_i[i]) next_odd_q <= odd_i;
      if (en_i && swap_even_i) even_q <= next_even_q;
      if (en_i && swap_odd_i) odd_q <= next_odd_q;
    end
    always_ff @(posedge clk_i) begin
      if (en_i && !spikes_odd_i[i]) second_q <= '0;
      else if (en_i) second_q <= odd_q;
    end
    assign first = even_q & {W{spikes_even_i[i]}};
    always_ff @(posedge clk_i) begin
      if (en_i) pairs_q[(W+1)*i+:W+1] <= {second_q[W-1], second_q} + {first[W-1], first};
    end
  end

  logic [(W+2)*Rows/4-1:0] fours_q;
  for (genvar i = 0; i < Rows / 4; i++) begin : gen_four
    logic [W:0] first, second;
    assign {second, first} = pairs_q[2*(W+1)*i+:2*(W+1)];
    always_ff @(posedge clk_i) begin
      if (en_i) fours_q[(W+2)*i+:W+2] <= {first[W], first} + {second[W], second};
    end
  end

  logic [(W+3)*Rows/8-1:0] eights_q;
  for (genvar i = 0; i < Rows / 8; i++) begin : gen_eight
    logic [W+1:0] first, second;
    assign {second, first} = fours_q[2*(W+2)*i+:2*(W+2)];
    always_ff @(posedge clk_i) begin
      if (en_i) eights_q[(W+3)*i+:W+3] <= {first[W+1], first} + {second[W+1], second};
    end
  end

  logic [SumBits-1:0] sum_q;
  logic [W+2:0] first, second;
  assign {second, first} = eights_q;
  always_ff @(posedge clk_i) begin
    if (en_i) sum_q <= {first[W+2], first} + {second[W+2], second};
  end

  // Shifts by 0 to 3, then by 0, 4, 8 or 12, and the inversion: two LUTs of six inputs one behind the other.
  logic [3:0] shift;
  logic [OperandBits-1:0] wide, once, twice;
  logic unused_shift;
  assign unused_shift = ^{shift, shift_i};
  assign shift = 4'(shift_i) & 4'((1 << $clog2(SystolicShift + 1)) - 1);
  assign wide = {{SystolicShift{sum_q[SumBits-1]}}, sum_q};
  assign once = wide << shift[1:0];
  assign twice = once << {shift[3:2], 2'd0};
  always_ff @(posedge clk_i) begin
    if (en_i) operand_o <= twice ^ {OperandBits{negate_i}};
  end
endmodule

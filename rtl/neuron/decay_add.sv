// sum = decay(old) + addend, where decay(x) = x * factor / 4096 towards zero.
//
// old_i and factor_i in cycle k, addend_i in k + 1, sum_o (a register) in k + 2. Wraps at SumBits.
// A product below zero is rounded up: one more if it has a fraction, or 4095/4096 more in the DSP's one
// addition.
`include "spikeloom_parameters.svh"

module decay_add #(
    `SPIKELOOM_PARAMETER_StateBits,
    parameter int unsigned AddendBits = 25,
    parameter int unsigned SumBits = 27
) (
    input  logic                  clk_i,
    input  logic                  en_i,
    input  logic [ StateBits-1:0] old_i,
    input  logic [          12:0] factor_i,
    input  logic [AddendBits-1:0] addend_i,
    output logic [   SumBits-1:0] sum_o
);
`ifdef SPIKELOOM_DSP48E2
  localparam int unsigned Placed = SumBits + 12 <= 48 ? 1 : 0;
`else
  localparam int unsigned Placed = 0;
`endif
  logic negative_q;
  always_ff @(posedge clk_i) begin
    if (en_i) negative_q <= old_i[StateBits-1];
  end

  if (Placed != 0) begin : gen_dsp
`ifdef SPIKELOOM_DSP48E2
    logic [47:0] result;
    logic unused_result;
    assign unused_result = ^result;
    assign sum_o = result[12+:SumBits];
    xilinx_dsp u_dsp (
        .clk_i, .en_i,
        .a_i(30'(signed'(old_i))), .b_i({5'd0, factor_i}), .d_i(27'd0), .use_a_i(1'b1), .use_d_i(1'b0),
        .c_i({36'(signed'(addend_i)), {12{negative_q}}}), .z_i(3'd3), .subtract_i(1'b0), .p_o(result));
`endif
  end else begin : gen_plain
    localparam int unsigned ProductBits = StateBits + 13;
    logic [ProductBits-1:0] product_q;
    logic [SumBits-1:0] sum_q;
    logic unused_sum_q;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        product_q <= ProductBits'(signed'(old_i)) * ProductBits'(signed'({1'b0, factor_i}));
        {sum_q, unused_sum_q} <=
            {SumBits'(signed'(product_q[ProductBits-1:12])), 1'b1} +
            {SumBits'(signed'(addend_i)), negative_q && product_q[11:0] != '0};
      end
    end
    assign sum_o = sum_q;
  end
endmodule

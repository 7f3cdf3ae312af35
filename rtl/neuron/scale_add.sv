// sum = (acc << scale) + bias, registered. acc is one of two accumulators, or 0 if neither is used.
`include "spikeloom_parameters.svh"

module scale_add #(
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_BiasBits,
    `SPIKELOOM_PARAMETER_MaxScale,
    parameter int unsigned SumBits = 28,
    localparam int unsigned ScaleBits = MaxScale > 0 ? $clog2(MaxScale + 1) : 1
) (
    input  logic                 clk_i,
    input  logic                 en_i,
    input  logic [  AccBits-1:0] low_i,
    input  logic [  AccBits-1:0] high_i,
    input  logic                 use_low_i,
    input  logic                 use_high_i,  // not both
    input  logic [ScaleBits-1:0] scale_i,
    input  logic [ BiasBits-1:0] bias_i,
    output logic [  SumBits-1:0] sum_o
);
`ifdef SPIKELOOM_DSP48E2
  logic [47:0] result;
  logic [17:0] factor;
  logic unused_result;
  assign unused_result = ^{result, scale_i};
  assign factor = MaxScale > 0 ? 18'd1 << scale_i : 18'd1;
  assign sum_o = result[SumBits-1:0];
  xilinx_dsp #(.RegisterProduct(0)) u_dsp (
      .clk_i, .en_i,
      .a_i(30'(signed'(low_i))), .b_i(factor), .d_i(27'(signed'(high_i))),
      .use_a_i(use_low_i), .use_d_i(use_high_i), .c_i(48'(signed'(bias_i))), .z_i(3'd3),
      .subtract_i(1'b0), .p_o(result));
`else
  logic [AccBits-1:0] acc;
  logic [AccBits+MaxScale-1:0] scaled;
  always_comb begin
    acc = 'x;
    scaled = 'x;
    if (en_i) begin
      acc = ({AccBits{use_low_i}} & low_i) | ({AccBits{use_high_i}} & high_i);
      scaled = (AccBits + MaxScale)'(signed'(acc));
      if (MaxScale > 0) scaled = scaled << scale_i;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) sum_o <= SumBits'(signed'(scaled)) + SumBits'(signed'(bias_i));
  end
`endif
endmodule

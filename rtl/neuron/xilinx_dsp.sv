// The one place that names a vendor's cell: a DSP48E2, for netlists made with SPIKELOOM_DSP48E2 defined.
// Yosys maps only bare multiplications to it; defined, decay_add, scale_add and lane_array place it
// themselves, otherwise this file is empty and they are plain RTL with the same results in the same cycles.
//
// p_o = z ± x, registered if RegisterResult. z: see z_i. Multiplier: x = (a or a + d) * b, registered if
// RegisterProduct. Otherwise x = {a_i[29:0], b_i}, registered; as two independent halves of 24 bits.
`ifdef SPIKELOOM_DSP48E2
module xilinx_dsp #(
    parameter int unsigned Multiply = 1,
    parameter int unsigned RegisterProduct = 1,
    parameter int unsigned RegisterResult = 1
) (
    input  logic        clk_i,
    input  logic        en_i,
    input  logic [29:0] a_i,
    input  logic [17:0] b_i,
    input  logic [26:0] d_i,
    input  logic        use_a_i,     // multiplier: a counts
    input  logic        use_d_i,     // multiplier: d counts
    input  logic [47:0] c_i,
    input  logic [ 2:0] z_i,         // 0: 0, 2: p_o (registered), 3: c_i
    input  logic        subtract_i,
    output logic [47:0] p_o
);
  localparam int unsigned InputRegister = Multiply != 0 ? 0 : 1;

  DSP48E2 #(
      .A_INPUT("DIRECT"), .B_INPUT("DIRECT"), .PREADDINSEL("A"),
      .AMULTSEL(Multiply != 0 ? "AD" : "A"), .BMULTSEL("B"),
      .USE_MULT(Multiply != 0 ? "MULTIPLY" : "NONE"), .USE_SIMD(Multiply != 0 ? "ONE48" : "TWO24"),
      .AREG(InputRegister), .ACASCREG(InputRegister), .BREG(InputRegister), .BCASCREG(InputRegister),
      .ADREG(0), .DREG(0), .CREG(0), .MREG(Multiply != 0 ? RegisterProduct : 0), .PREG(RegisterResult),
      .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .INMODEREG(0), .OPMODEREG(0)
  ) u_dsp (
      .CLK(clk_i), .A(a_i), .B(b_i), .C(c_i), .D(d_i), .P(p_o),
      .INMODE({2'b00, use_d_i, !use_a_i, 1'b0}),
      .OPMODE({2'b00, z_i, Multiply != 0 ? 4'b0101 : 4'b0011}),
      .ALUMODE({2'b00, subtract_i, subtract_i}),
      .CARRYIN(1'b0), .CARRYINSEL(3'b000),
      .CEA1(1'b0), .CEA2(en_i), .CEB1(1'b0), .CEB2(en_i), .CEC(1'b0), .CED(1'b0),
      .CEAD(1'b0), .CEM(en_i), .CEP(en_i),
      .CEALUMODE(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CEINMODE(1'b0),
      .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0),
      .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTCTRL(1'b0), .RSTINMODE(1'b0),
      .ACIN(30'd0), .BCIN(18'd0), .PCIN(48'd0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0));
endmodule
`endif

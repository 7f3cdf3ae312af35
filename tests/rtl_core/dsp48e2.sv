// What rtl/neuron/xilinx_dsp.sv uses of a DSP48E2, after the vendor's user guide (UG579):
// stands in for the
// primitive in simulation. A control that is not modelled stops the simulation.
/* verilator lint_off DECLFILENAME */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */
module DSP48E2 #(
    parameter A_INPUT = "DIRECT", parameter B_INPUT = "DIRECT", parameter PREADDINSEL = "A",
    parameter AMULTSEL = "A", parameter BMULTSEL = "B", parameter USE_MULT = "MULTIPLY",
    parameter USE_SIMD = "ONE48",
    parameter int unsigned AREG = 1, parameter int unsigned ACASCREG = 1, parameter int unsigned BREG = 1,
    parameter int unsigned BCASCREG = 1, parameter int unsigned ADREG = 1, parameter int unsigned DREG = 1,
    parameter int unsigned CREG = 1, parameter int unsigned MREG = 1, parameter int unsigned PREG = 1,
    parameter int unsigned ALUMODEREG = 1, parameter int unsigned CARRYINREG = 1,
    parameter int unsigned CARRYINSELREG = 1, parameter int unsigned INMODEREG = 1,
    parameter int unsigned OPMODEREG = 1
) (
    input logic CLK,
    input logic [29:0] A, input logic [17:0] B, input logic [47:0] C, input logic [26:0] D,
    output logic [47:0] P,
    input logic [4:0] INMODE, input logic [8:0] OPMODE, input logic [3:0] ALUMODE,
    input logic CARRYIN, input logic [2:0] CARRYINSEL,
    input logic CEA1, CEA2, CEB1, CEB2, CEC, CED, CEAD, CEM, CEP, CEALUMODE, CECARRYIN, CECTRL, CEINMODE,
    input logic RSTA, RSTB, RSTC, RSTD, RSTM, RSTP, RSTALLCARRYIN, RSTALUMODE, RSTCTRL, RSTINMODE,
    input logic [29:0] ACIN, input logic [17:0] BCIN, input logic [47:0] PCIN,
    input logic CARRYCASCIN, input logic MULTSIGNIN
);
  if (ADREG != 0 || DREG != 0 || CREG != 0 || ALUMODEREG != 0 || INMODEREG != 0 || OPMODEREG != 0 ||
      PREADDINSEL != "A")
  begin : gen_not_modelled
    $error("not modelled");
  end
  logic [29:0] a, a_q;
  logic [17:0] b, b_q;
  logic [26:0] ad;
  logic [44:0] product, m, m_q;
  logic [47:0] x, z, result, p_q;
  always_ff @(posedge CLK) begin
    if (CEA2) a_q <= A;
    if (CEB2) b_q <= B;
    if (CEM) m_q <= product;
    if (CEP) p_q <= result;
  end
  always_comb begin
    a = AREG != 0 ? a_q : A;
    b = BREG != 0 ? b_q : B;
    ad = a[26:0];
    if (AMULTSEL == "AD") ad = (INMODE[2] ? D : 27'd0) + (INMODE[1] ? 27'd0 : a[26:0]);
    product = 45'(signed'(ad)) * 45'(signed'(b));
    m = MREG != 0 ? m_q : product;
    x = '0;
    if (OPMODE[3:0] == 4'b0101) x = 48'(signed'(m));
    else if (OPMODE[3:0] == 4'b0011) x = {a, b};
    z = '0;
    if (OPMODE[6:4] == 3'b010) z = p_q;
    else if (OPMODE[6:4] == 3'b011) z = C;
    if (USE_SIMD == "TWO24") begin
      result[23:0] = ALUMODE == 4'b0011 ? z[23:0] - x[23:0] : z[23:0] + x[23:0];
      result[47:24] = ALUMODE == 4'b0011 ? z[47:24] - x[47:24] : z[47:24] + x[47:24];
    end else begin
      result = ALUMODE == 4'b0011 ? z - x : z + x;
    end
    P = PREG != 0 ? p_q : result;
  end
  always_ff @(posedge CLK) begin
    modelled : assert ((OPMODE[3:0] == (USE_MULT == "MULTIPLY" ? 4'b0101 : 4'b0011)) &&
                       OPMODE[8:7] == 2'b00 && (ALUMODE == 4'b0000 || ALUMODE == 4'b0011) && !INMODE[0] &&
                       !INMODE[3] && !INMODE[4] && !CARRYIN && CARRYINSEL == 3'b000);
  end
endmodule

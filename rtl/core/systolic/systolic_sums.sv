// The accumulators: two banks of SystolicVectors vectors, each of an accumulator for every column. One bank
// takes sums while the other is read.
//
// A vector's address comes in cycle r (add_i), its operands in r + 1, when they are added to what stands
// there or, with store_i, replace it; the result can be read from r + 2 on, and the next vector may go to the
// same address. One vector and one read a cycle. read_i in cycle q: bank 0's vector is in data_o's lower half
// in q + 1, or bank 1's in its upper half, whichever read_bank_i named; the other half means nothing. A bank
// is read only while no sums go into it.
//
// negate_i (cycle r) with an inverted operand subtracts. Sums are modulo 2^AccBits.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module systolic_sums #(
    `SPIKELOOM_PARAMETER_SystolicColumns,
    `SPIKELOOM_PARAMETER_SystolicVectors,
    `SPIKELOOM_PARAMETER_AccBits,
    parameter  int unsigned OperandBits = 19,
    localparam int unsigned AddressBits = $clog2(SystolicVectors)
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic                                   add_i,
    input logic                                   bank_i,
    input logic [                AddressBits-1:0] address_i,
    input logic                                   store_i,
    input logic                                   negate_i,
    input logic [SystolicColumns*OperandBits-1:0] operands_i,  // a cycle later

    input  logic                                 read_i,
    input  logic                                 read_bank_i,
    input  logic [              AddressBits-1:0] read_address_i,
    output logic [2*SystolicColumns*AccBits-1:0] data_o
);
  localparam int unsigned Width = SystolicColumns * AccBits;

  // Where the sum starts from: bank 0, bank 1, the sum before, 0.
  localparam logic [1:0] FromBefore = 2'd2, FromZero = 2'd3;
  logic add_q, bank_q, negate_q, same;
  logic [1:0] from_q;
  logic [AddressBits-1:0] address_q;
  assign same = add_q && bank_q == bank_i && address_q == address_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) add_q <= 1'b0;
    else if (en_i) add_q <= add_i;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      bank_q <= bank_i;
      address_q <= address_i;
      negate_q <= negate_i;
      from_q <= store_i ? FromZero : same ? FromBefore : {1'b0, bank_i};
    end
  end

  logic [Width-1:0] sums;
  for (genvar b = 0; b < 2; b++) begin : gen_bank
    logic adds, reads, writes;
    assign adds = add_i && bank_i == 1'(b);
    assign reads = read_i && read_bank_i == 1'(b);
    assign writes = add_q && bank_q == 1'(b);
    ram_sdp #(.Width(Width), .Depth(SystolicVectors)) u_sums (
        .clk_i, .rst_i,
        .write_enable_i(en_i && writes), .write_address_i(address_q), .write_data_i(sums),
        .read_enable_i(en_i && (reads || (adds && !store_i && !same))),
        .read_address_i(adds ? address_i : read_address_i), .read_data_o(data_o[Width*b+:Width]));
  end
  `SPIKELOOM_ASSUME(read_while_no_sums_come, !(en_i && read_i) || !((add_i && bank_i == read_bank_i) ||
                                                                   (add_q && bank_q == read_bank_i)))

  for (genvar i = 0; i < SystolicColumns; i++) begin : gen_column
    logic [OperandBits-1:0] operand;
    logic [AccBits-1:0] base, sum_q;
    logic [AccBits:0] total;  // the negation's 1 comes in as carry
    logic unused_carry, unused_operand;
    assign operand = operands_i[OperandBits*i+:OperandBits];
    assign unused_operand = ^operand;  // AccBits may be smaller
    assign unused_carry = total[0];
    // operand + base + negate, as a difference: Yosys then folds the selection of base into the adder's LUTs.
    always_comb begin
      base = 'x;
      total = 'x;
      sums[AccBits*i+:AccBits] = 'x;
      if (add_q) begin
        case (from_q)
          2'd0: base = data_o[AccBits*i+:AccBits];
          2'd1: base = data_o[Width+AccBits*i+:AccBits];
          FromBefore: base = sum_q;
          default: base = '0;
        endcase
        total = {AccBits'(signed'(operand)), negate_q} - {~base, 1'b1};
        sums[AccBits*i+:AccBits] = total[AccBits:1];
      end
    end
    always_ff @(posedge clk_i) begin
      if (en_i && add_q) sum_q <= total[AccBits:1];
    end
  end
endmodule

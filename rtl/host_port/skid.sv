// Two words between a producer that looks at a registered "room" and a consumer that may say no. One word a
// clock. Streams: once valid is raised, valid and data hold until ready; in_ready_o comes from a register.
`include "rtl/common/checks.svh"

module skid #(
    parameter int unsigned Width = 64
) (
    input  logic             clk_i,
    input  logic             rst_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    input  logic [Width-1:0] in_data_i,
    output logic             out_valid_o,
    input  logic             out_ready_i,
    output logic [Width-1:0] out_data_o
);
  logic head_valid_q, next_valid_q, push, pop;
  logic [Width-1:0] head_q, next_q;

  assign in_ready_o = !next_valid_q;
  assign out_valid_o = head_valid_q;
  assign out_data_o = head_q;
  assign push = in_valid_i && in_ready_o;
  assign pop = head_valid_q && out_ready_i;

  always_ff @(posedge clk_i) begin
    if (pop || !head_valid_q) begin
      head_valid_q <= next_valid_q || push;
      if (next_valid_q || push) head_q <= next_valid_q ? next_q : in_data_i;
      next_valid_q <= 1'b0;
    end else if (push) begin
      next_valid_q <= 1'b1;
      next_q <= in_data_i;
    end
    if (rst_i) begin
      head_valid_q <= 1'b0;
      next_valid_q <= 1'b0;
    end
  end

  `SPIKELOOM_CHECK(in_order, !next_valid_q || head_valid_q)
endmodule

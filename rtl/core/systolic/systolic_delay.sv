// Shift register: out_o is in_i of Length enabled cycles before. Length may be 0. Contents are not reset.
module systolic_delay #(
    parameter int unsigned Width = 1,
    parameter int unsigned Length = 1
) (
    input  logic             clk_i,
    input  logic             en_i,
    input  logic [Width-1:0] in_i,
    output logic [Width-1:0] out_o
);
  if (Length == 0) begin : gen_wire
    logic unused;
    assign unused = ^{clk_i, en_i};
    assign out_o = in_i;
  end else begin : gen_line
    logic [Width-1:0] line_q[0:Length-1];
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        line_q[0] <= in_i;
        for (int i = 1; i < Length; i++) line_q[i] <= line_q[i-1];
      end
    end
    assign out_o = line_q[Length-1];
  end
endmodule

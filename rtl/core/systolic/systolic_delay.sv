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
    logic [Width*Length-1:0] line_q;
    always_ff @(posedge clk_i) begin
      if (en_i) line_q <= (Width * Length)'({line_q, in_i});
    end
    assign out_o = line_q[Width*(Length-1)+:Width];
  end
endmodule

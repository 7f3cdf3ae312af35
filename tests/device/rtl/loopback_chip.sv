// A chip's ports without a chip: every word comes back after Delay clock cycles, in order.
// For the tests of the Verilator device. The word Poison fails an assertion.
module loopback_chip #(
  parameter int unsigned Depth = 8,
  parameter int unsigned Delay = 3
) (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic        in_valid_i,
  output logic        in_ready_o,
  input  logic [63:0] in_data_i,
  output logic        out_valid_o,
  input  logic        out_ready_i,
  output logic [63:0] out_data_o,
  output logic        idle_o
);
  localparam logic [63:0] Poison = 64'hdead_dead_dead_dead;
  localparam int unsigned PointerW = $clog2(Depth);

  logic [63:0] words [0:Depth-1];
  logic [31:0] due [0:Depth-1];
  logic [PointerW:0] head_q, tail_q;
  logic [31:0] now_q;

  wire full = (head_q - tail_q) == (PointerW + 1)'(Depth);
  wire empty = head_q == tail_q;

  assign in_ready_o = !full;
  assign out_valid_o = !empty && now_q >= due[tail_q[PointerW-1:0]];
  assign out_data_o = out_valid_o ? words[tail_q[PointerW-1:0]] : '0;
  assign idle_o = empty;

  always_ff @(posedge clk_i) begin
    if (in_valid_i && in_ready_o) begin
      words[head_q[PointerW-1:0]] <= in_data_i;
      due[head_q[PointerW-1:0]] <= now_q + 32'(Delay);
    end
    if (rst_i) begin
      head_q <= '0;
      tail_q <= '0;
      now_q <= '0;
    end else begin
      now_q <= now_q + 1;
      if (in_valid_i && in_ready_o) head_q <= head_q + 1;
      if (out_valid_o && out_ready_i) tail_q <= tail_q + 1;
      not_poisoned: assert (!(in_valid_i && in_ready_o && in_data_i == Poison));
    end
  end
endmodule

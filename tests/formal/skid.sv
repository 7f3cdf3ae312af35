// skid: as fifo.sv, with two places.
module prove_skid (
    input logic       clk_i,
    input logic       rst_i,
    input logic       in_valid_i,
    input logic [3:0] in_data_i,
    input logic       out_ready_i,
    input logic       choose_i
);
  logic in_ready, out_valid;
  logic [3:0] out_data;
  skid #(
      .Width(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .in_valid_i,
      .in_ready_o(in_ready),
      .in_data_i,
      .out_valid_o(out_valid),
      .out_ready_i,
      .out_data_o(out_data)
  );
  (* keep *) wire head_valid, next_valid;
  (* keep *) wire [3:0] next_word;

  initial assume (rst_i);

  logic push, pop, following_q, ahead_q, was_held_q;
  logic [3:0] word_q, held_q;
  logic [1:0] total;
  assign push = in_valid_i && in_ready;
  assign pop = out_valid && out_ready_i;
  assign total = 2'(head_valid) + 2'(next_valid);

  always_ff @(posedge clk_i) begin
    if (following_q && pop) begin
      ahead_q <= 1'b0;
      if (!ahead_q) following_q <= 1'b0;
    end
    if (!following_q && push && choose_i) begin
      following_q <= 1'b1;
      word_q <= in_data_i;
      ahead_q <= total != 2'(pop);
    end
    was_held_q <= out_valid && !out_ready_i;
    held_q <= out_data;
    if (rst_i) begin
      following_q <= 1'b0;
      was_held_q <= 1'b0;
    end else begin
      order : assert (!next_valid || head_valid);
      is_in : assert (!following_q || 2'(ahead_q) < total);
      is_there : assert (!following_q || (ahead_q ? next_word : out_data) == word_q);
      holds : assert (!was_held_q || (out_valid && out_data == held_q));
      is_followed : assert (!(push && total == 2'd2));
    end
  end
endmodule

// ram_fifo: nothing lost, made up, doubled or out of order; valid and data hold until ready. One word, chosen
// by the solver when it goes in, is followed: `ahead` words are before it. The invariant says where each word
// must be.
module prove_fifo (
    input logic       clk_i,
    input logic       rst_i,
    input logic       clear_i,
    input logic       in_valid_i,
    input logic [3:0] in_data_i,
    input logic       out_ready_i,
    input logic       choose_i
);
  logic in_ready, out_valid;
  logic [3:0] out_data;
  ram_fifo #(
      .Width(4),
      .Depth(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .clear_i,
      .in_valid_i,
      .in_ready_o(in_ready),
      .in_data_i,
      .out_valid_o(out_valid),
      .out_ready_i,
      .out_data_o(out_data)
  );
  (* keep *) wire [2:0] level, read_pointer;
  (* keep *) wire head_valid, middle_valid;
  (* keep *) wire [3:0] middle, memory0, memory1, memory2, memory3;

  initial assume (rst_i);

  logic push, pop, following_q, was_held_q;
  logic [3:0] word_q, held_q, place;
  logic [2:0] ahead_q, total, in_memory;
  logic [1:0] address;
  assign push = in_valid_i && in_ready;
  assign pop = out_valid && out_ready_i;
  assign total = level + 3'(middle_valid) + 3'(head_valid);

  // The word at position ahead_q.
  always_comb begin
    in_memory = ahead_q - 3'(middle_valid) - 3'(head_valid);
    address = read_pointer[1:0] + in_memory[1:0];
    case (address)
      2'd0: place = memory0;
      2'd1: place = memory1;
      2'd2: place = memory2;
      default: place = memory3;
    endcase
    if (ahead_q == 3'd1 && head_valid && middle_valid) place = middle;
    if (ahead_q == 3'd0) place = head_valid ? out_data : middle_valid ? middle : place;
  end

  always_ff @(posedge clk_i) begin
    if (following_q && pop) begin
      ahead_q <= ahead_q - 3'd1;
      if (ahead_q == 3'd0) following_q <= 1'b0;
    end
    if (!following_q && push && choose_i) begin
      following_q <= 1'b1;
      word_q <= in_data_i;
      ahead_q <= total - 3'(pop);
    end
    was_held_q <= out_valid && !out_ready_i;
    held_q <= out_data;
    if (rst_i || clear_i) begin
      following_q <= 1'b0;
      was_held_q <= 1'b0;
    end
    if (!rst_i) begin
      levels : assert (level <= 3'd4);
      is_in : assert (!following_q || ahead_q < total);
      is_there : assert (!following_q || place == word_q);
      comes_out : assert (!(following_q && pop && ahead_q == 3'd0) || out_data == word_q);
      holds : assert (!was_held_q || (out_valid && out_data == held_q));
    end
  end
endmodule

// ring_stop: a word for another node leaves 3 clocks later, unchanged; a write for this node leaves nothing;
// a read for this node leaves as its answer with the data of two clocks after it. So nothing is lost, doubled
// or reordered.
module prove_ring (
    input logic        clk_i,
    input logic        rst_i,
    input logic        ring_valid_i,
    input logic [63:0] ring_i,
    input logic [31:0] answer_i
);
  logic ring_valid, write, read;
  logic [63:0] ring;
  logic [15:0] address;
  logic [31:0] data;
  ring_stop u_dut (
      .clk_i,
      .rst_i,
      .node_i(12'd5),
      .ring_valid_i,
      .ring_i,
      .ring_valid_o(ring_valid),
      .ring_o(ring),
      .write_o(write),
      .read_o(read),
      .address_o(address),
      .data_o(data),
      .answer_i
  );

  initial assume (rst_i);

  // Fields: kind 63:60, node 59:48, address 47:32, data 31:0; kinds: write 1, read 2, answer 3.
  logic [2:0] age_q;
  logic valid1_q, valid2_q, valid3_q;
  logic [63:0] word1_q, word2_q, word3_q;
  logic mine1, mine3, write3, read3;
  assign mine1 = valid1_q && word1_q[59:48] == 12'd5;
  assign mine3 = word3_q[59:48] == 12'd5;
  assign write3 = mine3 && word3_q[63:60] == 4'd1;
  assign read3 = mine3 && word3_q[63:60] == 4'd2;
  always_ff @(posedge clk_i) begin
    valid1_q <= ring_valid_i && !rst_i;
    valid2_q <= valid1_q && !rst_i;
    valid3_q <= valid2_q && !rst_i;
    word1_q <= ring_i;
    word2_q <= word1_q;
    word3_q <= word2_q;
    age_q <= rst_i ? 3'd0 : age_q == 3'd4 ? 3'd4 : age_q + 3'd1;
    if (!rst_i && age_q == 3'd4) begin
      writes : assert (write == (mine1 && word1_q[63:60] == 4'd1));
      reads : assert (read == (mine1 && word1_q[63:60] == 4'd2));
      fields : assert (!(write || read) || {address, data} == word1_q[47:0]);
      passes : assert (ring_valid == (valid3_q && !write3));
      unchanged : assert (!ring_valid || read3 || ring == word3_q);
      answers : assert (!(ring_valid && read3) || ring == {4'd3, word3_q[59:32], answer_i});
    end
  end
endmodule

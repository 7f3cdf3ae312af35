// ring_stop: a word for another node leaves 3 clocks later, unchanged; a write for this node leaves nothing;
// a read for this node leaves as its answer with the data of two clocks after it. So nothing is lost, doubled
// or reordered.
`include "spikeloom_parameters.svh"

module prove_ring (
    input logic        clk_i,
    input logic        rst_i,
    input logic        ring_valid_i,
    input logic [63:0] ring_i,
    input logic [31:0] answer_i
);
  localparam logic [spikeloom_pkg::WORD_RING_NODE_W-1:0] Here = 5;
  logic ring_valid, write, read;
  logic [63:0] ring;
  logic [spikeloom_pkg::ADDRESS_WIDTH-1:0] address;
  logic [31:0] data;
  ring_stop u_dut (
      .clk_i,
      .rst_i,
      .node_i(Here),
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

  logic [2:0] age_q;
  logic valid1_q, valid2_q, valid3_q;
  logic [63:0] word1_q, word2_q, word3_q, answer3;
  logic mine1, mine3, write1, read1, write3, read3;
  assign mine1 = valid1_q && `SPIKELOOM_FIELD(word1_q, WORD_RING_NODE) == Here;
  assign write1 = mine1 && `SPIKELOOM_FIELD(word1_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_WRITE;
  assign read1 = mine1 && `SPIKELOOM_FIELD(word1_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_READ;
  assign mine3 = `SPIKELOOM_FIELD(word3_q, WORD_RING_NODE) == Here;
  assign write3 = mine3 && `SPIKELOOM_FIELD(word3_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_WRITE;
  assign read3 = mine3 && `SPIKELOOM_FIELD(word3_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_READ;
  always_comb begin
    answer3 = word3_q;
    `SPIKELOOM_FIELD(answer3, WORD_RING_KIND) = spikeloom_pkg::KIND_RING_ANSWER;
    `SPIKELOOM_FIELD(answer3, WORD_RING_DATA) = answer_i;
  end
  always_ff @(posedge clk_i) begin
    valid1_q <= ring_valid_i && !rst_i;
    valid2_q <= valid1_q && !rst_i;
    valid3_q <= valid2_q && !rst_i;
    word1_q <= ring_i;
    word2_q <= word1_q;
    word3_q <= word2_q;
    age_q <= rst_i ? 3'd0 : age_q == 3'd4 ? 3'd4 : age_q + 3'd1;
    if (!rst_i && age_q == 3'd4) begin
      writes : assert (write == write1);
      reads : assert (read == read1);
      fields : assert (!(write || read) || (address == `SPIKELOOM_FIELD(word1_q, WORD_RING_ADDRESS) &&
                                            data == `SPIKELOOM_FIELD(word1_q, WORD_RING_DATA)));
      passes : assert (ring_valid == (valid3_q && !write3));
      unchanged : assert (!ring_valid || read3 || ring == word3_q);
      answers : assert (!(ring_valid && read3) || ring == answer3);
    end
  end
endmodule

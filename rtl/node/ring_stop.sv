// A stop of the configuration ring: three registers, one word a clock, never frozen.
//
// A word for another node passes, 3 clocks later. A RING_WRITE for this node is taken off the ring: write_o
// with address_o and data_o for one clock. A RING_READ raises read_o with address_o for one clock; answer_i
// is taken two clocks later and goes on in the read's place as a RING_ANSWER. So writes happen in order and
// answers keep order.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module ring_stop (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic [spikeloom_pkg::WORD_RING_NODE_W-1:0] node_i,  // constant
    input  logic        ring_valid_i,
    input  logic [63:0] ring_i,
    output logic        ring_valid_o,
    output logic [63:0] ring_o,
    output logic        write_o,
    output logic        read_o,
    output logic [spikeloom_pkg::ADDRESS_WIDTH-1:0] address_o,
    output logic [31:0] data_o,
    input  logic [31:0] answer_i
);
  logic valid0_q, valid1_q, valid2_q, read1_q, read2_q, mine;
  logic [63:0] word0_q, word1_q, word2_q;

  assign mine = valid0_q && `SPIKELOOM_FIELD(word0_q, WORD_RING_NODE) == node_i;
  assign write_o = mine && `SPIKELOOM_FIELD(word0_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_WRITE;
  assign read_o = mine && `SPIKELOOM_FIELD(word0_q, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_READ;
  assign address_o = `SPIKELOOM_FIELD(word0_q, WORD_RING_ADDRESS);
  assign data_o = `SPIKELOOM_FIELD(word0_q, WORD_RING_DATA);

  always_ff @(posedge clk_i) begin
    if (ring_valid_i) word0_q <= ring_i;
    if (valid0_q) word1_q <= word0_q;
    if (valid1_q) word2_q <= word1_q;
    valid0_q <= ring_valid_i;
    valid1_q <= valid0_q && !write_o;
    valid2_q <= valid1_q;
    read1_q <= read_o;
    read2_q <= read1_q;
    if (rst_i) begin
      valid0_q <= 1'b0;
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
      read1_q <= 1'b0;
      read2_q <= 1'b0;
    end
  end

  always_comb begin
    ring_valid_o = valid2_q;
    ring_o = word2_q;
    if (read2_q) begin
      `SPIKELOOM_FIELD(ring_o, WORD_RING_KIND) = spikeloom_pkg::KIND_RING_ANSWER;
      `SPIKELOOM_FIELD(ring_o, WORD_RING_DATA) = answer_i;
    end
  end

  `SPIKELOOM_CHECK(answer_is_valid, !read2_q || valid2_q)
endmodule

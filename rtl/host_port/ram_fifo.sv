// A first-in first-out queue of Depth words (a power of two) in a RAM, plus two in registers.
//
// One word in and one out a clock; a word is at the output 3 clocks after it went in. Streams: once valid is
// raised, valid and data hold until ready. in_ready_o and out_valid_o come from registers. clear_i forgets
// everything.
`include "rtl/common/checks.svh"

module ram_fifo #(
    parameter int unsigned Width = 64,
    parameter int unsigned Depth = 512,
    localparam int unsigned AddressBits = $clog2(Depth)
) (
    input  logic             clk_i,
    input  logic             rst_i,
    input  logic             clear_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    input  logic [Width-1:0] in_data_i,
    output logic             out_valid_o,
    input  logic             out_ready_i,
    output logic [Width-1:0] out_data_o
);
  if (Depth < 2 || (Depth & (Depth - 1)) != 0) begin : gen_bad_depth
    $error("Depth must be a power of two and at least 2");
  end

  logic [AddressBits:0] write_q, read_q;  // one bit more than an address: full and empty differ
  logic push, fetch, middle_valid_q, head_valid_q, to_head;
  logic [Width-1:0] middle, head_q;
  logic [AddressBits:0] level;

  assign level = write_q - read_q;
  assign in_ready_o = !level[AddressBits];
  assign push = in_valid_i && in_ready_o;
  assign to_head = middle_valid_q && (!head_valid_q || out_ready_i);
  assign fetch = level != '0 && (!middle_valid_q || to_head);

  always_ff @(posedge clk_i) begin
    if (push) write_q <= write_q + (AddressBits + 1)'(1);
    if (fetch) read_q <= read_q + (AddressBits + 1)'(1);
    if (fetch) middle_valid_q <= 1'b1;
    else if (to_head) middle_valid_q <= 1'b0;
    if (to_head) head_valid_q <= 1'b1;
    else if (out_ready_i) head_valid_q <= 1'b0;
    if (rst_i || clear_i) begin
      write_q <= '0;
      read_q <= '0;
      middle_valid_q <= 1'b0;
      head_valid_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) if (to_head) head_q <= middle;

  ram_sdp #(
      .Width(Width),
      .Depth(Depth)
  ) u_words (
      .clk_i,
      .rst_i,
      .write_enable_i (push),
      .write_address_i(write_q[AddressBits-1:0]),
      .write_data_i   (in_data_i),
      .read_enable_i  (fetch),
      .read_address_i (read_q[AddressBits-1:0]),
      .read_data_o    (middle)
  );

  assign out_valid_o = head_valid_q;
  assign out_data_o = head_q;

  `SPIKELOOM_CHECK(level_holds, 32'(level) <= Depth)
endmodule

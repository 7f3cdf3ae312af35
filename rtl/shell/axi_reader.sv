// Reads a run of words of 8 bytes from memory over AXI4 and gives them out as a stream, in order. (Proofs
// make addresses and words narrower.)
//
// start_i (one clock, with busy_o = 0 and stop_i = 0, after a clock with stop_i = 1) takes address_i (a
// multiple of 8) and words_i. INCR bursts of up to Burst beats that never cross 4 KiB; a burst is asked for
// only when its words have room, so RREADY never waits and Depth / Burst bursts are outstanding at once: one
// word a clock once the memory answers. stop_i is a level, 1 between runs: nothing new is asked for, a burst
// that is on its way comes in and is dropped, and so are words that nobody took. busy_o: a request or its
// data is outstanding; the memory may be touched while it is 1. error_o: a response was not OKAY; that beat
// and all behind it are dropped, no burst is begun. Cleared by start_i.
`include "rtl/common/checks.svh"

module axi_reader #(
    parameter int unsigned AddressBits = 64,
    parameter int unsigned DataBits = 64,
    parameter int unsigned Burst = 64,
    parameter int unsigned Depth = 256
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        start_i,
    input  logic        stop_i,
    input  logic [AddressBits-1:0] address_i,
    input  logic [31:0] words_i,
    output logic        busy_o,
    output logic        error_o,
    output logic        out_valid_o,
    input  logic        out_ready_i,
    output logic [DataBits-1:0] out_data_o,
    output logic        arvalid_o,
    input  logic        arready_i,
    output logic [AddressBits-1:0] araddr_o,
    output logic [ 7:0] arlen_o,
    input  logic        rvalid_i,
    output logic        rready_o,
    input  logic [DataBits-1:0] rdata_i,
    input  logic [ 1:0] rresp_i
);
  if (Burst < 1 || Burst > 256 || Depth < Burst) begin : gen_bad_burst
    $error("Burst must be 1 to 256 and at most Depth");
  end

  localparam int unsigned CountBits = $clog2(Depth) + 1;
  localparam int unsigned PageWords = 512;  // 4 KiB

  logic [AddressBits-4:0] address_q;  // of words
  logic [31:0] remaining_q;
  logic [CountBits-1:0] reserved_q, outstanding_q, asked, beat, popped;
  logic [9:0] to_edge, length;
  logic ask, take, push, fifo_ready;

  assign to_edge = 10'(PageWords) - {1'b0, address_q[8:0]};
  always_comb begin
    length = to_edge < 10'(Burst) ? to_edge : 10'(Burst);
    if (remaining_q < 32'(length)) length = remaining_q[9:0];
  end
  assign ask = !arvalid_o && remaining_q != '0 && !stop_i && !error_o &&
               reserved_q <= CountBits'(Depth - Burst);
  assign rready_o = outstanding_q != '0;
  assign take = rvalid_i && rready_o;
  assign push = take && rresp_i == 2'b00 && !error_o && !stop_i;
  assign asked = ask ? CountBits'(length) : '0;
  assign beat = CountBits'(take);
  assign popped = CountBits'(out_valid_o && out_ready_i);
  assign busy_o = outstanding_q != '0;

  always_ff @(posedge clk_i) begin
    if (ask) begin
      arvalid_o <= 1'b1;
      araddr_o <= {address_q, 3'b000};
      arlen_o <= 8'(length - 10'd1);
      address_q <= address_q + (AddressBits - 3)'(length);
      remaining_q <= remaining_q - 32'(length);
    end else if (arready_i) begin
      arvalid_o <= 1'b0;
    end
    outstanding_q <= outstanding_q + asked - beat;
    reserved_q <= reserved_q + asked - popped;
    if (take && rresp_i != 2'b00) error_o <= 1'b1;
    if (stop_i) remaining_q <= '0;
    if (start_i) begin
      address_q <= address_i[AddressBits-1:3];
      remaining_q <= words_i;
      reserved_q <= '0;
      error_o <= 1'b0;
    end
    if (rst_i) begin
      arvalid_o <= 1'b0;
      remaining_q <= '0;
      outstanding_q <= '0;
      reserved_q <= '0;
      error_o <= 1'b0;
    end
  end

  ram_fifo #(
      .Width(DataBits),
      .Depth(Depth)
  ) u_words (
      .clk_i,
      .rst_i,
      .clear_i(stop_i),
      .in_valid_i(push),
      .in_ready_o(fifo_ready),
      .in_data_i(rdata_i),
      .out_valid_o,
      .out_ready_i,
      .out_data_o
  );

  `SPIKELOOM_CHECK(has_room, !push || fifo_ready)
  `SPIKELOOM_CHECK(begins_at_rest, !start_i ||
                   (!busy_o && !stop_i && remaining_q == '0 && address_i[2:0] == '0))
endmodule

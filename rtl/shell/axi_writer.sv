// Writes a stream of words of 8 bytes to consecutive addresses of a memory over AXI4, in order. (Proofs make
// addresses and words narrower.)
//
// start_i (one clock, with busy_o = 0) takes address_i (a multiple of 8). INCR bursts of up to Burst beats
// that never cross 4 KiB; a burst begins when all its words are here, so W never waits for the producer, and
// address and data are raised together. flush_i is a level: what is here is written without waiting for a
// full burst; words may still come. busy_o: words, requests or responses are on their way; once it is 0 under
// flush_i, the memory has everything. error_o: a response was not OKAY; writing goes on. Cleared by start_i.
// abort_i is a level: no burst begins, words that belong to none are dropped; a burst that began goes on.
`include "rtl/common/checks.svh"

module axi_writer #(
    parameter int unsigned AddressBits = 64,
    parameter int unsigned DataBits = 64,
    parameter int unsigned Burst = 64,
    parameter int unsigned Depth = 128
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        start_i,
    input  logic        flush_i,
    input  logic        abort_i,
    input  logic [AddressBits-1:0] address_i,
    output logic        busy_o,
    output logic        error_o,
    input  logic        in_valid_i,
    output logic        in_ready_o,
    input  logic [DataBits-1:0] in_data_i,
    output logic        awvalid_o,
    input  logic        awready_i,
    output logic [AddressBits-1:0] awaddr_o,
    output logic [ 7:0] awlen_o,
    output logic        wvalid_o,
    input  logic        wready_i,
    output logic [DataBits-1:0] wdata_o,
    output logic        wlast_o,
    input  logic        bvalid_i,
    output logic        bready_o,
    input  logic [ 1:0] bresp_i
);
  if (Burst < 1 || Burst > 256 || Depth < Burst) begin : gen_bad_burst
    $error("Burst must be 1 to 256 and at most Depth");
  end

  localparam int unsigned CountBits = $clog2(Depth) + 2;
  localparam int unsigned PageWords = 512;  // 4 KiB
  localparam int unsigned PendingBits = 4;  // of responses

  logic [AddressBits-4:0] address_q;  // of words
  logic [CountBits-1:0] stored_q, length, limit;  // stored: words that belong to no burst yet
  logic [7:0] beats_q;  // of the burst, after this one
  logic [PendingBits-1:0] pending_q;
  logic [9:0] to_edge;
  logic burst_q, begins, push, fifo_valid, beat, answered;

  assign to_edge = 10'(PageWords) - {1'b0, address_q[8:0]};
  assign limit = to_edge < 10'(Burst) ? CountBits'(to_edge) : CountBits'(Burst);
  assign length = stored_q < limit ? stored_q : limit;
  assign begins = !awvalid_o && !burst_q && !abort_i && stored_q != '0 && pending_q != '1 &&
      (flush_i || stored_q >= limit);
  assign push = in_valid_i && in_ready_o;
  assign wvalid_o = burst_q && fifo_valid;
  assign wlast_o = beats_q == '0;
  assign beat = wvalid_o && wready_i;
  assign bready_o = pending_q != '0;
  assign answered = bvalid_i && bready_o;
  assign busy_o = stored_q != '0 || pending_q != '0;

  always_ff @(posedge clk_i) begin
    if (begins) begin
      awvalid_o <= 1'b1;
      awaddr_o <= {address_q, 3'b000};
      awlen_o <= 8'(length - CountBits'(1));
      burst_q <= 1'b1;
      beats_q <= 8'(length - CountBits'(1));
      address_q <= address_q + (AddressBits - 3)'(length);
    end else begin
      if (awready_i) awvalid_o <= 1'b0;
      if (beat) begin
        beats_q <= beats_q - 8'd1;
        if (wlast_o) burst_q <= 1'b0;
      end
    end
    stored_q <= stored_q + CountBits'(push) - (begins ? length : '0);
    pending_q <= pending_q + PendingBits'(begins) - PendingBits'(answered);
    if (answered && bresp_i != 2'b00) error_o <= 1'b1;
    if (abort_i) stored_q <= '0;
    if (start_i) begin
      address_q <= address_i[AddressBits-1:3];
      error_o <= 1'b0;
    end
    if (rst_i) begin
      awvalid_o <= 1'b0;
      burst_q <= 1'b0;
      stored_q <= '0;
      pending_q <= '0;
      error_o <= 1'b0;
    end
  end

  ram_fifo #(
      .Width(DataBits),
      .Depth(Depth)
  ) u_words (
      .clk_i,
      .rst_i,
      .clear_i(abort_i && !burst_q),
      .in_valid_i(in_valid_i && !abort_i),
      .in_ready_o,
      .in_data_i,
      .out_valid_o(fifo_valid),
      .out_ready_i(burst_q && wready_i),
      .out_data_o(wdata_o)
  );

  `SPIKELOOM_CHECK(begins_at_rest, !start_i || (!busy_o && address_i[2:0] == '0))
endmodule

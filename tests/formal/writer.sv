// axi_writer: every word that went in goes out once, in order, to consecutive addresses, in bursts within 4
// KiB with WLAST at their last beat; every burst is awaited; not busy means that the memory has everything;
// valid and payload hold. Words are numbered; addresses are compared modulo two pages, tests/rtl_shell sees
// the rest. After an abort, which its user holds while busy, the bursts that began still end as they must.
module prove_writer (
    input logic        clk_i,
    input logic        rst_i,
    input logic        start_i,
    input logic        flush_i,
    input logic        abort_i,
    input logic [15:0] address_i,
    input logic        in_valid_i,
    input logic [ 3:0] in_data_i,
    input logic        awready_i,
    input logic        wready_i,
    input logic        bvalid_i,
    input logic [ 1:0] bresp_i
);
  logic busy, error, in_ready, awvalid, wvalid, wlast, bready;
  logic [15:0] awaddr;
  logic [3:0] wdata;
  logic [7:0] awlen;
  axi_writer #(
      .AddressBits(16),
      .DataBits(4),
      .Burst(2),
      .Depth(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .start_i,
      .flush_i,
      .abort_i,
      .address_i,
      .busy_o(busy),
      .error_o(error),
      .in_valid_i,
      .in_ready_o(in_ready),
      .in_data_i,
      .awvalid_o(awvalid),
      .awready_i,
      .awaddr_o(awaddr),
      .awlen_o(awlen),
      .wvalid_o(wvalid),
      .wready_i,
      .wdata_o(wdata),
      .wlast_o(wlast),
      .bvalid_i,
      .bready_o(bready),
      .bresp_i
  );
  (* keep *) wire [2:0] level;
  (* keep *) wire [3:0] stored, pending;
  (* keep *) wire [7:0] beats;
  (* keep *) wire burst, head_valid, middle_valid;
  (* keep *) wire [12:0] address;

  initial assume (rst_i);

  logic [3:0] in_q, out_q, owed_q, total, in_burst;
  logic [7:0] beat_q;  // of the burst
  logic active_q, aw_held_q, w_held_q, wlast_q, was_abort_q, was_busy_q, push, beat, under_way, completes;
  logic [15:0] awaddr_q;
  logic [3:0] wdata_q;
  logic [3:0] start_q;
  logic [7:0] awlen_q;
  assign push = in_valid_i && in_ready;
  assign beat = wvalid && wready_i;
  assign total = 4'(level) + 4'(middle_valid) + 4'(head_valid);
  assign in_burst = burst ? beats[3:0] + 4'd1 : 4'd0;
  assign under_way = awvalid || burst;
  assign completes = under_way && (!awvalid || awready_i) && (!burst || (beat && wlast));

  always_comb begin
    if (!rst_i) begin
      assume (!start_i || (!busy && !abort_i && !in_valid_i && address_i[2:0] == '0));
      assume (!in_valid_i || active_q);
      assume (!bvalid_i || owed_q != '0);
      assume (!(was_abort_q && was_busy_q) || abort_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) in_q <= in_q + 4'd1;
    if (beat) out_q <= out_q + 4'd1;
    if (beat) beat_q <= wlast ? 8'd0 : beat_q + 8'd1;
    owed_q <= owed_q + 4'(completes) - 4'(bvalid_i && bready);
    was_abort_q <= abort_i;
    was_busy_q <= busy;
    if (abort_i) active_q <= 1'b0;
    if (start_i) begin
      active_q <= 1'b1;
      in_q <= '0;
      out_q <= '0;
      start_q <= address_i[6:3];
    end
    aw_held_q <= awvalid && !awready_i;
    awaddr_q <= awaddr;
    awlen_q <= awlen;
    w_held_q <= wvalid && !wready_i;
    wdata_q <= wdata;
    wlast_q <= wlast;
    if (rst_i) begin
      owed_q <= '0;
      beat_q <= '0;
      active_q <= 1'b0;
      was_abort_q <= 1'b0;
      was_busy_q <= 1'b0;
      aw_held_q <= 1'b0;
      w_held_q <= 1'b0;
    end else begin
      aw_holds : assert (!aw_held_q || (awvalid && awaddr == awaddr_q && awlen == awlen_q));
      w_holds : assert (!w_held_q || (wvalid && wdata == wdata_q && wlast == wlast_q));
      short : assert (!under_way || awlen < 8'd2);
      in_page : assert (!under_way || 11'(awaddr[11:3]) + 11'(awlen) <= 11'd511);
      last_is_last : assert (!burst || (9'(beat_q) + 9'(beats) == 9'(awlen) && wlast == (beat_q == awlen)));
      begins_anew : assert (burst || beat_q == '0);
      w_has_its_words : assert (total >= in_burst);
      awaits : assert (5'(pending) == 5'(owed_q) + 5'(under_way));
      levels : assert (level <= 3'd4);
      // Addresses: one burst behind the other, as many words as were given to bursts.
      follows : assert (!active_q || !under_way ||
                        10'(awaddr[12:3] + 10'(awlen[1:0]) + 10'd1) == address[9:0]);
      numbers : assert (!active_q || 4'(address[3:0] - start_q) == 4'(out_q + in_burst));
      // Words: in_q - out_q of them are inside: none lost or made up. In order: proof fifo.
      is_all : assert (!active_q || total == stored + in_burst);
      is_between : assert (!active_q || 4'(out_q + total) == in_q);
      at_rest_all_is_there : assert (busy || !active_q || (in_q == out_q && owed_q == '0 && !under_way));
      no_rest : assert (active_q || stored == '0);
      abort_is_held : assert (active_q || !busy || (was_abort_q && was_busy_q));
      abort_clears : assert (active_q || (burst ? (abort_i || total == in_burst) : (abort_i || total == '0)));
    end
  end
endmodule

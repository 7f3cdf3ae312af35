// axi_lite_registers: every request has one response and no response is without its request; valid and
// payload hold; a read never sees an idle kernel that was started, nor misses or repeats a "done".
module prove_registers (
    input logic        clk_i,
    input logic        rst_i,
    input logic        awvalid_i,
    input logic [11:0] awaddr_i,
    input logic        wvalid_i,
    input logic [31:0] wdata_i,
    input logic [ 3:0] wstrb_i,
    input logic        bready_i,
    input logic        arvalid_i,
    input logic [11:0] araddr_i,
    input logic        rready_i,
    input logic        done_i
);
  logic awready, wready, bvalid, arready, rvalid, start, interrupt;
  logic [1:0] bresp, rresp;
  logic [31:0] rdata, command_words, result_words, quiet_cycles;
  logic [63:0] commands, results;
  axi_lite_registers u_dut (
      .clk_i,
      .rst_i,
      .awvalid_i,
      .awready_o(awready),
      .awaddr_i,
      .wvalid_i,
      .wready_o(wready),
      .wdata_i,
      .wstrb_i,
      .bvalid_o(bvalid),
      .bready_i,
      .bresp_o(bresp),
      .arvalid_i,
      .arready_o(arready),
      .araddr_i,
      .rvalid_o(rvalid),
      .rready_i,
      .rdata_o(rdata),
      .rresp_o(rresp),
      .interrupt_o(interrupt),
      .start_o(start),
      .done_i,
      .commands_o(commands),
      .results_o(results),
      .command_words_o(command_words),
      .result_words_o(result_words),
      .quiet_cycles_o(quiet_cycles),
      .results_written_i(32'd0),
      .commands_taken_i(32'd0),
      .error_i(32'd0),
      .cycles_i(32'd0),
      .chip_hash_i(32'd0)
  );
  (* keep *) wire has_address, has_data, done_inside;

  initial assume (rst_i);

  // A kernel is done only while it is started.
  always_comb if (!rst_i) assume (!done_i || start);

  logic address_owed_q, data_owed_q, read_owed_q, control_read, control_read_q, done_q,
        shown_done_q, shown_start_q;
  logic b_held_q, r_held_q, was_start_q, was_done_q;
  logic [31:0] rdata_q;
  assign control_read = arvalid_i && arready && araddr_i[11:2] == '0;
  always_ff @(posedge clk_i) begin
    if (awvalid_i && awready) address_owed_q <= 1'b1;
    else if (bvalid && bready_i) address_owed_q <= 1'b0;
    if (wvalid_i && wready) data_owed_q <= 1'b1;
    else if (bvalid && bready_i) data_owed_q <= 1'b0;
    if (arvalid_i && arready) read_owed_q <= 1'b1;
    else if (rvalid && rready_i) read_owed_q <= 1'b0;
    // "Done" as a host counts it.
    if (done_i) done_q <= 1'b1;
    else if (control_read) done_q <= 1'b0;
    if (arvalid_i && arready) begin
      control_read_q <= control_read;
      shown_done_q <= done_q;
      shown_start_q <= start;
    end
    b_held_q <= bvalid && !bready_i;
    r_held_q <= rvalid && !rready_i;
    rdata_q <= rdata;
    was_start_q <= start;
    was_done_q <= done_i;
    if (rst_i) begin
      address_owed_q <= 1'b0;
      data_owed_q <= 1'b0;
      read_owed_q <= 1'b0;
      control_read_q <= 1'b0;
      done_q <= 1'b0;
      b_held_q <= 1'b0;
      r_held_q <= 1'b0;
      was_start_q <= 1'b0;
      was_done_q <= 1'b0;
    end else begin
      address_is_owed : assert (address_owed_q == (has_address || bvalid));
      data_is_owed : assert (data_owed_q == (has_data || bvalid));
      not_both : assert (!bvalid || (!has_address && !has_data));
      one_address : assert (!(awready && address_owed_q));
      one_data : assert (!(wready && data_owed_q));
      read_is_owed : assert (read_owed_q == rvalid);
      b_holds : assert (!b_held_q || bvalid);
      r_holds : assert (!r_held_q || (rvalid && rdata == rdata_q));
      always_okay : assert (bresp == 2'b00 && rresp == 2'b00);
      done_is_shown : assert (!rvalid || !control_read_q || rdata[1] == shown_done_q);
      idle_is_true : assert (!rvalid || !control_read_q ||
                             (rdata[0] == shown_start_q && rdata[2] == !shown_start_q));
      done_agrees : assert (done_inside == done_q);
      start_stays : assert (!was_start_q || was_done_q || start);
    end
  end
endmodule

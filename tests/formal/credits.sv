// The credit loop of one channel and one destination of Rows pages, any delays in both networks: credits at
// the source, steps on their way, full pages, credits owed and credits on their way always add up to Rows. So
// counters neither overflow nor underflow, and no step is ever delivered to a page that is not free.
`include "spikeloom_parameters.svh"

module prove_credits (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,
    input logic start_i,   // the source wants to start a step
    input logic land_i,    // a step on its way lands
    input logic free_i,    // the oldest full page is freed
    input logic slot_i,    // a credit slot of the delivery comes
    input logic arrive_i   // a credit on its way arrives
);
  localparam int unsigned CountBits = spikeloom_pkg::REG_CREDIT_COUNT_W;
  localparam logic [CountBits-1:0] Rows = 3;

  initial assume (rst_i);

  // Two clocks after reset the tables are written, then everything may move.
  logic [1:0] age_q;
  logic go, starts, may_start, lands, frees, arrives, credit;
  logic [CountBits-1:0] steps_q, full_q, wire_q, owed;
  (* keep *) wire [CountBits-1:0] credits, freed, given;
  (* keep *) wire counter_valid, counter_channel;
  assign go = age_q == 2'd3 && en_i;
  assign starts = go && start_i && may_start;
  assign lands = go && land_i && steps_q != '0;
  assign frees = go && free_i && full_q != '0;
  assign arrives = go && arrive_i && wire_q != '0;
  assign owed = freed - given;

  // The register of channel 0's counter.
  logic [31:0] counter;
  always_comb begin
    counter = '0;
    `SPIKELOOM_FIELD(counter, REG_CREDIT_VALID) = 1'b1;
    `SPIKELOOM_FIELD(counter, REG_CREDIT_COUNT) = Rows;
  end

  credit_counters #(
      .Counters(1),
      .Channels(1)
  ) u_source (
      .clk_i,
      .rst_i,
      .en_i(go),
      .write_i(age_q == 2'd1),
      .config_counter_i(1'b0),
      .config_data_i(counter),
      .channel_i(1'b0),
      .ask_i(1'b1),
      .may_start_o(may_start),
      .take_i(starts),
      .credit_i(arrives),
      .rx_counter_i(1'b0)
  );
  credit_sender #(
      .Contexts(1),
      .Deliveries(1)
  ) u_sink (
      .clk_i,
      .rst_i,
      .clear_i(1'b0),
      .en_i(go),
      .write_delivery_page_i(age_q == 2'd1),
      .config_delivery_i(1'b0),
      .config_context_i(1'b0),
      .free_i(frees),
      .context_i(1'b0),
      .tx_valid_i(slot_i),
      .tx_delivery_i(1'b0),
      .credit_o(credit)
  );

  // The destination's ring of pages.
  logic [2:0] page_full_q, expect_full;
  logic [1:0] write_page_q, read_page_q;
  function automatic [1:0] after(input [1:0] page);
    after = page == 2'd2 ? 2'd0 : page + 2'd1;
  endfunction
  always_comb begin
    expect_full = 3'b000;
    if (full_q >= 5'd1) expect_full[read_page_q] = 1'b1;
    if (full_q >= 5'd2) expect_full[after(read_page_q)] = 1'b1;
    if (full_q >= 5'd3) expect_full[after(after(read_page_q))] = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (age_q != 2'd3) age_q <= age_q + 2'd1;
    steps_q <= steps_q + CountBits'(starts) - CountBits'(lands);
    full_q <= full_q + CountBits'(lands) - CountBits'(frees);
    // The credit on credit_o in an enabled cycle is on its way from the next one on.
    wire_q <= wire_q + CountBits'(credit && go) - CountBits'(arrives);
    if (lands) begin
      page_full_q[write_page_q] <= 1'b1;
      write_page_q <= after(write_page_q);
    end
    if (frees) begin
      page_full_q[read_page_q] <= 1'b0;
      read_page_q <= after(read_page_q);
    end
    if (rst_i) begin
      age_q <= 2'd0;
      steps_q <= '0;
      full_q <= '0;
      wire_q <= '0;
      page_full_q <= 3'b000;
      write_page_q <= 2'd0;
      read_page_q <= 2'd0;
    end else begin
      quiet : assert (age_q == 2'd3 ||
                      (steps_q == 0 && full_q == 0 && wire_q == 0 && freed == given && !credit));
      configured : assert (age_q < 2'd2 || (counter_valid && !counter_channel));
      conserved : assert (age_q < 2'd2 ||
                          8'(credits) + 8'(steps_q) + 8'(full_q) + 8'(owed) + 8'(credit) + 8'(wire_q) ==
                          8'(Rows));
      pages : assert (page_full_q == expect_full);
      pointers : assert (read_page_q < 2'd3 && full_q <= Rows && write_page_q ==
                         (full_q == 5'd1 ? after(read_page_q) : full_q == 5'd2 ?
                           after(after(read_page_q)) : read_page_q));
      bounded : assert (age_q < 2'd2 ||
                        (credits <= Rows && steps_q <= Rows && owed <= Rows && wire_q <= Rows));
      page_is_free : assert (!lands || !page_full_q[write_page_q]);
    end
  end
endmodule

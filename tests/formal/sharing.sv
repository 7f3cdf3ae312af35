// host_source: what an application's words do depends on nobody else's. Two sources have the same tables, the
// same time and the same of application 0: head word, go, start, credits. What application 1 does differs
// between them as it likes. Then application 0's words leave in the same cycles, and its flits and last words
// are the same. Tables are any and may be written at any time; a channel keeps its application. What the
// source's own checks forbid does not happen.
`include "spikeloom_parameters.svh"

module prove_sharing (
    input logic        clk_i,
    input logic        rst_i,
    input logic        clear_i,
    input logic        en_i,
    input logic        tick_i,
    input logic        write_channel_i,
    input logic        write_credit_i,
    input logic [ 1:0] config_i,
    input logic [31:0] config_data_i,
    input logic        ahead_valid_i,
    input logic [ 1:0] ahead_channel_i,
    input logic        start_i,
    input logic        go_i,
    input logic        head_valid_i,
    input logic [23:0] head_i,
    input logic [ 1:0] rx_counter_i,
    input logic [ 1:0] credit_i,            // in source 0 and 1; and so on
    input logic [ 1:0] other_start_i,
    input logic [ 1:0] other_go_i,
    input logic [ 1:0] other_head_valid_i,
    input logic [47:0] other_head_i
);
  localparam int unsigned IndexBits = 4;
  localparam int unsigned FlitBits = IndexBits + spikeloom_pkg::CHUNK_BITS + 2;
  localparam int unsigned CountBits = spikeloom_pkg::REG_CREDIT_COUNT_W;

  initial assume (rst_i);

  (* keep *) wire owner0, owner1, x_valid0, x_valid1;
  (* keep *) wire [1:0] x_channel0, x_channel1;
  (* keep *) wire [3:0] counter_valid0, counter_valid1;
  (* keep *) wire [7:0] counter_channel0, counter_channel1;
  (* keep *) wire [4*CountBits-1:0] count0, count1;
  (* keep *) wire [1:0] sending0, sending1;
  (* keep *) wire table0_0, table0_1, table0_2, table0_3, table1_0, table1_1, table1_2, table1_3;

  logic [2*FlitBits-1:0] flits;
  logic [3:0] pops, finals;
  for (genvar s = 0; s < 2; s++) begin : gen_source
    logic unused_sent, unused_end;
    logic [1:0] unused_channel;
    host_source #(
        .Applications(2),
        .HostChannels(4),
        .HostCreditCounters(4),
        .ChunkIndexBits(IndexBits)
    ) u_dut (
        .clk_i,
        .rst_i,
        .clear_i,
        .en_i,
        .tick_i(tick_i || en_i),
        .write_channel_i,
        .config_channel_i(config_i),
        .write_credit_i,
        .config_counter_i(config_i),
        .config_data_i,
        .start_i({other_start_i[s], start_i}),
        .go_i({other_go_i[s], go_i}),
        .head_valid_i({other_head_valid_i[s], head_valid_i}),
        .head_i({other_head_i[24*s+:24], head_i}),
        .pop_o(pops[2*s+:2]),
        .sent_o(unused_sent),
        .sent_channel_o(unused_channel),
        .sent_sample_end_o(unused_end),
        .final_o(finals[2*s+:2]),
        .ahead_valid_i,
        .ahead_channel_i,
        .flit_o(flits[FlitBits*s+:FlitBits]),
        .credit_i(credit_i[s]),
        .rx_counter_i
    );
  end

  // Whose a counter is.
  logic [3:0] table0, mine, same;
  logic ours_q, credit_is_ours;
  assign table0 = {table0_3, table0_2, table0_1, table0_0};
  always_comb begin
    for (int c = 0; c < 4; c++) begin
      mine[c] = !table0[counter_channel0[2*c+:2]];
      same[c] = count0[CountBits*c+:CountBits] == count1[CountBits*c+:CountBits];
    end
    credit_is_ours = mine[rx_counter_i];
  end
  // A flit of application 0 is on the wire.
  always_ff @(posedge clk_i) begin
    if (en_i) ours_q <= pops[0];
    if (rst_i || clear_i) ours_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    assume (!write_channel_i || `SPIKELOOM_LOW(config_data_i, REG_CHANNEL_CONTEXT, 1) == table0[config_i]);
    assume (credit_i[0] == credit_i[1] || !credit_is_ours);
    // Power-up: tables and counters are written alike before anything moves.
    if (rst_i) begin
      assume (!en_i);
      assume (table0 == {table1_3, table1_2, table1_1, table1_0});
      assume (counter_channel0 == counter_channel1);
      assume ((mine & ~same) == '0);
      assume (x_channel0 == x_channel1 && x_valid0 == x_valid1 && owner0 == owner1 &&
              owner0 == table0[x_channel0]);
    end else begin
      tables_stay : assert (table0 == {table1_3, table1_2, table1_1, table1_0} &&
                            counter_valid0 == counter_valid1 && counter_channel0 == counter_channel1);
      slots_are_the_same : assert (x_channel0 == x_channel1 && x_valid0 == x_valid1 && owner0 == owner1);
      owner_is_the_tables : assert (owner0 == table0[x_channel0]);
      credits_are_the_same : assert ((mine & ~same) == '0);
      steps_are_the_same : assert (sending0[0] == sending1[0]);
      words_leave_alike : assert (pops[0] == pops[2]);
      waits_are_not_sent : assert (!pops[0] || head_i[23:22] != 2'b01);
      last_words_are_the_same : assert (finals[0] == finals[2]);
      flits_are_the_same : assert (!ours_q ||
                                   (flits[FlitBits-1] && flits[0+:FlitBits] == flits[FlitBits+:FlitBits]));
    end
  end
endmodule

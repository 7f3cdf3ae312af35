// host_waits: a WAIT takes a token that came and that nobody took, and whom it makes wait depends on nobody
// else. Two sets of counts hear the same of application 0: its heads, when it goes, the end-of-steps of its
// sinks 0 and 1. What application 1 does differs between them as it likes; it names its own sinks only, 2 and
// 3, and one that is not counted. Then application 0's WAITs leave in the same cycles, each count is what
// arrived less what was taken, and no WAIT leaves without a token. Counts of sinks 0 and 1 are written to any
// value at any time. What the module's own checks forbid does not happen.
`include "spikeloom_parameters.svh"

module prove_waits (
    input logic       clk_i,
    input logic       rst_i,
    input logic       clear_i,
    input logic       en_i,
    input logic       write_i,
    input logic       config_sink_i,
    input logic [7:0] config_count_i,
    input logic       arrival_i,         // of a sink of application 0
    input logic       arrival_sink_i,
    input logic       go_i,
    input logic       wait_i,
    input logic       sink_i,
    input logic [1:0] other_arrival_i,   // of a sink of application 1, if 0 has none; by set of counts
    input logic [1:0] other_arrival_sink_i,
    input logic [1:0] other_go_i,
    input logic [1:0] other_wait_i,
    input logic [1:0] other_sink_i
);
  localparam int unsigned SinkBits = spikeloom_pkg::WORD_WAIT_SINK_W;
  localparam int unsigned CountBits = spikeloom_pkg::REG_TOKEN_COUNT_W;

  initial assume (rst_i);

  (* keep *) wire [CountBits-1:0] count0_0, count0_1, count1_0, count1_1;  // set, sink
  logic [3:0] pops;
  for (genvar s = 0; s < 2; s++) begin : gen_set
    host_waits #(
        .Applications(2),
        .WindowSinks (3)
    ) u_dut (
        .clk_i,
        .rst_i,
        .clear_i,
        .en_i,
        .write_i,
        .config_sink_i(SinkBits'(config_sink_i)),
        .config_count_i,
        .arrival_i(arrival_i || other_arrival_i[s]),
        .arrival_sink_i(arrival_i ? SinkBits'(arrival_sink_i) :
                                    SinkBits'({1'b1, other_arrival_sink_i[s]})),
        .go_i({other_go_i[s], go_i}),
        .wait_i({other_wait_i[s], wait_i}),
        .sink_i({SinkBits'({1'b1, other_sink_i[s]}), SinkBits'(sink_i)}),
        .pop_o(pops[2*s+:2])
    );
  end

  // What arrived at sink 0 and was not taken, while it can be told.
  logic [CountBits-1:0] kept_q;
  logic arrives, taken;
  assign arrives = en_i && arrival_i && !arrival_sink_i;
  assign taken = pops[0] && !sink_i;
  always_ff @(posedge clk_i) begin
    if (kept_q != '1) kept_q <= kept_q + CountBits'(arrives) - CountBits'(taken);
    if (write_i && !config_sink_i) kept_q <= config_count_i;
    if (rst_i || clear_i) kept_q <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_i) begin
      counts_are_the_same : assert (count0_0 == count1_0 && count0_1 == count1_1);
      a_count_is_what_came_less_what_was_taken : assert (count0_0 == kept_q);
      a_wait_takes_a_token : assert (!taken || kept_q != '0);
      a_wait_leaves_when_there_is_one : assert (
          pops[0] || !(en_i && go_i && wait_i && !sink_i && kept_q != '0));
      waits_leave_alike : assert (pops[0] == pops[2]);
    end
  end
endmodule

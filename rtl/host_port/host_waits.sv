// Tokens of the host's sinks, and the WAIT words that they let go. docs/protocol.md, section 6, Window.
//
// arrival_i: an end-of-step without run_end is on the wire for sink arrival_sink_i this cycle; the sink has
// a token more in the next one. wait_i[a]: the head of application a's queue is a WAIT; it names sink_i[a].
// pop_o[a] in the same cycle: application a goes and the sink has a token, so the WAIT leaves; the sink has a
// token less in the next cycle. All of it in cycles with en_i.
// Sinks from WindowSinks on are not counted. A count of all ones stays: more than LIMIT_WINDOW tokens are not
// told apart. write_i sets a count, clear_i all of them to 0.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module host_waits #(
    `SPIKELOOM_PARAMETER_Applications,
    `SPIKELOOM_PARAMETER_WindowSinks,
    localparam int unsigned SinkBits = spikeloom_pkg::WORD_WAIT_SINK_W,
    localparam int unsigned CountBits = spikeloom_pkg::REG_TOKEN_COUNT_W
) (
    input  logic                             clk_i,
    input  logic                             rst_i,
    input  logic                             clear_i,
    input  logic                             en_i,
    input  logic                             write_i,
    input  logic [             SinkBits-1:0] config_sink_i,
    input  logic [            CountBits-1:0] config_count_i,
    input  logic                             arrival_i,
    input  logic [             SinkBits-1:0] arrival_sink_i,
    input  logic [         Applications-1:0] go_i,
    input  logic [         Applications-1:0] wait_i,
    input  logic [Applications*SinkBits-1:0] sink_i,
    output logic [         Applications-1:0] pop_o
);
  // Padded to a power of two, so that every number that fits it names a count.
  localparam int unsigned NumberBits = WindowSinks > 1 ? $clog2(WindowSinks) : 1;
  localparam int unsigned Counts = 1 << NumberBits;

  logic [Counts-1:0] has, lost;  // a token; more than can be told
  logic arrival, write;          // of a sink that is counted
  logic [Applications-1:0] counted, known;
  assign arrival = en_i && arrival_i && 32'(arrival_sink_i) < WindowSinks;
  assign write = write_i && 32'(config_sink_i) < WindowSinks;

  for (genvar s = 0; s < Counts; s++) begin : gen_sink
    if (s < WindowSinks) begin : gen_count
      logic [CountBits-1:0] count_q;
      logic [Applications-1:0] taken;
      logic arrives, leaves;
      for (genvar a = 0; a < Applications; a++) begin : gen_taken
        assign taken[a] = pop_o[a] && sink_i[a*SinkBits+:NumberBits] == NumberBits'(s);
      end
      assign has[s] = count_q != '0;
      assign lost[s] = count_q == '1;
      assign arrives = arrival && arrival_sink_i[NumberBits-1:0] == NumberBits'(s);
      assign leaves = taken != '0;
      always_ff @(posedge clk_i) begin
        if (arrives != leaves && !lost[s]) count_q <= count_q + (leaves ? '1 : CountBits'(1));
        if (write && config_sink_i[NumberBits-1:0] == NumberBits'(s)) count_q <= config_count_i;
        if (rst_i || clear_i) count_q <= '0;
      end
    end else begin : gen_no_count
      assign has[s] = 1'b0;
      assign lost[s] = 1'b0;
    end
  end

  for (genvar a = 0; a < Applications; a++) begin : gen_head
    logic [SinkBits-1:0] sink;
    logic [NumberBits-1:0] number;
    assign sink = sink_i[a*SinkBits+:SinkBits];
    assign number = NumberBits'(sink);
    assign counted[a] = 32'(sink) < WindowSinks;
    assign known[a] = !lost[number];
    assign pop_o[a] = en_i && go_i[a] && wait_i[a] && counted[a] && has[number];
  end

  // One sink, one waiter: a token is taken once.
  logic [Applications-1:0] shared;
  always_comb begin
    shared = '0;
    for (int a = 0; a < Applications; a++)
      for (int b = 0; b < a; b++)
        if (pop_o[a] && pop_o[b] && sink_i[a*SinkBits+:SinkBits] == sink_i[b*SinkBits+:SinkBits])
          shared[a] = 1'b1;
  end
  `SPIKELOOM_CHECK(a_token_is_taken_once, shared == '0)
  `SPIKELOOM_CHECK(waits_name_sinks_that_are_counted, !en_i || (go_i & wait_i & ~counted) == '0)
  `SPIKELOOM_CHECK(waits_name_sinks_whose_tokens_are_known, !en_i || (go_i & wait_i & ~known) == '0)
endmodule

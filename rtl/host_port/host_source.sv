// The host's source: words of one application become flits. docs/protocol.md, section 6.
//
// head_* is the queue's head word (CHUNK or EOS), registered. In cycle x = s - 1 it leaves (pop_o) if slot s is its
// channel's and the channel is sending or has all its credits; the flit is on flit_o in cycle s. sent_o in x: an
// end-of-step without run_end has left, its slot is the next cycle. final_o from the cycle after the final word on.
// tx_* is the channel of the slot of the next cycle.
`include "rtl/common/checks.svh"

module host_source #(
    parameter int unsigned Channels = 8,
    parameter int unsigned CreditCounters = 32,
    parameter int unsigned ChunkIndexBits = 10,
    localparam int unsigned FlitBits = ChunkIndexBits + 18,
    localparam int unsigned ChannelBits = Channels > 1 ? $clog2(Channels) : 1,
    localparam int unsigned CounterBits = CreditCounters > 1 ? $clog2(CreditCounters) : 1
) (
    input  logic                      clk_i,
    input  logic                      rst_i,
    input  logic                      clear_i,
    input  logic                      en_i,
    input  logic                      write_credit_i,
    input  logic [   CounterBits-1:0] config_counter_i,
    input  logic [              31:0] config_data_i,
    input  logic                      head_valid_i,
    input  logic                      head_eos_i,
    input  logic                      head_final_i,
    input  logic [   ChannelBits-1:0] head_channel_i,
    input  logic [ChunkIndexBits-1:0] head_index_i,
    input  logic [              15:0] head_mask_i,       // of an end-of-step: {0, run_end, sample_end}
    output logic                      pop_o,
    output logic                      sent_o,
    output logic                      final_o,
    input  logic                      tx_valid_i,
    input  logic [   ChannelBits-1:0] tx_channel_i,
    output logic [      FlitBits-1:0] flit_o,
    input  logic                      credit_i,
    input  logic [   CounterBits-1:0] rx_counter_i
);
  logic sending_q, ask, may_start, flit_valid_q, final_q;
  logic [FlitBits-2:0] flit_q;
  logic [ChannelBits-1:0] sending_channel_q;

  credit_counters #(
      .Counters(CreditCounters),
      .Channels(Channels)
  ) u_credits (
      .clk_i,
      .rst_i,
      .en_i,
      .write_i(write_credit_i),
      .config_counter_i,
      .config_data_i,
      .channel_i(head_channel_i),
      .ask_i(ask),
      .may_start_o(may_start),
      .take_i(pop_o && !sending_q),
      .credit_i,
      .rx_counter_i
  );

  assign ask = en_i && head_valid_i && tx_valid_i && tx_channel_i == head_channel_i;
  assign pop_o = ask && (sending_q || may_start);
  assign sent_o = pop_o && head_eos_i && !head_mask_i[1];
  assign final_o = final_q;

  always_ff @(posedge clk_i) begin
    if (en_i) flit_valid_q <= pop_o;
    if (pop_o) begin
      sending_q <= !head_eos_i;
      sending_channel_q <= head_channel_i;
      if (head_eos_i && head_final_i) final_q <= 1'b1;
    end
    if (rst_i || clear_i) begin
      flit_valid_q <= 1'b0;
      sending_q <= 1'b0;
      final_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) if (pop_o) flit_q <= {head_eos_i, head_index_i, head_mask_i};
  assign flit_o = {flit_valid_q, flit_q};

  `SPIKELOOM_CHECK(a_step_is_of_one_channel, !(pop_o && sending_q) || sending_channel_q == head_channel_i)
  `SPIKELOOM_CHECK(nothing_after_the_final_word, !(en_i && final_q) || !head_valid_i)
endmodule

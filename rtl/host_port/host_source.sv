// The host's source: words of the applications become flits. docs/protocol.md, section 6.
//
// head_i is the head word of each application's queue, registered: {end-of-step, other, channel, index,
// mask}. Other: an end-of-step is the final word; any other word is a WAIT, which is not sent, so it does not
// leave here. The mask of an end-of-step is {void, run_end, sample_end}. In cycle x = s - 1 the head word of
// the application that owns slot s's channel leaves (pop_o) if the application goes, the word is of that
// channel, and the application is sending or the channel has all its credits; the flit is on flit_o in cycle
// s. sent_o in x: an end-of-step without run_end has left, its slot is the next cycle. final_o from the cycle
// after the final word on until start_i.
// ahead_* is the channel of the slot after next.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module host_source #(
    `SPIKELOOM_PARAMETER_Applications,
    `SPIKELOOM_PARAMETER_HostChannels,
    `SPIKELOOM_PARAMETER_HostCreditCounters,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2,
    localparam int unsigned ChannelBits = HostChannels > 1 ? $clog2(HostChannels) : 1,
    localparam int unsigned CounterBits = HostCreditCounters > 1 ? $clog2(HostCreditCounters) : 1,
    localparam int unsigned HeadBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + ChannelBits + 2
) (
    input  logic                             clk_i,
    input  logic                             rst_i,
    input  logic                             clear_i,
    input  logic                             en_i,
    input  logic                             tick_i,
    input  logic                             write_channel_i,
    input  logic [          ChannelBits-1:0] config_channel_i,
    input  logic                             write_credit_i,
    input  logic [          CounterBits-1:0] config_counter_i,
    input  logic [                     31:0] config_data_i,
    input  logic [         Applications-1:0] start_i,           // armed anew
    input  logic [         Applications-1:0] go_i,
    input  logic [         Applications-1:0] head_valid_i,
    input  logic [Applications*HeadBits-1:0] head_i,
    output logic [         Applications-1:0] pop_o,
    output logic                             sent_o,
    output logic [          ChannelBits-1:0] sent_channel_o,
    output logic                             sent_sample_end_o,
    output logic [         Applications-1:0] final_o,
    input  logic                             ahead_valid_i,
    input  logic [          ChannelBits-1:0] ahead_channel_i,
    output logic [             FlitBits-1:0] flit_o,
    input  logic                             credit_i,
    input  logic [          CounterBits-1:0] rx_counter_i
);
  // The channel of the slot of the next cycle, and whose it is.
  logic x_valid_q;
  logic [ChannelBits-1:0] x_channel_q;
  logic [Applications-1:0] owner;
  always_ff @(posedge clk_i) begin
    if (tick_i) begin
      x_valid_q <= ahead_valid_i;
      x_channel_q <= ahead_channel_i;
    end
  end
  if (Applications > 1) begin : gen_owner
    localparam int unsigned NumberBits = $clog2(Applications);
    logic [NumberBits-1:0] owner_of[0:HostChannels-1];
    logic [NumberBits-1:0] owner_q;
    always_ff @(posedge clk_i) begin
      if (write_channel_i)
        owner_of[config_channel_i] <= `SPIKELOOM_LOW(config_data_i, REG_CHANNEL_CONTEXT, NumberBits);
      if (tick_i) owner_q <= owner_of[ahead_channel_i];
    end
    always_comb begin
      for (int a = 0; a < Applications; a++) owner[a] = owner_q == NumberBits'(a);
    end
  end else begin : gen_one_owner
    logic unused_channel;
    assign unused_channel = ^{write_channel_i, config_channel_i};
    assign owner = 1'b1;
  end

  // Its head word.
  logic head_valid, head_eos, head_other, sending, ask, may_start, pop, flit_valid_q;
  logic [ChannelBits-1:0] head_channel;
  logic [ChunkIndexBits-1:0] head_index;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] head_mask;
  logic [HeadBits-1:0] head;
  logic [FlitBits-2:0] flit_q;
  logic [Applications-1:0] sending_q, final_q;
  always_comb begin
    head = '0;
    for (int a = 0; a < Applications; a++) head = head | (owner[a] ? head_i[a*HeadBits+:HeadBits] : '0);
  end
  assign {head_eos, head_other, head_channel, head_index, head_mask} = head;
  assign head_valid = (owner & go_i & head_valid_i) != '0;
  assign sending = (owner & sending_q) != '0;

  credit_counters #(
      .Counters(HostCreditCounters),
      .Channels(HostChannels)
  ) u_credits (
      .clk_i,
      .rst_i,
      .en_i,
      .write_i(write_credit_i),
      .config_counter_i,
      .config_data_i,
      .channel_i(x_channel_q),
      .ask_i(ask),
      .may_start_o(may_start),
      .take_i(pop && !sending),
      .credit_i,
      .rx_counter_i
  );

  assign ask = en_i && head_valid && (head_eos || !head_other) && x_valid_q && x_channel_q == head_channel;
  assign pop = ask && (sending || may_start);
  assign pop_o = pop ? owner : '0;
  assign sent_o = pop && head_eos && !head_mask[1];
  assign sent_channel_o = x_channel_q;
  assign sent_sample_end_o = head_mask[0];
  assign final_o = final_q;

  always_ff @(posedge clk_i) begin
    if (en_i) flit_valid_q <= pop;
    for (int a = 0; a < Applications; a++) begin
      if (pop && owner[a]) begin
        sending_q[a] <= !head_eos;
        if (head_eos && head_other) final_q[a] <= 1'b1;
      end
      if (start_i[a]) begin
        sending_q[a] <= 1'b0;
        final_q[a] <= 1'b0;
      end
    end
    if (rst_i || clear_i) begin
      flit_valid_q <= 1'b0;
      sending_q <= '0;
      final_q <= '0;
    end
  end
  always_ff @(posedge clk_i) if (pop) flit_q <= {head_eos, head_index, head_mask};
  assign flit_o = {flit_valid_q, flit_q};

  // A step is of one channel; WAIT words stand between steps.
  logic [Applications-1:0] strays, waits;
  for (genvar a = 0; a < Applications; a++) begin : gen_checks
    logic [ChannelBits-1:0] sending_channel_q, channel;
    assign channel = head_i[a*HeadBits+spikeloom_pkg::CHUNK_BITS+ChunkIndexBits+:ChannelBits];
    always_ff @(posedge clk_i) if (pop && owner[a]) sending_channel_q <= channel;
    assign strays[a] = sending_q[a] && head_valid_i[a] && sending_channel_q != channel;
    assign waits[a] = head_valid_i[a] && head_i[a*HeadBits+HeadBits-2+:2] == 2'b01;
  end
  `SPIKELOOM_CHECK(a_step_is_of_one_channel, !en_i || (strays & ~waits) == '0)
  `SPIKELOOM_CHECK(waits_stand_between_steps, !en_i || (sending_q & waits) == '0)
  `SPIKELOOM_CHECK(nothing_after_the_final_word, !en_i || (final_q & go_i & head_valid_i) == '0)
endmodule

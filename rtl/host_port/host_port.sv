// The host port, node 0: two streams of 64-bit words on one side, the mesh and the ring on the other.
// docs/protocol.md, section 6.
//
// In: ring words go onto the ring (a read waits until its answer has room), data words into the queue of
// their application; one stream, in order: a word that has to wait holds those behind it. Out: answers, sink
// words, SENT words. Target time stands still (en_o = 0) unless a run is started, not done and not stuck,
// every application that goes and whose final word has not left has its queue's head, and both producers of
// output words have room. All of that is registers.
//
// With an exit unit (ExitWindow above 0, host_exit.sv) target time stands still while it decides and drops.
//
// A run: NODE_CONTROL.run waits Settle clocks until every ring word before it has landed, three clocks of
// prime_o fill the wheels' look-ahead, then cycle 0. rewind_o holds the wheels at slot 0 while no run is
// started. The run is done Drain cycles after the last cycle in which an application was armed, went without
// its final word, or a node was active; NODE_START makes a done run go on. It is stuck Still cycles after the
// last one in which a node worked or a word left or came, with nobody armed: what waits waits for ever.
// An application is armed by NODE_START, goes (go_o) from its start cycle on, and stops for the source and
// the freeze with its final word; go_o stays until the next NODE_START. With one application the start cycle
// is 0, before the run. idle_o: nothing moves before a word comes or goes: without one, clocks change
// NODE_FROZEN only.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module host_port #(
    `SPIKELOOM_HOST_PORT_PARAMETERS,
    parameter int unsigned Tiles = 1,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2
) (
    input  logic                clk_i,
    input  logic                rst_i,
    input  logic                in_valid_i,
    output logic                in_ready_o,
    input  logic [        63:0] in_data_i,
    output logic                out_valid_o,
    input  logic                out_ready_i,
    output logic [        63:0] out_data_o,
    output logic                idle_o,
    output logic                en_o,
    output logic                rewind_o,
    output logic                prime_o,
    input  logic                active_i,       // of any tile
    input  logic                works_i,        // of any tile
    output logic [Applications-1:0] go_o,
    output logic                ring_valid_o,
    output logic [        63:0] ring_o,
    input  logic                ring_valid_i,
    input  logic [        63:0] ring_i,
    output logic [FlitBits-1:0] spike_o,
    input  logic [FlitBits-1:0] spike_i,
    output logic                credit_o,
    input  logic                credit_i
);
  `SPIKELOOM_CHECK_HOST_PARAMETERS

  localparam int unsigned MaskBits = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned ChannelBits = HostChannels > 1 ? $clog2(HostChannels) : 1;
  localparam int unsigned CounterBits = HostCreditCounters > 1 ? $clog2(HostCreditCounters) : 1;
  localparam int unsigned SpikeSlotBits = $clog2(SpikeWheel);
  localparam int unsigned CreditSlotBits = $clog2(CreditWheel);
  localparam int unsigned SinkBits = $clog2(spikeloom_pkg::LIMIT_HOST_SINKS);
  // Three clocks a stop, and two rounds of the tiles' counters (event_counters.sv).
  localparam int unsigned RingSettle = 3 * (Tiles + 1) + 8 + 64;
  localparam int unsigned ShortSettle = 64;
  localparam int unsigned SettleBits = $clog2(RingSettle + 1);
  localparam int unsigned Drain = Tiles + 64;
  localparam int unsigned DrainBits = $clog2(Drain + 1);
  // A whole turn of either wheel, so that who has something to send and may send it has sent it.
  localparam int unsigned Still = Drain + (SpikeWheel > CreditWheel ? SpikeWheel : CreditWheel);
  localparam int unsigned StillBits = $clog2(Still + 1);

  // Input stream: by kind onto the ring or into a queue.
  logic word_valid, word_ready, word_write, word_read, word_data, ring_start_valid_q, read_room, queue_ready;
  logic [Applications-1:0] word_of, queues_ready;
  logic [63:0] word, ring_start_q;
  logic [spikeloom_pkg::WORD_RING_KIND_W-1:0] word_kind;

  skid #(
      .Width(64)
  ) u_in (
      .clk_i,
      .rst_i,
      .in_valid_i,
      .in_ready_o,
      .in_data_i,
      .out_valid_o(word_valid),
      .out_ready_i(word_ready),
      .out_data_o (word)
  );
  assign word_kind = `SPIKELOOM_FIELD(word, WORD_RING_KIND);
  assign word_write = word_kind == spikeloom_pkg::KIND_RING_WRITE;
  assign word_read = word_kind == spikeloom_pkg::KIND_RING_READ;
  assign word_data = word_kind == spikeloom_pkg::KIND_CHUNK || word_kind == spikeloom_pkg::KIND_EOS ||
      word_kind == spikeloom_pkg::KIND_WAIT;
  always_comb begin
    word_ready = 1'b1;  // words of other kinds are dropped
    if (word_read) word_ready = read_room;
    // A write to this node just before takes effect first.
    if (word_data) word_ready = queue_ready && !ring_start_valid_q && !here_busy;
  end

  for (genvar a = 0; a < Applications; a++) begin : gen_word_of
    assign word_of[a] = Applications == 1 || 32'(`SPIKELOOM_FIELD(word, WORD_CHUNK_APP)) == 32'(a);
  end
  assign queue_ready = (word_of & ~queues_ready) == '0;

  always_ff @(posedge clk_i) begin
    ring_start_valid_q <= word_valid && word_ready && (word_write || word_read);
    if (word_valid) ring_start_q <= word;
    if (rst_i) ring_start_valid_q <= 1'b0;
  end

  // This node's stop is the ring's first.
  logic here_write, here_read, here_busy;
  logic [spikeloom_pkg::ADDRESS_WIDTH-1:0] here_address;
  logic [31:0] here_data, here_answer;
  logic [spikeloom_pkg::ADDRESS_BLOCK_W-1:0] block;
  logic [spikeloom_pkg::ADDRESS_OFFSET_W-1:0] offset;
  ring_stop u_ring (
      .clk_i,
      .rst_i,
      .node_i('0),
      .ring_valid_i(ring_start_valid_q),
      .ring_i(ring_start_q),
      .ring_valid_o,
      .ring_o,
      .write_o(here_write),
      .read_o(here_read),
      .address_o(here_address),
      .data_o(here_data),
      .answer_i(here_answer)
  );
  assign here_busy = here_write;
  assign block = `SPIKELOOM_FIELD(here_address, ADDRESS_BLOCK);
  assign offset = `SPIKELOOM_FIELD(here_address, ADDRESS_OFFSET);

  logic write_node, write_channel, write_credit, write_token, write_spike_slot, write_credit_slot,
        write_control, clear, run, arm;
  always_comb begin
    {write_node, write_channel, write_credit, write_token, write_spike_slot, write_credit_slot, write_control,
     clear, run, arm} = '0;
    if (here_write) begin
      write_node = block == spikeloom_pkg::ADDR_BLOCK_NODE;
      write_channel = block == spikeloom_pkg::ADDR_BLOCK_CHANNEL;
      write_credit = block == spikeloom_pkg::ADDR_BLOCK_CREDIT;
      write_token = block == spikeloom_pkg::ADDR_BLOCK_TOKEN;
      write_spike_slot = block == spikeloom_pkg::ADDR_BLOCK_SPIKE_SLOT;
      write_credit_slot = block == spikeloom_pkg::ADDR_BLOCK_CREDIT_SLOT;
      write_control = write_node && offset == spikeloom_pkg::ADDR_NODE_CONTROL;
      clear = write_control && `SPIKELOOM_FIELD(here_data, REG_CONTROL_CLEAR);
      run = write_control && `SPIKELOOM_FIELD(here_data, REG_CONTROL_RUN);
      arm = write_node && offset == spikeloom_pkg::ADDR_NODE_START;
    end
  end

  // Run, target time.
  logic starting_q, started_q, done_q, stuck_q, stands, sink_room, sent_room, begin_run, at_start, ended;
  logic [Applications-1:0] arms, armed_q, go_q, final_sent, live, head_valid, pop, exit_drops;
  logic exit_holds;
  logic [2:0] prime_q;
  logic [SettleBits-1:0] settle_q;
  logic [DrainBits-1:0] drain_q;
  logic [StillBits-1:0] still_q;
  logic [spikeloom_pkg::WORD_OUT_EOS_STAMP_W-1:0] cycle_q, cycle_next, frozen_q;
  logic moves;

  assign arms = arm ? `SPIKELOOM_LOW(here_data, REG_START_APPS, Applications) : '0;
  assign live = go_q & ~final_sent;
  assign ended = (armed_q | live) == '0;
  assign begin_run = prime_q[2];
  assign go_o = go_q;
  assign en_o = started_q && !done_q && !stuck_q && (live & ~head_valid) == '0 && sink_room && sent_room &&
      !exit_holds;
  assign rewind_o = !started_q && prime_q == '0;
  assign prime_o = prime_q != '0;
  assign cycle_next = cycle_q + 1'b1;
  // Nobody works, no word leaves or comes, and nobody is to start: what waits now waits for ever.
  assign stands = !works_i && pop == '0 && !spike_i[FlitBits-1] && armed_q == '0;
  always_ff @(posedge clk_i) begin
    prime_q <= {prime_q[1:0], starting_q && settle_q == '0};
    if (starting_q && settle_q == '0) starting_q <= 1'b0;
    if (begin_run) started_q <= 1'b1;
    if (en_o) begin
      cycle_q <= cycle_next;
      drain_q <= ended && !active_i ? drain_q + DrainBits'(1) : '0;
      if (drain_q == DrainBits'(Drain - 1) && ended && !active_i) done_q <= 1'b1;
      still_q <= stands ? still_q + StillBits'(1) : '0;
      if (still_q == StillBits'(Still - 1) && stands) stuck_q <= 1'b1;
    end
    if (arms != '0) begin
      drain_q <= '0;
      done_q <= 1'b0;
      still_q <= '0;
      stuck_q <= 1'b0;
    end
    if (started_q && !done_q && !en_o) frozen_q <= frozen_q + 1'b1;
    if (run) starting_q <= 1'b1;
    if (rst_i || clear) begin
      starting_q <= run && !rst_i;
      started_q <= 1'b0;
      prime_q <= '0;
      done_q <= 1'b0;
      drain_q <= '0;
      stuck_q <= 1'b0;
      still_q <= '0;
      cycle_q <= '0;
      frozen_q <= '0;
    end
  end

  // Start of applications: at_start is in the cycle before go rises.
  logic start_is_known;
  if (Applications > 1) begin : gen_start
    logic [spikeloom_pkg::WORD_OUT_EOS_STAMP_W-1:0] start_q;
    logic [31:0] start_low_q;
    logic write_start_low;
    assign write_start_low = write_node && offset == spikeloom_pkg::ADDR_NODE_START_LOW;
    always_ff @(posedge clk_i) begin
      if (write_start_low) start_low_q <= here_data;
      if (arm) start_q <= {`SPIKELOOM_FIELD(here_data, REG_START_HIGH), start_low_q};
    end
    assign at_start = begin_run ? start_q == '0 : en_o && start_q == cycle_next;
    assign start_is_known = (start_q > cycle_q || (!started_q && start_q == '0)) &&
        start_q[SpikeSlotBits-1:0] == '0 && start_q[CreditSlotBits-1:0] == '0;
  end else begin : gen_start_at_0
    assign at_start = begin_run;
    assign start_is_known = !started_q;
  end
  always_ff @(posedge clk_i) begin
    if (at_start) begin
      go_q <= go_q | armed_q;
      armed_q <= '0;
    end
    if (arms != '0) begin
      go_q <= go_q & ~arms;
      armed_q <= arms;
    end
    if (rst_i || clear) begin
      go_q <= '0;
      armed_q <= '0;
    end
  end

  // Clocks until everything that can move without another word has moved. A start waits for the ring words
  // before it only, or somebody who keeps asking would keep it off for ever.
  assign moves = en_o || prime_o || exit_drops != '0 || (in_valid_i && in_ready_o) ||
      (out_valid_o && out_ready_i);
  always_ff @(posedge clk_i) begin
    if (rst_i || prime_o || (ring_start_valid_q && !starting_q)) settle_q <= SettleBits'(RingSettle);
    else if (moves && !starting_q && settle_q < SettleBits'(ShortSettle))
      settle_q <= SettleBits'(ShortSettle);
    else if (settle_q != '0) settle_q <= settle_q - SettleBits'(1);
  end
  assign idle_o = settle_q == '0 && !en_o && !starting_q && !prime_o;

  // Wheels: the source decides one cycle ahead, by registers; the sink looks at the current slot.
  localparam int unsigned SpikeSlotWidth = ChannelBits + SinkBits + 2;
  logic tick, tx_valid, rx_valid, rx_valid1_q, rx_valid_q, credit_rx_valid;
  logic [ChannelBits-1:0] tx_channel;
  logic [SinkBits-1:0] rx_sink, rx_sink1_q, rx_sink_q;
  logic [CounterBits-1:0] credit_rx;
  assign tick = en_o || prime_o;
  wheel_table #(
      .Width(SpikeSlotWidth),
      .Wheel(SpikeWheel),
      .Ahead(2)
  ) u_spike_slots (
      .clk_i,
      .rst_i,
      .rewind_i(rewind_o),
      .tick_i(tick),
      .write_enable_i(write_spike_slot),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_SPIKE_SLOT_SLOT, SpikeSlotBits)),
      .write_entry_i({
        `SPIKELOOM_FIELD(here_data, REG_SLOT_TX_VALID),
        `SPIKELOOM_LOW(here_data, REG_SLOT_TX, ChannelBits),
        `SPIKELOOM_FIELD(here_data, REG_SLOT_RX_VALID),
        `SPIKELOOM_LOW(here_data, REG_SLOT_RX, SinkBits)
      }),
      .entry_o({tx_valid, tx_channel, rx_valid, rx_sink})
  );
  wheel_table #(
      .Width(CounterBits + 1),
      .Wheel(CreditWheel),
      .Ahead(0)
  ) u_credit_slots (
      .clk_i,
      .rst_i,
      .rewind_i(rewind_o),
      .tick_i(tick),
      .write_enable_i(write_credit_slot),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_CREDIT_SLOT_SLOT, CreditSlotBits)),
      .write_entry_i({
        `SPIKELOOM_FIELD(here_data, REG_SLOT_RX_VALID),
        `SPIKELOOM_LOW(here_data, REG_SLOT_RX, CounterBits)
      }),
      .entry_o({credit_rx_valid, credit_rx})
  );
  always_ff @(posedge clk_i) begin
    if (tick) begin
      rx_valid1_q <= rx_valid;
      rx_sink1_q <= rx_sink;
      rx_valid_q <= rx_valid1_q;
      rx_sink_q <= rx_sink1_q;
    end
  end

  // Source.
  localparam int unsigned QueueBits = MaskBits + ChunkIndexBits + ChannelBits + 2;
  logic sent, sent_sample_end, word_eos, word_other;
  logic [Applications-1:0] pop_sent, pop_wait, head_waits;
  logic [ChannelBits-1:0] sent_channel;
  logic [ChunkIndexBits-1:0] word_index;
  logic [MaskBits-1:0] word_mask;
  logic [Applications*QueueBits-1:0] heads, heads_sent;

  // A WAIT's sink stands where a chunk has its mask.
  assign word_eos = word_kind == spikeloom_pkg::KIND_EOS;
  assign word_other = word_eos ? `SPIKELOOM_FIELD(word, WORD_EOS_FINAL) :
                                 word_kind == spikeloom_pkg::KIND_WAIT;
  assign word_index = word_eos ? '0 : `SPIKELOOM_LOW(word, WORD_CHUNK_INDEX, ChunkIndexBits);
  assign word_mask = word_eos ?
      MaskBits'({
        `SPIKELOOM_FIELD(word, WORD_EOS_IS_VOID),
        `SPIKELOOM_FIELD(word, WORD_EOS_RUN_END),
        `SPIKELOOM_FIELD(word, WORD_EOS_SAMPLE_END)
      }) :
      `SPIKELOOM_FIELD(word, WORD_CHUNK_MASK);
  for (genvar a = 0; a < Applications; a++) begin : gen_queue
    ram_fifo #(
        .Width(QueueBits),
        .Depth(QueueWords)
    ) u_queue (
        .clk_i,
        .rst_i,
        .clear_i(clear),
        .in_valid_i(word_valid && word_data && word_of[a] && !ring_start_valid_q && !here_busy),
        .in_ready_o(queues_ready[a]),
        .in_data_i({
          word_eos,
          word_other,
          `SPIKELOOM_LOW(word, WORD_CHUNK_CHANNEL, ChannelBits),
          word_index,
          word_mask
        }),
        .out_valid_o(head_valid[a]),
        .out_ready_i(pop[a]),
        .out_data_o(heads[a*QueueBits+:QueueBits])
    );
  end
  host_source #(
      .Applications(Applications),
      .HostChannels(HostChannels),
      .HostCreditCounters(HostCreditCounters),
      .ChunkIndexBits(ChunkIndexBits)
  ) u_source (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i(en_o),
      .tick_i(tick),
      .write_channel_i(write_channel),
      .config_channel_i(`SPIKELOOM_LOW(offset, ADDRESS_CHANNEL_CHANNEL, ChannelBits)),
      .write_credit_i(write_credit),
      .config_counter_i(`SPIKELOOM_LOW(offset, ADDRESS_CREDIT_COUNTER, CounterBits)),
      .config_data_i(here_data),
      .start_i(arms),
      .go_i(go_q),
      .head_valid_i(head_valid),
      .head_i(heads_sent),
      .pop_o(pop_sent),
      .sent_o(sent),
      .sent_channel_o(sent_channel),
      .sent_sample_end_o(sent_sample_end),
      .final_o(final_sent),
      .ahead_valid_i(tx_valid),
      .ahead_channel_i(tx_channel),
      .flit_o(spike_o),
      .credit_i,
      .rx_counter_i(credit_rx)
  );

  // Waits: heads that are not sent but wait for a sink's end-of-step.
  logic [Applications*SinkBits-1:0] head_sinks;
  for (genvar a = 0; a < Applications; a++) begin : gen_head_waits
    assign head_waits[a] = head_valid[a] && heads[a*QueueBits+QueueBits-2+:2] == 2'b01;
    assign head_sinks[a*SinkBits+:SinkBits] = heads[a*QueueBits+:SinkBits];
  end
  host_waits #(
      .Applications(Applications),
      .WindowSinks (WindowSinks)
  ) u_waits (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i(en_o),
      .write_i(write_token),
      .config_sink_i(`SPIKELOOM_LOW(offset, ADDRESS_TOKEN_SINK, SinkBits)),
      .config_count_i(`SPIKELOOM_FIELD(here_data, REG_TOKEN_COUNT)),
      .arrival_i(spike_i[FlitBits-1] && spike_i[FlitBits-2] && !spike_i[1]),
      .arrival_sink_i(rx_sink_q),
      .go_i(go_q),
      .wait_i(head_waits),
      .sink_i(head_sinks),
      .pop_o(pop_wait)
  );

  // Exit.
  if (ExitWindow > 0) begin : gen_exit
    logic [Applications-1:0] head_ends, sample_ended, voids;
    for (genvar a = 0; a < Applications; a++) begin : gen_head_ends
      assign head_ends[a] = head_valid[a] && heads[a*QueueBits+QueueBits-1] && heads[a*QueueBits];
      always_comb begin
        heads_sent[a*QueueBits+:QueueBits] = heads[a*QueueBits+:QueueBits];
        if (voids[a]) heads_sent[a*QueueBits+2] = 1'b1;
      end
    end
    assign sample_ended = pop_sent & head_ends;
    host_exit #(
        .Applications(Applications),
        .ExitWindow(ExitWindow),
        .ExitSinks(ExitSinks),
        .HostChannels(HostChannels),
        .ChunkIndexBits(ChunkIndexBits)
    ) u_exit (
        .clk_i,
        .rst_i,
        .clear_i(clear),
        .write_i(here_write && block == spikeloom_pkg::ADDR_BLOCK_EXIT),
        .config_field_i(offset),
        .config_data_i(here_data),
        .flit_valid_i(en_o && spike_i[FlitBits-1] && !(spike_i[FlitBits-2] && spike_i[1])),
        .flit_end_i(spike_i[FlitBits-2]),
        .flit_index_i(spike_i[MaskBits+:ChunkIndexBits]),
        .flit_mask_i(spike_i[MaskBits-1:0]),
        .sink_i(rx_sink_q),
        .waited_i(pop_wait),
        .wait_sink_i(head_sinks),
        .head_valid_i(head_valid & go_q),
        .head_ends_i(head_ends),
        .ended_i(sample_ended),
        .ended_channel_i(sent_channel),
        .holds_o(exit_holds),
        .drops_o(exit_drops),
        .voids_o(voids)
    );
  end else begin : gen_no_exit
    assign heads_sent = heads;
    assign exit_holds = 1'b0;
    assign exit_drops = '0;
  end
  assign pop = pop_sent | pop_wait | exit_drops;

  // Words taken from the queues: with one application the host has nobody to hold up, and reads 0.
  logic [15:0] taken;
  logic in_taken;
  localparam int unsigned AppBits = spikeloom_pkg::WORD_CHUNK_APP_W;
  assign in_taken = offset >> AppBits == spikeloom_pkg::ADDR_NODE_TAKEN >> AppBits;
  if (Applications > 1) begin : gen_taken
    logic [16*Applications-1:0] taken_q;
    always_ff @(posedge clk_i) begin
      for (int a = 0; a < Applications; a++) begin
        if (pop[a]) taken_q[16*a+:16] <= taken_q[16*a+:16] + 16'd1;
        if (rst_i || clear || arms[a]) taken_q[16*a+:16] <= '0;
      end
    end
    always_comb begin
      taken = '0;
      for (int a = 0; a < Applications; a++)
        if (offset[AppBits-1:0] == AppBits'(a)) taken = taken_q[16*a+:16];
    end
  end else begin : gen_not_taken
    assign taken = '0;
  end
  assign credit_o = 1'b0;

  // Sink: flits and sent end-of-steps become words; answers come from the ring's end.
  logic sink_valid, sink_ready, sent_valid, sent_ready, answer_valid, join_ready, join_valid;
  logic [63:0] sink_in, sink_out, sent_in, sent_out, answer, join_data;

  always_comb begin
    sink_in = 'x;
    if (spike_i[FlitBits-1]) begin
      sink_in = '0;
      `SPIKELOOM_FIELD(sink_in, WORD_OUT_CHUNK_CHANNEL) = `SPIKELOOM_FIT(WORD_OUT_CHUNK_CHANNEL, rx_sink_q);
      if (spike_i[FlitBits-2]) begin
        `SPIKELOOM_FIELD(sink_in, WORD_RING_KIND) =
            spike_i[2] ? spikeloom_pkg::KIND_OUT_VOID : spikeloom_pkg::KIND_OUT_EOS;
        `SPIKELOOM_FIELD(sink_in, WORD_OUT_EOS_STAMP) = cycle_q;
        `SPIKELOOM_FIELD(sink_in, WORD_OUT_EOS_SAMPLE_END) = spike_i[0];
        `SPIKELOOM_FIELD(sink_in, WORD_OUT_EOS_RUN_END) = spike_i[1];
      end else begin
        `SPIKELOOM_FIELD(sink_in, WORD_RING_KIND) = spikeloom_pkg::KIND_OUT_CHUNK;
        `SPIKELOOM_FIELD(sink_in, WORD_OUT_CHUNK_INDEX) =
            `SPIKELOOM_FIT(WORD_OUT_CHUNK_INDEX, spike_i[MaskBits+:ChunkIndexBits]);
        `SPIKELOOM_FIELD(sink_in, WORD_OUT_CHUNK_MASK) = spike_i[MaskBits-1:0];
      end
    end
    sent_in = 'x;
    if (sent) begin
      sent_in = '0;
      `SPIKELOOM_FIELD(sent_in, WORD_RING_KIND) = spikeloom_pkg::KIND_OUT_SENT;
      `SPIKELOOM_FIELD(sent_in, WORD_OUT_EOS_STAMP) = cycle_next;
      `SPIKELOOM_FIELD(sent_in, WORD_OUT_EOS_SAMPLE_END) = sent_sample_end;
      `SPIKELOOM_FIELD(sent_in, WORD_OUT_EOS_CHANNEL) = `SPIKELOOM_FIT(WORD_OUT_EOS_CHANNEL, sent_channel);
    end
    // A read that no node took comes back with 0, so that no reader waits for ever.
    answer = ring_i;
    if (`SPIKELOOM_FIELD(ring_i, WORD_RING_KIND) == spikeloom_pkg::KIND_RING_READ) begin
      `SPIKELOOM_FIELD(answer, WORD_RING_KIND) = spikeloom_pkg::KIND_RING_ANSWER;
      `SPIKELOOM_FIELD(answer, WORD_RING_DATA) = '0;
    end
  end
  assign answer_valid =
      ring_valid_i && `SPIKELOOM_FIELD(ring_i, WORD_RING_KIND) != spikeloom_pkg::KIND_RING_WRITE;

  skid #(
      .Width(64)
  ) u_sink (
      .clk_i,
      .rst_i,
      .in_valid_i (en_o && spike_i[FlitBits-1]),
      .in_ready_o (sink_room),
      .in_data_i  (sink_in),
      .out_valid_o(sink_valid),
      .out_ready_i(sink_ready),
      .out_data_o (sink_out)
  );
  skid #(
      .Width(64)
  ) u_sent (
      .clk_i,
      .rst_i,
      .in_valid_i (sent),
      .in_ready_o (sent_room),
      .in_data_i  (sent_in),
      .out_valid_o(sent_valid),
      .out_ready_i(sent_ready),
      .out_data_o (sent_out)
  );

  // Room in the output: words in it and answers on their way together are at most its depth.
  localparam int unsigned RoomBits = $clog2(OutputWords + 1);
  logic [RoomBits-1:0] used_q;
  logic take_sink, take_sent, reserve, leave, has_room, has_two, output_ready;
  assign has_room = used_q < RoomBits'(OutputWords);
  assign has_two = used_q < RoomBits'(OutputWords - 1);
  assign join_ready = !answer_valid && has_room;
  assign sink_ready = join_ready;
  assign sent_ready = join_ready && !sink_valid;
  assign take_sink = sink_valid && sink_ready;
  assign take_sent = sent_valid && sent_ready;
  assign read_room = has_two;  // the join may take one in the same clock
  assign reserve = word_valid && word_read && read_room;
  assign leave = out_valid_o && out_ready_i;
  assign join_valid = answer_valid || take_sink || take_sent;
  always_comb begin
    join_data = 'x;
    if (sent_valid) join_data = sent_out;
    if (sink_valid) join_data = sink_out;
    if (answer_valid) join_data = answer;
  end
  always_ff @(posedge clk_i) begin
    used_q <= used_q + RoomBits'(reserve) + RoomBits'(take_sink || take_sent) - RoomBits'(leave);
    if (rst_i) used_q <= '0;
  end
  ram_fifo #(
      .Width(64),
      .Depth(OutputWords)
  ) u_output (
      .clk_i,
      .rst_i,
      .clear_i(1'b0),
      .in_valid_i(join_valid),
      .in_ready_o(output_ready),
      .in_data_i(join_data),
      .out_valid_o,
      .out_ready_i,
      .out_data_o
  );

  // Answers of this node: two clocks after the read.
  logic [31:0] answer_q;
  always_ff @(posedge clk_i) begin
    answer_q <= '0;
    if (here_read && block == spikeloom_pkg::ADDR_BLOCK_NODE) begin
      case (offset)
        spikeloom_pkg::ADDR_NODE_HARDWARE_HASH: answer_q <= spikeloom_pkg::HARDWARE_HASH;
        spikeloom_pkg::ADDR_NODE_CHIP_HASH: answer_q <= ChipHash;
        spikeloom_pkg::ADDR_NODE_STATUS: begin
          `SPIKELOOM_FIELD(answer_q, REG_HOST_STATUS_BUSY) <= (starting_q || prime_o || started_q) && !done_q;
          `SPIKELOOM_FIELD(answer_q, REG_HOST_STATUS_UNDER_WAY) <= started_q && !done_q;
          `SPIKELOOM_FIELD(answer_q, REG_HOST_STATUS_LIVE) <=
              `SPIKELOOM_FIT(REG_HOST_STATUS_LIVE, armed_q | live);
        end
        spikeloom_pkg::ADDR_NODE_CYCLE: answer_q <= cycle_q[31:0];
        spikeloom_pkg::ADDR_NODE_CYCLE + spikeloom_pkg::ADDR_NODE_HIGH: answer_q <= 32'(cycle_q[47:32]);
        spikeloom_pkg::ADDR_NODE_FROZEN: answer_q <= frozen_q[31:0];
        spikeloom_pkg::ADDR_NODE_FROZEN + spikeloom_pkg::ADDR_NODE_HIGH: answer_q <= 32'(frozen_q[47:32]);
        default: answer_q <= '0;
      endcase
      if (in_taken) answer_q <= 32'(taken);
    end
    here_answer <= answer_q;
  end

  `SPIKELOOM_CHECK(word_is_known, !word_valid || word_write || word_read || word_data)
  `SPIKELOOM_CHECK(application_is_known, !(word_valid && word_data) ||
                   32'(`SPIKELOOM_FIELD(word, WORD_CHUNK_APP)) < Applications)
  `SPIKELOOM_CHECK(void_step_ends_a_sample,
                   !(word_valid && word_eos && `SPIKELOOM_FIELD(word, WORD_EOS_IS_VOID)) ||
                   (`SPIKELOOM_FIELD(word, WORD_EOS_SAMPLE_END) && !`SPIKELOOM_FIELD(word, WORD_EOS_RUN_END)))
  `SPIKELOOM_CHECK(armed_applications_exist, !arm ||
                   (`SPIKELOOM_FIELD(here_data, REG_START_APPS) >> Applications) == '0)
  `SPIKELOOM_CHECK(one_start_at_a_time, arms == '0 || armed_q == '0)
  `SPIKELOOM_CHECK(no_start_of_a_live_application, (arms & live) == '0)
  `SPIKELOOM_CHECK(start_lies_ahead_on_a_turn_of_both_wheels, armed_q == '0 || start_is_known)
  `SPIKELOOM_CHECK(flit_has_a_sink, !(en_o && spike_i[FlitBits-1]) || rx_valid_q)
  `SPIKELOOM_CHECK(credit_has_a_slot, !(en_o && credit_i) || credit_rx_valid)
  `SPIKELOOM_CHECK(sink_word_fits, !(en_o && spike_i[FlitBits-1]) || sink_room)
  `SPIKELOOM_CHECK(sent_word_fits, !sent || sent_room)
  `SPIKELOOM_CHECK(output_word_fits, !join_valid || output_ready)
  `SPIKELOOM_CHECK(output_never_holds_more_than_its_depth, 32'(used_q) <= OutputWords)
  `SPIKELOOM_CHECK(frozen_when_idle, !idle_o || !(en_o || ring_valid_o || ring_valid_i))
endmodule

// The sending half of a network interface: output buffers and channels. docs/protocol.md, section 5.
//
// The core fills the buffer of context_i between start_i and fill_i: push_i appends (index, mask) to the list
// of page push_page_i of the firing, no back-pressure, and out_end_i ends list 0, list 1, and so on, each
// with its last push or later. List i begins at first_out + i * list_entries; lists may be filled in any
// order, none within i + 1 cycles of start_i. With FiringPages of 1 there is one list, and list_entries does
// not count. fill_i (te, with the last out_end_i) or retire_i (w) makes every channel of the context pending,
// visible in the next cycle. A channel sends its context's lists, an end-of-step after each, one flit in each
// of its slots, consecutive slots included.
//
//   ahead_*   channel of slot t + 2 in cycle t: the list is read one cycle before the decision, which is
//             taken one cycle before the slot
//   rx_*      counter of the credit on credit_i in this cycle
//   fill_void_i   with fill_i: the last list is a void step's
//   busy_o    a channel of context_i is pending
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module sender #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_Channels,
    `SPIKELOOM_PARAMETER_CreditCounters,
    `SPIKELOOM_PARAMETER_OutEntries,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    parameter int unsigned FiringPages = 1,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned ChannelBits = Channels > 1 ? $clog2(Channels) : 1,
    localparam int unsigned CounterBits = CreditCounters > 1 ? $clog2(CreditCounters) : 1
) (
    input  logic                      clk_i,
    input  logic                      rst_i,
    input  logic                      clear_i,
    input  logic                      en_i,
    input  logic                      tick_i,
    // configuration, host time
    input  logic                      write_tables_i,     // context_tables
    input  logic                      write_mode_i,       // context_mode
    input  logic                      write_channel_i,
    input  logic                      write_credit_i,
    input  logic [   ContextBits-1:0] config_context_i,
    input  logic [   ChannelBits-1:0] config_channel_i,
    input  logic [   CounterBits-1:0] config_counter_i,
    input  logic [              31:0] config_data_i,
    // sequencer and core
    input  logic [   ContextBits-1:0] context_i,
    input  logic                      start_i,
    input  logic                      push_i,
    input  logic [               4:0] push_page_i,
    input  logic [ChunkIndexBits-1:0] push_index_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] push_mask_i,
    input  logic                      out_end_i,
    input  logic                      fill_i,
    input  logic                      fill_sample_end_i,
    input  logic                      fill_void_i,
    input  logic                      retire_i,
    output logic                      busy_o,
    output logic                      pending_o,          // any channel
    // network
    input  logic                      ahead_valid_i,
    input  logic [   ChannelBits-1:0] ahead_channel_i,
    output logic [      FlitBits-1:0] flit_o,
    input  logic                      credit_i,
    input  logic [   CounterBits-1:0] rx_counter_i
);
  localparam int unsigned EntryBits = OutEntries > 1 ? $clog2(OutEntries) : 1;
  localparam int unsigned PointerBits = EntryBits + 1;  // one past the last entry is an end
  localparam int unsigned ListBits = ChunkIndexBits + spikeloom_pkg::CHUNK_BITS;

  // Tables.
  logic [PointerBits-1:0] first_out[0:Contexts-1];
  logic [ContextBits-1:0] channel_context_q[0:Channels-1];
  logic [Channels-1:0] channel_valid_q;
  always_ff @(posedge clk_i) begin
    if (write_tables_i)
      first_out[config_context_i] <=
          `SPIKELOOM_LOW(config_data_i, REG_CONTEXT_TABLES_FIRST_OUT, PointerBits);
    if (write_channel_i) begin
      channel_context_q[config_channel_i] <=
          `SPIKELOOM_LOW(config_data_i, REG_CHANNEL_CONTEXT, ContextBits);
      channel_valid_q[config_channel_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CHANNEL_VALID);
    end
    if (rst_i) channel_valid_q <= '0;
  end

  // State of channels and buffers.
  logic [Channels-1:0] pending_q, sending_q, mine;
  logic [PointerBits-1:0] pointer[0:Channels-1];  // next entry, while sending
  logic [Contexts-1:0] sample_end_q, run_end_q, void_q;
  logic [PointerBits-1:0] write_pointer, list_stop;  // where a push goes; where the list that ends stops

  for (genvar c = 0; c < Channels; c++) begin : gen_mine
    assign mine[c] = channel_valid_q[c] && channel_context_q[c] == context_i;
  end
  assign busy_o = (pending_q & mine) != '0;
  assign pending_o = pending_q != '0;

  // Decision for the slot of the next cycle.
  logic x_valid_q, may_start, send, is_end, is_last, starts;
  logic [ChannelBits-1:0] x_channel_q;
  logic [ContextBits-1:0] x_context_q;
  logic [PointerBits-1:0] x_pointer_q, x_pointer_next, x_end;
  logic [ListBits-1:0] x_entry;

  logic ask;
  assign ask = x_valid_q && pending_q[x_channel_q];
  always_comb begin
    send = 1'b0;
    starts = 1'b0;
    if (en_i && ask) begin
      send = sending_q[x_channel_q] || may_start;
      starts = send && !sending_q[x_channel_q];
    end
  end
  assign is_end = x_pointer_q == x_end;

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
      .channel_i(x_channel_q),
      .ask_i(ask),
      .may_start_o(may_start),
      .take_i(starts),
      .credit_i,
      .rx_counter_i
  );

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (send) begin
        sending_q[x_channel_q] <= !is_end;
        if (is_end && is_last) pending_q[x_channel_q] <= 1'b0;
      end
      if (fill_i || retire_i) begin
        for (int c = 0; c < Channels; c++) if (mine[c]) pending_q[c] <= 1'b1;
        sample_end_q[context_i] <= fill_i && fill_sample_end_i;
        run_end_q[context_i] <= retire_i;
        void_q[context_i] <= fill_i && fill_void_i;
      end
    end
    if (rst_i || clear_i) begin
      pending_q <= '0;
      sending_q <= '0;
    end
  end

  // Ends of the lists; midway: a channel has sent the first list of its firing.
  logic [Channels-1:0] midway;
  if (FiringPages > 1) begin : gen_lists
    localparam int unsigned StepBits = $clog2(FiringPages);
    logic [StepBits-1:0] fill_step_q, x_step, last_step[0:Contexts-1];
    logic [StepBits-1:0] step_q[0:Channels-1];
    logic [PointerBits-1:0] list_end[0:(Contexts<<StepBits)-1];
    // Where lists begin: written one after the other from start_i on. The next entry of each list that is
    // being filled, once it has one.
    localparam int unsigned Lists = 1 << StepBits;
    logic [PointerBits-1:0] list_entries[0:Contexts-1], list_first[0:Contexts*Lists-1];
    logic [PointerBits-1:0] next_entry[0:Lists-1];
    logic [PointerBits-1:0] first_q, push_first, ends_first, ends_at;
    logic [Lists-1:0] begun_q;
    logic [StepBits-1:0] push_step, first_step_q;
    logic firsts_q;  // list_first is being written
    always_ff @(posedge clk_i) begin
      if (write_mode_i)
        list_entries[config_context_i] <=
            `SPIKELOOM_LOW(config_data_i, REG_CONTEXT_MODE_LIST_ENTRIES, PointerBits);
      if (en_i) begin
        if (start_i) begin
          first_step_q <= '0;
          first_q <= first_out[context_i];
          begun_q <= '0;
        end else begin
          first_step_q <= first_step_q + StepBits'(1);
          first_q <= first_q + list_entries[context_i];
          if (push_i) begun_q <= begun_q | (Lists'(1) << push_step);
        end
      end
    end
    always_ff @(posedge clk_i) begin
      if (en_i) firsts_q <= start_i || (firsts_q && first_step_q != '1 && !fill_i);
      if (rst_i || clear_i) firsts_q <= 1'b0;
    end
    always_ff @(posedge clk_i) if (en_i && firsts_q) list_first[{context_i, first_step_q}] <= first_q;
    always_ff @(posedge clk_i) if (en_i && push_i) next_entry[push_step] <= write_pointer + PointerBits'(1);
    logic unused_page;
    assign unused_page = ^push_page_i;
    assign push_step = push_page_i[StepBits-1:0];
    assign push_first = list_first[{context_i, push_step}];
    assign write_pointer = begun_q[push_step] ? next_entry[push_step] : push_first;
    assign ends_first = list_first[{context_i, fill_step_q}];
    always_comb begin
      ends_at = begun_q[fill_step_q] ? next_entry[fill_step_q] : ends_first;
      if (push_i && push_step == fill_step_q) ends_at = write_pointer + PointerBits'(1);
      list_stop = retire_i ? first_out[context_i] : ends_at;
    end
    always_ff @(posedge clk_i) begin
      if (en_i && (out_end_i || retire_i))
        list_end[{context_i, retire_i ? StepBits'(0) : fill_step_q}] <= list_stop;
      if (en_i && (fill_i || retire_i)) last_step[context_i] <= retire_i ? StepBits'(0) : fill_step_q;
      if (en_i && start_i) fill_step_q <= '0;
      else if (en_i && out_end_i) fill_step_q <= fill_step_q + StepBits'(1);
    end
    assign x_step = step_q[x_channel_q];
    assign x_end = list_end[{x_context_q, x_step}];
    assign is_last = x_step == last_step[x_context_q];
    assign x_pointer_next =
        is_end ? list_first[{x_context_q, x_step + StepBits'(1)}] : x_pointer_q + PointerBits'(1);
    for (genvar c = 0; c < Channels; c++) begin : gen_midway
      assign midway[c] = step_q[c] != '0;
    end
    always_ff @(posedge clk_i) begin
      if (send && is_end) step_q[x_channel_q] <= is_last ? '0 : x_step + StepBits'(1);
      if (rst_i || clear_i) for (int c = 0; c < Channels; c++) step_q[c] <= '0;
    end
    `SPIKELOOM_CHECK(midway_is_pending, (midway & ~pending_q) == '0)
    // What the compiler and the core guarantee: a list has begun when it is filled, keeps to its entries, and
    // gets nothing when it has ended.
    `SPIKELOOM_CHECK(list_has_begun, !(en_i && push_i) || !firsts_q || push_step < first_step_q)
    `SPIKELOOM_CHECK(ended_list_has_begun, !(en_i && out_end_i) || !firsts_q || fill_step_q < first_step_q)
    `SPIKELOOM_CHECK(list_keeps_to_its_entries, !(en_i && push_i) ||
                                                write_pointer - push_first < list_entries[context_i])
    `SPIKELOOM_CHECK(list_has_not_ended, !(en_i && push_i) || push_step >= fill_step_q)
  end else begin : gen_list
    logic [PointerBits-1:0] write_pointer_q, fill_end, list_end[0:Contexts-1];
    logic unused_page;
    assign unused_page = ^{push_page_i, write_mode_i};
    assign write_pointer = write_pointer_q;
    assign fill_end = write_pointer_q + PointerBits'(push_i);
    assign list_stop = out_end_i ? fill_end : first_out[context_i];
    always_ff @(posedge clk_i) begin
      if (en_i && start_i) write_pointer_q <= first_out[context_i];
      else if (en_i && push_i) write_pointer_q <= fill_end;
    end
    always_ff @(posedge clk_i) if (en_i && (out_end_i || retire_i)) list_end[context_i] <= list_stop;
    assign x_end = list_end[x_context_q];
    assign is_last = 1'b1;
    assign x_pointer_next = x_pointer_q + PointerBits'(1);
    assign midway = '0;
  end

  always_ff @(posedge clk_i) if (send) pointer[x_channel_q] <= x_pointer_next;

  // One cycle before the decision: where the channel of the slot after next stands.
  logic [ContextBits-1:0] y_context;
  logic [PointerBits-1:0] y_pointer;
  logic y_clash, pushed_q;
  logic [ListBits-1:0] x_read, last_push_q;
  assign y_context = channel_context_q[ahead_channel_i];
  always_comb begin
    if (send && ahead_channel_i == x_channel_q) y_pointer = x_pointer_next;
    else if (sending_q[ahead_channel_i] || midway[ahead_channel_i]) y_pointer = pointer[ahead_channel_i];
    else y_pointer = first_out[y_context];
  end
  always_ff @(posedge clk_i) begin
    if (tick_i) begin
      x_valid_q <= ahead_valid_i;
      x_channel_q <= ahead_channel_i;
      x_context_q <= y_context;
      x_pointer_q <= y_pointer;
    end
    if (rst_i || clear_i) x_valid_q <= 1'b0;
  end

  // A list of one entry may get it in te and be asked for it in te + 1: then it goes round the RAM.
  assign y_clash = en_i && push_i && write_pointer == y_pointer;
  always_ff @(posedge clk_i) begin
    if (tick_i) pushed_q <= y_clash;
    if (en_i && push_i) last_push_q <= {push_index_i, push_mask_i};
  end
  assign x_entry = pushed_q ? last_push_q : x_read;
  ram_sdp #(
      .Width(ListBits),
      .Depth(1 << EntryBits)
  ) u_list (
      .clk_i,
      .rst_i,
      .write_enable_i (en_i && push_i),
      .write_address_i(write_pointer[EntryBits-1:0]),
      .write_data_i   ({push_index_i, push_mask_i}),
      .read_enable_i  (tick_i && ahead_valid_i && !y_clash),
      .read_address_i (y_pointer[EntryBits-1:0]),
      .read_data_o    (x_read)
  );

  logic flit_valid_q;
  logic [FlitBits-2:0] flit_q;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      flit_valid_q <= send;
      if (send) begin
        flit_q <= {is_end, x_entry};
        if (is_end)
          flit_q[2:0] <= {
            void_q[x_context_q] && is_last, run_end_q[x_context_q], sample_end_q[x_context_q] && is_last
          };
      end
    end
    if (rst_i || clear_i) flit_valid_q <= 1'b0;
  end
  assign flit_o = {flit_valid_q, flit_q};

  `SPIKELOOM_CHECK(list_holds, !(en_i && push_i) || 32'(write_pointer) < OutEntries)
  `SPIKELOOM_CHECK(fill_finds_the_buffer_free, !(en_i && (fill_i || retire_i)) || !busy_o)
  `SPIKELOOM_CHECK(sending_is_pending, (sending_q & ~pending_q) == '0)
endmodule

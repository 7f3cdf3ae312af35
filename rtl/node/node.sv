// A tile: spike router, credit router, network interface, sequencer, core, ring stop.
// docs/protocol.md, sections 2 to 5. Holds no state of its own but what the ring writes and reads.
//
// Network ports are flat, as the routers' without the local one: north, east, south, west.
// en_i gates target time; rewind_i and prime_i prepare the wheels before cycle 0 (wheel_table.sv).
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module node #(
    `SPIKELOOM_NODE_PARAMETERS,
    parameter int unsigned FiringPages = 0,
    parameter int unsigned Looks = 0,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2
) (
    input  logic                  clk_i,
    input  logic                  rst_i,
    input  logic                  en_i,
    input  logic                  rewind_i,
    input  logic                  prime_i,
    input  logic [spikeloom_pkg::WORD_RING_NODE_W-1:0] node_i,  // constant
    input  logic [Applications-1:0] go_i,          // applications that go
    output logic                  active_o,
    output logic                  works_o,        // the sequencer, or a flit or credit leaves
    input  logic                  ring_valid_i,
    input  logic [          63:0] ring_i,
    output logic                  ring_valid_o,
    output logic [          63:0] ring_o,
    input  logic [4*FlitBits-1:0] spike_i,
    output logic [4*FlitBits-1:0] spike_o,
    input  logic [           3:0] credit_i,
    output logic [           3:0] credit_o
);
  // Pages a firing, and whether the core looks at chunks or walks through them: the core's, unless a test
  // bench with a core of its own says otherwise.
  localparam int unsigned BatchPages = FiringPages != 0 ? FiringPages : `SPIKELOOM_FIRING_PAGES;
  localparam int unsigned Streams = `SPIKELOOM_STREAMS;  // the spike network may write weights
  localparam int unsigned CoreLooks = Looks != 0 ? 1 : `SPIKELOOM_LOOKS;
  localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1;
  localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1;
  localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1;
  localparam int unsigned LimitBits = $clog2(PageChunks + 1);
  // Blocks that pages are made of; 0: they are flat.
  localparam int unsigned LongestPage =
      (PageChunks + spikeloom_pkg::PAGE_BLOCK_CHUNKS - 1) / spikeloom_pkg::PAGE_BLOCK_CHUNKS;
  localparam int unsigned Blocks = PageBlocks > 0 ? PageBlocks :
      PageChunks > spikeloom_pkg::LIMIT_FLAT_PAGE_CHUNKS ? PageRows * LongestPage : 0;
`ifdef SPIKELOOM_PAGE_DELAY
  localparam int unsigned PageDelay = Blocks > 0 ? 2 : 0;  // of the cores that look
`endif
  localparam int unsigned DeliveryBits = Deliveries > 1 ? $clog2(Deliveries) : 1;
  localparam int unsigned ChannelBits = Channels > 1 ? $clog2(Channels) : 1;
  localparam int unsigned CounterBits = CreditCounters > 1 ? $clog2(CreditCounters) : 1;
  localparam int unsigned OrderBits = OrderEntries > 1 ? $clog2(OrderEntries) : 1;
  localparam int unsigned RouteBits = 5 * spikeloom_pkg::REG_ROUTE_LOCAL_W;  // as in router.sv
  localparam int unsigned SpikeSlotBits = $clog2(SpikeWheel);
  localparam int unsigned CreditSlotBits = $clog2(CreditWheel);

  `SPIKELOOM_CHECK_NOC_PARAMETERS
  `SPIKELOOM_CHECK_NODE_PARAMETERS

  // Ring stop and address decode.
  logic ring_write, ring_read;
  logic [spikeloom_pkg::ADDRESS_WIDTH-1:0] ring_address;
  logic [31:0] ring_data, ring_answer;
  logic [spikeloom_pkg::ADDRESS_BLOCK_W-1:0] block;
  logic [spikeloom_pkg::ADDRESS_OFFSET_W-1:0] offset;
  logic [spikeloom_pkg::ADDRESS_CONTEXT_FIELD_W-1:0] context_field;  // of a context's address
  logic write_node, write_context, write_delivery_page, write_delivery_range, write_channel, write_credit;
  logic write_delivery_weights;
  logic write_spike_slot, write_credit_slot, write_spike_route, write_credit_route, write_order, write_eos;
  logic write_memory, read_memory, write_pages, write_tables, write_mode, write_first_block;

  ring_stop u_ring (
      .clk_i,
      .rst_i,
      .node_i,
      .ring_valid_i,
      .ring_i,
      .ring_valid_o,
      .ring_o,
      .write_o(ring_write),
      .read_o(ring_read),
      .address_o(ring_address),
      .data_o(ring_data),
      .answer_i(ring_answer)
  );
  assign block = `SPIKELOOM_FIELD(ring_address, ADDRESS_BLOCK);
  assign offset = `SPIKELOOM_FIELD(ring_address, ADDRESS_OFFSET);
  assign context_field = `SPIKELOOM_FIELD(offset, ADDRESS_CONTEXT_FIELD);
  always_comb begin
    {write_node, write_context, write_delivery_page, write_delivery_range, write_channel, write_credit} = '0;
    {write_spike_slot, write_credit_slot, write_spike_route, write_credit_route, write_order, write_eos} = '0;
    {write_memory, write_pages, write_tables, write_mode, write_first_block} = '0;
    write_delivery_weights = 1'b0;
    if (ring_write) begin
      write_node = block == spikeloom_pkg::ADDR_BLOCK_NODE;
      write_context = block == spikeloom_pkg::ADDR_BLOCK_CONTEXT;
      write_pages = write_context && context_field == spikeloom_pkg::ADDR_CONTEXT_PAGES;
      write_tables = write_context && context_field == spikeloom_pkg::ADDR_CONTEXT_TABLES;
      write_mode = write_context && context_field == spikeloom_pkg::ADDR_CONTEXT_MODE;
      write_delivery_page = block == spikeloom_pkg::ADDR_BLOCK_DELIVERY &&
          `SPIKELOOM_FIELD(offset, ADDRESS_DELIVERY_FIELD) == spikeloom_pkg::ADDR_DELIVERY_PAGE;
      write_delivery_range = block == spikeloom_pkg::ADDR_BLOCK_DELIVERY &&
          `SPIKELOOM_FIELD(offset, ADDRESS_DELIVERY_FIELD) == spikeloom_pkg::ADDR_DELIVERY_RANGE;
      write_delivery_weights = block == spikeloom_pkg::ADDR_BLOCK_DELIVERY &&
          `SPIKELOOM_FIELD(offset, ADDRESS_DELIVERY_FIELD) == spikeloom_pkg::ADDR_DELIVERY_WEIGHTS;
      write_channel = block == spikeloom_pkg::ADDR_BLOCK_CHANNEL;
      write_credit = block == spikeloom_pkg::ADDR_BLOCK_CREDIT;
      write_spike_slot = block == spikeloom_pkg::ADDR_BLOCK_SPIKE_SLOT;
      write_credit_slot = block == spikeloom_pkg::ADDR_BLOCK_CREDIT_SLOT;
      write_spike_route = block == spikeloom_pkg::ADDR_BLOCK_SPIKE_ROUTE;
      write_credit_route = block == spikeloom_pkg::ADDR_BLOCK_CREDIT_ROUTE;
      write_order = block == spikeloom_pkg::ADDR_BLOCK_ORDER;
      write_eos = block == spikeloom_pkg::ADDR_BLOCK_EOS;
      write_first_block = block == spikeloom_pkg::ADDR_BLOCK_PAGE;
      write_memory = block == spikeloom_pkg::ADDR_BLOCK_MEMORY;
    end
  end
  assign read_memory = ring_read && block == spikeloom_pkg::ADDR_BLOCK_MEMORY;

  // Control.
  logic write_control, clear, clear_routers, run_q, run, tick;
  assign write_control = write_node && offset == spikeloom_pkg::ADDR_NODE_CONTROL;
  assign clear = write_control && `SPIKELOOM_FIELD(ring_data, REG_CONTROL_CLEAR);
  assign clear_routers = clear && `SPIKELOOM_FIELD(ring_data, REG_CONTROL_ROUTERS);
  assign tick = en_i || prime_i;
  always_ff @(posedge clk_i) begin
    if (write_control) run_q <= `SPIKELOOM_FIELD(ring_data, REG_CONTROL_RUN);
    if (rst_i) run_q <= 1'b0;
  end
  if (Applications > 1) begin : gen_application
    localparam int unsigned NumberBits = $clog2(Applications);
    logic [NumberBits-1:0] application_q;
    always_ff @(posedge clk_i) begin
      if (write_control) application_q <= `SPIKELOOM_LOW(ring_data, REG_CONTROL_APP, NumberBits);
    end
    always_comb begin
      run = 1'b0;
      for (int a = 0; a < Applications; a++) if (application_q == NumberBits'(a)) run = run_q && go_i[a];
    end
  end else begin : gen_one_application
    assign run = run_q && go_i[0];
  end

  // Memory window.
  logic [spikeloom_pkg::REG_MEMORY_ADDRESS_WORD_W-1:0] word_q;
  logic [spikeloom_pkg::REG_MEMORY_ADDRESS_MEMORY_W-1:0] memory_q;
  localparam int unsigned PartBits = 8;  // of the core's ports
  logic [PartBits-1:0] part_q, core_parts, stream_part;
  logic stream_write, stream_credit_slot, stream_credit, page_credit;  // of the stream of weights
  logic [spikeloom_pkg::REG_MEMORY_ADDRESS_WORD_W-1:0] stream_word;
  logic [31:0] stream_data, stream_words;
  logic core_write;
  logic [31:0] core_data;
  assign core_write = write_memory && offset == spikeloom_pkg::ADDR_MEMORY_DATA;
  always_ff @(posedge clk_i) begin
    if (core_write) begin
      part_q <= part_q + PartBits'(1);
      if (part_q + PartBits'(1) == core_parts) begin
        part_q <= '0;
        word_q <= word_q + 1'b1;
      end
    end
    if (write_memory && offset == spikeloom_pkg::ADDR_MEMORY_ADDRESS) begin
      word_q <= `SPIKELOOM_FIELD(ring_data, REG_MEMORY_ADDRESS_WORD);
      memory_q <= `SPIKELOOM_FIELD(ring_data, REG_MEMORY_ADDRESS_MEMORY);
      part_q <= '0;
    end
  end

  // Wheels.
  localparam int unsigned SpikeSlotWidth = ChannelBits + DeliveryBits + 2;
  localparam int unsigned CreditSlotWidth = DeliveryBits + CounterBits + 2;
  logic spike_tx_valid, spike_rx_valid, credit_tx_valid, credit_rx_valid, credit_rx_valid_q;
  logic [ChannelBits-1:0] spike_tx;
  logic [DeliveryBits-1:0] spike_rx, credit_tx;
  logic [CounterBits-1:0] credit_rx, credit_rx_q;

  wheel_table #(
      .Width(SpikeSlotWidth),
      .Wheel(SpikeWheel),
      .Ahead(2)
  ) u_spike_slots (
      .clk_i,
      .rst_i,
      .rewind_i,
      .tick_i(tick),
      .write_enable_i(write_spike_slot),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_SPIKE_SLOT_SLOT, SpikeSlotBits)),
      .write_entry_i({
        `SPIKELOOM_FIELD(ring_data, REG_SLOT_TX_VALID),
        `SPIKELOOM_LOW(ring_data, REG_SLOT_TX, ChannelBits),
        `SPIKELOOM_FIELD(ring_data, REG_SLOT_RX_VALID),
        `SPIKELOOM_LOW(ring_data, REG_SLOT_RX, DeliveryBits)
      }),
      .entry_o({spike_tx_valid, spike_tx, spike_rx_valid, spike_rx})
  );
  wheel_table #(
      .Width(CreditSlotWidth),
      .Wheel(CreditWheel),
      .Ahead(1)
  ) u_credit_slots (
      .clk_i,
      .rst_i,
      .rewind_i,
      .tick_i(tick),
      .write_enable_i(write_credit_slot),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_CREDIT_SLOT_SLOT, CreditSlotBits)),
      .write_entry_i({
        `SPIKELOOM_FIELD(ring_data, REG_SLOT_TX_VALID),
        `SPIKELOOM_LOW(ring_data, REG_SLOT_TX, DeliveryBits),
        `SPIKELOOM_FIELD(ring_data, REG_SLOT_RX_VALID),
        `SPIKELOOM_LOW(ring_data, REG_SLOT_RX, CounterBits)
      }),
      .entry_o({credit_tx_valid, credit_tx, credit_rx_valid, credit_rx})
  );
  // Before the first priming tick the tables' outputs are what power-up left.
  logic primed_q;
  always_ff @(posedge clk_i) begin
    if (rst_i || rewind_i) primed_q <= 1'b0;
    else if (tick) primed_q <= 1'b1;
  end
  always_ff @(posedge clk_i) begin
    if (tick) begin
      credit_rx_valid_q <= credit_rx_valid;
      credit_rx_q <= credit_rx;
    end
  end

  // Routers; port order north, east, south, west, local.
  logic [FlitBits-1:0] local_tx, local_rx;
  logic credit_local_tx, credit_local_rx;
  router #(
      .Width(FlitBits),
      .Wheel(SpikeWheel)
  ) u_spike_router (
      .clk_i,
      .rst_i,
      .clear_i(clear_routers),
      .en_i,
      .rewind_i,
      .tick_i(tick),
      .write_enable_i(write_spike_route),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_SPIKE_ROUTE_SLOT, SpikeSlotBits)),
      .write_route_i(ring_data[RouteBits-1:0]),
      .in_i({local_tx, spike_i}),
      .out_o({local_rx, spike_o})
  );
  router #(
      .Width(1),
      .Wheel(CreditWheel)
  ) u_credit_router (
      .clk_i,
      .rst_i,
      .clear_i(clear_routers),
      .en_i,
      .rewind_i,
      .tick_i(tick),
      .write_enable_i(write_credit_route),
      .write_slot_i(`SPIKELOOM_LOW(offset, ADDRESS_CREDIT_ROUTE_SLOT, CreditSlotBits)),
      .write_route_i(ring_data[RouteBits-1:0]),
      .in_i({credit_local_tx, credit_i}),
      .out_o({credit_local_rx, credit_o})
  );

  // Network interface, sequencer, core.
  logic [RowBits-1:0] row, scan_row;
  logic [spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_W-1:0] eos_count;
  logic row_sample_end, row_run_end, scan, load, fire, retire, fire_first, fire_last, free, out_end, done;
  logic row_void, start, void_step, core_free, core_out_end, core_done;
  logic [spikeloom_pkg::REG_CONTEXT_PAGES_ROWS_W-1:0] fire_pages;
  logic [LimitBits-1:0] fire_limit;
  logic page_start, page_any, page_take, page_again;
  logic [ChunkBits-1:0] page_chunk;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask, push_mask;
  logic [ContextBits-1:0] context_now;
  logic [15:0] context_chunk, context_update, context_updates, context_state, context_bias;
  logic context_readout, context_last_only, sample_end, integrating, firing;
  logic wait_input, wait_output, contexts_active, contexts_work, output_busy, pending, push, count_word;
  logic [ChunkIndexBits-1:0] push_index;
  logic look, look_valid;
  logic [4:0] look_page, push_page;
  logic [11:0] look_chunk;
  logic [RowBits-1:0] look_row;
  logic [LimitBits-1:0] look_limit;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask;

  receiver #(
      .Contexts(Contexts),
      .PageRows(PageRows),
      .PageChunks(PageChunks),
      .Blocks(Blocks),
      .Looks(CoreLooks),
      .Deliveries(Deliveries),
      .ChunkIndexBits(ChunkIndexBits)
  ) u_receiver (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i,
      .tick_i(tick),
      .write_pages_i(write_pages),
      .write_delivery_page_i(write_delivery_page),
      .write_delivery_range_i(write_delivery_range),
      .write_eos_i(write_eos),
      .write_first_block_i(write_first_block),
      .config_context_i(`SPIKELOOM_LOW(offset, ADDRESS_CONTEXT_CONTEXT, ContextBits)),
      .config_delivery_i(`SPIKELOOM_LOW(offset, ADDRESS_DELIVERY_DELIVERY, DeliveryBits)),
      // EOS and PAGE number rows alike.
      .config_row_i(`SPIKELOOM_LOW(offset, ADDRESS_EOS_ROW, RowBits)),
      .config_data_i(ring_data),
      .ahead_valid_i(spike_rx_valid && primed_q),
      .ahead_delivery_i(spike_rx),
      .flit_i(local_rx),
      .row_i(row),
      .count_o(eos_count),
      .sample_end_o(row_sample_end),
      .run_end_o(row_run_end),
      .void_o(row_void),
      .scan_i(scan),
      .scan_row_i(scan_row),
      .load_i(load),
      .limit_i(fire_limit),
      .free_i(free),
      .reading_i(integrating),
      .page_start_o(page_start),
      .page_any_o(page_any),
      .page_chunk_o(page_chunk),
      .page_mask_o(page_mask),
      .page_take_i(page_take),
      .page_again_i(page_again),
      .look_i(look),
      .look_row_i(look_row),
      .look_chunk_i(look_chunk),
      .look_limit_i(look_limit),
      .look_valid_o(look_valid),
      .look_mask_o(look_mask)
  );

  credit_sender #(
      .Contexts(Contexts),
      .Deliveries(Deliveries)
  ) u_credit_sender (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i,
      .write_delivery_page_i(write_delivery_page),
      .config_delivery_i(`SPIKELOOM_LOW(offset, ADDRESS_DELIVERY_DELIVERY, DeliveryBits)),
      .config_context_i(`SPIKELOOM_LOW(ring_data, REG_DELIVERY_PAGE_CONTEXT, ContextBits)),
      .free_i(free),
      .context_i(context_now),
      .tx_valid_i(credit_tx_valid && !stream_credit_slot),
      .tx_delivery_i(credit_tx),
      .credit_o(page_credit)
  );
  assign credit_local_tx = page_credit || stream_credit;

  // Weights that come over the spike network.
  if (Streams != 0) begin : gen_stream
    weight_stream #(
        .Contexts(Contexts),
        .Deliveries(Deliveries),
        .ChunkIndexBits(ChunkIndexBits)
    ) u_stream (
        .clk_i,
        .rst_i,
        .clear_i(clear),
        .en_i,
        .tick_i(tick),
        .write_i(write_delivery_weights),
        .config_delivery_i(`SPIKELOOM_LOW(offset, ADDRESS_DELIVERY_DELIVERY, DeliveryBits)),
        .config_data_i(ring_data),
        .ahead_valid_i(spike_rx_valid && primed_q),
        .ahead_delivery_i(spike_rx),
        .flit_i(local_rx),
        .done_i(done || retire),
        .context_i(context_now),
        .tx_valid_i(credit_tx_valid),
        .tx_delivery_i(credit_tx),
        .tx_mine_o(stream_credit_slot),
        .credit_o(stream_credit),
        .parts_i(core_parts),
        .write_o(stream_write),
        .word_o(stream_word),
        .part_o(stream_part),
        .data_o(stream_data),
        .words_o(stream_words)
    );
  end else begin : gen_no_stream
    logic unused_stream;
    assign unused_stream = write_delivery_weights;
    assign {stream_credit_slot, stream_credit, stream_write} = '0;
    assign stream_word = '0;
    assign stream_part = '0;
    assign stream_data = '0;
    assign stream_words = '0;
  end

  sender #(
      .Contexts(Contexts),
      .Channels(Channels),
      .CreditCounters(CreditCounters),
      .OutEntries(OutEntries),
      .ChunkIndexBits(ChunkIndexBits),
      .FiringPages(BatchPages)
  ) u_sender (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i,
      .tick_i(tick),
      .write_tables_i(write_tables),
      .write_mode_i(write_mode),
      .write_channel_i(write_channel),
      .write_credit_i(write_credit),
      .config_context_i(`SPIKELOOM_LOW(offset, ADDRESS_CONTEXT_CONTEXT, ContextBits)),
      .config_channel_i(`SPIKELOOM_LOW(offset, ADDRESS_CHANNEL_CHANNEL, ChannelBits)),
      .config_counter_i(`SPIKELOOM_LOW(offset, ADDRESS_CREDIT_COUNTER, CounterBits)),
      .config_data_i(ring_data),
      .context_i(context_now),
      .start_i(start),
      .push_i(push),
      .push_page_i(push_page),
      .push_index_i(push_index),
      .push_mask_i(push_mask),
      .out_end_i(out_end),
      .fill_i(done),
      .fill_sample_end_i(sample_end),
      .fill_void_i(void_step),
      .retire_i(retire),
      .busy_o(output_busy),
      .pending_o(pending),
      .ahead_valid_i(spike_tx_valid),
      .ahead_channel_i(spike_tx),
      .flit_o(local_tx),
      .credit_i(credit_local_rx),
      .rx_counter_i(credit_rx_q)
  );

  sequencer #(
      .Contexts(Contexts),
      .PageRows(PageRows),
      .PageChunks(PageChunks),
      .OrderEntries(OrderEntries),
      .FiringPages(BatchPages),
      .Looks(CoreLooks)
  ) u_sequencer (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i,
      .run_i(run),
      .write_context_i(write_context),
      .config_context_i(`SPIKELOOM_LOW(offset, ADDRESS_CONTEXT_CONTEXT, ContextBits)),
      .config_field_i(context_field),
      .write_order_i(write_order),
      .config_position_i(`SPIKELOOM_LOW(offset, ADDRESS_ORDER_POSITION, OrderBits)),
      .write_order_length_i(write_node && offset == spikeloom_pkg::ADDR_NODE_ORDER_LENGTH),
      .config_data_i(ring_data),
      .row_o(row),
      .count_i(eos_count),
      .sample_end_i(row_sample_end),
      .run_end_i(row_run_end),
      .void_i(row_void),
      .output_busy_i(output_busy),
      .scan_o(scan),
      .scan_row_o(scan_row),
      .load_o(load),
      .look_page_i(look_page),
      .look_row_o(look_row),
      .look_limit_o(look_limit),
      .retire_o(retire),
      .start_o(start),
      .void_o(void_step),
      .free_o(free),
      .out_end_o(out_end),
      .done_o(done),
      .fire_o(fire),
      .fire_pages_o(fire_pages),
      .fire_first_o(fire_first),
      .fire_last_o(fire_last),
      .fire_limit_o(fire_limit),
      .context_o(context_now),
      .context_chunk_o(context_chunk),
      .context_update_o(context_update),
      .context_updates_o(context_updates),
      .context_state_o(context_state),
      .context_bias_o(context_bias),
      .context_readout_o(context_readout),
      .context_last_only_o(context_last_only),
      .sample_end_o(sample_end),
      .integrating_o(integrating),
      .firing_o(firing),
      .free_i(core_free),
      .out_end_i(core_out_end),
      .done_i(core_done),
      .wait_input_o(wait_input),
      .wait_output_o(wait_output),
      .active_o(contexts_active),
      .works_o(contexts_work)
  );

  core #(
      `SPIKELOOM_PASS_CORE_PARAMETERS
  ) u_core (
      .clk_i,
      .rst_i(rst_i || clear),
      .en_i,
      .fire_i(fire),
      .fire_pages_i(fire_pages),
      .fire_first_i(fire_first),
      .fire_last_i(fire_last),
      .ctx_chunk_i(context_chunk),
      .ctx_update_i(context_update),
      .ctx_updates_i(context_updates),
      .ctx_state_i(context_state),
      .ctx_bias_i(context_bias),
      .ctx_readout_i(context_readout),
      .ctx_last_only_i(context_last_only),
      .page_start_i(page_start),
      .page_any_i(page_any),
      .page_chunk_i(12'(page_chunk)),
      .page_mask_i(page_mask),
      .page_take_o(page_take),
      .page_again_o(page_again),
      .look_o(look),
      .look_page_o(look_page),
      .look_chunk_o(look_chunk),
      .look_valid_i(look_valid),
      .look_mask_i(look_mask),
      .free_o(core_free),
      .out_push_o(push),
      .out_page_o(push_page),
      .out_index_o(push_index),
      .out_mask_o(push_mask),
      .out_end_o(core_out_end),
      .done_o(core_done),
      .count_word_o(count_word),
      // The ring writes while target time stands still, the stream while it runs.
      .cfg_we_i(core_write || stream_write),
      .cfg_re_i(read_memory),
      .cfg_memory_i(stream_write ? `SPIKELOOM_STREAM_MEMORY : memory_q),
      .cfg_word_i(stream_write ? stream_word : word_q),
      .cfg_part_i(stream_write ? stream_part :
                  core_write ? part_q : `SPIKELOOM_LOW(offset, ADDRESS_MEMORY_PART, PartBits)),
      .cfg_data_i(stream_write ? stream_data : ring_data),
      .cfg_parts_o(core_parts),
      .cfg_data_o(core_data)
  );

  // Activity: registered, seen by the host one cycle later.
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      active_o <= contexts_active || pending;
      works_o <= contexts_work || local_tx[FlitBits-1] || credit_local_tx;
    end
    if (rst_i || clear) begin
      active_o <= 1'b0;
      works_o <= 1'b0;
    end
  end

  // Counters.
  logic checked, broken, broken_seen_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] push_bits_q;
  logic push_counts_q;
  logic [4:0] push_spikes;
  logic [7:0] events;
  logic [31:0] counter_data;
  contract u_contract (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .en_i,
      .write_rho_i(write_node && offset == spikeloom_pkg::ADDR_NODE_CONTRACT_RHO),
      .write_sigma_i(write_node && offset == spikeloom_pkg::ADDR_NODE_CONTRACT_SIGMA),
      .config_data_i(ring_data),
      .firing_i(firing),
      .done_i(done),
      .checked_o(checked),
      .broken_o(broken)
  );
  always_ff @(posedge clk_i) begin
    if (broken) broken_seen_q <= 1'b1;
    if (rst_i || clear) broken_seen_q <= 1'b0;
  end
  // Spikes are those that a spiking context emits.
  always_ff @(posedge clk_i) begin
    if (push) push_bits_q <= push_mask;
    push_counts_q <= en_i && push && !context_readout && !clear && !rst_i;
  end
  always_comb begin
    push_spikes = 5'd0;
    if (push_counts_q)
      for (int b = 0; b < spikeloom_pkg::CHUNK_BITS; b++) push_spikes = push_spikes + 5'(push_bits_q[b]);
  end
  assign events = {
    checked && !broken && !broken_seen_q,
    broken,
    en_i && count_word,
    1'b0,
    wait_output,
    wait_input,
    en_i && firing,
    start
  };
  event_counters #(
      .Wide(32'(spikeloom_pkg::ADDR_NODE_SPIKES) - 32'(spikeloom_pkg::ADDR_NODE_FIRINGS))
  ) u_counters (
      .clk_i,
      .rst_i,
      .clear_i(clear),
      .steps_i(events),
      .wide_i(push_spikes),
      .counter_i(3'(offset - spikeloom_pkg::ADDR_NODE_FIRINGS)),
      .high_i((offset & spikeloom_pkg::ADDR_NODE_HIGH) != '0),
      .data_o(counter_data)
  );

  // Answers: two clocks after the read.
  logic [1:0] answer_from_q, answer_from2_q;
  logic [31:0] answer_q, answer2_q;
  localparam logic [1:0] FromRegister = 2'd0, FromMemory = 2'd1, FromCounter = 2'd2;
  always_ff @(posedge clk_i) begin
    if (ring_read) begin
      answer_from_q <= FromRegister;
      answer_q <= '0;
      if (block == spikeloom_pkg::ADDR_BLOCK_MEMORY) begin
        answer_from_q <= FromMemory;
      end else if (block == spikeloom_pkg::ADDR_BLOCK_NODE) begin
        if ((offset & spikeloom_pkg::ADDR_NODE_FIRINGS) != '0) answer_from_q <= FromCounter;
        case (offset)
          spikeloom_pkg::ADDR_NODE_HARDWARE_HASH: answer_q <= spikeloom_pkg::HARDWARE_HASH;
          spikeloom_pkg::ADDR_NODE_CHIP_HASH: answer_q <= ChipHash;
          spikeloom_pkg::ADDR_NODE_STATUS: answer_q <= 32'(active_o);
          spikeloom_pkg::ADDR_NODE_WEIGHTS: answer_q <= stream_words;
          default: answer_q <= '0;
        endcase
      end
    end
    answer_from2_q <= answer_from_q;
    answer2_q <= answer_q;
  end
  always_comb begin
    case (answer_from2_q)
      FromMemory: ring_answer = core_data;
      FromCounter: ring_answer = counter_data;
      default: ring_answer = answer2_q;
    endcase
  end

  `SPIKELOOM_CHECK(the_ring_or_the_stream_writes, !stream_write || !(core_write || read_memory))
  `SPIKELOOM_CHECK(credit_has_a_slot, !(en_i && credit_local_rx) || credit_rx_valid_q)
endmodule

// The receiving half of a network interface: pages. docs/protocol.md, section 3.
//
// Keeps the page rows of all contexts: chunks in flat_pages or, where pages are made of blocks, in
// block_pages; a count of end-of-steps and the end-of-sample, end-of-run and void flags. A flit on flit_i
// in cycle a, in a slot with a delivery, is visible to the sequencer in cycle a + 1. One flit a cycle,
// never blocks.
//
// No count is reset when a row is freed: a bit per row says "empty", and the first end-of-step after that
// writes instead of adding. So counts have one write port.
//
//   ahead_*       delivery of slot t + 2 in cycle t (look-ahead: its tables are read before the flit comes)
//   row_i         the row that the sequencer looks at: count_o, flags in the same cycle
//   free_i        in ti: row_i becomes empty, visible ti + 1
//   scan_*, load_i, limit_i, reading_i, page_*: the walk through a page, described in flat_pages; with Looks
//   there is none, and look_* in its place
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module receiver #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    parameter int unsigned Blocks = 0,  // that pages are made of; 0: they are flat
    parameter int unsigned Looks = 0,
    `SPIKELOOM_PARAMETER_Deliveries,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1,
    localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1,
    localparam int unsigned LimitBits = $clog2(PageChunks + 1),
    localparam int unsigned DeliveryBits = Deliveries > 1 ? $clog2(Deliveries) : 1
) (
    input  logic                    clk_i,
    input  logic                    rst_i,
    input  logic                    clear_i,
    input  logic                    en_i,
    input  logic                    tick_i,
    // configuration, host time
    input  logic                    write_pages_i,          // context_pages
    input  logic                    write_delivery_page_i,
    input  logic                    write_delivery_range_i,
    input  logic                    write_eos_i,
    input  logic                    write_first_block_i,
    input  logic [ ContextBits-1:0] config_context_i,
    input  logic [DeliveryBits-1:0] config_delivery_i,
    input  logic [     RowBits-1:0] config_row_i,
    input  logic [            31:0] config_data_i,
    // network
    input  logic                    ahead_valid_i,
    input  logic [DeliveryBits-1:0] ahead_delivery_i,
    input  logic [    FlitBits-1:0] flit_i,
    // sequencer and core
    input  logic [     RowBits-1:0] row_i,
    output logic [spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_W-1:0] count_o,
    output logic                    sample_end_o,
    output logic                    run_end_o,
    output logic                    void_o,
    input  logic                    scan_i,
    input  logic [     RowBits-1:0] scan_row_i,
    input  logic                    load_i,
    input  logic [   LimitBits-1:0] limit_i,
    input  logic                    free_i,
    input  logic                    reading_i,
    output logic                    page_start_o,
    output logic                    page_any_o,
    output logic [   ChunkBits-1:0] page_chunk_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_o,
    input  logic                    page_take_i,
    input  logic                    page_again_i,
    input  logic                    look_i,
    input  logic [     RowBits-1:0] look_row_i,
    input  logic [            11:0] look_chunk_i,
    input  logic [   LimitBits-1:0] look_limit_i,
    output logic                    look_valid_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_o
);
  localparam int unsigned IndexLsb = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned RangeBits = spikeloom_pkg::REG_DELIVERY_RANGE_COUNT_W;
  localparam int unsigned CountBits = ChunkIndexBits < RangeBits ? ChunkIndexBits + 1 : RangeBits;
  localparam int unsigned FirstRowBits = spikeloom_pkg::REG_CONTEXT_PAGES_FIRST_ROW_W;
  localparam int unsigned RowsBits = spikeloom_pkg::REG_CONTEXT_PAGES_ROWS_W;  // pages of a context
  localparam int unsigned PageBits = spikeloom_pkg::REG_DELIVERY_PAGE_WRITE_PAGE_W;  // the number of one
  localparam int unsigned InboundBits = spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_W;  // end-of-steps of a page
  localparam int unsigned FirstBlockBits = Blocks > 1 ? $clog2(Blocks) : 1;

  logic unused_config;
  assign unused_config = ^config_data_i;

  // Tables: context pages, deliveries.
  logic [FirstRowBits-1:0] first_row[0:Contexts-1];
  logic [RowsBits-1:0] rows[0:Contexts-1];
  always_ff @(posedge clk_i) begin
    if (write_pages_i) begin
      first_row[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_FIRST_ROW);
      rows[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_ROWS);
    end
  end

  logic [ContextBits-1:0] d1_context;
  logic d1_zero_delay;
  logic [ChunkBits-1:0] d1_chunk;
  logic [ChunkIndexBits-1:0] d1_first;
  logic [CountBits-1:0] d1_count;
  ram_sdp #(
      .Width(ContextBits + 1 + ChunkBits),
      .Depth(Deliveries)
  ) u_delivery_page (
      .clk_i,
      .rst_i,
      .write_enable_i(write_delivery_page_i),
      .write_address_i(config_delivery_i),
      .write_data_i({
        `SPIKELOOM_LOW(config_data_i, REG_DELIVERY_PAGE_CONTEXT, ContextBits),
        `SPIKELOOM_FIELD(config_data_i, REG_DELIVERY_PAGE_ZERO_DELAY),
        `SPIKELOOM_LOW(config_data_i, REG_DELIVERY_PAGE_FIRST_CHUNK, ChunkBits)
      }),
      .read_enable_i(tick_i && ahead_valid_i),
      .read_address_i(ahead_delivery_i),
      .read_data_o({d1_context, d1_zero_delay, d1_chunk})
  );
  ram_sdp #(
      .Width(ChunkIndexBits + CountBits),
      .Depth(Deliveries)
  ) u_delivery_range (
      .clk_i,
      .rst_i,
      .write_enable_i(write_delivery_range_i),
      .write_address_i(config_delivery_i),
      .write_data_i({
        `SPIKELOOM_LOW(config_data_i, REG_DELIVERY_RANGE_FIRST, ChunkIndexBits),
        // A range is never longer than the indices of a channel.
        `SPIKELOOM_LOW(config_data_i, REG_DELIVERY_RANGE_COUNT, CountBits)
      }),
      .read_enable_i(tick_i && ahead_valid_i),
      .read_address_i(ahead_delivery_i),
      .read_data_o({d1_first, d1_count})
  );

  // Look-ahead pipeline: 1 = slot of the next cycle, 0 = slot of this cycle.
  logic valid1_q, valid0_q, zero_delay0_q;
  logic [DeliveryBits-1:0] delivery1_q, delivery0_q;
  logic [ChunkBits-1:0] chunk0_q;
  logic [ChunkIndexBits-1:0] first0_q;
  logic [CountBits-1:0] count0_q;
  logic [RowBits-1:0] row0_q;
  logic [PageBits-1:0] page0_q, page1, page_after;
  logic [RowsBits-1:0] rows0_q;
  logic [PageBits-1:0] write_page_q[0:Deliveries-1];
  logic eos_now, chunk_now;

  // An end-of-step of this cycle moves the page of the next one's flit.
  assign page_after = RowsBits'(page0_q) + RowsBits'(1) == rows0_q ? '0 : page0_q + PageBits'(1);
  assign page1 = eos_now && delivery1_q == delivery0_q ? page_after : write_page_q[delivery1_q];

  always_ff @(posedge clk_i) begin
    if (tick_i) begin
      valid1_q <= ahead_valid_i;
      delivery1_q <= ahead_delivery_i;
      valid0_q <= valid1_q;
      if (valid1_q) begin
        delivery0_q <= delivery1_q;
        zero_delay0_q <= d1_zero_delay;
        chunk0_q <= d1_chunk;
        first0_q <= d1_first;
        count0_q <= d1_count;
        page0_q <= page1;
        rows0_q <= rows[d1_context];
        row0_q <= RowBits'(first_row[d1_context]) + RowBits'(page1);
      end
    end
    if (rst_i) begin  // not clear_i: flits in flight land in their slots
      valid1_q <= 1'b0;
      valid0_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i && eos_now) write_page_q[delivery0_q] <= page_after;
    if (write_delivery_page_i)
      write_page_q[config_delivery_i] <= `SPIKELOOM_FIELD(config_data_i, REG_DELIVERY_PAGE_WRITE_PAGE);
    if (rst_i || clear_i) for (int d = 0; d < Deliveries; d++) write_page_q[d] <= '0;
  end

  // The flit of this cycle.
  logic flit_valid, flit_eos;
  logic [ChunkIndexBits:0] distance;
  assign flit_valid = flit_i[FlitBits-1];
  assign flit_eos = flit_i[FlitBits-2];
  assign distance = {1'b0, flit_i[IndexLsb+:ChunkIndexBits]} - {1'b0, first0_q};
  assign eos_now = en_i && flit_valid && valid0_q && flit_eos;
  assign chunk_now = en_i && flit_valid && valid0_q && !flit_eos && !distance[ChunkIndexBits] &&
                     distance < (ChunkIndexBits + 1)'(count0_q);

  // End-of-steps: count and flags.
  logic [PageRows-1:0] eos_empty_q;
  localparam int unsigned EosBits = InboundBits + 3;
  logic [EosBits-1:0] eos_memory[0:PageRows-1];  // void, run end, sample end, count
  logic [EosBits-1:0] eos_old, eos_new, eos_seen, eos_write;
  logic [RowBits-1:0] eos_row;

  assign eos_old = eos_empty_q[row0_q] ? '0 : eos_memory[row0_q];
  assign eos_new = {
    zero_delay0_q ? flit_i[2:0] : eos_old[InboundBits+:3], eos_old[InboundBits-1:0] + InboundBits'(1)
  };
  assign eos_row = write_eos_i ? config_row_i : row0_q;
  assign eos_write = write_eos_i ? {3'b000, config_data_i[InboundBits-1:0]} : eos_new;
  always_ff @(posedge clk_i) begin
    if (eos_now || write_eos_i) eos_memory[eos_row] <= eos_write;
  end
  always_ff @(posedge clk_i) begin
    if (eos_now || write_eos_i) eos_empty_q[eos_row] <= 1'b0;
    if (en_i && free_i) eos_empty_q[row_i] <= 1'b1;
    if (rst_i || clear_i) eos_empty_q <= '1;
  end
  assign eos_seen = eos_empty_q[row_i] ? '0 : eos_memory[row_i];
  assign {void_o, run_end_o, sample_end_o, count_o} = eos_seen;

  // Chunks.
  logic [ChunkBits-1:0] chunk_now_number;
  assign chunk_now_number = chunk0_q + ChunkBits'(distance);
  if (Blocks > 0) begin : gen_blocks
    block_pages #(
        .PageRows(PageRows),
        .PageChunks(PageChunks),
        .Blocks(Blocks),
        .Looks(Looks)
    ) u_pages (
        .clk_i,
        .rst_i,
        .clear_i,
        .en_i,
        .write_first_block_i,
        .config_row_i,
        .config_first_block_i(`SPIKELOOM_LOW(config_data_i, REG_PAGE_FIRST_BLOCK, FirstBlockBits)),
        .chunk_i(chunk_now),
        .chunk_row_i(row0_q),
        .chunk_number_i(chunk_now_number),
        .chunk_mask_i(flit_i[spikeloom_pkg::CHUNK_BITS-1:0]),
        .row_i,
        .free_i,
        .scan_i,
        .scan_row_i,
        .load_i,
        .limit_i,
        .reading_i,
        .start_o(page_start_o),
        .any_o(page_any_o),
        .chunk_o(page_chunk_o),
        .mask_o(page_mask_o),
        .take_i(page_take_i),
        .again_i(page_again_i),
        .look_i,
        .look_row_i,
        .look_chunk_i,
        .look_limit_i,
        .look_valid_o,
        .look_mask_o
    );
  end else begin : gen_flat
    logic unused_first_block;
    assign unused_first_block = write_first_block_i;
    flat_pages #(
        .PageRows(PageRows),
        .PageChunks(PageChunks),
        .Looks(Looks)
    ) u_pages (
        .clk_i,
        .rst_i,
        .clear_i,
        .en_i,
        .chunk_i(chunk_now),
        .chunk_row_i(row0_q),
        .chunk_number_i(chunk_now_number),
        .chunk_mask_i(flit_i[spikeloom_pkg::CHUNK_BITS-1:0]),
        .row_i,
        .free_i,
        .scan_i,
        .scan_row_i,
        .load_i,
        .limit_i,
        .reading_i,
        .start_o(page_start_o),
        .any_o(page_any_o),
        .chunk_o(page_chunk_o),
        .mask_o(page_mask_o),
        .take_i(page_take_i),
        .again_i(page_again_i),
        .look_i,
        .look_row_i,
        .look_chunk_i,
        .look_limit_i,
        .look_valid_o,
        .look_mask_o
    );
  end

  // What the schedule and the credits guarantee.
  logic [InboundBits-1:0] inbound[0:Contexts-1];  // of the checks only
  logic [ContextBits-1:0] context0_q;
  always_ff @(posedge clk_i) begin
    if (write_pages_i)
      inbound[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_INBOUND);
    if (tick_i) context0_q <= d1_context;
  end
  `SPIKELOOM_CHECK(flit_has_a_delivery, !(en_i && flit_valid) || valid0_q)
  `SPIKELOOM_CHECK(eos_count_holds, !eos_now || eos_old[InboundBits-1:0] != '1)
  `SPIKELOOM_CHECK(page_is_free, !(eos_now || chunk_now) || eos_old[InboundBits-1:0] < inbound[context0_q])
  `SPIKELOOM_CHECK(chunk_is_in_the_page, !chunk_now || 32'(chunk0_q) + 32'(distance) < PageChunks)
  `SPIKELOOM_CHECK(free_meets_no_delivery, !(en_i && free_i && (eos_now || chunk_now)) || row0_q != row_i)
endmodule

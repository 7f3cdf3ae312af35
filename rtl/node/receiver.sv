// The receiving half of a network interface: pages. docs/protocol.md, section 3.
//
// Keeps the page rows of all contexts: 16-bit masks of the chunks in a RAM, one valid bit a chunk, a count of
// end-of-steps and the end-of-sample and end-of-run flags. A flit on flit_i in cycle a, in a slot with a
// delivery, is visible to the sequencer in cycle a + 1. One flit a cycle, never blocks.
//
// Nothing of a row is reset when it is freed: a bit per row says "empty", and the first chunk (or
// end-of-step) after that writes instead of adding. So valid bits and counts have one write port.
//
//   ahead_*       delivery of slot t + 2 in cycle t (look-ahead: its tables are read before the flit comes)
//   row_i         the row that the sequencer looks at: count_o, flags in the same cycle
//   scan_row_i    with scan_i in cycle t its valid bits are on page_valid_o from t + 1 to the next scan
//   free_i        in ti: row_i becomes empty, visible ti + 1
//   page_chunk_i  chunk of row_i, its mask on page_mask_o one enabled cycle later, while reading_i
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module receiver #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_Deliveries,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1,
    localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1,
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
    output logic [             5:0] count_o,
    output logic                    sample_end_o,
    output logic                    run_end_o,
    input  logic                    scan_i,
    input  logic [     RowBits-1:0] scan_row_i,
    output logic [  PageChunks-1:0] page_valid_o,
    input  logic                    free_i,
    input  logic                    reading_i,
    input  logic [   ChunkBits-1:0] page_chunk_i,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_o
);
  localparam int unsigned PageLsb = spikeloom_pkg::REG_DELIVERY_PAGE_WRITE_PAGE_LSB;
  localparam int unsigned IndexLsb = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned CountBits = ChunkIndexBits < 16 ? ChunkIndexBits + 1 : 16;

  // Tables: context pages, deliveries.
  logic [7:0] first_row[0:Contexts-1];
  logic [4:0] rows[0:Contexts-1];
  always_ff @(posedge clk_i) begin
    if (write_pages_i) begin
      first_row[config_context_i] <= config_data_i[spikeloom_pkg::REG_CONTEXT_PAGES_FIRST_ROW_LSB+:8];
      rows[config_context_i] <= config_data_i[spikeloom_pkg::REG_CONTEXT_PAGES_ROWS_LSB+:5];
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
        config_data_i[spikeloom_pkg::REG_DELIVERY_PAGE_CONTEXT_LSB+:ContextBits],
        config_data_i[spikeloom_pkg::REG_DELIVERY_PAGE_ZERO_DELAY_LSB],
        config_data_i[spikeloom_pkg::REG_DELIVERY_PAGE_FIRST_CHUNK_LSB+:ChunkBits]
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
        config_data_i[spikeloom_pkg::REG_DELIVERY_RANGE_FIRST_LSB+:ChunkIndexBits],
        // A range is never longer than the indices of a channel.
        config_data_i[spikeloom_pkg::REG_DELIVERY_RANGE_COUNT_LSB+:CountBits]
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
  logic [3:0] page0_q, page1, page_after;
  logic [4:0] rows0_q;
  logic [3:0] write_page_q[0:Deliveries-1];
  logic eos_now, chunk_now;

  // An end-of-step of this cycle moves the page of the next one's flit.
  assign page_after = 5'(page0_q) + 5'd1 == rows0_q ? 4'd0 : page0_q + 4'd1;
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
    if (write_delivery_page_i) write_page_q[config_delivery_i] <= config_data_i[PageLsb+:4];
    if (rst_i || clear_i) for (int d = 0; d < Deliveries; d++) write_page_q[d] <= 4'd0;
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
  logic [7:0] eos_memory[0:PageRows-1];  // run end, sample end, count
  logic [7:0] eos_old, eos_new, eos_seen, eos_write;
  logic [RowBits-1:0] eos_row;

  assign eos_old = eos_empty_q[row0_q] ? 8'd0 : eos_memory[row0_q];
  assign eos_new = {zero_delay0_q ? flit_i[1:0] : eos_old[7:6], eos_old[5:0] + 6'd1};
  assign eos_row = write_eos_i ? config_row_i : row0_q;
  assign eos_write = write_eos_i ? {2'b00, config_data_i[5:0]} : eos_new;
  always_ff @(posedge clk_i) begin
    if (eos_now || write_eos_i) eos_memory[eos_row] <= eos_write;
  end
  always_ff @(posedge clk_i) begin
    if (eos_now || write_eos_i) eos_empty_q[eos_row] <= 1'b0;
    if (en_i && free_i) eos_empty_q[row_i] <= 1'b1;
    if (rst_i || clear_i) eos_empty_q <= '1;
  end
  assign eos_seen = eos_empty_q[row_i] ? 8'd0 : eos_memory[row_i];
  assign count_o = eos_seen[5:0];
  assign sample_end_o = eos_seen[6];
  assign run_end_o = eos_seen[7];

  // Chunks: cycle a decides and reads the row's valid bits, cycle a + 1 writes mask and valid bits.
  logic store_q, again_q, read_valid;
  logic [RowBits-1:0] store_row_q;
  logic [ChunkBits-1:0] store_chunk_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] store_mask_q;
  logic [PageRows-1:0] chunks_empty_q;
  logic [PageChunks-1:0] valid_read, valid_new, valid_last_q, valid_scan;
  logic store, same_row, scan_clash, scan_empty_q;

  assign store = en_i && store_q;
  assign same_row = store && store_row_q == row0_q;
  assign read_valid = chunk_now && !same_row;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      store_q <= chunk_now;
      if (chunk_now) begin
        store_row_q <= row0_q;
        store_chunk_q <= chunk0_q + ChunkBits'(distance);
        store_mask_q <= flit_i[spikeloom_pkg::CHUNK_BITS-1:0];
        again_q <= same_row;
      end
    end
    if (store) valid_last_q <= valid_new;
    if (rst_i || clear_i) store_q <= 1'b0;
  end

  always_comb begin
    valid_new = 'x;
    if (store) begin
      valid_new = '0;
      if (!chunks_empty_q[store_row_q]) valid_new = again_q ? valid_last_q : valid_read;
      for (int c = 0; c < PageChunks; c++) if (store_chunk_q == ChunkBits'(c)) valid_new[c] = 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (store) chunks_empty_q[store_row_q] <= 1'b0;
    if (en_i && free_i) chunks_empty_q[row_i] <= 1'b1;
    if (rst_i || clear_i) chunks_empty_q <= '1;
  end

  ram_sdp #(
      .Width(PageChunks),
      .Depth(PageRows)
  ) u_valid (
      .clk_i,
      .rst_i,
      .write_enable_i (store),
      .write_address_i(store_row_q),
      .write_data_i   (valid_new),
      .read_enable_i  (read_valid),
      .read_address_i (row0_q),
      .read_data_o    (valid_read)
  );

  // The scan's copy. A row that is still written is not ready, so a scan that counts never meets a write.
  assign scan_clash = store && store_row_q == scan_row_i;
  ram_sdp #(
      .Width(PageChunks),
      .Depth(PageRows)
  ) u_valid_scan (
      .clk_i,
      .rst_i,
      .write_enable_i (store),
      .write_address_i(store_row_q),
      .write_data_i   (valid_new),
      .read_enable_i  (en_i && scan_i && !scan_clash),
      .read_address_i (scan_row_i),
      .read_data_o    (valid_scan)
  );
  always_ff @(posedge clk_i) if (en_i && scan_i) scan_empty_q <= chunks_empty_q[scan_row_i];
  assign page_valid_o = scan_empty_q ? '0 : valid_scan;

  ram_sdp #(
      .Width(spikeloom_pkg::CHUNK_BITS),
      .Depth(PageRows << ChunkBits)
  ) u_masks (
      .clk_i,
      .rst_i,
      .write_enable_i (store),
      .write_address_i({store_row_q, store_chunk_q}),
      .write_data_i   (store_mask_q),
      .read_enable_i  (en_i && reading_i),
      .read_address_i ({row_i, page_chunk_i}),
      .read_data_o    (page_mask_o)
  );

  // What the schedule and the credits guarantee.
  logic [5:0] inbound[0:Contexts-1];  // of the checks only
  logic [ContextBits-1:0] context0_q;
  always_ff @(posedge clk_i) begin
    if (write_pages_i)
      inbound[config_context_i] <= config_data_i[spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_LSB+:6];
    if (tick_i) context0_q <= d1_context;
  end
  `SPIKELOOM_CHECK(flit_has_a_delivery, !(en_i && flit_valid) || valid0_q)
  `SPIKELOOM_CHECK(eos_count_holds, !eos_now || eos_old[5:0] != 6'd63)
  `SPIKELOOM_CHECK(page_is_free, !(eos_now || chunk_now) || eos_old[5:0] < inbound[context0_q])
  `SPIKELOOM_CHECK(chunk_is_in_the_page, !chunk_now || 32'(chunk0_q) + 32'(distance) < PageChunks)
  `SPIKELOOM_CHECK(free_meets_no_delivery, !(en_i && free_i && (eos_now || chunk_now)) || row0_q != row_i)
  `SPIKELOOM_CHECK(next_page_is_not_stored, !(en_i && scan_i && reading_i) || !scan_clash)
  `SPIKELOOM_CHECK(free_meets_no_store, !(en_i && free_i && store) || store_row_q != row_i)
endmodule

// Pages of one length, up to 256 chunks: masks in a RAM, one valid bit a chunk in a word for each page row.
//
// A chunk that is delivered in cycle a (chunk_i) is stored in a + 1; one a cycle. Nothing of a row is reset
// when it is freed: a bit per row says "empty", and the first chunk after that writes the valid bits instead
// of adding to them. So they have one write port.
//
// The walk gives a page's valid chunks below its limit to the core, in rising order, one a cycle:
//   scan_i     in cycle t: the valid bits of scan_row_i are read
//   load_i     with scan_i: this page is walked next. limit_i, in t + 1: chunks from there on do not count
//   start_o    in t + 1: from t + 2 on any_o and chunk_o show the next chunk of the page
//   take_i     moves on to the next one; mask_o is the taken one's mask from the next cycle on, while
//              reading_i, until the next take_i. Where any_o is 0 nothing follows from it
//   again_i    instead of take_i: from the next cycle on the page from its first chunk
//   free_i     row_i becomes empty, visible one cycle later
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module flat_pages #(
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1,
    localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1,
    localparam int unsigned LimitBits = $clog2(PageChunks + 1)
) (
    input  logic                 clk_i,
    input  logic                 rst_i,
    input  logic                 clear_i,
    input  logic                 en_i,
    // a delivered chunk, cycle a; not without en_i
    input  logic                 chunk_i,
    input  logic [  RowBits-1:0] chunk_row_i,
    input  logic [ChunkBits-1:0] chunk_number_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] chunk_mask_i,
    // sequencer
    input  logic [  RowBits-1:0] row_i,
    input  logic                 free_i,
    input  logic                 scan_i,
    input  logic [  RowBits-1:0] scan_row_i,
    input  logic                 load_i,
    input  logic [LimitBits-1:0] limit_i,
    input  logic                 reading_i,
    // core
    output logic                 start_o,
    output logic                 any_o,
    output logic [ChunkBits-1:0] chunk_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] mask_o,
    input  logic                 take_i,
    input  logic                 again_i
);
  // Storing: cycle a decides and reads the row's valid bits, cycle a + 1 writes mask and valid bits.
  logic store_q, again_q, read_valid;
  logic [RowBits-1:0] store_row_q;
  logic [ChunkBits-1:0] store_chunk_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] store_mask_q;
  logic [PageRows-1:0] empty_q;
  logic [PageChunks-1:0] valid_read, valid_new, valid_last_q, valid_scan, page_valid;
  logic store, same_row, scan_clash, scan_empty_q;

  assign store = en_i && store_q;
  assign same_row = store && store_row_q == chunk_row_i;
  assign read_valid = chunk_i && !same_row;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      store_q <= chunk_i;
      if (chunk_i) begin
        store_row_q <= chunk_row_i;
        store_chunk_q <= chunk_number_i;
        store_mask_q <= chunk_mask_i;
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
      if (!empty_q[store_row_q]) valid_new = again_q ? valid_last_q : valid_read;
      for (int c = 0; c < PageChunks; c++) if (store_chunk_q == ChunkBits'(c)) valid_new[c] = 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (store) empty_q[store_row_q] <= 1'b0;
    if (en_i && free_i) empty_q[row_i] <= 1'b1;
    if (rst_i || clear_i) empty_q <= '1;
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
      .read_address_i (chunk_row_i),
      .read_data_o    (valid_read)
  );

  // The walk's copy. A row that is still written is not ready, so a scan that counts never meets a write.
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
  always_ff @(posedge clk_i) if (en_i && scan_i) scan_empty_q <= empty_q[scan_row_i];
  assign page_valid = scan_empty_q ? '0 : valid_scan;

  // The walk.
  logic load_q, found;
  logic [LimitBits-1:0] limit_q;
  logic [PageChunks-1:0] page_q, todo_q;
  logic [ChunkBits-1:0] taken_q;
  always_ff @(posedge clk_i) begin
    if (rst_i || clear_i) load_q <= 1'b0;
    else if (en_i) load_q <= load_i;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (load_q) begin
        page_q <= page_valid;
        todo_q <= page_valid;
        limit_q <= limit_i;
      end else if (again_i) begin
        todo_q <= page_q;
      end else if (take_i) begin
        todo_q <= todo_q & ~(PageChunks'(1) << chunk_o);
      end
      if (take_i) taken_q <= chunk_o;
    end
  end
  first_one #(.Width(PageChunks)) u_chunk (.bits_i(todo_q), .any_o(found), .index_o(chunk_o));
  assign start_o = load_q;
  assign any_o = found && LimitBits'(chunk_o) < limit_q;

  // Who waits reads again, so nobody relies on read data held by the RAM.
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
      .read_address_i ({row_i, take_i ? chunk_o : taken_q}),
      .read_data_o    (mask_o)
  );

  // What the schedule and the credits guarantee.
  `SPIKELOOM_CHECK(chunk_is_in_the_page, !chunk_i || 32'(chunk_number_i) < PageChunks)
  `SPIKELOOM_CHECK(free_meets_no_delivery, !(en_i && free_i && chunk_i) || chunk_row_i != row_i)
  `SPIKELOOM_CHECK(next_page_is_not_stored, !(en_i && scan_i && reading_i) || !scan_clash)
  `SPIKELOOM_CHECK(free_meets_no_store, !(en_i && free_i && store) || store_row_q != row_i)
endmodule

// Pages of one length, up to 256 chunks: masks in a RAM, one valid bit a chunk in a word for each page row.
//
// A chunk that is delivered in cycle a (chunk_i) is stored in a + 1; one a cycle. The valid bits are a row of
// row_bits.
//
// The walk gives a page's valid chunks below its limit to the core, in rising order, one a cycle:
//   scan_i     in cycle t: the valid bits of scan_row_i are read
//   load_i     with scan_i: this page is walked next. limit_i, in t + 1: chunks from there on do not count
//   start_o    in t + 1: from t + 2 on any_o and chunk_o show the next chunk of the page
//   take_i     moves on to the next one; mask_o is the taken one's mask from the next cycle on, while
//              reading_i, until the next take_i. Where any_o is 0 nothing follows from it
//   again_i    instead of take_i: from the next cycle on the page from its first chunk
//   free_i     row_i becomes empty, visible one cycle later
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
  // Storing: cycle a + 1 writes mask and valid bit.
  logic store;
  logic [RowBits-1:0] store_row;
  logic [ChunkBits-1:0] store_chunk;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] store_mask_q;
  logic [PageChunks-1:0] page_valid, unused_before;
  always_ff @(posedge clk_i) if (en_i && chunk_i) store_mask_q <= chunk_mask_i;
  row_bits #(
      .Rows(PageRows),
      .Width(PageChunks)
  ) u_valid (
      .clk_i,
      .rst_i,
      .clear_i,
      .en_i,
      .set_i(chunk_i),
      .set_row_i(chunk_row_i),
      .set_bit_i(chunk_number_i),
      .store_o(store),
      .store_row_o(store_row),
      .store_bit_o(store_chunk),
      .store_old_o(unused_before),
      .free_i,
      .free_row_i(row_i),
      .scan_i,
      .scan_counts_i(reading_i),
      .scan_row_i,
      .scan_o(page_valid)
  );

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
      .write_address_i({store_row, store_chunk}),
      .write_data_i   (store_mask_q),
      .read_enable_i  (en_i && reading_i),
      .read_address_i ({row_i, take_i ? chunk_o : taken_q}),
      .read_data_o    (mask_o)
  );
endmodule

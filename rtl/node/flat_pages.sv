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
//
// With Looks there is no walk, and its inputs mean nothing. The core looks at chunks in any order instead,
// one a cycle: with look_i in cycle c chunk look_chunk_i of row look_row_i; look_mask_o in c + 2 is its mask,
// or 0 where it is not valid or not below look_limit_i.
`include "spikeloom_parameters.svh"

module flat_pages #(
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    parameter int unsigned Looks = 0,
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
    input  logic                 again_i,
    input  logic                 look_i,
    input  logic [  RowBits-1:0] look_row_i,
    input  logic [         11:0] look_chunk_i,
    input  logic [LimitBits-1:0] look_limit_i,
    output logic                 look_valid_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_o
);
  // Storing: cycle a + 1 writes mask and valid bit.
  logic store;
  logic [RowBits-1:0] store_row;
  logic [ChunkBits-1:0] store_chunk;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] store_mask_q;
  logic [PageChunks-1:0] page_valid, unused_before;
  // What the scan and the read of a mask are for: the walk, or a look.
  logic scan, scan_counts, read_mask;
  logic [RowBits-1:0] scan_row, read_row;
  logic [ChunkBits-1:0] read_chunk;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] mask;
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
      .scan_i(scan),
      .scan_counts_i(scan_counts),
      .scan_row_i(scan_row),
      .scan_o(page_valid)
  );

  if (Looks == 0) begin : gen_walk
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
    assign mask_o = mask;
    assign scan = scan_i;
    assign scan_counts = reading_i;
    assign scan_row = scan_row_i;
    // Who waits reads again, so nobody relies on read data held by the RAM.
    assign read_mask = en_i && reading_i;
    assign read_row = row_i;
    assign read_chunk = take_i ? chunk_o : taken_q;
    assign look_valid_o = 1'b0;
    assign look_mask_o = '0;
    logic unused_look;
    assign unused_look = ^{look_i, look_row_i, look_chunk_i, look_limit_i};
  end else begin : gen_look
    // c + 1: row and mask are read, c + 2: the chunk's bit of the row.
    logic look1_q, look2_q, below1_q, below2_q;
    logic [RowBits-1:0] row1_q;
    logic [ChunkBits-1:0] chunk1_q, chunk2_q;
    always_ff @(posedge clk_i) begin
      if (rst_i || clear_i) {look1_q, look2_q} <= '0;
      else if (en_i) {look1_q, look2_q} <= {look_i, look1_q};
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        row1_q <= look_row_i;
        chunk1_q <= look_chunk_i[ChunkBits-1:0];
        below1_q <= look_i && 32'(look_chunk_i) < 32'(look_limit_i);
        chunk2_q <= chunk1_q;
        below2_q <= below1_q;
      end
    end
    assign scan = look1_q;
    assign scan_counts = look1_q;
    assign scan_row = row1_q;
    assign read_mask = en_i && look1_q && below1_q;
    assign read_row = row1_q;
    assign read_chunk = chunk1_q;
    assign look_valid_o = look2_q;
    logic chunk_valid;
    always_comb begin
      chunk_valid = 1'b0;
      for (int c = 0; c < PageChunks; c++) if (chunk2_q == ChunkBits'(c)) chunk_valid = page_valid[c];
    end
    assign look_mask_o = below2_q && chunk_valid ? mask : '0;
    assign start_o = 1'b0;
    assign any_o = 1'b0;
    assign chunk_o = '0;
    assign mask_o = '0;
    logic unused_walk;
    assign unused_walk = ^{scan_i, scan_row_i, load_i, limit_i, reading_i, take_i, again_i};
  end

  ram_sdp #(
      .Width(spikeloom_pkg::CHUNK_BITS),
      .Depth(PageRows << ChunkBits)
  ) u_masks (
      .clk_i,
      .rst_i,
      .write_enable_i (store),
      .write_address_i({store_row, store_chunk}),
      .write_data_i   (store_mask_q),
      .read_enable_i  (read_mask),
      .read_address_i ({read_row, read_chunk}),
      .read_data_o    (mask)
  );
endmodule

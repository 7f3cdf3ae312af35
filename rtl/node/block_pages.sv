// Pages made of blocks of 64 chunks, up to 64 blocks a page: as many as its context needs. Masks and valid
// bits of all pages lie in two RAMs by block; a table gives the first block of every page row. A row has one
// summary bit a block (row_bits): it has a valid chunk. A block without it is empty whatever its word holds,
// so nothing is reset when a page is freed.
//
// A chunk that is delivered in cycle a (chunk_i) is in the summary in a + 1 and in its block in a + 2; one a
// cycle.
//
// The walk is that of flat_pages, with the same ports, two cycles later: it reads the summary first, then the
// words of valid bits of the blocks that have some, ahead of the core. That is one word a cycle and each has
// a chunk, so the core never waits.
//   scan_i     in cycle t: the summary of scan_row_i and its first block are read
//   load_i     with scan_i: this page is walked next. limit_i, in t + 1: chunks from there on do not count
//   start_o    in t + 3: from t + 4 on any_o and chunk_o show the next chunk of the page
//   take_i, mask_o, again_i, free_i: as in flat_pages
// With Looks: as in flat_pages, look_mask_o two cycles later, in c + 4.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module block_pages #(
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    parameter int unsigned Blocks = 1,  // of all pages
    parameter int unsigned Looks = 0,
    localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1,
    localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1,
    localparam int unsigned LimitBits = $clog2(PageChunks + 1),
    localparam int unsigned Size = spikeloom_pkg::PAGE_BLOCK_CHUNKS,
    localparam int unsigned Longest = (PageChunks + Size - 1) / Size,  // blocks of a page
    localparam int unsigned BlockBits = Blocks > 1 ? $clog2(Blocks) : 1
) (
    input  logic                 clk_i,
    input  logic                 rst_i,
    input  logic                 clear_i,
    input  logic                 en_i,
    // configuration, host time
    input  logic                 write_first_block_i,
    input  logic [  RowBits-1:0] config_row_i,
    input  logic [BlockBits-1:0] config_first_block_i,
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
  localparam int unsigned PlaceBits = $clog2(Size);  // of a chunk in its block
  localparam int unsigned NumberBits = Longest > 1 ? $clog2(Longest) : 1;  // of a block in its page

  // What the scan and the reads of a block are for: the walk, or a look.
  logic scan, scan_counts, fetch, read_mask;
  logic [RowBits-1:0] scan_row;
  logic [BlockBits-1:0] scan_first, fetch_block;
  logic [Size-1:0] word_walk;
  logic [BlockBits+PlaceBits-1:0] mask_address;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] mask;

  // Storing. Cycle a reads the row's summary and first block.
  logic store_q;
  logic [NumberBits+PlaceBits-1:0] chunk_now;
  logic [PlaceBits-1:0] store_place_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] store_mask_q;
  logic [Longest-1:0] summary_old, page_summary;
  logic [RowBits-1:0] unused_row;
  logic [NumberBits-1:0] store_number;
  logic [BlockBits-1:0] store_first;
  logic store;
  assign chunk_now = (NumberBits + PlaceBits)'(chunk_number_i);
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      store_q <= chunk_i;
      if (chunk_i) begin
        store_place_q <= chunk_now[PlaceBits-1:0];
        store_mask_q <= chunk_mask_i;
      end
    end
    if (rst_i || clear_i) store_q <= 1'b0;
  end
  row_bits #(
      .Rows(PageRows),
      .Width(Longest)
  ) u_summary (
      .clk_i,
      .rst_i,
      .clear_i,
      .en_i,
      .set_i(chunk_i),
      .set_row_i(chunk_row_i),
      .set_bit_i(chunk_now[PlaceBits+:NumberBits]),
      .store_o(store),
      .store_row_o(unused_row),
      .store_bit_o(store_number),
      .store_old_o(summary_old),
      .free_i,
      .free_row_i(row_i),
      .scan_i(scan),
      .scan_counts_i(scan_counts),
      .scan_row_i(scan_row),
      .scan_o(page_summary)
  );
  ram_sdp #(
      .Width(BlockBits),
      .Depth(PageRows)
  ) u_first (
      .clk_i,
      .rst_i,
      .write_enable_i (write_first_block_i),
      .write_address_i(config_row_i),
      .write_data_i   (config_first_block_i),
      .read_enable_i  (chunk_i),
      .read_address_i (chunk_row_i),
      .read_data_o    (store_first)
  );
  // Cycle a + 1 writes the summary and reads the block's valid bits.
  logic [BlockBits-1:0] store_block;
  logic fresh, same_block;
  assign store_block = store_first + BlockBits'(store_number);
  always_comb begin
    fresh = 1'b1;
    for (int n = 0; n < Longest; n++) if (store_number == NumberBits'(n)) fresh = !summary_old[n];
  end

  // Cycle a + 2 writes the block: valid bits and mask.
  logic write_q, write, write_fresh_q, write_again_q;
  logic [BlockBits-1:0] write_block_q;
  logic [PlaceBits-1:0] write_place_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] write_mask_q;
  logic [Size-1:0] word_read, word_new, word_last_q;
  assign write = en_i && write_q;
  assign same_block = write && write_block_q == store_block;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      write_q <= store_q;
      if (store_q) begin
        write_block_q <= store_block;
        write_place_q <= store_place_q;
        write_mask_q <= store_mask_q;
        write_fresh_q <= fresh;
        write_again_q <= same_block;
      end
    end
    if (write) word_last_q <= word_new;
    if (rst_i || clear_i) write_q <= 1'b0;
  end
  always_comb begin
    word_new = 'x;
    if (write) begin
      word_new = '0;
      if (!write_fresh_q) word_new = write_again_q ? word_last_q : word_read;
      for (int c = 0; c < Size; c++) if (write_place_q == PlaceBits'(c)) word_new[c] = 1'b1;
    end
  end
  ram_sdp #(
      .Width(Size),
      .Depth(Blocks)
  ) u_words (
      .clk_i,
      .rst_i,
      .write_enable_i (write),
      .write_address_i(write_block_q),
      .write_data_i   (word_new),
      .read_enable_i  (store && !fresh && !same_block),
      .read_address_i (store_block),
      .read_data_o    (word_read)
  );

  ram_sdp #(
      .Width(BlockBits),
      .Depth(PageRows)
  ) u_first_scan (
      .clk_i,
      .rst_i,
      .write_enable_i (write_first_block_i),
      .write_address_i(config_row_i),
      .write_data_i   (config_first_block_i),
      .read_enable_i  (en_i && scan),
      .read_address_i (scan_row),
      .read_data_o    (scan_first)
  );
  ram_sdp #(
      .Width(Size),
      .Depth(Blocks)
  ) u_words_walk (
      .clk_i,
      .rst_i,
      .write_enable_i (write),
      .write_address_i(write_block_q),
      .write_data_i   (word_new),
      .read_enable_i  (fetch),
      .read_address_i (fetch_block),
      .read_data_o    (word_walk)
  );
  ram_sdp #(
      .Width(spikeloom_pkg::CHUNK_BITS),
      .Depth(Blocks * Size)
  ) u_masks (
      .clk_i,
      .rst_i,
      .write_enable_i (write),
      .write_address_i({write_block_q, write_place_q}),
      .write_data_i   (write_mask_q),
      .read_enable_i  (read_mask),
      .read_address_i (mask_address),
      .read_data_o    (mask)
  );

  if (Looks == 0) begin : gen_walk
    // A page that is loaded in t has its summary in rest_q from t + 2 on.
    logic load_q, load1_q, load2_q;
    logic [LimitBits-1:0] limit_q;
    logic [Longest-1:0] page_q, rest_q, rest;
    logic [BlockBits-1:0] first_q;
    always_ff @(posedge clk_i) begin
      if (rst_i || clear_i) {load_q, load1_q, load2_q} <= '0;
      else if (en_i) {load_q, load1_q, load2_q} <= {load_i, load_q, load1_q};
    end
    assign start_o = load2_q;

    // Fetch the next word, when after this cycle none is on its way or kept.
    logic some, need;
    logic [NumberBits-1:0] number;
    logic coming_q, kept_q;
    assign rest = again_i ? page_q & (page_q - Longest'(1)) : rest_q;
    first_one #(.Width(Longest)) u_block (.bits_i(rest), .any_o(some), .index_o(number));
    assign fetch = en_i && !load_q && some && (again_i || need || !(coming_q || kept_q));
    assign fetch_block = first_q + BlockBits'(number);
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (load_q) begin
          page_q <= page_summary;
          rest_q <= page_summary;
          first_q <= scan_first;
          limit_q <= limit_i;
        end else if (fetch) begin
          rest_q <= rest & (rest - Longest'(1));
        end
      end
      if (rst_i || clear_i) rest_q <= '0;
    end

    // The words: the one that is walked, the next one on its way (in the RAM's output) or kept, and the
    // page's first one for again_i. Each with its number in the page and its block.
    localparam int unsigned TagBits = NumberBits + BlockBits;
    logic [Size-1:0] word_q, kept_word_q, first_word_q, next_word, left;
    logic [TagBits-1:0] tag_q, coming_tag_q, kept_tag_q, first_tag_q, next_tag;
    logic had_first_q;
    assign left = word_q & (word_q - Size'(1));
    assign need = word_q == '0 || (take_i && left == '0);
    assign next_word = kept_q ? kept_word_q : coming_q ? word_walk : '0;
    assign next_tag = kept_q ? kept_tag_q : coming_tag_q;
    always_ff @(posedge clk_i) begin
      if (rst_i || clear_i) begin
        coming_q <= 1'b0;
        kept_q <= 1'b0;
      end else if (en_i) begin
        coming_q <= fetch;
        kept_q <= !load_q && !again_i && !need && (kept_q || coming_q);
      end
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (fetch) coming_tag_q <= {number, fetch_block};
        if (coming_q) begin
          kept_word_q <= word_walk;
          kept_tag_q <= coming_tag_q;
        end
        if (load_q) begin
          first_word_q <= '0;
          had_first_q <= 1'b0;
        end else if (coming_q && !had_first_q) begin
          first_word_q <= word_walk;
          first_tag_q <= coming_tag_q;
          had_first_q <= 1'b1;
        end
        if (load_q) begin
          word_q <= '0;
        end else if (again_i) begin
          word_q <= first_word_q;
          tag_q <= first_tag_q;
        end else if (need) begin
          word_q <= next_word;
          tag_q <= next_tag;
        end else if (take_i) begin
          word_q <= left;
        end
      end
    end

    // The next chunk.
    logic found;
    logic [PlaceBits-1:0] place;
    logic [NumberBits+PlaceBits-1:0] chunk;
    first_one #(.Width(Size)) u_chunk (.bits_i(word_q), .any_o(found), .index_o(place));
    assign chunk = {tag_q[BlockBits+:NumberBits], place};
    assign chunk_o = ChunkBits'(chunk);
    assign any_o = found && 32'(chunk) < 32'(limit_q);

    // Who waits reads again, so nobody relies on read data held by the RAM. Nothing else is read: other
    // blocks are being written.
    logic has_taken_q;
    logic [BlockBits+PlaceBits-1:0] taken_q;
    assign mask_address = take_i ? {tag_q[BlockBits-1:0], place} : taken_q;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (load_q) has_taken_q <= 1'b0;
        else if (take_i && found) has_taken_q <= 1'b1;
        if (take_i && found) taken_q <= mask_address;
      end
      if (rst_i || clear_i) has_taken_q <= 1'b0;
    end
    assign scan = scan_i;
    assign scan_counts = reading_i;
    assign scan_row = scan_row_i;
    assign read_mask = en_i && reading_i && !load_q && (take_i ? found : has_taken_q);
    assign mask_o = mask;
    assign look_valid_o = 1'b0;
    assign look_mask_o = '0;
    logic unused_look;
    assign unused_look = ^{look_i, look_row_i, look_chunk_i, look_limit_i};
    // A word that was read ahead has a chunk, and there is room for it.
    `SPIKELOOM_CHECK(words_have_chunks, !(en_i && coming_q) || word_walk != '0)
    `SPIKELOOM_CHECK(one_word_ahead, !(coming_q && kept_q))
  end else begin : gen_look
    // c + 1: the row's summary and first block are read. c + 2: the chunk's block. c + 3: its word of valid
    // bits and the mask are read, where the block has a valid chunk; others are being written. c + 4: the
    // chunk's bit of the word.
    logic [3:0] look_q, below_q;  // [k]: of the look in c + 1 + k
    logic [RowBits-1:0] row_q;
    logic [NumberBits+PlaceBits-1:0] chunk1_q, chunk2_q;
    logic [BlockBits-1:0] block_q;
    logic [PlaceBits-1:0] place3_q, place4_q;
    logic used, chunk_valid;
    always_comb begin
      used = 1'b0;
      for (int n = 0; n < Longest; n++)
        if (chunk2_q[PlaceBits+:NumberBits] == NumberBits'(n)) used = page_summary[n];
      chunk_valid = 1'b0;
      for (int c = 0; c < Size; c++) if (place4_q == PlaceBits'(c)) chunk_valid = word_walk[c];
    end
    always_ff @(posedge clk_i) begin
      if (rst_i || clear_i) {look_q, below_q} <= '0;
      else if (en_i) begin
        look_q <= {look_q[2:0], look_i};
        below_q[0] <= look_i && 32'(look_chunk_i) < 32'(look_limit_i);
        below_q[1] <= below_q[0];
        below_q[2] <= below_q[1] && used;
        below_q[3] <= below_q[2];
      end
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        row_q <= look_row_i;
        chunk1_q <= (NumberBits + PlaceBits)'(look_chunk_i);
        chunk2_q <= chunk1_q;
        block_q <= scan_first + BlockBits'(chunk2_q[PlaceBits+:NumberBits]);
        place3_q <= chunk2_q[PlaceBits-1:0];
        place4_q <= place3_q;
      end
    end
    assign scan = look_q[0];
    assign scan_counts = look_q[0];
    assign scan_row = row_q;
    assign fetch = en_i && below_q[2];
    assign fetch_block = block_q;
    assign read_mask = fetch;
    assign mask_address = {block_q, place3_q};
    assign look_valid_o = look_q[3];
    assign look_mask_o = below_q[3] && chunk_valid ? mask : '0;
    assign start_o = 1'b0;
    assign any_o = 1'b0;
    assign chunk_o = '0;
    assign mask_o = '0;
    logic unused_walk;
    assign unused_walk = ^{scan_i, scan_row_i, load_i, limit_i, reading_i, take_i, again_i};
  end

  // What the schedule guarantees.
  `SPIKELOOM_CHECK(chunk_is_in_the_page, !chunk_i || 32'(chunk_number_i) < PageChunks)
endmodule

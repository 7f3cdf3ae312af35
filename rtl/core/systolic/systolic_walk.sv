// Walks a firing's blocks and folds: says which weight words are read, which page chunks are looked up, and
// where the sums go. It knows shapes only, no spikes: every firing of a context with as many pages takes the
// same time.
//
// With n pages, fold j has V(j) = n * (columns + 1) * (lines + 1) vectors and L(j) weight words (words_of of
// its rows and format, below). Its words are read in y(j), y(j) + 1, ... and its vectors looked up in x(j),
// x(j) + 1, ..., in enabled cycles after fire_i in f:
//
//   x(0) = f + 5 + max(1, L(0)),   y(j + 1) = x(j),   x(j + 1) = x(j) + max(V(j), L(j + 1))
//
// but the first fold of a block waits for a bank: block b >= 2 starts in u(b - 2) + 2 at the earliest, where
// u(b) is the cycle of the bank_free_i that answers block b. So no fold costs a cycle but its vectors and the
// next one's words. The order of vectors: line by line, in a line pair by pair, of a pair page by page.
//
// look_first_o comes with a fold's first vector. block_end_o comes with a block's last one, and with it what
// the block's update needs; with the last block block_last_o. Blocks take bank 0 and 1 in turn, a firing
// begins with 0.
//
// Constraints: at least one block a firing and one fold a block. One firing at a time.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module systolic_walk #(
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_SystolicPages,
    `SPIKELOOM_PARAMETER_SystolicVectors,
    `SPIKELOOM_PARAMETER_SystolicWeightBits,
    `SPIKELOOM_PARAMETER_SystolicShift,
    `SPIKELOOM_PARAMETER_SystolicBlocks,
    `SPIKELOOM_PARAMETER_SystolicFolds,
    `SPIKELOOM_PARAMETER_SystolicWords,
    localparam int unsigned Rows = spikeloom_pkg::CHUNK_BITS,
    localparam int unsigned RowsBits = $clog2(Rows + 1),
    localparam int unsigned PairBits = $clog2(Rows / 2),
    localparam int unsigned WordBits = SystolicWords > 1 ? $clog2(SystolicWords) : 1,
    localparam int unsigned ShiftBits = SystolicShift > 0 ? $clog2(SystolicShift + 1) : 1,
    localparam int unsigned ChunkBits = PageChunks > 1 ? $clog2(PageChunks) : 1,
    localparam int unsigned AddressBits = $clog2(SystolicVectors),
    localparam int unsigned UpdatesBits = spikeloom_pkg::MEM_BLOCK_ENTRY_UPDATES_W,
    localparam int unsigned FirstBits = spikeloom_pkg::MEM_BLOCK_ENTRY_FIRST_W
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic        fire_i,
    input logic [ 4:0] fire_pages_i,
    input logic [15:0] ctx_block_i,   // the context's first block
    input logic [15:0] ctx_blocks_i,  // how many it has
    input logic        bank_free_i,   // a block's update has read its last accumulators

    output logic                word_read_o,
    output logic [WordBits-1:0] word_address_o,
    output logic [PairBits-1:0] word_pair_o,
    output logic [         1:0] word_rows_o,
    output logic [         1:0] word_format_o,
    output logic [         1:0] word_sub_o,

    output logic                   look_o,
    output logic                   look_first_o,
    output logic [            4:0] look_page_o,
    output logic [  ChunkBits-1:0] look_chunk_o,
    output logic                   look_bank_o,
    output logic [AddressBits-1:0] look_address_o,
    output logic                   look_store_o,
    output logic                   look_negate_o,
    output logic [  ShiftBits-1:0] look_shift_o,
    output logic [   RowsBits-1:0] look_rows_o,

    output logic                   block_end_o,
    output logic                   block_last_o,
    output logic [UpdatesBits-1:0] block_updates_o,
    output logic [  FirstBits-1:0] block_first_o,

    input logic        cfg_block_we_i,
    input logic        cfg_fold_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  localparam int unsigned BlockBits = SystolicBlocks > 1 ? $clog2(SystolicBlocks) : 1;
  localparam int unsigned FoldBits = SystolicFolds > 1 ? $clog2(SystolicFolds) : 1;
  localparam int unsigned PageBits = $clog2(SystolicPages);
  localparam int unsigned VectorBits = AddressBits - PageBits;
  localparam int unsigned LengthBits = spikeloom_pkg::MEM_FOLD_ENTRY_COLUMNS_W;
  localparam int unsigned LoadBits = $clog2(Rows + 1);
  localparam int unsigned FoldsBits = spikeloom_pkg::MEM_BLOCK_ENTRY_FOLDS_W;

  // Memory words that a fold's rows are read from: each read gives one row of 8 bits, two of fewer.
  function automatic logic [LoadBits-1:0] words_of(input logic [RowsBits-1:0] rows, input logic [1:0] format);
    begin
      words_of = LoadBits'((rows + 1'b1) >> 1);
      if (SystolicWeightBits == 8 && format == spikeloom_pkg::FORMAT_W8) words_of = LoadBits'(rows);
    end
  endfunction

  if (AddressBits < PageBits + 1) begin : gen_vectors
    $error("tile.systolic_vectors must be at least twice tile.systolic_pages");
  end

  // Configuration: every part's data stands at every part's place.
  localparam int unsigned BlockParts = spikeloom_pkg::MEM_BLOCK_ENTRY_WIDTH / 32;
  localparam int unsigned FoldParts = spikeloom_pkg::MEM_FOLD_ENTRY_WIDTH / 32;
  logic [spikeloom_pkg::MEM_BLOCK_ENTRY_WIDTH-1:0] cfg_block;
  logic [spikeloom_pkg::MEM_FOLD_ENTRY_WIDTH-1:0] cfg_fold;
  logic [BlockParts-1:0] cfg_block_part;
  logic [FoldParts-1:0] cfg_fold_part;
  logic unused_cfg;
  assign cfg_block = {BlockParts{cfg_data_i}};
  assign cfg_fold = {FoldParts{cfg_data_i}};
  assign unused_cfg = ^{cfg_block, cfg_fold, cfg_word_i, cfg_part_i, ctx_block_i};
  always_comb begin
    for (int p = 0; p < BlockParts; p++) cfg_block_part[p] = cfg_block_we_i && 32'(cfg_part_i) == p;
    for (int p = 0; p < FoldParts; p++) cfg_fold_part[p] = cfg_fold_we_i && 32'(cfg_part_i) == p;
  end

  // Stages, each of which goes on when the next one takes what it has: block (the block memory's output), run
  // (a block's folds one after the other), fold (the fold memory's output), load (reads weights), walk
  // (looks).
  logic block_take, run_take, fold_take, load_take;

  // Block.
  logic block_read, block_valid_q, block_last_q;
  logic [BlockBits-1:0] block_address_q;
  logic [15:0] blocks_left_q;
  assign block_read = blocks_left_q != '0 && (!block_valid_q || block_take);
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      block_valid_q <= 1'b0;
      blocks_left_q <= '0;
    end else if (en_i) begin
      block_valid_q <= block_read || (block_valid_q && !block_take);
      if (fire_i) blocks_left_q <= ctx_blocks_i;
      else if (block_read) blocks_left_q <= blocks_left_q - 16'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i) block_address_q <= ctx_block_i[BlockBits-1:0];
      else if (block_read) block_address_q <= block_address_q + BlockBits'(1);
      if (block_read) block_last_q <= blocks_left_q == 16'd1;
    end
  end

  logic [FoldsBits-1:0] block_folds;
  logic [UpdatesBits-1:0] block_updates;
  logic [FirstBits-1:0] block_first;
  logic [ChunkBits-1:0] block_chunk;
  logic [FoldBits-1:0] block_fold;
  logic [WordBits-1:0] block_weights;
  ram_sdp #(.Width(FoldsBits + UpdatesBits), .Depth(SystolicBlocks)) u_block_counts (
      .clk_i, .rst_i,
      .write_enable_i(cfg_block_part[`SPIKELOOM_PART(MEM_BLOCK_ENTRY_FOLDS)]),
      .write_address_i(cfg_word_i[BlockBits-1:0]),
      .write_data_i({`SPIKELOOM_FIELD(cfg_block, MEM_BLOCK_ENTRY_UPDATES),
                     `SPIKELOOM_FIELD(cfg_block, MEM_BLOCK_ENTRY_FOLDS)}),
      .read_enable_i(en_i && block_read), .read_address_i(block_address_q),
      .read_data_o({block_updates, block_folds}));
  ram_sdp #(.Width(FirstBits + ChunkBits), .Depth(SystolicBlocks)) u_block_places (
      .clk_i, .rst_i,
      .write_enable_i(cfg_block_part[`SPIKELOOM_PART(MEM_BLOCK_ENTRY_FIRST)]),
      .write_address_i(cfg_word_i[BlockBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_block, MEM_BLOCK_ENTRY_CHUNK, ChunkBits),
                     `SPIKELOOM_FIELD(cfg_block, MEM_BLOCK_ENTRY_FIRST)}),
      .read_enable_i(en_i && block_read), .read_address_i(block_address_q),
      .read_data_o({block_chunk, block_first}));
  ram_sdp #(.Width(FoldBits), .Depth(SystolicBlocks)) u_block_fold (
      .clk_i, .rst_i,
      .write_enable_i(cfg_block_part[`SPIKELOOM_PART(MEM_BLOCK_ENTRY_FOLD)]),
      .write_address_i(cfg_word_i[BlockBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_block, MEM_BLOCK_ENTRY_FOLD, FoldBits)),
      .read_enable_i(en_i && block_read), .read_address_i(block_address_q), .read_data_o(block_fold));
  ram_sdp #(.Width(WordBits), .Depth(SystolicBlocks)) u_block_weights (
      .clk_i, .rst_i,
      .write_enable_i(cfg_block_part[`SPIKELOOM_PART(MEM_BLOCK_ENTRY_WEIGHTS)]),
      .write_address_i(cfg_word_i[BlockBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_block, MEM_BLOCK_ENTRY_WEIGHTS, WordBits)),
      .read_enable_i(en_i && block_read), .read_address_i(block_address_q), .read_data_o(block_weights));

  // Run.
  logic run_q, run_first_q, run_block_last_q, run_ends;
  logic [FoldBits-1:0] run_fold_q;
  logic [FoldsBits-1:0] run_left_q;
  logic [ChunkBits-1:0] run_chunk_q;
  logic [WordBits-1:0] run_weights_q;
  logic [UpdatesBits-1:0] run_updates_q;
  logic [FirstBits-1:0] run_place_q;
  assign run_ends = run_left_q == FoldsBits'(1);
  assign block_take = block_valid_q && (!run_q || (run_take && run_ends));
  always_ff @(posedge clk_i) begin
    if (rst_i) run_q <= 1'b0;
    else if (en_i) run_q <= block_take || (run_q && !(run_take && run_ends));
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (block_take) begin
        run_first_q <= 1'b1;
        run_block_last_q <= block_last_q;
        run_fold_q <= block_fold;
        run_left_q <= block_folds;
        run_chunk_q <= block_chunk;
        run_weights_q <= block_weights;
        run_updates_q <= block_updates;
        run_place_q <= block_first;
      end else if (run_take) begin
        run_first_q <= 1'b0;
        run_fold_q <= run_fold_q + FoldBits'(1);
        run_left_q <= run_left_q - FoldsBits'(1);
      end
    end
  end

  // Fold. What it has of its block goes along.
  localparam int unsigned BlockWide = 3 + UpdatesBits + FirstBits;
  logic fold_valid_q;
  logic [BlockWide-1:0] fold_block_q;  // of a block: first fold, last fold, last block, updates, first group
  logic [ChunkBits-1:0] fold_chunk_q;
  logic [WordBits-1:0] fold_weights_q;
  assign run_take = run_q && (!fold_valid_q || fold_take);
  always_ff @(posedge clk_i) begin
    if (rst_i) fold_valid_q <= 1'b0;
    else if (en_i) fold_valid_q <= run_take || (fold_valid_q && !fold_take);
  end
  always_ff @(posedge clk_i) begin
    if (en_i && run_take) begin
      fold_block_q <= {run_first_q, run_ends, run_block_last_q, run_updates_q, run_place_q};
      fold_chunk_q <= run_chunk_q;
      fold_weights_q <= run_weights_q;
    end
  end

  logic [WordBits-1:0] fold_weights;
  logic [1:0] fold_format;
  logic [ShiftBits-1:0] fold_shift;
  logic fold_negate, fold_store;
  logic [RowsBits-1:0] fold_rows;
  logic [LengthBits-1:0] fold_columns, fold_lines;
  logic [ChunkBits-1:0] fold_chunk, fold_chunk_step, fold_chunk_jump;
  logic [VectorBits-1:0] fold_vector, fold_vector_step, fold_vector_jump;
  ram_sdp #(.Width(WordBits + 2 + ShiftBits + 2), .Depth(SystolicFolds)) u_fold_matrix (
      .clk_i, .rst_i,
      .write_enable_i(cfg_fold_part[`SPIKELOOM_PART(MEM_FOLD_ENTRY_WEIGHTS)]),
      .write_address_i(cfg_word_i[FoldBits-1:0]),
      .write_data_i({`SPIKELOOM_FIELD(cfg_fold, MEM_FOLD_ENTRY_STORE),
                     `SPIKELOOM_FIELD(cfg_fold, MEM_FOLD_ENTRY_NEGATE),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_SHIFT, ShiftBits),
                     `SPIKELOOM_FIELD(cfg_fold, MEM_FOLD_ENTRY_FORMAT),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_WEIGHTS, WordBits)}),
      .read_enable_i(en_i && run_take), .read_address_i(run_fold_q),
      .read_data_o({fold_store, fold_negate, fold_shift, fold_format, fold_weights}));
  ram_sdp #(.Width(RowsBits + 2 * LengthBits), .Depth(SystolicFolds)) u_fold_lengths (
      .clk_i, .rst_i,
      .write_enable_i(cfg_fold_part[`SPIKELOOM_PART(MEM_FOLD_ENTRY_ROWS)]),
      .write_address_i(cfg_word_i[FoldBits-1:0]),
      .write_data_i({`SPIKELOOM_FIELD(cfg_fold, MEM_FOLD_ENTRY_LINES),
                     `SPIKELOOM_FIELD(cfg_fold, MEM_FOLD_ENTRY_COLUMNS),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_ROWS, RowsBits)}),
      .read_enable_i(en_i && run_take), .read_address_i(run_fold_q),
      .read_data_o({fold_lines, fold_columns, fold_rows}));
  ram_sdp #(.Width(ChunkBits + VectorBits), .Depth(SystolicFolds)) u_fold_places (
      .clk_i, .rst_i,
      .write_enable_i(cfg_fold_part[`SPIKELOOM_PART(MEM_FOLD_ENTRY_CHUNK)]),
      .write_address_i(cfg_word_i[FoldBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_VECTOR, VectorBits),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_CHUNK, ChunkBits)}),
      .read_enable_i(en_i && run_take), .read_address_i(run_fold_q),
      .read_data_o({fold_vector, fold_chunk}));
  ram_sdp #(.Width(2 * ChunkBits), .Depth(SystolicFolds)) u_fold_chunks (
      .clk_i, .rst_i,
      .write_enable_i(cfg_fold_part[`SPIKELOOM_PART(MEM_FOLD_ENTRY_CHUNK_STEP)]),
      .write_address_i(cfg_word_i[FoldBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_CHUNK_JUMP, ChunkBits),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_CHUNK_STEP, ChunkBits)}),
      .read_enable_i(en_i && run_take), .read_address_i(run_fold_q),
      .read_data_o({fold_chunk_jump, fold_chunk_step}));
  ram_sdp #(.Width(2 * VectorBits), .Depth(SystolicFolds)) u_fold_vectors (
      .clk_i, .rst_i,
      .write_enable_i(cfg_fold_part[`SPIKELOOM_PART(MEM_FOLD_ENTRY_VECTOR_STEP)]),
      .write_address_i(cfg_word_i[FoldBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_VECTOR_JUMP, VectorBits),
                     `SPIKELOOM_LOW(cfg_fold, MEM_FOLD_ENTRY_VECTOR_STEP, VectorBits)}),
      .read_enable_i(en_i && run_take), .read_address_i(run_fold_q),
      .read_data_o({fold_vector_jump, fold_vector_step}));

  // Load. Of a fold the walk needs the rest.
  localparam int unsigned WalkWide =
      BlockWide + 2 + ShiftBits + RowsBits + 2 * LengthBits + 3 * ChunkBits + 3 * VectorBits;
  logic load_valid_q, load_done;
  logic [WalkWide-1:0] load_walk_q;
  logic [LoadBits-1:0] load_left_q;
  logic [PairBits:0] load_step_q;  // 8 bits: the row; fewer: the row pair
  logic [WordBits-1:0] load_address_q;
  logic [1:0] load_format_q;
  logic load_wide, word_ends;
  assign fold_take = fold_valid_q && (!load_valid_q || load_take);
  assign load_done = load_left_q <= LoadBits'(1);
  assign load_wide = SystolicWeightBits == 8 && load_format_q == spikeloom_pkg::FORMAT_W8;
  assign word_read_o = load_valid_q && load_left_q != '0;
  assign word_address_o = load_address_q;
  assign word_pair_o = load_wide ? load_step_q[PairBits:1] : load_step_q[PairBits-1:0];
  assign word_rows_o = !load_wide ? 2'b11 : load_step_q[0] ? 2'b10 : 2'b01;
  assign word_format_o = load_format_q;
  // Row pairs of a word: 1 of four bits, 2 of two, 4 of one.
  always_comb begin
    word_sub_o = 2'd0;
    word_ends = 1'b1;
    if (load_format_q == spikeloom_pkg::FORMAT_W2) begin
      word_sub_o = {1'b0, load_step_q[0]};
      word_ends = load_step_q[0];
    end
    if (load_format_q == spikeloom_pkg::FORMAT_W1) begin
      word_sub_o = load_step_q[1:0];
      word_ends = load_step_q[1:0] == 2'd3;
    end
  end
  always_ff @(posedge clk_i) begin
    if (rst_i) load_valid_q <= 1'b0;
    else if (en_i) load_valid_q <= fold_take || (load_valid_q && !load_take);
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fold_take) begin
        load_walk_q <= {fold_block_q, fold_store, fold_negate, fold_shift, fold_rows, fold_lines,
                        fold_columns, fold_chunk_jump, fold_chunk_step, fold_vector_jump, fold_vector_step,
                        fold_chunk + fold_chunk_q, fold_vector};
        load_left_q <= words_of(fold_rows, fold_format);
        load_step_q <= '0;
        load_address_q <= fold_weights + fold_weights_q;
        load_format_q <= fold_format;
      end else if (word_read_o) begin
        load_left_q <= load_left_q - LoadBits'(1);
        load_step_q <= load_step_q + 1'b1;
        if (word_ends) load_address_q <= load_address_q + WordBits'(1);
      end
    end
  end

  // Walk.
  logic walk_q, first_q, block_first_fold, walk_ends, line_ends, page_ends, block_ends_q, firing_ends_q;
  logic [1:0] banks_q;  // that are free
  logic bank_q;
  logic [4:0] pages_q, page_q;
  logic [LengthBits-1:0] columns_q, columns_left_q, lines_left_q;
  logic [ChunkBits-1:0] chunk_q, chunk_step_q, chunk_jump_q;
  logic [VectorBits-1:0] vector_q, vector_step_q, vector_jump_q;
  logic [UpdatesBits-1:0] updates_q;
  logic [FirstBits-1:0] place_q;
  logic store_q, negate_q;
  logic [ShiftBits-1:0] shift_q;
  logic [RowsBits-1:0] rows_q;
  assign block_first_fold = load_walk_q[WalkWide-1];
  assign page_ends = page_q + 5'd1 == pages_q;
  assign line_ends = columns_left_q == '0;
  assign walk_ends = page_ends && line_ends && lines_left_q == '0;
  assign load_take =
      load_valid_q && load_done && (!walk_q || walk_ends) && (!block_first_fold || banks_q != '0);
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      walk_q <= 1'b0;
      banks_q <= 2'd2;
      bank_q <= 1'b1;
    end else if (en_i) begin
      walk_q <= load_take || (walk_q && !walk_ends);
      banks_q <= banks_q + 2'(bank_free_i) - 2'(load_take && block_first_fold);
      if (fire_i) bank_q <= 1'b1;
      else if (load_take) bank_q <= bank_q ^ block_first_fold;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i) pages_q <= fire_pages_i;
      if (load_take) begin
        {block_ends_q, firing_ends_q, updates_q, place_q, store_q, negate_q, shift_q, rows_q,
         lines_left_q, columns_q, chunk_jump_q, chunk_step_q, vector_jump_q, vector_step_q, chunk_q,
         vector_q} <= load_walk_q[WalkWide-2:0];
        columns_left_q <= load_walk_q[3*VectorBits+3*ChunkBits+:LengthBits];
        first_q <= 1'b1;
        page_q <= '0;
      end else if (walk_q) begin
        first_q <= 1'b0;
        page_q <= page_ends ? 5'd0 : page_q + 5'd1;
        if (page_ends) begin
          columns_left_q <= line_ends ? columns_q : columns_left_q - LengthBits'(1);
          if (line_ends) lines_left_q <= lines_left_q - LengthBits'(1);
          chunk_q <= chunk_q + (line_ends ? chunk_jump_q : chunk_step_q);
          vector_q <= vector_q + (line_ends ? vector_jump_q : vector_step_q);
        end
      end
    end
  end
  assign look_o = walk_q;
  assign look_first_o = walk_q && first_q;
  assign look_page_o = page_q;
  assign look_chunk_o = chunk_q;
  assign look_bank_o = bank_q;
  if (PageBits > 0) begin : gen_address
    assign look_address_o = {vector_q, page_q[PageBits-1:0]};
  end else begin : gen_one_page
    assign look_address_o = vector_q;
  end
  assign look_store_o = store_q;
  assign look_negate_o = negate_q;
  assign look_shift_o = shift_q;
  assign look_rows_o = rows_q;
  assign block_end_o = walk_q && walk_ends && block_ends_q;
  assign block_last_o = firing_ends_q;
  assign block_updates_o = updates_q;
  assign block_first_o = place_q;

  `SPIKELOOM_ASSUME(one_firing, !(en_i && fire_i) || !(walk_q || load_valid_q || blocks_left_q != '0))
  `SPIKELOOM_ASSUME(some_pages, !(en_i && fire_i) ||
                                (fire_pages_i != '0 && 32'(fire_pages_i) <= SystolicPages))
  `SPIKELOOM_CHECK(two_banks, banks_q <= 2'd2)
endmodule

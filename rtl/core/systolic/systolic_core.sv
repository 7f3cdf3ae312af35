// The systolic core: integrates a firing's pages block by block, weight matrix by weight matrix, while the
// neurons of the block before are updated. Its time depends on the tables and on the number of pages alone.
//
// A firing has n pages, 1 to SystolicPages. Times are enabled cycles after the firing f, p is the tile's page
// delay (PageDelay). Fold j, counted over all blocks, has V(j) vectors and L(j) weight reads
// (systolic_walk.sv); x(j) is the cycle in which its first vector is looked up:
//   x(0)     = f + 5 + max(1, L(0))
//   x(j + 1) = x(j) + max(V(j), L(j + 1)), and for the first fold of block b >= 2 at least u(b - 2) + 2
//   e(b)     = cycle of block b's last look: x + V - 1 of its last fold
// Update of block b, page t, with m = the block's update entries and pass = max(m, min(m, 2 * LifLanes) + 5):
//   s(b, 0)  = max(e(b) + 8 + p, the start before + its pass),   s(b, t + 1) = s(b, t) + pass
//   u(b)     = s(b, n - 1) + m + 1, where its last accumulators are read
//   free_o of page i      in t(i) = e(last block) + 3 + p + i
//   out_end_o of page i   in s(last block, i) + m + 7, the last one with done_o
// So a fold costs its vectors or the next one's weight reads, whichever is more, and an update costs nothing
// but the last block's, unless it takes longer than the next block's folds. Pushes of a list come in program
// order, lists in turn block by block, none later than its out_end_o; nothing holds them back.
//
// Context registers: ctx_chunk_i is the first block, ctx_updates_i how many there are, ctx_update_i the first
// update entry, ctx_state_i the first state word. The core looks (look_*), page_* means nothing to it.
//
// Tables: every block has a fold and an update entry, its program's last entry has emit, its sums are stored
// before any is added, and its walks stay inside the bank and the page. All of it is the compiler's to keep.
//
// Pulses (free_o, out_end_o, done_o, out_push_o, count_word_o) last one enabled cycle. count_word_o counts
// weight reads. ctx_* and fire_* are stable as named in the ports. rst_i (also: clear) ends whatever goes on;
// memories keep their contents. cfg_* is clock time, not gated by en_i, and allowed only while no firing is
// in progress; with SystolicStream also then, for weights that the firing does not read.
// It does not check addresses. Potentials and currents can be read, 32 bits, sign-extended;
// everything else reads as 0.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module systolic_core #(
    `SPIKELOOM_SYSTOLIC_PARAMETERS
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic       fire_i,        // cycle f
    input logic [4:0] fire_pages_i,  // f: pages of the firing
    input logic       fire_first_i,  // f: page 0 begins a sample, old state reads as 0
    input logic       fire_last_i,   // f: the last page ends a sample

    input logic [15:0] ctx_chunk_i,      // f to te, like all ctx_*
    input logic [15:0] ctx_update_i,
    input logic [15:0] ctx_updates_i,
    input logic [15:0] ctx_state_i,
    input logic [15:0] ctx_bias_i,
    input logic        ctx_readout_i,
    input logic        ctx_last_only_i,

    // Chunks one after the other: not used.
    input  logic        page_start_i,
    input  logic        page_any_i,
    input  logic [11:0] page_chunk_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,
    output logic        page_take_o,
    output logic        page_again_o,

    // Chunks of the firing's pages by their index, one a cycle.
    output logic        look_o,
    output logic [ 4:0] look_page_o,
    output logic [11:0] look_chunk_o,
    input  logic        look_valid_i,  // 2 + p cycles later,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_i,  // with the chunk's mask

    output logic                      free_o,
    output logic                      out_push_o,
    output logic [               4:0] out_page_o,
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o,
    output logic                      out_end_o,
    output logic                      done_o,
    output logic                      count_word_o,  // a weight read

    input  logic        cfg_we_i,
    input  logic        cfg_re_i,
    input  logic [ 3:0] cfg_memory_i,
    input  logic [23:0] cfg_word_i,
    input  logic [ 7:0] cfg_part_i,
    input  logic [31:0] cfg_data_i,
    output logic [31:0] cfg_data_o,   // two clock cycles after cfg_re_i
    output logic [ 7:0] cfg_parts_o   // of a word of cfg_memory_i
);
  localparam int unsigned AddressBits = $clog2(SystolicVectors);
  localparam int unsigned PageBits = $clog2(SystolicPages);
  // With one page blocks still follow one another, as pages do: the update is told of two.
  localparam int unsigned RunPages = SystolicPages > 1 ? SystolicPages : 2;
  localparam int unsigned PagePortBits = $clog2(RunPages);
  localparam int unsigned VectorBits = AddressBits - PageBits;
  localparam int unsigned UpdatesBits = spikeloom_pkg::MEM_BLOCK_ENTRY_UPDATES_W;
  localparam int unsigned FirstBits = spikeloom_pkg::MEM_BLOCK_ENTRY_FIRST_W;
  localparam int unsigned MostBits = spikeloom_pkg::MEM_UPDATE_ENTRY_GROUP_W;
  localparam int unsigned LifGroups = BiasWords != 0 ? BiasWords : StateWords;
  localparam int unsigned GroupBits =
      LifGroups > (1 << MostBits) ? MostBits : LifGroups > 1 ? $clog2(LifGroups) : 1;
  // LIF groups of a target vector; beside them those of the other bank.
  localparam int unsigned Slices = SystolicColumns / LifLanes;
  localparam int unsigned VectorSliceBits = $clog2(Slices);
  localparam int unsigned SliceBits = VectorSliceBits + 1;
  localparam int unsigned ReadToDone = 6;  // of an update, its last read to its end

  `SPIKELOOM_CHECK_SYSTOLIC_PARAMETERS

  logic unused;
  assign unused = ^{page_start_i, page_any_i, page_chunk_i, page_mask_i, look_valid_i};
  assign page_take_o = 1'b0;
  assign page_again_o = 1'b0;

  // Configuration.
  logic write_blocks, write_folds, write_matrices, write_updates, write_sets, write_biases;
  logic write_potentials, write_currents, read_potentials, read_currents;
  assign write_blocks = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_BLOCKS;
  assign write_folds = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_FOLDS;
  assign write_matrices = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_MATRICES;
  assign write_updates = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_UPDATES;
  assign write_sets = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_SETS;
  assign write_biases = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_BIASES;
  assign write_potentials = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_POTENTIALS;
  assign write_currents = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_CURRENTS;
  assign read_potentials = cfg_re_i && cfg_memory_i == spikeloom_pkg::MEM_POTENTIALS;
  assign read_currents = cfg_re_i && cfg_memory_i == spikeloom_pkg::MEM_CURRENTS;
  // A stream writes weights that no firing under way reads.
  logic write_stream;
  assign write_stream = SystolicStream != 0 && write_matrices;
  always_comb begin
    case (cfg_memory_i)
      spikeloom_pkg::MEM_BLOCKS: cfg_parts_o = 8'(spikeloom_pkg::MEM_BLOCK_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_FOLDS: cfg_parts_o = 8'(spikeloom_pkg::MEM_FOLD_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_MATRICES: cfg_parts_o = 8'(SystolicColumns / 4);
      spikeloom_pkg::MEM_UPDATES: cfg_parts_o = 8'(spikeloom_pkg::MEM_UPDATE_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_SETS: cfg_parts_o = 8'(spikeloom_pkg::MEM_SET_ENTRY_WIDTH / 32);
      default: cfg_parts_o = 8'(LifLanes);
    endcase
  end

  logic looked, ready, bank_free, acc_read;
  logic [2*UpdatesBits-1:0] block_updates;
  logic [2*FirstBits-1:0] block_first;
  logic [1:0] block_last;
  logic read_bank_q;
  logic [AddressBits-1:0] read_address;
  logic [2*SystolicColumns*AccBits-1:0] sums;
  systolic_integrate #(
      .PageChunks(PageChunks), .AccBits(AccBits), .SystolicColumns(SystolicColumns),
      .SystolicPages(SystolicPages), .SystolicVectors(SystolicVectors),
      .SystolicWeightBits(SystolicWeightBits), .SystolicShift(SystolicShift),
      .SystolicBlocks(SystolicBlocks), .SystolicFolds(SystolicFolds), .SystolicWords(SystolicWords),
      .PageDelay(PageDelay)
  ) u_integrate (
      .clk_i, .rst_i, .en_i,
      .fire_i, .fire_pages_i, .ctx_block_i(ctx_chunk_i), .ctx_blocks_i(ctx_updates_i),
      .look_o, .look_page_o, .look_chunk_o, .look_mask_i, .looked_o(looked), .count_word_o,
      .ready_o(ready), .block_updates_o(block_updates), .block_first_o(block_first),
      .block_last_o(block_last), .bank_free_i(bank_free),
      .read_i(acc_read), .read_bank_i(read_bank_q), .read_address_i(read_address), .data_o(sums),
      .cfg_block_we_i(write_blocks), .cfg_fold_we_i(write_folds), .cfg_matrix_we_i(write_matrices),
      .cfg_word_i, .cfg_part_i, .cfg_data_i);

  // Pages are freed one after the other.
  logic [4:0] to_free_q;
  assign free_o = looked || to_free_q != '0;

  // Runs of the update program: of every block that is ready one for each page.
  logic load, start_q, engine_ready, block_done, run_last_page;
  logic [1:0] waiting_q;  // blocks that are ready and have pages left to update
  logic bank_q, fire_first_q, fire_last_q;
  logic [4:0] pages_q, run_page_q;
  logic [15:0] run_entry_q, run_count;
  assign run_count = bank_q ? block_updates[UpdatesBits+:UpdatesBits] : block_updates[0+:UpdatesBits];
  assign run_last_page = run_page_q + 5'd1 == pages_q;
  assign load = engine_ready && (ready || waiting_q != '0);
  assign block_done = load && run_last_page;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      waiting_q <= '0;
      start_q <= 1'b0;
      to_free_q <= '0;
    end else if (en_i) begin
      waiting_q <= waiting_q + 2'(ready) - 2'(block_done);
      start_q <= load;
      to_free_q <= looked ? pages_q - 5'd1 : to_free_q == '0 ? 5'd0 : to_free_q - 5'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i) begin
        pages_q <= fire_pages_i;
        fire_first_q <= fire_first_i;
        fire_last_q <= fire_last_i;
        bank_q <= 1'b0;
        run_page_q <= '0;
        run_entry_q <= ctx_update_i;
      end else if (load) begin
        run_page_q <= run_last_page ? 5'd0 : run_page_q + 5'd1;
        if (run_last_page) begin
          bank_q <= !bank_q;
          run_entry_q <= run_entry_q + run_count;
        end
      end
    end
  end

  // Which block the reads are of: a run's begin three cycles after its load, when those of the run before are
  // over; what its load was of waits that long.
  logic load1_q, load2_q, next_bank_q, next_last_page_q, next_last_block_q;
  logic read_last_page_q, read_last_block_q;
  logic [FirstBits-1:0] next_first_q, read_first_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) {load1_q, load2_q} <= '0;
    else if (en_i) {load1_q, load2_q} <= {load, load1_q};
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (load) begin
        next_bank_q <= bank_q;
        next_first_q <= bank_q ? block_first[FirstBits+:FirstBits] : block_first[0+:FirstBits];
        next_last_page_q <= run_last_page;
        next_last_block_q <= block_last[bank_q];
      end
      if (load2_q) begin
        read_bank_q <= next_bank_q;
        read_first_q <= next_first_q;
        read_last_page_q <= next_last_page_q;
        read_last_block_q <= next_last_block_q;
      end
    end
  end

  logic [GroupBits-1:0] acc_group, place;
  logic [PagePortBits-1:0] acc_page;
  logic [SliceBits-1:0] acc_slice;
  logic last_read, run_done;
  logic unused_place;
  assign place = acc_group - GroupBits'(read_first_q);
  assign unused_place = ^{place, read_first_q, acc_page};
  logic [VectorBits-1:0] read_vector;
  assign read_vector = VectorBits'(32'(place) >> VectorSliceBits);
  if (PageBits > 0) begin : gen_pages
    assign read_address = {read_vector, acc_page};
  end else begin : gen_one_page
    assign read_address = read_vector;
  end
  if (Slices > 1) begin : gen_slices
    assign acc_slice = {read_bank_q, acc_group[VectorSliceBits-1:0]};
  end else begin : gen_no_slices
    assign acc_slice = read_bank_q;
  end
  assign bank_free = last_read && read_last_page_q;

  neuron_update #(
      .AccLanes(2 * SystolicColumns), .LifGroups(LifGroups), .Pages(RunPages), .LifLanes(LifLanes),
      .AccBits(AccBits), .StateBits(StateBits), .BiasBits(BiasBits), .MaxScale(MaxScale), .Current(Current),
      .Readout(Readout), .StateWords(StateWords), .UpdateEntries(UpdateEntries), .ParamSets(ParamSets),
      .BiasWords(BiasWords),
      .ChunkIndexBits(ChunkIndexBits)
  ) u_update (
      .clk_i, .rst_i, .en_i,
      .fire_i, .fire_last_i, .ctx_state_i, .ctx_bias_i, .ctx_readout_i, .ctx_last_only_i,
      .load_i(load), .run_entry_i(run_entry_q), .run_count_i(run_count),
      .run_page_i(PagePortBits'(run_page_q)), .run_first_i(fire_first_q && run_page_q == '0),
      .run_last_i(fire_last_q && run_last_page), .start_i(start_q), .ready_o(engine_ready),
      .acc_read_o(acc_read), .acc_group_o(acc_group), .acc_page_o(acc_page), .last_read_o(last_read),
      .acc_slice_i(acc_slice), .acc_touched_i(1'b1), .acc_data_i(sums),
      .out_push_o, .out_page_o, .out_index_o, .out_mask_o, .done_o(run_done),
      .cfg_update_we_i(write_updates), .cfg_set_we_i(write_sets), .cfg_bias_we_i(write_biases),
      .cfg_potential_we_i(write_potentials), .cfg_current_we_i(write_currents),
      .cfg_potential_re_i(read_potentials), .cfg_current_re_i(read_currents),
      .cfg_word_i, .cfg_part_i, .cfg_data_i, .cfg_data_o);

  // The last block's runs end the lists.
  logic [ReadToDone-1:0] ends_q, last_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) {ends_q, last_q} <= '0;
    else if (en_i) begin
      ends_q <= {ends_q[ReadToDone-2:0], last_read && read_last_block_q};
      last_q <= {last_q[ReadToDone-2:0], last_read && read_last_block_q && read_last_page_q};
    end
  end
  assign out_end_o = ends_q[ReadToDone-1];
  assign done_o = last_q[ReadToDone-1];

  // A firing lasts from fire_i to done_o.
  logic busy_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) busy_q <= 1'b0;
    else if (en_i) busy_q <= fire_i || (busy_q && !done_o);
  end
  `SPIKELOOM_ASSUME(one_firing, !(en_i && fire_i && busy_q))
  `SPIKELOOM_ASSUME(cfg_only_idle, !(busy_q && ((cfg_we_i && !write_stream) || cfg_re_i)))
  `SPIKELOOM_CHECK(pulses_only_busy, busy_q || !(free_o || out_end_o || done_o || out_push_o || count_word_o))
  `SPIKELOOM_CHECK(a_list_ends_with_its_run, !en_i || !out_end_o || run_done)
  `SPIKELOOM_CHECK(two_blocks_wait, waiting_q <= 2'd2)
endmodule

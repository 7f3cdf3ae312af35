// The crossbar core: integrates a page's spikes row by row, then updates the context's neurons.
//
// Constants of docs/protocol.md, section 4, in enabled cycles after the firing f:
//   kIntegrate = 6   free_o in ti = f + 6 + sum over valid chunks below the limit of
//                    max(1, sum over set bits of max(1, words(row))),
//                    where words(row) = words x (repeats + 1) of its entry, a chunk with `value` counts as
//                    one row of one word, and page_start_i comes in f + 1; later by as many cycles as that
//                    is later
//   kUpdate    = 7   done_o in te = ti + 7 + entries of the update program
// One weight word a cycle, any order of groups; one update entry a cycle. Pushes come in program order, one a
// cycle at most, the last in te at the latest, and cannot be held back. One firing at a time: the next fire_i
// after te.
//
// Pulses (free_o, done_o, out_push_o, count_word_o) last one enabled cycle. ctx_* and fire_* are stable as
// named in the ports. rst_i (also: clear) ends whatever goes on; memories keep their contents.
// cfg_* is clock time, not gated by en_i, and allowed only while no firing is in progress. It does not check
// addresses. Potentials and currents can be read, 32 bits, sign-extended; everything else reads as 0.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module crossbar_core #(
    `SPIKELOOM_CROSSBAR_PARAMETERS
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic       fire_i,        // cycle f
    input logic [4:0] fire_pages_i,  // f: pages of the firing; always 1
    input logic       fire_first_i,  // f: old state reads as 0
    input logic       fire_last_i,   // f: the page ends a sample

    input logic [15:0] ctx_chunk_i,      // f to te, like all ctx_*
    input logic [15:0] ctx_update_i,
    input logic [15:0] ctx_updates_i,
    input logic [15:0] ctx_state_i,
    input logic [15:0] ctx_bias_i,
    input logic        ctx_readout_i,
    input logic        ctx_last_only_i,

    // The page's valid chunks below its limit, one after the other in rising order.
    input  logic        page_start_i,  // f + 1 or later, of another page after free_o: from the next cycle on
    input  logic        page_any_i,    //   there is a next chunk,
    input  logic [11:0] page_chunk_i,  //   which is this one
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,  // of the chunk taken last, from the next cycle
    output logic        page_take_o,   // moves on to the next chunk
    output logic        page_again_o,  // instead: from the next cycle on the page's first chunk is the next

    // Or, by a core that looks, chunks of the firing's pages in any order; such a core has no page_* above.
    output logic        look_o,        // f + 1 or later, before the page is freed
    output logic [ 4:0] look_page_o,   //   0 to pages - 1
    output logic [11:0] look_chunk_o,
    input  logic        look_valid_i,  // 2 + p cycles after look_o, p the tile's page delay:
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] look_mask_i,  // the chunk's mask, or 0

    output logic                      free_o,
    output logic                      out_push_o,
    output logic [               4:0] out_page_o,  // the list that a push belongs to
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o,
    output logic                      out_end_o,  // the end of a page's pushes; with done_o
    output logic                      done_o,
    output logic                      count_word_o,  // a word of a row or half a number, dropped ones too

    input  logic        cfg_we_i,
    input  logic        cfg_re_i,
    input  logic [ 3:0] cfg_memory_i,
    input  logic [23:0] cfg_word_i,
    input  logic [ 7:0] cfg_part_i,
    input  logic [31:0] cfg_data_i,
    output logic [31:0] cfg_data_o,   // two clock cycles after cfg_re_i
    output logic [ 7:0] cfg_parts_o   // of a word of cfg_memory_i
);
  localparam int unsigned Slices = Lanes / LifLanes;
  localparam int unsigned WeightBits = WeightWords > 1 ? $clog2(WeightWords) : 1;
  localparam int unsigned ShiftBits = MaxShift > 0 ? $clog2(MaxShift + 1) : 1;
  localparam int unsigned SubBits =
      WeightFormats >= 8 ? 3 : WeightFormats >= 4 ? 2 : WeightFormats >= 2 ? 1 : 0;
  localparam int unsigned SubPortBits = SubBits > 0 ? SubBits : 1;
  localparam int unsigned LaneGroupBits = Groups > 1 ? $clog2(Groups) : 1;
  localparam int unsigned CountBits = $clog2(Groups) + 1;
  localparam int unsigned MostBits = spikeloom_pkg::MEM_UPDATE_ENTRY_GROUP_W;
  localparam int unsigned GroupBits =
      Groups * Slices > (1 << MostBits) ? MostBits : Groups * Slices > 1 ? $clog2(Groups * Slices) : 1;
  localparam int unsigned SliceBits = Slices > 1 ? $clog2(Slices) : 1;

  `SPIKELOOM_CHECK_CROSSBAR_PARAMETERS

  // Configuration.
  logic write_chunks, write_axons, write_weights, write_updates, write_sets, write_biases;
  logic write_potentials, write_currents, read_potentials, read_currents;
  always_comb begin
    {write_chunks, write_axons, write_weights, write_updates, write_sets, write_biases} = '0;
    {write_potentials, write_currents, read_potentials, read_currents} = '0;
    if (cfg_we_i) begin
      write_chunks = cfg_memory_i == spikeloom_pkg::MEM_CHUNKS;
      write_axons = cfg_memory_i == spikeloom_pkg::MEM_AXONS;
      write_weights = cfg_memory_i == spikeloom_pkg::MEM_WEIGHTS;
      write_updates = cfg_memory_i == spikeloom_pkg::MEM_UPDATES;
      write_sets = cfg_memory_i == spikeloom_pkg::MEM_SETS;
      write_biases = cfg_memory_i == spikeloom_pkg::MEM_BIASES;
      write_potentials = cfg_memory_i == spikeloom_pkg::MEM_POTENTIALS;
      write_currents = cfg_memory_i == spikeloom_pkg::MEM_CURRENTS;
    end
    if (cfg_re_i) begin
      read_potentials = cfg_memory_i == spikeloom_pkg::MEM_POTENTIALS;
      read_currents = cfg_memory_i == spikeloom_pkg::MEM_CURRENTS;
    end
  end
  always_comb begin
    case (cfg_memory_i)
      spikeloom_pkg::MEM_CHUNKS: cfg_parts_o = 8'(spikeloom_pkg::MEM_CHUNK_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_AXONS: cfg_parts_o = 8'(spikeloom_pkg::MEM_AXON_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_WEIGHTS: cfg_parts_o = 8'(Lanes / 4);
      spikeloom_pkg::MEM_UPDATES: cfg_parts_o = 8'(spikeloom_pkg::MEM_UPDATE_ENTRY_WIDTH / 32);
      spikeloom_pkg::MEM_SETS: cfg_parts_o = 8'(spikeloom_pkg::MEM_SET_ENTRY_WIDTH / 32);
      default: cfg_parts_o = 8'(LifLanes);
    endcase
  end

  logic word_valid, word_negate;
  logic [WeightBits-1:0] word_address;
  logic [SubPortBits-1:0] word_sub;
  logic [1:0] word_format;
  logic [CountBits-1:0] word_group;
  logic [ShiftBits-1:0] word_shift;
  logic word_value, word_half;
  logic [$clog2(Lanes)-1:0] word_lane;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] word_bits;
  row_scan #(
      .WeightFormats(WeightFormats), .MaxShift(MaxShift), .PageChunks(PageChunks),
      .ChunkEntries(ChunkEntries), .AxonEntries(AxonEntries), .WeightWords(WeightWords), .Groups(Groups),
      .Lanes(Lanes), .Sums(Sums)
  ) u_scan (
      .clk_i, .rst_i, .en_i,
      .ctx_chunk_i, .page_start_i, .page_any_i, .page_chunk_i, .page_mask_i, .page_take_o,
      .end_o(free_o),
      .word_valid_o(word_valid), .word_address_o(word_address), .word_sub_o(word_sub),
      .word_format_o(word_format), .word_group_o(word_group), .word_shift_o(word_shift),
      .word_negate_o(word_negate),
      .word_value_o(word_value), .word_half_o(word_half), .word_lane_o(word_lane), .word_bits_o(word_bits),
      .cfg_chunk_we_i(write_chunks), .cfg_axon_we_i(write_axons), .cfg_word_i, .cfg_part_i, .cfg_data_i);
  assign count_word_o = word_valid;

  logic acc_read, acc_touched, update_ready, update_page, update_last;
  logic [GroupBits-1:0] update_group;
  logic [LaneGroupBits-1:0] acc_group;
  logic [Lanes*AccBits-1:0] acc_data;
  lane_array #(
      .Lanes(Lanes), .WeightFormats(WeightFormats), .AccBits(AccBits), .MaxShift(MaxShift),
      .WeightWords(WeightWords), .Groups(Groups), .Sums(Sums)
  ) u_lanes (
      .clk_i, .rst_i, .en_i,
      .clear_i(fire_i),
      .word_valid_i(word_valid), .word_address_i(word_address), .word_sub_i(word_sub),
      .word_format_i(word_format), .word_group_i(word_group), .word_shift_i(word_shift),
      .word_negate_i(word_negate),
      .word_value_i(word_value), .word_half_i(word_half), .word_lane_i(word_lane), .word_bits_i(word_bits),
      .read_i(acc_read), .read_group_i(acc_group), .read_touched_o(acc_touched), .read_data_o(acc_data),
      .cfg_weight_we_i(write_weights), .cfg_word_i, .cfg_part_i, .cfg_data_i);

  logic unused_update;
  neuron_update #(
      .AccLanes(Lanes), .LifGroups(Groups * Slices), .LifLanes(LifLanes), .AccBits(AccBits),
      .StateBits(StateBits), .BiasBits(BiasBits), .MaxScale(MaxScale), .Current(Current), .Readout(Readout),
      .StateWords(StateWords), .UpdateEntries(UpdateEntries), .ParamSets(ParamSets), .BiasWords(BiasWords),
      .ChunkIndexBits(ChunkIndexBits)
  ) u_update (
      .clk_i, .rst_i, .en_i,
      .fire_i, .fire_last_i, .ctx_state_i, .ctx_bias_i, .ctx_readout_i, .ctx_last_only_i,
      .load_i(fire_i), .run_entry_i(ctx_update_i), .run_count_i(ctx_updates_i), .run_page_i(1'b0),
      .run_first_i(fire_first_i), .run_last_i(fire_last_i), .start_i(free_o), .ready_o(update_ready),
      .acc_read_o(acc_read), .acc_group_o(update_group), .acc_page_o(update_page),
      .last_read_o(update_last), .acc_slice_i(SliceBits'(32'(update_group) % Slices)),
      .acc_touched_i(acc_touched), .acc_data_i(acc_data),
      .out_push_o, .out_page_o, .out_index_o, .out_mask_o, .done_o,
      .cfg_update_we_i(write_updates), .cfg_set_we_i(write_sets), .cfg_bias_we_i(write_biases),
      .cfg_potential_we_i(write_potentials), .cfg_current_we_i(write_currents),
      .cfg_potential_re_i(read_potentials), .cfg_current_re_i(read_currents),
      .cfg_word_i, .cfg_part_i, .cfg_data_i, .cfg_data_o);
  assign acc_group = LaneGroupBits'(32'(update_group) / Slices);
  assign unused_update = ^{update_ready, update_page, update_last};

  // A firing has one page, through which it walks.
  logic unused_pages;
  assign unused_pages = ^{fire_pages_i, look_valid_i, look_mask_i};
  assign {look_o, look_page_o, look_chunk_o} = '0;
  assign out_end_o = done_o;
  assign page_again_o = 1'b0;

  // A firing lasts from fire_i to done_o.
  logic busy_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) busy_q <= 1'b0;
    else if (en_i) busy_q <= fire_i || (busy_q && !done_o);
  end
  `SPIKELOOM_ASSUME(one_firing, !(en_i && fire_i && busy_q))
  `SPIKELOOM_ASSUME(cfg_only_idle, !(busy_q && (cfg_we_i || cfg_re_i)))
  `SPIKELOOM_CHECK(pulses_only_busy, busy_q || !(free_o || done_o || out_push_o || count_word_o))
endmodule

// The neurons' update: lif_update, whose header says when runs may be loaded and started and how long they
// take, and out_writer, which pushes what they send, in program order and none later than done_o.
//
// fire_i comes with a firing, before its first run is started or with its load; with Pages = 1 fire_last_i is
// its page's, else each run's counts.
`include "spikeloom_parameters.svh"

module neuron_update #(
    parameter int unsigned AccLanes = 16,   // accumulators that a read gives
    parameter int unsigned LifGroups = 16,  // of a context, at most
    parameter int unsigned Pages = 1,       // of a firing, at most
    `SPIKELOOM_PARAMETER_LifLanes,
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_StateBits,
    `SPIKELOOM_PARAMETER_BiasBits,
    `SPIKELOOM_PARAMETER_MaxScale,
    `SPIKELOOM_PARAMETER_Current,
    `SPIKELOOM_PARAMETER_Readout,
    `SPIKELOOM_PARAMETER_StateWords,
    `SPIKELOOM_PARAMETER_UpdateEntries,
    `SPIKELOOM_PARAMETER_ParamSets,
    `SPIKELOOM_PARAMETER_BiasWords,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned Slices = AccLanes / LifLanes,
    localparam int unsigned SliceBits = Slices > 1 ? $clog2(Slices) : 1,
    localparam int unsigned PageBits = Pages > 1 ? $clog2(Pages) : 1,
    localparam int unsigned MostBits = spikeloom_pkg::MEM_UPDATE_ENTRY_GROUP_W,
    localparam int unsigned GroupBits =
        LifGroups > (1 << MostBits) ? MostBits : LifGroups > 1 ? $clog2(LifGroups) : 1,
    localparam int unsigned LaneBits = LifLanes > 1 ? $clog2(LifLanes) : 1
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic        fire_i,
    input logic        fire_last_i,
    input logic [15:0] ctx_state_i,
    input logic [15:0] ctx_bias_i,
    input logic        ctx_readout_i,
    input logic        ctx_last_only_i,

    input  logic                load_i,
    input  logic [        15:0] run_entry_i,
    input  logic [        15:0] run_count_i,
    input  logic [PageBits-1:0] run_page_i,
    input  logic                run_first_i,  // old state reads as 0
    input  logic                run_last_i,   // the page ends a sample
    input  logic                start_i,
    output logic                ready_o,

    output logic                        acc_read_o,
    output logic [       GroupBits-1:0] acc_group_o,
    output logic [        PageBits-1:0] acc_page_o,
    output logic                        last_read_o,
    input  logic [       SliceBits-1:0] acc_slice_i,
    input  logic                        acc_touched_i,
    input  logic [AccLanes*AccBits-1:0] acc_data_i,

    output logic                      out_push_o,
    output logic [               4:0] out_page_o,
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o,
    output logic                      done_o,      // of a run

    input  logic        cfg_update_we_i,
    input  logic        cfg_set_we_i,
    input  logic        cfg_bias_we_i,
    input  logic        cfg_potential_we_i,
    input  logic        cfg_current_we_i,
    input  logic        cfg_potential_re_i,
    input  logic        cfg_current_re_i,
    input  logic [23:0] cfg_word_i,
    input  logic [ 7:0] cfg_part_i,
    input  logic [31:0] cfg_data_i,
    output logic [31:0] cfg_data_o           // two clock cycles after the read
);
  logic valid, begins, last, emit, half, keep;
  logic [PageBits-1:0] page;
  logic [GroupBits-1:0] group;
  logic [LaneBits-1:0] lane;
  logic [LifLanes-1:0] spikes;
  logic [LifLanes*StateBits-1:0] potentials;
  assign keep = Readout != 0 && ctx_readout_i;
  lif_update #(
      .AccLanes(AccLanes), .LifGroups(LifGroups), .Pages(Pages), .LifLanes(LifLanes), .AccBits(AccBits),
      .StateBits(StateBits), .BiasBits(BiasBits), .MaxScale(MaxScale), .Current(Current),
      .StateWords(StateWords), .UpdateEntries(UpdateEntries), .ParamSets(ParamSets),
      .BiasWords(BiasWords)
  ) u_lif (
      .clk_i, .rst_i, .en_i,
      .load_i, .run_entry_i, .run_count_i, .run_page_i, .run_first_i, .run_last_i, .start_i, .ready_o,
      .ctx_state_i, .ctx_bias_i, .ctx_readout_i(keep),
      .acc_read_o, .acc_group_o, .acc_page_o, .last_read_o, .acc_slice_i, .acc_touched_i, .acc_data_i,
      .out_valid_o(valid), .out_begins_o(begins), .out_page_o(page), .out_last_o(last), .out_group_o(group),
      .out_emit_o(emit), .out_half_o(half), .out_lane_o(lane), .out_spikes_o(spikes),
      .out_potentials_o(potentials), .done_o,
      .cfg_update_we_i, .cfg_set_we_i, .cfg_bias_we_i, .cfg_potential_we_i, .cfg_current_we_i,
      .cfg_potential_re_i, .cfg_current_re_i, .cfg_word_i, .cfg_part_i, .cfg_data_i, .cfg_data_o);
  out_writer #(
      .LifLanes(LifLanes), .StateBits(StateBits), .Readout(Readout), .ChunkIndexBits(ChunkIndexBits),
      .GroupBits(GroupBits), .Pages(Pages)
  ) u_out (
      .clk_i, .rst_i, .en_i,
      .fire_i, .fire_last_i, .ctx_readout_i, .ctx_last_only_i,
      .valid_i(valid), .begins_i(begins), .page_i(page), .last_i(last), .group_i(group), .emit_i(emit),
      .half_i(half), .lane_i(lane), .spikes_i(spikes), .potentials_i(potentials),
      .out_push_o, .out_page_o, .out_index_o, .out_mask_o);
endmodule

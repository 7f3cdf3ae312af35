// Gathers an update's results into chunks of 16 bits and pushes those that are not zero, in program order.
//
// Takes stage 7 of lif_update; a push is out in the next cycle (stage 8). No back-pressure. With more Pages
// than one out_page_o says whose list it belongs to. Spiking: spikes are gathered until an entry with emit,
// the OR of all entries since the one before. Readout: each entry is half a potential. A chunk's index is the
// number of those before it in the firing, zero ones included. With several pages a run of each page follows,
// from page 0 on, on the same entries: its chunks have the indices that page 0's have. A run ends with an
// entry with emit.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module out_writer #(
    `SPIKELOOM_PARAMETER_LifLanes,
    `SPIKELOOM_PARAMETER_StateBits,
    `SPIKELOOM_PARAMETER_Readout,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    parameter  int unsigned GroupBits = 4,
    parameter  int unsigned Pages = 1,
    localparam int unsigned PageBits = Pages > 1 ? $clog2(Pages) : 1,
    localparam int unsigned LaneBits = LifLanes > 1 ? $clog2(LifLanes) : 1
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic fire_i,
    input logic fire_last_i,
    input logic ctx_readout_i,
    input logic ctx_last_only_i,

    input logic                          valid_i,
    input logic                          begins_i,
    input logic [          PageBits-1:0] page_i,
    input logic                          last_i,
    input logic [         GroupBits-1:0] group_i,
    input logic                          emit_i,
    input logic                          half_i,
    input logic [          LaneBits-1:0] lane_i,
    input logic [          LifLanes-1:0] spikes_i,
    input logic [LifLanes*StateBits-1:0] potentials_i,

    output logic                      out_push_o,
    output logic [               4:0] out_page_o,
    output logic [ChunkIndexBits-1:0] out_index_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] out_mask_o
);
  localparam int unsigned MaskBits = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned PerChunk = MaskBits / LifLanes;  // groups

  logic ready_q;
  logic [MaskBits-1:0] gathered_q, gathered, mask_d, mask_q;
  logic [ChunkIndexBits-1:0] next_q, next, index_q;
  logic counts, ready_d;
  logic [3:0] place;
  logic unused_group;
  assign unused_group = ^group_i;

  always_comb begin
    place = 'x;
    gathered = 'x;
    if (valid_i) begin
      place = 4'((32'(group_i) % PerChunk) * LifLanes);
      gathered = gathered_q | (MaskBits'(spikes_i) << place);
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i || (valid_i && emit_i)) gathered_q <= '0;
      else if (valid_i) gathered_q <= gathered;
    end
  end

  if (Readout != 0) begin : gen_readout
    logic wanted, wanted_q, readout_q;
    logic [StateBits-1:0] lane_potential;
    logic [31:0] potential;
    always_ff @(posedge clk_i) begin
      if (en_i && fire_i) begin
        readout_q <= ctx_readout_i;
        wanted_q <= fire_last_i || !ctx_last_only_i;
      end
    end
    assign wanted = Pages > 1 ? last_i || !ctx_last_only_i : wanted_q;
    always_comb begin
      lane_potential = 'x;
      potential = 'x;
      if (valid_i && readout_q) begin
        lane_potential = '0;
        for (int i = 0; i < LifLanes; i++) begin
          if (lane_i == LaneBits'(i)) lane_potential = lane_potential | potentials_i[i*StateBits+:StateBits];
        end
        potential = 32'(signed'(lane_potential));
      end
      mask_d = gathered;
      counts = valid_i && emit_i;
      ready_d = counts;
      if (readout_q) begin
        mask_d = half_i ? potential[MaskBits+:MaskBits] : potential[0+:MaskBits];
        counts = valid_i;
        ready_d = valid_i && wanted;
      end
    end
  end else begin : gen_spikes_only
    logic unused_readout;
    assign unused_readout = ^{last_i, fire_last_i, ctx_readout_i, ctx_last_only_i, half_i, lane_i,
                              potentials_i};
    assign mask_d = gathered;
    assign counts = valid_i && emit_i;
    assign ready_d = counts;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) ready_q <= 1'b0;
    else if (en_i) ready_q <= ready_d;
  end
  always_ff @(posedge clk_i) begin
    if (en_i && valid_i) begin
      mask_q <= mask_d;
      index_q <= next;
    end
  end
  if (Pages > 1) begin : gen_pages
    // Where the chunks of the runs on these entries begin.
    logic [ChunkIndexBits-1:0] first_q;
    logic [PageBits-1:0] page_q;
    assign next = valid_i && begins_i && page_i != '0 ? first_q : next_q;
    assign out_page_o = 5'(page_q);
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (fire_i) next_q <= '0;
        else if (valid_i) next_q <= next + ChunkIndexBits'(counts);
        if (valid_i && begins_i && page_i == '0) first_q <= next_q;
        if (valid_i) page_q <= page_i;
      end
    end
    `SPIKELOOM_CHECK(runs_end_with_a_chunk, !(en_i && valid_i && begins_i) || gathered_q == '0)
  end else begin : gen_page
    logic unused_page;
    assign unused_page = ^{begins_i, page_i, last_i};
    assign next = next_q;
    assign out_page_o = '0;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (fire_i) next_q <= '0;
        else if (counts) next_q <= next_q + ChunkIndexBits'(1);
      end
    end
  end

  assign out_push_o = ready_q && mask_q != '0;
  assign out_index_o = index_q;
  assign out_mask_o = mask_q;
endmodule

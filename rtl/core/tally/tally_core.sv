// The tally core: counts votes. A neuron's weights are +m, 0 or -m with one power of two m, so for each chunk
// of the page it has two masks, of the axons that vote for it and of those that vote against it.
//
// A firing has n pages, 1 or 2. Time in enabled cycles after the firing f, where page i has v(i) valid chunks
// below its limit and the context has g groups of TallyLanes neurons, the last one perhaps not full:
//   work(i) = g * (1 + v(i))
//   free_o of page i     in t(i) = f + 1 + p + work(0) + ... + work(i) + 4 * i
//   out_end_o of page i  in t(i) + 4, the last one with done_o
// where page_start_i of page 0 comes in f + 1 + p, and that of page 1 in t(0) + 4 at the latest.
// Each group takes a cycle for every valid chunk, in rising order, and one for its neurons' step. Page 1
// waits for the end of page 0, whose potentials it reads. Pushes of page i come in rising order, one a cycle
// at most, none later than its out_end_o, and cannot be held back. One firing at a time: the next fire_i
// after te, the cycle of done_o.
//
// Context registers: ctx_chunk_i is the first vote word, ctx_update_i the chunks of the context's page,
// ctx_updates_i its neurons (1 or more), ctx_state_i the first group. The vote word of group k and chunk c
// stands at ctx_chunk_i + k * ctx_update_i + c.
//
// Does not do: readouts, biases, decays, synaptic currents. ctx_readout_i, ctx_last_only_i and fire_last_i
// change nothing.
//
// Pulses (free_o, out_end_o, done_o, out_push_o, count_word_o) last one enabled cycle. ctx_* and fire_* are
// stable as named in the ports. rst_i (also: clear) ends whatever goes on; memories keep their contents.
// cfg_* is clock time, not gated by en_i, and allowed only while no firing is in progress. It does not check
// addresses. Potentials can be read, 32 bits, sign-extended; everything else reads as 0.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module tally_core #(
    `SPIKELOOM_TALLY_PARAMETERS
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input logic       fire_i,        // cycle f
    input logic [4:0] fire_pages_i,  // f: pages of the firing, 1 or 2
    input logic       fire_first_i,  // f: page 0 begins a sample, old potentials read as 0
    input logic       fire_last_i,   // f: the last page ends a sample

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
    output logic                      out_end_o,
    output logic                      done_o,
    output logic                      count_word_o,  // a vote word

    input  logic        cfg_we_i,
    input  logic        cfg_re_i,
    input  logic [ 3:0] cfg_memory_i,
    input  logic [23:0] cfg_word_i,
    input  logic [ 7:0] cfg_part_i,
    input  logic [31:0] cfg_data_i,
    output logic [31:0] cfg_data_o,   // two clock cycles after cfg_re_i
    output logic [ 7:0] cfg_parts_o   // of a word of cfg_memory_i
);
  localparam int unsigned VoteBits = TallyVotes > 1 ? $clog2(TallyVotes) : 1;
  localparam int unsigned GroupBits = TallyGroups > 1 ? $clog2(TallyGroups) : 1;
  localparam int unsigned MaskBits = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned PerChunk = MaskBits / TallyLanes;  // groups
  localparam int unsigned VoteWidth = spikeloom_pkg::MEM_VOTE_ENTRY_WIDTH;
  localparam int unsigned ShiftBits = spikeloom_pkg::MEM_NEURON_ENTRY_SHIFT_W;
  localparam int unsigned ScaleBits = spikeloom_pkg::MEM_NEURON_ENTRY_SCALE_W;
  localparam int unsigned LowBits = StateBits + ShiftBits + ScaleBits;  // of a neuron: theta, shift, scale
  localparam int unsigned HighBits = StateBits + 1;                     // v_reset, subtract
  localparam int unsigned NeuronParts = spikeloom_pkg::MEM_NEURON_ENTRY_WIDTH / 32;
  localparam int unsigned LowPart = `SPIKELOOM_PART(MEM_NEURON_ENTRY_THETA);
  localparam int unsigned HighPart = `SPIKELOOM_PART(MEM_NEURON_ENTRY_V_RESET);
  localparam int unsigned Drain = 4;  // free_o to out_end_o

  `SPIKELOOM_CHECK_TALLY_PARAMETERS

  logic unused;
  assign unused = ^{fire_last_i, ctx_readout_i, ctx_last_only_i, ctx_chunk_i, ctx_update_i, ctx_state_i,
                    ctx_bias_i,
                    cfg_word_i, cfg_data_i, cfg_neuron, page_chunk_i, look_valid_i, look_mask_i};
  assign {look_o, look_page_o, look_chunk_o} = '0;

  // Configuration.
  logic write_votes, write_neurons, write_levels, read_levels;
  assign write_votes = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_VOTES;
  assign write_neurons = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_NEURONS;
  assign write_levels = cfg_we_i && cfg_memory_i == spikeloom_pkg::MEM_LEVELS;
  assign read_levels = cfg_re_i && cfg_memory_i == spikeloom_pkg::MEM_LEVELS;
  always_comb begin
    case (cfg_memory_i)
      spikeloom_pkg::MEM_NEURONS: cfg_parts_o = 8'(TallyLanes * NeuronParts);
      default: cfg_parts_o = 8'(TallyLanes);
    endcase
  end

  // Control: a page is loaded, walked group by group, and drained.
  logic ready_q, begins, walk_q, first_q, last_page, list_q;
  logic [Drain-1:0] drain_q;
  logic [4:0] pages_q;  // that have not ended
  assign begins = (page_start_i || ready_q) && !walk_q && drain_q[Drain-2:0] == '0;
  assign last_page = pages_q == 5'd1;
  assign out_end_o = drain_q[Drain-1];
  assign done_o = out_end_o && last_page;

  logic chunk, step, last_group;
  logic [15:0] left_q;  // neurons of this group and those after it
  logic [GroupBits-1:0] group_q;
  logic [VoteBits-1:0] row_q;  // vote word of the group's chunk 0
  assign chunk = walk_q && page_any_i;
  assign step = walk_q && !page_any_i;
  assign page_take_o = chunk;
  assign page_again_o = step && !last_group;
  assign last_group = 32'(left_q) <= TallyLanes;
  assign free_o = step && last_group;
  assign count_word_o = chunk;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ready_q <= 1'b0;
      walk_q <= 1'b0;
      drain_q <= '0;
    end else if (en_i) begin
      ready_q <= (page_start_i || ready_q) && !begins;
      walk_q <= begins || (walk_q && !free_o);
      drain_q <= {drain_q[Drain-2:0], free_o};
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i) begin
        pages_q <= fire_pages_i;
        first_q <= fire_first_i;
        list_q <= 1'b0;
      end else if (out_end_o) begin
        pages_q <= pages_q - 5'd1;
        first_q <= 1'b0;
        list_q <= 1'b1;
      end
      if (page_start_i) begin
        left_q <= ctx_updates_i;
        group_q <= '0;
        row_q <= VoteBits'(ctx_chunk_i);
      end else if (step) begin
        left_q <= left_q - 16'(TallyLanes);
        group_q <= group_q + GroupBits'(1);
        row_q <= row_q + VoteBits'(ctx_update_i);
      end
    end
  end

  // One cycle later the memories' words are there; two and three later the lanes have computed.
  logic chunk1_q, step1_q, step2_q, step3_q, emit1_q, emit2_q, emit3_q;
  logic [TallyLanes-1:0] lanes, lanes1_q, lanes2_q, lanes3_q;  // that have a neuron
  logic [GroupBits-1:0] group1_q, group2_q, group3_q;
  always_comb begin
    for (int i = 0; i < TallyLanes; i++) lanes[i] = 16'(i) < left_q;
  end
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      chunk1_q <= 1'b0;
      step1_q <= 1'b0;
      step2_q <= 1'b0;
      step3_q <= 1'b0;
    end else if (en_i) begin
      chunk1_q <= chunk;
      step1_q <= step;
      step2_q <= step1_q;
      step3_q <= step2_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      emit1_q <= last_group || 32'(group_q) % PerChunk == PerChunk - 1;
      lanes1_q <= lanes;
      group1_q <= group_q;
      {emit2_q, lanes2_q, group2_q} <= {emit1_q, lanes1_q, group1_q};
      {emit3_q, lanes3_q, group3_q} <= {emit2_q, lanes2_q, group2_q};
    end
  end

  // Memories.
  logic [TallyLanes-1:0] votes_we, low_we, high_we, levels_we;
  logic [TallyLanes*VoteWidth-1:0] votes;
  logic [TallyLanes*LowBits-1:0] low;
  logic [TallyLanes*HighBits-1:0] high;
  logic [TallyLanes*StateBits-1:0] levels, new_levels, spread_levels;
  logic [GroupBits-1:0] cfg_group, step_group, write_group;
  assign cfg_group = cfg_word_i[GroupBits-1:0];
  assign step_group = GroupBits'(ctx_state_i) + group_q;
  assign write_group = GroupBits'(ctx_state_i) + group3_q;
  assign spread_levels = {TallyLanes{cfg_data_i[StateBits-1:0]}};
  always_comb begin
    for (int i = 0; i < TallyLanes; i++) begin
      votes_we[i] = write_votes && cfg_part_i == 8'(i);
      low_we[i] = write_neurons && 32'(cfg_part_i) == NeuronParts * i + LowPart;
      high_we[i] = write_neurons && 32'(cfg_part_i) == NeuronParts * i + HighPart;
      levels_we[i] = (write_levels && cfg_part_i == 8'(i)) || (en_i && step3_q && lanes3_q[i]);
    end
  end
  // A neuron's word: every part's data stands at every part's place.
  logic [spikeloom_pkg::MEM_NEURON_ENTRY_WIDTH-1:0] cfg_neuron;
  logic [LowBits-1:0] cfg_low;
  logic [HighBits-1:0] cfg_high;
  assign cfg_neuron = {NeuronParts{cfg_data_i}};
  assign cfg_low = {`SPIKELOOM_FIELD(cfg_neuron, MEM_NEURON_ENTRY_SCALE),
                    `SPIKELOOM_FIELD(cfg_neuron, MEM_NEURON_ENTRY_SHIFT),
                    `SPIKELOOM_LOW(cfg_neuron, MEM_NEURON_ENTRY_THETA, StateBits)};
  assign cfg_high = {`SPIKELOOM_FIELD(cfg_neuron, MEM_NEURON_ENTRY_SUBTRACT),
                     `SPIKELOOM_LOW(cfg_neuron, MEM_NEURON_ENTRY_V_RESET, StateBits)};
  logic [VoteBits-1:0] vote_chunk, vote_address;
  assign vote_chunk = VoteBits'(page_chunk_i);
  assign vote_address = row_q + vote_chunk;
  ram_sdp #(.Width(TallyLanes * VoteWidth), .Depth(TallyVotes), .PartBits(VoteWidth)) u_votes (
      .clk_i, .rst_i,
      .write_enable_i(votes_we), .write_address_i(cfg_word_i[VoteBits-1:0]),
      .write_data_i({TallyLanes{cfg_data_i}}),
      .read_enable_i(en_i && chunk), .read_address_i(vote_address), .read_data_o(votes));
  ram_sdp #(.Width(TallyLanes * LowBits), .Depth(TallyGroups), .PartBits(LowBits)) u_low (
      .clk_i, .rst_i,
      .write_enable_i(low_we), .write_address_i(cfg_group),
      .write_data_i({TallyLanes{cfg_low}}),
      .read_enable_i(en_i && step), .read_address_i(step_group), .read_data_o(low));
  ram_sdp #(.Width(TallyLanes * HighBits), .Depth(TallyGroups), .PartBits(HighBits)) u_high (
      .clk_i, .rst_i,
      .write_enable_i(high_we), .write_address_i(cfg_group),
      .write_data_i({TallyLanes{cfg_high}}),
      .read_enable_i(en_i && step), .read_address_i(step_group), .read_data_o(high));
  ram_sdp #(.Width(TallyLanes * StateBits), .Depth(TallyGroups), .PartBits(StateBits)) u_levels (
      .clk_i, .rst_i,
      .write_enable_i(levels_we), .write_address_i(write_levels ? cfg_group : write_group),
      .write_data_i(write_levels ? spread_levels : new_levels),
      .read_enable_i((en_i && step) || read_levels),
      .read_address_i(read_levels ? cfg_group : step_group), .read_data_o(levels));

  // Lanes.
  logic [TallyLanes-1:0] spikes;
  for (genvar i = 0; i < TallyLanes; i++) begin : gen_lane
    tally_lane #(.StateBits(StateBits), .PageChunks(PageChunks), .TallyShift(TallyShift)) u_lane (
        .clk_i, .en_i,
        .clear_i(page_start_i),
        .chunk_i(chunk1_q), .mask_i(page_mask_i), .votes_i(votes[VoteWidth*i+:VoteWidth]),
        .step_i(step1_q), .first_i(first_q),
        .theta_i(low[LowBits*i+:StateBits]), .shift_i(low[LowBits*i+StateBits+:ShiftBits]),
        .scale_i(low[LowBits*i+StateBits+ShiftBits+:ScaleBits]), .v_reset_i(high[HighBits*i+:StateBits]),
        .subtract_i(high[HighBits*i+StateBits]), .level_i(levels[StateBits*i+:StateBits]),
        .spike_o(spikes[i]), .level_o(new_levels[StateBits*i+:StateBits]));
  end

  // Spikes of 16 neurons make a chunk.
  logic push_q;
  logic [TallyLanes-1:0] sent;
  logic [MaskBits-1:0] gathered_q, gathered, mask_q;
  logic [ChunkIndexBits-1:0] index_q;
  assign sent = spikes & lanes3_q;
  assign gathered = gathered_q | (MaskBits'(sent) << (4'((32'(group3_q) % PerChunk) * TallyLanes)));
  always_ff @(posedge clk_i) begin
    if (rst_i) push_q <= 1'b0;
    else if (en_i) push_q <= step3_q && emit3_q;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (fire_i || (step3_q && emit3_q)) gathered_q <= '0;
      else if (step3_q) gathered_q <= gathered;
      if (step3_q) begin
        mask_q <= gathered;
        index_q <= ChunkIndexBits'(32'(group3_q) / PerChunk);
      end
    end
  end
  assign out_push_o = push_q && mask_q != '0;
  assign out_page_o = {4'd0, list_q};
  assign out_index_o = index_q;
  assign out_mask_o = mask_q;

  // Reading back: one lane's potential.
  logic [TallyLanes-1:0] cfg_lane_q;
  logic [StateBits-1:0] picked;
  always_comb begin
    picked = '0;
    for (int i = 0; i < TallyLanes; i++) if (cfg_lane_q[i]) picked = picked | levels[StateBits*i+:StateBits];
  end
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < TallyLanes; i++) cfg_lane_q[i] <= read_levels && cfg_part_i == 8'(i);
    cfg_data_o <= 32'(signed'(picked));
  end

  // A firing lasts from fire_i to done_o.
  logic busy_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) busy_q <= 1'b0;
    else if (en_i) busy_q <= fire_i || (busy_q && !done_o);
  end
  `SPIKELOOM_ASSUME(one_firing, !(en_i && fire_i && busy_q))
  `SPIKELOOM_ASSUME(one_or_two_pages, !(en_i && fire_i) || fire_pages_i == 5'd1 || fire_pages_i == 5'd2)
  `SPIKELOOM_ASSUME(cfg_only_idle, !(busy_q && (cfg_we_i || cfg_re_i)))
  `SPIKELOOM_CHECK(pulses_only_busy, busy_q || !(free_o || out_end_o || out_push_o || count_word_o))
endmodule

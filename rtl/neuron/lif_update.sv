// Runs entries of the update program for a page: state and parameter memories, LIF lanes.
//
// load_i takes the run: its first entry, how many, its page and whether that begins or ends a sample. start_i
// in a later cycle s starts it. Rate: one entry a cycle. Entry j is in stage k in cycle s + j + k; done_o in
// cycle s + count + 7, when the last entry is in stage 8 (out_writer's push). Accumulators are read in stage
// 2: acc_group_o is the entry's group, and acc_slice_i, in the same cycle, says where in acc_data_i, of the
// next cycle, its lanes begin; last_read_o with the run's last one, in s + count + 1.
//
// With Pages = 1 a run ends before the next one is loaded. With more, runs follow one another: load_i comes
// while ready_o, start_i in the next cycle or later, count is 1 or more. ready_o leaves from start to start
//   pass(count) = max(count, min(count, 2 * LifLanes) + 5)   cycles,
// so that every state is written before a run of the next page reads it: a group has at most 2 * LifLanes
// entries (a readout's), its state is read with the first and written six stages later with the last.
//
//   0  read the entry          4  add, read beta and bias_v's word
//   1  read state i, alpha     5  saturate i, multiply v, read theta and reset
//   2  read bias, accumulators 6  add, write state i
//   3  multiply i, read state v   7  saturate v, compare, reset, write state v
//
// The entries of one group stand together in a run: its state is read once, before the first of them
// writes. With BiasWords several groups may pass through one state, one after another: an entry names its
// state, which only the first pass of a step resets, and its group's biases stand apart. Six entries or more
// lie between the last of a pass and the first of the next (state_is_written), others that do nothing
// perhaps: their mask is 0.
//
// cfg_* write any memory and read the states, in clock time, while no firing is in progress; data two cycles
// later.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module lif_update #(
    parameter int unsigned AccLanes = 16,   // accumulators of acc_data_i
    parameter int unsigned LifGroups = 16,  // of a context, at most
    parameter int unsigned Pages = 1,       // of a firing, at most
    `SPIKELOOM_PARAMETER_LifLanes,
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_StateBits,
    `SPIKELOOM_PARAMETER_BiasBits,
    `SPIKELOOM_PARAMETER_MaxScale,
    `SPIKELOOM_PARAMETER_Current,
    `SPIKELOOM_PARAMETER_StateWords,
    `SPIKELOOM_PARAMETER_UpdateEntries,
    `SPIKELOOM_PARAMETER_ParamSets,
    `SPIKELOOM_PARAMETER_BiasWords,
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

    input  logic                load_i,
    input  logic [        15:0] run_entry_i,
    input  logic [        15:0] run_count_i,
    input  logic [PageBits-1:0] run_page_i,
    input  logic                run_first_i,    // old state reads as 0
    input  logic                run_last_i,     // the page ends a sample
    input  logic                start_i,
    output logic                ready_o,
    input  logic [        15:0] ctx_state_i,
    input  logic [        15:0] ctx_bias_i,     // its first word of biases, with BiasWords
    input  logic                ctx_readout_i,

    output logic                        acc_read_o,
    output logic [       GroupBits-1:0] acc_group_o,
    output logic [        PageBits-1:0] acc_page_o,
    output logic                        last_read_o,
    input  logic [       SliceBits-1:0] acc_slice_i,
    input  logic                        acc_touched_i,  // else they count as 0
    input  logic [AccLanes*AccBits-1:0] acc_data_i,

    // Stage 7, to out_writer. Of the entry's run: its first one, its page, whether that ends a sample; with
    // Pages = 1 they mean nothing.
    output logic                          out_valid_o,
    output logic                          out_begins_o,
    output logic [          PageBits-1:0] out_page_o,
    output logic                          out_last_o,
    output logic [         GroupBits-1:0] out_group_o,
    output logic                          out_emit_o,
    output logic                          out_half_o,
    output logic [          LaneBits-1:0] out_lane_o,
    output logic [          LifLanes-1:0] out_spikes_o,      // of the entry's lanes
    output logic [LifLanes*StateBits-1:0] out_potentials_o,
    output logic                          done_o,

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
    output logic [31:0] cfg_data_o
);
  localparam int unsigned EntryBits = UpdateEntries > 1 ? $clog2(UpdateEntries) : 1;
  localparam int unsigned SetBits = ParamSets > 1 ? $clog2(ParamSets) : 1;
  localparam int unsigned StateAddressBits = StateWords > 1 ? $clog2(StateWords) : 1;
  localparam int unsigned ScaleBits = MaxScale > 0 ? $clog2(MaxScale + 1) : 1;

  logic unused_inputs;
  assign unused_inputs = ^{run_entry_i, ctx_state_i, ctx_bias_i, cfg_word_i, cfg_part_i,
                           cfg_data_i};

  logic [LifLanes-1:0] cfg_lane;
  always_comb begin
    cfg_lane = 'x;
    if (cfg_bias_we_i || cfg_potential_we_i || cfg_current_we_i)
      for (int i = 0; i < LifLanes; i++) cfg_lane[i] = 32'(cfg_part_i) == i;
  end

  // Stage 0: walk the program.
  logic run_q, active, entry_read, ends, busy;
  logic [EntryBits-1:0] entry_q;
  logic [15:0] left_q;
  logic keep_q;
  assign active = start_i || run_q;
  assign entry_read = active && left_q != '0;

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (load_i) begin
        entry_q <= run_entry_i[EntryBits-1:0];
        left_q <= run_count_i;
        keep_q <= ctx_readout_i;
      end else if (entry_read) begin
        entry_q <= entry_q + EntryBits'(1);
        left_q <= left_q - 16'd1;
      end
    end
  end

  // Valid and end marks, stages 1 to 7.
  logic [7:1] valid_q, end_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      valid_q <= '0;
      end_q <= '0;
    end else if (en_i) begin
      valid_q <= {valid_q[6:1], entry_read};
      end_q <= {end_q[6:1], ends};
    end
  end
  assign done_o = end_q[7];
  assign last_read_o = end_q[1];

  // Outside an update everything behind stage 1 is at rest.
  logic step;
  assign step = en_i && |valid_q;

  // Stage 1: the entry.
  localparam int unsigned OrderBits = GroupBits + SetBits + 2 + LaneBits;
  logic [spikeloom_pkg::MEM_UPDATE_ENTRY_WIDTH-1:0] cfg_entry;
  logic [OrderBits-1:0] order;
  logic [LifLanes-1:0] mask;
  logic [GroupBits-1:0] group;
  logic [SetBits-1:0] set;
  logic emit, half;
  logic [LaneBits-1:0] lane;
  logic unused_entry;
  assign cfg_entry = {(spikeloom_pkg::MEM_UPDATE_ENTRY_WIDTH / 32){cfg_data_i}};
  assign unused_entry = ^cfg_entry;
  ram_sdp #(.Width(OrderBits), .Depth(UpdateEntries)) u_orders (
      .clk_i, .rst_i,
      .write_enable_i(cfg_update_we_i && !cfg_part_i[0]), .write_address_i(cfg_word_i[EntryBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_entry, MEM_UPDATE_ENTRY_LANE, LaneBits),
                     `SPIKELOOM_FIELD(cfg_entry, MEM_UPDATE_ENTRY_HALF),
                     `SPIKELOOM_FIELD(cfg_entry, MEM_UPDATE_ENTRY_EMIT),
                     `SPIKELOOM_LOW(cfg_entry, MEM_UPDATE_ENTRY_SET, SetBits),
                     `SPIKELOOM_LOW(cfg_entry, MEM_UPDATE_ENTRY_GROUP, GroupBits)}),
      .read_enable_i(en_i && entry_read), .read_address_i(entry_q), .read_data_o(order));
  ram_sdp #(.Width(LifLanes), .Depth(UpdateEntries)) u_masks (
      .clk_i, .rst_i,
      .write_enable_i(cfg_update_we_i && cfg_part_i[0]), .write_address_i(cfg_word_i[EntryBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_entry, MEM_UPDATE_ENTRY_MASK, LifLanes)),
      .read_enable_i(en_i && entry_read), .read_address_i(entry_q), .read_data_o(mask));
  assign {lane, half, emit, set, group} = order;

  // With biases of their own, states are shared: the entry says which one its neurons pass through, and
  // whether another pass of the step goes before.
  logic [GroupBits-1:0] own_state;
  logic later, unused_own_state;
  assign unused_own_state = ^own_state;
  if (BiasWords != 0) begin : gen_states
    ram_sdp #(.Width(GroupBits + 1), .Depth(UpdateEntries)) u_states (
        .clk_i, .rst_i,
        .write_enable_i(cfg_update_we_i && cfg_part_i[0]), .write_address_i(cfg_word_i[EntryBits-1:0]),
        .write_data_i({`SPIKELOOM_FIELD(cfg_entry, MEM_UPDATE_ENTRY_LATER),
                       `SPIKELOOM_LOW(cfg_entry, MEM_UPDATE_ENTRY_STATE, GroupBits)}),
        .read_enable_i(en_i && entry_read), .read_address_i(entry_q), .read_data_o({later, own_state}));
  end else begin : gen_no_states
    assign own_state = group;
    assign later = 1'b0;
  end

  // A group's first entry reads its state; the next ones of the run go on with it.
  logic group_known_q, fresh, forgets, afresh;
  logic [GroupBits-1:0] group_before_q;
  logic [StateAddressBits-1:0] state;
  assign fresh = valid_q[1] && (afresh || !(group_known_q && group == group_before_q));
  assign state = ctx_state_i[StateAddressBits-1:0] + StateAddressBits'(own_state);
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (forgets) group_known_q <= 1'b0;
      else if (valid_q[1]) group_known_q <= 1'b1;
      if (valid_q[1]) group_before_q <= group;
    end
  end

  // What an entry takes along: <name>k_q is in stage k.
  localparam int unsigned CarriedBits = GroupBits + 2 + LaneBits;
  logic [CarriedBits-1:0] carried2_q, carried3_q, carried4_q, carried5_q, carried6_q, carried7_q;
  logic [LifLanes-1:0] mask2_q, mask3_q, mask4_q, mask5_q, mask6_q, mask7_q;
  logic [StateAddressBits-1:0] state2_q, state3_q, state4_q, state5_q, state6_q, state7_q;
  logic [SetBits-1:0] set2_q, set3_q, set4_q, set5_q;
  logic [4:2] fresh_q;
  logic unused_carried;
  assign unused_carried = ^{valid_q[6], valid_q[4]};
  always_ff @(posedge clk_i) begin
    if (step) begin
      {carried2_q, mask2_q, state2_q} <= {lane, half, emit, group, mask, state};
      {carried3_q, mask3_q, state3_q} <= {carried2_q, mask2_q, state2_q};
      {carried4_q, mask4_q, state4_q} <= {carried3_q, mask3_q, state3_q};
      {carried5_q, mask5_q, state5_q} <= {carried4_q, mask4_q, state4_q};
      {carried6_q, mask6_q, state6_q} <= {carried5_q, mask5_q, state5_q};
      {carried7_q, mask7_q, state7_q} <= {carried6_q, mask6_q, state6_q};
      {set5_q, set4_q, set3_q, set2_q} <= {set4_q, set3_q, set2_q, set};
    end
  end
  always_ff @(posedge clk_i) begin
    if (rst_i) fresh_q <= '0;
    else if (step) fresh_q <= {fresh_q[3:2], fresh};
  end
  logic later2, later4;
  if (BiasWords != 0) begin : gen_later
    logic [4:2] later_q;
    always_ff @(posedge clk_i) begin
      if (step) later_q <= {later_q[3:2], later};
    end
    assign later2 = later_q[2];
    assign later4 = later_q[4];
  end else begin : gen_no_later
    assign later2 = later;
    assign later4 = later;
  end

  // A state that is read is written: nothing of its passes before is on its way to the write of its current.
  if (Pages > 1 || BiasWords != 0) begin : gen_written
    logic [6:2] reads_early;
    assign reads_early = {
      state == state6_q && mask6_q != '0,
      state == state5_q && mask5_q != '0,
      state == state4_q && mask4_q != '0,
      state == state3_q && mask3_q != '0,
      state == state2_q && mask2_q != '0
    } & valid_q[6:2];
    `SPIKELOOM_CHECK(state_is_written, !(en_i && fresh) || reads_early == '0)
  end

  // One run: it stays active until a read finds nothing left. Several: a run may begin in the cycle behind
  // the last read of the one before, so each stage has what belongs to its entry's run.
  logic first2, first4;
  if (Pages == 1) begin : gen_run
    logic first_q;
    logic unused_run;
    assign unused_run = ^{run_page_i, run_last_i};
    always_ff @(posedge clk_i) begin
      if (rst_i) run_q <= 1'b0;
      else if (en_i) run_q <= entry_read;
    end
    always_ff @(posedge clk_i) begin
      if (en_i && load_i) first_q <= run_first_i;
    end
    assign forgets = load_i;
    assign afresh = 1'b0;
    assign ends = active && !entry_read;
    assign first2 = first_q;
    assign first4 = first_q;
    assign ready_o = !busy;
    assign acc_page_o = '0;
    assign out_begins_o = 1'b0;
    assign out_page_o = '0;
    assign out_last_o = 1'b0;
  end else begin : gen_runs
    localparam int unsigned TagBits = PageBits + 2;
    localparam int unsigned Tail = 5;
    localparam int unsigned MostEntries = 2 * LifLanes;  // of a group
    logic ends_q;
    logic [15:0] least, pass_q, wait_q;
    logic [TagBits-1:0] tag_q;  // page, first, last of the run
    logic [7:1] begins_q;
    logic [TagBits-1:0] tag1_q, tag2_q, tag3_q, tag4_q, tag5_q, tag6_q, tag7_q;
    logic unused_tags;
    assign unused_tags = ^{begins_q[6:1], tag7_q[1]};
    assign least = (run_count_i < 16'(MostEntries) ? run_count_i : 16'(MostEntries)) + 16'(Tail);
    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        run_q <= 1'b0;
        ends_q <= 1'b0;
        wait_q <= '0;
      end else if (en_i) begin
        run_q <= entry_read && left_q != 16'd1;
        ends_q <= entry_read && left_q == 16'd1;
        if (start_i) wait_q <= pass_q - 16'd2;
        else if (wait_q != '0) wait_q <= wait_q - 16'd1;
      end
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (load_i) begin
          tag_q <= {run_page_i, run_first_i, run_last_i};
          pass_q <= run_count_i > least ? run_count_i : least;
        end
        begins_q <= {begins_q[6:1], start_i};
        if (entry_read) tag1_q <= tag_q;
      end
    end
    always_ff @(posedge clk_i) begin
      if (step) begin
        {tag4_q, tag3_q, tag2_q} <= {tag3_q, tag2_q, tag1_q};
        {tag7_q, tag6_q, tag5_q} <= {tag6_q, tag5_q, tag4_q};
      end
    end
    assign forgets = 1'b0;
    assign afresh = begins_q[1];
    assign ends = ends_q;
    assign first2 = tag2_q[1];
    assign first4 = tag4_q[1];
    assign ready_o = wait_q == '0 && !start_i;
    assign acc_page_o = tag2_q[2+:PageBits];
    assign out_begins_o = begins_q[7];
    assign out_page_o = tag7_q[2+:PageBits];
    assign out_last_o = tag7_q[0];

    `SPIKELOOM_ASSUME(run_has_entries, !(en_i && load_i) || run_count_i != '0)
    `SPIKELOOM_ASSUME(loads_when_ready, !(en_i && load_i) || ready_o)
    `SPIKELOOM_ASSUME(starts_when_ready, !(en_i && start_i) || wait_q == '0)
  end

  // Parameter sets, each part read just in time and registered once.
  localparam int unsigned AlphaBits = spikeloom_pkg::MEM_SET_ENTRY_ALPHA_W;
  localparam int unsigned BetaBits = spikeloom_pkg::MEM_SET_ENTRY_BETA_W;
  localparam int unsigned EarlyBits = AlphaBits + ScaleBits;
  logic [spikeloom_pkg::MEM_SET_ENTRY_WIDTH-1:0] cfg_set;
  logic unused_set;
  logic [EarlyBits-1:0] early, early_q;
  logic [BetaBits+StateBits-1:0] middle, middle_q;
  logic [2*StateBits:0] late, late_q;
  assign cfg_set = {(spikeloom_pkg::MEM_SET_ENTRY_WIDTH / 32){cfg_data_i}};
  assign unused_set = ^cfg_set;

  logic write_alpha, write_scale, write_beta, write_bias_v, write_theta, write_v_reset, write_subtract;
  always_comb begin
    {write_alpha, write_scale, write_beta, write_bias_v, write_theta, write_v_reset, write_subtract} = '0;
    if (cfg_set_we_i) begin
      write_alpha = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_ALPHA);
      write_scale = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_SCALE);
      write_beta = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_BETA);
      write_bias_v = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_BIAS_V);
      write_theta = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_THETA);
      write_v_reset = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_V_RESET);
      write_subtract = 32'(cfg_part_i) == `SPIKELOOM_PART(MEM_SET_ENTRY_SUBTRACT);
    end
  end

  ram_sdp #(.Width(AlphaBits), .Depth(ParamSets)) u_alpha (
      .clk_i, .rst_i,
      .write_enable_i(write_alpha),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_FIELD(cfg_set, MEM_SET_ENTRY_ALPHA)),
      .read_enable_i(en_i && valid_q[1]), .read_address_i(set),
      .read_data_o(early[AlphaBits-1:0]));
  ram_sdp #(.Width(ScaleBits), .Depth(ParamSets)) u_scale (
      .clk_i, .rst_i,
      .write_enable_i(write_scale),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_set, MEM_SET_ENTRY_SCALE, ScaleBits)),
      .read_enable_i(en_i && valid_q[1]), .read_address_i(set),
      .read_data_o(early[AlphaBits+:ScaleBits]));
  ram_sdp #(.Width(BetaBits), .Depth(ParamSets)) u_beta (
      .clk_i, .rst_i,
      .write_enable_i(write_beta),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_FIELD(cfg_set, MEM_SET_ENTRY_BETA)),
      .read_enable_i(en_i && valid_q[3]), .read_address_i(set3_q),
      .read_data_o(middle[BetaBits-1:0]));
  ram_sdp #(.Width(StateBits), .Depth(ParamSets)) u_bias_v (
      .clk_i, .rst_i,
      .write_enable_i(write_bias_v),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_set, MEM_SET_ENTRY_BIAS_V, StateBits)),
      .read_enable_i(en_i && valid_q[3]), .read_address_i(set3_q),
      .read_data_o(middle[BetaBits+:StateBits]));
  ram_sdp #(.Width(StateBits), .Depth(ParamSets)) u_theta (
      .clk_i, .rst_i,
      .write_enable_i(write_theta),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_set, MEM_SET_ENTRY_THETA, StateBits)),
      .read_enable_i(en_i && valid_q[5]), .read_address_i(set5_q),
      .read_data_o(late[0+:StateBits]));
  ram_sdp #(.Width(StateBits), .Depth(ParamSets)) u_v_reset (
      .clk_i, .rst_i,
      .write_enable_i(write_v_reset),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_LOW(cfg_set, MEM_SET_ENTRY_V_RESET, StateBits)),
      .read_enable_i(en_i && valid_q[5]), .read_address_i(set5_q),
      .read_data_o(late[StateBits+:StateBits]));
  ram_sdp #(.Width(1), .Depth(ParamSets)) u_subtract (
      .clk_i, .rst_i,
      .write_enable_i(write_subtract),
      .write_address_i(cfg_word_i[SetBits-1:0]),
      .write_data_i(`SPIKELOOM_FIELD(cfg_set, MEM_SET_ENTRY_SUBTRACT)),
      .read_enable_i(en_i && valid_q[5]), .read_address_i(set5_q),
      .read_data_o(late[2*StateBits]));
  always_ff @(posedge clk_i) begin
    if (step) begin
      early_q <= early;
      middle_q <= middle;
      late_q <= late;
    end
  end

  // States.
  logic [StateAddressBits-1:0] cfg_state;
  assign cfg_state = cfg_word_i[StateAddressBits-1:0];

  logic [LifLanes*StateBits-1:0] old_currents, new_currents, old_potentials, new_potentials;
  logic [LifLanes*BiasBits-1:0] biases;

  localparam int unsigned BiasDepth = BiasWords != 0 ? BiasWords : StateWords;
  localparam int unsigned BiasAddressBits = BiasDepth > 1 ? $clog2(BiasDepth) : 1;
  logic [BiasAddressBits-1:0] bias2;
  if (BiasWords != 0) begin : gen_biases
    logic [BiasAddressBits-1:0] bias2_q;
    always_ff @(posedge clk_i) begin
      if (step) bias2_q <= ctx_bias_i[BiasAddressBits-1:0] + BiasAddressBits'(group);
    end
    assign bias2 = bias2_q;
  end else begin : gen_biases_of_states
    assign bias2 = state2_q;
  end
  ram_sdp #(.Width(LifLanes * BiasBits), .Depth(BiasDepth), .PartBits(BiasBits)) u_biases (
      .clk_i, .rst_i,
      .write_enable_i(cfg_bias_we_i ? cfg_lane : '0), .write_address_i(cfg_word_i[BiasAddressBits-1:0]),
      .write_data_i({LifLanes{cfg_data_i[BiasBits-1:0]}}),
      .read_enable_i(en_i && valid_q[2]), .read_address_i(bias2), .read_data_o(biases));

  // A write from outside goes through the lanes' path for v_reset.
  logic keep_potentials;
  assign keep_potentials = en_i && valid_q[7];
  ram_sdp #(.Width(LifLanes * StateBits), .Depth(StateWords), .PartBits(StateBits)) u_potentials (
      .clk_i, .rst_i,
      .write_enable_i(cfg_potential_we_i ? cfg_lane : mask7_q & {LifLanes{keep_potentials}}),
      .write_address_i(cfg_potential_we_i ? cfg_state : state7_q),
      .write_data_i(new_potentials),
      .read_enable_i(cfg_potential_re_i || (en_i && fresh_q[3])),
      .read_address_i(cfg_potential_re_i ? cfg_state : state3_q), .read_data_o(old_potentials));

  if (Current != 0) begin : gen_currents
    logic keep_currents;
    assign keep_currents = en_i && valid_q[6];
    ram_sdp #(.Width(LifLanes * StateBits), .Depth(StateWords), .PartBits(StateBits)) u_currents (
        .clk_i, .rst_i,
        .write_enable_i(cfg_current_we_i ? cfg_lane : mask6_q & {LifLanes{keep_currents}}),
        .write_address_i(cfg_current_we_i ? cfg_state : state6_q),
        .write_data_i(cfg_current_we_i ? {LifLanes{cfg_data_i[StateBits-1:0]}} : new_currents),
        .read_enable_i(cfg_current_re_i || (en_i && fresh)),
        .read_address_i(cfg_current_re_i ? cfg_state : state), .read_data_o(old_currents));
  end else begin : gen_no_currents
    logic unused_currents;
    assign unused_currents = ^{cfg_current_we_i, new_currents, state6_q, mask6_q};
    assign old_currents = '0;
  end

  // Accumulators.
  logic [GroupBits-1:0] group2;
  // The lower and the upper half of the slices, of which a lane's adder uses one (or none: untouched).
  logic [LifLanes*AccBits-1:0] acc_low, acc_high;
  logic use_low, use_high;
  assign group2 = carried2_q[GroupBits-1:0];
  assign acc_read_o = valid_q[2];
  assign acc_group_o = group2;
  if (Slices > 1) begin : gen_slices
    logic [SliceBits-1:0] slice_q;
    always_ff @(posedge clk_i) begin
      if (step) slice_q <= acc_slice_i;
    end
    assign use_high = acc_touched_i && slice_q[SliceBits-1];
    assign use_low = acc_touched_i && !slice_q[SliceBits-1];
    localparam int unsigned Half = 1 << (SliceBits - 1);
    always_comb begin
      acc_low = 'x;
      acc_high = 'x;
      if (step) begin
        acc_low = acc_data_i[0+:LifLanes*AccBits];
        acc_high = acc_data_i[Half*LifLanes*AccBits+:LifLanes*AccBits];
        for (int n = 1; n < Half; n++) begin
          if ((32'(slice_q) % Half) == n) begin
            acc_low = acc_data_i[n*LifLanes*AccBits+:LifLanes*AccBits];
            if (Half + n < Slices)
              acc_high = acc_data_i[((Half+n)%Slices)*LifLanes*AccBits+:LifLanes*AccBits];
          end
        end
      end
    end
  end else begin : gen_no_slices
    logic unused_slice;
    assign unused_slice = ^acc_slice_i;
    assign use_high = 1'b0;
    assign use_low = acc_touched_i;
    assign acc_low = acc_data_i;
    assign acc_high = '0;
  end

  logic [LifLanes-1:0] spikes;
  for (genvar i = 0; i < LifLanes; i++) begin : gen_lane
    logic [StateBits-1:0] current, potential;
    lif_lane #(
        .AccBits(AccBits), .StateBits(StateBits), .BiasBits(BiasBits), .MaxScale(MaxScale), .Current(Current)
    ) u_lane (
        .clk_i, .en_i(step),
        .keep_i(keep_q),
        .s2_first_i(first2 && !later2), .s4_first_i(first4 && !later4),
        .s2_load_i(fresh_q[2]), .s2_current_i(old_currents[i*StateBits+:StateBits]),
        .s3_alpha_i(early_q[AlphaBits-1:0]), .s3_scale_i(early_q[AlphaBits+:ScaleBits]),
        .s3_acc_low_i(acc_low[i*AccBits+:AccBits]), .s3_acc_high_i(acc_high[i*AccBits+:AccBits]),
        .s3_use_low_i(use_low), .s3_use_high_i(use_high), .s3_bias_i(biases[i*BiasBits+:BiasBits]),
        .s4_load_i(fresh_q[4]), .s4_potential_i(old_potentials[i*StateBits+:StateBits]),
        .s5_beta_i(middle_q[BetaBits-1:0]), .s5_bias_v_i(middle_q[BetaBits+:StateBits]),
        .s7_theta_i(late_q[0+:StateBits]),
        .s7_v_reset_i(cfg_potential_we_i ? cfg_data_i[StateBits-1:0] : late_q[StateBits+:StateBits]),
        .s7_subtract_i(late_q[2*StateBits]), .s7_force_i(cfg_potential_we_i),
        .s6_current_o(current), .s7_potential_o(potential), .s7_spike_o(spikes[i]));
    always_comb begin
      new_currents[i*StateBits+:StateBits] = 'x;
      new_potentials[i*StateBits+:StateBits] = 'x;
      if (step || cfg_potential_we_i) begin
        new_currents[i*StateBits+:StateBits] = current;
        new_potentials[i*StateBits+:StateBits] = potential;
      end
    end
  end

  assign out_potentials_o = new_potentials;
  assign out_valid_o = valid_q[7];
  assign {out_lane_o, out_half_o, out_emit_o, out_group_o} = carried7_q;
  assign out_spikes_o = spikes & mask7_q;

  // Reading back: one lane of one state.
  logic [LaneBits-1:0] cfg_lane_q;
  logic cfg_read_q, cfg_current_q;
  logic [LifLanes*StateBits-1:0] read_backs, picked;
  logic unused_picked;
  assign unused_picked = ^{picked, cfg_lane_q, cfg_current_q};
  logic [StateBits-1:0] read_back;
  if (Current != 0) begin : gen_read_both
    assign read_backs = cfg_current_q ? old_currents : old_potentials;
  end else begin : gen_read_potentials
    assign read_backs = old_potentials;
  end
  always_comb begin
    picked = 'x;
    if (cfg_read_q) begin
      picked = read_backs;
      for (int l = $clog2(LifLanes) - 1; l >= 0; l--) begin
        if (cfg_lane_q[l]) picked = picked >> ((1 << l) * StateBits);
      end
    end
    read_back = picked[StateBits-1:0] & {StateBits{cfg_read_q}};
  end
  always_ff @(posedge clk_i) begin
    cfg_lane_q <= cfg_part_i[LaneBits-1:0];
    cfg_read_q <= cfg_potential_re_i || (cfg_current_re_i && Current != 0);
    cfg_current_q <= cfg_current_re_i;
    cfg_data_o <= 32'(signed'(read_back));
  end

  assign busy = active || |valid_q || |end_q;
  `SPIKELOOM_ASSUME(cfg_only_idle, !busy || !(cfg_update_we_i || cfg_set_we_i || cfg_bias_we_i ||
                                              cfg_potential_we_i || cfg_current_we_i ||
                                              cfg_potential_re_i || cfg_current_re_i))
  `SPIKELOOM_ASSUME(one_run, Pages > 1 || !(en_i && (load_i || start_i)) || !(run_q || |valid_q || |end_q))
endmodule

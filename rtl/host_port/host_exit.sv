// The exit unit: ends a sample early where the two best values of a readout are far enough apart.
// docs/protocol.md, section 6, Exit.
//
// Sinks: flit_valid_i is 1 in a cycle in which a flit is on the wire for sink sink_i. Flits of the readout's
// sinks are gathered by step, each sink at its own step, at most ExitWindow steps at a time: of each step the
// two best values, and how many there were. A value comes as two halves of 16 bits, each absent where it is
// 0; a value of which nothing came is 0.
// Source: waited_i[a] is 1 in a cycle in which application a's WAIT for sink wait_sink_i[a] leaves. After the
// last WAIT in front of a step the unit decides on the step that was waited for, and holds target time
// (holds_o) for the 3 clocks that it takes, so the decision costs no target time. If the step belongs to the
// sample of which the source is to begin a step, and the margin of its best two is at least EXIT_MARGIN, it
// drops what heads the queue (drops_o, target time held) up to the end-of-steps that end the sample
// (head_ends_i); those are to be sent void (voids_o). ended_i[a]: an end-of-step of channel ended_channel_i
// leaves that ends a sample; that of the last channel ends the dropping.
// It looks at no step but the one waited for, whatever has arrived meanwhile. It does not wait for arrivals:
// who configures it has every sink of the readout waited for.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module host_exit #(
    `SPIKELOOM_PARAMETER_Applications,
    `SPIKELOOM_PARAMETER_ExitWindow,
    `SPIKELOOM_PARAMETER_ExitSinks,
    `SPIKELOOM_PARAMETER_HostChannels,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned MaskBits = spikeloom_pkg::CHUNK_BITS,
    localparam int unsigned SinkBits = spikeloom_pkg::WORD_WAIT_SINK_W,
    localparam int unsigned ChannelBits = HostChannels > 1 ? $clog2(HostChannels) : 1
) (
    input  logic                             clk_i,
    input  logic                             rst_i,
    input  logic                             clear_i,
    input  logic                             write_i,
    input  logic [spikeloom_pkg::ADDRESS_OFFSET_W-1:0] config_field_i,
    input  logic [                     31:0] config_data_i,
    input  logic                             flit_valid_i,
    input  logic                             flit_end_i,        // an end-of-step without run_end
    input  logic [       ChunkIndexBits-1:0] flit_index_i,
    input  logic [             MaskBits-1:0] flit_mask_i,       // of an end-of-step, bit 0: sample_end
    input  logic [             SinkBits-1:0] sink_i,
    input  logic [         Applications-1:0] waited_i,
    input  logic [Applications*SinkBits-1:0] wait_sink_i,
    input  logic [         Applications-1:0] head_valid_i,
    input  logic [         Applications-1:0] head_ends_i,       // an end-of-step that ends a sample
    input  logic [         Applications-1:0] ended_i,
    input  logic [          ChannelBits-1:0] ended_channel_i,
    output logic                             holds_o,
    output logic [         Applications-1:0] drops_o,
    output logic [         Applications-1:0] voids_o
);
  localparam int unsigned ValueBits = 32;
  localparam int unsigned NeuronBits = ChunkIndexBits - 1;
  localparam int unsigned StepBits = ExitWindow > 1 ? $clog2(ExitWindow) : 1;
  localparam int unsigned NumberBits = ExitSinks > 1 ? $clog2(ExitSinks) : 1;
  localparam int unsigned CountBits = spikeloom_pkg::REG_EXIT_NEURONS_COUNT_W;
  localparam int unsigned AheadBits = $clog2(ExitWindow + 2);
  localparam logic [ValueBits-1:0] Least = {1'b1, {ValueBits - 1{1'b0}}};  // below every value

  // Configuration.
  logic valid_q;
  logic [SinkBits-1:0] first_q, last_sink_q;
  logic [spikeloom_pkg::REG_EXIT_SINKS_COUNT_W-1:0] sinks_q;
  logic [ChannelBits-1:0] last_channel_q;
  logic [CountBits-1:0] neurons_q;
  logic [ValueBits-1:0] margin_q;
  logic [Applications-1:0] mine_q;  // the application, one bit of all
  always_ff @(posedge clk_i) begin
    if (write_i && config_field_i == spikeloom_pkg::ADDR_EXIT_SINKS) begin
      first_q <= `SPIKELOOM_FIELD(config_data_i, REG_EXIT_SINKS_FIRST);
      sinks_q <= `SPIKELOOM_FIELD(config_data_i, REG_EXIT_SINKS_COUNT);
    end
    if (write_i && config_field_i == spikeloom_pkg::ADDR_EXIT_SOURCE) begin
      valid_q <= `SPIKELOOM_FIELD(config_data_i, REG_EXIT_SOURCE_VALID);
      last_sink_q <= `SPIKELOOM_FIELD(config_data_i, REG_EXIT_SOURCE_LAST_SINK);
      last_channel_q <= `SPIKELOOM_LOW(config_data_i, REG_EXIT_SOURCE_LAST_CHANNEL, ChannelBits);
      for (int a = 0; a < Applications; a++)
        mine_q[a] <= 32'(`SPIKELOOM_FIELD(config_data_i, REG_EXIT_SOURCE_APP)) == 32'(a);
    end
    if (write_i && config_field_i == spikeloom_pkg::ADDR_EXIT_NEURONS)
      neurons_q <= `SPIKELOOM_FIELD(config_data_i, REG_EXIT_NEURONS_COUNT);
    if (write_i && config_field_i == spikeloom_pkg::ADDR_EXIT_MARGIN) margin_q <= config_data_i;
    if (rst_i || clear_i) valid_q <= 1'b0;
  end

  // A sink's flit: halves of a neuron's value come one behind the other, so what a sink holds is whole when
  // another neuron's comes, or the step's end.
  logic is_readout;
  logic [SinkBits-1:0] place;
  logic [ExitSinks-1:0] hit;
  logic [ExitSinks*StepBits-1:0] steps;
  logic [ExitSinks*ValueBits-1:0] values;
  logic [ExitSinks-1:0] whole;  // what is held becomes a value of the step
  assign place = sink_i - first_q;
  assign is_readout = flit_valid_i && valid_q && sink_i >= first_q && place < sinks_q;
  for (genvar s = 0; s < ExitSinks; s++) begin : gen_sink
    logic held_q, same;
    logic [StepBits-1:0] step_q;
    logic [NeuronBits-1:0] neuron_q;
    logic [ValueBits-1:0] value_q;
    assign hit[s] = is_readout && place[NumberBits-1:0] == NumberBits'(s);
    assign same = held_q && !flit_end_i && neuron_q == flit_index_i[ChunkIndexBits-1:1];
    assign whole[s] = hit[s] && held_q && !same;
    assign steps[s*StepBits+:StepBits] = step_q;
    assign values[s*ValueBits+:ValueBits] = value_q;
    always_ff @(posedge clk_i) begin
      if (hit[s]) begin
        held_q <= !flit_end_i;
        neuron_q <= flit_index_i[ChunkIndexBits-1:1];
        if (!same) value_q <= '0;
        if (flit_index_i[0]) value_q[31:16] <= flit_mask_i;
        else value_q[15:0] <= flit_mask_i;
        if (flit_end_i) step_q <= step_q == StepBits'(ExitWindow - 1) ? '0 : step_q + StepBits'(1);
      end
      if (rst_i || clear_i) begin
        held_q <= 1'b0;
        step_q <= '0;
      end
    end
  end

  logic whole_q, end_q, ends_sample_q;
  logic [StepBits-1:0] to_step, to_step_q;
  logic [ValueBits-1:0] to_value, to_value_q;
  always_comb begin
    to_step  = '0;
    to_value = '0;
    for (int s = 0; s < ExitSinks; s++) begin
      if (hit[s]) to_step = to_step | steps[s*StepBits+:StepBits];
      if (hit[s]) to_value = to_value | values[s*ValueBits+:ValueBits];
    end
  end
  always_ff @(posedge clk_i) begin
    whole_q <= whole != '0 && !rst_i && !clear_i;
    end_q <= is_readout && flit_end_i && !rst_i && !clear_i;
    to_step_q <= to_step;
    to_value_q <= to_value;
    ends_sample_q <= flit_mask_i[0];
  end

  // The two best of every step under way.
  logic [2:0] deciding_q;
  logic [StepBits-1:0] read_q;
  logic [ExitWindow*ValueBits-1:0] bests, nexts;
  logic [ExitWindow*CountBits-1:0] counts;
  logic [ExitWindow-1:0] reads, ends_sample;
  for (genvar e = 0; e < ExitWindow; e++) begin : gen_step
    logic [ValueBits-1:0] best_q, next_q;
    logic [CountBits-1:0] count_q;
    logic ends_q, takes, better;
    assign takes = whole_q && to_step_q == StepBits'(e);
    assign better = $signed(to_value_q) > $signed(best_q);
    assign reads[e] = read_q == StepBits'(e);
    assign bests[e*ValueBits+:ValueBits] = best_q;
    assign nexts[e*ValueBits+:ValueBits] = next_q;
    assign counts[e*CountBits+:CountBits] = count_q;
    assign ends_sample[e] = ends_q;
    always_ff @(posedge clk_i) begin
      if (takes) begin
        count_q <= count_q + CountBits'(1);
        if (better) best_q <= to_value_q;
        if (better) next_q <= best_q;
        else if ($signed(to_value_q) > $signed(next_q)) next_q <= to_value_q;
      end
      if (end_q && to_step_q == StepBits'(e)) ends_q <= ends_sample_q;
      if (rst_i || clear_i || (deciding_q[0] && reads[e])) begin
        best_q <= Least;
        next_q <= Least;
        count_q <= '0;
      end
    end
  end

  // The step that was waited for; what did not come is 0.
  logic [ValueBits-1:0] best, next, best_q, next_q;
  logic [CountBits-1:0] count;
  logic ends, ends_of_q, waited, far, one_absent, some_absent;
  logic [ValueBits:0] apart_q;
  always_comb begin
    best = '0;
    next = '0;
    count = '0;
    ends = 1'b0;
    for (int e = 0; e < ExitWindow; e++) begin
      if (reads[e]) begin
        best = best | bests[e*ValueBits+:ValueBits];
        next = next | nexts[e*ValueBits+:ValueBits];
        count = count | counts[e*CountBits+:CountBits];
        ends = ends || ends_sample[e];
      end
    end
    waited = 1'b0;
    for (int a = 0; a < Applications; a++)
      if (waited_i[a] && mine_q[a] && wait_sink_i[a*SinkBits+:SinkBits] == last_sink_q) waited = valid_q;
  end
  assign some_absent = count < neurons_q;
  assign one_absent = count + CountBits'(1) == neurons_q;
  assign far = apart_q >= {1'b0, margin_q};
  always_ff @(posedge clk_i) begin
    deciding_q <= {deciding_q[1:0], waited};
    if (deciding_q[0]) begin
      read_q <= read_q == StepBits'(ExitWindow - 1) ? '0 : read_q + StepBits'(1);
      best_q <= some_absent && best[ValueBits-1] ? '0 : best;
      next_q <= some_absent && best[ValueBits-1] && one_absent ? best :
          some_absent && next[ValueBits-1] ? '0 : next;
      ends_of_q <= ends;
    end
    apart_q <= {best_q[ValueBits-1], best_q} - {next_q[ValueBits-1], next_q};
    if (rst_i || clear_i) begin
      deciding_q <= '0;
      read_q <= '0;
    end
  end

  // Samples that the source has ended and of which not every step has been waited for.
  logic [AheadBits-1:0] ahead_q;
  logic source_ends, drops_q;
  assign source_ends = (ended_i & mine_q) != '0 && valid_q && ended_channel_i == last_channel_q;
  always_ff @(posedge clk_i) begin
    if (source_ends) ahead_q <= ahead_q + AheadBits'(1);
    if (deciding_q[2] && ends_of_q) ahead_q <= ahead_q - AheadBits'(1);
    if (deciding_q[2] && far && ahead_q == '0) drops_q <= 1'b1;
    if (source_ends) drops_q <= 1'b0;
    if (rst_i || clear_i) begin
      ahead_q <= '0;
      drops_q <= 1'b0;
    end
  end
  assign drops_o = drops_q && deciding_q == '0 ? mine_q & head_valid_i & ~head_ends_i : '0;
  assign voids_o = drops_q ? mine_q & head_ends_i : '0;
  assign holds_o = deciding_q != '0 || drops_o != '0;

  `SPIKELOOM_CHECK(readout_has_no_more_sinks_than_are_gathered, !valid_q || 32'(sinks_q) <= ExitSinks)
  `SPIKELOOM_CHECK(readout_has_no_more_values_than_neurons, !deciding_q[0] || count <= neurons_q)
  `SPIKELOOM_CHECK(sink_is_not_ahead_of_the_source, !(deciding_q[2] && ends_of_q) || ahead_q != '0)
  `SPIKELOOM_CHECK(time_stands_while_it_decides, deciding_q == '0 || !(flit_valid_i || waited || source_ends))
endmodule

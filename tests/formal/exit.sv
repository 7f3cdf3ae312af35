// host_exit: what it does depends on its application and its readout alone, and it drops no word that ends a
// sample. Two exit units hear the same of their application, 0, and of their readout's sinks. What
// application 1 does differs between them as it likes: its WAITs, whatever sink they name, its ends of
// samples, its heads, and flits of sinks that are not the readout's. Then both hold time, drop and void
// alike, never a word of application 1, and none while they decide. Configuration of any kind at any time,
// but that the application is 0. What the module's own checks forbid does not happen.
`include "spikeloom_parameters.svh"

module prove_exit (
    input logic        clk_i,
    input logic        rst_i,
    input logic        clear_i,
    input logic        write_i,
    input logic [ 1:0] config_field_i,
    input logic [31:0] config_data_i,
    input logic        flit_i,                // of a sink of the readout
    input logic        flit_end_i,
    input logic [ 3:0] flit_index_i,
    input logic [15:0] flit_mask_i,
    input logic [ 9:0] sink_i,
    input logic        waited_i,
    input logic [ 9:0] wait_sink_i,
    input logic        head_valid_i,
    input logic        head_ends_i,
    input logic        ended_i,
    input logic        ended_channel_i,
    input logic [ 1:0] other_flit_i,          // if the readout has none; by unit
    input logic [19:0] other_sink_i,
    input logic [31:0] other_mask_i,
    input logic [ 1:0] other_waited_i,
    input logic [19:0] other_wait_sink_i,
    input logic [ 1:0] other_head_valid_i,
    input logic [ 1:0] other_head_ends_i,
    input logic [ 1:0] other_ended_i,         // if application 0 ends none
    input logic [ 1:0] other_ended_channel_i
);
  localparam int unsigned Offset = spikeloom_pkg::ADDRESS_OFFSET_W;

  initial assume (rst_i);

  // Everything that a unit keeps: configuration, what is gathered, the decision.
  (* keep *) wire valid0, valid1, drops0, drops1;
  (* keep *) wire [1:0] mine0, mine1;
  (* keep *) wire [9:0] first0, first1, sinks0, sinks1, last_sink0, last_sink1;
  (* keep *) wire last_channel0, last_channel1;
  (* keep *) wire [15:0] neurons0, neurons1;
  (* keep *) wire [31:0] margin0, margin1;
  (* keep *) wire held0_0, held0_1, held1_0, held1_1, step0_0, step0_1, step1_0, step1_1;
  (* keep *) wire [2:0] neuron0_0, neuron0_1, neuron1_0, neuron1_1;
  (* keep *) wire [31:0] value0_0, value0_1, value1_0, value1_1;
  (* keep *) wire whole0, whole1, end0, end1, ends_sample0, ends_sample1;
  (* keep *) wire to_step0, to_step1;
  (* keep *) wire [31:0] to_value0, to_value1;
  (* keep *) wire [31:0] best0_0, best0_1, best1_0, best1_1, next0_0, next0_1, next1_0, next1_1;
  (* keep *) wire [15:0] count0_0, count0_1, count1_0, count1_1;
  (* keep *) wire ends0_0, ends0_1, ends1_0, ends1_1;
  (* keep *) wire [2:0] deciding0, deciding1;
  (* keep *) wire read0, read1, ends_of0, ends_of1;
  (* keep *) wire [31:0] best0, best1, next0, next1;
  (* keep *) wire [32:0] apart0, apart1;
  (* keep *) wire [1:0] ahead0, ahead1;

  logic [1:0] holds;
  logic [3:0] dropped, voided;
  for (genvar u = 0; u < 2; u++) begin : gen_unit
    host_exit #(
        .Applications(2),
        .ExitWindow(2),
        .ExitSinks(2),
        .HostChannels(2),
        .ChunkIndexBits(4)
    ) u_dut (
        .clk_i,
        .rst_i,
        .clear_i,
        .write_i,
        .config_field_i(Offset'(config_field_i)),
        .config_data_i,
        .flit_valid_i(flit_i || other_flit_i[u]),
        .flit_end_i,
        .flit_index_i,
        .flit_mask_i(flit_i ? flit_mask_i : other_mask_i[16*u+:16]),
        .sink_i(flit_i ? sink_i : other_sink_i[10*u+:10]),
        .waited_i({other_waited_i[u], waited_i}),
        .wait_sink_i({other_wait_sink_i[10*u+:10], wait_sink_i}),
        .head_valid_i({other_head_valid_i[u], head_valid_i}),
        .head_ends_i({other_head_ends_i[u], head_ends_i}),
        .ended_i({other_ended_i[u] && !ended_i, ended_i}),
        .ended_channel_i(ended_i ? ended_channel_i : other_ended_channel_i[u]),
        .holds_o(holds[u]),
        .drops_o(dropped[2*u+:2]),
        .voids_o(voided[2*u+:2])
    );
    always_comb begin
      assume (flit_i || !(other_sink_i[10*u+:10] >= first0 && other_sink_i[10*u+:10] - first0 < sinks0));
    end
  end
  always_comb begin
    assume (Offset'(config_field_i) != spikeloom_pkg::ADDR_EXIT_SOURCE ||
            `SPIKELOOM_FIELD(config_data_i, REG_EXIT_SOURCE_APP) == '0);
  end

  logic told, gathered, decided;
  assign told = valid0 == valid1 && mine0 == 2'b01 && mine1 == 2'b01 && first0 == first1 &&
      sinks0 == sinks1 && last_sink0 == last_sink1 && last_channel0 == last_channel1 &&
      neurons0 == neurons1 && margin0 == margin1;
  assign gathered = {held0_0, held0_1, step0_0, step0_1} == {held1_0, held1_1, step1_0, step1_1} &&
      {neuron0_0, neuron0_1, value0_0, value0_1} == {neuron1_0, neuron1_1, value1_0, value1_1} &&
      {whole0, end0, to_step0, to_value0} == {whole1, end1, to_step1, to_value1} &&
      (!end0 || ends_sample0 == ends_sample1) &&
      {best0_0, best0_1, next0_0, next0_1} == {best1_0, best1_1, next1_0, next1_1} &&
      {count0_0, count0_1, ends0_0, ends0_1} ==
      {count1_0, count1_1, ends1_0, ends1_1};
  assign decided = {deciding0, read0, ends_of0, best0, next0, apart0, ahead0, drops0} ==
      {deciding1, read1, ends_of1, best1, next1, apart1, ahead1, drops1};
  // What no reset gives a value is the same at first; the application is 0 from the start.
  initial assume (told && gathered && decided);

  always_ff @(posedge clk_i) begin
    both_are_told_the_same : assert (told);
    both_gather_the_same : assert (gathered);
    both_decide_the_same : assert (decided);
    if (!rst_i) begin
      they_act_alike : assert (holds[0] == holds[1] && dropped[1:0] == dropped[3:2] &&
                               voided[0] == voided[2]);
      only_their_own_words_are_dropped : assert (!dropped[1] && !voided[1]);
      what_ends_a_sample_is_not_dropped : assert (!dropped[0] || (head_valid_i && !head_ends_i));
      time_stands_while_they_decide_and_drop : assert (holds[0] == (deciding0 != '0 || dropped[0]));
      nothing_is_dropped_while_they_decide : assert (deciding0 == '0 || !dropped[0]);
    end
  end
endmodule

// One neuron's update, a pipeline of five stages; a new neuron each cycle. Stages are numbered as in
// lif_update.sv; an input named `<stage>_...` belongs to the neuron that is in that stage.
//
//   3  product of the old current, drive = (acc << scale) + bias_i
//   4  i = decay + drive       (towards zero: a negative product with a fraction gets 1 more, as carry)
//   5  saturate i, add bias_v, product of the old potential
//   6  v = decay + i + bias_v
//   7  saturate v, compare, reset: v_reset, or v less v_reset, saturated once more
//
// Outputs mean something while en_i or s7_force_i is 1; at rest nothing is evaluated ('x costs no logic).
// load_*: the state RAM's word is a new group's; else the neurons of the entry before are updated once more.
`include "spikeloom_parameters.svh"

module lif_lane #(
    `SPIKELOOM_PARAMETER_AccBits,
    `SPIKELOOM_PARAMETER_StateBits,
    `SPIKELOOM_PARAMETER_BiasBits,
    `SPIKELOOM_PARAMETER_MaxScale,
    `SPIKELOOM_PARAMETER_Current,
    localparam int unsigned ScaleBits = MaxScale > 0 ? $clog2(MaxScale + 1) : 1
) (
    input logic clk_i,
    input logic en_i,

    input logic keep_i,          // a readout: no spike, no reset

    input logic                 s2_first_i,     // the old state reads as 0
    input logic                 s2_load_i,
    input logic [StateBits-1:0] s2_current_i,
    input logic [         12:0] s3_alpha_i,
    input logic [ScaleBits-1:0] s3_scale_i,
    input logic [  AccBits-1:0] s3_acc_low_i,
    input logic [  AccBits-1:0] s3_acc_high_i,
    input logic                 s3_use_low_i,
    input logic                 s3_use_high_i,
    input logic [ BiasBits-1:0] s3_bias_i,
    input logic                 s4_first_i,
    input logic                 s4_load_i,
    input logic [StateBits-1:0] s4_potential_i,
    input logic [         12:0] s5_beta_i,
    input logic [StateBits-1:0] s5_bias_v_i,
    input logic [StateBits-1:0] s7_theta_i,
    input logic [StateBits-1:0] s7_v_reset_i,
    input logic                 s7_subtract_i,
    input logic                 s7_force_i,      // keep v_reset, whatever v is

    output logic [StateBits-1:0] s6_current_o,    // to keep
    output logic [StateBits-1:0] s7_potential_o,  // to keep; a readout's result
    output logic                 s7_spike_o
);
  localparam int unsigned ScaledBits = AccBits + MaxScale;
  localparam int unsigned DriveBits = (ScaledBits > BiasBits ? ScaledBits : BiasBits) + 1;
  localparam int unsigned CurrentBits = (DriveBits > StateBits + 1 ? DriveBits : StateBits + 1) + 1;
  localparam int unsigned PotentialBits = StateBits + 3;

  // 3
  logic [DriveBits-1:0] drive_q;
  scale_add #(.AccBits(AccBits), .BiasBits(BiasBits), .MaxScale(MaxScale), .SumBits(DriveBits)) u_drive (
      .clk_i, .en_i,
      .low_i(s3_acc_low_i), .high_i(s3_acc_high_i), .use_low_i(s3_use_low_i), .use_high_i(s3_use_high_i),
      .scale_i(s3_scale_i), .bias_i(s3_bias_i), .sum_o(drive_q));

  // 4
  logic [CurrentBits-1:0] current_sum_q;
  if (Current != 0) begin : gen_current
    logic [StateBits-1:0] old_q;
    always_ff @(posedge clk_i) begin
      if (en_i && s2_load_i) old_q <= s2_first_i ? '0 : s2_current_i;
    end
    decay_add #(.StateBits(StateBits), .AddendBits(DriveBits), .SumBits(CurrentBits)) u_sum (
        .clk_i, .en_i, .old_i(old_q), .factor_i(s3_alpha_i), .addend_i(drive_q), .sum_o(current_sum_q));
  end else begin : gen_no_current
    logic unused_current;
    assign unused_current = ^{s2_first_i, s2_load_i, s2_current_i, s3_alpha_i};
    always_ff @(posedge clk_i) begin
      if (en_i) current_sum_q <= CurrentBits'(signed'(drive_q));
    end
  end

  // 5
  logic [StateBits-1:0] current, current_q, old_q;
  logic [StateBits:0] biased_q;
  logic unused_biased_q;
  always_comb begin
    current = 'x;
    if (en_i) begin
      current = current_sum_q[StateBits-1:0];
      if (current_sum_q[CurrentBits-1:StateBits-1] !=
          {(CurrentBits - StateBits + 1) {current_sum_q[CurrentBits-1]}})
        current = {current_sum_q[CurrentBits-1], {(StateBits - 1) {!current_sum_q[CurrentBits-1]}}};
    end
  end
  // bias_v + current as a difference, so that the saturation's selection goes into the adder's LUTs.
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (s4_load_i) old_q <= s4_first_i ? '0 : s4_potential_i;
      current_q <= current;
      {biased_q, unused_biased_q} <=
          {(StateBits + 1)'(signed'(s5_bias_v_i)), 1'b0} - {!current[StateBits-1], ~current, 1'b1};
    end
  end
  assign s6_current_o = current_q;

  // 6
  logic [PotentialBits-1:0] potential_sum_q;
  decay_add #(.StateBits(StateBits), .AddendBits(StateBits + 1), .SumBits(PotentialBits)) u_sum (
      .clk_i, .en_i, .old_i(old_q), .factor_i(s5_beta_i), .addend_i(biased_q), .sum_o(potential_sum_q));

  // 7. The result's choice is two bits, so that a bit of it is one LUT of six inputs.
  localparam logic [1:0] Sum = 2'd0, Limit = 2'd1, Subtracted = 2'd2, Given = 2'd3;
  logic [StateBits-1:0] potential, limit;
  logic [StateBits:0] margin, lack;
  logic [1:0] choice;
  logic negative, over, unused_borrow, unused_margin;
  assign unused_margin = ^margin[StateBits-1:0];
  always_comb begin
    {negative, over, limit, potential, margin, lack, unused_borrow, choice} = 'x;
    {s7_spike_o, s7_potential_o} = 'x;
    if (en_i || s7_force_i) begin
      negative = potential_sum_q[PotentialBits-1];
      over = potential_sum_q[PotentialBits-1:StateBits-1] != {(PotentialBits - StateBits + 1) {negative}};
      limit = {negative, {(StateBits - 1) {!negative}}};
      potential = over ? limit : potential_sum_q[StateBits-1:0];
      // The potential is taken from both, so that the saturation's selection goes into the adders' LUTs:
      // theta - v, and v_reset - v - 1, with the 1 as borrow, which inverted is v - v_reset.
      margin = (StateBits + 1)'(signed'(s7_theta_i)) - (StateBits + 1)'(signed'(potential));
      {lack, unused_borrow} =
          {(StateBits + 1)'(signed'(s7_v_reset_i)), 1'b0} - {(StateBits + 1)'(signed'(potential)), 1'b1};
      s7_spike_o = !keep_i && margin[StateBits];
      choice = over ? Limit : Sum;
      // A difference that overflows does so on v's side of 0, so the limit is the sum's.
      if (s7_spike_o && s7_subtract_i)
        choice = lack[StateBits] != lack[StateBits-1] ? Limit : Subtracted;
      if (s7_spike_o && !s7_subtract_i) choice = Given;
      if (s7_force_i) choice = Given;
      case (choice)
        Limit: s7_potential_o = limit;
        Subtracted: s7_potential_o = ~lack[StateBits-1:0];
        Given: s7_potential_o = s7_v_reset_i;
        default: s7_potential_o = potential_sum_q[StateBits-1:0];
      endcase
    end
  end
endmodule

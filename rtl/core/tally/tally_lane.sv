// One neuron at a time of the tally core: counts its votes and takes its step.
//
// chunk_i adds the votes of mask_i: +1 for each set bit that is in votes_i's low half, -1 for each in its
// high half. step_i takes the count as of the chunks before, the neuron's words and its old potential; two
// enabled cycles later spike_o and level_o, the new potential, are there. One of both may come in every
// cycle. clear_i and step_i set the count back to 0.
//   v' = sat(v + (count << (shift + scale)))
//   spike = v' > theta;  v = spike ? (sat(v' - v_reset) | v_reset) : v'
// shift + scale is at most TallyShift.
`include "spikeloom_parameters.svh"

module tally_lane #(
    `SPIKELOOM_PARAMETER_StateBits,
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_TallyShift
) (
    input logic clk_i,
    input logic en_i,

    input logic clear_i,

    input logic chunk_i,
    input logic [spikeloom_pkg::CHUNK_BITS-1:0] mask_i,
    input logic [spikeloom_pkg::MEM_VOTE_ENTRY_WIDTH-1:0] votes_i,

    input logic                 step_i,
    input logic                 first_i,  // the old potential reads as 0
    input logic [StateBits-1:0] theta_i,
    input logic [spikeloom_pkg::MEM_NEURON_ENTRY_SHIFT_W-1:0] shift_i,
    input logic [spikeloom_pkg::MEM_NEURON_ENTRY_SCALE_W-1:0] scale_i,
    input logic [StateBits-1:0] v_reset_i,
    input logic                 subtract_i,
    input logic [StateBits-1:0] level_i,

    output logic                 spike_o,
    output logic [StateBits-1:0] level_o
);
  localparam int unsigned MaskBits = spikeloom_pkg::CHUNK_BITS;
  localparam int unsigned CountBits = $clog2(MaskBits * PageChunks) + 2;
  localparam int unsigned ShiftedBits = CountBits + TallyShift;
  localparam int unsigned SumBits = (ShiftedBits > StateBits ? ShiftedBits : StateBits) + 1;

  function automatic logic [CountBits-1:0] ones(input logic [MaskBits-1:0] bits);
    begin
      ones = '0;
      for (int b = 0; b < MaskBits; b++) ones = ones + CountBits'(bits[b]);
    end
  endfunction

  logic [CountBits-1:0] count_q, votes;
  assign votes = ones(mask_i & `SPIKELOOM_FIELD(votes_i, MEM_VOTE_ENTRY_PLUS)) -
                 ones(mask_i & `SPIKELOOM_FIELD(votes_i, MEM_VOTE_ENTRY_MINUS));
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (clear_i || step_i) count_q <= '0;
      else if (chunk_i) count_q <= count_q + votes;
    end
  end

  // The count, shifted.
  logic [4:0] shift;
  logic [ShiftedBits-1:0] shifted_q;
  logic [StateBits-1:0] level_q, theta1_q, theta2_q, v_reset1_q, v_reset2_q;
  logic subtract1_q, subtract2_q;
  assign shift = 5'(shift_i) + 5'(scale_i);
  always_ff @(posedge clk_i) begin
    if (en_i && step_i) begin
      shifted_q <= ShiftedBits'(signed'(count_q)) << shift;
      level_q <= first_i ? '0 : level_i;
      theta1_q <= theta_i;
      v_reset1_q <= v_reset_i;
      subtract1_q <= subtract_i;
    end
  end

  // The potential before a reset.
  logic [SumBits-1:0] sum;
  logic [StateBits-1:0] next, next_q;
  assign sum = SumBits'(signed'(level_q)) + SumBits'(signed'(shifted_q));
  always_comb begin
    next = sum[StateBits-1:0];
    if (sum[SumBits-1:StateBits-1] != {(SumBits - StateBits + 1) {sum[SumBits-1]}})
      next = {sum[SumBits-1], {(StateBits - 1) {!sum[SumBits-1]}}};
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      next_q <= next;
      theta2_q <= theta1_q;
      v_reset2_q <= v_reset1_q;
      subtract2_q <= subtract1_q;
    end
  end

  assign spike_o = signed'(next_q) > signed'(theta2_q);
  logic [StateBits:0] less;
  always_comb begin
    less = (StateBits + 1)'(signed'(next_q)) - (StateBits + 1)'(signed'(v_reset2_q));
    level_o = next_q;
    if (spike_o) begin
      level_o = v_reset2_q;
      if (subtract2_q) level_o = less[StateBits-1:0];
      if (subtract2_q && less[StateBits] != less[StateBits-1])
        level_o = {less[StateBits], {(StateBits - 1) {!less[StateBits]}}};
    end
  end
endmodule

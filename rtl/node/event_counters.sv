// Eight 48-bit event counters in one small RAM with one 16-bit adder.
//
// Every counter gathers its events in a small register; a round visits the counters one after the other, 16
// bits a clock, and moves what was gathered into the RAM: 24 clocks. So a value read is exact when no event
// came for 48 clocks. Rounds go on while target time stands still; the events are the user's to gate with en.
// Counter k takes steps_i[k] a clock, and the one named Wide wide_i (0..16) more.
// Reading: the 32 low bits of counter_i in clock r, or its 16 high bits if high_i, are on data_o in r + 2.
`include "rtl/common/checks.svh"

module event_counters #(
    parameter int unsigned Wide = 4
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        clear_i,
    input  logic [ 7:0] steps_i,
    input  logic [ 4:0] wide_i,
    input  logic [ 2:0] counter_i,
    input  logic        high_i,
    output logic [31:0] data_o
);
  localparam int unsigned GatherBits = 10;  // 24 clocks of up to 16 events

  logic [2:0] counter_q, counter1_q;
  logic [1:0] part_q, part1_q;  // 0, 1, 2
  logic carry_q, zero_q;
  logic [15:0] memory[0:31];
  logic [15:0] old_q, add;
  logic [16:0] sum;
  logic [8*GatherBits-1:0] gathered;
  logic [GatherBits-1:0] gathered_q;
  logic take;
  logic [7:0] overflows;
  logic [31:0] read_q;

  assign take = part_q == 2'd0;
  for (genvar k = 0; k < 8; k++) begin : gen_gather
    localparam int unsigned Bits = k == Wide ? GatherBits : 5;
    logic [Bits-1:0] count_q, step;
    if (k == Wide) begin : gen_wide
      assign step = Bits'(wide_i) + Bits'(steps_i[k]);
    end else begin : gen_single
      assign step = Bits'(steps_i[k]);
    end
    always_ff @(posedge clk_i) begin
      if (take && counter_q == 3'(k)) count_q <= step;
      else if (steps_i[k] || k == Wide) count_q <= count_q + step;
      if (rst_i || clear_i) count_q <= '0;
    end
    assign gathered[GatherBits*k+:GatherBits] = GatherBits'(count_q);
    assign overflows[k] = 32'(count_q) + 32'(step) >= (1 << Bits);
  end
  `SPIKELOOM_CHECK(gathers_all, overflows == '0)

  // One clock reads, the next adds and writes; a word is read again 24 clocks later.
  assign add = part1_q == 2'd0 ? 16'(gathered_q) : 16'(carry_q);
  assign sum = {1'b0, old_q} + {1'b0, add};
  always_ff @(posedge clk_i) memory[{counter1_q, part1_q}] <= sum[15:0];

  // After a clear one whole round starts at zero.
  always_ff @(posedge clk_i) begin
    old_q <= zero_q ? 16'd0 : memory[{counter_q, part_q}];
    if (take) gathered_q <= gathered[GatherBits*counter_q+:GatherBits];
    counter1_q <= counter_q;
    part1_q <= part_q;
    carry_q <= sum[16];
    part_q <= part_q == 2'd2 ? 2'd0 : part_q + 2'd1;
    if (part_q == 2'd2) begin
      counter_q <= counter_q + 3'd1;
      if (counter_q == 3'd7) zero_q <= 1'b0;
    end
    if (rst_i || clear_i) begin
      part_q <= 2'd0;
      counter_q <= 3'd0;
      zero_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    read_q <= {high_i ? 16'd0 : memory[{counter_i, 2'd1}], memory[{counter_i, high_i ? 2'd2 : 2'd0}]};
    data_o <= read_q;
  end
endmodule

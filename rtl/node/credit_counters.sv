// Credit counters of the sending side: one per (channel, destination). docs/protocol.md, section 5.
//
// may_start_o: every counter of channel_i is above 0. take_i takes one from each of them. A credit in this cycle
// raises counter rx_counter_i. Both are visible in the next cycle. Writes come in host time.
`include "rtl/common/checks.svh"

module credit_counters #(
    parameter int unsigned Counters = 16,
    parameter int unsigned Channels = 8,
    localparam int unsigned CounterBits = Counters > 1 ? $clog2(Counters) : 1,
    localparam int unsigned ChannelBits = Channels > 1 ? $clog2(Channels) : 1
) (
    input  logic                   clk_i,
    input  logic                   rst_i,
    input  logic                   en_i,
    input  logic                   write_i,
    input  logic [CounterBits-1:0] config_counter_i,
    input  logic [           31:0] config_data_i,
    input  logic [ChannelBits-1:0] channel_i,
    output logic                   may_start_o,
    input  logic                   take_i,
    input  logic                   credit_i,
    input  logic [CounterBits-1:0] rx_counter_i
);
  logic [Counters-1:0] blocks, below_zero, above_pages;

  for (genvar c = 0; c < Counters; c++) begin : gen_counter
    logic valid_q, match, take, give;
    logic [ChannelBits-1:0] channel_q;
    logic [4:0] count_q;

    assign match = valid_q && channel_q == channel_i;
    assign take = take_i && en_i && match;
    assign give = credit_i && en_i && rx_counter_i == CounterBits'(c);
    assign blocks[c] = match && count_q == 5'd0;
    always_ff @(posedge clk_i) begin
      if (en_i && (take_i || credit_i) && take != give) count_q <= count_q + (take ? 5'h1f : 5'h01);
      if (write_i && config_counter_i == CounterBits'(c)) begin
        valid_q <= config_data_i[spikeloom_pkg::REG_CREDIT_VALID_LSB];
        channel_q <= config_data_i[spikeloom_pkg::REG_CREDIT_CHANNEL_LSB+:ChannelBits];
        count_q <= config_data_i[spikeloom_pkg::REG_CREDIT_COUNT_LSB+:5];
      end
      if (rst_i) valid_q <= 1'b0;
    end
    assign below_zero[c] = take && count_q == 5'd0;
    assign above_pages[c] = give && (count_q >= 5'd16 || !valid_q);
  end
  assign may_start_o = blocks == '0;

  `SPIKELOOM_CHECK(never_below_zero, below_zero == '0)
  `SPIKELOOM_CHECK(never_above_the_pages_of_a_counter_in_use, above_pages == '0)
endmodule

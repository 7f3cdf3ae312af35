// Credit counters of the sending side: one per (channel, destination). docs/protocol.md, section 5.
//
// may_start_o (while ask_i): every counter of channel_i is above 0. take_i (only then) takes one from each of
// them. A credit in this cycle raises counter rx_counter_i. Both are visible in the next cycle. Writes come
// in host time.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module credit_counters #(
    parameter int unsigned Counters = 16,
    `SPIKELOOM_PARAMETER_Channels,
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
    input  logic                   ask_i,
    output logic                   may_start_o,
    input  logic                   take_i,
    input  logic                   credit_i,
    input  logic [CounterBits-1:0] rx_counter_i
);
  localparam int unsigned CountBits = spikeloom_pkg::REG_CREDIT_COUNT_W;  // 0 to LIMIT_PAGES
  logic [Counters-1:0] valid_q, match, give;
  logic [ChannelBits*Counters-1:0] channel_q;
  logic [CountBits*Counters-1:0] count_q;
  logic change;
  logic unused_config;
  assign unused_config = ^config_data_i;
  assign change = en_i && (take_i || credit_i);

  always_comb begin
    match = 'x;
    may_start_o = 'x;
    if (ask_i) begin
      may_start_o = 1'b1;
      for (int c = 0; c < Counters; c++) begin
        match[c] = valid_q[c] && channel_q[ChannelBits*c+:ChannelBits] == channel_i;
        if (match[c] && count_q[CountBits*c+:CountBits] == '0) may_start_o = 1'b0;
      end
    end
  end

  always_comb begin
    give = '0;
    if (credit_i) for (int c = 0; c < Counters; c++) give[c] = rx_counter_i == CounterBits'(c);
  end
  always_ff @(posedge clk_i) begin
    if (change) begin
      for (int c = 0; c < Counters; c++)
        if ((take_i && match[c]) != give[c])
          count_q[CountBits*c+:CountBits] <=
              count_q[CountBits*c+:CountBits] + (take_i && match[c] ? '1 : CountBits'(1));
    end
    if (write_i) begin
      for (int c = 0; c < Counters; c++)
        if (config_counter_i == CounterBits'(c)) begin
          valid_q[c] <= `SPIKELOOM_FIELD(config_data_i, REG_CREDIT_VALID);
          channel_q[ChannelBits*c+:ChannelBits] <=
              `SPIKELOOM_LOW(config_data_i, REG_CREDIT_CHANNEL, ChannelBits);
          count_q[CountBits*c+:CountBits] <= `SPIKELOOM_FIELD(config_data_i, REG_CREDIT_COUNT);
        end
    end
    if (rst_i) valid_q <= '0;
  end

  logic [Counters-1:0] below_zero, above_pages;
  for (genvar c = 0; c < Counters; c++) begin : gen_checks
    assign below_zero[c] = en_i && take_i && match[c] && count_q[CountBits*c+:CountBits] == '0;
    assign above_pages[c] = en_i && give[c] &&
        (32'(count_q[CountBits*c+:CountBits]) >= spikeloom_pkg::LIMIT_PAGES || !valid_q[c]);
  end
  `SPIKELOOM_ASSUME(takes_after_asking, !(en_i && take_i) || ask_i)
  `SPIKELOOM_CHECK(never_below_zero, below_zero == '0)
  `SPIKELOOM_CHECK(never_above_the_pages_of_a_counter_in_use, above_pages == '0)
endmodule

// The leaky counter of a tile's traffic contract. docs/protocol.md, section 4.
//
// Over firings n = 0, 1, …: L(n) = max(0, L(n-1) + 256·(te - f) - rho), L(-1) = 0; firing n breaks the
// contract if L(n) > sigma. All ones in sigma: no contract. One adder: + 256 in each cycle of a firing, - rho
// in te + 1, compare in te + 2; the next firing is never earlier. checked_o in te + 2, with broken_o.
`include "rtl/common/checks.svh"

module contract (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        clear_i,
    input  logic        en_i,
    input  logic        write_rho_i,
    input  logic        write_sigma_i,
    input  logic [31:0] config_data_i,
    input  logic        firing_i,      // f + 1 .. te
    input  logic        done_i,        // te
    output logic        checked_o,
    output logic        broken_o
);
  logic [31:0] rho_q, sigma_q, level_q;
  logic [33:0] level, operand, sum;
  logic leak_q, check_q, off;

  assign off = sigma_q == 32'hffff_ffff;
  assign level = {2'b00, level_q};
  always_comb begin
    operand = 34'd1 << spikeloom_pkg::CONTRACT_FRACTION_BITS;
    if (leak_q) operand = ~{2'b00, rho_q};
    else if (check_q) operand = ~{2'b00, sigma_q};
  end
  assign sum = level + operand + 34'(leak_q || check_q);
  assign checked_o = en_i && check_q;
  assign broken_o = checked_o && !off && !sum[33] && sum != '0;

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      leak_q <= done_i;
      check_q <= leak_q;
      if (leak_q) level_q <= sum[33] ? '0 : sum[31:0];
      else if (firing_i) level_q <= sum[32] ? '1 : sum[31:0];
    end
    if (rst_i || clear_i) begin
      leak_q <= 1'b0;
      check_q <= 1'b0;
      level_q <= '0;
    end
    if (write_rho_i) rho_q <= config_data_i;
    if (write_sigma_i) sigma_q <= config_data_i;
    if (rst_i) sigma_q <= '1;
  end

  `SPIKELOOM_CHECK(leak_and_check_find_the_adder_free, !(en_i && firing_i) || !(leak_q || check_q))
endmodule

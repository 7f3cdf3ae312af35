// Credits that the deliveries of a tile owe to their sources. docs/protocol.md, section 5.
//
// A delivery owes the pages that its context has freed less the credits that it has sent: one counter per
// context and one per delivery, modulo 2^CountBits, more than the pages of a context (LIMIT_PAGES), so
// that freeing a page is one increment. free_i in ti: owed from ti + 1. tx_* is the delivery of the slot of
// the next cycle; the credit is on credit_o then.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module credit_sender #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_Deliveries,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned DeliveryBits = Deliveries > 1 ? $clog2(Deliveries) : 1
) (
    input  logic                    clk_i,
    input  logic                    rst_i,
    input  logic                    clear_i,
    input  logic                    en_i,
    input  logic                    write_delivery_page_i,
    input  logic [DeliveryBits-1:0] config_delivery_i,
    input  logic [ ContextBits-1:0] config_context_i,
    input  logic                    free_i,
    input  logic [ ContextBits-1:0] context_i,
    input  logic                    tx_valid_i,
    input  logic [DeliveryBits-1:0] tx_delivery_i,
    output logic                    credit_o
);
  localparam int unsigned CountBits = spikeloom_pkg::REG_CREDIT_COUNT_W;
  logic [ContextBits-1:0] context_of[0:Deliveries-1];
  logic [CountBits-1:0] freed_q[0:Contexts-1];
  logic [CountBits-1:0] sent_q[0:Deliveries-1];
  logic [CountBits-1:0] freed, sent, owed;
  logic send;

  always_ff @(posedge clk_i) begin
    if (write_delivery_page_i) context_of[config_delivery_i] <= config_context_i;
  end

  assign freed = freed_q[context_of[tx_delivery_i]];
  assign sent = sent_q[tx_delivery_i];
  assign owed = freed - sent;
  assign send = en_i && tx_valid_i && owed != '0;

  always_ff @(posedge clk_i) begin
    if (en_i && free_i) freed_q[context_i] <= freed_q[context_i] + CountBits'(1);
    if (send) sent_q[tx_delivery_i] <= sent + CountBits'(1);
    if (en_i) credit_o <= send;
    if (rst_i || clear_i) begin
      credit_o <= 1'b0;
      for (int c = 0; c < Contexts; c++) freed_q[c] <= '0;
      for (int d = 0; d < Deliveries; d++) sent_q[d] <= '0;
    end
  end

  `SPIKELOOM_CHECK(owes_at_most_its_pages, !(en_i && tx_valid_i) || 32'(owed) <= spikeloom_pkg::LIMIT_PAGES)
endmodule

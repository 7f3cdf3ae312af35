// Weights that come over the spike network: docs/streamed-weights.md.
//
// A delivery whose DELIVERY_WEIGHTS is valid brings no spikes. Its chunks' masks are 16-bit halves of the
// 32-bit parts of the core's weight words, lowest first, from word first_word on; its end-of-step closes the
// load, which then begins anew. The receiver counts that end-of-step like any other; the chunks it ignores,
// for the delivery's range is empty. One load at a time comes to a tile, so one address does for all.
//
// done_i in te, context_i the one that fired, or when it retires, for then end-of-steps without weights go
// round: a weight delivery whose `after` that is owes a credit from the next cycle on. tx_* is the
// delivery of the credit slot of the next cycle, tx_mine_o says in the same cycle that it brings weights;
// the credit is on credit_o in the next one.
//
// write_o: part part_o of word word_o takes data_o at the end of this cycle; parts_i, in the same cycle, how
// many parts such a word has. words_o: chunks taken since clear_i, modulo 2^32.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module weight_stream #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_Deliveries,
    `SPIKELOOM_PARAMETER_ChunkIndexBits,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned DeliveryBits = Deliveries > 1 ? $clog2(Deliveries) : 1,
    localparam int unsigned WordBits = spikeloom_pkg::REG_DELIVERY_WEIGHTS_FIRST_WORD_W
) (
    input  logic                    clk_i,
    input  logic                    rst_i,
    input  logic                    clear_i,
    input  logic                    en_i,
    input  logic                    tick_i,
    input  logic                    write_i,
    input  logic [DeliveryBits-1:0] config_delivery_i,
    input  logic [            31:0] config_data_i,
    input  logic                    ahead_valid_i,      // as the receiver's
    input  logic [DeliveryBits-1:0] ahead_delivery_i,
    input  logic [    FlitBits-1:0] flit_i,
    input  logic                    done_i,
    input  logic [ ContextBits-1:0] context_i,
    input  logic                    tx_valid_i,
    input  logic [DeliveryBits-1:0] tx_delivery_i,
    output logic                    tx_mine_o,
    output logic                    credit_o,
    input  logic [             7:0] parts_i,
    output logic                    write_o,
    output logic [    WordBits-1:0] word_o,
    output logic [             7:0] part_o,
    output logic [            31:0] data_o,
    output logic [            31:0] words_o
);
  localparam int unsigned ChunkBits = spikeloom_pkg::CHUNK_BITS;

  // Tables.
  logic [Deliveries-1:0] valid_q;
  logic [WordBits-1:0] first_word[0:Deliveries-1];
  always_ff @(posedge clk_i) begin
    if (write_i) begin
      valid_q[config_delivery_i] <= `SPIKELOOM_FIELD(config_data_i, REG_DELIVERY_WEIGHTS_VALID);
      first_word[config_delivery_i] <= `SPIKELOOM_FIELD(config_data_i, REG_DELIVERY_WEIGHTS_FIRST_WORD);
    end
    if (rst_i) valid_q <= '0;
  end

  // The delivery of this cycle's flit.
  logic valid1_q, mine0_q;
  logic [DeliveryBits-1:0] delivery1_q;
  logic [WordBits-1:0] first0_q;
  always_ff @(posedge clk_i) begin
    if (tick_i) begin
      valid1_q <= ahead_valid_i;
      delivery1_q <= ahead_delivery_i;
      mine0_q <= valid1_q && valid_q[delivery1_q];
      first0_q <= first_word[delivery1_q];
    end
    if (rst_i) begin
      valid1_q <= 1'b0;
      mine0_q <= 1'b0;
    end
  end

  // The load.
  logic flit, eos, chunk, loading_q, half_q;
  logic [ChunkBits-1:0] low_q;
  logic [7:0] part_q, part_after;
  logic [WordBits-1:0] word_q;
  logic [31:0] words_q;
  assign flit = en_i && mine0_q && flit_i[FlitBits-1];
  assign eos = flit && flit_i[FlitBits-2];
  assign chunk = flit && !flit_i[FlitBits-2];
  assign word_o = loading_q ? word_q : first0_q;
  assign part_o = part_q;
  assign part_after = part_q + 8'd1;
  assign data_o = {flit_i[ChunkBits-1:0], low_q};
  assign write_o = chunk && half_q;
  assign words_o = words_q;
  always_ff @(posedge clk_i) begin
    if (chunk) begin
      loading_q <= 1'b1;
      word_q <= word_o;
      half_q <= !half_q;
      if (!half_q) low_q <= flit_i[ChunkBits-1:0];
      words_q <= words_q + 32'd1;
    end
    if (write_o) begin
      part_q <= part_after == parts_i ? 8'd0 : part_after;
      if (part_after == parts_i) word_q <= word_o + WordBits'(1);
    end
    if (eos) loading_q <= 1'b0;
    if (rst_i || clear_i) begin
      loading_q <= 1'b0;
      half_q <= 1'b0;
      part_q <= '0;
      words_q <= '0;
    end
  end

  // Credits: as for a page, but for the end of another context's firing.
  assign tx_mine_o = valid_q[tx_delivery_i];
  credit_sender #(
      .Contexts(Contexts),
      .Deliveries(Deliveries)
  ) u_credits (
      .clk_i,
      .rst_i,
      .clear_i,
      .en_i,
      .write_delivery_page_i(write_i),
      .config_delivery_i,
      .config_context_i(`SPIKELOOM_LOW(config_data_i, REG_DELIVERY_WEIGHTS_AFTER, ContextBits)),
      .free_i(done_i),
      .context_i,
      .tx_valid_i(tx_valid_i && tx_mine_o),
      .tx_delivery_i,
      .credit_o
  );

  logic unused;
  assign unused = ^{flit_i[ChunkBits+:ChunkIndexBits], config_data_i};
  `SPIKELOOM_CHECK(a_load_is_whole_words, !eos || (!half_q && part_q == '0))
endmodule

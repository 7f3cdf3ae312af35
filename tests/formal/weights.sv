// Weights that come over the spike network: what a load's chunks write, where, in which order, how many are
// counted, and which delivery owes a credit when. Two deliveries, each of weights or not, with any first
// words and any contexts before them; words of two parts; any flits, clock enables and ends of firings.
`include "spikeloom_parameters.svh"

module prove_weights (
    input logic        clk_i,
    input logic        rst_i,
    input logic        en_i,
    input logic        tick_i,
    input logic        ahead_valid_i,
    input logic        ahead_delivery_i,
    input logic [21:0] flit_i,
    input logic        done_i,
    input logic        context_i,
    input logic        tx_valid_i,
    input logic        tx_delivery_i
);
  localparam int unsigned WordBits = spikeloom_pkg::REG_DELIVERY_WEIGHTS_FIRST_WORD_W;
  localparam int unsigned CountBits = spikeloom_pkg::REG_CREDIT_COUNT_W;
  (* anyconst *) wire [31:0] table0, table1;

  initial assume (rst_i);

  // Three clocks after reset the tables are written, then everything may move.
  logic [1:0] age_q;
  logic en, tick;
  assign en = age_q == 2'd3 && en_i;
  assign tick = age_q == 2'd3 && tick_i;

  logic tx_mine, credit, write;
  logic [WordBits-1:0] word;
  logic [7:0] part;
  logic [31:0] data, words;
  weight_stream #(
      .Contexts(2),
      .Deliveries(2),
      .ChunkIndexBits(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .clear_i(1'b0),
      .en_i(en),
      .tick_i(tick),
      .write_i(age_q == 2'd1 || age_q == 2'd2),
      .config_delivery_i(age_q == 2'd2),
      .config_data_i(age_q == 2'd2 ? table1 : table0),
      .ahead_valid_i,
      .ahead_delivery_i,
      .flit_i,
      .done_i,
      .context_i,
      .tx_valid_i,
      .tx_delivery_i,
      .tx_mine_o(tx_mine),
      .credit_o(credit),
      .parts_i(8'd2),
      .write_o(write),
      .word_o(word),
      .part_o(part),
      .data_o(data),
      .words_o(words)
  );
  (* keep *) wire [1:0] valid;
  (* keep *) wire [WordBits-1:0] first0, first1, dut_first, dut_word;
  (* keep *) wire after0, after1, dut_valid1, dut_delivery1, dut_mine, loading, half;
  (* keep *) wire [15:0] low;
  (* keep *) wire [CountBits-1:0] freed0, freed1, sent0, sent1;

  // What the tables say.
  function automatic is_weights(input [31:0] entry);
    is_weights = `SPIKELOOM_FIELD(entry, REG_DELIVERY_WEIGHTS_VALID);
  endfunction
  function automatic [WordBits-1:0] first_of(input [31:0] entry);
    first_of = `SPIKELOOM_FIELD(entry, REG_DELIVERY_WEIGHTS_FIRST_WORD);
  endfunction
  function automatic after_of(input [31:0] entry);
    after_of = `SPIKELOOM_LOW(entry, REG_DELIVERY_WEIGHTS_AFTER, 1);
  endfunction
  function automatic [31:0] entry_of(input delivery);
    entry_of = delivery ? table1 : table0;
  endfunction

  // The delivery of this cycle's flit was announced two ticks ago.
  logic [1:0] announced1_q, announced0_q;  // valid, delivery
  logic brings, ends;
  assign brings = en && flit_i[21] && !flit_i[20] && announced0_q[1] && is_weights(entry_of(announced0_q[0]));
  assign ends = en && flit_i[21] && flit_i[20] && announced0_q[1] && is_weights(entry_of(announced0_q[0]));

  // The load under way: its first word, and how many chunks have come; all chunks since reset.
  logic [WordBits-1:0] base_q, base, place;
  logic [31:0] chunks_q, total_q;
  logic [15:0] before_q;
  assign base = chunks_q == '0 ? first_of(entry_of(announced0_q[0])) : base_q;
  assign place = base + chunks_q[2+:WordBits];

  // Credits that a delivery is owed.
  logic [CountBits-1:0] owed0_q, owed1_q;
  logic gives0, gives1, gave_q;
  assign gives0 = en && tx_valid_i && !tx_delivery_i && is_weights(table0) && owed0_q != '0;
  assign gives1 = en && tx_valid_i && tx_delivery_i && is_weights(table1) && owed1_q != '0;

  always_comb begin
    if (!rst_i) begin
      // A load is whole words, and shorter than the memory. One firing before a load is owed at a time; the
      // circuit itself counts sixteen.
      assume (!ends || chunks_q[1:0] == '0);
      assume (!brings || chunks_q < 32'd1000000);
      assume (owed0_q < CountBits'(spikeloom_pkg::LIMIT_PAGES));
      assume (owed1_q < CountBits'(spikeloom_pkg::LIMIT_PAGES));
    end
  end

  always_ff @(posedge clk_i) begin
    if (age_q != 2'd3) age_q <= age_q + 2'd1;
    if (tick) begin
      announced1_q <= {ahead_valid_i, ahead_delivery_i};
      announced0_q <= announced1_q;
    end
    if (brings) begin
      base_q <= base;
      chunks_q <= chunks_q + 32'd1;
      total_q <= total_q + 32'd1;
      before_q <= flit_i[15:0];
    end
    if (ends) chunks_q <= '0;
    owed0_q <= owed0_q + CountBits'(en && done_i && context_i == after_of(table0)) - CountBits'(gives0);
    owed1_q <= owed1_q + CountBits'(en && done_i && context_i == after_of(table1)) - CountBits'(gives1);
    if (en) gave_q <= gives0 || gives1;
    if (rst_i) begin
      age_q <= '0;
      announced1_q[1] <= 1'b0;
      announced0_q[1] <= 1'b0;
      chunks_q <= '0;
      total_q <= '0;
      owed0_q <= '0;
      owed1_q <= '0;
      gave_q <= 1'b0;
    end else begin
      // The tables and the look-ahead.
      configured0 : assert (age_q < 2'd2 || (valid[0] == is_weights(table0) && first0 == first_of(table0) &&
                                             after0 == after_of(table0)));
      configured1 : assert (age_q < 2'd3 || (valid[1] == is_weights(table1) && first1 == first_of(table1) &&
                                             after1 == after_of(table1)));
      quiet : assert (age_q == 2'd3 || (!announced1_q[1] && !announced0_q[1] && chunks_q == '0 &&
                                        freed0 == '0 && freed1 == '0 && sent0 == '0 && sent1 == '0 &&
                                        owed0_q == '0 && owed1_q == '0 && !credit && !gave_q));
      ahead1 : assert (dut_valid1 == announced1_q[1] && (!dut_valid1 || dut_delivery1 == announced1_q[0]));
      ahead0 : assert (dut_mine == (announced0_q[1] && is_weights(entry_of(announced0_q[0]))) &&
                       (!dut_mine || dut_first == first_of(entry_of(announced0_q[0]))));
      // Where the load stands.
      stands : assert (loading == (chunks_q != '0) && half == chunks_q[0] && part == {7'd0, chunks_q[1]} &&
                       (chunks_q == '0 || dut_word == place) &&
                       (!half || low == before_q));
      // What is written: two chunks a part, two parts a word, from the first word on.
      writes : assert (write == (brings && chunks_q[0]));
      places : assert (!write || (word == place && part == {7'd0, chunks_q[1]} &&
                                  data == {flit_i[15:0], before_q}));
      counts : assert (words == total_q);
      // Credits: for deliveries of weights only, one for each firing of the context before.
      owes0 : assert (age_q != 2'd3 || owed0_q == (after_of(table0) ? freed1 : freed0) - sent0 ||
                      !is_weights(table0));
      owes1 : assert (age_q != 2'd3 || owed1_q == (after_of(table1) ? freed1 : freed0) - sent1 ||
                      !is_weights(table1));
      mine : assert (age_q != 2'd3 || tx_mine == is_weights(entry_of(tx_delivery_i)));
      gives : assert (credit == gave_q);
    end
  end
endmodule

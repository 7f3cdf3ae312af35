// Index of the lowest set bit; 0 if none is set. Combinational, two levels of 16: Width up to 256.
module first_one #(
    parameter int unsigned Width = 16,
    localparam int unsigned IndexBits = Width > 1 ? $clog2(Width) : 1
) (
    input  logic [    Width-1:0] bits_i,
    output logic                 any_o,
    output logic [IndexBits-1:0] index_o
);
  localparam int unsigned Words = (Width + 15) / 16;

  logic [16*Words-1:0] bits;
  logic [15:0] words, word, word_lowest, lowest;
  logic [3:0] high, low;

  always_comb begin
    bits = '0;
    bits[Width-1:0] = bits_i;
    words = '0;
    for (int w = 0; w < Words; w++) words[w] = |bits[16*w+:16];

    word_lowest = words & (~words + 16'd1);
    high = {|(word_lowest & 16'hff00), |(word_lowest & 16'hf0f0), |(word_lowest & 16'hcccc), |(word_lowest & 16'haaaa)};
    word = '0;
    for (int w = 0; w < Words; w++) if (word_lowest[w]) word = word | bits[16*w+:16];
    lowest = word & (~word + 16'd1);
    low = {|(lowest & 16'hff00), |(lowest & 16'hf0f0), |(lowest & 16'hcccc), |(lowest & 16'haaaa)};
  end

  assign any_o = |words;
  assign index_o = IndexBits'({high, low});
endmodule

// Index of the lowest set bit; 0 if none is set. Combinational: each level picks the lowest quarter that is
// not empty, two levels of LUTs per factor of 4. Width up to 256.
module first_one #(
    parameter int unsigned Width = 16,
    localparam int unsigned IndexBits = Width > 1 ? $clog2(Width) : 1
) (
    input  logic [    Width-1:0] bits_i,
    output logic                 any_o,
    output logic [IndexBits-1:0] index_o
);
  localparam int unsigned Levels = Width > 64 ? 4 : Width > 16 ? 3 : Width > 4 ? 2 : 1;
  localparam int unsigned Size = 1 << (2 * Levels);

  logic [Size-1:0] rest, quarter;
  logic [2*Levels-1:0] index;

  always_comb begin
    rest = Size'(bits_i);
    index = '0;
    for (int l = Levels - 1; l >= 0; l--) begin
      quarter = (Size'(1) << (1 << (2 * l))) - Size'(1);
      if ((rest & quarter) != '0) begin
        index[2*l+:2] = 2'd0;
      end else if ((rest & (quarter << (1 << (2 * l)))) != '0) begin
        index[2*l+:2] = 2'd1;
        rest = rest >> (1 << (2 * l));
      end else if ((rest & (quarter << (2 << (2 * l)))) != '0) begin
        index[2*l+:2] = 2'd2;
        rest = rest >> (2 << (2 * l));
      end else begin
        index[2*l+:2] = 2'd3;
        rest = rest >> (3 << (2 * l));
      end
    end
  end

  logic unused_index;
  assign unused_index = ^index;  // the top bit, if Width is not a power of 4
  assign any_o = |bits_i;
  assign index_o = any_o ? IndexBits'(index) : '0;
endmodule

// Bits of the page rows: which chunks of a page are valid, or which of its blocks have one.
//
// A bit that is set in cycle a (set_i) is stored in a + 1; one a cycle. Nothing of a row is reset when it is
// freed: a flip-flop per row says "empty", and the first bit after that writes the row instead of adding to
// it. So the bits have one write port.
//   store_o    in a + 1: the bit is stored; store_row_o and store_bit_o say which, store_old_o the row before
//   free_i     free_row_i becomes empty, visible one cycle later
//   scan_i     in cycle t: scan_o has the bits of scan_row_i from t + 1 until the next scan_i
`include "rtl/common/checks.svh"

module row_bits #(
    parameter int unsigned Rows = 2,
    parameter int unsigned Width = 16,
    localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1,
    localparam int unsigned BitBits = Width > 1 ? $clog2(Width) : 1
) (
    input  logic               clk_i,
    input  logic               rst_i,
    input  logic               clear_i,
    input  logic               en_i,
    input  logic               set_i,  // not without en_i
    input  logic [RowBits-1:0] set_row_i,
    input  logic [BitBits-1:0] set_bit_i,
    output logic               store_o,
    output logic [RowBits-1:0] store_row_o,
    output logic [BitBits-1:0] store_bit_o,
    output logic [  Width-1:0] store_old_o,
    input  logic               free_i,
    input  logic [RowBits-1:0] free_row_i,
    input  logic               scan_i,
    input  logic               scan_counts_i,  // scan_o is used
    input  logic [RowBits-1:0] scan_row_i,
    output logic [  Width-1:0] scan_o
);
  logic store_q, again_q, same_row, scan_clash, scan_empty_q;
  logic [Rows-1:0] empty_q;
  logic [Width-1:0] read, stored, last_q, scanned;

  assign store_o = en_i && store_q;
  assign same_row = store_o && store_row_o == set_row_i;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      store_q <= set_i;
      if (set_i) begin
        store_row_o <= set_row_i;
        store_bit_o <= set_bit_i;
        again_q <= same_row;
      end
    end
    if (store_o) last_q <= stored;
    if (rst_i || clear_i) store_q <= 1'b0;
  end

  always_comb begin
    store_old_o = 'x;
    stored = 'x;
    if (store_o) begin
      store_old_o = '0;
      if (!empty_q[store_row_o]) store_old_o = again_q ? last_q : read;
      stored = store_old_o;
      for (int b = 0; b < Width; b++) if (store_bit_o == BitBits'(b)) stored[b] = 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (store_o) empty_q[store_row_o] <= 1'b0;
    if (en_i && free_i) empty_q[free_row_i] <= 1'b1;
    if (rst_i || clear_i) empty_q <= '1;
  end

  ram_sdp #(
      .Width(Width),
      .Depth(Rows)
  ) u_bits (
      .clk_i,
      .rst_i,
      .write_enable_i (store_o),
      .write_address_i(store_row_o),
      .write_data_i   (stored),
      .read_enable_i  (set_i && !same_row),
      .read_address_i (set_row_i),
      .read_data_o    (read)
  );

  // The scan's copy. A row that is still written is not ready, so a scan that counts never meets a write.
  assign scan_clash = store_o && store_row_o == scan_row_i;
  ram_sdp #(
      .Width(Width),
      .Depth(Rows)
  ) u_scan (
      .clk_i,
      .rst_i,
      .write_enable_i (store_o),
      .write_address_i(store_row_o),
      .write_data_i   (stored),
      .read_enable_i  (en_i && scan_i && !scan_clash),
      .read_address_i (scan_row_i),
      .read_data_o    (scanned)
  );
  always_ff @(posedge clk_i) if (en_i && scan_i) scan_empty_q <= empty_q[scan_row_i];
  assign scan_o = scan_empty_q ? '0 : scanned;

  // What the schedule and the credits guarantee.
  `SPIKELOOM_CHECK(bit_is_in_the_row, !set_i || 32'(set_bit_i) < Width)
  `SPIKELOOM_CHECK(free_meets_no_delivery, !(en_i && free_i && set_i) || set_row_i != free_row_i)
  `SPIKELOOM_CHECK(free_meets_no_store, !(en_i && free_i && store_o) || store_row_o != free_row_i)
  `SPIKELOOM_CHECK(scanned_row_is_not_stored, !(en_i && scan_i && scan_counts_i) || !scan_clash)
endmodule

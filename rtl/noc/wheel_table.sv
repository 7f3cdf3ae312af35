// A table of Wheel entries that turns with target time, in a RAM read ahead.
//
// Each tick reads the next entry; entry_o is the entry of the last tick. While rewind_i is 1 the table stands
// Ahead entries before entry 0, so that after 3 ticks (the chip's priming ticks before cycle 0) and c more,
// that is in cycle c, entry_o belongs to slot (c + Ahead) mod Wheel. Ahead is 0, 1 or 2.
// Writes come at any clock at which the same entry is not read (checked in the RAM). Contents are not reset.
module wheel_table #(
    parameter int unsigned Width = 15,
    parameter int unsigned Wheel = 16,
    parameter int unsigned Ahead = 0,
    localparam int unsigned SlotBits = $clog2(Wheel)
) (
    input  logic                clk_i,
    input  logic                rst_i,
    input  logic                rewind_i,
    input  logic                tick_i,
    input  logic                write_enable_i,
    input  logic [SlotBits-1:0] write_slot_i,
    input  logic [   Width-1:0] write_entry_i,
    output logic [   Width-1:0] entry_o
);
  if (Wheel < 4 || (Wheel & (Wheel - 1)) != 0) begin : gen_bad_wheel
    $error("Wheel must be a power of two and at least 4");
  end
  if (Ahead > 2) begin : gen_bad_ahead
    $error("Ahead must be at most 2");
  end

  localparam logic [SlotBits-1:0] Start = SlotBits'(Wheel - 2 + Ahead);

  logic [SlotBits-1:0] next_q;

  always_ff @(posedge clk_i) begin
    if (rst_i || rewind_i) next_q <= Start;
    else if (tick_i) next_q <= next_q + SlotBits'(1);
  end

  ram_sdp #(
      .Width(Width),
      .Depth(Wheel)
  ) u_table (
      .clk_i,
      .rst_i,
      .write_enable_i (write_enable_i),
      .write_address_i(write_slot_i),
      .write_data_i   (write_entry_i),
      .read_enable_i  (tick_i),
      .read_address_i (next_q),
      .read_data_o    (entry_o)
  );
endmodule

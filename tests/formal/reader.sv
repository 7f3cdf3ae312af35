// axi_reader: requests cover the run's words once, in order, none more, within 4 KiB; the words come out in
// that order, none lost, made up or doubled, whatever the memory's and the consumer's pace; errors and stops
// at any time. The memory holds, at each word's address, that address' low bits, so a word tells which it is.
// Addresses are compared modulo two pages, numbers of words modulo 1024: tests/rtl_shell sees the rest.
module prove_reader (
    input logic        clk_i,
    input logic        rst_i,
    input logic        start_i,
    input logic        stop_i,
    input logic [15:0] address_i,
    input logic [31:0] words_i,
    input logic        out_ready_i,
    input logic        arready_i,
    input logic        rvalid_i,
    input logic [ 3:0] rdata_i,
    input logic [ 1:0] rresp_i
);
  logic busy, error, out_valid, arvalid, rready;
  logic [3:0] out_data;
  logic [15:0] araddr;
  logic [7:0] arlen;
  axi_reader #(
      .AddressBits(16),
      .DataBits(4),
      .Burst(2),
      .Depth(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .start_i,
      .stop_i,
      .address_i,
      .words_i,
      .busy_o(busy),
      .error_o(error),
      .out_valid_o(out_valid),
      .out_ready_i,
      .out_data_o(out_data),
      .arvalid_o(arvalid),
      .arready_i,
      .araddr_o(araddr),
      .arlen_o(arlen),
      .rvalid_i,
      .rready_o(rready),
      .rdata_i,
      .rresp_i
  );
  (* keep *) wire [2:0] level, reserved, outstanding;
  (* keep *) wire head_valid, middle_valid;
  (* keep *) wire [31:0] remaining;
  (* keep *) wire [12:0] address;

  initial assume (rst_i);

  // Words that the memory owes, the next one's number, the next one to come out, the run's end.
  logic [2:0] owed_q, total, asking;
  logic [3:0] beat_q, out_q;
  logic [9:0] end_q;
  logic active_q, was_stop_q, ar_held_q, out_held_q;
  logic [15:0] araddr_q;
  logic [3:0] out_data_q;
  logic [7:0] arlen_q;
  logic take, pop;
  assign take = rvalid_i && rready;
  assign pop = out_valid && out_ready_i;
  assign total = level + 3'(middle_valid) + 3'(head_valid);
  assign asking = arvalid ? 3'(arlen[1:0]) + 3'd1 : 3'd0;

  always_comb begin
    if (!rst_i) begin
      assume (!start_i || (!busy && !stop_i && was_stop_q && address_i[2:0] == '0));
      assume (!rvalid_i || owed_q != '0);
    end
  end

  always_ff @(posedge clk_i) begin
    owed_q <= owed_q + (arvalid && arready_i ? asking : 3'd0) - 3'(take);
    if (take) beat_q <= beat_q + 4'd1;
    if (pop) out_q <= out_q + 4'd1;
    was_stop_q <= stop_i;
    if (stop_i || (take && rresp_i != 2'b00)) active_q <= 1'b0;
    if (start_i) begin
      active_q <= 1'b1;
      beat_q <= address_i[6:3];
      out_q <= address_i[6:3];
      end_q <= address_i[12:3] + words_i[9:0];
    end
    ar_held_q <= arvalid && !arready_i;
    araddr_q <= araddr;
    arlen_q <= arlen;
    out_held_q <= out_valid && !out_ready_i && !stop_i;
    out_data_q <= out_data;
    if (rst_i) begin
      owed_q <= '0;
      active_q <= 1'b0;
      was_stop_q <= 1'b0;
      ar_held_q <= 1'b0;
      out_held_q <= 1'b0;
    end else begin
      ar_holds : assert (!ar_held_q || (arvalid && araddr == araddr_q && arlen == arlen_q));
      out_holds : assert (!out_held_q || (out_valid && out_data == out_data_q));
      short : assert (!arvalid || arlen < 8'd2);
      in_page : assert (!arvalid || 11'(araddr[11:3]) + 11'(arlen) <= 11'd511);
      every_beat_is_taken : assert (owed_q == '0 || rready);
      owes : assert (4'(outstanding) == 4'(owed_q) + 4'(asking) && outstanding <= 3'd4);
      in_time : assert (busy == (outstanding != '0));
      no_error : assert (!active_q || !error);
      levels : assert (level <= 3'd4 && reserved <= 3'd4);
      has_room : assert (!active_q || 4'(reserved) == 4'(outstanding) + 4'(total));
      room_enough : assert (4'(reserved) >= 4'(outstanding) + 4'(total));
      // Requests: one behind the other, to the run's end and no further.
      follows : assert (!active_q || !arvalid || 10'(araddr[12:3] + 10'(arlen[1:0]) + 10'd1) == address[9:0]);
      ends : assert (!active_q || 10'(address[9:0] + remaining[9:0]) == end_q);
      numbers : assert (!active_q || beat_q + 4'(owed_q) + 4'(asking) == address[3:0]);
      // Words: beat_q - out_q of them are inside: none lost or made up. In order: proof fifo.
      is_all : assert (!active_q || 4'(out_q + 4'(total)) == beat_q);
      nothing_after_a_stop : assert (!was_stop_q || (total == '0 && remaining == '0));
      quiet_at_rest : assert (active_q || error || remaining == '0);
    end
  end
endmodule

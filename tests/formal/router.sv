// router: whatever the table holds, an output has exactly the flit of the input that its selector named in
// the cycle before, or none; frozen, nothing moves. So a flit is on as many wires as selectors name it, never
// on another.
module prove_router (
    input logic       clk_i,
    input logic       rst_i,
    input logic       clear_i,
    input logic       en_i,
    input logic       rewind_i,
    input logic       tick_i,
    input logic       write_enable_i,
    input logic [1:0] write_slot_i,
    input logic [5*spikeloom_pkg::REG_ROUTE_LOCAL_W-1:0] write_route_i,
    input logic [9:0] in_i
);
  logic [9:0] out;
  router #(
      .Width(2),
      .Wheel(4)
  ) u_dut (
      .clk_i,
      .rst_i,
      .clear_i,
      .en_i,
      .rewind_i,
      .tick_i,
      .write_enable_i,
      .write_slot_i,
      .write_route_i,
      .in_i,
      .out_o(out)
  );
  localparam int unsigned SelectBits = spikeloom_pkg::REG_ROUTE_LOCAL_W;
  (* keep *) wire [5*SelectBits-1:0] route;

  initial assume (rst_i);
  // Tables are written while target time stands still (docs/protocol.md, section 6).
  always_comb assume (!(write_enable_i && tick_i));

  logic moved_q, cleared_q, running_q;
  logic [9:0] in_q, out_q;
  logic [5*SelectBits-1:0] route_q;
  always_ff @(posedge clk_i) begin
    running_q <= !rst_i;
    moved_q <= en_i;
    cleared_q <= clear_i || rst_i;
    in_q <= in_i;
    out_q <= out;
    route_q <= route;
  end
  for (genvar o = 0; o < 5; o++) begin : gen_output
    logic [SelectBits-1:0] select;
    logic [1:0] flit;
    assign select = route_q[SelectBits*o+:SelectBits];
    always_comb begin
      flit = 2'b00;
      for (int p = 0; p < 5; p++) if (select == SelectBits'(p + 1)) flit = in_q[2*p+:2];
    end
    always_ff @(posedge clk_i) begin
      if (!rst_i && running_q) begin
        if (cleared_q) assert (!out[2*o+1]);
        else if (moved_q) assert (out[2*o+1] == flit[1] && (!flit[1] || out[2*o] == flit[0]));
        else assert (out[2*o+:2] == out_q[2*o+:2]);
      end
    end
  end
endmodule

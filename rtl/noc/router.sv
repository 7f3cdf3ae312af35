// A TDM router: no arbitration, no buffers, no headers. docs/protocol.md, section 2.
//
// In every enabled cycle each of the 5 outputs takes, for the next cycle, the input that its selector in the
// entry of the current slot names (0: none, else 1 + port). Latency one cycle, one flit a cycle and port.
// Several outputs may name one input. The top bit of a flit is its valid bit; the other bits of a flit that
// is not valid mean nothing. Ports are flat: port p of spikeloom_pkg::PORT_* at bits p*Width +: Width.
module router #(
    parameter int unsigned Width = 28,
    parameter int unsigned Wheel = 16,
    localparam int unsigned SlotBits = $clog2(Wheel),
    // Selectors of the outputs, in the order of their ports.
    localparam int unsigned SelectBits = spikeloom_pkg::REG_ROUTE_LOCAL_W,
    localparam int unsigned RouteBits = 5 * SelectBits
) (
    input  logic                 clk_i,
    input  logic                 rst_i,
    input  logic                 clear_i,         // forgets flits in flight
    input  logic                 en_i,
    input  logic                 rewind_i,        // see wheel_table
    input  logic                 tick_i,
    input  logic                 write_enable_i,
    input  logic [ SlotBits-1:0] write_slot_i,
    input  logic [RouteBits-1:0] write_route_i,
    input  logic [  5*Width-1:0] in_i,
    output logic [  5*Width-1:0] out_o
);
  logic [RouteBits-1:0] route;

  wheel_table #(
      .Width(RouteBits),
      .Wheel(Wheel),
      .Ahead(0)
  ) u_routes (
      .clk_i,
      .rst_i,
      .rewind_i,
      .tick_i,
      .write_enable_i,
      .write_slot_i,
      .write_entry_i(write_route_i),
      .entry_o(route)
  );

  for (genvar o = 0; o < 5; o++) begin : gen_output
    logic [SelectBits-1:0] select;
    logic [Width-1:0] flit_d, flit_q;

    assign select = route[SelectBits*o+:SelectBits];
    always_comb begin
      case (select)
        3'd1: flit_d = in_i[0*Width+:Width];
        3'd2: flit_d = in_i[1*Width+:Width];
        3'd3: flit_d = in_i[2*Width+:Width];
        3'd4: flit_d = in_i[3*Width+:Width];
        3'd5: flit_d = in_i[4*Width+:Width];
        default: flit_d = '0;
      endcase
    end
    always_ff @(posedge clk_i) begin
      if (en_i) flit_q <= flit_d;
      if (clear_i || rst_i) flit_q[Width-1] <= 1'b0;
    end
    assign out_o[o*Width+:Width] = flit_q;
  end
endmodule

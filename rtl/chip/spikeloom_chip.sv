// The chip: a mesh of Width x Height tiles, the host port west of tile (0, 0), the configuration ring through
// all. docs/protocol.md, section 1. The parameters are those of a chip file (docs/chip-file.md); what each
// kind of tile has for itself is a vector of 32 bits a kind, kind 0 lowest.
//
// Two streams of 64-bit words (once raised, valid and data hold until ready), and idle_o: 1 means that
// nothing but NODE_FROZEN changes until a word goes in or comes out, so a simulator need not evaluate clocks
// until then.
`include "spikeloom_parameters.svh"

module spikeloom_chip #(
    `SPIKELOOM_CHIP_PARAMETERS,
    parameter int unsigned FiringPages = 0,
    parameter int unsigned Looks = 0
) (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        in_valid_i,
    output logic        in_ready_o,
    input  logic [63:0] in_data_i,
    output logic        out_valid_o,
    input  logic        out_ready_i,
    output logic [63:0] out_data_o,
    output logic        idle_o
);
  localparam int unsigned Tiles = Width * Height;
  localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2;

  `SPIKELOOM_CHECK_CHIP_PARAMETERS

  // Outputs of tile n = y * Width + x; port p of PORT_* at n * 4 + p.
  logic [4*Tiles*FlitBits-1:0] spike_from;
  logic [4*Tiles-1:0] credit_from;
  logic [64*(Tiles+1)-1:0] ring;
  logic [Tiles:0] ring_valid;
  logic [Tiles-1:0] active;
  logic [Applications-1:0] go;
  logic en, rewind, prime, host_credit;
  logic [FlitBits-1:0] host_spike;

  host_port #(
      .Tiles(Tiles),
      `SPIKELOOM_PASS_HOST_PORT_PARAMETERS
  ) u_host (
      .clk_i,
      .rst_i,
      .in_valid_i,
      .in_ready_o,
      .in_data_i,
      .out_valid_o,
      .out_ready_i,
      .out_data_o,
      .idle_o,
      .en_o(en),
      .rewind_o(rewind),
      .prime_o(prime),
      .active_i(active != '0),
      .go_o(go),
      .ring_valid_o(ring_valid[0]),
      .ring_o(ring[63:0]),
      .ring_valid_i(ring_valid[Tiles]),
      .ring_i(ring[64*Tiles+:64]),
      .spike_o(host_spike),
      .spike_i(spike_from[spikeloom_pkg::PORT_WEST*FlitBits+:FlitBits]),
      .credit_o(host_credit),
      .credit_i(credit_from[spikeloom_pkg::PORT_WEST])
  );

  for (genvar y = 0; y < Height; y++) begin : gen_row
    for (genvar x = 0; x < Width; x++) begin : gen_tile
      localparam int unsigned N = y * Width + x;
      localparam int unsigned Kind = 32'(TileKinds[8*N+:8]);
      if (Kind >= Kinds) begin : gen_check_kind
        $error("TileKinds: there is no kind of this number");
      end
      logic [4*FlitBits-1:0] spike_in;
      logic [3:0] credit_in;

      // What comes in at a port left the opposite port of the neighbour; nothing comes over the mesh's edge.
      if (y > 0) begin : gen_north
        assign spike_in[spikeloom_pkg::PORT_NORTH*FlitBits+:FlitBits] =
            spike_from[(4*(N-Width)+spikeloom_pkg::PORT_SOUTH)*FlitBits+:FlitBits];
        assign credit_in[spikeloom_pkg::PORT_NORTH] = credit_from[4*(N-Width)+spikeloom_pkg::PORT_SOUTH];
      end else begin : gen_north_edge
        assign spike_in[spikeloom_pkg::PORT_NORTH*FlitBits+:FlitBits] = '0;
        assign credit_in[spikeloom_pkg::PORT_NORTH] = 1'b0;
      end
      if (x + 1 < Width) begin : gen_east
        assign spike_in[spikeloom_pkg::PORT_EAST*FlitBits+:FlitBits] =
            spike_from[(4*(N+1)+spikeloom_pkg::PORT_WEST)*FlitBits+:FlitBits];
        assign credit_in[spikeloom_pkg::PORT_EAST] = credit_from[4*(N+1)+spikeloom_pkg::PORT_WEST];
      end else begin : gen_east_edge
        assign spike_in[spikeloom_pkg::PORT_EAST*FlitBits+:FlitBits] = '0;
        assign credit_in[spikeloom_pkg::PORT_EAST] = 1'b0;
      end
      if (y + 1 < Height) begin : gen_south
        assign spike_in[spikeloom_pkg::PORT_SOUTH*FlitBits+:FlitBits] =
            spike_from[(4*(N+Width)+spikeloom_pkg::PORT_NORTH)*FlitBits+:FlitBits];
        assign credit_in[spikeloom_pkg::PORT_SOUTH] = credit_from[4*(N+Width)+spikeloom_pkg::PORT_NORTH];
      end else begin : gen_south_edge
        assign spike_in[spikeloom_pkg::PORT_SOUTH*FlitBits+:FlitBits] = '0;
        assign credit_in[spikeloom_pkg::PORT_SOUTH] = 1'b0;
      end
      if (x > 0) begin : gen_west
        assign spike_in[spikeloom_pkg::PORT_WEST*FlitBits+:FlitBits] =
            spike_from[(4*(N-1)+spikeloom_pkg::PORT_EAST)*FlitBits+:FlitBits];
        assign credit_in[spikeloom_pkg::PORT_WEST] = credit_from[4*(N-1)+spikeloom_pkg::PORT_EAST];
      end else if (y > 0) begin : gen_west_edge
        assign spike_in[spikeloom_pkg::PORT_WEST*FlitBits+:FlitBits] = '0;
        assign credit_in[spikeloom_pkg::PORT_WEST] = 1'b0;
      end else begin : gen_host
        assign spike_in[spikeloom_pkg::PORT_WEST*FlitBits+:FlitBits] = host_spike;
        assign credit_in[spikeloom_pkg::PORT_WEST] = host_credit;
      end

      node #(
          `SPIKELOOM_PASS_NODE_PARAMETERS,
          .FiringPages(FiringPages),
          .Looks(Looks)
      ) u_node (
          .clk_i,
          .rst_i,
          .en_i(en),
          .rewind_i(rewind),
          .prime_i(prime),
          .node_i(12'(N + 1)),
          .go_i(go),
          .active_o(active[N]),
          .ring_valid_i(ring_valid[N]),
          .ring_i(ring[64*N+:64]),
          .ring_valid_o(ring_valid[N+1]),
          .ring_o(ring[64*(N+1)+:64]),
          .spike_i(spike_in),
          .spike_o(spike_from[4*N*FlitBits+:4*FlitBits]),
          .credit_i(credit_in),
          .credit_o(credit_from[4*N+:4])
      );
    end
  end
endmodule

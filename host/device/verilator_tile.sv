// Stands in for rtl/node/node.sv where a chip's tiles share a Verilated model of their kind
// (verilator_build.cpp): the same ports, each instance an object of that model, which is clocked through DPI
// by verilator_tile.cpp. Only simulated, and only by Verilator.
//
// Exact because no output of a tile depends on an input within the cycle: at an edge the model takes the
// inputs as they stand before it, and the outputs change after it. verilator_tile.cpp checks that at every
// edge.
`include "spikeloom_parameters.svh"

module node #(
    `SPIKELOOM_NODE_PARAMETERS,
    parameter int unsigned FiringPages = 0,
    parameter int unsigned Looks = 0,
    localparam int unsigned FlitBits = spikeloom_pkg::CHUNK_BITS + ChunkIndexBits + 2
) (
    input  logic                  clk_i,
    input  logic                  rst_i,
    input  logic                  en_i,
    input  logic                  rewind_i,
    input  logic                  prime_i,
    input  logic [          11:0] node_i,
    input  logic [Applications-1:0] go_i,
    output logic                  active_o,
    output logic                  works_o,
    input  logic                  ring_valid_i,
    input  logic [          63:0] ring_i,
    output logic                  ring_valid_o,
    output logic [          63:0] ring_o,
    input  logic [4*FlitBits-1:0] spike_i,
    output logic [4*FlitBits-1:0] spike_o,
    input  logic [           3:0] credit_i,
    output logic [           3:0] credit_o
);
  // Bits of `controls`, of the answer: verilator_tile.cpp.
  import "DPI-C" function chandle spikeloom_tile_create(input string name, input int number, input int kind);
  import "DPI-C" function void spikeloom_tile_destroy(input chandle tile);
  import "DPI-C" function int spikeloom_tile_clock(
      input chandle tile,
      input int controls,
      input longint ring,
      input bit [4*FlitBits-1:0] spike,
      output longint ring_out,
      output bit [4*FlitBits-1:0] spike_out
  );

  chandle tile;
  initial tile = spikeloom_tile_create($sformatf("%m"), 32'(node_i), Kind);
  final spikeloom_tile_destroy(tile);

  int state;
  longint ring_out;
  bit [4*FlitBits-1:0] spike_out;
  always_ff @(posedge clk_i) begin
    state = spikeloom_tile_clock(tile, 32'({go_i, credit_i, ring_valid_i, prime_i, rewind_i, en_i, rst_i}),
                                 ring_i, spike_i, ring_out, spike_out);
    {works_o, active_o, ring_valid_o, credit_o} <= state[6:0];
    ring_o <= ring_out;
    spike_o <= spike_out;
  end
endmodule

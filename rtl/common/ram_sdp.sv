// Simple dual-port RAM: one write port with an enable per part of PartBits, which divides Width,
// one registered read port: read_data_o is the word of a read in the next cycle and changes with the next
// read only. A read and a write of one word in one cycle is a fault of the user (checked); the data would be
// undefined. Contents are not reset. Enables are the user's to gate. RamStyle: "auto", "block",
// "distributed", "ultra" or "huge".
`include "rtl/common/checks.svh"

module ram_sdp #(
    parameter int unsigned Width = 32,
    parameter int unsigned Depth = 16,
    parameter int unsigned PartBits = Width,
    parameter RamStyle = "auto",
    localparam int unsigned Parts = Width / PartBits,
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1
) (
    input  logic                   clk_i,
    input  logic                   rst_i,           // of the checks only
    input  logic [      Parts-1:0] write_enable_i,
    input  logic [AddressBits-1:0] write_address_i,
    input  logic [      Width-1:0] write_data_i,
    input  logic                   read_enable_i,
    input  logic [AddressBits-1:0] read_address_i,
    output logic [      Width-1:0] read_data_o
);
  if (RamStyle == "") begin : gen_style
    $error("RamStyle is empty");
  end

  (* ram_style = RamStyle, no_rw_check *)
  logic [Width-1:0] memory[0:Depth-1];

  if (Parts * PartBits != Width) begin : gen_parts
    $error("PartBits must divide Width");
  end

  always_ff @(posedge clk_i) begin
    if (|write_enable_i) begin
      for (int p = 0; p < Parts; p++)
        if (write_enable_i[p])
          memory[write_address_i][p*PartBits+:PartBits] <= write_data_i[p*PartBits+:PartBits];
    end
  end

  always_ff @(posedge clk_i) begin
    if (read_enable_i) read_data_o <= memory[read_address_i];
  end

  `SPIKELOOM_CHECK(no_clash, !(read_enable_i && |write_enable_i && read_address_i == write_address_i))
  `SPIKELOOM_CHECK(write_in_range, !(|write_enable_i) || 32'(write_address_i) < Depth)
  `SPIKELOOM_CHECK(read_in_range, !read_enable_i || 32'(read_address_i) < Depth)
endmodule

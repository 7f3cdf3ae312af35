// FPGAs, and whether their memories hold those of a chip.
//
// The rule. A memory of at most 64 words is made of LUTs where the family has such RAM, else of blocks. A
// larger one takes blocks in the shape (word × words) that needs the fewest, side by side and one after the
// other. Where words are written in parts that are no multiple of 8 or 9 bits, and the family's enables are
// for 8 or 9, each part is a memory of its own. Where the blocks do not suffice and the device has UltraRAM
// (72 bits × 4096), the memories that save the most blocks for an UltraRAM move there, as many as it takes.
// LUTs, wires and what a card's shell takes for itself are not counted; synthesis has the last word
// (scripts/synth).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/chip/ram.hpp"

namespace spikeloom {

struct RamShape {
  std::uint64_t width = 0, depth = 0;
};

struct FpgaFamily {
  std::string_view block_name;       ///< "36 Kb block RAM"
  std::span<const RamShape> shapes;  ///< of one block
  std::uint64_t units = 1;           ///< blocks that a device's count has two of as one: 2 halves of 36 Kb
  std::uint64_t lut_words = 0;       ///< most words of a memory made of LUTs; 0: there are none
  bool any_part = false;             ///< enables for every bit
};

struct Fpga {
  std::string_view name, device;  ///< "U55C", "xcu55c"
  const FpgaFamily& family;
  std::uint64_t blocks = 0;  ///< as vendors count them
  std::uint64_t ultra = 0;   ///< UltraRAMs
};

[[nodiscard]] std::span<const Fpga> fpgas();

struct FpgaUse {
  double blocks = 0;  ///< as vendors count them; a half is half a 36 Kb block
  std::uint64_t ultra = 0;
  std::uint64_t lut_bits = 0;  ///< bits in RAM made of LUTs
  bool fits = false;
};

[[nodiscard]] FpgaUse use_of(std::span<const Ram> rams, const Fpga& fpga);

}  // namespace spikeloom

// The memories of a chip, and the FPGAs that hold them: before anything is synthesised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <spikeloom/chip.hpp>
#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// Memories of the RTL that are alike: one port that writes, one that reads.
struct ChipMemory {
  std::string name;
  std::uint64_t width = 0;  ///< bits of a word
  std::uint64_t depth = 0;  ///< words
  std::uint64_t count = 0;
};

/// What a chip's memories take of an FPGA, by the rule of compiler/fit/fpga.hpp; logic and a card's shell are
/// not counted.
struct FpgaFit {
  std::string name, device;  ///< "U55C", "xcu55c"
  std::string block_name;    ///< "36 Kb block RAMs"
  double blocks = 0;         ///< as the vendor counts them; a half is half a block
  std::uint64_t blocks_available = 0;
  std::uint64_t ultra = 0, ultra_available = 0;  ///< UltraRAMs, 72 × 4096 bits
  std::uint64_t lut_bits = 0;                    ///< bits of small memories, made of LUTs
  bool fits = false;
};

struct ChipMemories {
  std::string chip;
  std::uint32_t tiles = 0;
  std::uint64_t bits = 0;  ///< of all memories together
  std::vector<ChipMemory> memories;
  std::vector<FpgaFit> fpgas;
};

[[nodiscard]] ChipMemories memories_of(const ChipFile& chip);
/// What `spikeloom chip` prints.
[[nodiscard]] std::string to_text(const ChipMemories& memories);
/// What `spikeloom chip --json` writes (schema 1).
[[nodiscard]] std::string to_json(const ChipMemories& memories);

}  // namespace spikeloom

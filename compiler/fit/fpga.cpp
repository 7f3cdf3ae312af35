#include "compiler/fit/fpga.hpp"

#include <algorithm>
#include <array>

namespace spikeloom {
namespace {

constexpr std::array kHalves = {RamShape{36, 512}, RamShape{18, 1024}, RamShape{9, 2048},
                                RamShape{4, 4096}, RamShape{2, 8192},  RamShape{1, 16384}};
constexpr std::array kIce = {RamShape{16, 256}, RamShape{8, 512}, RamShape{4, 1024}, RamShape{2, 2048}};
constexpr std::array kUltra = {RamShape{72, 4096}};

constexpr FpgaFamily kUltraScalePlus{"36 Kb block RAMs", kHalves, 2, 64, false};
constexpr FpgaFamily kEcp5{"18 Kb block RAMs", kHalves, 1, 64, false};
constexpr FpgaFamily kIce40{"4 Kb block RAMs", kIce, 1, 0, true};

// Where the counts were read. Blocks of UltraScale+: num_brams, as Vivado counts them, of
// resources/devices/<device>.json in github.com/epfl-vlsc/bitfiltrator, and of the ZU9EG, as halves, in
// src/finn/util/platforms.py of github.com/Xilinx/finn. UltraRAMs: the latter file has 320 for each region of
// the U55C, the U280 (three) and the U250 (four); the XCK26's are in docs/Devices/kv260 of
// hwkim-dev.github.io/pccx; the U50's and the ZU7EV's in lists of devices of several open HLS estimators, as
// "uram=640" and "URAMs": 96 (FINN has what a shell leaves of the U50, and 92). ECP5: EBR_avail in map
// reports of Lattice Diamond. iCE40: `grep -c '^.ramb_tile ' chipdb-8k.txt`, and chipdb-5k.txt, of Project
// IceStorm.
constexpr std::array kFpgas = {
    Fpga{"U55C", "xcu55c", kUltraScalePlus, 2016, 960},  Fpga{"U280", "xcu280", kUltraScalePlus, 2016, 960},
    Fpga{"U250", "xcu250", kUltraScalePlus, 2688, 1280}, Fpga{"U50", "xcu50", kUltraScalePlus, 1344, 640},
    Fpga{"ZCU102", "xczu9eg", kUltraScalePlus, 912, 0},  Fpga{"ZCU104", "xczu7ev", kUltraScalePlus, 312, 96},
    Fpga{"KV260", "xck26", kUltraScalePlus, 144, 64},    Fpga{"Ultra96", "xczu3eg", kUltraScalePlus, 216, 0},
    Fpga{"ECP5-85F", "lfe5u-85f", kEcp5, 208, 0},        Fpga{"ECP5-25F", "lfe5u-25f", kEcp5, 56, 0},
    Fpga{"iCE40 HX8K", "ice40hx8k", kIce40, 32, 0},      Fpga{"iCE40 UP5K", "ice40up5k", kIce40, 30, 0}};

std::uint64_t quotient_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

/// Blocks of one such memory.
std::uint64_t blocks_of(const Ram& ram, std::span<const RamShape> shapes, bool any_part) {
  std::uint64_t memories = 1, width = ram.width;
  if (!any_part && ram.part_bits != ram.width && ram.part_bits % 8 != 0 && ram.part_bits % 9 != 0) {
    memories = ram.width / ram.part_bits;
    width = ram.part_bits;
  }
  std::uint64_t least = ~std::uint64_t{0};
  for (const RamShape& shape : shapes)
    least = std::min(least, quotient_up(width, shape.width) * quotient_up(ram.depth, shape.depth));
  return memories * least;
}

/// Memories of one kind in blocks, and what they would be in UltraRAM.
struct InBlocks {
  std::uint64_t count = 0, blocks = 0, ultra = 0;  ///< blocks and UltraRAMs of each
};

}  // namespace

std::span<const Fpga> fpgas() { return kFpgas; }

FpgaUse use_of(std::span<const Ram> rams, const Fpga& fpga) {
  FpgaUse use;
  std::vector<InBlocks> list;
  std::uint64_t needed = 0;
  for (const Ram& ram : rams) {
    if (ram.depth <= fpga.family.lut_words) {
      use.lut_bits += ram.bits();
      continue;
    }
    list.push_back(
        {ram.count, blocks_of(ram, fpga.family.shapes, fpga.family.any_part), blocks_of(ram, kUltra, false)});
    needed += list.back().count * list.back().blocks;
  }
  std::stable_sort(list.begin(), list.end(), [](const InBlocks& a, const InBlocks& b) {
    return a.blocks * b.ultra > b.blocks * a.ultra;
  });
  const std::uint64_t available = fpga.blocks * fpga.family.units;
  for (const InBlocks& ram : list) {
    if (needed <= available) break;
    const std::uint64_t moved = std::min(
        {ram.count, (fpga.ultra - use.ultra) / ram.ultra, quotient_up(needed - available, ram.blocks)});
    needed -= moved * ram.blocks;
    use.ultra += moved * ram.ultra;
  }
  use.blocks = static_cast<double>(needed) / static_cast<double>(fpga.family.units);
  use.fits = needed <= available;
  return use;
}

}  // namespace spikeloom

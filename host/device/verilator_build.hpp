// SystemVerilog → a shared library that clocks it, built once per content and kept in a cache.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// What to Verilate. A module lives in a file of its name; packages are named one by one.
struct VerilatedDesign {
  std::string name;                                     ///< for messages and file names
  std::string top;                                      ///< module with the ports that the harness drives
  std::vector<std::filesystem::path> packages;          ///< read first, in this order
  std::vector<std::filesystem::path> directories;       ///< modules and headers are looked for here
  std::vector<RtlParameter> parameters;                 ///< of the top
  std::string tile{};                                   ///< module of a tile; empty: none, see TileCode
  std::vector<std::vector<RtlParameter>> tile_kinds{};  ///< its parameters, kind by kind
  std::string harness =
      "verilator_harness";  ///< NAME.h and NAME.cpp beside the builder: the library's interface
};

enum class RtlAssertions { kOff, kOn };
enum class Waves { kOff, kOn };

/// Code of a chip's tiles: each its own, flattened into the chip's, or a model for each kind, which its tiles
/// are objects of (verilator_tile.sv). Shared code is built in seconds whatever the mesh, and faster from
/// some tiles on: kAuto, which goes by docs/benchmarks.md, "One tile's code for all". Own code alone is
/// threaded and traced.
enum class TileCode { kAuto, kOwn, kShared };

struct VerilatedBuild {
  RtlAssertions assertions = RtlAssertions::kOn;  ///< off only to measure speed
  unsigned threads = 1;                           ///< that evaluate the chip
  TileCode tile_code = TileCode::kAuto;           ///< kShared with threads or waves: Error{kInput}
  Waves waves = Waves::kOff;                      ///< on: can write FST files, and is slower
  std::filesystem::path cache;                    ///< folder for libraries; made when absent
};

/// The shipped RTL with a chip file's parameters.
[[nodiscard]] VerilatedDesign chip_design(const Chip& chip);

/// The same chip as the kernel of a card (rtl/shell); kernel_harness.h is the library's interface.
[[nodiscard]] VerilatedDesign kernel_design(const Chip& chip);

/// $SPIKELOOM_CACHE, else $XDG_CACHE_HOME/spikeloom, else ~/.cache/spikeloom.
[[nodiscard]] std::filesystem::path default_cache();

struct VerilatedLibrary {
  std::filesystem::path path;  ///< the shared library; the design's harness is its interface
  std::string tools;           ///< "Verilator 5.006, clang 14.0.6"
};

/// Returns the library, building it unless the cache has one of the same content: sources,
/// parameters, harness, options, tool versions and processor. Two processes that want the same
/// library wait for each other. What is in the cache is complete: a build that stops half-way leaves
/// no library, and one that was cut short or damaged since, which its digest tells, is built anew. What
/// killed builds left in the cache is removed before anything is built.
///
/// Sources may lie anywhere: they are built under links in the cache. The cache's own path must be one that
/// make can take.
///
/// Throws Error{kDevice}: tools missing, a cache whose path has spaces, or the build failed (the message
/// names its log).
[[nodiscard]] VerilatedLibrary build_verilated(const VerilatedDesign& design, const VerilatedBuild& build,
                                               const Progress& progress);

}  // namespace spikeloom

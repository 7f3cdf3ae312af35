// The chip description: one TOML file sets the RTL's parameters, the compiler's limits and the model's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeloom_parameters.hpp"

namespace spikeloom {

/// What a chip file says. Its keys are described in rtl/hardware.toml and rtl/core/*/core.toml, from which
/// their structures are generated; docs/chip-file.md lists them.
struct Chip : MeshConfig, NocConfig {
  std::string name;
  double clock_mhz = 100;  ///< for derived figures only
  TileConfig tile;
  HostConfig host;

  [[nodiscard]] std::uint32_t tiles() const { return width * height; }
  friend bool operator==(const Chip&, const Chip&) = default;
};

/// Reads and checks a chip file. Throws Error{kInput} that lists everything wrong with it, unknown keys
/// included.
[[nodiscard]] Chip read_chip(const std::string& path);
/// The same from text; `name` stands in messages.
[[nodiscard]] Chip parse_chip(const std::string& toml, const std::string& name);
/// Canonical TOML: every key, fixed order. parse_chip(print(c)) == c.
[[nodiscard]] std::string print(const Chip& chip);
/// The most that a chip file may say for a key ("tile.page_chunks"), or 2 to the power of it ("2^noc.…").
/// Throws Error{kInput} for no such key.
[[nodiscard]] std::uint32_t largest(const std::string& key);
/// Hash of everything that shapes the RTL (not name, not clock); the hardware answers it.
[[nodiscard]] std::uint32_t chip_hash(const Chip& chip);

/// A top-level RTL parameter of rtl/chip/spikeloom_chip.sv and its value.
struct RtlParameter {
  std::string name;
  std::uint64_t value;
};
[[nodiscard]] std::vector<RtlParameter> rtl_parameters(const Chip& chip);
/// Those of them that a tile has too (rtl/node/node.sv).
[[nodiscard]] std::vector<RtlParameter> node_parameters(const Chip& chip);

}  // namespace spikeloom

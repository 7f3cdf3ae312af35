// The chip description: one TOML file sets the RTL's parameters, the compiler's limits and the model's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/base/ids.hpp"
#include "spikeloom_hw.hpp"
#include "spikeloom_parameters.hpp"

namespace spikeloom {

/// A kind of tile: its core, and the node's and the core's parameters. Keys of other cores have their
/// defaults.
struct TileKind : TileConfig {
  std::string name = "tile";
  std::string core{hw::kCoreNames.front()};  ///< one of hw::kCoreNames
  friend bool operator==(const TileKind&, const TileKind&) = default;
};

/// What a chip file says. Its keys are described in rtl/hardware.toml and rtl/core/*/core.toml, from which
/// their structures are generated; docs/chip-file.md lists them.
struct Chip : MeshConfig, NocConfig {
  std::string name;
  double clock_mhz = 100;              ///< for derived figures only
  TileKind tile;                       ///< kind 0; `state_bits` holds for all kinds
  std::vector<TileKind> more_kinds;    ///< kinds 1, 2, ...
  std::vector<std::uint32_t> kind_of;  ///< by TileId; empty: every tile is of kind 0
  HostConfig host;

  [[nodiscard]] std::uint32_t tiles() const { return width * height; }
  [[nodiscard]] std::uint32_t kinds() const { return 1 + static_cast<std::uint32_t>(more_kinds.size()); }
  [[nodiscard]] const TileKind& kind(std::uint32_t number) const {
    return number == 0 ? tile : more_kinds.at(number - 1);
  }
  [[nodiscard]] std::uint32_t kind_number(TileId at) const {
    return kind_of.empty() ? 0 : kind_of.at(at.index());
  }
  [[nodiscard]] const TileKind& kind_at(TileId at) const { return kind(kind_number(at)); }
  friend bool operator==(const Chip&, const Chip&) = default;
};

/// Reads and checks a chip file. Throws Error{kInput} that lists everything wrong with it, unknown keys
/// included.
[[nodiscard]] Chip read_chip(const std::string& path);
/// The same from text; `name` stands in messages.
[[nodiscard]] Chip parse_chip(const std::string& toml, const std::string& name);
/// Canonical TOML: every key, fixed order. parse_chip(print(c)) == c.
[[nodiscard]] std::string print(const Chip& chip);
/// The chip with another value of one key: "name", "clock_mhz", "TABLE.KEY", "KIND.KEY" of a [[kind]] by its
/// name, or "map.KIND". `value` is TOML; texts also stand without their quotes. With another core a tile's
/// kind has that core's keys, at their defaults. Throws Error{kInput} for a key that the chip does not have,
/// and for what parse_chip refuses.
[[nodiscard]] Chip with_key(const Chip& chip, const std::string& key, const std::string& value);
/// The most that a chip file may say for a key ("tile.page_chunks"), or 2 to the power of it ("2^noc.…").
/// There must be such a key.
[[nodiscard]] std::uint32_t largest(const std::string& key);
/// The values that a chip file may list for a key ("tile.weight_bits"), the largest first. There must be such
/// a list.
[[nodiscard]] std::vector<std::uint32_t> choices(const std::string& key);
/// "tile(1,0)"
[[nodiscard]] std::string tile_name(const Chip& chip, TileId tile);
/// Hash of everything that shapes the RTL (not name, not clock); the hardware answers it.
[[nodiscard]] std::uint32_t chip_hash(const Chip& chip);

/// A parameter of the RTL and its value, 32 bits at a time, lowest first.
struct RtlParameter {
  std::string name;
  std::vector<std::uint32_t> words;
};
/// Of rtl/chip/spikeloom_chip.sv: a kind's parameters have a word for each kind.
[[nodiscard]] std::vector<RtlParameter> rtl_parameters(const Chip& chip);
/// Of rtl/node/node.sv on a tile of kind `kind`, a word each.
[[nodiscard]] std::vector<RtlParameter> node_parameters(const Chip& chip, std::uint32_t kind);

}  // namespace spikeloom

// A chip: how many tiles of which sizes, read from a chip file (TOML; docs/chip-file.md has every key).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <spikeloom/export.hpp>

// Not exported: what the handle below owns.
namespace spikeloom {
struct Chip;
}  // namespace spikeloom

namespace SPIKELOOM_API spikeloom {

/// An immutable value, cheap to copy.
class ChipFile {
 public:
  /// Throws Error{kInput} that lists everything wrong with the file, unknown keys included.
  [[nodiscard]] static ChipFile read(const std::string& path);
  /// The same from text; `name` stands in messages.
  [[nodiscard]] static ChipFile parse(const std::string& toml, const std::string& name);

  /// Those that are shipped, by name: all of `chips` in resource_folder().
  [[nodiscard]] static std::vector<ChipFile> shipped();

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] std::uint32_t width() const;   ///< tiles
  [[nodiscard]] std::uint32_t height() const;  ///< tiles
  [[nodiscard]] std::uint32_t tiles() const { return width() * height(); }
  /// For derived figures only (steps a second); promises are in cycles.
  [[nodiscard]] double clock_mhz() const;
  /// Of everything that shapes the RTL (not the name, not the clock): equal for chips that run the same
  /// images.
  [[nodiscard]] std::uint32_t hash() const;
  /// Canonical TOML: every key, in a fixed order. parse(text(), ...) gives the same chip.
  [[nodiscard]] std::string text() const;

  /// The chip with another value of one key: with("tile.lanes", "32"), with("name", "other"),
  /// with("clock_mhz", "50"). A [[kind]]'s keys go by its name, with("big.lanes", "32"), its tiles by
  /// with("map.big",
  /// "[\"0,1\"]"). The value is TOML; texts also stand without quotes. With another core, tile.core or
  /// big.core, the tiles have that core's keys, at their defaults. Throws Error{kInput} for a key that the
  /// chip does not have, and for a chip that cannot be.
  [[nodiscard]] ChipFile with(const std::string& key, const std::string& value) const;

  explicit ChipFile(std::shared_ptr<const Chip> chip) : chip_(std::move(chip)) {}
  /// What Spikeloom itself works with; of no use outside.
  [[nodiscard]] const Chip& value() const { return *chip_; }

 private:
  std::shared_ptr<const Chip> chip_;
};

}  // namespace spikeloom

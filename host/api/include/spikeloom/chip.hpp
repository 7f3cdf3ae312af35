// A chip: how many tiles of which sizes, read from a chip file (TOML; chips/README.md has every key).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace spikeloom {

struct Chip;

/// An immutable value, cheap to copy.
class ChipFile {
 public:
  /// Throws Error{kInput} that lists everything wrong with the file, unknown keys included.
  [[nodiscard]] static ChipFile read(const std::string& path);
  /// The same from text; `name` stands in messages.
  [[nodiscard]] static ChipFile parse(const std::string& toml, const std::string& name);

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

  /// The chip with another value of one key, such as with("tile.lanes", "32") or with("noc.spike_wheel",
  /// "8"). Throws Error{kInput} for a key that no chip file has, and for a chip that cannot be.
  [[nodiscard]] ChipFile with(const std::string& key, const std::string& value) const;

  explicit ChipFile(std::shared_ptr<const Chip> chip) : chip_(std::move(chip)) {}
  /// What Spikeloom itself works with; of no use outside.
  [[nodiscard]] const Chip& value() const { return *chip_; }

 private:
  std::shared_ptr<const Chip> chip_;
};

}  // namespace spikeloom

// A card's memory: 64-bit addresses, zero until written, pages only where something was written.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>

namespace spikeloom::emulation {

class SparseMemory {
 public:
  void read(std::uint64_t address, std::span<std::uint8_t> to) const;
  void write(std::uint64_t address, std::span<const std::uint8_t> from);
  /// Eight bytes, lowest first; byte i only where bit i of `strobe` is set.
  void write_word(std::uint64_t address, std::uint64_t word, std::uint8_t strobe);
  [[nodiscard]] std::uint64_t read_word(std::uint64_t address) const;

 private:
  static constexpr std::uint64_t kPage = 4096;
  using Page = std::array<std::uint8_t, kPage>;
  std::unordered_map<std::uint64_t, Page> pages_;
};

}  // namespace spikeloom::emulation

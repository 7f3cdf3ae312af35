#include "host/emulation/memory.hpp"

#include <algorithm>

namespace spikeloom::emulation {

void SparseMemory::read(std::uint64_t address, std::span<std::uint8_t> to) const {
  while (!to.empty()) {
    const std::uint64_t offset = address % kPage;
    const auto piece = to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), kPage - offset)));
    const auto page = pages_.find(address / kPage);
    if (page == pages_.end())
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
    else
      std::copy_n(page->second.begin() + static_cast<std::ptrdiff_t>(offset), piece.size(), piece.begin());
    address += piece.size();
    to = to.subspan(piece.size());
  }
}

void SparseMemory::write(std::uint64_t address, std::span<const std::uint8_t> from) {
  while (!from.empty()) {
    const std::uint64_t offset = address % kPage;
    const auto piece =
        from.first(static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), kPage - offset)));
    Page& page = pages_.try_emplace(address / kPage, Page{}).first->second;
    std::copy(piece.begin(), piece.end(), page.begin() + static_cast<std::ptrdiff_t>(offset));
    address += piece.size();
    from = from.subspan(piece.size());
  }
}

void SparseMemory::write_word(std::uint64_t address, std::uint64_t word, std::uint8_t strobe) {
  for (unsigned i = 0; i < 8; ++i) {
    if ((strobe >> i & 1U) == 0) continue;
    const auto byte = static_cast<std::uint8_t>(word >> (8 * i));
    write(address + i, std::span(&byte, 1));
  }
}

std::uint64_t SparseMemory::read_word(std::uint64_t address) const {
  std::array<std::uint8_t, 8> bytes;
  read(address, bytes);
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

}  // namespace spikeloom::emulation

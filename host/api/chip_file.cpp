#include <spikeloom/chip.hpp>

#include "compiler/chip/chip.hpp"

namespace spikeloom {

ChipFile ChipFile::read(const std::string& path) {
  return ChipFile(std::make_shared<const Chip>(read_chip(path)));
}

ChipFile ChipFile::parse(const std::string& toml, const std::string& name) {
  return ChipFile(std::make_shared<const Chip>(parse_chip(toml, name)));
}

const std::string& ChipFile::name() const { return chip_->name; }
std::uint32_t ChipFile::width() const { return chip_->width; }
std::uint32_t ChipFile::height() const { return chip_->height; }
double ChipFile::clock_mhz() const { return chip_->clock_mhz; }
std::uint32_t ChipFile::hash() const { return chip_hash(*chip_); }
std::string ChipFile::text() const { return print(*chip_); }

ChipFile ChipFile::with(const std::string& key, const std::string& value) const {
  return ChipFile(std::make_shared<const Chip>(with_key(*chip_, key, value)));
}

}  // namespace spikeloom

#include <spikeloom/chip.hpp>

#include <algorithm>
#include <filesystem>

#include <spikeloom/resources.hpp>

#include "compiler/chip/chip.hpp"

namespace spikeloom {

ChipFile ChipFile::read(const std::string& path) {
  return ChipFile(std::make_shared<const Chip>(read_chip(path)));
}

ChipFile ChipFile::parse(const std::string& toml, const std::string& name) {
  return ChipFile(std::make_shared<const Chip>(parse_chip(toml, name)));
}

std::vector<ChipFile> ChipFile::shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(resource_folder() / "chips"))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<ChipFile> chips;
  for (const std::filesystem::path& file : files) chips.push_back(read(file.string()));
  return chips;
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

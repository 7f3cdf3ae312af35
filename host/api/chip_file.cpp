#include <spikeloom/chip.hpp>

#include <sstream>

#include "compiler/base/error.hpp"
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
  const std::size_t dot = key.rfind('.');
  const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
  const std::string name = dot == std::string::npos ? key : key.substr(dot + 1);
  std::string changed, in;
  bool found = false;
  std::istringstream lines(text());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[") && line.ends_with("]")) in = line.substr(1, line.size() - 2);
    if (in == section && line.starts_with(name + " = ")) {
      line = name + " = " + value;
      found = true;
    }
    changed += line + "\n";
  }
  if (!found)
    throw input_error("chip " + chip_->name + ": no key \"" + key + "\"; chips/README.md lists them");
  return parse(changed, chip_->name + " with " + key + " = " + value);
}

}  // namespace spikeloom

#include "compiler/chip/chip.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include <toml++/toml.h>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// A value that a list may hold, and its bit in the RTL's mask of them.
struct Choice {
  std::uint32_t value, bit;
};

/// One key of the file, a number or a list of choices: where it lives in Chip, the values that it may have,
/// and the RTL parameter that it sets.
struct Key {
  std::string_view table, name, rtl;
  bool of_node = false;  ///< a tile has the parameter
  std::uint32_t& (*number)(Chip&) = nullptr;
  std::uint32_t low = 0, high = 0;
  bool power_of_two = false;
  std::uint32_t multiple_of = 1;
  std::string_view divides{}, at_most{}, numbered_by{};  ///< other keys, "tile.lanes"
  std::vector<std::uint32_t>& (*list)(Chip&) = nullptr;
  std::vector<Choice> choices{};
  std::uint32_t always = 0;  ///< the choice that every list has

  [[nodiscard]] std::string full() const { return std::string(table) + "." + std::string(name); }
};

/// Table by table.
const std::vector<Key>& keys() {
  static const std::vector<Key> list = {
#include "spikeloom_keys.inc"
  };
  return list;
}

const Key* find_key(std::string_view full) {
  const auto key = std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return full == k.full(); });
  return key == keys().end() ? nullptr : &*key;
}

/// A number, or the mask of a list.
std::uint32_t rtl_value(const Key& key, const Chip& chip) {
  Chip& readable = const_cast<Chip&>(chip);
  if (key.number != nullptr) return key.number(readable);
  std::uint32_t mask = 0;
  for (const std::uint32_t value : key.list(readable))
    for (const Choice& choice : key.choices)
      if (choice.value == value) mask |= 1U << choice.bit;
  return mask;
}

std::uint32_t number(std::string_view full, const Chip& chip) {
  const Key* const key = find_key(full);
  SPIKELOOM_CHECK(key != nullptr);
  return rtl_value(*key, chip);
}

/// The rules of a number that is within its range.
void check(const Key& key, const Chip& chip, Problems& problems) {
  const std::uint32_t value = rtl_value(key, chip);
  const auto problem = [&](const std::string& text) {
    problems.add(key.full() + " = " + std::to_string(value) + ": " + text);
  };
  const auto other = [&](std::string_view full) {
    return std::string(full) + " = " + std::to_string(number(full, chip));
  };
  if (key.power_of_two && !std::has_single_bit(value)) problem("expected a power of two");
  if (value % key.multiple_of != 0) problem("expected a multiple of " + std::to_string(key.multiple_of));
  if (!key.divides.empty() && value != 0 && number(key.divides, chip) % value != 0)
    problem("expected a divisor of " + other(key.divides));
  if (!key.numbered_by.empty() && value > std::uint64_t{1} << number(key.numbered_by, chip))
    problem(other(key.numbered_by) + " cannot number them");
  if (!key.at_most.empty() && value > number(key.at_most, chip))
    problem("expected at most " + other(key.at_most));
}

void read_list(const Key& key, const toml::node& node, Chip& chip, Problems& problems) {
  std::string allowed;
  for (const Choice& choice : key.choices)
    allowed += (allowed.empty() ? "" : ", ") + std::to_string(choice.value);
  std::set<std::uint32_t> seen;
  const auto wrong = [&] { problems.add(key.full() + ": expected a list of " + allowed); };
  if (const toml::array* items = node.as_array()) {
    for (const toml::node& item : *items) {
      const auto value = item.value<std::int64_t>();
      const auto is_it = [&](const Choice& choice) { return value == choice.value; };
      if (std::any_of(key.choices.begin(), key.choices.end(), is_it))
        seen.insert(static_cast<std::uint32_t>(*value));
      else
        wrong();
    }
  } else {
    wrong();
  }
  if (!seen.contains(key.always))
    problems.add(key.full() + ": " + std::to_string(key.always) + " is missing; it must be in every list");
  key.list(chip).assign(seen.rbegin(), seen.rend());
}

void read_number(const Key& key, const toml::node& node, Chip& chip, Problems& problems) {
  const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
  if (value && *value >= key.low && *value <= key.high) {
    key.number(chip) = static_cast<std::uint32_t>(*value);
    return;
  }
  std::ostringstream found;
  found << node.type();
  problems.add(key.full() + ": expected a whole number from " + std::to_string(key.low) + " to " +
               std::to_string(key.high) + ", found " + (value ? std::to_string(*value) : found.str()));
}

void read_table(const std::string& table, const toml::table& content, Chip& chip, Problems& problems) {
  for (const auto& [key_node, node] : content) {
    const std::string full = table + "." + std::string(key_node.str());
    const Key* const key = find_key(full);
    if (key == nullptr)
      problems.add(full + ": no such key");
    else if (key->list != nullptr)
      read_list(*key, node, chip, problems);
    else
      read_number(*key, node, chip, problems);
  }
}

/// Tables of a chip file, in the order in which they are printed.
std::vector<std::string> tables() {
  std::vector<std::string> names;
  for (const Key& key : keys())
    if (names.empty() || names.back() != key.table) names.emplace_back(key.table);
  return names;
}

std::vector<RtlParameter> parameters(const Chip& chip, bool (*takes)(const Key&)) {
  std::vector<RtlParameter> list;
  for (const Key& key : keys())
    if (takes(key)) list.push_back({std::string(key.rtl), rtl_value(key, chip)});
  list.push_back({"ChipHash", chip_hash(chip)});
  return list;
}

}  // namespace

Chip parse_chip(const std::string& text, const std::string& name) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw input_error(name + ": line " + std::to_string(error.source().begin.line) +
                      ": not a TOML file: " + std::string(error.description()));
  }
  Chip chip;
  Problems problems;
  const std::vector<std::string> known = tables();
  for (const auto& [key_node, node] : document) {
    const std::string key(key_node.str());
    if (key == "name" && node.is_string()) {
      chip.name = *node.value<std::string>();
    } else if (key == "clock_mhz" && node.is_number() && *node.value<double>() > 0) {
      chip.clock_mhz = *node.value<double>();
    } else if (std::find(known.begin(), known.end(), key) != known.end() && node.is_table()) {
      read_table(key, *node.as_table(), chip, problems);
    } else {
      std::string list;
      for (const std::string& table : known) list += (list.empty() ? "" : ", ") + table;
      problems.add(key + ": expected name (text), clock_mhz (above 0), or one of the tables " + list);
    }
  }
  if (chip.name.empty()) problems.add("name is missing");
  for (const Key& rule : keys()) check(rule, chip, problems);
  problems.throw_if_any(name);
  return chip;
}

Chip read_chip(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw input_error(path + ": cannot be read; expected a chip file (TOML), see chips/");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_chip(text.str(), path);
}

std::string print(const Chip& chip) {
  std::ostringstream out;
  out << "name = \"" << chip.name << "\"\nclock_mhz = " << chip.clock_mhz << "\n";
  std::string_view table;
  for (const Key& key : keys()) {
    if (table != key.table) out << "\n[" << (table = key.table) << "]\n";
    out << key.name << " = ";
    if (key.number != nullptr) {
      out << rtl_value(key, chip) << "\n";
      continue;
    }
    const char* separator = "[";
    for (const std::uint32_t value : key.list(const_cast<Chip&>(chip)))
      out << std::exchange(separator, ", ") << value;
    out << "]\n";
  }
  return out.str();
}

std::vector<RtlParameter> rtl_parameters(const Chip& chip) {
  return parameters(chip, [](const Key&) { return true; });
}

std::vector<RtlParameter> node_parameters(const Chip& chip) {
  return parameters(chip, [](const Key& key) { return key.of_node; });
}

std::uint32_t largest(const std::string& key) {
  if (key.starts_with("2^")) return 1U << largest(key.substr(2));
  if (const Key* const known = find_key(key); known != nullptr) return known->high;
  throw input_error("a chip file has no key " + key);
}

std::uint32_t chip_hash(const Chip& chip) {
  // FNV-1a over the parameters' names and values.
  std::uint32_t hash = 2166136261U;
  for (const Key& key : keys())
    for (const char c : std::string(key.rtl) + "=" + std::to_string(rtl_value(key, chip)) + ";")
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace spikeloom

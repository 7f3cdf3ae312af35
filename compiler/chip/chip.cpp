#include "compiler/chip/chip.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include <toml++/toml.h>

#include "compiler/base/error.hpp"
#include "compiler/base/resources.hpp"
#include "compiler/base/text.hpp"

namespace spikeloom {
namespace {

constexpr double kMostClock = 1e6;  ///< MHz

/// A value that a list may hold, and its bit in the RTL's mask of them.
struct Choice {
  std::uint32_t value, bit;
};

/// Other keys that bound one, "tile.lanes", on every tile or on those of one core.
struct Rule {
  std::string_view core{};
  std::string_view divides{}, at_most{}, numbered_by{};
};

/// "a", "a or b".
std::string any_of_text(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : " or ").append(name);
  return text;
}

/// One key of the file, a number or a list of choices: where it lives in Chip, the values that it may have,
/// and the RTL parameter that it sets.
struct Key {
  std::string_view table, name, rtl;
  bool of_node = false;                   ///< a tile has the parameter
  bool of_kind = false;                   ///< every kind of tile has its own
  std::vector<std::string_view> cores{};  ///< that have it; empty: no core's, so every tile has it
  std::uint32_t& (*number)(Chip&) = nullptr;
  std::uint32_t low = 0, high = 0;
  bool power_of_two = false;
  std::uint32_t multiple_of = 1;
  std::vector<Rule> rules{};
  std::vector<std::uint32_t>& (*list)(Chip&) = nullptr;
  std::vector<Choice> choices{};
  std::uint32_t always = 0;  ///< the choice that every list has

  [[nodiscard]] std::string full() const { return std::string(table) + "." + std::string(name); }
  /// Whether a tile of that core has it.
  [[nodiscard]] bool is_of(std::string_view core) const {
    return cores.empty() || std::find(cores.begin(), cores.end(), core) != cores.end();
  }
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

/// The chip as if all of its tiles were of one kind.
Chip with_kind(const Chip& chip, std::uint32_t kind) {
  Chip one = chip;
  one.tile = chip.kind(kind);
  one.tile.state_bits = chip.tile.state_bits;
  return one;
}

std::uint32_t core_number(const TileKind& kind) {
  const auto* const found = std::find(hw::kCoreNames.begin(), hw::kCoreNames.end(), kind.core);
  SPIKELOOM_CHECK(found != hw::kCoreNames.end());
  return static_cast<std::uint32_t>(found - hw::kCoreNames.begin());
}

/// Words 8 bits a tile, tile (0, 0) lowest.
std::vector<std::uint32_t> tile_kinds(const Chip& chip) {
  std::vector<std::uint32_t> words((chip.tiles() + 3) / 4);
  for (std::uint32_t n = 0; n < chip.tiles(); ++n)
    words[n / 4] |= chip.kind_number(TileId(n)) << (8 * (n % 4));
  return words;
}

/// The problems of a file, and how a kind's keys are called in them: "tile.lanes" of [tile], else
/// "kind NAME: lanes".
struct Complaints {
  Problems& problems;
  std::string kind{};

  [[nodiscard]] std::string key(std::string_view full) const {
    return std::string(!kind.empty() && full.starts_with("tile.") ? full.substr(5) : full);
  }
  [[nodiscard]] std::string subject(std::string_view full) const {
    return (kind.empty() ? "" : "kind " + kind + ": ") + key(full);
  }
  void add(std::string_view full, const std::string& text) const { problems.add(subject(full) + text); }
};

/// The rules of a number that is within its range.
void check(const Key& key, const Chip& chip, const Complaints& report) {
  const std::uint32_t value = rtl_value(key, chip);
  const auto problem = [&](const std::string& text) {
    report.add(key.full(), " = " + std::to_string(value) + ": " + text);
  };
  const auto other = [&](std::string_view full) {
    return report.key(full) + " = " + std::to_string(number(full, chip));
  };
  if (key.power_of_two && !std::has_single_bit(value)) problem("expected a power of two");
  if (value % key.multiple_of != 0) problem("expected a multiple of " + std::to_string(key.multiple_of));
  for (const Rule& rule : key.rules) {
    if (!rule.core.empty() && rule.core != chip.tile.core) continue;
    if (!rule.divides.empty() && value != 0 && number(rule.divides, chip) % value != 0)
      problem("expected a divisor of " + other(rule.divides));
    if (!rule.numbered_by.empty() && value > std::uint64_t{1} << number(rule.numbered_by, chip))
      problem(other(rule.numbered_by) + " cannot number them");
    if (!rule.at_most.empty() && value > number(rule.at_most, chip))
      problem("expected at most " + other(rule.at_most));
  }
}

void read_list(const Key& key, const toml::node& node, Chip& chip, const Complaints& report) {
  std::string allowed;
  for (const Choice& choice : key.choices)
    allowed += (allowed.empty() ? "" : ", ") + std::to_string(choice.value);
  std::set<std::uint32_t> seen;
  const auto wrong = [&] { report.add(key.full(), ": expected a list of " + allowed); };
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
    report.add(key.full(), ": " + std::to_string(key.always) + " is missing; it must be in every list");
  key.list(chip).assign(seen.rbegin(), seen.rend());
}

void read_number(const Key& key, const toml::node& node, Chip& chip, const Complaints& report) {
  const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
  if (value && *value >= key.low && *value <= key.high) {
    key.number(chip) = static_cast<std::uint32_t>(*value);
    return;
  }
  std::ostringstream found;
  found << node.type();
  report.add(key.full(), ": expected a whole number from " + std::to_string(key.low) + " to " +
                             std::to_string(key.high) + ", found " +
                             (value ? std::to_string(*value) : found.str()));
}

/// What [tile] and [[kind]] have besides keys; true when `name` is that.
bool read_of_kind(std::string_view name, const toml::node& node, TileKind& kind, const Complaints& report) {
  const auto text = node.value<std::string>();
  if (name == "name") {
    const auto letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-';
    };
    kind.name = text.value_or("");
    if (kind.name.empty() || !std::all_of(kind.name.begin(), kind.name.end(), letter))
      report.add("tile.name", ": expected a name of letters, digits, - and _");
  } else if (name == "core") {
    const bool known = text && std::count(hw::kCoreNames.begin(), hw::kCoreNames.end(), *text) != 0;
    std::string list;
    for (const std::string_view core : hw::kCoreNames) list.append(list.empty() ? "" : ", ").append(core);
    if (!known) report.add("tile.core", ": expected one of " + list + (text ? "; found " + *text : ""));
    if (known) kind.core = *text;
  } else {
    return false;
  }
  return true;
}

void read_table(const std::string& table, const toml::table& content, Chip& chip, const Complaints& report) {
  if (table == "tile")
    for (const auto& [key_node, node] : content) (void)read_of_kind(key_node.str(), node, chip.tile, report);
  for (const auto& [key_node, node] : content) {
    const std::string full = table + "." + std::string(key_node.str());
    const Key* const key = find_key(full);
    if (table == "tile" && (full == "tile.name" || full == "tile.core")) continue;
    if (key == nullptr)
      report.add(full, ": no such key");
    else if (!key->is_of(chip.tile.core))
      report.add(full, ": a key of core " + any_of_text(key->cores) + ", and the core is " + chip.tile.core);
    else if (key->list != nullptr)
      read_list(*key, node, chip, report);
    else
      read_number(*key, node, chip, report);
  }
}

/// [[kind]]: what is not said of the node is as in [tile], what is not said of the core has its default.
void read_kinds(const toml::array& tables, Chip& chip, Problems& problems) {
  for (const toml::node& node : tables) {
    const toml::table& content = *node.as_table();
    Chip one = chip;
    one.tile = {};
    static_cast<NodeTileConfig&>(one.tile) = chip.tile;
    one.tile.state_bits = chip.tile.state_bits;
    const std::string name = content["name"].value_or(std::string());
    const Complaints report{problems, name.empty() ? std::to_string(chip.kinds()) : name};
    if (name.empty()) report.add("tile.name", " is missing");
    read_table("tile", content, one, report);
    if (one.tile.state_bits != chip.tile.state_bits)
      report.add("tile.state_bits", " = " + std::to_string(one.tile.state_bits) + ": tile.state_bits = " +
                                        std::to_string(chip.tile.state_bits) + " holds for every kind");
    one.tile.state_bits = chip.tile.state_bits;
    for (std::uint32_t k = 0; k < chip.kinds(); ++k)
      if (chip.kind(k).name == name) report.add("tile.name", ": another kind has it");
    for (const Key& rule : keys())
      if (rule.of_kind) check(rule, one, report);
    chip.more_kinds.push_back(one.tile);
  }
  if (chip.kinds() > hw::kLimitKinds)
    problems.add("kind: expected at most " + std::to_string(hw::kLimitKinds) +
                 " kinds, [tile] among them, found " + std::to_string(chip.kinds()));
}

/// First to last, from "3" or "0..3".
struct Span {
  std::uint32_t first = 0, last = 0;
};
struct Area {
  Span x, y;
};

std::optional<Span> parse_span(std::string_view text, std::uint32_t size) {
  const auto whole = [](std::string_view digits) -> std::optional<std::uint32_t> {
    std::uint32_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return code == std::errc{} && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
  };
  const std::size_t dots = text.find("..");
  const auto first = whole(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : whole(text.substr(dots + 2));
  if (!first || !last || *first > *last || *last >= size) return std::nullopt;
  return Span{*first, *last};
}

std::optional<Area> parse_area(std::string_view text, const Chip& chip) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto x = parse_span(text.substr(0, comma), chip.width);
  const auto y = parse_span(text.substr(comma + 1), chip.height);
  return x && y ? std::optional(Area{*x, *y}) : std::nullopt;
}

/// [map]: where each kind stands; tiles that it does not name are of kind 0.
void read_map(const toml::table& content, Chip& chip, Problems& problems) {
  constexpr std::uint32_t kNone = ~0U;
  std::vector<std::uint32_t> kinds(chip.tiles(), kNone);
  const std::string size = std::to_string(chip.width) + " x " + std::to_string(chip.height);
  for (const auto& [name_node, node] : content) {
    const std::string name(name_node.str());
    std::uint32_t kind = 0;
    while (kind < chip.kinds() && chip.kind(kind).name != name) ++kind;
    if (kind == chip.kinds()) {
      problems.add("map." + name + ": no kind has this name");
      continue;
    }
    const auto wrong = [&](const std::string& found) {
      problems.add("map." + name + ": expected a list of \"x,y\" or \"x0..x1,y0..y1\" in a mesh of " + size +
                   found);
    };
    const toml::array* const areas = node.as_array();
    if (areas == nullptr || areas->empty()) {
      wrong("");
      continue;
    }
    for (const toml::node& item : *areas) {
      const std::string text = item.value_or(std::string());
      const auto area = parse_area(text, chip);
      if (!area) {
        wrong(", found \"" + text + "\"");
        continue;
      }
      for (std::uint32_t y = area->y.first; y <= area->y.last; ++y)
        for (std::uint32_t x = area->x.first; x <= area->x.last; ++x) {
          std::uint32_t& here = kinds[y * chip.width + x];
          if (here != kNone && here != kind)
            problems.add("map." + name + ": tile " + std::to_string(x) + "," + std::to_string(y) +
                         " is of kind " + chip.kind(here).name + " already");
          here = kind;
        }
    }
  }
  std::replace(kinds.begin(), kinds.end(), kNone, 0U);
  if (std::any_of(kinds.begin(), kinds.end(), [](std::uint32_t kind) { return kind != 0; }))
    chip.kind_of = std::move(kinds);
}

/// [map]'s list for a kind: rectangles that cover its tiles, each as wide and then as high as it can be.
std::string print_areas(const Chip& chip, std::uint32_t kind) {
  std::ostringstream out;
  std::vector<bool> done(chip.tiles());
  const auto open = [&](std::uint32_t x, std::uint32_t y) {
    const std::uint32_t n = y * chip.width + x;
    return y < chip.height && x < chip.width && !done[n] && chip.kind_number(TileId(n)) == kind;
  };
  const auto span = [](std::uint32_t first, std::uint32_t last) {
    return std::to_string(first) + (first == last ? "" : ".." + std::to_string(last));
  };
  const char* separator = "";
  for (std::uint32_t y = 0; y < chip.height; ++y)
    for (std::uint32_t x = 0; x < chip.width; ++x) {
      if (!open(x, y)) continue;
      std::uint32_t right = x, low = y;
      while (open(right + 1, y)) ++right;
      const auto row_is_open = [&](std::uint32_t row) {
        for (std::uint32_t i = x; i <= right; ++i)
          if (!open(i, row)) return false;
        return true;
      };
      while (row_is_open(low + 1)) ++low;
      for (std::uint32_t j = y; j <= low; ++j)
        for (std::uint32_t i = x; i <= right; ++i) done[j * chip.width + i] = true;
      out << std::exchange(separator, ", ") << '"' << span(x, right) << ',' << span(y, low) << '"';
    }
  return out.str();
}

/// Tables of a chip file, in the order in which they are printed.
std::vector<std::string> tables() {
  std::vector<std::string> names;
  for (const Key& key : keys())
    if (names.empty() || names.back() != key.table) names.emplace_back(key.table);
  return names;
}

/// All but the hash.
std::vector<RtlParameter> hashed_parameters(const Chip& chip) {
  std::vector<RtlParameter> list = {{"Kinds", {chip.kinds()}}, {"TileKinds", tile_kinds(chip)}, {"Core", {}}};
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) list.back().words.push_back(core_number(chip.kind(k)));
  for (const Key& key : keys()) {
    list.push_back({std::string(key.rtl), {rtl_value(key, chip)}});
    if (!key.of_kind) continue;
    for (std::uint32_t k = 1; k < chip.kinds(); ++k)
      list.back().words.push_back(rtl_value(key, with_kind(chip, k)));
  }
  return list;
}

/// A text as TOML has it.
std::string quoted(const std::string& text) {
  std::string all = "\"";
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      all += {'\\', c};
    else if (code < 0x20 || code == 0x7F)
      all += std::string("\\u00") + kDigits[code / 16] + kDigits[code % 16];
    else
      all += c;
  }
  return all + "\"";
}

void print_table(std::ostream& out, const Chip& chip, std::string_view table, bool kinds_only) {
  if (table == "tile") out << "name = \"" << chip.tile.name << "\"\ncore = \"" << chip.tile.core << "\"\n";
  for (const Key& key : keys()) {
    if (key.table != table || (kinds_only && !key.of_kind)) continue;
    if (!key.is_of(chip.tile.core)) continue;
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
  const toml::array* kinds = nullptr;
  const toml::table* map = nullptr;
  for (const auto& [key_node, node] : document) {
    const std::string key(key_node.str());
    if (key == "kind" && node.is_array_of_tables()) {
      kinds = node.as_array();
    } else if (key == "map" && node.is_table()) {
      map = node.as_table();
    } else if (key == "name" && node.is_string()) {
      chip.name = *node.value<std::string>();
    } else if (key == "clock_mhz" && node.is_number() && *node.value<double>() > 0 &&
               *node.value<double>() <= kMostClock) {
      chip.clock_mhz = *node.value<double>();
    } else if (std::find(known.begin(), known.end(), key) != known.end() && node.is_table()) {
      read_table(key, *node.as_table(), chip, {problems});
    } else {
      std::string list;
      for (const std::string& table : known) list += (list.empty() ? "" : ", ") + table;
      problems.add(key + ": expected name (text), clock_mhz (above 0, at most 1000000), one of the tables " +
                   list + ", map, or [[kind]]");
    }
  }
  if (chip.name.empty()) problems.add("name is missing");
  for (const Key& rule : keys()) check(rule, chip, {problems});
  if (kinds != nullptr) read_kinds(*kinds, chip, problems);
  if (map != nullptr) read_map(*map, chip, problems);
  for (std::uint32_t k = 1; k < chip.kinds(); ++k)
    if (std::find(chip.kind_of.begin(), chip.kind_of.end(), k) == chip.kind_of.end())
      problems.add("kind " + chip.kind(k).name + ": [map] gives it no tile");
  problems.throw_if_any(name);
  return chip;
}

namespace {

/// Where there are some, for a message.
std::string shipped_chips() {
  try {
    return ", such as those in " + (resource_folder() / "chips").string();
  } catch (const Error&) {
    return "";
  }
}

/// A value as a file has it after "key = "; nothing where the text is not one value.
std::unique_ptr<toml::node> parse_value(const std::string& text) {
  try {
    toml::table document = toml::parse("value = " + text);
    if (document.size() != 1) return nullptr;
    return std::make_unique<toml::table>(std::move(document));
  } catch (const toml::parse_error&) {
    return nullptr;
  }
}

/// The table of a file that a key's first part means: the file itself, one of its tables, or a [[kind]].
toml::table* find_table(toml::table& document, const std::string& name) {
  if (name.empty()) return &document;
  if (toml::table* const table = document[name].as_table()) return table;
  if (toml::array* const kinds = document["kind"].as_array())
    for (toml::node& kind : *kinds)
      if (kind.as_table()->at("name").value<std::string>() == name) return kind.as_table();
  return nullptr;
}

}  // namespace

Chip with_key(const Chip& chip, const std::string& key, const std::string& value) {
  const std::size_t dot = key.rfind('.');
  const std::string in = dot == std::string::npos ? "" : key.substr(0, dot);
  const std::string name = dot == std::string::npos ? key : key.substr(dot + 1);
  toml::table document = toml::parse(print(chip));
  toml::table* const table = find_table(document, in);
  const toml::node* const old = table == nullptr ? nullptr : table->get(name);
  if (old == nullptr || old->is_table() || old->is_array_of_tables())
    throw input_error("chip " + chip.name + ": no key \"" + key + "\"; docs/chip-file.md lists them");
  const auto given = parse_value(value);
  const toml::node* const parsed = given ? given->as_table()->get("value") : nullptr;
  if (old->is_string() && (parsed == nullptr || !parsed->is_string()))
    table->insert_or_assign(name, value);
  else if (parsed != nullptr)
    table->insert_or_assign(name, *parsed);
  else
    throw input_error("chip " + chip.name + ": " + key + ": expected a value of TOML, found " +
                      printable(value));
  if (name == "core" && !in.empty())
    for (const Key& other : keys())
      if (other.table == "tile" && !other.is_of(table->at("core").value_or(std::string())))
        table->erase(other.name);
  if (toml::table* const map = document["map"].as_table();
      name == "name" && map != nullptr && map->contains(in)) {
    const toml::array areas = *map->at(in).as_array();
    map->erase(in);
    map->insert(table->at("name").value_or(std::string()), areas);
  }
  std::ostringstream text;
  text << document;
  return parse_chip(text.str(), chip.name + " with " + key + " = " + printable(value));
}

Chip read_chip(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw input_error(path + ": cannot be read; expected a chip file (TOML)" + shipped_chips());
  std::ostringstream text;
  text << file.rdbuf();
  return parse_chip(text.str(), path);
}

std::string print(const Chip& chip) {
  std::ostringstream out;
  char clock[32];
  const auto end = std::to_chars(std::begin(clock), std::end(clock), chip.clock_mhz).ptr;
  out << "name = " << quoted(chip.name) << "\nclock_mhz = " << std::string(clock, end) << "\n";
  for (const std::string& table : tables()) {
    out << "\n[" << table << "]\n";
    print_table(out, chip, table, false);
  }
  for (std::uint32_t k = 1; k < chip.kinds(); ++k) {
    out << "\n[[kind]]\n";
    print_table(out, with_kind(chip, k), "tile", true);
  }
  if (chip.kinds() > 1) out << "\n[map]\n";
  for (std::uint32_t k = 1; k < chip.kinds(); ++k)
    out << chip.kind(k).name << " = [" << print_areas(chip, k) << "]\n";
  return out.str();
}

std::string tile_name(const Chip& chip, TileId tile) {
  return "tile(" + std::to_string(tile.value % chip.width) + "," + std::to_string(tile.value / chip.width) +
         ")";
}

std::vector<RtlParameter> rtl_parameters(const Chip& chip) {
  std::vector<RtlParameter> list = hashed_parameters(chip);
  list.push_back({"ChipHash", {chip_hash(chip)}});
  return list;
}

std::vector<RtlParameter> node_parameters(const Chip& chip, std::uint32_t kind) {
  std::vector<RtlParameter> list = {{"Kind", {kind}}, {"Core", {core_number(chip.kind(kind))}}};
  const Chip one = with_kind(chip, kind);
  for (const Key& key : keys())
    if (key.of_node) list.push_back({std::string(key.rtl), {rtl_value(key, one)}});
  list.push_back({"ChipHash", {chip_hash(chip)}});
  return list;
}

std::uint32_t largest(const std::string& key) {
  if (key.starts_with("2^")) return 1U << largest(key.substr(2));
  if (const Key* const known = find_key(key); known != nullptr) return known->high;
  throw input_error("a chip file has no key " + key);
}

std::vector<std::uint32_t> choices(const std::string& key) {
  const Key* const known = find_key(key);
  if (known == nullptr || known->list == nullptr) throw input_error("a chip file has no list " + key);
  std::vector<std::uint32_t> values;
  for (const Choice& choice : known->choices) values.push_back(choice.value);
  std::sort(values.rbegin(), values.rend());
  return values;
}

std::uint32_t chip_hash(const Chip& chip) {
  // FNV-1a over the parameters' names and values.
  std::uint32_t hash = 2166136261U;
  const auto add = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  };
  for (const RtlParameter& parameter : hashed_parameters(chip)) {
    add(parameter.name);
    for (const std::uint32_t word : parameter.words) add("=" + std::to_string(word));
    add(";");
  }
  return hash;
}

}  // namespace spikeloom

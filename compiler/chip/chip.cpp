#include "compiler/chip/chip.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <set>
#include <sstream>

#include <toml++/toml.h>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// One key of the file: where it lives in Chip, its range, and the RTL parameter it sets.
struct Key {
  const char* table;
  const char* name;
  std::uint32_t& (*value)(Chip&);
  std::uint32_t low, high;
  const char* rtl;
};

#define SPIKELOOM_KEY(table, name, member, low, high, rtl)                          \
  {                                                                                 \
    table, name, [](Chip& c) -> std::uint32_t& { return c.member; }, low, high, rtl \
  }

const std::vector<Key>& keys() {
  static const std::vector<Key> list = {
      SPIKELOOM_KEY("mesh", "width", width, 1, 32, "Width"),
      SPIKELOOM_KEY("mesh", "height", height, 1, 32, "Height"),
      SPIKELOOM_KEY("noc", "spike_wheel", spike_wheel, 4, 1024, "SpikeWheel"),
      SPIKELOOM_KEY("noc", "credit_wheel", credit_wheel, 4, 1024, "CreditWheel"),
      SPIKELOOM_KEY("noc", "chunk_index_bits", chunk_index_bits, 4, 16, "ChunkIndexBits"),
      SPIKELOOM_KEY("tile", "lanes", tile.lanes, 4, 64, "Lanes"),
      SPIKELOOM_KEY("tile", "lif_lanes", tile.lif_lanes, 1, 16, "LifLanes"),
      SPIKELOOM_KEY("tile", "acc_bits", tile.acc_bits, 12, 24, "AccBits"),
      SPIKELOOM_KEY("tile", "state_bits", tile.state_bits, 16, 24, "StateBits"),
      SPIKELOOM_KEY("tile", "bias_bits", tile.bias_bits, 8, 24, "BiasBits"),
      SPIKELOOM_KEY("tile", "max_shift", tile.max_shift, 0, 15, "MaxShift"),
      SPIKELOOM_KEY("tile", "max_scale", tile.max_scale, 0, 15, "MaxScale"),
      SPIKELOOM_KEY("tile", "current", tile.current, 0, 1, "Current"),
      SPIKELOOM_KEY("tile", "readout", tile.readout, 0, 1, "Readout"),
      SPIKELOOM_KEY("tile", "contexts", tile.contexts, 1, 16, "Contexts"),
      SPIKELOOM_KEY("tile", "page_rows", tile.page_rows, 2, 256, "PageRows"),
      SPIKELOOM_KEY("tile", "page_chunks", tile.page_chunks, 1, 256, "PageChunks"),
      SPIKELOOM_KEY("tile", "chunk_entries", tile.chunk_entries, 1, 65536, "ChunkEntries"),
      SPIKELOOM_KEY("tile", "axon_entries", tile.axon_entries, 1, 65536, "AxonEntries"),
      SPIKELOOM_KEY("tile", "weight_words", tile.weight_words, 1, 1U << 20U, "WeightWords"),
      SPIKELOOM_KEY("tile", "groups", tile.groups, 1, 256, "Groups"),
      SPIKELOOM_KEY("tile", "state_words", tile.state_words, 1, 4096, "StateWords"),
      SPIKELOOM_KEY("tile", "update_entries", tile.update_entries, 1, 65536, "UpdateEntries"),
      SPIKELOOM_KEY("tile", "param_sets", tile.param_sets, 1, 4096, "ParamSets"),
      SPIKELOOM_KEY("tile", "channels", tile.channels, 1, 64, "Channels"),
      SPIKELOOM_KEY("tile", "deliveries", tile.deliveries, 1, 64, "Deliveries"),
      SPIKELOOM_KEY("tile", "credit_counters", tile.credit_counters, 1, 64, "CreditCounters"),
      SPIKELOOM_KEY("tile", "out_entries", tile.out_entries, 1, 4096, "OutEntries"),
      SPIKELOOM_KEY("tile", "order_entries", tile.order_entries, 1, 64, "OrderEntries"),
      SPIKELOOM_KEY("host", "applications", host.applications, 1, 16, "Applications"),
      SPIKELOOM_KEY("host", "channels", host.channels, 1, 64, "HostChannels"),
      SPIKELOOM_KEY("host", "credit_counters", host.credit_counters, 1, 256, "HostCreditCounters"),
      SPIKELOOM_KEY("host", "queue_words", host.queue_words, 16, 65536, "QueueWords"),
      SPIKELOOM_KEY("host", "output_words", host.output_words, 16, 65536, "OutputWords"),
  };
  return list;
}
#undef SPIKELOOM_KEY

std::uint32_t read_only(const Key& key, const Chip& chip) { return key.value(const_cast<Chip&>(chip)); }

std::uint32_t format_mask(const std::vector<std::uint32_t>& bits) {
  std::uint32_t mask = 0;
  for (const std::uint32_t b : bits) mask |= 1U << static_cast<std::uint32_t>(3 - std::countr_zero(b));
  return mask;
}

void check(const Chip& chip, Problems& problems) {
  const TileConfig& t = chip.tile;
  for (const auto& [what, value] :
       {std::pair{"noc.spike_wheel", chip.spike_wheel}, std::pair{"noc.credit_wheel", chip.credit_wheel},
        std::pair{"tile.lif_lanes", t.lif_lanes}, std::pair{"host.queue_words", chip.host.queue_words},
        std::pair{"host.output_words", chip.host.output_words}})
    if (!std::has_single_bit(value))
      problems.add(std::string(what) + " = " + std::to_string(value) + ": expected a power of two");
  if (t.lanes % 4 != 0)
    problems.add("tile.lanes = " + std::to_string(t.lanes) + ": expected a multiple of 4");
  if (t.lif_lanes != 0 && t.lanes % t.lif_lanes != 0)
    problems.add("tile.lif_lanes = " + std::to_string(t.lif_lanes) +
                 ": expected a divisor of tile.lanes = " + std::to_string(t.lanes));
  if (t.page_chunks > (1U << chip.chunk_index_bits))
    problems.add("tile.page_chunks = " + std::to_string(t.page_chunks) +
                 ": noc.chunk_index_bits = " + std::to_string(chip.chunk_index_bits) + " cannot number them");
  if (t.acc_bits > t.state_bits)
    problems.add("tile.acc_bits = " + std::to_string(t.acc_bits) +
                 ": expected at most tile.state_bits = " + std::to_string(t.state_bits));
}

void read_formats(const toml::node& node, Chip& chip, Problems& problems) {
  chip.tile.weight_bits.clear();
  std::set<std::uint32_t> seen;
  if (const toml::array* list = node.as_array())
    for (const toml::node& item : *list) {
      const auto bits = item.value<std::int64_t>();
      if (bits && (*bits == 8 || *bits == 4 || *bits == 2 || *bits == 1))
        seen.insert(static_cast<std::uint32_t>(*bits));
      else
        problems.add("tile.weight_bits: expected a list of 8, 4, 2, 1");
    }
  if (!seen.contains(8)) problems.add("tile.weight_bits: 8 is missing; every tile decodes 8-bit weights");
  chip.tile.weight_bits.assign(seen.rbegin(), seen.rend());
}

void read_table(const std::string& table, const toml::table& content, Chip& chip, Problems& problems) {
  for (const auto& [key_node, node] : content) {
    const std::string name(key_node.str());
    const std::string full = table + "." + name;
    if (full == "tile.weight_bits") {
      read_formats(node, chip, problems);
      continue;
    }
    const auto key = std::find_if(keys().begin(), keys().end(),
                                  [&](const Key& k) { return table == k.table && name == k.name; });
    if (key == keys().end()) {
      problems.add(full + ": no such key");
      continue;
    }
    const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
    if (!value || *value < key->low || *value > key->high) {
      std::ostringstream found;
      found << node.type();
      problems.add(full + ": expected a whole number from " + std::to_string(key->low) + " to " +
                   std::to_string(key->high) + ", found " + (value ? std::to_string(*value) : found.str()));
      continue;
    }
    key->value(chip) = static_cast<std::uint32_t>(*value);
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
  for (const auto& [key_node, node] : document) {
    const std::string key(key_node.str());
    if (key == "name" && node.is_string()) {
      chip.name = *node.value<std::string>();
    } else if (key == "clock_mhz" && node.is_number() && *node.value<double>() > 0) {
      chip.clock_mhz = *node.value<double>();
    } else if ((key == "mesh" || key == "noc" || key == "tile" || key == "host") && node.is_table()) {
      read_table(key, *node.as_table(), chip, problems);
    } else {
      problems.add(key +
                   ": expected name (text), clock_mhz (above 0), or one of the tables mesh, noc, tile, host");
    }
  }
  if (chip.name.empty()) problems.add("name is missing");
  check(chip, problems);
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
  std::string table;
  for (const Key& key : keys()) {
    if (table != key.table) {
      table = key.table;
      out << "\n[" << table << "]\n";
      if (table == "tile") {
        out << "weight_bits = [";
        for (std::size_t i = 0; i < chip.tile.weight_bits.size(); ++i)
          out << (i ? ", " : "") << chip.tile.weight_bits[i];
        out << "]\n";
      }
    }
    out << key.name << " = " << read_only(key, chip) << "\n";
  }
  return out.str();
}

std::vector<RtlParameter> rtl_parameters(const Chip& chip) {
  std::vector<RtlParameter> list;
  for (const Key& key : keys()) list.push_back({key.rtl, read_only(key, chip)});
  list.push_back({"WeightFormats", format_mask(chip.tile.weight_bits)});
  list.push_back({"ChipHash", chip_hash(chip)});
  return list;
}

std::uint32_t largest(const std::string& key) {
  if (key.starts_with("2^")) return 1U << largest(key.substr(2));
  for (const Key& known : keys())
    if (std::string(known.table) + "." + known.name == key) return known.high;
  throw input_error("a chip file has no key " + key);
}

std::uint32_t chip_hash(const Chip& chip) {
  // FNV-1a over the parameters' names and values.
  std::uint32_t hash = 2166136261U;
  const auto add = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  };
  for (const Key& key : keys()) add(std::string(key.rtl) + "=" + std::to_string(read_only(key, chip)) + ";");
  add("WeightFormats=" + std::to_string(format_mask(chip.tile.weight_bits)));
  return hash;
}

}  // namespace spikeloom

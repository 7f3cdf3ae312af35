// What this file knows of the tables is docs/protocol.md, section 7; it shares no code with what builds
// them.
#include "compiler/core/crossbar/check.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/neuron/check.hpp"

namespace spikeloom::crossbar {
namespace {

/// Parts of an entry, by window; 0: as the tile's lanes ask.
constexpr std::array<std::uint32_t, kNeuronWindows.count> kParts = {hw::MemChunkEntry::kParts,
                                                                    hw::MemAxonEntry::kParts,
                                                                    hw::MemUpdateEntry::kParts,
                                                                    hw::MemSetEntry::kParts,
                                                                    0,
                                                                    0,
                                                                    0,
                                                                    0};

/// Most parts of an entry where the tile's lanes ask for them.
std::uint64_t most_parts(std::size_t window) {
  return window == kWeightWords ? largest("tile.lanes") / 4 : largest("tile.lif_lanes");
}

class Faults {
 public:
  explicit Faults(const Cluster& cluster) : cluster_(cluster) {}

  std::vector<std::string> find() {
    check_windows();
    if (!faults_.empty()) return faults_;
    check_sizes();
    if (!faults_.empty()) return faults_;
    neuron::check_form<hw::MemChunkEntry>(cluster_.tables.windows[kChunkTable], faults_);
    neuron::check_form<hw::MemAxonEntry>(cluster_.tables.windows[kAxonTable], faults_);
    for (std::size_t c = 0; c < tables().chunks(); ++c) check_chunk(c);
    neuron::check_program(cluster_.tables, kNeuronWindows, faults_);
    return faults_;
  }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) faults_.push_back(what);
  }
  [[nodiscard]] Tables tables() const { return Tables(cluster_); }

  void check_windows() {
    const std::vector<MemoryTable>& windows = cluster_.tables.windows;
    require(windows.size() == kNeuronWindows.count, "another number of memory windows than the core has");
    if (!faults_.empty()) return;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      require(kParts[w] != 0 ? windows[w].parts == kParts[w]
                             : windows[w].parts >= 1 && windows[w].parts <= most_parts(w),
              "entries of another size than the core's");
      if (!faults_.empty()) return;
      require(windows[w].words.size() % windows[w].parts == 0, "a table that ends within an entry");
    }
    neuron::check_windows(cluster_.tables, kNeuronWindows, faults_);
  }

  void check_sizes() {
    require(tables().chunks() == cluster_.page_chunks(), "chunk table does not fit the page");
    neuron::check_sizes(cluster_, tables(), faults_);
  }

  void check_row(std::size_t c, const hw::MemAxonEntry& row) {
    const std::string where = "chunk " + std::to_string(c) + ": ";
    require(row.repeats != 0 ? row.words != 0 && row.jump != 0 && row.weight_jump != 0
                             : row.jump == 0 && row.weight_jump == 0,
            where + "a row whose segments do not follow one another");
    if (row.words == 0) return;
    const std::uint64_t logical = std::uint64_t{tables().weight_words()} << row.format;
    const std::uint64_t groups = (cluster_.size() + tables().lanes() - 1) / tables().lanes();
    require(
        std::uint64_t{row.first} + std::uint64_t{row.repeats} * weight_pitch_of(row) + row.words <= logical,
        where + "a row ends outside the weights");
    require(std::uint64_t{row.offset} + std::uint64_t{row.repeats} * pitch_of(row) + row.words <= groups,
            where + "a row ends outside the lane groups");
  }

  void check_chunk(std::size_t c) {
    const hw::MemChunkEntry entry = tables().chunk(c);
    if (entry.value != 0) return check_value(c, entry);
    require(entry.half == 0, "chunk " + std::to_string(c) + ": half of what is no number");
    for (std::uint32_t left = cluster_.chunk_bits[c]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(left));
      if (entry.per_axon == 0) {
        check_row(c, uniform_row(entry, bit));
        continue;
      }
      if (std::uint64_t{entry.first} + bit >= tables().axons()) {
        require(false, "chunk " + std::to_string(c) + ": an axon outside the axon table");
        return;
      }
      check_row(c, tables().axon(entry.first + bit));
    }
  }

  /// Lane and lane group of a neuron, one word, and nothing else; or nobody, and no word.
  void check_value(std::size_t c, const hw::MemChunkEntry& entry) {
    hw::MemChunkEntry plain;
    plain.value = 1;
    if (entry.words != 0) {
      plain.words = 1;
      plain.first = entry.first;
      plain.offset = entry.offset;
      plain.half = entry.half;
    }
    require(entry.pack() == plain.pack() && entry.first < tables().lanes() &&
                std::uint64_t{entry.offset} * tables().lanes() + entry.first < cluster_.size(),
            "chunk " + std::to_string(c) + ": a number that is for no neuron");
  }

  const Cluster& cluster_;
  std::vector<std::string> faults_;
};

/// Rows as the RTL would walk them.
class RowReader {
 public:
  explicit RowReader(const Cluster& cluster) : cluster_(cluster), tables_(cluster) {}

  void read(const hw::MemAxonEntry& row, std::vector<std::pair<std::uint32_t, std::int64_t>>& values) const {
    values.clear();
    std::uint64_t word = row.first;
    std::size_t group = row.offset;
    for (std::uint32_t segment = 0; segment <= row.repeats; ++segment) {
      for (std::uint32_t w = 0; w < row.words; ++w) read_word(row, word + w, group + w, values);
      word += weight_pitch_of(row);
      group += pitch_of(row);
    }
  }

 private:
  [[nodiscard]] std::int64_t weight(std::uint64_t word, std::uint32_t lane, std::uint32_t format) const {
    const std::uint32_t bits = 8U >> format, lanes = tables_.lanes();
    const std::uint64_t at =
        (word >> format) * lanes * 8 + (word & ((1U << format) - 1)) * lanes * bits + lane * bits;
    const std::uint32_t part = cluster_.tables.windows[kWeightWords].words[at / 32];
    const auto raw = static_cast<std::int32_t>(part >> (at % 32) & ((1U << bits) - 1U));
    if (bits == 1) return raw == 1 ? -1 : 1;
    return raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
  }

  void read_word(const hw::MemAxonEntry& row, std::uint64_t word, std::size_t group,
                 std::vector<std::pair<std::uint32_t, std::int64_t>>& values) const {
    for (std::uint32_t lane = 0; lane < tables_.lanes(); ++lane) {
      const std::size_t position = group * tables_.lanes() + lane;
      if (position >= cluster_.size()) continue;
      const std::int64_t value =
          weight(word, lane, row.format) * (std::int64_t{1} << row.shift) * (row.negate != 0 ? -1 : 1);
      if (value != 0) values.emplace_back(static_cast<std::uint32_t>(position), value);
    }
  }

  const Cluster& cluster_;
  Tables tables_;
};

/// What a bit of half a number adds; nothing where nobody takes it.
void read_number(const hw::MemChunkEntry& entry, std::uint32_t lanes, std::uint32_t bit,
                 std::vector<std::pair<std::uint32_t, std::int64_t>>& values) {
  values.clear();
  if (entry.words == 0) return;
  const std::int64_t value = std::int64_t{1} << (hw::kChunkBits * entry.half + bit);
  values.emplace_back(entry.offset * lanes + entry.first,
                      entry.half != 0 && bit + 1 == hw::kChunkBits ? -value : value);
}

/// Rows and neurons.
class Decoder {
 public:
  Decoder(const Cluster& cluster, const TileConfig& tile, const RowSink& sink)
      : cluster_(cluster), tables_(cluster), reader_(cluster), tile_(tile), sink_(sink) {}

  Decoded run() {
    for (std::size_t chunk = 0; chunk < tables_.chunks(); ++chunk) {
      if (tables_.chunk(chunk).value != 0) {
        read_value(chunk, tables_.chunk(chunk));
        continue;
      }
      for (std::uint32_t left = cluster_.chunk_bits[chunk]; left != 0; left &= left - 1)
        read_row(chunk, static_cast<std::uint32_t>(std::countr_zero(left)));
    }
    neuron::decode_neurons(cluster_, tables_, result_);
    return std::move(result_);
  }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) result_.faults.push_back(what);
  }

  void read_row(std::size_t chunk, std::uint32_t bit) {
    const hw::MemAxonEntry row = tables_.row(tables_.chunk(chunk), bit);
    require(row.shift <= tile_.max_shift, "a shift beyond the chip's");
    require(std::count(tile_.weight_bits.begin(), tile_.weight_bits.end(), 8U >> row.format) == 1,
            "a format that the chip has not");
    if (!sink_) return;
    reader_.read(row, values_);
    sink_(chunk, bit, values_);
  }

  void read_value(std::size_t chunk, const hw::MemChunkEntry& entry) {
    require(tile_.sums != 0, "a number, which the chip does not take");
    if (!sink_) return;
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
      read_number(entry, tables_.lanes(), bit, values_);
      sink_(chunk, bit, values_);
    }
  }

  const Cluster& cluster_;
  Tables tables_;
  RowReader reader_;
  const TileConfig& tile_;
  const RowSink& sink_;
  std::vector<std::pair<std::uint32_t, std::int64_t>> values_;
  Decoded result_;
};

}  // namespace

std::vector<std::string> faults(const Cluster& cluster) { return Faults(cluster).find(); }

std::vector<std::string> mismatches(const Cluster& cluster, const TileConfig& tile) {
  const Tables tables(cluster);
  if (tables.lanes() != tile.lanes || tables.lif_lanes() != tile.lif_lanes)
    return {"built for tile.lanes = " + std::to_string(tables.lanes()) +
            ", tile.lif_lanes = " + std::to_string(tables.lif_lanes()) + ", the chip has " +
            std::to_string(tile.lanes) + " and " + std::to_string(tile.lif_lanes)};
  const auto foreign = [&](const auto& row) {
    return row.words != 0 &&
           (row.shift > tile.max_shift || std::find(tile.weight_bits.begin(), tile.weight_bits.end(),
                                                    8U >> row.format) == tile.weight_bits.end());
  };
  // Bits of fields that the tile does not keep.
  const auto too_far = [&](const auto& row) {
    return std::max({row.words, row.offset, row.repeats, row.jump, row.weight_jump}) > tile.groups;
  };
  std::vector<std::string> list;
  bool any = false, numbers = false;
  for (std::size_t c = 0; c < tables.chunks(); ++c) {
    const hw::MemChunkEntry entry = tables.chunk(c);
    numbers = numbers || entry.value != 0;
    any = any || (entry.per_axon == 0 && entry.value == 0 && foreign(entry)) || too_far(entry) ||
          entry.stride > tile.groups;
  }
  for (std::size_t a = 0; a < tables.axons(); ++a) {
    const hw::MemAxonEntry entry = tables.axon(a);
    any = any || foreign(entry) || too_far(entry);
  }
  if (any) list.emplace_back("has rows that the chip does not decode");
  if (numbers && tile.sums == 0) list.emplace_back("takes numbers (partial sums); the chip does not");
  neuron::add_mismatches(cluster, tile, list);
  return list;
}

Decoded decode(const Cluster& cluster, const TileConfig& tile, const RowSink& sink) {
  return Decoder(cluster, tile, sink).run();
}

std::vector<RowKind> row_kinds(const Cluster& cluster) {
  const Tables tables(cluster);
  const std::uint32_t lanes = tables.lanes();
  const std::size_t groups = (cluster.size() + lanes - 1) / lanes;
  std::vector<RowKind> kinds(tables.chunks() * hw::kChunkBits);
  std::map<std::array<std::uint32_t, 9>, std::uint32_t> known;
  for (std::size_t chunk = 0; chunk < tables.chunks(); ++chunk) {
    const hw::MemChunkEntry entry = tables.chunk(chunk);
    for (std::uint32_t left = cluster.chunk_bits[chunk]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(left));
      if (entry.value != 0) {
        // Halves of numbers differ in their neuron only, if somebody takes them; bit by bit.
        const auto [at, fresh] =
            known.try_emplace({entry.half, entry.words, entry.first % lanes, bit, ~0U, 0, 0, 0, 0},
                              static_cast<std::uint32_t>(known.size()));
        kinds[chunk * hw::kChunkBits + bit] = {at->second, entry.offset * lanes};
        continue;
      }
      const hw::MemAxonEntry row = tables.row(entry, bit);
      // Lanes past the last neuron count nothing, so a row that stands there is one of its own.
      const bool ends =
          cluster.size() % lanes != 0 && row.offset + row.repeats * pitch_of(row) + row.words == groups;
      const auto [at, fresh] = known.try_emplace({row.first, row.shift, row.negate, row.format, row.words,
                                                  row.repeats, row.jump, row.weight_jump, ends ? 1U : 0U},
                                                 static_cast<std::uint32_t>(known.size()));
      kinds[chunk * hw::kChunkBits + bit] = {at->second, row.offset * lanes};
    }
  }
  return kinds;
}

void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                std::vector<std::pair<std::uint32_t, std::int64_t>>& row) {
  const Tables tables(cluster);
  const hw::MemChunkEntry entry = tables.chunk(chunk);
  if (entry.value != 0) return read_number(entry, tables.lanes(), bit, row);
  RowReader(cluster).read(tables.row(entry, bit), row);
}

}  // namespace spikeloom::crossbar

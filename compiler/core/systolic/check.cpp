// What this file knows of the tables is docs/systolic.md; it shares no code with what builds them.
#include "compiler/core/systolic/check.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <map>

#include "compiler/core/neuron/check.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::systolic {
namespace {

/// Parts of an entry, by window; 0: as the tile's columns or LIF lanes ask.
constexpr std::array<std::uint32_t, kNeuronWindows.count> kParts = {hw::MemBlockEntry::kParts,
                                                                    hw::MemFoldEntry::kParts,
                                                                    hw::MemUpdateEntry::kParts,
                                                                    hw::MemSetEntry::kParts,
                                                                    0,
                                                                    0,
                                                                    0,
                                                                    0};

class Faults {
 public:
  explicit Faults(const Cluster& cluster) : cluster_(cluster) {}

  std::vector<std::string> find() {
    check_windows();
    if (!faults_.empty()) return faults_;
    neuron::check_sizes(cluster_, tables(), faults_);
    if (!faults_.empty()) return faults_;
    neuron::check_form<hw::MemBlockEntry>(cluster_.tables.windows[kBlockTable], faults_);
    neuron::check_form<hw::MemFoldEntry>(cluster_.tables.windows[kFoldTable], faults_);
    neuron::check_program(cluster_.tables, kNeuronWindows, faults_);
    if (!faults_.empty()) return faults_;
    check_blocks();
    for (std::size_t b = 0; b < tables().blocks() && faults_.empty(); ++b) check_folds(b);
    for (std::size_t f = 0; f < tables().folds() && faults_.empty(); ++f)
      require(is_used_[f], "a fold of no block");
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
    const std::uint64_t columns = std::uint64_t{windows[kMatrixWords].parts} * 4;
    const std::uint64_t lif_lanes = windows[kNeuronWindows.biases].parts;
    require(std::has_single_bit(columns) && columns <= largest("tile.systolic_columns") &&
                std::has_single_bit(lif_lanes) && lif_lanes <= largest("tile.lif_lanes") &&
                columns % std::max<std::uint64_t>(1, lif_lanes) == 0,
            "entries of another size than the core's");
    for (std::size_t w = 0; w < windows.size() && faults_.empty(); ++w) {
      require(kParts[w] == 0 || windows[w].parts == kParts[w], "entries of another size than the core's");
      require(windows[w].parts != 0 && windows[w].words.size() % std::max(1U, windows[w].parts) == 0,
              "a table that ends within an entry");
    }
    if (faults_.empty()) neuron::check_windows(cluster_.tables, kNeuronWindows, faults_);
  }

  /// Blocks follow one another, each of whole vectors and whole chunks, with the updates of its own neurons.
  void check_blocks() {
    const Tables all = tables();
    const std::uint32_t per_vector = all.columns() / all.lif_lanes();
    std::size_t update = 0;
    require(all.blocks() != 0 && all.block(0).first == 0, "blocks that do not begin at the first neuron");
    for (std::size_t b = 0; b < all.blocks() && faults_.empty(); ++b) {
      const hw::MemBlockEntry block = all.block(b);
      const std::string where = "block " + std::to_string(b) + ": ";
      const std::size_t end = b + 1 < all.blocks() ? all.block(b + 1).first : all.lif_groups();
      require(block.first < end && end <= all.lif_groups(), where + "no neurons");
      require(
          block.first % per_vector == 0 && std::uint64_t{block.first} * all.lif_lanes() % hw::kChunkBits == 0,
          where + "it begins within a vector or a chunk");
      require(std::uint64_t{block.fold} + block.folds <= all.folds(),
              where + "its folds end outside the table");
      require(block.updates != 0 && update + block.updates <= all.updates(),
              where + "no updates, or they end outside the program");
      bool is_sent = false;  // what was updated so far; entries with mask 0 that send nothing change nothing
      for (std::uint32_t n = 0; n < block.updates && faults_.empty(); ++n) {
        const hw::MemUpdateEntry entry = all.update(update + n);
        require(entry.group >= block.first && entry.group < end,
                where + "an update of another block's neuron");
        if (entry.mask != 0 || entry.emit != 0) is_sent = entry.emit != 0;
      }
      require(!faults_.empty() || is_sent, where + "its last update sends nothing");
      update += block.updates;
    }
    require(!faults_.empty() || update == all.updates(), "updates of no block");
    is_used_.assign(all.folds(), false);
  }

  /// Every vector is stored once, before anything is added to it, and nobody looks outside the page.
  void check_folds(std::size_t b) {
    const Tables all = tables();
    const hw::MemBlockEntry block = all.block(b);
    const std::string where = "block " + std::to_string(b) + ": ";
    std::vector<bool> stored(all.end_vector(b, cluster_.size()) - all.first_vector(b), false);
    for (std::uint32_t n = 0; n < block.folds && faults_.empty(); ++n) {
      const hw::MemFoldEntry fold = all.fold(block.fold + n);
      is_used_[block.fold + n] = true;
      require(fold.rows <= kRows, where + "a fold of more rows than a chunk has");
      require(
          fold.rows != 0 || (fold.weights == 0 && fold.format == 0 && fold.shift == 0 && fold.negate == 0),
          where + "a fold of no rows with weights");
      require(fold.columns != 0 || (fold.chunk_step == 0 && fold.vector_step == 0),
              where + "a step within lines of one pair");
      require(fold.lines != 0 || (fold.chunk_jump == 0 && fold.vector_jump == 0),
              where + "a jump behind the only line");
      require(fold.rows == 0 || std::uint64_t{block.weights} + fold.weights + words_of(fold) <= all.words(),
              where + "a fold's weights end outside the memory");
      bool inside = true, once = true;
      for_pairs(fold, [&](std::uint32_t chunk, std::uint32_t vector) {
        const std::uint32_t page_chunk = (block.chunk + chunk) % kWalkRoom;
        inside = inside && vector < stored.size() && (fold.rows == 0 || page_chunk < cluster_.page_chunks());
        if (!inside) return;
        once = once && stored[vector] == (fold.store == 0);
        stored[vector] = true;
      });
      require(inside, where + "a fold leaves the page or the block");
      require(once, where + "a vector is added to before it is stored, or stored twice");
    }
    require(!faults_.empty() || std::find(stored.begin(), stored.end(), false) == stored.end(),
            where + "a vector is never stored");
  }

  const Cluster& cluster_;
  std::vector<bool> is_used_;  ///< by fold
  std::vector<std::string> faults_;
};

/// What meets a page chunk: a vector of the cluster and the matrix in between.
struct Meeting {
  std::uint32_t vector = 0;
  std::uint32_t word = 0, format = 0, shift = 0, negate = 0, rows = 0;
  friend auto operator<=>(const Meeting&, const Meeting&) = default;
};

/// The tables by page chunk.
class Reader {
 public:
  explicit Reader(const Cluster& cluster) : cluster_(cluster), tables_(cluster) {}

  /// Calls found(chunk, meeting) for all that is added, of every chunk or of one.
  template <class F>
  void each(F&& found) const {
    for (std::size_t b = 0; b < tables_.blocks(); ++b) {
      const hw::MemBlockEntry block = tables_.block(b);
      const auto first = static_cast<std::uint32_t>(tables_.first_vector(b));
      for (std::uint32_t n = 0; n < block.folds; ++n) {
        const hw::MemFoldEntry fold = tables_.fold(block.fold + n);
        if (fold.rows == 0) continue;
        for_pairs(fold, [&](std::uint32_t chunk, std::uint32_t vector) {
          found((block.chunk + chunk) % kWalkRoom, Meeting{first + vector, block.weights + fold.weights,
                                                           fold.format, fold.shift, fold.negate, fold.rows});
        });
      }
    }
  }
  [[nodiscard]] std::vector<std::vector<Meeting>> by_chunk() const {
    std::vector<std::vector<Meeting>> meetings(cluster_.page_chunks());
    each([&](std::uint32_t chunk, const Meeting& meeting) { meetings[chunk].push_back(meeting); });
    for (std::vector<Meeting>& list : meetings) std::sort(list.begin(), list.end());
    return meetings;
  }

  /// What a spike of the bit adds, by these meetings of its chunk.
  void read(const std::vector<Meeting>& meetings, std::uint32_t bit,
            std::vector<std::pair<std::uint32_t, std::int64_t>>& row) const {
    row.clear();
    for (const Meeting& meeting : meetings) {
      if (bit >= meeting.rows) continue;
      for (std::uint32_t column = 0; column < tables_.columns(); ++column) {
        const std::size_t position = std::size_t{meeting.vector} * tables_.columns() + column;
        const std::int64_t value = weight(meeting, bit, column) * (std::int64_t{1} << meeting.shift) *
                                   (meeting.negate != 0 ? -1 : 1);
        if (position < cluster_.size() && value != 0)
          row.emplace_back(static_cast<std::uint32_t>(position), value);
      }
    }
  }

 private:
  /// Row k of a matrix stands in word k / q, at k % q of it, where q rows fill a word.
  [[nodiscard]] std::int64_t weight(const Meeting& meeting, std::uint32_t row, std::uint32_t column) const {
    const std::uint32_t bits = 8U >> meeting.format, in_word = 1U << meeting.format;
    const std::uint64_t word = meeting.word + row / in_word;
    const std::uint64_t at =
        word * tables_.columns() * 8 + (row % in_word * tables_.columns() + column) * std::uint64_t{bits};
    const std::uint32_t part = cluster_.tables.windows[kMatrixWords].words[at / 32];
    const auto raw = static_cast<std::int32_t>(part >> (at % 32) & ((1U << bits) - 1U));
    if (bits == 1) return raw == 1 ? -1 : 1;
    return raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
  }

  const Cluster& cluster_;
  Tables tables_;
};

}  // namespace

std::vector<std::string> faults(const Cluster& cluster) { return Faults(cluster).find(); }

std::vector<std::string> mismatches(const Cluster& cluster, const TileConfig& tile) {
  const Tables tables(cluster);
  if (tables.columns() != tile.systolic_columns || tables.lif_lanes() != tile.lif_lanes)
    return {"built for tile.systolic_columns = " + std::to_string(tables.columns()) +
            ", tile.lif_lanes = " + std::to_string(tables.lif_lanes()) + ", the chip has " +
            std::to_string(tile.systolic_columns) + " and " + std::to_string(tile.lif_lanes)};
  std::vector<std::string> list;
  bool formats = true, shifts = true;
  for (std::size_t f = 0; f < tables.folds(); ++f) {
    const hw::MemFoldEntry fold = tables.fold(f);
    formats = formats && (fold.rows == 0 || 8U >> fold.format <= tile.systolic_weight_bits);
    shifts = shifts && fold.shift <= tile.systolic_shift;
  }
  std::size_t longest = 0;
  for (std::size_t b = 0; b < tables.blocks(); ++b)
    longest = std::max(longest, tables.end_vector(b, cluster.size()) - tables.first_vector(b));
  if (!formats)
    list.push_back("has weights of 8 bits, the chip has tile.systolic_weight_bits = " +
                   std::to_string(tile.systolic_weight_bits));
  if (!shifts)
    list.push_back("has folds with larger shifts than tile.systolic_shift = " +
                   std::to_string(tile.systolic_shift));
  if (longest * tile.systolic_pages > tile.systolic_vectors)
    list.push_back("has blocks of " + std::to_string(longest) + " vectors, of which " +
                   std::to_string(tile.systolic_pages) +
                   " pages each do not fit tile.systolic_vectors = " + std::to_string(tile.systolic_vectors));
  neuron::add_mismatches(cluster, tile, list);
  if ((cluster.passes > 1 || cluster.membranes_of) && tile.systolic_pages > 1)
    list.emplace_back("its neurons share membranes; the chip takes several steps in one firing");
  return list;
}

Decoded decode(const Cluster& cluster, const TileConfig&, const RowSink& sink) {
  Decoded result;
  if (sink) {
    const Reader reader(cluster);
    const std::vector<std::vector<Meeting>> meetings = reader.by_chunk();
    std::vector<std::pair<std::uint32_t, std::int64_t>> row;
    for (std::size_t chunk = 0; chunk < meetings.size(); ++chunk)
      for (std::uint32_t left = cluster.chunk_bits[chunk]; left != 0; left &= left - 1) {
        const auto bit = static_cast<std::uint32_t>(std::countr_zero(left));
        reader.read(meetings[chunk], bit, row);
        sink(chunk, bit, row);
      }
  }
  neuron::decode_neurons(cluster, Tables(cluster), result);
  return result;
}

std::vector<RowKind> row_kinds(const Cluster& cluster) {
  const Tables tables(cluster);
  const std::vector<std::vector<Meeting>> meetings = Reader(cluster).by_chunk();
  const std::size_t whole = cluster.size() / tables.columns();  // vectors without a column of no neuron
  std::vector<RowKind> kinds(cluster.page_chunks() * hw::kChunkBits);
  std::map<std::vector<Meeting>, std::uint32_t> known;
  std::vector<Meeting> key;
  for (std::size_t chunk = 0; chunk < meetings.size(); ++chunk)
    for (std::uint32_t left = cluster.chunk_bits[chunk]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(left));
      key.clear();
      for (const Meeting& meeting : meetings[chunk])
        if (bit < meeting.rows) key.push_back(meeting);
      const std::uint32_t first = key.empty() ? 0 : key.front().vector;
      // Of the last vector some columns may count nothing, so a row that meets it is one of its own.
      const bool ends = !key.empty() && key.back().vector >= whole;
      for (Meeting& meeting : key) {
        meeting.vector -= first;
        meeting.rows = 0;
      }
      key.push_back({bit, ends ? 1U : 0U, 0, 0, 0, 0});
      const auto [at, fresh] = known.try_emplace(key, static_cast<std::uint32_t>(known.size()));
      kinds[chunk * hw::kChunkBits + bit] = {at->second, first * tables.columns()};
    }
  return kinds;
}

void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                std::vector<std::pair<std::uint32_t, std::int64_t>>& row) {
  const Reader reader(cluster);
  std::vector<Meeting> meetings;
  reader.each([&](std::uint32_t of, const Meeting& meeting) {
    if (of == chunk) meetings.push_back(meeting);
  });
  std::sort(meetings.begin(), meetings.end());
  reader.read(meetings, bit, row);
}

}  // namespace spikeloom::systolic

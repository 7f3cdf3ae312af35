#include "compiler/core/systolic/build.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/core/neuron/build.hpp"
#include "compiler/core/systolic/blocks.hpp"
#include "compiler/core/systolic/systolic.hpp"
#include "compiler/core/systolic/tables.hpp"

namespace spikeloom::systolic {
namespace {

/// Update entries by chunk of 16 neurons; of pooled spikes by chunk of those that are updated.
std::vector<std::uint32_t> updates_by_chunk(const Tables& tables, std::size_t neurons) {
  std::vector<std::uint32_t> updates((neurons + hw::kChunkBits - 1) / hw::kChunkBits, 0);
  for (std::size_t n = 0; n < tables.updates(); ++n)
    ++updates[tables.update(n).group * tables.lif_lanes() / hw::kChunkBits];
  return updates;
}

/// Puts matrices and folds where blocks that are one another moved find the same entries.
class TableWriter {
 public:
  TableWriter(const Uses& uses, const ArrayShape& shape, CoreTables& tables)
      : uses_(uses), shape_(shape), tables_(tables) {}

  void add(const Block& block, std::uint32_t updates, std::uint32_t lif_group) {
    hw::MemBlockEntry entry;
    entry.folds = static_cast<std::uint32_t>(block.folds.size());
    entry.updates = updates;
    entry.first = lif_group;
    entry.chunk = block.chunk;
    entry.weights = ~0U;
    for (const Fold& fold : block.folds)
      if (fold.matrix) entry.weights = std::min(entry.weights, word_of(uses_.matrices[*fold.matrix]));
    if (entry.weights == ~0U) entry.weights = 0;
    std::vector<std::array<std::uint32_t, hw::MemFoldEntry::kParts>> folds;
    for (const Fold& fold : block.folds) folds.push_back(entry_of(fold, entry.weights).pack());
    const auto [known, fresh] = folds_.try_emplace(std::move(folds), first_fold_);
    if (fresh) {
      for (const auto& parts : known->first)
        tables_.windows[kFoldTable].words.insert(tables_.windows[kFoldTable].words.end(), parts.begin(),
                                                 parts.end());
      first_fold_ += static_cast<std::uint32_t>(block.folds.size());
    }
    entry.fold = known->second;
    neuron::append(tables_, kBlockTable, entry);
  }

 private:
  using Stored = std::pair<std::uint32_t, std::vector<std::int8_t>>;  ///< format and weights

  /// The first word of the matrix, which is written when it is first asked for.
  std::uint32_t word_of(const Matrix& matrix) {
    std::vector<std::uint32_t>& words = tables_.windows[kMatrixWords].words;
    const std::uint32_t parts = tables_.windows[kMatrixWords].parts;
    const auto next = static_cast<std::uint32_t>(words.size()) / parts;
    const auto [known, fresh] = words_.try_emplace(Stored(matrix.format, matrix.weights), next);
    if (!fresh) return known->second;
    words.resize(words.size() + std::size_t{matrix.words(shape_.columns)} * parts, 0);
    const std::uint32_t bits = 8U >> matrix.format;
    std::size_t at = std::size_t{next} * parts * 32;  // rows follow one another without a gap
    for (const std::int8_t weight : matrix.weights) {
      const std::uint32_t raw = bits == 1 ? (weight < 0 ? 1U : 0U) : static_cast<std::uint8_t>(weight);
      words[at / 32] |= (raw & ((1U << bits) - 1U)) << (at % 32);
      at += bits;
    }
    return next;
  }

  hw::MemFoldEntry entry_of(const Fold& fold, std::uint32_t base) {
    const Walk& walk = fold.walk;
    hw::MemFoldEntry entry;
    entry.store = fold.store ? 1 : 0;
    entry.columns = walk.columns - 1;
    entry.lines = walk.lines - 1;
    entry.chunk = walk.first.chunk;
    entry.vector = walk.first.vector;
    const auto modulo = [](std::int64_t step) { return static_cast<std::uint32_t>(step) % kWalkRoom; };
    const auto back = static_cast<std::int64_t>(walk.columns) - 1;
    if (walk.columns > 1) {
      entry.chunk_step = modulo(walk.x.chunk);
      entry.vector_step = modulo(walk.x.vector);
    }
    if (walk.lines > 1) {
      entry.chunk_jump = modulo(walk.y.chunk - back * walk.x.chunk);
      entry.vector_jump = modulo(walk.y.vector - back * walk.x.vector);
    }
    if (!fold.matrix) return entry;
    const Matrix& matrix = uses_.matrices[*fold.matrix];
    entry.weights = word_of(matrix) - base;
    entry.format = matrix.format;
    entry.shift = matrix.shift;
    entry.negate = matrix.negate;
    entry.rows = matrix.rows(shape_.columns);
    return entry;
  }

  const Uses& uses_;
  const ArrayShape& shape_;
  CoreTables& tables_;
  std::map<Stored, std::uint32_t> words_;
  std::map<std::vector<std::array<std::uint32_t, hw::MemFoldEntry::kParts>>, std::uint32_t> folds_;
  std::uint32_t first_fold_ = 0;
};

}  // namespace

ArrayShape shape_of(const TileConfig& tile) {
  return {tile.systolic_columns,     tile.systolic_pages, tile.systolic_vectors,
          tile.systolic_weight_bits, tile.systolic_shift, tile.lif_lanes};
}

CoreTables build(const Cluster& cluster, const IntPopulation& population, const ClusterRows& rows,
                 const TileConfig& tile) {
  CoreTables tables{std::string(kName), {}};
  for (const MemoryWindow& window : core().windows(tile)) tables.windows.push_back({window.parts, {}});
  const std::vector<std::vector<std::uint32_t>> windows = rows.windows();
  neuron::write_neurons(population, cluster, windows, tile.lif_lanes, kNeuronWindows, tables);
  const ArrayShape shape = shape_of(tile);
  const Uses uses = find_uses(rows, cluster.page_chunks(), shape);
  const std::vector<std::uint32_t> updates = updates_by_chunk(Tables(tables), cluster.size());
  const std::vector<std::uint32_t> ends = block_ends(cluster.size(), windows, shape);
  TableWriter writer(uses, shape, tables);
  for (const Block& block : cut_into_blocks(uses, ends, updates, shape)) {
    const std::size_t first = std::size_t{block.first} * shape.columns / hw::kChunkBits;
    const std::size_t end = std::min(
        updates.size(),
        (std::size_t{block.first + block.vectors} * shape.columns + hw::kChunkBits - 1) / hw::kChunkBits);
    std::uint32_t entries = 0;
    for (std::size_t chunk = first; chunk < end; ++chunk) entries += updates[chunk];
    writer.add(block, entries, block.first * (shape.columns / tile.lif_lanes));
  }
  return tables;
}

}  // namespace spikeloom::systolic

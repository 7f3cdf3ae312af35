#include "compiler/core/systolic/systolic.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "compiler/core/neuron/build.hpp"
#include "compiler/core/neuron/capacity.hpp"
#include "compiler/core/systolic/build.hpp"
#include "compiler/core/systolic/capacity.hpp"
#include "compiler/core/systolic/check.hpp"
#include "compiler/core/systolic/step.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::systolic {
namespace {

class Systolic final : public Core {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }

  [[nodiscard]] std::vector<MemoryInfo> memories(const TileConfig& tile) const override {
    return systolic::memories(tile);
  }
  [[nodiscard]] std::vector<Ram> rams(const TileConfig& tile) const override { return systolic::rams(tile); }
  [[nodiscard]] std::vector<std::uint64_t> amounts(const Cluster& cluster) const override {
    return systolic::amounts(cluster);
  }
  [[nodiscard]] std::vector<Need> needs(const Cluster& cluster, const TileConfig& tile) const override {
    return systolic::needs(cluster, tile);
  }
  [[nodiscard]] MostNeurons most_neurons(const IntPopulation& p, const TileConfig& tile) const override {
    return systolic::most_neurons(p, tile);
  }
  [[nodiscard]] std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor,
                                                         const TileConfig& tile) const override {
    return systolic::least_amounts(floor, tile);
  }
  [[nodiscard]] std::uint32_t grain(const TileConfig& tile) const override { return tile.systolic_columns; }
  /// Of one position or another, 16 neurons of a chunk and `columns` of a vector are channels of one
  /// position.
  [[nodiscard]] std::uint32_t channels_together(const TileConfig& tile) const override {
    return std::max(hw::kChunkBits, tile.systolic_columns);
  }
  void number(const IntPopulation& p, const TileConfig& tile,
              std::vector<std::uint32_t>& neurons) const override {
    neuron::number(p, tile.lif_lanes, neurons);
  }
  [[nodiscard]] std::optional<QuantizeLimits> limits(const TileConfig& tile) const override {
    return QuantizeLimits{tile.state_bits,     tile.acc_bits,  tile.bias_bits,
                          tile.systolic_shift, tile.max_scale, weight_formats(tile)};
  }
  [[nodiscard]] std::vector<std::string> problems(const IntNetwork& network, PopulationId id,
                                                  const std::vector<Layer>& layers,
                                                  const TileConfig& tile) const override {
    return systolic::problems(network, id, layers, tile);
  }

  [[nodiscard]] bool pools() const override { return true; }

  [[nodiscard]] std::vector<MemoryWindow> windows(const TileConfig& tile) const override {
    return neuron::windows(tile,
                           {{hw::kMemBlocks, hw::MemBlockEntry::kParts, kBlocks},
                            {hw::kMemFolds, hw::MemFoldEntry::kParts, kFolds}},
                           {hw::kMemMatrices, tile.systolic_columns / 4, kMatrices}, kNeuronMemories);
  }
  [[nodiscard]] WeightStream streams(const TileConfig& tile) const override {
    if (tile.systolic_stream == 0)
      return {std::nullopt, "tile.systolic_stream = 0; a chip with tile.systolic_stream = 1 would do"};
    if (tile.systolic_pages > 1)
      return {std::nullopt, "tile.systolic_pages = " + std::to_string(tile.systolic_pages) +
                                ", and weights are streamed for firings of one step; a chip with "
                                "tile.systolic_pages = 1 would do"};
    return {kMatrixWords, {}};
  }
  [[nodiscard]] CoreTables build(const Cluster& cluster, const IntPopulation& p, const ClusterRows& rows,
                                 const TileConfig& tile) const override {
    return systolic::build(cluster, p, rows, tile);
  }
  [[nodiscard]] CoreTables placed(const Cluster& cluster,
                                  std::span<const std::uint32_t> first) const override;
  [[nodiscard]] device_model::CoreContext registers(const Cluster& cluster,
                                                    std::span<const std::uint32_t> first,
                                                    std::uint32_t first_out) const override {
    return {.tables = {.first_chunk = first[kBlocks], .first_out = first_out},
            .update = {.first = first[kNeuronMemories.updates],
                       .count = static_cast<std::uint32_t>(Tables(cluster).blocks())},
            .state = {.first_word = first[kNeuronMemories.states]}};
  }
  [[nodiscard]] std::vector<std::string> faults(const Cluster& cluster) const override {
    return systolic::faults(cluster);
  }
  [[nodiscard]] std::vector<std::string> mismatches(const Cluster& cluster,
                                                    const TileConfig& tile) const override {
    return systolic::mismatches(cluster, tile);
  }
  [[nodiscard]] Decoded decode(const Cluster& cluster, const TileConfig& tile,
                               const RowSink& sink) const override {
    return systolic::decode(cluster, tile, sink);
  }
  [[nodiscard]] std::vector<RowKind> row_kinds(const Cluster& cluster) const override {
    return systolic::row_kinds(cluster);
  }
  void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                  std::vector<std::pair<std::uint32_t, std::int64_t>>& row) const override {
    systolic::decode_row(cluster, chunk, bit, row);
  }

  [[nodiscard]] std::uint32_t pages_per_firing(const TileConfig& tile) const override {
    return tile.systolic_pages;
  }
  [[nodiscard]] FiringTime fixed(const TileConfig& tile) const override {
    FiringClock clock(1, page_delay(tile), tile.lif_lanes);
    clock.fold(1, 0);
    clock.end_block(1);
    return clock.firing();
  }
  [[nodiscard]] FiringTime least(const Cluster& cluster, const TileConfig& tile) const override {
    return firing(cluster, tile, tile.systolic_pages);
  }
  [[nodiscard]] FiringTime worst(const Cluster& cluster, const TileConfig& tile) const override {
    return firing(cluster, tile, tile.systolic_pages);
  }
  [[nodiscard]] FiringTime time(const Cluster& cluster, const TileConfig& tile,
                                std::span<const std::uint16_t>, std::size_t pages) const override {
    return firing(cluster, tile, pages);
  }
  /// Whatever spikes, a firing takes the same time.
  [[nodiscard]] double expected(const Cluster&, std::span<const double>) const override { return 0; }
  /// The 16 axons of a chunk pass together, whether they spike or not.
  [[nodiscard]] double row_work(double axons, double grains, double) const override {
    return axons * grains / kRows;
  }
  [[nodiscard]] std::int64_t least_chunk(const Cluster&) const override { return 0; }
  [[nodiscard]] bool works_alike(const Cluster& a, const Cluster& b) const override {
    const Tables left(a), right(b);
    if (left.blocks() != right.blocks()) return false;
    for (std::size_t n = 0; n < left.blocks(); ++n) {
      const hw::MemBlockEntry one = left.block(n), other = right.block(n);
      if (one.updates != other.updates || one.folds != other.folds) return false;
      for (std::uint32_t f = 0; f < one.folds; ++f) {
        const hw::MemFoldEntry here = left.fold(one.fold + f), there = right.fold(other.fold + f);
        if (pairs_of(here) != pairs_of(there) ||
            words_read(here.rows, here.format) != words_read(there.rows, there.format))
          return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::unique_ptr<CoreModel> model(const TileConfig& tile,
                                                 device_model::TileMemory& memory) const override {
    return std::make_unique<Model>(tile, memory);
  }
  [[nodiscard]] StateAddress state_at(const TileConfig& tile, NeuronState state,
                                      std::span<const std::uint32_t> first,
                                      std::uint32_t position) const override {
    return neuron::state_at(tile, state, first[kNeuronMemories.states], position);
  }

  [[nodiscard]] Counter counter() const override { return {"words", "weight words"}; }
  [[nodiscard]] std::vector<std::string> describe(const Cluster& cluster) const override;
  [[nodiscard]] std::vector<WiderTile> wider(const TileConfig& tile) const override {
    WiderTile columns{"twice the columns", "tile.systolic_columns", 2 * tile.systolic_columns, tile};
    columns.tile.systolic_columns = columns.value;
    WiderTile vectors{"twice the accumulators", "tile.systolic_vectors", 2 * tile.systolic_vectors, tile};
    vectors.tile.systolic_vectors = vectors.value;
    return {columns, neuron::wider_lif(tile), vectors};
  }
  [[nodiscard]] WeightWords weight_words(const Cluster& cluster,
                                         std::span<const std::uint16_t> elements) const override;

 private:
  static FiringTime firing(const Cluster& cluster, const TileConfig& tile, std::size_t pages) {
    const Tables tables(cluster);
    FiringClock clock(static_cast<std::int64_t>(pages), page_delay(tile), tables.lif_lanes());
    for (std::size_t b = 0; b < tables.blocks(); ++b) {
      const hw::MemBlockEntry block = tables.block(b);
      for (std::uint32_t n = 0; n < block.folds; ++n) {
        const hw::MemFoldEntry fold = tables.fold(block.fold + n);
        clock.fold(pairs_of(fold), words_read(fold.rows, fold.format));
      }
      clock.end_block(block.updates);
    }
    return clock.firing();
  }
};

CoreTables Systolic::placed(const Cluster& cluster, std::span<const std::uint32_t> first) const {
  const Tables tables(cluster);
  CoreTables moved = cluster.tables;
  moved.windows[kBlockTable].words.clear();
  for (std::size_t n = 0; n < tables.blocks(); ++n) {
    hw::MemBlockEntry block = tables.block(n);
    block.fold += first[kFolds];
    block.weights += first[kMatrices];
    neuron::append(moved, kBlockTable, block);
  }
  neuron::place_updates(kNeuronWindows, first[kNeuronMemories.sets], moved);
  return moved;
}

std::vector<std::string> Systolic::describe(const Cluster& cluster) const {
  const Tables tables(cluster);
  const auto number = [](auto n) { return std::to_string(n); };
  std::size_t folds = 0;  // of a firing
  std::int64_t pairs = 0;
  for (std::size_t b = 0; b < tables.blocks(); ++b) {
    const hw::MemBlockEntry block = tables.block(b);
    folds += block.folds;
    for (std::uint32_t n = 0; n < block.folds; ++n) pairs += pairs_of(tables.fold(block.fold + n));
  }
  const TileConfig any;
  const auto cycles = [&](std::size_t pages) {
    return firing(cluster, any, pages).total() - fixed(any).total();
  };
  return {"tables: " + number(tables.blocks()) + " blocks, " + number(tables.folds()) + " fold entries, " +
              number(tables.words()) + " weight words, " + number(tables.updates()) + " update entries, " +
              number(tables.sets()) + " parameter sets, " + number(tables.lif_groups()) + " LIF groups, " +
              number(cluster.page_chunks()) + " page chunks, " + number(cluster.out_entries) +
              " output entries",
          "work: " + number(folds) + " folds of " + number(pairs) + " pairs together, " + number(cycles(1)) +
              " cycles a firing of one page and " + number(cycles(8)) + " cycles of 8"};
}

WeightWords Systolic::weight_words(const Cluster& cluster, std::span<const std::uint16_t> elements) const {
  const Tables tables(cluster);
  WeightWords result{tables.words(), 0, tables.columns()};
  std::array<std::uint64_t, 4> rows{};  // by format
  for (std::size_t b = 0; b < tables.blocks(); ++b) {
    const hw::MemBlockEntry block = tables.block(b);
    for (std::uint32_t n = 0; n < block.folds; ++n) {
      const hw::MemFoldEntry fold = tables.fold(block.fold + n);
      const std::uint32_t used = tables.used_rows(block.weights, fold);
      for_pairs(fold, [&](std::uint32_t chunk, std::uint32_t) {
        const std::uint32_t own = used & (fold.rows == 0 ? 0U : elements[(block.chunk + chunk) % kWalkRoom]);
        rows[fold.format] += static_cast<std::uint64_t>(std::popcount(own));
      });
    }
  }
  for (std::uint32_t format = 0; format < 4; ++format)
    result.unrolled += (rows[format] + (1U << format) - 1) >> format;
  return result;
}

}  // namespace

const Core& core() {
  static const Systolic kSystolic;
  return kSystolic;
}

}  // namespace spikeloom::systolic

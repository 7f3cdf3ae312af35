#include "compiler/core/crossbar/crossbar.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "compiler/core/crossbar/build.hpp"
#include "compiler/core/crossbar/capacity.hpp"
#include "compiler/core/crossbar/check.hpp"
#include "compiler/core/crossbar/step.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/crossbar/timing.hpp"
#include "compiler/core/neuron/build.hpp"
#include "compiler/core/neuron/capacity.hpp"

namespace spikeloom::crossbar {
namespace {

/// Calls row(chunk entry, bit) for every set bit of the mask.
template <class F>
void for_rows(const hw::MemChunkEntry& chunk, std::uint32_t mask, F&& row) {
  for (; mask != 0; mask &= mask - 1) row(chunk, static_cast<std::uint32_t>(std::countr_zero(mask)));
}

/// Cycles of the chunk's rows together.
std::int64_t rows_cycles(const Tables& tables, std::size_t chunk, std::uint32_t mask) {
  const hw::MemChunkEntry own = tables.chunk(chunk);
  if (own.value != 0) return row_cycles(words_of(own));
  std::int64_t cycles = 0;
  for_rows(own, mask, [&](const hw::MemChunkEntry& entry, std::uint32_t bit) {
    cycles += row_cycles(tables.row_words(entry, bit));
  });
  return cycles;
}

/// How likely it is that some of these bits is set, each of which is by itself.
double some_bit(std::span<const double> spikes) {
  double none = 1;
  for (const double spike : spikes) none *= 1 - std::clamp(spike, 0.0, 1.0);
  return 1 - none;
}

class Crossbar final : public Core {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }

  [[nodiscard]] std::vector<MemoryInfo> memories(const TileConfig& tile) const override {
    return crossbar::memories(tile);
  }
  [[nodiscard]] std::vector<Ram> rams(const TileConfig& tile) const override { return crossbar::rams(tile); }
  [[nodiscard]] std::vector<std::uint64_t> amounts(const Cluster& cluster,
                                                   const TileConfig& tile) const override {
    return crossbar::amounts(cluster, tile);
  }
  [[nodiscard]] std::vector<Need> needs(const Cluster& cluster, const TileConfig& tile) const override {
    return crossbar::needs(cluster, tile);
  }
  [[nodiscard]] bool pools() const override { return true; }
  [[nodiscard]] MostNeurons most_neurons(const IntPopulation& p, const TileConfig& tile) const override {
    return crossbar::most_neurons(p, tile);
  }
  [[nodiscard]] std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor,
                                                         const TileConfig& tile) const override {
    return crossbar::least_amounts(floor, tile);
  }
  [[nodiscard]] std::uint32_t grain(const TileConfig& tile) const override { return tile.lanes; }
  void number(const IntPopulation& p, const TileConfig& tile,
              std::vector<std::uint32_t>& neurons) const override {
    neuron::number(p, tile.lif_lanes, neurons);
  }
  [[nodiscard]] std::optional<QuantizeLimits> limits(const TileConfig& tile) const override {
    return QuantizeLimits{tile.state_bits, tile.acc_bits,  tile.bias_bits,
                          tile.max_shift,  tile.max_scale, tile.weight_bits};
  }
  [[nodiscard]] std::vector<std::string> problems(const IntNetwork& network, PopulationId id,
                                                  const std::vector<Layer>& layers,
                                                  const TileConfig& tile) const override {
    return crossbar::problems(network, id, layers, tile);
  }

  [[nodiscard]] bool splits_sums(const TileConfig& tile) const override {
    return tile.sums != 0 && tile.readout != 0;
  }

  [[nodiscard]] std::vector<MemoryWindow> windows(const TileConfig& tile) const override {
    return neuron::windows(tile,
                           {{hw::kMemChunks, hw::MemChunkEntry::kParts, kChunks},
                            {hw::kMemAxons, hw::MemAxonEntry::kParts, kAxons}},
                           {hw::kMemWeights, tile.lanes / 4, kWeights}, kNeuronMemories);
  }
  [[nodiscard]] CoreTables build(const Cluster& cluster, const IntPopulation& p, const ClusterRows& rows,
                                 const TileConfig& tile) const override {
    return crossbar::build(cluster, p, rows, tile);
  }
  [[nodiscard]] CoreTables placed(const Cluster& cluster,
                                  std::span<const std::uint32_t> first) const override;
  [[nodiscard]] device_model::CoreContext registers(const Cluster& cluster,
                                                    std::span<const std::uint32_t> first,
                                                    std::uint32_t first_out) const override {
    return {.tables = {.first_chunk = first[kChunks], .first_out = first_out},
            .update = {.first = first[kNeuronMemories.updates],
                       .count = static_cast<std::uint32_t>(Tables(cluster).updates())},
            .state = {.first_word = first[kNeuronMemories.states],
                      .first_bias = neuron::first_bias(kNeuronMemories, first)}};
  }
  [[nodiscard]] std::vector<std::string> faults(const Cluster& cluster) const override {
    return crossbar::faults(cluster);
  }
  [[nodiscard]] std::vector<std::string> mismatches(const Cluster& cluster,
                                                    const TileConfig& tile) const override {
    return crossbar::mismatches(cluster, tile);
  }
  [[nodiscard]] Decoded decode(const Cluster& cluster, const TileConfig& tile,
                               const RowSink& sink) const override {
    return crossbar::decode(cluster, tile, sink);
  }
  [[nodiscard]] std::vector<RowKind> row_kinds(const Cluster& cluster) const override {
    return crossbar::row_kinds(cluster);
  }
  void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                  std::vector<std::pair<std::uint32_t, std::int64_t>>& row) const override {
    crossbar::decode_row(cluster, chunk, bit, row);
  }

  [[nodiscard]] std::uint32_t pages_per_firing(const TileConfig&) const override { return 1; }
  [[nodiscard]] FiringTime fixed(const TileConfig& tile) const override { return firing_time(tile, 0, 0); }
  [[nodiscard]] FiringTime least(const Cluster& cluster, const TileConfig& tile) const override {
    return firing_time(tile, 0, Tables(cluster).updates());
  }
  [[nodiscard]] FiringTime worst(const Cluster& cluster, const TileConfig& tile) const override {
    return walked(cluster, tile, cluster.chunk_bits, Valid::kAll);
  }
  /// A firing has one page.
  [[nodiscard]] FiringTime time(const Cluster& cluster, const TileConfig& tile,
                                std::span<const std::uint16_t> masks, std::size_t) const override {
    return walked(cluster, tile, masks, Valid::kNotZero);
  }
  [[nodiscard]] double expected(const Cluster& cluster, std::span<const double> spikes) const override {
    const Tables tables(cluster);
    double cycles = 0;
    for (std::size_t c = 0; c < tables.chunks(); ++c) {
      if (tables.chunk(c).value != 0) {
        cycles += some_bit(spikes.subspan(hw::kChunkBits * c, hw::kChunkBits)) *
                  static_cast<double>(rows_cycles(tables, c, 1));
        continue;
      }
      for_rows(tables.chunk(c), cluster.chunk_bits[c],
               [&](const hw::MemChunkEntry& entry, std::uint32_t bit) {
                 cycles += spikes[hw::kChunkBits * c + bit] *
                           static_cast<double>(row_cycles(tables.row_words(entry, bit)));
               });
    }
    return cycles;
  }
  [[nodiscard]] std::int64_t least_chunk(const Cluster& cluster) const override {
    const Tables tables(cluster);
    std::int64_t least = 0;
    for (std::size_t c = 0; c < tables.chunks(); ++c)
      for_rows(tables.chunk(c), cluster.chunk_bits[c],
               [&](const hw::MemChunkEntry& entry, std::uint32_t bit) {
                 const std::int64_t cycles = chunk_cycles(row_cycles(tables.row_words(entry, bit)));
                 least = least == 0 ? cycles : std::min(least, cycles);
               });
    return least;
  }
  [[nodiscard]] bool works_alike(const Cluster& a, const Cluster& b) const override {
    const Tables left(a), right(b);
    if (left.updates() != right.updates()) return false;
    bool alike = true;
    for (std::size_t c = 0; c < left.chunks() && alike; ++c) {
      const hw::MemChunkEntry other = right.chunk(c);
      alike = left.chunk(c).value == other.value;
      for_rows(left.chunk(c), a.chunk_bits[c], [&](const hw::MemChunkEntry& entry, std::uint32_t bit) {
        alike = alike && row_cycles(left.row_words(entry, bit)) == row_cycles(right.row_words(other, bit));
      });
    }
    return alike;
  }

  [[nodiscard]] std::unique_ptr<CoreModel> model(const TileConfig& tile,
                                                 device_model::TileMemory& memory) const override {
    return std::make_unique<Model>(tile, memory);
  }
  [[nodiscard]] StateAddress state_at(const Cluster& cluster, const TileConfig& tile, NeuronState state,
                                      std::span<const std::uint32_t> first,
                                      std::uint32_t position) const override {
    return neuron::state_at(cluster, tile, state, first[kNeuronMemories.states], position);
  }

  [[nodiscard]] Counter counter() const override { return {"words", "weight words"}; }
  [[nodiscard]] std::vector<std::string> describe(const Cluster& cluster) const override;
  [[nodiscard]] std::vector<WiderTile> wider(const TileConfig& tile) const override {
    WiderTile lanes{"twice the lanes", "tile.lanes", 2 * tile.lanes, tile};
    lanes.tile.lanes = lanes.value;
    return {lanes, neuron::wider_lif(tile)};
  }
  [[nodiscard]] WeightWords weight_words(const Cluster& cluster,
                                         std::span<const std::uint16_t> elements) const override;

 private:
  enum class Valid : std::uint8_t { kAll, kNotZero };

  static FiringTime walked(const Cluster& cluster, const TileConfig& tile,
                           std::span<const std::uint16_t> page, Valid valid) {
    const Tables tables(cluster);
    std::int64_t walk = 0;
    for (std::size_t c = 0; c < page.size(); ++c)
      if (valid == Valid::kAll || page[c] != 0) walk += chunk_cycles(rows_cycles(tables, c, page[c]));
    return firing_time(tile, walk, tables.updates());
  }
};

CoreTables Crossbar::placed(const Cluster& cluster, std::span<const std::uint32_t> first) const {
  const Tables tables(cluster);
  CoreTables moved = cluster.tables;
  for (const WindowIndex window : {kChunkTable, kAxonTable}) moved.windows[window].words.clear();
  const auto move_row = [&](auto& row) {
    if (row.words != 0) row.first += first[kWeights] << row.format;
  };
  for (std::size_t n = 0; n < tables.chunks(); ++n) {
    hw::MemChunkEntry entry = tables.chunk(n);
    if (entry.per_axon != 0)
      entry.first += first[kAxons];
    else if (entry.value == 0)
      move_row(entry);
    append(moved, kChunkTable, entry);
  }
  for (std::size_t n = 0; n < tables.axons(); ++n) {
    hw::MemAxonEntry entry = tables.axon(n);
    move_row(entry);
    append(moved, kAxonTable, entry);
  }
  neuron::place_updates(kNeuronWindows, first[kNeuronMemories.sets], moved);
  return moved;
}

std::vector<std::string> Crossbar::describe(const Cluster& cluster) const {
  const Tables tables(cluster);
  std::size_t per_axon = 0, values = 0;
  for (std::size_t c = 0; c < tables.chunks(); ++c) {
    per_axon += tables.chunk(c).per_axon;
    values += tables.chunk(c).value;
  }
  const auto number = [](auto n) { return std::to_string(n); };
  const std::size_t groups = (cluster.size() + tables.lanes() - 1) / tables.lanes();
  return {"tables: " + number(groups) + " lane groups, " + number(tables.lif_groups()) + " LIF groups" +
              (cluster.passes > 1 ? " on " + number(tables.state_words()) + " words of state" : "") + ", " +
              number(tables.chunks()) + " page chunks (" + number(per_axon) + " per axon" +
              (values != 0 ? ", " + number(values) + " of halves of numbers" : "") + "), " +
              number(tables.axons()) + " axon entries, " + number(tables.weight_words()) + " weight words, " +
              number(tables.updates()) + " update entries, " + number(tables.sets()) + " parameter sets, " +
              number(cluster.out_entries) + " output entries",
          "work: integration at most " + number(worst(cluster, {}).integrate - kIntegrate) +
              " cycles, update " + number(tables.updates()) + " cycles"};
}

WeightWords Crossbar::weight_words(const Cluster& cluster, std::span<const std::uint16_t> elements) const {
  const Tables tables(cluster);
  WeightWords result{tables.weight_words(), 0, tables.lanes()};
  std::array<std::uint64_t, 4> logical{};
  for (std::size_t c = 0; c < tables.chunks(); ++c)
    for_rows(tables.chunk(c), elements[c], [&](const hw::MemChunkEntry& entry, std::uint32_t bit) {
      const hw::MemAxonEntry row = tables.row(entry, bit);
      if (entry.value == 0) logical[row.format] += words_of(row);
    });
  for (std::uint32_t format = 0; format < 4; ++format)
    result.unrolled += (logical[format] + (1U << format) - 1) >> format;
  return result;
}

}  // namespace

const Core& core() {
  static const Crossbar kCrossbar;
  return kCrossbar;
}

}  // namespace spikeloom::crossbar

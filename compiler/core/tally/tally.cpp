#include "compiler/core/tally/tally.hpp"

#include <algorithm>
#include <array>

#include "compiler/core/tally/build.hpp"
#include "compiler/core/tally/check.hpp"
#include "compiler/core/tally/step.hpp"
#include "compiler/core/tally/tables.hpp"
#include "compiler/core/tally/timing.hpp"

namespace spikeloom::tally {
namespace {

class Tally final : public Core {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }

  [[nodiscard]] std::vector<MemoryInfo> memories(const TileConfig& tile) const override {
    return {{"votes", "vote word", "tile.tally_votes", tile.tally_votes},
            {"groups", "group", "tile.tally_groups", tile.tally_groups}};
  }
  [[nodiscard]] std::vector<Ram> rams(const TileConfig& tile) const override {
    const std::uint64_t lanes = tile.tally_lanes, state = tile.state_bits;
    return {{"votes", lanes * 32, tile.tally_votes, 32},
            {"neurons, low", lanes * (state + 8), tile.tally_groups, state + 8},
            {"neurons, high", lanes * (state + 1), tile.tally_groups, state + 1},
            {"levels", lanes * state, tile.tally_groups, state}};
  }
  [[nodiscard]] std::vector<std::uint64_t> amounts(const Cluster& cluster, const TileConfig&) const override {
    const Tables tables(cluster);
    return {tables.vote_words(), tables.groups()};
  }
  [[nodiscard]] std::vector<Need> needs(const Cluster& cluster, const TileConfig& tile) const override {
    std::vector<Need> list;
    const std::vector<MemoryInfo> all = memories(tile);
    const std::vector<std::uint64_t> taken = amounts(cluster, tile);
    for (std::size_t m = 0; m < all.size(); ++m)
      list.push_back({std::string(all[m].key), taken[m], all[m].capacity, Need::Growth::kWithNeurons});
    return list;
  }
  [[nodiscard]] MostNeurons most_neurons(const IntPopulation&, const TileConfig& tile) const override {
    return {std::uint64_t{tile.tally_groups} * tile.tally_lanes, "tile.tally_groups"};
  }
  [[nodiscard]] std::vector<std::uint64_t> least_amounts(const PopulationFloor& floor,
                                                         const TileConfig& tile) const override {
    return {floor.page_chunks, (floor.neurons + tile.tally_lanes - 1) / tile.tally_lanes};
  }
  [[nodiscard]] std::uint32_t grain(const TileConfig& tile) const override { return tile.tally_lanes; }
  /// No order is better than another.
  void number(const IntPopulation&, const TileConfig&, std::vector<std::uint32_t>&) const override {}
  /// Weights of one size and no decay are what a network has, not what rounding makes of it.
  [[nodiscard]] std::optional<QuantizeLimits> limits(const TileConfig&) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> problems(const IntNetwork& network, PopulationId population,
                                                  const std::vector<Layer>& layers,
                                                  const TileConfig& tile) const override {
    return tally::problems(network, population, layers, tile);
  }

  [[nodiscard]] std::vector<MemoryWindow> windows(const TileConfig& tile) const override {
    return {{hw::kMemVotes, tile.tally_lanes, kVotes},
            {hw::kMemNeurons, tile.tally_lanes * hw::MemNeuronEntry::kParts, kGroups},
            {hw::kMemLevels, tile.tally_lanes, kGroups, MemoryWindow::Content::kState}};
  }
  [[nodiscard]] CoreTables build(const Cluster& cluster, const IntPopulation& p, const ClusterRows& rows,
                                 const TileConfig& tile) const override {
    return tally::build(cluster, p, rows, tile);
  }
  /// The words hold no addresses.
  [[nodiscard]] CoreTables placed(const Cluster& cluster, std::span<const std::uint32_t>) const override {
    return cluster.tables;
  }
  [[nodiscard]] device_model::CoreContext registers(const Cluster& cluster,
                                                    std::span<const std::uint32_t> first,
                                                    std::uint32_t first_out) const override {
    return {.tables = {.first_chunk = first[kVotes], .first_out = first_out},
            .update = {.first = static_cast<std::uint32_t>(cluster.page_chunks()),
                       .count = static_cast<std::uint32_t>(cluster.size())},
            .state = {.first_word = first[kGroups]}};
  }
  [[nodiscard]] std::vector<std::string> faults(const Cluster& cluster) const override {
    return tally::faults(cluster);
  }
  [[nodiscard]] std::vector<std::string> mismatches(const Cluster& cluster,
                                                    const TileConfig& tile) const override {
    return tally::mismatches(cluster, tile);
  }
  [[nodiscard]] Decoded decode(const Cluster& cluster, const TileConfig&,
                               const RowSink& sink) const override {
    return tally::decode(cluster, sink);
  }
  [[nodiscard]] std::vector<RowKind> row_kinds(const Cluster& cluster) const override {
    return tally::row_kinds(cluster);
  }
  void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                  std::vector<std::pair<std::uint32_t, std::int64_t>>& row) const override {
    tally::decode_row(cluster, chunk, bit, row);
  }

  [[nodiscard]] std::uint32_t pages_per_firing(const TileConfig&) const override {
    return hw::kFiringPagesTally;
  }
  [[nodiscard]] FiringTime fixed(const TileConfig& tile) const override { return firing_time(tile, 1, 0); }
  [[nodiscard]] FiringTime least(const Cluster& cluster, const TileConfig& tile) const override {
    return full_firing(cluster, tile, 0);
  }
  [[nodiscard]] FiringTime worst(const Cluster& cluster, const TileConfig& tile) const override {
    return full_firing(cluster, tile, valid(cluster.chunk_bits));
  }
  [[nodiscard]] FiringTime time(const Cluster& cluster, const TileConfig& tile,
                                std::span<const std::uint16_t> masks, std::size_t pages) const override {
    return firing_time(tile, pages,
                       page_work(groups(cluster), 0) * static_cast<std::int64_t>(pages) +
                           chunk_work(cluster) * static_cast<std::int64_t>(valid(masks)));
  }
  [[nodiscard]] double expected(const Cluster& cluster, std::span<const double> spikes) const override {
    double chunks = 0;  // with a spike, of one page
    for (std::size_t c = 0; c < cluster.page_chunks(); ++c) {
      double silent = 1;
      for (const double spike : spikes.subspan(c * hw::kChunkBits, hw::kChunkBits))
        silent *= 1 - std::clamp(spike, 0.0, 1.0);
      chunks += 1 - silent;
    }
    return hw::kFiringPagesTally * chunks * static_cast<double>(chunk_work(cluster));
  }
  [[nodiscard]] std::int64_t least_chunk(const Cluster& cluster) const override {
    return valid(cluster.chunk_bits) == 0 ? 0 : chunk_work(cluster);
  }
  [[nodiscard]] bool works_alike(const Cluster& a, const Cluster& b) const override {
    return groups(a) == groups(b);
  }

  [[nodiscard]] std::unique_ptr<CoreModel> model(const TileConfig& tile,
                                                 device_model::TileMemory& memory) const override {
    return std::make_unique<Model>(tile, memory);
  }
  /// There is no current: its place shows the potential.
  [[nodiscard]] StateAddress state_at(const Cluster&, const TileConfig& tile, NeuronState,
                                      std::span<const std::uint32_t> first,
                                      std::uint32_t position) const override {
    return {hw::kMemLevels, first[kGroups] + position / tile.tally_lanes, position % tile.tally_lanes};
  }

  [[nodiscard]] Counter counter() const override { return {"votes", "vote words"}; }
  [[nodiscard]] std::vector<std::string> describe(const Cluster& cluster) const override {
    const Tables tables(cluster);
    const auto number = [](auto n) { return std::to_string(n); };
    return {"tables: " + number(tables.groups()) + " groups, " + number(tables.chunks()) + " page chunks, " +
                number(tables.vote_words()) + " vote words, " + number(cluster.out_entries) +
                " output entries",
            "work: " + number(chunk_work(cluster)) + " cycles a chunk, at most " +
                number(full_firing(cluster, {}, valid(cluster.chunk_bits)).total()) + " cycles a firing of " +
                number(hw::kFiringPagesTally) + " pages"};
  }
  [[nodiscard]] std::vector<WiderTile> wider(const TileConfig& tile) const override {
    WiderTile lanes{"twice the lanes", "tile.tally_lanes", 2 * tile.tally_lanes, tile};
    lanes.tile.tally_lanes = lanes.value;
    return {lanes};
  }
  /// Nothing is shared: a neuron has a vote entry of every axon.
  [[nodiscard]] WeightWords weight_words(const Cluster& cluster,
                                         std::span<const std::uint16_t>) const override {
    const Tables tables(cluster);
    return {tables.vote_words(), tables.vote_words(), std::uint64_t{tables.lanes()} * hw::kChunkBits};
  }

 private:
  static std::size_t groups(const Cluster& cluster) { return Tables(cluster).groups(); }
  /// Cycles that a valid chunk costs.
  static std::int64_t chunk_work(const Cluster& cluster) {
    return page_work(groups(cluster), 1) - page_work(groups(cluster), 0);
  }
  static std::size_t valid(std::span<const std::uint16_t> page) {
    return static_cast<std::size_t>(
        std::count_if(page.begin(), page.end(), [](std::uint16_t mask) { return mask != 0; }));
  }
  /// All pages with so many valid chunks.
  static FiringTime full_firing(const Cluster& cluster, const TileConfig& tile, std::size_t valid_chunks) {
    return firing_time(tile, hw::kFiringPagesTally,
                       hw::kFiringPagesTally * page_work(groups(cluster), valid_chunks));
  }
};

}  // namespace

const Core& core() {
  static const Tally kTally;
  return kTally;
}

}  // namespace spikeloom::tally

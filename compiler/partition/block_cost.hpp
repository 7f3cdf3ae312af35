// What a way of cutting a feature map into blocks costs, counted from the rows without building a table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/scenes.hpp"

namespace spikeloom {

/// What is estimated of a cut of one population; lower is better in each.
struct BlockCost {
  double words = 0;   ///< of weights, all blocks together: different ones of each
  double flits = 0;   ///< expected a step, to every block that reads some of a chunk; without activity all
  double cycles = 0;  ///< of the busiest block in the worst step
  double steady = 0;  ///< of the busiest block in the expected step; without activity the mean of some scenes
  std::vector<std::uint64_t> words_of{};  ///< by block: of `words`

  /// To compare cuts into `blocks` blocks: weight words × cycles of all blocks if each were the busiest.
  /// Flits, of which each takes `flit_cycles`, come for the next step meanwhile; the shorter of the two
  /// counts a little.
  [[nodiscard]] double price(std::uint32_t blocks, double flit_cycles) const {
    constexpr double kHidden = 1.0 / 8;
    const auto [less, more] = std::minmax({blocks * steady, flit_cycles * flits});
    return words * (more + kHidden * less);
  }
};

/// Prices cuts of one population that is a feature map, on such tiles; a lane group is a grain of their core.
///
/// Method  Rows of one place (RowPlaces) lie alike in the blocks, so how they do is found once a place; what
///         a weight word holds, and whether it is all zeros, once for each different word.
/// Cost    of a cut: rows × blocks that they reach, places × entries of a row, and weights; not synapses.
class BlockPricer {
 public:
  /// `sources`: how the other populations are cut. All references outlive this.
  BlockPricer(const IntNetwork&, const std::vector<Layer>& layers, PopulationId, const TileKind&,
              const Skeleton& sources, const std::optional<Traffic>& activity);

  /// `pooling`: what the blocks send instead of their own spikes. Where that leaves gaps (`pooled_order`) the
  /// updates count too, which are the same of all other cuts.
  [[nodiscard]] BlockCost cost(const Grid&, const std::optional<Pooling>& pooling = std::nullopt);
  /// Of the tile's memories, how many a block that stores so many different words (`words_of`) certainly
  /// exceeds, however its tables are packed.
  [[nodiscard]] std::size_t exceeded_by(std::uint64_t words) const;
  /// Entries of rows, rows in blocks and weights that were looked at so far: what the work grows with.
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  /// How many axons of a layer's source, and their spikes a step.
  struct Spikes {
    double axons = 0;
    Scenes rate{};  ///< data are one scene, the first

    void add(const Spikes& more, double times);
  };
  /// Of one layer. Weights are counted from a row's first one, of a sparse form from 0.
  struct Rows {
    const Layer* layer = nullptr;
    RowPlaces places;
    std::vector<std::uint32_t> example;            ///< by place: a source
    std::vector<std::uint32_t> first_of;           ///< by source: number of its row's first weight
    std::vector<std::size_t> first_weight;         ///< by number
    std::vector<std::vector<std::uint64_t>> word;  ///< by word form and first weight; see kUnknown
    std::vector<Spikes> before;                    ///< by axon of all sources: what those before it spike
  };
  /// How a word's lanes are filled: weight and lane by turns. Of all layers and cuts.
  using WordForm = std::vector<std::uint32_t>;
  /// What a row of some place is in one block.
  struct Part {
    std::uint32_t block = 0, layout = 0;
  };
  struct Blocks;

  [[nodiscard]] Rows rows_of(const Layer& layer) const;
  [[nodiscard]] std::uint64_t content(Rows& rows, std::uint32_t form, std::uint32_t first);
  [[nodiscard]] std::vector<std::vector<Part>> parts_of_places(const Rows& rows, Blocks& blocks);
  void add(Rows& rows, Blocks& blocks);
  void pay_for_silent_rows(const Rows& rows, Blocks& blocks) const;
  /// Of all planes of an element.
  [[nodiscard]] Spikes spikes(const Source& from, std::uint32_t element) const;
  /// Cluster of the skeleton, or behind them the host.
  [[nodiscard]] std::size_t source_of(const Source& from, std::uint32_t element) const;
  /// Calls found(axon, rate) for the element's axons, those of all sources numbered through.
  template <class Found>
  void each_axon(const Source& from, std::uint32_t element, const Found& found) const;

  /// Cycles of axons with weights to so many lane groups each, in the worst step and in each scene.
  void work(const Spikes& axons, double groups, std::size_t block, Blocks& blocks) const;

  const IntNetwork& network_;
  const TileKind& kind_;
  const Core& core_;
  const Shape& shape_;
  MapExtent map_;
  std::uint32_t lanes_;
  const Skeleton& sources_;
  const std::optional<Traffic>& activity_;
  std::vector<std::uint32_t> by_position_;  ///< neurons
  std::vector<std::size_t> first_chunk_;    ///< by cluster of the skeleton; the host's behind them
  std::size_t chunks_ = 0;
  std::vector<Rows> rows_;
  std::map<WordForm, std::uint32_t> number_;  ///< of word forms
  std::vector<const WordForm*> form_;         ///< by number
  std::uint64_t looks_ = 0;
};

}  // namespace spikeloom

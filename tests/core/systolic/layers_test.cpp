// What whole layers cost on one array: the RTL fires them, and its cycles stand beside those of an ideal
// array, the sum over folds of max(16 rows, vectors). The tables are written here, tap by tap, as a compiler
// would. Its lines `layer: ...` are docs/systolic.md's table.
#include <algorithm>
#include <cstdio>
#include <string>

#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/systolic/tables.hpp"
#include "systolic_layers_shapes.hpp"
#include "tests/core/rtl_bench.hpp"

namespace spikeloom::test {
namespace {

/// Channels of `from` maps onto channels of `to` maps, numbered [group of 16][row][column][channel]; a dense
/// layer is one of 1 × 1 maps.
struct Layer {
  std::string name;
  std::uint32_t from, to, height, width, kernel, padding;
  std::uint32_t format;
};

class Tables {
 public:
  Tables(const Layer& layer, const TileConfig& tile, std::uint64_t seed)
      : layer_(layer), tile_(tile), rng_(seed) {
    const Core& core = *find_core("systolic");
    cluster.tables.core = "systolic";
    for (const MemoryWindow& window : core.windows(tile))
      cluster.tables.windows.push_back({window.parts, {}});
    cluster.chunk_bits.assign(layer.from / 16 * layer.height * layer.width, 0xffff);
    high_ = layer.height + 2 * layer.padding - layer.kernel + 1;
    wide_ = layer.width + 2 * layer.padding - layer.kernel + 1;
    cluster.neurons.resize(layer.to * high_ * wide_);
    const std::uint32_t per_position = 16 / tile.systolic_columns;
    const std::uint32_t room = tile.systolic_vectors / tile.systolic_pages / per_position / wide_;
    const std::uint32_t lines = std::min(high_, room);
    if (high_ == 1 && wide_ == 1) {
      dense(tile.systolic_vectors / tile.systolic_pages);
    } else {
      for (std::uint32_t group = 0; group < layer.to / 16; ++group)
        for (std::uint32_t line = 0; line < high_; line += lines)
          convolution(group, line, std::min(high_, line + lines));
    }
    auto& words = cluster.tables.windows[systolic::kMatrixWords].words;
    words.resize(std::size_t{words_} * tile.systolic_columns / 4);
    for (auto& word : words) word = static_cast<std::uint32_t>(rng_.next());
    append(systolic::kNeuronWindows.sets, hw::MemSetEntry{.alpha = 0,
                                                          .beta = 3900,
                                                          .theta = layer.format == hw::kFormatW8 ? 300U : 20U,
                                                          .v_reset = 0,
                                                          .bias_v = 0,
                                                          .scale = 0,
                                                          .subtract = 1});
    cluster.tables.windows[systolic::kNeuronWindows.biases].words.resize(std::size_t{cluster.neurons.size()});
  }

  Cluster cluster;
  /// Of the folds: what an ideal array takes for n pages, and vectors.
  [[nodiscard]] std::int64_t ideal(std::int64_t pages) const {
    std::int64_t sum = 0;
    for_folds([&](const hw::MemFoldEntry& fold) {
      sum += std::max<std::int64_t>(16, pages * systolic::pairs_of(fold));
    });
    return sum;
  }
  [[nodiscard]] std::int64_t vectors(std::int64_t pages) const {
    std::int64_t sum = 0;
    for_folds([&](const hw::MemFoldEntry& fold) { sum += pages * systolic::pairs_of(fold); });
    return sum;
  }

 private:
  template <class Entry>
  void append(std::uint32_t window, const Entry& entry) {
    for (const std::uint32_t part : entry.pack()) cluster.tables.windows[window].words.push_back(part);
  }
  template <class F>
  void for_folds(F&& visit) const {
    const systolic::Tables tables(cluster);
    for (std::size_t b = 0; b < tables.blocks(); ++b)
      for (std::uint32_t f = 0; f < tables.block(b).folds; ++f) visit(tables.fold(tables.block(b).fold + f));
  }
  [[nodiscard]] std::uint32_t matrix_words() const { return 16U >> layer_.format; }

  void end_block(hw::MemBlockEntry& block, std::uint32_t vectors) {
    const std::uint32_t per_chunk = 16 / tile_.lif_lanes;
    block.first = next_group_;
    block.updates = vectors * tile_.systolic_columns / tile_.lif_lanes;
    for (std::uint32_t n = 0; n < block.updates; ++n, ++next_group_)
      append(systolic::kNeuronWindows.updates,
             hw::MemUpdateEntry{.group = next_group_,
                                .set = 0,
                                .emit = next_group_ % per_chunk + 1 == per_chunk,
                                .half = 0,
                                .lane = 0,
                                .mask = (1U << tile_.lif_lanes) - 1});
    append(systolic::kBlockTable, block);
  }

  /// Rows `from` to `to` of one group's maps. The centre tap of the first channels comes first and stores.
  void convolution(std::uint32_t group, std::uint32_t from, std::uint32_t to) {
    const std::uint32_t parts = 16 / tile_.systolic_columns, k = layer_.kernel;
    hw::MemBlockEntry block;
    block.fold = next_fold_;
    block.weights = group * layer_.from / 16 * k * k * parts * matrix_words();
    std::uint32_t word = 0;
    for (std::uint32_t source = 0; source < layer_.from / 16; ++source)
      for (std::uint32_t tap = 0; tap < k * k; ++tap)
        for (std::uint32_t part = 0; part < parts; ++part) {
          const std::uint32_t at = (tap + k * k / 2) % (k * k);
          const std::uint32_t ky = at / k, kx = at % k;
          const auto in_row = [&](std::uint32_t y) { return y + ky - layer_.padding; };
          std::uint32_t top = from, bottom = to, left = 0, right = wide_;
          while (in_row(top) >= layer_.height) ++top;
          while (in_row(bottom - 1) >= layer_.height) --bottom;
          while (left + kx - layer_.padding >= layer_.width) ++left;
          while (right - 1 + kx - layer_.padding >= layer_.width) --right;
          hw::MemFoldEntry fold;
          fold.format = layer_.format;
          fold.weights = word;
          fold.rows = 16;
          fold.store = source == 0 && tap == 0;
          fold.columns = right - left - 1;
          fold.lines = bottom - top - 1;
          fold.chunk = (source * layer_.height + in_row(top)) * layer_.width + left + kx - layer_.padding;
          fold.chunk_step = fold.columns != 0 ? 1 : 0;
          fold.chunk_jump = fold.lines != 0 ? layer_.width - fold.columns : 0;
          fold.vector = ((top - from) * wide_ + left) * parts + part;
          fold.vector_step = fold.columns != 0 ? parts : 0;
          fold.vector_jump = fold.lines != 0 ? (wide_ - fold.columns) * parts : 0;
          append(systolic::kFoldTable, fold);
          word += matrix_words();
          ++next_fold_;
          ++block.folds;
        }
    words_ = std::max(words_, block.weights + word);
    end_block(block, (to - from) * wide_ * parts);
  }

  void dense(std::uint32_t room) {
    const std::uint32_t all = layer_.to / tile_.systolic_columns;
    for (std::uint32_t first = 0; first < all; first += room) {
      hw::MemBlockEntry block;
      block.fold = next_fold_;
      block.weights = words_;
      const std::uint32_t vectors = std::min(room, all - first);
      std::uint32_t word = 0;
      for (std::uint32_t vector = 0; vector < vectors; ++vector)
        for (std::uint32_t source = 0; source < layer_.from / 16; ++source) {
          hw::MemFoldEntry fold;
          fold.format = layer_.format;
          fold.weights = word;
          fold.rows = 16;
          fold.store = source == 0;
          fold.chunk = source;
          fold.vector = vector;
          append(systolic::kFoldTable, fold);
          word += matrix_words();
          ++next_fold_;
          ++block.folds;
        }
      words_ += word;
      end_block(block, vectors);
    }
  }

  const Layer& layer_;
  const TileConfig& tile_;
  Rng rng_;
  std::uint32_t high_ = 0, wide_ = 0, next_fold_ = 0, next_group_ = 0, words_ = 0;
};

/// Fires the layer once on `pages` pages, compares every bit with the model, and says how long it took.
template <class Shape>
std::int64_t measure(const Layer& layer, std::size_t pages, double most) {
  SCOPED_TRACE(layer.name);
  const Core& core = *find_core("systolic");
  const TileConfig tile = Shape::tile();
  const Tables tables(layer, tile, 1);
  const Cluster& cluster = tables.cluster;
  EXPECT_TRUE(core.faults(cluster).empty()) << core.faults(cluster).front();
  EXPECT_TRUE(core.mismatches(cluster, tile).empty());
  const std::vector<MemoryInfo> memories = core.memories(tile);
  const std::vector<MemoryWindow> windows = core.windows(tile);
  device_model::TileMemory memory;
  memory.contexts.resize(1);
  memory.contexts[0].mode.valid = 1;
  RtlBench<typename Shape::Model> bench(1);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    device_model::Memory words(memories[windows[w].memory].capacity, windows[w].parts);
    const std::vector<std::uint32_t>& table = cluster.tables.windows[w].words;
    EXPECT_LE(table.size(), words.words() * words.parts()) << memories[windows[w].memory].key;
    for (std::size_t n = 0; n < table.size(); ++n) words.set(n / words.parts(), n % words.parts(), table[n]);
    bench.load(windows[w].number, words);
    memory.memories[windows[w].number] = std::move(words);
  }
  const std::vector<std::uint32_t> first(memories.size(), 0);
  set_context(memory.contexts[0], core.registers(cluster, first, 0));
  const auto chunks = static_cast<std::uint32_t>(cluster.chunk_bits.size());
  memory.contexts[0].limit.fill(chunks);

  Rng rng(2);
  std::vector<device_model::Page> contents(pages);
  RtlPages f;
  f.first = f.last = true;
  f.delay = page_delay(tile);
  for (auto& page : contents) {
    for (std::uint32_t c = 0; c < tile.page_chunks; ++c)
      page.push_back(static_cast<std::uint16_t>(rng.next() & rng.next() & rng.next()));
    f.pages.push_back(chunks_of(page, chunks));
  }
  std::vector<const device_model::Page*> read;
  for (const auto& page : contents) read.push_back(&page);
  const device_model::Firing expected = core.model(tile, memory)->fire(0, read, 0, true);
  const RtlFiring found = bench.fire(memory.contexts[0], f, expected.time.total() + 10);
  EXPECT_EQ(found.done, expected.time.total());
  EXPECT_FALSE(found.out.empty());
  EXPECT_EQ(found.out.size(), expected.out.size());
  for (std::size_t n = 0; n < std::min(found.out.size(), expected.out.size()); ++n)
    EXPECT_TRUE(found.out[n].index == expected.out[n].index && found.out[n].mask == expected.out[n].mask &&
                found.out[n].page == expected.out[n].page);

  const auto n = static_cast<std::int64_t>(pages);
  const double ratio = static_cast<double>(found.done) / static_cast<double>(tables.ideal(n));
  const double use = static_cast<double>(tables.vectors(n)) / static_cast<double>(found.done);
  std::printf("layer: %s | %zu | %zu | %lld | %lld | %.4f | %.3f\n", layer.name.c_str(), pages,
              cluster.tables.windows[systolic::kBlockTable].words.size() / hw::MemBlockEntry::kParts,
              static_cast<long long>(tables.ideal(n)), static_cast<long long>(found.done), ratio, use);
  EXPECT_LE(ratio, most);
  if (layer.kernel != 1) {
    EXPECT_GE(use, 0.9);
  }
  return found.done;
}

TEST(SystolicLayers, Vgg9AtMostAHundredthAboveAnIdealArray) {
  for (const Layer& layer :
       {Layer{"VGG9 second convolution, 64 to 64 at 32 x 32", 64, 64, 32, 32, 3, 1, hw::kFormatW8},
        Layer{"VGG9 third convolution, 64 to 128 at 16 x 16", 64, 128, 16, 16, 3, 1, hw::kFormatW8},
        Layer{"VGG9 fourth convolution, 128 to 128 at 16 x 16", 128, 128, 16, 16, 3, 1, hw::kFormatW8},
        Layer{"VGG9 fifth convolution, 128 to 256 at 8 x 8", 128, 256, 8, 8, 3, 1, hw::kFormatW8},
        Layer{"VGG9 sixth convolution, 256 to 256 at 8 x 8", 256, 256, 8, 8, 3, 1, hw::kFormatW8}})
    measure<Shape_wide>(layer, 4, 1.01);
}

TEST(SystolicLayers, ADenseLayerReadsAWeightWordACycle) {
  measure<Shape_wide>({"dense, 1,024 to 1,024, 8 bits", 1024, 1024, 1, 1, 1, 0, hw::kFormatW8}, 8, 1.02);
  // Two rows of a word are read in one cycle.
  measure<Shape_wide>({"dense, 1,024 to 1,024, 4 bits", 1024, 1024, 1, 1, 1, 0, hw::kFormatW4}, 8, 0.52);
}

/// Cycles of SCALE-Sim, weight-stationary, 16 × 8. The channels of the first layer are two contexts, for a
/// context has at most 4,096 LIF groups.
TEST(SystolicLayers, OneStepIsNoSlowerThanScaleSim) {
  const Layer first{"half of 64 to 64 at 32 x 32, one step, 16 x 8", 64, 32, 32, 32, 3, 0, hw::kFormatW8};
  EXPECT_LE(2 * measure<Shape_narrow>(first, 1, 1.02), 270143);
  const Layer second{"64 to 128 at 16 x 16, one step, 16 x 8", 64, 128, 16, 16, 3, 0, hw::kFormatW8};
  EXPECT_LE(measure<Shape_narrow>(second, 1, 1.02), 134783);
}

}  // namespace
}  // namespace spikeloom::test

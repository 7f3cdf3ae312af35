// The form of a linear map: which weight stands between which source and which target. The numbers stand
// beside it (real in compiler/model, integers in compiler/golden), one for every *weight* of the form, and a
// weight of 0 is a synapse that does not exist. README.md of this folder says what each form offers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace spikeloom {

/// In a gather: the source reaches nothing.
inline constexpr std::uint32_t kNowhere = ~0U;

/// Any synapses at all: entry k leads to target[k] with weight k; entries begin[s] .. begin[s+1]-1 are source
/// s's. The form of networks made by hand, and of whatever no other form can say.
struct SparseMap {
  std::uint32_t targets = 0;
  std::vector<std::size_t> begin{0};
  std::vector<std::uint32_t> target;  ///< ascending within a source

  void end_row() { begin.push_back(target.size()); }
  friend bool operator==(const SparseMap&, const SparseMap&) = default;
};

/// Every source to every target: weight s·targets + t.
struct DenseMap {
  std::uint32_t sources = 0, targets = 0;
  friend bool operator==(const DenseMap&, const DenseMap&) = default;
};

/// A kernel that moves over height and width (a height of 1: over a length alone). Source (i, y, x) and
/// target (o, y, x) are numbered channels first. Target (o, y, x) sums over the channels i of o's group and
/// the taps
///   weight[((o·inner + i mod inner)·kernel + ky)·kernel + kx] · source(i, y·stride + ky·dilation - before,
///   …)
/// with inner = inputs / groups; what lies outside the source is 0.
struct WindowMap {
  std::uint32_t inputs = 0, outputs = 0, groups = 1;  ///< channels
  /// Height and width.
  std::array<std::uint32_t, 2> in{1, 1}, out{1, 1}, kernel{1, 1}, stride{1, 1}, dilation{1, 1}, before{};

  [[nodiscard]] std::uint32_t inner() const { return inputs / groups; }   ///< input channels of a group
  [[nodiscard]] std::uint32_t outer() const { return outputs / groups; }  ///< output channels of a group
  [[nodiscard]] std::uint32_t taps() const { return kernel[0] * kernel[1]; }
  [[nodiscard]] std::uint32_t in_area() const { return in[0] * in[1]; }
  [[nodiscard]] std::uint32_t out_area() const { return out[0] * out[1]; }
  /// The source position that tap `tap` of target position `at` reads, or nothing outside.
  [[nodiscard]] std::optional<std::uint32_t> reads(std::size_t axis, std::uint32_t at,
                                                   std::uint32_t tap) const {
    const std::uint64_t padded = std::uint64_t{at} * stride[axis] + std::uint64_t{tap} * dilation[axis];
    if (padded < before[axis] || padded - before[axis] >= in[axis]) return std::nullopt;
    return static_cast<std::uint32_t>(padded - before[axis]);
  }
  friend bool operator==(const WindowMap&, const WindowMap&) = default;
};

/// Source e to target e with weight e / run: a weight an element (run 1), a channel, or one for all.
struct DiagonalMap {
  std::uint32_t size = 0, run = 1;  ///< size is a multiple of run
  friend bool operator==(const DiagonalMap&, const DiagonalMap&) = default;
};

using MapLeaf = std::variant<SparseMap, DenseMap, WindowMap, DiagonalMap>;

/// What one source reaches, targets ascending and each once.
struct MapRow {
  const std::uint32_t* target = nullptr;  ///< less first_target
  const std::uint32_t* weight = nullptr;  ///< less first_weight; null: 0, 1, 2, …
  std::size_t count = 0;
  std::uint32_t first_target = 0;
  std::size_t first_weight = 0;
  /// Sources of one pattern have rows that are equal but for first_target and first_weight.
  std::uint32_t pattern = 0;

  [[nodiscard]] std::uint32_t target_at(std::size_t k) const { return first_target + target[k]; }
  [[nodiscard]] std::size_t weight_at(std::size_t k) const {
    return first_weight + (weight == nullptr ? k : weight[k]);
  }
  /// The targets are one unbroken range and the weights one too.
  [[nodiscard]] bool is_range() const {
    return weight == nullptr && (count == 0 || target[count - 1] - target[0] == count - 1);
  }
  /// Calls found(target, weight) for every entry.
  template <class Found>
  void each(const Found& found) const {
    for (std::size_t k = 0; k < count; ++k) found(target_at(k), weight_at(k));
  }
};

/// A leaf, and before it (where not empty) a gather: by source, the leaf's source that it counts for, or
/// kNowhere. Flatten, pooling without overlap, and subsets of sources are gathers.
///
/// A value: copies share what is stored, which never changes.
/// Memory  12 bytes a source and the patterns: of a window one for each way in which the border cuts its rows
///         (nine for a 3×3 kernel that moves by one), of a dense map one, of a sparse map its rows.
class MapForm {
 public:
  MapForm() : MapForm(SparseMap{}) {}
  /// Throws  internal error where `problem` finds something.
  MapForm(MapLeaf leaf, std::vector<std::uint32_t> gather = {});

  /// What is wrong with a leaf and a gather that come from outside; nothing where a form can be made. Targets
  /// of a sparse map are not looked at (`row_problem`).
  [[nodiscard]] static std::optional<std::string> problem(const MapLeaf& leaf,
                                                          const std::vector<std::uint32_t>& gather);

  [[nodiscard]] std::size_t sources() const { return table_->places.size(); }
  [[nodiscard]] std::size_t targets() const { return table_->targets; }
  [[nodiscard]] std::size_t weights() const { return table_->weights; }
  [[nodiscard]] const MapLeaf& leaf() const { return table_->leaf; }
  [[nodiscard]] const std::vector<std::uint32_t>& gather() const { return table_->gather; }
  template <class Leaf>
  [[nodiscard]] const Leaf* as() const {
    return std::get_if<Leaf>(&table_->leaf);
  }
  [[nodiscard]] std::size_t leaf_sources() const { return table_->leaf_sources; }
  /// The leaf's source that a source counts for, or kNowhere.
  [[nodiscard]] std::uint32_t leaf_source(std::size_t source) const {
    return table_->gather.empty() ? static_cast<std::uint32_t>(source) : table_->gather[source];
  }

  [[nodiscard]] MapRow row(std::size_t source) const {
    const Table& table = *table_;
    const Place& place = table.places[source];
    const std::size_t begin = table.begin[place.pattern];
    return {table.target + begin,
            table.weight.empty() ? nullptr : table.weight.data() + begin,
            table.begin[place.pattern + 1] - begin,
            place.first_target,
            place.first_weight,
            place.pattern};
  }
  [[nodiscard]] std::size_t patterns() const { return table_->begin.size() - 1; }

  /// Same leaf and same gather.
  friend bool operator==(const MapForm& a, const MapForm& b) {
    return a.table_ == b.table_ || (a.table_->leaf == b.table_->leaf && a.table_->gather == b.table_->gather);
  }

 private:
  struct Place {
    std::uint32_t pattern = 0;
    std::uint32_t first_target = 0;
    std::uint32_t first_weight = 0;
  };
  struct Table {
    MapLeaf leaf;
    std::vector<std::uint32_t> gather;
    std::size_t leaf_sources = 0, targets = 0, weights = 0;
    std::vector<Place> places;              ///< by source
    std::vector<std::size_t> begin;         ///< by pattern; of a sparse map its own rows
    const std::uint32_t* target = nullptr;  ///< into own_target, or the sparse map's
    std::vector<std::uint32_t> own_target, weight;
  };

  static void fill(Table& table, const SparseMap& leaf);
  static void fill(Table& table, const DenseMap& leaf);
  static void fill(Table& table, const WindowMap& leaf);
  static void fill(Table& table, const DiagonalMap& leaf);
  static void apply_gather(Table& table);

  std::shared_ptr<const Table> table_;
};

/// Most weights of a map, most entries of its patterns, and most synapses where one has to be unrolled.
inline constexpr std::size_t kMaxMapEntries = std::size_t{1} << 26U;

/// The first thing wrong with a sparse map's targets: beyond `targets`, or not ascending. Other forms have
/// none.
[[nodiscard]] std::optional<std::string> row_problem(const MapForm& form);

/// "dense", "window", "diagonal" or "sparse".
[[nodiscard]] const char* name_of(const MapLeaf& leaf);

}  // namespace spikeloom

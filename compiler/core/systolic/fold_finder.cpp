#include "compiler/core/systolic/fold_finder.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::systolic {
namespace {

class FoldFinder {
 public:
  FoldFinder(const ClusterRows& rows, const ArrayShape& shape) : rows_(rows), shape_(shape) {}

  void add(std::size_t chunk) {
    SPIKELOOM_CHECK(!rows_.value(chunk));  // of numbers, which the core does not take
    rows_.kinds(chunk, kinds_);
    key_.clear();
    std::uint32_t base = ~0U;
    for (std::uint32_t bit = 0; bit < kinds_.size(); ++bit)
      if (!is_empty(chunk, bit)) base = std::min(base, kinds_[bit].first / shape_.columns);
    if (base == ~0U) return;
    for (std::uint32_t bit = 0; bit < kinds_.size(); ++bit) {
      const bool empty = is_empty(chunk, bit);
      key_.push_back(empty ? kNoRow : kinds_[bit].kind);
      key_.push_back(empty ? 0 : kinds_[bit].first / shape_.columns - base);
    }
    const auto [known, fresh] = chunks_.try_emplace(key_);
    if (fresh) known->second = parts(chunk, base);
    for (const auto& [vector, matrix] : known->second)
      uses_.uses.push_back({{base + vector, static_cast<std::uint32_t>(chunk)}, matrix});
  }

  Uses finish() {
    uses_.matrices.resize(matrices_.size());
    for (const auto& [matrix, number] : matrices_) uses_.matrices[number] = matrix;
    std::sort(uses_.uses.begin(), uses_.uses.end());
    return std::move(uses_);
  }

 private:
  static constexpr std::uint32_t kNoRow = ~0U;
  /// A matrix to the vector so many behind a chunk's place.
  using Part = std::pair<std::uint32_t, std::uint32_t>;

  /// Whether the row has no weight; a kind is looked at once.
  bool is_empty(std::size_t chunk, std::uint32_t bit) {
    const std::uint32_t kind = kinds_[bit].kind;
    if (kind >= known_.size()) known_.resize(kind + std::size_t{1}, Known::kNot);
    if (known_[kind] == Known::kNot) {
      rows_.read(chunk, bit, axon_);
      const bool any = std::any_of(axon_.synapses.begin(), axon_.synapses.end(),
                                   [](const AxonRow::Synapse& synapse) { return synapse.mantissa != 0; });
      known_[kind] = any ? Known::kWeights : Known::kEmpty;
    }
    return known_[kind] == Known::kEmpty;
  }

  /// What the chunk's bits add, vector by vector.
  std::vector<Part> parts(std::size_t chunk, std::uint32_t base) {
    std::map<std::uint32_t, std::array<VectorRow, kRows>> vectors;
    for (std::uint32_t bit = 0; bit < kinds_.size(); ++bit) {
      if (is_empty(chunk, bit)) continue;
      rows_.read(chunk, bit, axon_);
      for (const AxonRow::Synapse& synapse : axon_.synapses) {
        if (synapse.mantissa == 0) continue;
        VectorRow& row = vectors[synapse.position / shape_.columns - base][bit];
        if (row.mantissas.empty()) {
          row.exponent = axon_.shift + axon_.plane;
          row.negative = axon_.negative;
          row.mantissas.assign(shape_.columns, 0);
        }
        row.mantissas[synapse.position % shape_.columns] = synapse.mantissa;
      }
    }
    std::vector<Part> result;
    for (const auto& [vector, rows] : vectors)
      for (Matrix& matrix : matrices_of(rows, shape_)) {
        const auto number = static_cast<std::uint32_t>(matrices_.size());
        result.emplace_back(vector, matrices_.try_emplace(std::move(matrix), number).first->second);
      }
    return result;
  }

  enum class Known : std::uint8_t { kNot, kEmpty, kWeights };

  const ClusterRows& rows_;
  const ArrayShape& shape_;
  std::vector<RowKind> kinds_;  ///< these are kept for their memory
  std::vector<std::uint32_t> key_;
  AxonRow axon_;
  std::vector<Known> known_;                                        ///< by kind
  std::map<std::vector<std::uint32_t>, std::vector<Part>> chunks_;  ///< by kinds and places of the bits
  std::map<Matrix, std::uint32_t> matrices_;
  Uses uses_;
};

}  // namespace

Uses find_uses(const ClusterRows& rows, std::size_t chunks, const ArrayShape& shape) {
  FoldFinder finder(rows, shape);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) finder.add(chunk);
  return finder.finish();
}

}  // namespace spikeloom::systolic

// Rows and columns of a form seen from some of its targets: what partitioning, tables and checks read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/linear/map_form.hpp"

namespace spikeloom {

/// Lists of sources, ascending, one for each part.
struct PartLists {
  std::vector<std::size_t> begin;  ///< by part
  std::vector<std::uint32_t> source;
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t part) const {
    return {source.data() + begin[part], begin[part + 1] - begin[part]};
  }
};

/// By part of the targets, the sources that reach it by a weight that is present.
///
/// Shape  part_of has a part below `parts` for every target, present one entry a weight (0: no synapse).
/// Cost   of a window sources × taps × kinds of channels, channels being of one kind where the parts of all
///        their positions are the same; of other forms one look at every synapse.
[[nodiscard]] PartLists sources_of_parts(const MapForm& form, std::span<const std::uint32_t> part_of,
                                         std::size_t parts, std::span<const std::int64_t> present);

/// Sources by what their rows reach. Sources of one place reach the same targets, in entries of which the
/// weights' numbers differ as MapRow::first_weight does; so a window has a place for every position of a
/// group of channels, a dense form one.
///
/// Memory  4 bytes a source.
class RowPlaces {
 public:
  explicit RowPlaces(const MapForm& form);
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint32_t of(std::size_t source) const { return of_[source]; }

 private:
  std::size_t count_ = 0;
  std::vector<std::uint32_t> of_;
};

/// Rows cut down to one part of the targets.
///
/// Cost   of a dense form a row costs the part's targets; of a window the taps of the part's channels.
class PartRows {
 public:
  /// Shape  targets: the part's, ascending; part_of as above, and outlives this.
  PartRows(const MapForm& form, std::span<const std::uint32_t> targets,
           std::span<const std::uint32_t> part_of, std::uint32_t part);

  /// Calls found(target, weight) for the source's entries into the part, targets ascending.
  template <class Found>
  void each(std::size_t source, const Found& found) const {
    const MapRow row = form_.row(source);
    if (row.count == 0) return;
    if (is_dense_) {
      for (const std::uint32_t target : targets_) found(target, row.first_weight + target);
      return;
    }
    if (area_ == 0) {
      look(row, 0, row.count, found);
      return;
    }
    // A window's row has the same entries for every channel of the group.
    const std::size_t group = row.first_target / area_ / outer_;
    const std::size_t entries = row.count / outer_;
    for (const std::uint32_t channel : channels_[group])
      look(row, channel * entries, (channel + 1) * entries, found);
  }

 private:
  template <class Found>
  void look(const MapRow& row, std::size_t begin, std::size_t end, const Found& found) const {
    for (std::size_t k = begin; k < end; ++k)
      if (const std::uint32_t target = row.target_at(k); part_of_[target] == part_)
        found(target, row.weight_at(k));
  }

  MapForm form_;
  std::span<const std::uint32_t> targets_, part_of_;
  std::uint32_t part_;
  bool is_dense_ = false;
  std::size_t area_ = 0, outer_ = 1;                  ///< of a window
  std::vector<std::vector<std::uint32_t>> channels_;  ///< by group: those that the part has, within the group
};

/// The form the other way round: by target, its sources.
///
/// Memory  of a sparse form 8 bytes a synapse; of others, and of gathers, 4 bytes a source.
class MapColumns {
 public:
  explicit MapColumns(const MapForm& form);

  /// Calls found(source, weight) for every synapse of the target, in no particular order, each once.
  template <class Found>
  void each(std::uint32_t target, const Found& found) const {
    if (const auto* sparse = form_.as<SparseMap>()) {
      (void)sparse;
      for (std::size_t k = begin_[target]; k < begin_[target + 1]; ++k)
        sources(entry_source_[k], entry_[k], found);
    } else if (const auto* dense = form_.as<DenseMap>()) {
      for (std::uint32_t s = 0; s < dense->sources; ++s)
        sources(s, std::size_t{s} * dense->targets + target, found);
    } else if (const auto* diagonal = form_.as<DiagonalMap>()) {
      sources(target, target / diagonal->run, found);
    } else {
      window(*form_.as<WindowMap>(), target, found);
    }
  }

 private:
  template <class Found>
  void sources(std::uint32_t element, std::size_t weight, const Found& found) const {
    if (form_.gather().empty()) return found(element, weight);
    for (std::size_t k = gathered_begin_[element]; k < gathered_begin_[element + 1]; ++k)
      found(gathered_[k], weight);
  }
  template <class Found>
  void window(const WindowMap& m, std::uint32_t target, const Found& found) const {
    const std::uint32_t o = target / m.out_area(), at = target % m.out_area();
    for (std::uint32_t ky = 0; ky < m.kernel[0]; ++ky) {
      const auto y = m.reads(0, at / m.out[1], ky);
      if (!y) continue;
      for (std::uint32_t kx = 0; kx < m.kernel[1]; ++kx) {
        const auto x = m.reads(1, at % m.out[1], kx);
        if (!x) continue;
        for (std::uint32_t i = 0; i < m.inner(); ++i)
          sources(((o / m.outer() * m.inner() + i) * m.in[0] + *y) * m.in[1] + *x,
                  ((std::size_t{o} * m.inner() + i) * m.kernel[0] + ky) * m.kernel[1] + kx, found);
      }
    }
  }

  MapForm form_;
  std::vector<std::size_t> begin_, gathered_begin_;
  std::vector<std::uint32_t> entry_source_, entry_, gathered_;
};

}  // namespace spikeloom

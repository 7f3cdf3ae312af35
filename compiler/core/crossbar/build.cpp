#include "compiler/core/crossbar/build.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <unordered_map>

#include "compiler/core/crossbar/row_packer.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/neuron/build.hpp"

namespace spikeloom::crossbar {
namespace {

/// The row of an axon along a walk that passes all lane groups that it reaches.
Row row_along(const Walk& walk, const AxonRow& axon, std::size_t neurons, const TileConfig& tile) {
  const std::uint32_t lanes = tile.lanes;
  std::uint32_t bits = axon.bits;
  const std::uint32_t wanted = axon.shift + axon.plane;
  const std::uint32_t shift = std::min(wanted, tile.max_shift);
  if (wanted > shift) bits = 8;
  Row row{walk, shift, axon.negative, 0, {}};
  row.mantissas.assign(std::size_t{walk.size()} * lanes, '\0');
  std::uint32_t group = ~0U;
  std::size_t word = 0;
  for (const AxonRow::Synapse& synapse : axon.synapses) {
    if (synapse.mantissa == 0) continue;
    if (synapse.position / lanes != group) {
      group = synapse.position / lanes;
      word = std::size_t{walk.word(group)} * lanes;
    }
    row.mantissas[word + synapse.position % lanes] =
        static_cast<char>(synapse.mantissa * (1 << (wanted - shift)));
  }
  // One bit has no 0: every neuron of the words must be there. Lanes past the last neuron copy their
  // word's first, so that no unused accumulator grows beyond a used one.
  if (bits == 1) {
    std::size_t reached = 0;  // neurons in the words
    for (std::uint32_t n = 0; n < walk.size(); ++n) {
      const std::size_t first = std::size_t{walk.group(n)} * lanes;
      reached += std::min(neurons, first + lanes) - std::min(neurons, first);
    }
    if (axon.synapses.size() != reached || stored_bits(tile, 1) != 1)
      bits = 2;
    else
      for (std::uint32_t n = 0; n < walk.size(); ++n)
        for (std::uint32_t lane = 0; lane < lanes; ++lane)
          if (std::size_t{walk.group(n)} * lanes + lane >= neurons)
            row.mantissas[std::size_t{n} * lanes + lane] = row.mantissas[std::size_t{n} * lanes];
  }
  row.format = static_cast<std::uint32_t>(std::countr_zero(8U / stored_bits(tile, bits)));
  return row;
}

/// Rows for a packer. Of each kind one is made for every walk that it takes, and moved to where the others
/// stand.
///
/// Cost  a look-up a row; words for each kind and each of its walks, however many positions there are.
class RowMaker {
 public:
  RowMaker(const Cluster& cluster, const ClusterRows& source, const TileConfig& tile, RowPacker& packer)
      : neurons_(cluster.size()),
        source_(source),
        tile_(tile),
        packer_(packer),
        own_(static_cast<std::uint32_t>((cluster.size() + tile.lanes - 1) / tile.lanes)),
        walks_(own_) {}

  std::vector<KeptRow> read(std::size_t chunk) {
    source_.kinds(chunk, kinds_);
    std::vector<KeptRow> rows;
    rows.reserve(kinds_.size());
    for (std::uint32_t bit = 0; bit < kinds_.size(); ++bit) rows.push_back(row(chunk, bit, kinds_[bit]));
    return rows;
  }

 private:
  /// Lane groups, counted from a row's `first`, and the walks over them.
  struct Pattern {
    const std::vector<std::uint32_t>* groups = nullptr;
    std::vector<Walk> walks;  ///< as for a `first` of 0
    /// By lane groups of the cluster before and behind the pattern, up to its span: which of the walks.
    std::unordered_map<std::uint64_t, std::uint32_t> walk_of;
  };
  struct Made {
    std::uint32_t walk = 0;    ///< of the kind's pattern
    bool passes_rest = false;  ///< the walk's last group is the cluster's last one, and not full
    KeptRow row;               ///< as for a `first` of 0
  };
  struct Kind {
    bool known = false;
    Pattern* pattern = nullptr;  ///< none: the row is empty
    std::vector<Made> made;
  };

  KeptRow row(std::size_t chunk, std::uint32_t bit, const RowKind& which) {
    if (which.kind >= known_.size()) known_.resize(which.kind + std::size_t{1});
    Kind& kind = known_[which.kind];
    const std::uint32_t first = which.first / tile_.lanes;
    const bool fresh = !kind.known;
    if (fresh) {
      source_.read(chunk, bit, axon_);
      kind = {true, pattern(first), {}};
    }
    if (kind.pattern == nullptr) return {};
    const std::uint32_t number = walk(*kind.pattern, first);
    Walk here = kind.pattern->walks[number];
    here.offset += first;
    const bool passes_rest = neurons_ % tile_.lanes != 0 && here.end() == own_;
    auto made = std::find_if(kind.made.begin(), kind.made.end(), [&](const Made& other) {
      return other.walk == number && other.passes_rest == passes_rest;
    });
    if (made == kind.made.end()) {
      if (!fresh) source_.read(chunk, bit, axon_);
      const KeptRow kept = packer_.keep(row_along(here, axon_, neurons_, tile_));
      made = kind.made.insert(kind.made.end(), {number, passes_rest, kept});
    }
    KeptRow row = made->row;
    row.walk = here;
    return row;
  }

  /// The lane groups that the row just read reaches.
  Pattern* pattern(std::uint32_t first) {
    reached_.assign(own_, false);
    for (const AxonRow::Synapse& synapse : axon_.synapses)
      if (synapse.mantissa != 0) reached_[synapse.position / tile_.lanes] = true;
    std::vector<std::uint32_t> groups;
    for (std::uint32_t group = first; group < own_; ++group)
      if (reached_[group] != 0) groups.push_back(group - first);
    if (groups.empty()) return nullptr;
    const auto at = patterns_.try_emplace(std::move(groups)).first;
    at->second.groups = &at->first;
    return &at->second;
  }

  /// Which of the pattern's walks is the shortest where rows begin at lane group `first`.
  std::uint32_t walk(Pattern& pattern, std::uint32_t first) {
    const std::uint32_t begin = first + pattern.groups->front();
    const std::uint32_t span = pattern.groups->back() - pattern.groups->front() + 1;
    const std::uint32_t before = std::min(begin, span), behind = std::min(own_ - begin - span, span);
    const auto [at, fresh] = pattern.walk_of.try_emplace(std::uint64_t{before} << 32U | behind);
    if (!fresh) return at->second;
    std::vector<std::uint32_t> groups = *pattern.groups;
    for (std::uint32_t& group : groups) group += first;
    Walk shortest = walks_.cover(groups);
    shortest.offset -= first;
    const auto known = std::find(pattern.walks.begin(), pattern.walks.end(), shortest);
    at->second = static_cast<std::uint32_t>(known - pattern.walks.begin());
    if (known == pattern.walks.end()) pattern.walks.push_back(shortest);
    return at->second;
  }

  std::size_t neurons_;
  const ClusterRows& source_;
  const TileConfig& tile_;
  RowPacker& packer_;
  std::uint32_t own_;
  WalkFinder walks_;
  std::vector<RowKind> kinds_;
  AxonRow axon_;
  std::vector<std::uint8_t> reached_;  ///< by lane group of the cluster
  std::vector<Kind> known_;
  std::map<std::vector<std::uint32_t>, Pattern> patterns_;
};

void write_rows(const Cluster& cluster, const ClusterRows& source, const TileConfig& tile, RowStyle style,
                CoreTables& tables) {
  const auto own = static_cast<std::uint32_t>((cluster.size() + tile.lanes - 1) / tile.lanes);
  RowPacker packer(tile.lanes, tile.groups, own, style);
  RowMaker maker(cluster, source, tile, packer);
  for (std::size_t chunk = 0; chunk < cluster.page_chunks(); ++chunk) {
    if (const auto value = source.value(chunk))
      packer.add_value(value->position < cluster.size() ? value : std::nullopt);
    else
      packer.add_chunk(maker.read(chunk));
  }
  packer.finish(tables);
}

}  // namespace

std::uint32_t stored_bits(const TileConfig& tile, std::uint32_t bits) {
  std::uint32_t best = 8;
  for (const std::uint32_t offered : tile.weight_bits)
    if (offered >= bits) best = std::min(best, offered);
  return best;
}

CoreTables build(const Cluster& cluster, const IntPopulation& population, const ClusterRows& rows,
                 const TileConfig& tile) {
  CoreTables tables{std::string(kName), {}};
  for (const MemoryWindow& window : core().windows(tile)) tables.windows.push_back({window.parts, {}});
  neuron::write_neurons(population, cluster, rows.windows(), tile.lif_lanes, kNeuronWindows, tables);
  const bool shared = rows.pattern() == ClusterRows::Pattern::kByPosition;
  write_rows(cluster, rows, tile, shared ? RowStyle::kShared : RowStyle::kTight, tables);
  if (Tables(tables).axons() > tile.axon_entries) write_rows(cluster, rows, tile, RowStyle::kUniform, tables);
  return tables;
}

}  // namespace spikeloom::crossbar

#include "compiler/flow/parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/core/core.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/build_cluster.hpp"
#include "compiler/partition/feature_map.hpp"
#include "compiler/partition/input_order.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kMostShares = 256;
constexpr int kMostAttempts = 12;
constexpr std::size_t kNoLimit = ~std::size_t{0};

std::uint32_t quotient_up(std::uint64_t value, std::uint64_t by) {
  return static_cast<std::uint32_t>((value + by - 1) / by);
}

/// Chunks that a source's elements take at least.
std::uint64_t chunks_of(const IntNetwork& network, const Source& from, std::size_t elements) {
  if (const auto* input = std::get_if<InputId>(&from))
    elements *= network.inputs[input->index()].planes;
  else if (network.populations[std::get<PopulationId>(from).index()].is_readout())
    return 2 * elements;
  return quotient_up(elements, hw::kChunkBits);
}

/// The projection's rows of these sources, and of a dense or sparse form only their weights.
IntProjection restricted(const IntProjection& whole, std::span<const std::uint32_t> sources) {
  IntProjection part = whole;
  std::vector<std::uint32_t> gather(whole.form.sources(), kNowhere);
  for (const std::uint32_t s : sources) gather[s] = whole.form.leaf_source(s);
  const auto* dense = whole.form.as<DenseMap>();
  const auto* sparse = whole.form.as<SparseMap>();
  if (dense == nullptr && sparse == nullptr) {
    part.form = MapForm(whole.form.leaf(), std::move(gather));
    return part;
  }
  std::vector<std::uint32_t> kept;  // the leaf's sources, rising
  for (const std::uint32_t s : sources)
    if (gather[s] != kNowhere) kept.push_back(gather[s]);
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  for (const std::uint32_t s : sources)
    if (gather[s] != kNowhere)
      gather[s] =
          static_cast<std::uint32_t>(std::lower_bound(kept.begin(), kept.end(), gather[s]) - kept.begin());
  part.weight.clear();
  const auto copy = [&](std::size_t from, std::size_t to) {
    part.weight.insert(part.weight.end(), whole.weight.begin() + static_cast<std::ptrdiff_t>(from),
                       whole.weight.begin() + static_cast<std::ptrdiff_t>(to));
  };
  if (dense != nullptr) {
    for (const std::uint32_t s : kept)
      copy(std::size_t{s} * dense->targets, (std::size_t{s} + 1) * dense->targets);
    part.form = MapForm(DenseMap{static_cast<std::uint32_t>(kept.size()), dense->targets}, std::move(gather));
    return part;
  }
  SparseMap rows{sparse->targets, {0}, {}};
  for (const std::uint32_t s : kept) {
    copy(sparse->begin[s], sparse->begin[s + 1]);
    rows.target.insert(rows.target.end(),
                       sparse->target.begin() + static_cast<std::ptrdiff_t>(sparse->begin[s]),
                       sparse->target.begin() + static_cast<std::ptrdiff_t>(sparse->begin[s + 1]));
    rows.end_row();
  }
  part.form = MapForm(std::move(rows), std::move(gather));
  return part;
}

/// A rectangle of a kernel's taps: rows and columns first .. last - 1.
struct Taps {
  std::array<std::uint32_t, 2> first{}, last{};
};

/// The window with these taps of its kernel alone; nothing where they read padding only.
std::optional<IntProjection> restricted(const IntProjection& whole, const Taps& taps) {
  const WindowMap& old = *whole.form.as<WindowMap>();
  WindowMap window = old;
  std::array<std::uint32_t, 2> skipped{};  // of the leaf's source, before what the first tap reads
  for (std::size_t axis = 0; axis < 2; ++axis) {
    window.kernel[axis] = taps.last[axis] - taps.first[axis];
    const std::uint32_t start = taps.first[axis] * old.dilation[axis];
    if (start > old.before[axis]) skipped[axis] = start - old.before[axis];
    if (skipped[axis] >= old.in[axis]) return std::nullopt;
    window.before[axis] = old.before[axis] - std::min(start, old.before[axis]);
    window.in[axis] = old.in[axis] - skipped[axis];
  }
  std::vector<std::uint32_t> gather = whole.form.gather();
  if (window.in != old.in) {
    gather.clear();
    for (std::size_t s = 0; s < whole.form.sources(); ++s) {
      const std::uint32_t at = whole.form.leaf_source(s);
      const std::uint32_t y = at / old.in[1] % old.in[0], x = at % old.in[1];
      if (at == kNowhere || y < skipped[0] || x < skipped[1])
        gather.push_back(kNowhere);
      else
        gather.push_back((at / old.in_area() * window.in[0] + y - skipped[0]) * window.in[1] + x -
                         skipped[1]);
    }
  }
  IntProjection part = whole;
  part.weight.clear();
  const std::size_t kernels = std::size_t{old.outputs} * old.inner();
  for (std::size_t kernel = 0; kernel < kernels; ++kernel)
    for (std::uint32_t y = taps.first[0]; y < taps.last[0]; ++y)
      for (std::uint32_t x = taps.first[1]; x < taps.last[1]; ++x)
        part.weight.push_back(whole.weight[(kernel * old.kernel[0] + y) * old.kernel[1] + x]);
  part.form = MapForm(window, std::move(gather));
  return part;
}

/// Taps first .. last - 1, counted row by row, as rectangles.
std::vector<Taps> rectangles(std::uint32_t first, std::uint32_t last, std::uint32_t columns) {
  std::vector<Taps> result;
  while (first < last) {
    const std::uint32_t row = first / columns, column = first % columns;
    const std::uint32_t rows = column == 0 ? (last - first) / columns : 0;
    if (rows > 0) {
      result.push_back({{row, 0}, {row + rows, columns}});
      first += rows * columns;
      continue;
    }
    const std::uint32_t end = std::min(last, (row + 1) * columns);
    result.push_back({{row, column}, {row + 1, column + end - first}});
    first = end;
  }
  return result;
}

/// Whether the projection is shared out by its kernel's taps.
bool is_by_kernel(const IntProjection& projection, ShareOrder order) {
  const auto* window = projection.form.as<WindowMap>();
  return order == ShareOrder::kKernel && window != nullptr && window->taps() > 1;
}

/// The sources of projections, in the order in which they are shared out.
class SourceOrder {
 public:
  SourceOrder(const IntNetwork& network, ShareOrder order)
      : network_(network), order_(order), layers_(make_layers(network)) {
    if (order != ShareOrder::kFile) inputs_ = input_orders(network, layers_);
  }

  [[nodiscard]] std::vector<std::uint32_t> of(const IntProjection& projection) const {
    std::vector<std::uint32_t> order(projection.form.sources());
    std::iota(order.begin(), order.end(), 0U);
    if (!is_by_position(projection)) return order;
    if (const auto* input = std::get_if<InputId>(&projection.from)) {
      for (std::uint32_t& s : order)
        s = input_element(network_.inputs[input->index()].shape, InputOrder::kPosition, s);
      return order;
    }
    order_by_position(map_extent(network_.populations[std::get<PopulationId>(projection.from).index()].shape),
                      order);
    return order;
  }

  /// Whether any projection is shared out in another order than the file's.
  [[nodiscard]] bool any_by_position() const {
    return std::any_of(network_.projections.begin(), network_.projections.end(),
                       [&](const IntProjection& projection) { return is_by_position(projection); });
  }

 private:
  /// Not windows: one lies at a few positions, and a run of positions would hold all of it or nothing.
  [[nodiscard]] bool is_by_position(const IntProjection& projection) const {
    if (order_ == ShareOrder::kFile || projection.form.as<WindowMap>() != nullptr) return false;
    if (const auto* input = std::get_if<InputId>(&projection.from))
      return inputs_[input->index()] == InputOrder::kPosition;
    const std::size_t p = std::get<PopulationId>(projection.from).index();
    return is_feature_map(network_.populations[p], layers_[p]);
  }

  const IntNetwork& network_;
  ShareOrder order_;
  Layers layers_;
  std::vector<InputOrder> inputs_;
};

/// A run of a projection's sources, in their order, or of its kernel's taps.
struct Run {
  std::size_t projection = 0;
  std::uint32_t first = 0, last = 0;
};

/// Where a share of about `length` taps that ends at `tap` is cut: whole rows where it has as much, else
/// equal parts of a row.
std::uint32_t tap_boundary(std::uint64_t tap, double length, std::uint32_t columns) {
  const std::uint64_t row = tap / columns;
  if (length >= columns) return static_cast<std::uint32_t>(row * columns);
  const auto parts = static_cast<std::uint64_t>(std::ceil(columns / length));
  return static_cast<std::uint32_t>(row * columns + tap % columns * parts / columns * columns / parts);
}

/// Cuts the sources of the projections, one behind the other, into about equal shares of chunks.
std::vector<std::vector<Run>> shares_of(const IntNetwork& network,
                                        const std::vector<std::size_t>& projections, std::uint32_t count,
                                        ShareOrder order) {
  std::vector<std::pair<std::size_t, std::uint32_t>> chunks;  // projection, and how often 16 of its sources
  std::uint64_t total = 0;
  for (const std::size_t p : projections) {
    const IntProjection& projection = network.projections[p];
    const auto* window = projection.form.as<WindowMap>();
    const std::uint64_t whole = is_by_kernel(projection, order)
                                    ? window->taps() * chunks_of(network, projection.from, window->inner())
                                    : chunks_of(network, projection.from, projection.form.sources());
    chunks.emplace_back(p, static_cast<std::uint32_t>(whole));
    total += whole;
  }
  count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::max<std::uint64_t>(1, total)));
  std::vector<std::vector<Run>> shares(count);
  std::uint64_t before = 0;
  for (const auto& [p, whole] : chunks) {
    const bool by_kernel = is_by_kernel(network.projections[p], order);
    const auto* window = network.projections[p].form.as<WindowMap>();
    const std::uint64_t sources = by_kernel ? window->taps() : network.projections[p].form.sources();
    const double taps = static_cast<double>(total) / count * static_cast<double>(sources) / whole;
    for (std::uint32_t share = 0; share < count; ++share) {
      // The share's chunks of all, less those of projections before.
      const std::uint64_t from = std::max(before, total * share / count) - before;
      const std::uint64_t to =
          std::min(before + whole, std::max(before, total * (share + 1) / count)) - before;
      if (from >= to) continue;
      // In whole chunks of the source, as far as these can be told from here.
      const auto cut = [&](std::uint64_t chunk) {
        if (by_kernel) return tap_boundary(sources * chunk / whole, taps, window->kernel[1]);
        return static_cast<std::uint32_t>(sources * chunk / whole / hw::kChunkBits * hw::kChunkBits);
      };
      const std::uint32_t first = cut(from);
      const std::uint32_t last = to == whole ? static_cast<std::uint32_t>(sources) : cut(to);
      if (first < last) shares[share].push_back({p, first, last});
    }
    before += whole;
  }
  std::erase_if(shares, [](const std::vector<Run>& share) { return share.empty(); });
  return shares;
}

class Splitter {
 public:
  Splitter(const IntNetwork& network, ShareOrder order) : old_(network), share_order_(order) {
    result_.network.name = network.name;
    result_.network.state_bits = network.state_bits;
    result_.network.inputs = network.inputs;
  }

  Parted run(const std::vector<std::uint32_t>& count) {
    if (std::any_of(count.begin(), count.end(), [](std::uint32_t n) { return n > 1; }))
      order_.emplace(old_, share_order_);
    for (std::size_t p = 0; p < old_.populations.size(); ++p) {
      std::vector<std::size_t> projections;
      for (std::size_t n = 0; n < old_.projections.size(); ++n)
        if (old_.projections[n].to.index() == p) projections.push_back(n);
      add(p,
          count[p] <= 1 ? std::vector<std::vector<Run>>{}
                        : shares_of(old_, projections, count[p], share_order_),
          projections);
    }
    IntNetwork& network = result_.network;
    for (IntProjection& projection : network.projections)
      if (const auto* from = std::get_if<PopulationId>(&projection.from);
          from != nullptr && !handed_on_[static_cast<std::size_t>(&projection - network.projections.data())])
        projection.from = result_.now[from->index()];
    network.outputs = old_.outputs;
    for (Output& output : network.outputs) output.from = result_.now[output.from.index()];
    return std::move(result_);
  }

 private:
  void add(std::size_t p, const std::vector<std::vector<Run>>& shares,
           const std::vector<std::size_t>& projections) {
    IntNetwork& network = result_.network;
    if (shares.size() <= 1) {
      const PopulationId id(network.populations.size());
      network.populations.push_back(old_.populations[p]);
      result_.now.push_back(id);
      for (const std::size_t n : projections) add(old_.projections[n], id, "");
      return;
    }
    for (std::size_t share = 0; share < shares.size(); ++share) {
      const PopulationId id(network.populations.size());
      const bool is_owner = share + 1 == shares.size();
      const std::string suffix = "+" + std::to_string(share + 1);
      network.populations.push_back(is_owner ? old_.populations[p] : part(old_.populations[p], suffix));
      for (const Run& run : shares[share]) {
        const IntProjection& whole = old_.projections[run.projection];
        if (is_by_kernel(whole, share_order_)) {
          add_taps(whole, run, id, is_owner ? "" : suffix);
          continue;
        }
        const std::vector<std::uint32_t> order = order_->of(whole);
        const std::span<const std::uint32_t> sources(order.begin() + run.first, order.begin() + run.last);
        add(restricted(whole, sources), id, is_owner ? "" : suffix);
      }
      if (share > 0) hand_on(PopulationId(id.index() - 1), id);
      if (is_owner) result_.now.push_back(id);
    }
  }

  void add_taps(const IntProjection& whole, const Run& run, PopulationId to, const std::string& suffix) {
    std::string more;
    for (const Taps& taps : rectangles(run.first, run.last, whole.form.as<WindowMap>()->kernel[1]))
      if (auto part = restricted(whole, taps)) {
        add(*std::move(part), to, suffix + more);
        more += "'";
      }
  }

  void add(IntProjection projection, PopulationId to, const std::string& suffix) {
    projection.to = to;
    projection.name += suffix;
    result_.network.projections.push_back(std::move(projection));
    handed_on_.push_back(false);
  }

  [[nodiscard]] IntPopulation part(const IntPopulation& owner, const std::string& suffix) const {
    IntPopulation part;
    part.name = owner.name + suffix;
    while (std::any_of(old_.populations.begin(), old_.populations.end(),
                       [&](const IntPopulation& p) { return p.name == part.name; }))
      part.name += "'";
    part.kind = NeuronKind::kLi;
    part.shape = owner.shape;
    for (const IntParameter& parameter : kIntParameters)
      if (has(part, parameter)) (part.*parameter.values).assign(owner.size(), 0);
    return part;
  }

  void hand_on(PopulationId from, PopulationId to) {
    const IntPopulation& source = result_.network.populations[from.index()];
    const auto size = static_cast<std::uint32_t>(source.size());
    IntProjection projection;
    projection.name = source.name + " handed on";
    projection.from = from;
    projection.to = to;
    projection.bits = 8;
    projection.form = MapForm(DiagonalMap{size, size});
    projection.weight = {1};
    result_.network.projections.push_back(std::move(projection));
    handed_on_.push_back(true);
  }

  const IntNetwork& old_;
  ShareOrder share_order_;
  std::optional<SourceOrder> order_;  ///< where anything is cut
  Parted result_;
  std::vector<bool> handed_on_;  ///< by projection: its source is numbered anew already
};

/// A readout whose potential is its sum, which nobody but its successor sees.
bool is_part(const IntNetwork& network, PopulationId id) {
  const IntPopulation& population = network.populations[id.index()];
  const auto is_zero = [&](const IntParameter& parameter) {
    const std::vector<std::int32_t>& values = population.*parameter.values;
    return std::all_of(values.begin(), values.end(), [](std::int32_t x) { return x == 0; });
  };
  return population.is_readout() && population.scale == 0 &&
         std::all_of(kIntParameters.begin(), kIntParameters.end(), is_zero) &&
         std::none_of(network.outputs.begin(), network.outputs.end(),
                      [&](const Output& output) { return output.from == id; });
}

/// Most elements of the projection's source that one neuron reads.
std::size_t most_read(const MapForm& form) {
  const auto* window = form.as<WindowMap>();
  if (window == nullptr && form.as<DiagonalMap>() == nullptr) return form.sources();
  const std::size_t of_leaf = window != nullptr ? std::size_t{window->inner()} * window->taps() : 1;
  std::size_t most = 1;  // of sources that count for one of the leaf's
  std::vector<std::size_t> times(form.leaf_sources(), 0);
  for (const std::uint32_t element : form.gather())
    if (element != kNowhere) most = std::max(most, ++times[element]);
  return std::min(form.sources(), of_leaf * most);
}

/// Most chunks that one neuron reads: of whole sources, each cluster of which may begin a chunk unless all of
/// them end with whole ones (`whole`, by PopulationId).
std::uint64_t most_chunks(const IntNetwork& network, std::size_t p, const std::vector<bool>& whole) {
  std::uint64_t chunks = 0;
  for (const IntProjection& projection : network.projections) {
    if (projection.to.index() != p) continue;
    const std::size_t sources = most_read(projection.form);
    const auto* from = std::get_if<PopulationId>(&projection.from);
    const bool begins_more =
        from != nullptr && !(whole[from->index()] && sources == projection.form.sources());
    chunks += (begins_more ? 2 : 1) * chunks_of(network, projection.from, sources);
  }
  return chunks;
}

/// Whether every neuron's inputs fit some kind of tile, from counts alone.
bool certainly_fits(const IntNetwork& network, const Chip& chip) {
  std::uint64_t room = 0;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k)
    room = std::max<std::uint64_t>(room, chip.kind(k).page_chunks);
  const Layers layers = make_layers(network);
  std::vector<bool> whole;
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    whole.push_back(fills_chunks(network.populations[p], layers[p], chip));
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    if (most_chunks(network, p, whole) > room) return false;
  return true;
}

/// How many shares a population of this size needs that exceeds a tile by the factor. A page holds a share's
/// chunks and two chunks for every neuron of the cluster: where all neurons fit beside a good share of the
/// page they do, else half of the page is for either.
std::uint32_t first_shares(std::size_t neurons, double factor, std::uint32_t page_chunks) {
  const double beside = 1 - 2 * static_cast<double>(neurons) / page_chunks;
  return std::max(2U, static_cast<std::uint32_t>(std::ceil(factor / std::max(0.5, beside))));
}

}  // namespace

Parted in_parts(const IntNetwork& network, const std::vector<std::uint32_t>& shares, ShareOrder order) {
  SPIKELOOM_CHECK(shares.size() == network.populations.size());
  return Splitter(network, order).run(shares);
}

namespace {

PartitionOptions partitioning(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  return partition_options(network, chip, options, wanted_clusters(network, options), std::nullopt);
}

/// Of a network in parts, what a chip pays for them; compared in this order.
struct PartsCost {
  /// Clusters whose readers are more than a tile has credit counters: they fit no tile, however they are
  /// placed.
  std::size_t unheard = 0;
  std::size_t clusters = 0;
  friend auto operator<=>(const PartsCost&, const PartsCost&) = default;
};

PartsCost cost_of(const Parted& parted, const Chip& chip, const CompileOptions& options) {
  const IntNetwork& network = parted.network;
  const Layers layers = make_layers(network);
  const Clustering clustering = partition(network, chip, partitioning(network, chip, options));
  const Skeleton skeleton = make_skeleton(network, chip, clustering);
  std::vector<std::set<std::pair<std::size_t, std::uint32_t>>> readers(skeleton.clusters.size());
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    if (clustering.count[p] == 0) continue;
    const Reach reach(layers[p], skeleton, PopulationId(p));
    for (std::size_t c = 0; c < skeleton.clusters.size(); ++c) {
      if (skeleton.clusters[c].population.index() != p) continue;
      for (std::size_t l = 0; l < layers[p].size(); ++l)
        if (const auto* from = std::get_if<PopulationId>(&layers[p][l].from))
          for (const std::uint32_t element : reach.elements(l, c))
            readers[skeleton.cluster_of[from->index()][element]].emplace(c, layers[p][l].delay);
    }
  }
  PartsCost cost{0, skeleton.clusters.size()};
  for (std::size_t c = 0; c < readers.size(); ++c)
    if (readers[c].size() > chip.kind(skeleton.clusters[c].kind).credit_counters) ++cost.unheard;
  return cost;
}

/// The fewest shares in this order that let every neuron fit; nothing where there are none, or more than
/// `most` of all populations together. `wide`: what is too wide as the network is.
std::optional<Parted> fitting_parts(const IntNetwork& network, std::vector<TooWide> wide, const Chip& chip,
                                    const CompileOptions& options, ShareOrder order,
                                    std::uint32_t page_chunks, std::size_t most) {
  std::vector<std::uint32_t> shares(network.populations.size(), 1);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Parted parted = in_parts(network, shares, order);
    if (parted.network.populations.size() > most) return std::nullopt;
    if (attempt > 0) wide = too_wide(parted.network, chip, partitioning(parted.network, chip, options));
    if (wide.empty()) return parted;
    std::vector<double> factor(network.populations.size(), 0);
    for (const TooWide& of : wide) {
      // Parts stand right before their owner.
      const auto owner = std::lower_bound(parted.now.begin(), parted.now.end(), of.population);
      double& highest = factor[static_cast<std::size_t>(owner - parted.now.begin())];
      highest = std::max(highest, of.factor);
    }
    for (std::size_t p = 0; p < factor.size(); ++p) {
      if (factor[p] == 0) continue;
      if (shares[p] == 1)
        shares[p] = first_shares(network.populations[p].size(), factor[p], page_chunks);
      else
        shares[p] = static_cast<std::uint32_t>(std::ceil(shares[p] * std::clamp(factor[p], 1.25, 4.0)));
      if (shares[p] > kMostShares) return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

Parted with_parts(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  const std::vector<std::uint32_t> whole(network.populations.size(), 1);
  bool splits = false;
  std::uint32_t page_chunks = 1;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) {
    if (!core_of(chip.kind(k)).splits_sums(chip.kind(k))) continue;
    splits = true;
    page_chunks = std::max(page_chunks, chip.kind(k).page_chunks);
  }
  // Wanted clusters may leave a source's chunks half empty.
  const bool is_free = options.clusters.empty() && options.kinds.empty() && options.max_neurons == 0;
  if (!splits || (is_free && certainly_fits(network, chip))) return in_parts(network, whole);
  const std::vector<TooWide> wide = too_wide(network, chip, partitioning(network, chip, options));
  if (wide.empty()) return in_parts(network, whole);
  // Which order holds together what lies in a chunk depends on how a map will be cut, which is not known yet.
  std::optional<Parted> best;
  if (SourceOrder(network, ShareOrder::kPosition).any_by_position())
    best = fitting_parts(network, wide, chip, options, ShareOrder::kPosition, page_chunks, kNoLimit);
  const std::size_t most = best ? best->network.populations.size() : kNoLimit;
  if (auto parted = fitting_parts(network, wide, chip, options, ShareOrder::kFile, page_chunks, most))
    best = std::move(parted);
  const bool any_window = std::any_of(wide.begin(), wide.end(), [&](const TooWide& of) {
    return std::any_of(network.projections.begin(), network.projections.end(), [&](const IntProjection& p) {
      return p.to == of.population && is_by_kernel(p, ShareOrder::kKernel);
    });
  });
  if (any_window) {
    auto by_kernel = fitting_parts(network, wide, chip, options, ShareOrder::kKernel, page_chunks, kNoLimit);
    if (by_kernel && (!best || cost_of(*by_kernel, chip, options) < cost_of(*best, chip, options)))
      best = std::move(by_kernel);
  }
  return best ? *best : in_parts(network, whole);
}

namespace {

/// By owner: its parts, the last one first.
std::map<std::size_t, std::vector<std::size_t>> parts_by_owner(const IntNetwork& network) {
  std::vector<std::optional<std::size_t>> next(network.populations.size());  // whom a part hands its sum to
  for (const IntProjection& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    if (from != nullptr && is_part(network, *from) &&
        hands_on(projection.form, projection.weight, projection.shift))
      next[from->index()] = projection.to.index();
  }
  std::map<std::size_t, std::vector<std::size_t>> result;
  for (std::size_t owner = 0; owner < next.size(); ++owner) {
    if (next[owner]) continue;
    std::vector<std::size_t> parts;
    for (std::size_t p = owner; p-- > 0;)
      if (next[p] == (parts.empty() ? owner : parts.back())) parts.push_back(p);
    if (!parts.empty()) result[owner] = std::move(parts);
  }
  return result;
}

}  // namespace

std::string parts_in(const IntNetwork& network) {
  std::string text;
  for (const auto& [owner, parts] : parts_by_owner(network))
    text += "; '" + network.populations[owner].name + "' is summed in " + std::to_string(parts.size() + 1) +
            " parts, since the inputs of one neuron are beyond a tile";
  return text;
}

std::vector<std::string> notes_on_parts(const IntNetwork& network, const Application& app, const Chip& chip) {
  std::vector<std::string> notes;
  for (const auto& [owner, parts] : parts_by_owner(network)) {
    std::uint64_t contexts = 0, chunks = 0;
    std::int64_t updates = 0;
    for (const Cluster& cluster : app.clusters) {
      if (std::find(parts.begin(), parts.end(), cluster.population.index()) == parts.end()) continue;
      ++contexts;
      chunks += cluster.out_entries;
      updates += core_of(cluster).least(cluster, chip.kind(cluster.kind)).total();
    }
    const auto number = [](auto n) { return std::to_string(n); };
    notes.push_back("the inputs of population '" + network.populations[owner].name +
                    "' are beyond a tile: its sum is taken in " + number(parts.size() + 1) + " parts, '" +
                    network.populations[parts.back()].name +
                    "' first, each handed on to the next, exactly; " + "that costs " +
                    counted(contexts, "context") + " more, up to " + number(chunks) +
                    " chunks of numbers a step, a cycle each to take in, and " + number(updates) +
                    " cycles to send them on, all contexts together");
  }
  return notes;
}

}  // namespace spikeloom

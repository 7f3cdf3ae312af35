#include "compiler/flow/parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/chip/kinds.hpp"
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
/// How many times as many shares as fit are tried.
constexpr std::array kMoreShares{1.0, 1.5, 2.0};

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

/// The window of channels first .. last - 1 of every group alone.
IntProjection restricted(const IntProjection& whole, std::uint32_t first, std::uint32_t last) {
  const WindowMap& old = *whole.form.as<WindowMap>();
  WindowMap window = old;
  window.inputs = old.groups * (last - first);
  std::vector<std::uint32_t> gather;
  for (std::size_t s = 0; s < whole.form.sources(); ++s) {
    const std::uint32_t at = whole.form.leaf_source(s);
    const std::uint32_t channel = at / old.in_area(), of_group = channel % old.inner();
    if (at == kNowhere || of_group < first || of_group >= last)
      gather.push_back(kNowhere);
    else
      gather.push_back((channel / old.inner() * window.inner() + of_group - first) * old.in_area() +
                       at % old.in_area());
  }
  IntProjection part = whole;
  part.weight.clear();
  for (std::size_t output = 0; output < old.outputs; ++output) {
    const auto begin =
        whole.weight.begin() + static_cast<std::ptrdiff_t>((output * old.inner() + first) * old.taps());
    part.weight.insert(part.weight.end(), begin,
                       begin + static_cast<std::ptrdiff_t>(std::size_t{last - first} * old.taps()));
  }
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

/// A window is shared out in *places*: pairs of a tap and a channel of every group, numbered channels first
/// (kChannel, kPosition: all taps of channel 0, then of channel 1, …) or taps first (kKernel).
struct Window {
  const WindowMap& map;
  ShareOrder order;

  [[nodiscard]] bool by_tap() const { return order == ShareOrder::kKernel; }
  [[nodiscard]] std::uint64_t places() const { return std::uint64_t{map.taps()} * map.inner(); }
  /// Places that one step of the outer number has.
  [[nodiscard]] std::uint32_t inside() const { return by_tap() ? map.inner() : map.taps(); }
};

/// The window of a projection that is shared out in places.
std::optional<Window> window_of(const IntProjection& projection, ShareOrder order) {
  const auto* map = projection.form.as<WindowMap>();
  if (map == nullptr || order == ShareOrder::kFile) return std::nullopt;
  return Window{*map, order};
}

/// Where a share of about `length` taps that ends at `tap` is cut: whole rows where it has as much, else
/// equal parts of a row.
std::uint32_t tap_boundary(std::uint64_t tap, double length, std::uint32_t columns) {
  const std::uint64_t row = tap / columns;
  if (length >= columns) return static_cast<std::uint32_t>(row * columns);
  const auto parts = static_cast<std::uint64_t>(std::ceil(columns / std::max(1.0, length)));
  return static_cast<std::uint32_t>(row * columns + tap % columns * parts / columns * columns / parts);
}

/// The same of channels: whole chunks of them where it has as much.
std::uint32_t channel_boundary(std::uint64_t channel, double length) {
  const std::uint64_t unit = length >= hw::kChunkBits ? hw::kChunkBits : 1;
  return static_cast<std::uint32_t>(channel / unit * unit);
}

/// The same of a window's places.
std::uint32_t place_boundary(const Window& window, std::uint64_t place, double length) {
  const std::uint32_t inside = window.inside(), columns = window.map.kernel[1];
  const auto outer = static_cast<std::uint32_t>(place / inside);
  if (length >= inside)
    return inside * (window.by_tap() ? tap_boundary(outer, length / inside, columns)
                                     : channel_boundary(outer, length / inside));
  return outer * inside + (window.by_tap() ? channel_boundary(place % inside, length)
                                           : tap_boundary(place % inside, length, columns));
}

/// Some taps, counted row by row, of some channels of every group: first .. last - 1 of either.
struct Piece {
  std::uint32_t first_tap = 0, last_tap = 0, first_channel = 0, last_channel = 0;
};

/// Places first .. last - 1 as pieces.
std::vector<Piece> pieces(const Window& window, std::uint32_t first, std::uint32_t last) {
  std::vector<Piece> result;
  const std::uint32_t inside = window.inside();
  while (first < last) {
    const std::uint32_t outer = first / inside, from = first % inside;
    const std::uint32_t whole = from == 0 ? (last - first) / inside : 0;
    const std::uint32_t to = whole > 0 ? inside : std::min(inside, from + last - first);
    const std::uint32_t end = outer + std::max(1U, whole);
    result.push_back(window.by_tap() ? Piece{outer, end, from, to} : Piece{from, to, outer, end});
    first += (end - outer - 1) * inside + to - from;
  }
  return result;
}

/// Whether the sources of a projection, which is not shared out in places, are shared out in another order
/// than the file's.
bool is_by_position(const IntNetwork& network, const Layers& layers, const IntProjection& projection,
                    ShareOrder order) {
  if (order == ShareOrder::kFile || order == ShareOrder::kChannel) return false;
  if (const auto* input = std::get_if<InputId>(&projection.from))
    return input_orders(network, layers)[input->index()] == InputOrder::kPosition;
  const std::size_t p = std::get<PopulationId>(projection.from).index();
  return is_feature_map(network.populations[p], layers[p]);
}

/// The sources of a projection, which is not shared out in places, in the order in which they are shared out.
std::vector<std::uint32_t> sources_in_order(const IntNetwork& network, const Layers& layers,
                                            const IntProjection& projection, ShareOrder order) {
  std::vector<std::uint32_t> sources(projection.form.sources());
  std::iota(sources.begin(), sources.end(), 0U);
  if (!is_by_position(network, layers, projection, order)) return sources;
  if (const auto* input = std::get_if<InputId>(&projection.from)) {
    for (std::uint32_t& s : sources)
      s = input_element(network.inputs[input->index()].shape, InputOrder::kPosition, s);
    return sources;
  }
  order_by_position(map_extent(network.populations[std::get<PopulationId>(projection.from).index()].shape),
                    sources);
  return sources;
}

/// A run of a projection's sources, in their order, or of a window's places.
struct Run {
  std::size_t projection = 0;
  std::uint32_t first = 0, last = 0;
};

/// Shares that have something each: chunks of sources, and a window's places.
std::uint64_t most_shares(const IntNetwork& network, const std::vector<std::size_t>& projections,
                          ShareOrder order) {
  std::uint64_t most = 0;
  for (const std::size_t p : projections) {
    const IntProjection& projection = network.projections[p];
    const auto window = window_of(projection, order);
    most += window ? window->places() : chunks_of(network, projection.from, projection.form.sources());
  }
  return most;
}

/// Cuts the sources of the projections, one behind the other, into about equal shares of chunks.
std::vector<std::vector<Run>> shares_of(const IntNetwork& network,
                                        const std::vector<std::size_t>& projections, Shares wanted) {
  std::vector<std::pair<std::size_t, std::uint64_t>> chunks;  // projection, and how many one neuron reads
  std::uint64_t total = 0;
  for (const std::size_t p : projections) {
    const IntProjection& projection = network.projections[p];
    const auto window = window_of(projection, wanted.order);
    const std::uint64_t whole =
        window ? window->map.taps() * chunks_of(network, projection.from, window->map.inner())
               : chunks_of(network, projection.from, projection.form.sources());
    chunks.emplace_back(p, whole);
    total += whole;
  }
  const std::uint64_t count =
      std::clamp<std::uint64_t>(most_shares(network, projections, wanted.order), 1, wanted.count);
  std::vector<std::vector<Run>> shares(count);
  std::uint64_t before = 0;
  for (const auto& [p, whole] : chunks) {
    const auto window = window_of(network.projections[p], wanted.order);
    const std::uint64_t sources = window ? window->places() : network.projections[p].form.sources();
    // Shares end at multiples of total / count, in chunks; of this projection's sources at these numbers.
    const auto end_of = [&](std::uint64_t share) -> std::uint32_t {
      const std::uint64_t at = total * share;  // times `count`
      if (at <= before * count) return 0;
      if (at >= (before + whole) * count) return static_cast<std::uint32_t>(sources);
      const std::uint64_t source = sources * (at - before * count) / (whole * count);
      const double length = static_cast<double>(total) / static_cast<double>(count) *
                            static_cast<double>(sources) / static_cast<double>(whole);
      if (window) return place_boundary(*window, source, length);
      // In whole chunks of the source, as far as these can be told from here.
      return static_cast<std::uint32_t>(source / hw::kChunkBits * hw::kChunkBits);
    };
    for (std::uint64_t share = 0; share < count; ++share) {
      const std::uint32_t first = end_of(share), last = end_of(share + 1);
      if (first < last) shares[share].push_back({p, first, last});
    }
    before += whole;
  }
  std::erase_if(shares, [](const std::vector<Run>& share) { return share.empty(); });
  return shares;
}

class Splitter {
 public:
  explicit Splitter(const IntNetwork& network) : old_(network), layers_(make_layers(network)) {
    result_.network.name = network.name;
    result_.network.state_bits = network.state_bits;
    result_.network.inputs = network.inputs;
  }

  Parted run(const std::vector<Shares>& shares) {
    for (std::size_t p = 0; p < old_.populations.size(); ++p) {
      std::vector<std::size_t> projections;
      for (std::size_t n = 0; n < old_.projections.size(); ++n)
        if (old_.projections[n].to.index() == p) projections.push_back(n);
      add(p, shares[p], projections);
    }
    IntNetwork& network = result_.network;
    for (IntProjection& projection : network.projections)
      if (const auto* from = std::get_if<PopulationId>(&projection.from);
          from != nullptr && !handed_on_[static_cast<std::size_t>(&projection - network.projections.data())])
        projection.from = result_.now[from->index()];
    for (IntPopulation& population : network.populations)
      if (population.membranes_of) population.membranes_of = result_.now[population.membranes_of->index()];
    network.outputs = old_.outputs;
    for (Output& output : network.outputs) output.from = result_.now[output.from.index()];
    return std::move(result_);
  }

 private:
  void add(std::size_t p, Shares wanted, const std::vector<std::size_t>& projections) {
    IntNetwork& network = result_.network;
    std::vector<std::vector<Run>> shares;
    if (wanted.count > 1) shares = shares_of(old_, projections, wanted);
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
        if (const auto window = window_of(whole, wanted.order)) {
          add_places(whole, *window, run, id, is_owner ? "" : suffix);
          continue;
        }
        const std::vector<std::uint32_t> order = sources_in_order(old_, layers_, whole, wanted.order);
        const std::span<const std::uint32_t> sources(order.begin() + run.first, order.begin() + run.last);
        add(restricted(whole, sources), id, is_owner ? "" : suffix);
      }
      if (share > 0) hand_on(PopulationId(id.index() - 1), id);
      if (is_owner) result_.now.push_back(id);
    }
  }

  void add_places(const IntProjection& whole, const Window& window, const Run& run, PopulationId to,
                  const std::string& suffix) {
    std::string more;
    for (const Piece& piece : pieces(window, run.first, run.last))
      for (const Taps& taps : rectangles(piece.first_tap, piece.last_tap, window.map.kernel[1])) {
        std::optional<IntProjection> part = restricted(whole, taps);
        if (!part) continue;
        if (piece.last_channel - piece.first_channel < window.map.inner())
          part = restricted(*part, piece.first_channel, piece.last_channel);
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
  Layers layers_;
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
/// them end with whole ones (`whole`, by PopulationId); of a few elements as many, since each may lie in
/// another chunk.
std::uint64_t most_chunks(const IntNetwork& network, std::size_t p, const std::vector<bool>& whole) {
  std::uint64_t chunks = 0;
  for (const IntProjection& projection : network.projections) {
    if (projection.to.index() != p) continue;
    const std::size_t all = projection.form.sources(), sources = most_read(projection.form);
    const auto* from = std::get_if<PopulationId>(&projection.from);
    const bool begins_more = from != nullptr && !whole[from->index()];
    const std::uint64_t of_all = (begins_more ? 2 : 1) * chunks_of(network, projection.from, all);
    const std::uint64_t each = chunks_of(network, projection.from, 1);
    chunks += sources == all || from == nullptr ? std::min(of_all, each * sources) : each * sources;
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

Parted in_parts(const IntNetwork& network, const std::vector<Shares>& shares) {
  SPIKELOOM_CHECK(shares.size() == network.populations.size());
  if (std::all_of(shares.begin(), shares.end(), [](const Shares& s) { return s.count <= 1; })) {
    Parted same{network, {}};
    for (std::size_t p = 0; p < shares.size(); ++p) same.now.emplace_back(p);
    return same;
  }
  return Splitter(network).run(shares);
}

namespace {

PartitionOptions partitioning(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  return partition_options(network, chip, options, wanted_clusters(network, options), std::nullopt);
}

/// Of a network in parts, what a chip pays for them; compared in this order.
struct PartsCost {
  bool lacks_contexts = false;  ///< more clusters than the chip has contexts
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
  std::size_t contexts = 0;
  const std::vector<std::uint32_t> tiles = tiles_by_kind(chip, options.tiles);
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) contexts += std::size_t{tiles[k]} * chip.kind(k).contexts;
  PartsCost cost{skeleton.clusters.size() > contexts, 0, skeleton.clusters.size()};
  for (std::size_t c = 0; c < readers.size(); ++c)
    if (readers[c].size() > chip.kind(skeleton.clusters[c].kind).credit_counters) ++cost.unheard;
  return cost;
}

/// The fewest shares in this order that let every neuron fit; nothing where there are none. `page_chunks`: of
/// the longest page. `wide`: what is too wide as the network is.
std::optional<std::vector<Shares>> fewest_shares(const IntNetwork& network, std::vector<TooWide> wide,
                                                 const Chip& chip, const CompileOptions& options,
                                                 ShareOrder order, std::uint32_t page_chunks) {
  std::vector<Shares> shares(network.populations.size(), Shares{1, order});
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const Parted parted = in_parts(network, shares);
    if (attempt > 0) wide = too_wide(parted.network, chip, partitioning(parted.network, chip, options));
    if (wide.empty()) return shares;
    std::vector<double> factor(network.populations.size(), 0);
    for (const TooWide& of : wide) {
      // Parts stand right before their owner.
      const auto owner = std::lower_bound(parted.now.begin(), parted.now.end(), of.population);
      double& highest = factor[static_cast<std::size_t>(owner - parted.now.begin())];
      highest = std::max(highest, of.factor);
    }
    for (std::size_t p = 0; p < factor.size(); ++p) {
      if (factor[p] == 0) continue;
      std::uint32_t& count = shares[p].count;
      if (count == 1)
        count = first_shares(network.populations[p].size(), factor[p], page_chunks);
      else
        count = static_cast<std::uint32_t>(std::ceil(count * std::clamp(factor[p], 1.25, 4.0)));
      if (count > kMostShares) return std::nullopt;
    }
  }
  return std::nullopt;
}

/// Whether two ways of sharing out one network are the same.
bool alike(const IntNetwork& a, const IntNetwork& b) {
  return std::equal(a.projections.begin(), a.projections.end(), b.projections.begin(), b.projections.end(),
                    [](const IntProjection& p, const IntProjection& q) {
                      return p.from == q.from && p.to == q.to && p.form == q.form && p.weight == q.weight;
                    });
}

/// Chunks of the longest page of a kind of tile that adds numbers; 0: none does.
std::uint32_t longest_page(const Chip& chip) {
  std::uint32_t chunks = 0;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k)
    if (core_of(chip.kind(k)).splits_sums(chip.kind(k))) chunks = std::max(chunks, chip.kind(k).page_chunks);
  return chunks;
}

constexpr std::array<const char*, kShareOrders> kOrderNames{"file", "position", "channel", "kernel"};

}  // namespace

std::vector<std::vector<Shares>> ways_of_sharing(const IntNetwork& network, const Chip& chip,
                                                 const CompileOptions& options) {
  // Wanted clusters may leave a source's chunks half empty.
  const bool is_free = options.clusters.empty() && options.kinds.empty() && options.max_neurons == 0;
  const std::uint32_t page_chunks = longest_page(chip);
  if (page_chunks == 0 || (is_free && certainly_fits(network, chip))) return {};
  const std::vector<TooWide> wide = too_wide(network, chip, partitioning(network, chip, options));
  if (wide.empty()) return {};
  struct Way {
    PartsCost cost;
    std::vector<Shares> shares;
  };
  std::vector<Way> ways;
  std::vector<IntNetwork> seen;  // orders often share out alike
  const auto add = [&](std::vector<Shares> shares) {
    Parted parted = in_parts(network, shares);
    if (std::any_of(seen.begin(), seen.end(), [&](const IntNetwork& n) { return alike(n, parted.network); }))
      return;
    try {
      ways.push_back({cost_of(parted, chip, options), std::move(shares)});
    } catch (const Error& error) {  // no partition: more shares than help
      if (error.kind() != ErrorKind::kInput) throw;
    }
    seen.push_back(std::move(parted.network));
  };
  for (std::size_t k = 0; k < kShareOrders; ++k) {
    const auto order = static_cast<ShareOrder>(k);
    const auto fewest = fewest_shares(network, wide, chip, options, order, page_chunks);
    if (!fewest) continue;
    for (const double more : kMoreShares) {
      std::vector<Shares> shares = *fewest;
      for (Shares& of : shares)
        if (of.count > 1)
          of.count = std::min(kMostShares, static_cast<std::uint32_t>(std::ceil(of.count * more)));
      add(std::move(shares));
    }
  }
  std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.cost < b.cost; });
  // Of those that lack contexts one is left, which says so.
  const auto lacking =
      std::find_if(ways.begin(), ways.end(), [](const Way& w) { return w.cost.lacks_contexts; });
  if (lacking != ways.end()) ways.erase(lacking == ways.begin() ? lacking + 1 : lacking, ways.end());
  std::vector<std::vector<Shares>> result;
  for (Way& way : ways) result.push_back(std::move(way.shares));
  return result;
}

std::map<std::string, std::string> named(const IntNetwork& network, const std::vector<Shares>& shares) {
  std::map<std::string, std::string> result;
  for (std::size_t p = 0; p < shares.size(); ++p)
    if (shares[p].count > 1)
      result[network.populations[p].name] =
          kOrderNames[static_cast<std::size_t>(shares[p].order)] + (":" + std::to_string(shares[p].count));
  return result;
}

std::vector<Shares> shares_named(const IntNetwork& network, const std::map<std::string, std::string>& parts) {
  std::vector<Shares> shares(network.populations.size());
  for (const auto& [name, way] : parts) {
    const auto population =
        std::find_if(network.populations.begin(), network.populations.end(),
                     [&, &wanted = name](const IntPopulation& p) { return p.name == wanted; });
    const std::size_t colon = way.find(':');
    const auto order = std::find(kOrderNames.begin(), kOrderNames.end(), way.substr(0, colon));
    std::uint32_t count = 0;
    if (colon != std::string::npos) std::from_chars(way.data() + colon + 1, way.data() + way.size(), count);
    if (population == network.populations.end() || order == kOrderNames.end() || count == 0 ||
        count > kMostShares)
      throw input_error(
          "parts of '" + name + "': \"" + way +
          "\" is not file, position, channel or kernel, a colon and how many parts of a population of "
          "network " +
          network.name + ", at most " + std::to_string(kMostShares));
    shares[static_cast<std::size_t>(population - network.populations.begin())] = {
        count, static_cast<ShareOrder>(order - kOrderNames.begin())};
  }
  return shares;
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

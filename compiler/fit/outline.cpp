// A weight counts as a synapse only if it stays one on any step that the quantiser may choose, and rows count
// as different only if they differ by more than such a step: then no refusal rests on rounding. The numbers:
// the largest weight into a population gets at least half of the mantissas' range, so a step is at most twice
// the largest weight divided by that range.
#include "compiler/fit/outline.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "compiler/linear/sums.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kGroup = 16;  // targets whose rows are compared side by side

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29U);
}

/// By weight of a form: 0 where it may vanish, else a code that two weights share unless they surely differ.
using Codes = std::vector<std::int8_t>;

std::vector<std::int64_t> present(const Codes& codes) {
  std::vector<std::int64_t> result(codes.size());
  for (std::size_t k = 0; k < codes.size(); ++k) result[k] = codes[k] != 0 ? 1 : 0;
  return result;
}

std::uint64_t hash_of(const Codes& codes) {
  std::uint64_t hash = codes.size();
  for (const std::int8_t code : codes) hash = mix(hash, static_cast<std::uint8_t>(code));
  return hash;
}

/// Different rows, by how many synapses they have.
class RowCounts {
 public:
  struct Length {
    std::uint64_t synapses = 0, span = 0;
  };

  void add(std::uint64_t hash, Length length) {
    if (length.synapses != 0) rows_.try_emplace(hash, length);
  }
  [[nodiscard]] std::uint64_t synapses() const {
    std::uint64_t sum = 0;
    for (const auto& [hash, length] : rows_) sum += length.synapses;
    return sum;
  }
  [[nodiscard]] std::vector<RowFloor> by(std::uint64_t Length::*what, std::uint32_t bits) const {
    std::map<std::uint64_t, std::uint64_t> by_length;
    for (const auto& [hash, length] : rows_) by_length[length.*what] += 1;
    std::vector<RowFloor> list;
    for (const auto& [synapses, count] : by_length) list.push_back({count, synapses, bits});
    return list;
  }

 private:
  std::unordered_map<std::uint64_t, Length> rows_;
};

/// What is sure of a layer's rows, and what is likely.
struct LayerRows {
  std::vector<RowFloor> rows, spans;
  double different = 0;  ///< share of synapses that no other row repeats, at least, of any 16 neighbours
};

/// A window's weights, each stored at least once: by source channel and tap the channels that it reaches.
LayerRows rows_of(const WindowMap& map, const Codes& codes, std::uint32_t bits) {
  RowCounts rows;
  for (std::uint32_t i = 0; i < map.inputs; ++i)
    for (std::uint32_t tap = 0; tap < map.taps(); ++tap) {
      std::uint64_t hash = 1, synapses = 0;
      const std::size_t first = std::size_t{i / map.inner()} * map.outer();
      for (std::size_t o = first; o < first + map.outer(); ++o) {
        const std::int8_t code = codes[(o * map.inner() + i % map.inner()) * map.taps() + tap];
        hash = mix(hash, static_cast<std::uint8_t>(code));
        synapses += code != 0 ? 1 : 0;
      }
      rows.add(hash, {synapses, synapses});
    }
  // A word may hold channels of several taps.
  const std::vector<RowFloor> all{{1, rows.synapses(), bits}};
  return {all, all, 0};
}

LayerRows rows_of(const MapForm& form, const Codes& codes, std::uint32_t bits) {
  if (const auto* window = form.as<WindowMap>()) return rows_of(*window, codes, bits);
  if (form.as<DiagonalMap>() != nullptr) return {};
  RowCounts rows, all;
  std::vector<RowCounts> groups((form.targets() + kGroup - 1) / kGroup);
  std::vector<std::uint64_t> in_group(groups.size(), 0);  // synapses
  for (std::uint32_t e = 0; e < form.sources(); ++e) {
    // A row that is another one moved along counts once: tables share it.
    std::uint64_t hash = 1, synapses = 0, first = 0, last = 0, group_hash = 1, group_synapses = 0;
    std::size_t group = 0;
    const auto end_group = [&] {
      if (group_synapses != 0) groups[group].add(group_hash, {group_synapses, kGroup});
      in_group[group] += group_synapses;
      group_hash = 1;
      group_synapses = 0;
    };
    form.row(e).each([&](std::uint32_t target, std::size_t weight) {
      const std::int8_t code = codes[weight];
      if (code == 0) return;
      if (synapses == 0) first = target;
      hash = mix(hash, (target - first) << 8U | static_cast<std::uint8_t>(code));
      synapses += 1;
      last = target;
      if (target / kGroup != group) end_group();
      group = target / kGroup;
      group_hash = mix(group_hash, (target % kGroup) << 8U | static_cast<std::uint8_t>(code));
      group_synapses += 1;
    });
    end_group();
    rows.add(hash, {synapses, last - first + 1});
    all.add(form.leaf_source(e), {synapses, last - first + 1});
  }
  // Whatever groups of neurons share a cluster, the parts of rows in it repeat at most as much as these do.
  std::uint64_t by_groups = 0;
  double different =
      all.synapses() == 0 ? 0 : static_cast<double>(rows.synapses()) / static_cast<double>(all.synapses());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    by_groups += groups[g].synapses();
    if (in_group[g] != 0)
      different =
          std::min(different, static_cast<double>(groups[g].synapses()) / static_cast<double>(in_group[g]));
  }
  LayerRows result{rows.by(&RowCounts::Length::synapses, bits), all.by(&RowCounts::Length::span, bits),
                   different};
  if (by_groups < rows.synapses()) result.rows = {{1, by_groups, bits}};
  return result;
}

std::uint64_t likely_sources(const MapForm& form) {
  return form.as<WindowMap>() == nullptr && form.as<DiagonalMap>() == nullptr ? form.sources() : 0;
}

/// What a Projection and a Layer say alike.
template <class Of>
OutlineLayer layer_of(const Of& of, const Codes& codes, LayerRows rows) {
  OutlineLayer layer;
  layer.from = of.from;
  layer.delay = of.delay;
  layer.rows = std::move(rows.rows);
  layer.spans = std::move(rows.spans);
  for (const RowFloor& row : layer.rows) layer.bits = std::min(layer.bits, row.bits);
  layer.sources = likely_sources(of.form);
  layer.weights = hash_of(codes);
  return layer;
}

/// Collects what reaches one population.
class Into {
 public:
  explicit Into(std::size_t neurons) : neurons_(neurons) {}

  /// `reached`: by neuron. Of several projections between the same ends with one delay nothing is sure, since
  /// they are added and may cancel out.
  void add(OutlineLayer layer, std::vector<std::int64_t> reached, double different) {
    if (!reached.empty())
      layer.of_neuron = static_cast<std::uint64_t>(
          different * static_cast<double>(*std::min_element(reached.begin(), reached.end())));
    const auto [at, is_new] = ends_.try_emplace({layer.from, layer.delay}, layers_.size());
    if (is_new) {
      layers_.push_back(std::move(layer));
      reached_.push_back(std::move(reached));
      return;
    }
    layers_[at->second].of_neuron = 0;
    layers_[at->second].rows.clear();
    layers_[at->second].spans.clear();
    std::fill(reached_[at->second].begin(), reached_[at->second].end(), 0);
  }

  void finish(Outline& outline) {
    outline.layers.push_back(std::move(layers_));
    std::map<std::vector<std::int64_t>, std::size_t> ways;  // the first neuron of each
    for (std::size_t j = 0; j < neurons_; ++j) {
      std::vector<std::int64_t> elements;
      for (const std::vector<std::int64_t>& reached : reached_) elements.push_back(reached[j]);
      ways.try_emplace(std::move(elements), j);
    }
    std::vector<FanIn>& list = outline.fan_in.emplace_back();
    for (const auto& [elements, neuron] : ways) list.push_back({neuron, elements});
    if (reached_.size() == 1 && list.size() > 2) list.erase(list.begin() + 1, list.end() - 1);
  }

 private:
  std::size_t neurons_;
  std::map<std::pair<Source, std::uint32_t>, std::size_t> ends_;
  std::vector<OutlineLayer> layers_;
  std::vector<std::vector<std::int64_t>> reached_;
};

/// Real weights as the quantiser may round them.
class RealCodes {
 public:
  RealCodes(const Population& population, const std::vector<const Projection*>& into) {
    const std::vector<double>& i = population.gain_i;
    const std::vector<double>& v = population.gain_v;
    for (std::size_t j = 1; j < population.size(); ++j) alike_ = alike_ && i[j] * v[j] == i[0] * v[0];
    for (const Projection* projection : into)
      for (const double w : projection->weight) largest_ = std::max(largest_, std::abs(w));
  }

  /// Mantissas of `bits` bits reach so far on the narrower side.
  [[nodiscard]] Codes codes(const Projection& projection, std::uint32_t bits) const {
    const double range = bits <= 2 ? 1.0 : static_cast<double>((1U << (bits - 1)) - 1);
    const double least = bits == 1 ? 0 : largest_ / range;
    const double unit = largest_ / (bits == 8 ? 8.0 : 1.0);
    Codes codes(projection.weight.size(), 0);
    if (!alike_ || largest_ == 0 || !std::isfinite(largest_)) return codes;
    for (std::size_t k = 0; k < codes.size(); ++k) {
      const double w = projection.weight[k];
      if (w == 0 || std::abs(w) < least) continue;
      const int level = 1 + static_cast<int>(std::abs(w) / unit);
      codes[k] = static_cast<std::int8_t>(w < 0 ? -level : level);
    }
    return codes;
  }

  /// Bits that its mantissas take at least: on a grid of few values they are stored in fewer than allowed.
  [[nodiscard]] std::uint32_t least_bits(const Projection& projection, std::uint32_t bits) const {
    if (bits <= 2) return bits;
    double most = 0;
    std::vector<std::uint8_t> seen(256, 0);
    for (const double w : projection.weight) most = std::max(most, std::abs(w));
    for (const double w : projection.weight)
      seen[most == 0 ? 0 : static_cast<std::size_t>(128 + std::lround(w / most * 127))] = 1;
    const auto levels = static_cast<std::uint32_t>(std::count(seen.begin(), seen.end(), 1));
    if (bits == 8 && levels > 32 && most * 4 >= largest_) return 8;
    if (bits == 4 && levels > 16 && most * 2 >= largest_) return 4;
    return 2;
  }

 private:
  double largest_ = 0;
  bool alike_ = true;  ///< all neurons' weights count alike: the quantiser scales none of them
};

template <class AnyPopulation>
IntPopulation shell(const AnyPopulation& whole) {
  IntPopulation population;
  population.name = whole.name;
  population.kind = whole.kind;
  population.shape = whole.shape;
  population.beta.assign(whole.size(), 0);
  population.share = whole.share;
  population.membranes_of = whole.membranes_of;
  return population;
}

}  // namespace

namespace {

/// Told from shapes and from who reads whom.
template <class AnyNetwork>
std::vector<std::optional<PopulationId>> may_fold(const AnyNetwork& network) {
  const std::size_t populations = network.populations.size();
  std::vector<std::size_t> into(populations, 0), out_of(populations, 0);
  for (const auto& projection : network.projections) {
    ++into[projection.to.index()];
    if (const auto* from = std::get_if<PopulationId>(&projection.from)) ++out_of[from->index()];
  }
  for (const Output& output : network.outputs) ++out_of[output.from.index()];
  std::vector<std::optional<PopulationId>> result(populations);
  for (const auto& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    if (from == nullptr || projection.delay != 0 || into[projection.to.index()] != 1 ||
        out_of[from->index()] != 1)
      continue;
    const auto& source = network.populations[from->index()];
    const auto& pool = network.populations[projection.to.index()];
    if (!pool.is_readout() && pool.size() < source.size() && !pool.shape.empty() && !source.shape.empty() &&
        pool.shape.front() == source.shape.front() && pool.shape.front() % hw::kChunkBits == 0)
      result[projection.to.index()] = *from;
  }
  return result;
}

}  // namespace

Outline outline_of(const Network& network, const OutlineOptions& options) {
  Outline outline;
  outline.may_fold = may_fold(network);
  outline.shapes.name = network.name;
  outline.shapes.outputs = network.outputs;
  for (const Input& input : network.inputs) {
    IntInput& same = outline.shapes.inputs.emplace_back();
    same.name = input.name;
    same.shape = input.shape;
    same.planes = options.planes(input.name);
  }
  for (const Population& p : network.populations) outline.shapes.populations.push_back(shell(p));
  std::vector<std::vector<const Projection*>> into(network.populations.size());
  for (const Projection& projection : network.projections) into[projection.to.index()].push_back(&projection);
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const RealCodes real(network.populations[p], into[p]);
    Into list(network.populations[p].size());
    for (const Projection* of : into[p]) {
      const Projection& projection = *of;
      const std::uint32_t bits = options.bits(projection.name);
      const Codes codes = real.codes(projection, bits);
      LayerRows rows = rows_of(projection.form, codes, real.least_bits(projection, bits));
      const double different = rows.different;
      list.add(layer_of(projection, codes, std::move(rows)), sum_by_target(projection.form, present(codes)),
               different);
    }
    list.finish(outline);
  }
  return outline;
}

Outline outline_of(const IntNetwork& network) {
  Outline outline;
  outline.may_fold = may_fold(network);
  outline.shapes.name = network.name;
  outline.shapes.outputs = network.outputs;
  outline.shapes.inputs = network.inputs;
  for (const IntPopulation& p : network.populations) outline.shapes.populations.push_back(shell(p));
  for (const std::vector<Layer>& layers : make_layers(network)) {
    Into list(network.populations[outline.layers.size()].size());
    for (const Layer& layer : layers) {
      Codes codes(layer.weight.size());
      for (std::size_t k = 0; k < codes.size(); ++k) codes[k] = static_cast<std::int8_t>(layer.weight[k]);
      LayerRows rows = rows_of(layer.form, codes, layer.bits);
      const double different = rows.different;
      list.add(layer_of(layer, codes, std::move(rows)), sum_by_target(layer.form, present(codes)), different);
    }
    list.finish(outline);
  }
  return outline;
}

}  // namespace spikeloom

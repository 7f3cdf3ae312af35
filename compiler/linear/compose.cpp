#include "compiler/linear/compose.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/linear/sums.hpp"

namespace spikeloom {
namespace {

/// Sums of maps are unrolled up to here, beyond it they stand side by side.
constexpr std::uint64_t kMostUnrolledSum = std::uint64_t{1} << 20U;

std::vector<std::uint32_t> counting(std::size_t size) {
  std::vector<std::uint32_t> result(size);
  std::iota(result.begin(), result.end(), 0U);
  return result;
}

template <class Number>
std::vector<Number> picked(const std::vector<Number>& from, const std::vector<std::uint32_t>& of) {
  std::vector<Number> result;
  result.reserve(of.size());
  for (const std::uint32_t k : of) result.push_back(from[k]);
  return result;
}

// ---- sums ----

/// Where the taps of `small` stand in `large`: for each axis, the tap of large that reads what tap 0 of small
/// reads, and the number of taps from one to the next.
struct Placement {
  std::array<std::uint32_t, 2> first{}, step{1, 1};
};

std::optional<Placement> placed_in(const WindowMap& small, const WindowMap& large) {
  if (small.inputs != large.inputs || small.outputs != large.outputs || small.in != large.in ||
      small.out != large.out || small.stride != large.stride || large.groups > small.groups ||
      small.groups % large.groups != 0)
    return std::nullopt;
  Placement placement;
  for (std::size_t d = 0; d < 2; ++d) {
    // tap·dilation - before is what a tap reads of the source position.
    if (small.kernel[d] > 1 && small.dilation[d] % large.dilation[d] != 0) return std::nullopt;
    placement.step[d] = std::max(1U, small.dilation[d] / large.dilation[d]);
    if (small.kernel[d] == 1) placement.step[d] = 1;
    if (large.before[d] < small.before[d]) return std::nullopt;
    const std::uint32_t ahead = large.before[d] - small.before[d];
    if (ahead % large.dilation[d] != 0) return std::nullopt;
    placement.first[d] = ahead / large.dilation[d];
    if (placement.first[d] + std::uint64_t{small.kernel[d] - 1} * placement.step[d] >= large.kernel[d])
      return std::nullopt;
  }
  return placement;
}

/// By weight of `large`, the weight of `small` that stands there.
std::vector<std::uint32_t> spread(const WindowMap& small, const WindowMap& large, const Placement& at) {
  std::vector<std::uint32_t> of(std::size_t{large.outputs} * large.inner() * large.taps(), kNowhere);
  for (std::uint32_t o = 0; o < small.outputs; ++o)
    for (std::uint32_t i = 0; i < small.inner(); ++i) {
      const std::uint32_t input =
          o / small.outer() * small.inner() + i;  // within the large group, by nesting
      const std::size_t filter = std::size_t{o} * large.inner() + input % large.inner();
      for (std::uint32_t ky = 0; ky < small.kernel[0]; ++ky)
        for (std::uint32_t kx = 0; kx < small.kernel[1]; ++kx)
          of[(filter * large.kernel[0] + at.first[0] + ky * at.step[0]) * large.kernel[1] + at.first[1] +
             kx * at.step[1]] = ((o * small.inner() + i) * small.kernel[0] + ky) * small.kernel[1] + kx;
    }
  return of;
}

/// A diagonal map as a window of the other's extents and one tap, and for each weight the diagonal's; nothing
/// where its weights differ within a channel.
std::optional<std::pair<WindowMap, std::vector<std::uint32_t>>> as_window(const DiagonalMap& diagonal,
                                                                          const WindowMap& other) {
  const std::uint32_t area = other.in_area();
  if (diagonal.size != other.inputs * area || other.inputs != other.outputs || other.in != other.out ||
      diagonal.run % area != 0)
    return std::nullopt;
  WindowMap window{other.inputs, other.inputs, other.inputs,   other.in, other.in,
                   {1, 1},       other.stride, other.dilation, {}};
  if (window.stride != std::array<std::uint32_t, 2>{1, 1}) return std::nullopt;
  std::vector<std::uint32_t> of;
  for (std::uint32_t c = 0; c < other.inputs; ++c) of.push_back(c * area / diagonal.run);
  return std::pair(window, std::move(of));
}

/// `small` within `large`, both windows or the small one diagonal.
std::optional<MergedForm> nested(const MapForm& small, const MapForm& large) {
  const auto* window = large.as<WindowMap>();
  if (window == nullptr || small.gather() != large.gather()) return std::nullopt;
  std::vector<std::uint32_t> of;
  if (const auto* diagonal = small.as<DiagonalMap>()) {
    const auto one_tap = as_window(*diagonal, *window);
    if (!one_tap) return std::nullopt;
    const auto placement = placed_in(one_tap->first, *window);
    if (!placement) return std::nullopt;
    of = spread(one_tap->first, *window, *placement);
    for (std::uint32_t& k : of)
      if (k != kNowhere) k = one_tap->second[k];
  } else if (const auto* inside = small.as<WindowMap>()) {
    const auto placement = placed_in(*inside, *window);
    if (!placement) return std::nullopt;
    of = spread(*inside, *window, *placement);
  } else {
    return std::nullopt;
  }
  return MergedForm{large, counting(large.weights()), std::move(of)};
}

std::optional<MergedForm> both_diagonal(const MapForm& a, const MapForm& b) {
  const auto* first = a.as<DiagonalMap>();
  const auto* second = b.as<DiagonalMap>();
  if (first == nullptr || second == nullptr || a.gather() != b.gather() || first->size != second->size)
    return std::nullopt;
  MergedForm result;
  const std::uint32_t run = std::gcd(first->run, second->run);
  result.form = MapForm(DiagonalMap{first->size, run}, a.gather());
  for (std::uint32_t e = 0; e < first->size; e += run) {
    result.of_a.push_back(e / first->run);
    result.of_b.push_back(e / second->run);
  }
  return result;
}

/// The synapses of both by source and target.
MergedForm unrolled_sum(const MapForm& a, std::span<const std::int64_t> a_present, const MapForm& b,
                        std::span<const std::int64_t> b_present) {
  MergedForm result;
  SparseMap rows{static_cast<std::uint32_t>(a.targets()), {0}, {}};
  for (std::size_t s = 0; s < a.sources(); ++s) {
    const MapRow first = a.row(s), second = b.row(s);
    for (std::size_t i = 0, j = 0; i < first.count || j < second.count;) {
      const std::uint32_t target = std::min(i < first.count ? first.target_at(i) : kNowhere,
                                            j < second.count ? second.target_at(j) : kNowhere);
      std::uint32_t of_a = kNowhere, of_b = kNowhere;
      if (i < first.count && first.target_at(i) == target)
        of_a = static_cast<std::uint32_t>(first.weight_at(i++));
      if (j < second.count && second.target_at(j) == target)
        of_b = static_cast<std::uint32_t>(second.weight_at(j++));
      if (of_a != kNowhere && a_present[of_a] == 0) of_a = kNowhere;
      if (of_b != kNowhere && b_present[of_b] == 0) of_b = kNowhere;
      if (of_a == kNowhere && of_b == kNowhere) continue;
      rows.target.push_back(target);
      result.of_a.push_back(of_a);
      result.of_b.push_back(of_b);
    }
    rows.end_row();
  }
  result.form = MapForm(std::move(rows));
  return result;
}

std::uint64_t synapses_of(const MapForm& form, std::span<const std::int64_t> present) {
  const std::vector<std::uint64_t> times = multiplicity(form);
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < times.size(); ++k) sum += present[k] != 0 ? times[k] : 0;
  return sum;
}

// ---- series ----

bool is_identity(const MapForm& form) { return form.as<DiagonalMap>() != nullptr && form.gather().empty(); }

/// The coarsest runs in which equal weights stand.
RealMap diagonal_of(std::vector<double> by_element, std::vector<std::uint32_t> gather) {
  const auto size = static_cast<std::uint32_t>(by_element.size());
  std::uint32_t run = size == 0 ? 1 : size;
  for (std::uint32_t e = 1; e < size; ++e)
    if (by_element[e] != by_element[e - 1]) run = std::gcd(run, e);
  std::vector<double> weight;
  for (std::uint32_t e = 0; e < size; e += run) weight.push_back(by_element[e]);
  return {MapForm(DiagonalMap{size, run}, std::move(gather)), std::move(weight)};
}

/// A pool without overlap whose weights are equal within a channel: every source counts for one target.
/// Nothing where the window is no such pool.
std::optional<RealMap> as_gather(const RealMap& map) {
  const auto* w = map.form.as<WindowMap>();
  if (w == nullptr || w->groups != w->inputs || w->outputs != w->inputs) return std::nullopt;
  for (std::size_t d = 0; d < 2; ++d) {
    const bool overlaps = (w->kernel[d] - 1) * std::uint64_t{w->dilation[d]} >= w->stride[d];
    if (overlaps) return std::nullopt;
  }
  const std::size_t taps = w->taps();
  std::vector<double> by_target;
  for (std::size_t c = 0; c < w->inputs; ++c) {
    const auto first = map.weight.begin() + static_cast<std::ptrdiff_t>(c * taps);
    if (std::any_of(first, first + static_cast<std::ptrdiff_t>(taps), [&](double x) { return x != *first; }))
      return std::nullopt;
    by_target.insert(by_target.end(), w->out_area(), *first);
  }
  std::vector<std::uint32_t> gather;
  for (std::size_t s = 0; s < map.form.sources(); ++s) {
    const MapRow row = map.form.row(s);
    SPIKELOOM_CHECK(row.count <= 1);
    gather.push_back(row.count == 0 ? kNowhere : row.target_at(0));
  }
  return diagonal_of(std::move(by_target), std::move(gather));
}

/// A diagonal map (with its gather), then b: b behind that gather, where b's weights can take the diagonal's.
std::optional<RealMap> gathered(const RealMap& a, const RealMap& b) {
  const auto* diagonal = a.form.as<DiagonalMap>();
  if (diagonal == nullptr) return std::nullopt;
  std::vector<std::uint32_t> gather(a.form.sources());
  for (std::size_t s = 0; s < gather.size(); ++s) {
    const std::uint32_t element = a.form.leaf_source(s);
    gather[s] = element == kNowhere ? kNowhere : b.form.leaf_source(element);
  }
  // By b's leaf source, the one weight with which what counts for it comes.
  std::vector<double> scale(b.form.leaf_sources(), 0);
  std::vector<char> known(scale.size(), 0);
  for (std::size_t e = 0; e < b.form.sources(); ++e) {
    const std::uint32_t leaf = b.form.leaf_source(e);
    if (leaf == kNowhere) continue;
    const double weight = a.weight[e / diagonal->run];
    if (known[leaf] != 0 && scale[leaf] != weight) return std::nullopt;
    known[leaf] = 1;
    scale[leaf] = weight;
  }
  if (const auto* own = b.form.as<DiagonalMap>()) {
    std::vector<double> by_element(own->size);
    for (std::size_t e = 0; e < by_element.size(); ++e) by_element[e] = scale[e] * b.weight[e / own->run];
    return diagonal_of(std::move(by_element), std::move(gather));
  }
  const auto factors = common_to_sources(b.form, scale);
  if (!factors) return std::nullopt;
  RealMap result{MapForm(b.form.leaf(), std::move(gather)), b.weight};
  for (std::size_t k = 0; k < result.weight.size(); ++k) result.weight[k] = (*factors)[k] * b.weight[k];
  return result;
}

/// A window, then a pool (any window a channel by itself) without padding: one window with the kernel of
/// both.
std::optional<RealMap> pooled(const RealMap& a, const RealMap& b) {
  const auto* w = a.form.as<WindowMap>();
  const auto* p = b.form.as<WindowMap>();
  if (w == nullptr || p == nullptr || !b.form.gather().empty() || p->groups != p->inputs ||
      p->outputs != p->inputs || p->inputs != w->outputs || p->in != w->out ||
      p->before != std::array<std::uint32_t, 2>{})
    return std::nullopt;
  WindowMap both = *w;
  both.out = p->out;
  std::array<std::uint32_t, 2> inner_step{}, outer_step{};  // taps of the result from one of w's, of p's
  for (std::size_t d = 0; d < 2; ++d) {
    // The pool must not read beyond the window's last position: there it is 0, and the kernel's is not.
    if ((p->out[d] - 1) * std::uint64_t{p->stride[d]} + (p->kernel[d] - 1) * std::uint64_t{p->dilation[d]} >=
        w->out[d])
      return std::nullopt;
    const std::uint32_t by_pool = p->dilation[d] * w->stride[d];
    both.dilation[d] = p->kernel[d] == 1   ? w->dilation[d]
                       : w->kernel[d] == 1 ? by_pool
                                           : std::gcd(w->dilation[d], by_pool);
    inner_step[d] = w->kernel[d] == 1 ? 0 : w->dilation[d] / both.dilation[d];
    outer_step[d] = p->kernel[d] == 1 ? 0 : by_pool / both.dilation[d];
    both.kernel[d] = (w->kernel[d] - 1) * inner_step[d] + (p->kernel[d] - 1) * outer_step[d] + 1;
    both.stride[d] = w->stride[d] * p->stride[d];
  }
  const std::size_t filters = std::size_t{w->outputs} * w->inner();
  if (filters * both.taps() > kMaxMapEntries) return std::nullopt;
  std::vector<double> weight(filters * both.taps(), 0);
  for (std::size_t f = 0; f < filters; ++f)
    for (std::uint32_t py = 0; py < p->kernel[0]; ++py)
      for (std::uint32_t px = 0; px < p->kernel[1]; ++px)
        for (std::uint32_t ky = 0; ky < w->kernel[0]; ++ky)
          for (std::uint32_t kx = 0; kx < w->kernel[1]; ++kx) {
            const std::size_t y = ky * inner_step[0] + py * outer_step[0];
            const std::size_t x = kx * inner_step[1] + px * outer_step[1];
            weight[(f * both.kernel[0] + y) * both.kernel[1] + x] +=
                a.weight[(f * w->kernel[0] + ky) * w->kernel[1] + kx] *
                b.weight[(f / w->inner() * p->kernel[0] + py) * p->kernel[1] + px];
          }
  if (MapForm::problem(both, a.form.gather())) return std::nullopt;
  return RealMap{MapForm(both, a.form.gather()), std::move(weight)};
}

/// Anything, then a scale by target.
std::optional<RealMap> scaled(const RealMap& a, const RealMap& b) {
  const auto* diagonal = b.form.as<DiagonalMap>();
  if (!is_identity(b.form)) return std::nullopt;
  std::vector<double> scale(diagonal->size);
  for (std::size_t t = 0; t < scale.size(); ++t) scale[t] = b.weight[t / diagonal->run];
  const auto factors = common_to_targets(a.form, scale);
  if (!factors) return std::nullopt;
  RealMap result = a;
  for (std::size_t k = 0; k < result.weight.size(); ++k) result.weight[k] = a.weight[k] * (*factors)[k];
  return result;
}

RealMap multiplied(const RealMap& a, const RealMap& b) {
  const std::size_t width = b.form.targets();
  SparseMap product{static_cast<std::uint32_t>(width), {0}, {}};
  std::vector<double> weight, row_sum(width, 0);
  for (std::size_t s = 0; s < a.form.sources(); ++s) {
    std::set<std::uint32_t> few;  // touched targets, while they are few
    bool many = false;
    a.form.row(s).each([&](std::uint32_t middle, std::size_t first) {
      if (a.weight[first] == 0) return;
      const MapRow row = b.form.row(middle);
      many = many || row.count > width / 16;
      row.each([&](std::uint32_t target, std::size_t second) {
        if (b.weight[second] == 0) return;
        row_sum[target] += a.weight[first] * b.weight[second];
        if (!many) few.insert(target);
      });
    });
    const auto flush = [&](std::uint32_t target) {
      if (row_sum[target] != 0) {
        product.target.push_back(target);
        weight.push_back(row_sum[target]);
      }
      row_sum[target] = 0;
    };
    if (many) {
      for (std::size_t target = 0; target < width; ++target) flush(static_cast<std::uint32_t>(target));
    } else {
      for (const std::uint32_t target : few) flush(target);
    }
    product.end_row();
    if (weight.size() > kMaxMapEntries) {
      throw input_error(
          "linear nodes in series compose to more than 2^26 weights; put a neuron between them");
    }
  }
  return {MapForm(std::move(product)), std::move(weight)};
}

}  // namespace

RealMap identity_map(std::size_t size) {
  const auto count = static_cast<std::uint32_t>(size);
  return {MapForm(DiagonalMap{count, std::max(1U, count)}), std::vector<double>(size == 0 ? 0 : 1, 1.0)};
}

Unrolled unrolled(const MapForm& form, std::span<const std::int64_t> present) {
  if (const std::uint64_t synapses = synapses_of(form, present); synapses > kMaxMapEntries) {
    throw input_error("it unrolls to more than 2^26 weights (" + std::to_string(synapses) + ")");
  }
  Unrolled result;
  SparseMap rows{static_cast<std::uint32_t>(form.targets()), {0}, {}};
  for (std::size_t s = 0; s < form.sources(); ++s) {
    form.row(s).each([&](std::uint32_t target, std::size_t weight) {
      if (present[weight] == 0) return;
      rows.target.push_back(target);
      result.of.push_back(static_cast<std::uint32_t>(weight));
    });
    rows.end_row();
  }
  result.form = MapForm(std::move(rows));
  return result;
}

std::optional<MergedForm> merged(const MapForm& a, std::span<const std::int64_t> a_present, const MapForm& b,
                                 std::span<const std::int64_t> b_present) {
  SPIKELOOM_CHECK(a.sources() == b.sources() && a.targets() == b.targets());
  const bool sparse = a.as<SparseMap>() != nullptr;
  if (a == b && !sparse) return MergedForm{a, counting(a.weights()), counting(b.weights())};
  if (auto both = both_diagonal(a, b)) return both;
  if (auto both = nested(b, a)) return both;
  if (auto both = nested(a, b)) {
    std::swap(both->of_a, both->of_b);
    return both;
  }
  if (synapses_of(a, a_present) + synapses_of(b, b_present) > kMostUnrolledSum) return std::nullopt;
  return unrolled_sum(a, a_present, b, b_present);
}

std::optional<RealMap> add(const RealMap& a, const RealMap& b) {
  auto both = merged(a.form, ones(a.weight), b.form, ones(b.weight));
  if (!both) return std::nullopt;
  RealMap sum{both->form, both->sum(a.weight, b.weight)};
  return tidy(std::move(sum));
}

RealMap series(const RealMap& a, const RealMap& b) {
  SPIKELOOM_CHECK(a.form.targets() == b.form.sources());
  if (const auto pool = as_gather(a)) return series(*pool, b);
  if (auto both = gathered(a, b)) return std::move(*both);
  if (auto both = scaled(a, b)) return std::move(*both);
  if (auto both = pooled(a, b)) return std::move(*both);
  return tidy(multiplied(a, b));
}

RealMap restricted(const RealMap& map, std::span<const char> kept) {
  SPIKELOOM_CHECK(kept.size() == map.form.targets());
  if (map.form.as<DiagonalMap>() != nullptr) {
    std::vector<std::uint32_t> gather(map.form.sources());
    for (std::size_t s = 0; s < gather.size(); ++s) {
      gather[s] = map.form.leaf_source(s);
      if (gather[s] != kNowhere && kept[gather[s]] == 0) gather[s] = kNowhere;
    }
    return {MapForm(map.form.leaf(), std::move(gather)), map.weight};
  }
  Unrolled all = unrolled(map.form, ones(map.weight));
  RealMap result{all.form, picked(map.weight, all.of)};
  const auto& target = result.form.as<SparseMap>()->target;
  for (std::size_t k = 0; k < result.weight.size(); ++k)
    if (kept[target[k]] == 0) result.weight[k] = 0;
  return tidy(std::move(result));
}

RealMap tidy(RealMap map) {
  if (auto pool = as_gather(map)) return std::move(*pool);
  drop_zeros(map.form, map.weight);
  const std::size_t places = map.form.sources() * map.form.targets();
  const auto* sparse = map.form.as<SparseMap>();
  if (sparse != nullptr && map.form.gather().empty() && 2 * map.weight.size() > places &&
      places <= kMaxMapEntries) {
    std::vector<double> weight(places, 0);
    for (std::size_t s = 0; s + 1 < sparse->begin.size(); ++s)
      for (std::size_t k = sparse->begin[s]; k < sparse->begin[s + 1]; ++k)
        weight[s * sparse->targets + sparse->target[k]] = map.weight[k];
    return {MapForm(DenseMap{static_cast<std::uint32_t>(map.form.sources()), sparse->targets}),
            std::move(weight)};
  }
  if (map.form.as<DenseMap>() != nullptr && map.form.gather().empty()) {
    const auto present = ones(map.weight);
    const auto there =
        static_cast<std::size_t>(std::accumulate(present.begin(), present.end(), std::int64_t{0}));
    if (2 * there > places || places == 0) return map;
    const Unrolled all = unrolled(map.form, present);
    return {all.form, picked(map.weight, all.of)};
  }
  return map;
}

}  // namespace spikeloom

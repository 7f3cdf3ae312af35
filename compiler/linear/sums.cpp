#include "compiler/linear/sums.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// The positions of both axes that one tap joins, as source position and target position.
struct Joined {
  std::uint32_t source = 0, target = 0;
};

/// By tap, row-major as the kernel: every target position that it serves.
std::vector<std::vector<Joined>> joined_by_tap(const WindowMap& w) {
  std::vector<std::vector<Joined>> joined(w.taps());
  for (std::uint32_t ky = 0; ky < w.kernel[0]; ++ky)
    for (std::uint32_t y = 0; y < w.out[0]; ++y) {
      const auto from_y = w.reads(0, y, ky);
      if (!from_y) continue;
      for (std::uint32_t kx = 0; kx < w.kernel[1]; ++kx)
        for (std::uint32_t x = 0; x < w.out[1]; ++x)
          if (const auto from_x = w.reads(1, x, kx))
            joined[ky * w.kernel[1] + kx].push_back({*from_y * w.in[1] + *from_x, y * w.out[1] + x});
    }
  return joined;
}

template <class Number>
class ByWeight {
 public:
  ByWeight(const MapForm& form, const std::vector<Number>& of_leaf) : form_(form), of_(of_leaf) {}

  std::vector<Number> operator()(const SparseMap& m) const {
    std::vector<Number> sum(form_.weights());
    for (std::size_t s = 0; s + 1 < m.begin.size(); ++s)
      for (std::size_t k = m.begin[s]; k < m.begin[s + 1]; ++k) sum[k] = of_[s];
    return sum;
  }
  std::vector<Number> operator()(const DenseMap& m) const {
    std::vector<Number> sum(form_.weights());
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = of_[k / m.targets];
    return sum;
  }
  std::vector<Number> operator()(const DiagonalMap& m) const {
    std::vector<Number> sum(form_.weights(), Number{0});
    for (std::size_t e = 0; e < m.size; ++e) sum[e / m.run] += of_[e];
    return sum;
  }
  std::vector<Number> operator()(const WindowMap& m) const {
    const std::size_t inner = m.inner(), outer = m.outer(), taps = m.taps(), area = m.in_area();
    const auto joined = joined_by_tap(m);
    std::vector<Number> sum(form_.weights());
    for (std::size_t i = 0; i < m.inputs; ++i)
      for (std::size_t tap = 0; tap < taps; ++tap) {
        Number total{0};
        for (const Joined& at : joined[tap]) total += of_[i * area + at.source];
        for (std::size_t o = i / inner * outer; o < (i / inner + 1) * outer; ++o)
          sum[(o * inner + i % inner) * taps + tap] = total;
      }
    return sum;
  }

 private:
  const MapForm& form_;
  const std::vector<Number>& of_;
};

template <class Number, class OfSource>
std::vector<Number> by_weight(const MapForm& form, const OfSource& of_source) {
  std::vector<Number> of_leaf(form.leaf_sources(), Number{0});
  for (std::size_t s = 0; s < form.sources(); ++s)
    if (const std::uint32_t element = form.leaf_source(s); element != kNowhere)
      of_leaf[element] += of_source(s);
  return std::visit(ByWeight<Number>(form, of_leaf), form.leaf());
}

/// Sources that each of the leaf's sources stands for.
std::vector<std::int64_t> gathered(const MapForm& form) {
  std::vector<std::int64_t> times(form.leaf_sources(), 0);
  for (std::size_t s = 0; s < form.sources(); ++s)
    if (const std::uint32_t element = form.leaf_source(s); element != kNowhere) ++times[element];
  return times;
}

class ByTarget {
 public:
  ByTarget(const MapForm& form, std::span<const std::int64_t> of_weight)
      : of_(of_weight), times_(gathered(form)), sum_(form.targets(), 0) {}

  std::vector<std::int64_t> operator()(const SparseMap& m) {
    for (std::size_t s = 0; s + 1 < m.begin.size(); ++s)
      for (std::size_t k = m.begin[s]; k < m.begin[s + 1]; ++k) sum_[m.target[k]] += times_[s] * of_[k];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const DenseMap& m) {
    for (std::size_t s = 0; s < m.sources; ++s)
      for (std::size_t t = 0; t < m.targets; ++t) sum_[t] += times_[s] * of_[s * m.targets + t];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const DiagonalMap& m) {
    for (std::size_t e = 0; e < m.size; ++e) sum_[e] = times_[e] * of_[e / m.run];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const WindowMap& m) {
    const auto joined = joined_by_tap(m);
    const std::size_t inner = m.inner(), taps = m.taps();
    const bool alike =
        std::all_of(times_.begin(), times_.end(), [&](std::int64_t n) { return n == times_.front(); });
    for (std::size_t o = 0; o < m.outputs; ++o)
      for (std::size_t tap = 0; tap < taps; ++tap) {
        std::int64_t* const sum = sum_.data() + o * m.out_area();
        const std::int64_t* const of = of_.data() + o * inner * taps + tap;
        if (alike) {
          // Every source is taken as often: the channels can be added up before positions are looked at.
          std::int64_t channels = 0;
          for (std::size_t i = 0; i < inner; ++i) channels += of[i * taps];
          for (const Joined& at : joined[tap]) sum[at.target] += times_.front() * channels;
          continue;
        }
        for (std::size_t i = 0; i < inner; ++i) {
          const std::int64_t* const times = times_.data() + (o / m.outer() * inner + i) * m.in_area();
          for (const Joined& at : joined[tap]) sum[at.target] += times[at.source] * of[i * taps];
        }
      }
    return std::move(sum_);
  }

 private:
  std::span<const std::int64_t> of_;
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> sum_;
};

class BySource {
 public:
  BySource(const MapForm& form, std::span<const std::int64_t> of_weight)
      : of_(of_weight), sum_(form.leaf_sources(), 0) {}

  std::vector<std::int64_t> operator()(const SparseMap& m) {
    for (std::size_t s = 0; s + 1 < m.begin.size(); ++s)
      for (std::size_t k = m.begin[s]; k < m.begin[s + 1]; ++k) sum_[s] += of_[k];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const DenseMap& m) {
    for (std::size_t k = 0; k < of_.size(); ++k) sum_[k / m.targets] += of_[k];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const DiagonalMap& m) {
    for (std::size_t e = 0; e < m.size; ++e) sum_[e] = of_[e / m.run];
    return std::move(sum_);
  }
  std::vector<std::int64_t> operator()(const WindowMap& m) {
    const auto joined = joined_by_tap(m);
    const std::size_t inner = m.inner(), outer = m.outer(), taps = m.taps();
    for (std::size_t i = 0; i < m.inputs; ++i)
      for (std::size_t tap = 0; tap < taps; ++tap) {
        std::int64_t channels = 0;
        for (std::size_t o = i / inner * outer; o < (i / inner + 1) * outer; ++o)
          channels += of_[(o * inner + i % inner) * taps + tap];
        for (const Joined& at : joined[tap]) sum_[i * m.in_area() + at.source] += channels;
      }
    return std::move(sum_);
  }

 private:
  std::span<const std::int64_t> of_;
  std::vector<std::int64_t> sum_;
};

/// Collects what several have in common.
class Common {
 public:
  explicit Common(std::size_t size) : value_(size, 0), known_(size, false) {}
  void add(std::size_t at, double value) {
    if (!known_[at]) {
      value_[at] = value;
      known_[at] = true;
    }
    same_ = same_ && value_[at] == value;
  }
  std::optional<std::vector<double>> result() {
    if (!same_) return std::nullopt;
    return std::move(value_);
  }

 private:
  std::vector<double> value_;
  std::vector<bool> known_;
  bool same_ = true;
};

}  // namespace

std::vector<double> sum_by_weight(const MapForm& form, std::span<const double> of_source) {
  SPIKELOOM_CHECK(of_source.size() == form.sources());
  return by_weight<double>(form, [&](std::size_t s) { return of_source[s]; });
}

std::vector<std::uint64_t> multiplicity(const MapForm& form) {
  return by_weight<std::uint64_t>(form, [](std::size_t) { return std::uint64_t{1}; });
}

std::vector<std::int64_t> sum_by_target(const MapForm& form, std::span<const std::int64_t> of_weight) {
  SPIKELOOM_CHECK(of_weight.size() == form.weights());
  return std::visit(ByTarget(form, of_weight), form.leaf());
}

std::vector<std::int64_t> sum_by_source(const MapForm& form, std::span<const std::int64_t> of_weight) {
  SPIKELOOM_CHECK(of_weight.size() == form.weights());
  const std::vector<std::int64_t> of_leaf = std::visit(BySource(form, of_weight), form.leaf());
  std::vector<std::int64_t> sum(form.sources(), 0);
  for (std::size_t s = 0; s < sum.size(); ++s)
    if (const std::uint32_t element = form.leaf_source(s); element != kNowhere) sum[s] = of_leaf[element];
  return sum;
}

std::optional<std::vector<double>> common_to_targets(const MapForm& form, std::span<const double> of_target) {
  SPIKELOOM_CHECK(of_target.size() == form.targets());
  Common common(form.weights());
  if (const auto* sparse = form.as<SparseMap>()) {
    for (std::size_t k = 0; k < sparse->target.size(); ++k) common.add(k, of_target[sparse->target[k]]);
  } else if (const auto* dense = form.as<DenseMap>()) {
    for (std::size_t k = 0; k < form.weights(); ++k) common.add(k, of_target[k % dense->targets]);
  } else if (const auto* diagonal = form.as<DiagonalMap>()) {
    for (std::size_t e = 0; e < diagonal->size; ++e) common.add(e / diagonal->run, of_target[e]);
  } else {
    const WindowMap& window = *form.as<WindowMap>();
    Common channels(window.outputs);
    for (std::size_t t = 0; t < of_target.size(); ++t) channels.add(t / window.out_area(), of_target[t]);
    const auto of_channel = channels.result();
    if (!of_channel) return std::nullopt;
    const std::size_t filter = std::size_t{window.inner()} * window.taps();
    for (std::size_t k = 0; k < form.weights(); ++k) common.add(k, (*of_channel)[k / filter]);
  }
  return common.result();
}

std::optional<std::vector<double>> common_to_sources(const MapForm& form,
                                                     std::span<const double> of_leaf_source) {
  SPIKELOOM_CHECK(of_leaf_source.size() == form.leaf_sources());
  Common common(form.weights());
  if (const auto* sparse = form.as<SparseMap>()) {
    for (std::size_t s = 0; s + 1 < sparse->begin.size(); ++s)
      for (std::size_t k = sparse->begin[s]; k < sparse->begin[s + 1]; ++k) common.add(k, of_leaf_source[s]);
  } else if (const auto* dense = form.as<DenseMap>()) {
    for (std::size_t k = 0; k < form.weights(); ++k) common.add(k, of_leaf_source[k / dense->targets]);
  } else if (const auto* diagonal = form.as<DiagonalMap>()) {
    for (std::size_t e = 0; e < diagonal->size; ++e) common.add(e / diagonal->run, of_leaf_source[e]);
  } else {
    const WindowMap& window = *form.as<WindowMap>();
    Common channels(window.inputs);
    for (std::size_t e = 0; e < of_leaf_source.size(); ++e)
      channels.add(e / window.in_area(), of_leaf_source[e]);
    const auto of_channel = channels.result();
    if (!of_channel) return std::nullopt;
    const std::size_t inner = window.inner(), taps = window.taps();
    for (std::size_t k = 0; k < form.weights(); ++k) {
      const std::size_t filter = k / taps;  // output channel × inner + input channel within the group
      const std::size_t group = filter / inner / window.outer();
      common.add(k, (*of_channel)[group * inner + filter % inner]);
    }
  }
  return common.result();
}

}  // namespace spikeloom

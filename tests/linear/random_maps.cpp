#include "tests/linear/random_maps.hpp"

#include <utility>

namespace spikeloom::test {
namespace {

std::uint32_t pick(Rng& rng, std::uint32_t low, std::uint32_t high) {
  return static_cast<std::uint32_t>(rng.between(low, high));
}

/// Some sources count for nothing, some for the same element.
std::vector<std::uint32_t> random_gather(Rng& rng, std::uint32_t sources, std::size_t elements) {
  std::vector<std::uint32_t> gather(sources, kNowhere);
  for (std::uint32_t& element : gather)
    if (elements != 0 && !rng.chance(0.2)) element = static_cast<std::uint32_t>(rng.below(elements));
  return gather;
}

SparseMap random_sparse(Rng& rng, std::uint32_t sources, std::uint32_t targets) {
  SparseMap map{targets, {0}, {}};
  for (std::uint32_t s = 0; s < sources; ++s) {
    for (std::uint32_t t = 0; t < targets; ++t)
      if (rng.chance(0.4)) map.target.push_back(t);
    map.end_row();
  }
  return map;
}

/// Source by leaf source, before any gather.
Matrix leaf_matrix(const SparseMap& m, const std::vector<double>& weight, std::size_t) {
  Matrix result(m.begin.size() - 1, std::vector<double>(m.targets, 0));
  for (std::size_t s = 0; s < result.size(); ++s)
    for (std::size_t k = m.begin[s]; k < m.begin[s + 1]; ++k) result[s][m.target[k]] = weight[k];
  return result;
}

Matrix leaf_matrix(const DenseMap& m, const std::vector<double>& weight, std::size_t) {
  Matrix result(m.sources, std::vector<double>(m.targets, 0));
  for (std::size_t s = 0; s < m.sources; ++s)
    for (std::size_t t = 0; t < m.targets; ++t) result[s][t] = weight[s * m.targets + t];
  return result;
}

Matrix leaf_matrix(const DiagonalMap& m, const std::vector<double>& weight, std::size_t) {
  Matrix result(m.size, std::vector<double>(m.size, 0));
  for (std::size_t e = 0; e < m.size; ++e) result[e][e] = weight[e / m.run];
  return result;
}

Matrix leaf_matrix(const WindowMap& m, const std::vector<double>& weight, std::size_t sources) {
  Matrix result(sources, std::vector<double>(std::size_t{m.outputs} * m.out[0] * m.out[1], 0));
  const std::int64_t inner = m.inputs / m.groups, outer = m.outputs / m.groups;
  for (std::int64_t o = 0; o < m.outputs; ++o)
    for (std::int64_t y = 0; y < m.out[0]; ++y)
      for (std::int64_t x = 0; x < m.out[1]; ++x)
        for (std::int64_t i = 0; i < inner; ++i)
          for (std::int64_t ky = 0; ky < m.kernel[0]; ++ky)
            for (std::int64_t kx = 0; kx < m.kernel[1]; ++kx) {
              const std::int64_t from_y = y * m.stride[0] + ky * m.dilation[0] - m.before[0];
              const std::int64_t from_x = x * m.stride[1] + kx * m.dilation[1] - m.before[1];
              if (from_y < 0 || from_y >= m.in[0] || from_x < 0 || from_x >= m.in[1]) continue;
              const std::int64_t channel = o / outer * inner + i;
              result[static_cast<std::size_t>((channel * m.in[0] + from_y) * m.in[1] + from_x)]
                    [static_cast<std::size_t>((o * m.out[0] + y) * m.out[1] + x)] +=
                  weight[static_cast<std::size_t>(((o * inner + i) * m.kernel[0] + ky) * m.kernel[1] + kx)];
            }
  return result;
}

}  // namespace

WindowMap random_window(Rng& rng) {
  WindowMap w;
  w.groups = pick(rng, 1, 3);
  const bool depthwise = rng.chance(0.25);
  w.inputs = w.groups * (depthwise ? 1 : pick(rng, 1, 3));
  w.outputs = w.groups * (depthwise && rng.chance(0.5) ? 1 : pick(rng, 1, 6));
  const bool flat = rng.chance(0.3);
  for (std::size_t d = flat ? 1 : 0; d < 2; ++d) {
    w.in[d] = pick(rng, 1, 7);
    w.kernel[d] = pick(rng, 1, 4);
    w.stride[d] = pick(rng, 1, 3);
    w.dilation[d] = pick(rng, 1, 2);
    w.before[d] = pick(rng, 0, 3);
    const std::uint32_t after = pick(rng, 0, 3);
    const std::uint32_t reach = (w.kernel[d] - 1) * w.dilation[d] + 1;
    const std::uint32_t padded = w.in[d] + w.before[d] + after;
    w.out[d] = padded < reach ? 1 : (padded - reach) / w.stride[d] + 1;
    if (rng.chance(0.1)) w.out[d] = pick(rng, 1, 7);  // positions may be left out, or read nothing at all
  }
  return w;
}

MapForm random_form(Rng& rng) {
  MapLeaf leaf;
  switch (rng.below(6)) {
    case 0:
      leaf = random_sparse(rng, pick(rng, 0, 6), pick(rng, 1, 9));
      break;
    case 1:
      leaf = DenseMap{pick(rng, 1, 6), pick(rng, 1, 9)};
      break;
    case 2: {
      const std::uint32_t run = pick(rng, 1, 4);
      leaf = DiagonalMap{run * pick(rng, 1, 4), run};
      break;
    }
    default:
      leaf = random_window(rng);
  }
  const MapForm form(leaf);
  if (rng.chance(0.7)) return form;
  return MapForm(leaf, random_gather(rng, pick(rng, 1, 12), form.sources()));
}

MapForm random_form(Rng& rng, std::uint32_t sources, std::uint32_t targets) {
  MapLeaf leaf;
  switch (rng.below(4)) {
    case 0:
      leaf = random_sparse(rng, sources, targets);
      break;
    case 1:
      leaf = DenseMap{rng.chance(0.5) ? sources : pick(rng, 1, sources), targets};
      break;
    case 2:
      leaf = DiagonalMap{targets, rng.chance(0.5) ? targets : 1};
      break;
    default: {
      WindowMap window = random_window(rng);
      window.out = {1, targets};
      for (const std::uint32_t channels : {4U, 3U, 2U})
        if (targets % channels == 0 && rng.chance(0.5)) {
          window.out[1] = targets / channels;
          break;
        }
      window.outputs = targets / window.out[1];
      window.groups = 1;
      if (window.outputs % 2 == 0 && window.inputs % 2 == 0 && rng.chance(0.5)) window.groups = 2;
      if (window.out[1] % 2 == 0 && rng.chance(0.7)) window.out = {2, window.out[1] / 2};
      leaf = window;
    }
  }
  const MapForm form(leaf);
  if (form.sources() == sources) return form;
  return MapForm(leaf, random_gather(rng, sources, form.sources()));
}

std::vector<double> random_weights(Rng& rng, const MapForm& form) {
  std::vector<double> weight(form.weights());
  const bool sparse = form.as<SparseMap>() != nullptr;
  for (double& w : weight) {
    w = static_cast<double>(rng.between(-4, 4));
    if (w == 0 && sparse) w = 5;
  }
  return weight;
}

RealMap random_map(Rng& rng) {
  RealMap map{random_form(rng), {}};
  map.weight = random_weights(rng, map.form);
  return map;
}

Matrix matrix_of(const MapForm& form, const std::vector<double>& weight) {
  const Matrix leaf =
      std::visit([&](const auto& m) { return leaf_matrix(m, weight, form.leaf_sources()); }, form.leaf());
  if (form.gather().empty()) return leaf;
  Matrix result;
  for (const std::uint32_t element : form.gather())
    result.push_back(element == kNowhere ? std::vector<double>(form.targets(), 0) : leaf[element]);
  return result;
}

Matrix matrix_of_rows(const RealMap& map) {
  Matrix result(map.form.sources(), std::vector<double>(map.form.targets(), 0));
  for (std::size_t s = 0; s < result.size(); ++s)
    map.form.row(s).each(
        [&](std::uint32_t target, std::size_t weight) { result[s][target] += map.weight[weight]; });
  return result;
}

RealMap written_out(const RealMap& map) {
  const Matrix matrix = matrix_of(map);
  SparseMap rows{static_cast<std::uint32_t>(map.form.targets()), {0}, {}};
  std::vector<double> weight;
  for (const auto& row : matrix) {
    for (std::uint32_t t = 0; t < row.size(); ++t) {
      if (row[t] == 0) continue;
      rows.target.push_back(t);
      weight.push_back(row[t]);
    }
    rows.end_row();
  }
  return {MapForm(std::move(rows)), std::move(weight)};
}

}  // namespace spikeloom::test

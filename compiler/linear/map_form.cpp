#include "compiler/linear/map_form.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 31U;  ///< of sources, and of targets

std::string times(std::uint64_t a, std::uint64_t b) { return std::to_string(a) + "×" + std::to_string(b); }

std::uint64_t leaf_sources_of(const MapLeaf& leaf) {
  struct Count {
    std::uint64_t operator()(const SparseMap& m) const { return m.begin.size() - 1; }
    std::uint64_t operator()(const DenseMap& m) const { return m.sources; }
    std::uint64_t operator()(const WindowMap& m) const { return std::uint64_t{m.inputs} * m.in[0] * m.in[1]; }
    std::uint64_t operator()(const DiagonalMap& m) const { return m.size; }
  };
  return std::visit(Count{}, leaf);
}

/// Which target positions along one axis a source position reaches: (position, tap), positions rising.
using Reached = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

std::vector<Reached> reached_along(const WindowMap& window, std::size_t axis) {
  std::vector<Reached> reached(window.in[axis]);
  for (std::uint32_t at = 0; at < window.out[axis]; ++at)
    for (std::uint32_t tap = 0; tap < window.kernel[axis]; ++tap)
      if (const auto from = window.reads(axis, at, tap)) reached[*from].emplace_back(at, tap);
  return reached;
}

/// Positions along one axis by the shape of what they reach.
struct Classes {
  std::vector<std::uint32_t> of, first;  ///< by source position: its class; the first target position
  std::vector<Reached> shape;            ///< by class: target positions less the first
};

Classes classes_along(const WindowMap& window, std::size_t axis) {
  Classes classes;
  std::map<Reached, std::uint32_t> known;
  for (Reached& reached : reached_along(window, axis)) {
    const std::uint32_t first = reached.empty() ? 0 : reached.front().first;
    for (auto& [at, tap] : reached) at -= first;
    const auto [found, fresh] = known.try_emplace(reached, static_cast<std::uint32_t>(classes.shape.size()));
    if (fresh) classes.shape.push_back(reached);
    classes.of.push_back(found->second);
    classes.first.push_back(first);
  }
  return classes;
}

std::size_t entries(const Classes& classes) {
  std::size_t sum = 0;
  for (const Reached& shape : classes.shape) sum += shape.size();
  return sum;
}

std::optional<std::string> problem_of(const SparseMap& m) {
  if (m.begin.empty() || m.begin.front() != 0 || m.begin.back() != m.target.size() ||
      !std::is_sorted(m.begin.begin(), m.begin.end()))
    return "row boundaries must ascend from 0 to the number of weights";
  if (m.target.size() > kMaxMapEntries)
    return std::to_string(m.target.size()) + " synapses without a form, at most 2^26 can be";
  return std::nullopt;
}

std::optional<std::string> problem_of(const DenseMap& m) {
  if (std::uint64_t{m.sources} * m.targets > kMaxMapEntries)
    return times(m.sources, m.targets) + " weights, at most 2^26 can be";
  return std::nullopt;
}

std::optional<std::string> problem_of(const WindowMap& m) {
  for (std::size_t d = 0; d < 2; ++d)
    if (m.in[d] == 0 || m.out[d] == 0 || m.kernel[d] == 0 || m.stride[d] == 0 || m.dilation[d] == 0)
      return "extents, kernel, stride and dilation must be at least 1";
  if (m.inputs == 0 || m.outputs == 0 || m.groups == 0 || m.inputs % m.groups != 0 ||
      m.outputs % m.groups != 0)
    return "its channels do not divide into " + std::to_string(m.groups) + " groups";
  constexpr std::uint64_t kMostArea = std::uint64_t{1} << 32U;
  if (std::uint64_t{m.in[0]} * m.in[1] >= kMostArea || std::uint64_t{m.out[0]} * m.out[1] >= kMostArea ||
      std::uint64_t{m.kernel[0]} * m.kernel[1] > kMaxMapEntries ||
      std::uint64_t{m.in[0]} * m.in[1] * m.inputs > kMostElements ||
      std::uint64_t{m.out[0]} * m.out[1] * m.outputs > kMostElements)
    return "more than 2^31 elements";
  const std::uint64_t filters = std::uint64_t{m.outputs} * m.inner();
  if (filters > kMaxMapEntries || filters * m.taps() > kMaxMapEntries)
    return times(filters, m.taps()) + " weights, at most 2^26 can be";
  // Both products are at most out·kernel, which must be walked to find the classes.
  if (std::uint64_t{m.out[0]} * m.kernel[0] > kMaxMapEntries ||
      std::uint64_t{m.out[1]} * m.kernel[1] > kMaxMapEntries)
    return "its kernel is too large for its extents";
  const std::uint64_t rows = std::uint64_t{entries(classes_along(m, 0))} * entries(classes_along(m, 1));
  if (rows > kMaxMapEntries || rows * m.outer() > kMaxMapEntries)
    return "its different rows hold " + times(rows, m.outer()) + " synapses, at most 2^26 can be";
  return std::nullopt;
}

std::optional<std::string> problem_of(const DiagonalMap& m) {
  if (m.run == 0 || m.size % m.run != 0)
    return "runs of " + std::to_string(m.run) + " do not divide " + std::to_string(m.size) + " elements";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> MapForm::problem(const MapLeaf& leaf, const std::vector<std::uint32_t>& gather) {
  if (auto text = std::visit([](const auto& m) { return problem_of(m); }, leaf)) return text;
  const std::uint64_t size = leaf_sources_of(leaf);
  for (std::size_t s = 0; s < gather.size(); ++s)
    if (gather[s] != kNowhere && gather[s] >= size)
      return "source " + std::to_string(s) + " counts for element " + std::to_string(gather[s]) +
             ", there are " + std::to_string(size);
  return std::nullopt;
}

MapForm::MapForm(MapLeaf leaf, std::vector<std::uint32_t> gather) {
  SPIKELOOM_CHECK(!problem(leaf, gather));
  auto table = std::make_shared<Table>();
  // A gather that changes nothing is none, so that equal maps have equal forms.
  bool changes = gather.size() != leaf_sources_of(leaf);
  for (std::size_t s = 0; s < gather.size() && !changes; ++s) changes = gather[s] != s;
  table->leaf = std::move(leaf);
  if (changes) table->gather = std::move(gather);
  table->leaf_sources = static_cast<std::size_t>(leaf_sources_of(table->leaf));
  std::visit([&](const auto& m) { fill(*table, m); }, table->leaf);
  apply_gather(*table);
  table_ = std::move(table);
}

void MapForm::fill(Table& table, const SparseMap& leaf) {
  table.targets = leaf.targets;
  table.weights = leaf.target.size();
  table.begin = leaf.begin;
  table.target = leaf.target.data();
  for (std::size_t s = 0; s + 1 < leaf.begin.size(); ++s)
    table.places.push_back({static_cast<std::uint32_t>(s), 0, static_cast<std::uint32_t>(leaf.begin[s])});
}

void MapForm::fill(Table& table, const DenseMap& leaf) {
  table.targets = leaf.targets;
  table.weights = std::size_t{leaf.sources} * leaf.targets;
  table.own_target.resize(leaf.targets);
  std::iota(table.own_target.begin(), table.own_target.end(), 0U);
  table.target = table.own_target.data();
  table.begin = {0, leaf.targets};
  for (std::uint32_t s = 0; s < leaf.sources; ++s) table.places.push_back({0, 0, s * leaf.targets});
}

void MapForm::fill(Table& table, const WindowMap& leaf) {
  const std::size_t inner = leaf.inner(), outer = leaf.outer(), taps = leaf.taps();
  table.targets = std::size_t{leaf.outputs} * leaf.out_area();
  table.weights = leaf.outputs * inner * taps;
  const Classes rows = classes_along(leaf, 0), columns = classes_along(leaf, 1);
  table.begin = {0};
  for (const Reached& tall : rows.shape)
    for (const Reached& wide : columns.shape) {
      for (std::size_t o = 0; o < outer; ++o)
        for (const auto& [y, ky] : tall)
          for (const auto& [x, kx] : wide) {
            table.own_target.push_back(
                static_cast<std::uint32_t>(o * leaf.out_area() + std::size_t{y} * leaf.out[1] + x));
            table.weight.push_back(
                static_cast<std::uint32_t>(o * inner * taps + std::size_t{ky} * leaf.kernel[1] + kx));
          }
      table.begin.push_back(table.own_target.size());
    }
  if (table.weight.empty()) table.weight.push_back(0);  // rows that reach nothing have no range either
  table.target = table.own_target.data();
  const std::size_t columns_count = columns.shape.size();
  table.places.reserve(std::size_t{leaf.inputs} * leaf.in_area());
  for (std::size_t i = 0; i < leaf.inputs; ++i) {
    const std::size_t first_output = i / inner * outer;
    const std::size_t first_weight = (first_output * inner + i % inner) * taps;
    for (std::size_t y = 0; y < leaf.in[0]; ++y)
      for (std::size_t x = 0; x < leaf.in[1]; ++x)
        table.places.push_back(
            {static_cast<std::uint32_t>(rows.of[y] * columns_count + columns.of[x]),
             static_cast<std::uint32_t>(first_output * leaf.out_area() +
                                        std::size_t{rows.first[y]} * leaf.out[1] + columns.first[x]),
             static_cast<std::uint32_t>(first_weight)});
  }
}

void MapForm::fill(Table& table, const DiagonalMap& leaf) {
  table.targets = leaf.size;
  table.weights = leaf.size / leaf.run;
  table.own_target = {0};
  table.target = table.own_target.data();
  table.begin = {0, 1};
  for (std::uint32_t e = 0; e < leaf.size; ++e) table.places.push_back({0, e, e / leaf.run});
}

void MapForm::apply_gather(Table& table) {
  if (table.gather.empty()) return;
  const auto none = static_cast<std::uint32_t>(table.begin.size() - 1);
  table.begin.push_back(table.begin.back());
  std::vector<Place> places;
  places.reserve(table.gather.size());
  for (const std::uint32_t element : table.gather)
    places.push_back(element == kNowhere ? Place{none, 0, 0} : table.places[element]);
  table.places = std::move(places);
}

std::optional<std::string> row_problem(const MapForm& form) {
  const auto* sparse = form.as<SparseMap>();
  if (sparse == nullptr) return std::nullopt;
  for (std::size_t s = 0; s + 1 < sparse->begin.size(); ++s)
    for (std::size_t k = sparse->begin[s]; k < sparse->begin[s + 1]; ++k) {
      if (sparse->target[k] >= sparse->targets)
        return "row " + std::to_string(s) + ": target " + std::to_string(sparse->target[k]) +
               ", but the population has " + std::to_string(sparse->targets) + " neurons";
      if (k > sparse->begin[s] && sparse->target[k] <= sparse->target[k - 1])
        return "row " + std::to_string(s) + ": targets must ascend";
    }
  return std::nullopt;
}

const char* name_of(const MapLeaf& leaf) {
  constexpr std::array kNames{"sparse", "dense", "window", "diagonal"};
  return kNames[leaf.index()];
}

}  // namespace spikeloom

#include "compiler/model/linear_map.hpp"

#include <algorithm>
#include <utility>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {

void AffineMap::add(const Tap& tap, Path path) {
  std::vector<Path>& beside = paths[tap];
  for (Path& other : beside) {
    auto sum = spikeloom::add(other.map, path.map);
    if (!sum) continue;
    other.map = std::move(*sum);
    other.through.insert(path.through.begin(), path.through.end());
    return;
  }
  beside.push_back(std::move(path));
}

void multiply(AffineMap& map, const RealMap& matrix) {
  for (auto& [tap, beside] : map.paths)
    for (Path& path : beside) path.map = series(path.map, matrix);
  std::vector<double> bias(matrix.form.targets(), 0);
  for (std::size_t i = 0; i < map.bias.size(); ++i) {
    if (map.bias[i] == 0) continue;
    matrix.form.row(i).each([&](std::uint32_t target, std::size_t weight) {
      if (matrix.weight[weight] != 0) bias[target] += map.bias[i] * matrix.weight[weight];
    });
  }
  map.bias = std::move(bias);
}

void add_bias(AffineMap& map, const NirArray& bias) {
  const std::size_t run = map.bias.size() / bias.values.size();
  for (std::size_t o = 0; o < map.bias.size(); ++o)
    map.bias[o] += bias.values.at(std::min(o / run, bias.values.size() - 1));
}

LinearMaps::LinearMaps(const FlatGraph& flat, double dt) : dt_(dt), nodes_(flat.nodes) {
  const auto passes = [&](std::size_t n) {
    return nodes_[n].role == Role::kLinear || nodes_[n].role == Role::kPort;
  };
  std::vector<std::size_t> waits(nodes_.size(), 0);
  std::set<std::size_t> ready;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (!passes(n)) continue;
    for (const std::size_t previous : nodes_[n].before) waits[n] += passes(previous) ? 1U : 0U;
    if (waits[n] == 0) ready.insert(n);
  }
  while (!ready.empty()) {
    const std::size_t n = *ready.begin();
    ready.erase(ready.begin());
    AffineMap map = into(n);
    apply(n, map, order_.size());
    order_.push_back(n);
    outputs_.emplace(n, std::move(map));
    for (const std::size_t next : nodes_[n].after) {
      if (passes(next) && --waits[next] == 0) ready.insert(next);
    }
  }
}

AffineMap LinearMaps::into(std::size_t node) const {
  AffineMap sum;
  sum.bias.assign(volume(*nodes_[node].in), 0);
  for (const std::size_t previous : nodes_[node].before) {
    const auto linear = outputs_.find(previous);
    if (linear == outputs_.end()) {
      sum.add({previous, 0}, {identity_map(volume(*nodes_[previous].out)), {}});
      continue;
    }
    for (const auto& [tap, beside] : linear->second.paths)
      for (const Path& path : beside) sum.add(tap, path);
    for (std::size_t i = 0; i < sum.bias.size(); ++i) sum.bias[i] += linear->second.bias[i];
  }
  return sum;
}

void LinearMaps::apply(std::size_t node, AffineMap& map, std::size_t position) const {
  const FlatNode& flat = nodes_[node];
  if (flat.is_reshape()) return;
  try {
    flat.node->type->apply(flat, dt_, map);
  } catch (const Error& error) {
    throw error.within(flat.what());
  }
  for (auto& [tap, beside] : map.paths)
    for (Path& path : beside) path.through.insert(position);
}

std::string LinearMaps::name_of(const std::set<std::size_t>& through) const {
  std::string name;
  for (const std::size_t position : through)
    name += (name.empty() ? "" : "+") + nodes_[order_[position]].name;
  return name.empty() ? "identity" : name;
}

}  // namespace spikeloom

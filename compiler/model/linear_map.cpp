#include "compiler/model/linear_map.hpp"

#include <algorithm>

#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kMaxEntries = std::size_t{1} << 26U;

}  // namespace

SparseRows diagonal_rows(const NirArray& scale, std::size_t size) {
  SparseRows rows;
  rows.begin.push_back(0);
  for (std::size_t i = 0; i < size; ++i) {
    const double s = scale.values.size() == 1 ? scale.values.front() : scale.values.at(i);
    if (s != 0) {
      rows.target.push_back(static_cast<std::uint32_t>(i));
      rows.weight.push_back(s);
    }
    rows.begin.push_back(rows.target.size());
  }
  return rows;
}

SparseRows identity_rows(std::size_t size) { return diagonal_rows(NirArray{{}, {1}}, size); }

SparseRows add(const SparseRows& a, const SparseRows& b) {
  SPIKELOOM_CHECK(a.begin.size() == b.begin.size());
  SparseRows sum;
  sum.begin.push_back(0);
  const auto put = [&](std::uint32_t target, double weight) {
    if (weight == 0) return;
    sum.target.push_back(target);
    sum.weight.push_back(weight);
  };
  for (std::size_t row = 0; row + 1 < a.begin.size(); ++row) {
    std::size_t i = a.begin[row];
    std::size_t j = b.begin[row];
    while (i < a.begin[row + 1] || j < b.begin[row + 1]) {
      const bool take_a = i < a.begin[row + 1] && (j == b.begin[row + 1] || a.target[i] <= b.target[j]);
      const bool take_b = j < b.begin[row + 1] && (i == a.begin[row + 1] || b.target[j] <= a.target[i]);
      const std::uint32_t target = take_a ? a.target[i] : b.target[j];
      put(target, (take_a ? a.weight[i] : 0.0) + (take_b ? b.weight[j] : 0.0));
      i += take_a ? 1U : 0U;
      j += take_b ? 1U : 0U;
    }
    sum.begin.push_back(sum.target.size());
  }
  return sum;
}

SparseRows compose(const SparseRows& a, const SparseRows& b, std::size_t width) {
  SparseRows product;
  product.begin.push_back(0);
  std::vector<double> row_sum(width, 0);
  for (std::size_t row = 0; row + 1 < a.begin.size(); ++row) {
    std::set<std::uint32_t> few;  // touched targets, while they are few
    bool many = false;
    for (std::size_t k = a.begin[row]; k < a.begin[row + 1]; ++k) {
      const std::size_t middle = a.target[k];
      many = many || b.begin[middle + 1] - b.begin[middle] > width / 16;
      for (std::size_t e = b.begin[middle]; e < b.begin[middle + 1]; ++e) {
        row_sum[b.target[e]] += a.weight[k] * b.weight[e];
        if (!many) few.insert(b.target[e]);
      }
    }
    const auto flush = [&](std::uint32_t target) {
      if (row_sum[target] != 0) {
        product.target.push_back(target);
        product.weight.push_back(row_sum[target]);
      }
      row_sum[target] = 0;
    };
    if (many) {
      for (std::size_t target = 0; target < width; ++target) flush(static_cast<std::uint32_t>(target));
    } else {
      for (const std::uint32_t target : few) flush(target);
    }
    if (product.target.size() > kMaxEntries) {
      throw input_error(
          "linear nodes in series compose to more than 2^26 weights; put a neuron between them");
    }
    product.begin.push_back(product.target.size());
  }
  return product;
}

void multiply(AffineMap& map, const SparseRows& matrix, std::size_t width) {
  for (auto& [tap, rows] : map.rows) rows = compose(rows, matrix, width);
  std::vector<double> bias(width, 0);
  for (std::size_t i = 0; i < map.bias.size(); ++i) {
    if (map.bias[i] == 0) continue;
    for (std::size_t e = matrix.begin[i]; e < matrix.begin[i + 1]; ++e)
      bias[matrix.target[e]] += map.bias[i] * matrix.weight[e];
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
  const auto take = [&](const Tap& tap, const SparseRows& rows, const std::set<std::size_t>& through) {
    const auto [found, fresh] = sum.rows.try_emplace(tap, rows);
    if (!fresh) found->second = add(found->second, rows);
    sum.through[tap].insert(through.begin(), through.end());
  };
  for (const std::size_t previous : nodes_[node].before) {
    const auto linear = outputs_.find(previous);
    if (linear == outputs_.end()) {
      take({previous, 0}, identity_rows(volume(*nodes_[previous].out)), {});
      continue;
    }
    for (const auto& [tap, rows] : linear->second.rows) take(tap, rows, linear->second.through.at(tap));
    for (std::size_t i = 0; i < sum.bias.size(); ++i) sum.bias[i] += linear->second.bias[i];
  }
  return sum;
}

void LinearMaps::apply(std::size_t node, AffineMap& map, std::size_t position) const {
  const FlatNode& flat = nodes_[node];
  if (flat.is_reshape()) return;
  flat.node->type->apply(flat, dt_, map);
  for (auto& [tap, through] : map.through) through.insert(position);
}

std::string LinearMaps::name_of(const std::set<std::size_t>& through) const {
  std::string name;
  for (const std::size_t position : through)
    name += (name.empty() ? "" : "+") + nodes_[order_[position]].name;
  return name.empty() ? "identity" : name;
}

}  // namespace spikeloom

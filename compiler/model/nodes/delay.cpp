#include "compiler/model/nodes/delay.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "compiler/linear/compose.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/model/nodes/node_type.hpp"

namespace spikeloom {
namespace {

/// Steps of each element, one where all are equal.
std::vector<std::uint32_t> delay_steps(const FlatNode& node, double dt, Problems& problems) {
  constexpr double kWhole = 1e-3;  // of a step: delays are float32
  constexpr double kMost = 1e6;
  const NirArray* delay = field(node, "delay");
  if (delay == nullptr) return {0};
  std::vector<std::uint32_t> steps;
  for (const double seconds : delay->values) {
    const double exact = seconds / dt;
    const double whole = std::round(exact);
    if (!(exact > -kWhole && exact < kMost) || std::abs(exact - whole) > kWhole) {
      problems.add(node.what() + ": a delay of " + std::to_string(seconds) + " is " + std::to_string(exact) +
                   " steps of dt = " + std::to_string(dt) +
                   ", expected a whole number of steps from 0 to 1000000");
      return {0};
    }
    steps.push_back(static_cast<std::uint32_t>(whole));
  }
  return steps;
}

}  // namespace

bool delay_shape(FlatNode& node, Problems&) {
  const NirArray* delay = field(node, "delay");
  if (delay == nullptr) return false;
  if (!delay->shape.empty()) node.in = node.out = delay->shape;
  return true;
}

void check_delay(const FlatNode& node, double dt, Problems& problems) {
  (void)delay_steps(node, dt, problems);
}

void apply_delay(const FlatNode& node, double dt, AffineMap& map) {
  Problems none;
  const std::vector<std::uint32_t> steps = delay_steps(node, dt, none);
  const auto steps_of = [&](std::size_t i) { return steps.size() == 1 ? steps.front() : steps.at(i); };
  for (std::size_t i = 0; i < map.bias.size(); ++i) {
    if (map.bias[i] == 0 || steps_of(i) == 0) continue;
    throw input_error(
        "a bias reaches it, and a constant that begins late has no place in a neuron; put the Delay before "
        "the "
        "node with the bias");
  }
  AffineMap late;
  late.bias = map.bias;
  std::vector<std::uint32_t> different = steps;
  std::sort(different.begin(), different.end());
  different.erase(std::unique(different.begin(), different.end()), different.end());
  for (const auto& [tap, beside] : map.paths) {
    for (const std::uint32_t wait : different) {
      std::vector<char> kept(map.bias.size());
      for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = steps_of(i) == wait ? 1 : 0;
      for (const Path& path : beside) {
        Path part = path;
        if (different.size() > 1) part.map = restricted(path.map, kept);
        if (different.size() > 1 && count_synapses(part.map.form, part.map.weight) == 0) continue;
        late.add({tap.source, tap.delay + wait}, std::move(part));
      }
    }
  }
  map = std::move(late);
}

}  // namespace spikeloom

// Small integer networks for tests.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/golden/int_network.hpp"
#include "tests/linear/random_maps.hpp"

namespace spikeloom::test {

inline IntPopulation population(const std::string& name, std::size_t size) {
  IntPopulation p;
  p.name = name;
  p.shape = {size};
  p.alpha.assign(size, 0);
  p.beta.assign(size, 3840);
  p.theta.assign(size, 100);
  p.v_reset.assign(size, 0);
  p.bias_i.assign(size, 0);
  p.bias_v.assign(size, 0);
  return p;
}

/// All weights given by a callable (source, target) -> mantissa; zeros are left out.
template <class Weight>
IntProjection projection(const std::string& name, Source from, std::size_t sources, PopulationId to,
                         std::size_t targets, const Weight& weight) {
  IntProjection p;
  p.name = name;
  p.from = from;
  p.to = to;
  SparseMap map{static_cast<std::uint32_t>(targets), {0}, {}};
  for (std::size_t s = 0; s < sources; ++s) {
    for (std::size_t t = 0; t < targets; ++t) {
      const int w = weight(s, t);
      if (w == 0) continue;
      map.target.push_back(static_cast<std::uint32_t>(t));
      p.weight.push_back(static_cast<std::int16_t>(w));
    }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

/// Two inputs (bits; graded), a hidden population with recurrence, a readout or spiking output.
inline IntNetwork random_network(Rng& rng) {
  IntNetwork net;
  net.name = "random";
  net.state_bits = static_cast<std::uint32_t>(rng.between(16, 24));
  const auto size = [&] { return static_cast<std::size_t>(rng.between(1, 9)); };
  net.inputs.push_back({"bits", {size()}, 1, false, 1});
  net.inputs.push_back(
      {"graded", {size(), 2}, static_cast<std::uint32_t>(rng.between(1, 5)), rng.chance(0.5), 0.25});
  for (const char* name : {"hidden", "out"}) {
    IntPopulation p = population(name, size());
    p.scale = static_cast<std::uint32_t>(rng.between(0, 7));
    p.kind = rng.chance(0.5) ? NeuronKind::kLif : NeuronKind::kCubaLif;
    if (rng.chance(0.5)) p.reset = Reset::kSubtract;
    const bool uniform = rng.chance(0.3);
    for (std::size_t j = 0; j < p.size(); ++j) {
      const auto draw = [&](std::vector<std::int32_t>& values, std::int64_t low, std::int64_t high) {
        values[j] = uniform && j > 0 ? values[0] : static_cast<std::int32_t>(rng.between(low, high));
      };
      if (p.kind == NeuronKind::kCubaLif) draw(p.alpha, 0, 4096);
      draw(p.beta, 0, 4096);
      draw(p.theta, -100, 3000);
      draw(p.v_reset, -100, p.reset == Reset::kSubtract ? 4000 : 100);
      draw(p.bias_i, -50, 50);
      draw(p.bias_v, -50, 50);
    }
    p.unit = 0.001 * static_cast<double>(rng.between(1, 1000)) / 3;
    net.populations.push_back(p);
  }
  if (rng.chance(0.3)) {
    net.populations[1].kind = NeuronKind::kLi;
    if (rng.chance(0.5))
      for (std::size_t j = 0; j < net.populations[1].size(); ++j)
        net.populations[1].origin.push_back(static_cast<std::int32_t>(rng.between(-9000, 9000)));
  }
  const auto connect = [&](const std::string& name, Source from, std::size_t to, std::uint32_t delay) {
    constexpr std::uint32_t kWidths[] = {8, 4, 2, 1};
    const std::uint32_t bits = kWidths[rng.below(4)];
    const auto [low, high] = mantissa_range(bits);
    const double density = rng.unit();
    IntProjection p =
        projection(name, from, source_size(net, from), PopulationId(to), net.populations[to].size(),
                   [&, lo = low, hi = high](std::size_t, std::size_t) {
                     if (bits == 1) return rng.chance(0.5) ? 1 : -1;
                     return rng.chance(density) ? static_cast<int>(rng.between(lo, hi)) : 0;
                   });
    p.bits = bits;
    if (bits != 1 && rng.chance(0.5)) {  // of 1 bit a row is full or empty
      p.form = random_form(rng, static_cast<std::uint32_t>(p.form.sources()),
                           static_cast<std::uint32_t>(p.form.targets()));
      p.weight.resize(p.form.weights());
      for (std::int16_t& w : p.weight) {
        w = static_cast<std::int16_t>(rng.between(low, high));
        if (w == 0 && p.form.as<SparseMap>() != nullptr) w = -1;
      }
    }
    p.delay = delay;
    p.shift = static_cast<std::uint32_t>(rng.between(0, 4));
    net.projections.push_back(p);
  };
  connect("in-hidden", InputId(0), 0, static_cast<std::uint32_t>(rng.between(0, 3)));
  connect("graded-hidden", InputId(1), 0, 0);
  connect("hidden-hidden", PopulationId(0), 0, static_cast<std::uint32_t>(rng.between(1, 3)));
  connect("hidden-out", PopulationId(0), 1, static_cast<std::uint32_t>(rng.between(0, 2)));
  if (!net.populations[1].is_readout()) connect("out-hidden", PopulationId(1), 0, 1);
  net.outputs.push_back({"o", {net.populations[1].size()}, PopulationId(1)});
  return net;
}

}  // namespace spikeloom::test

// Small real networks for tests.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/model/network.hpp"

namespace spikeloom::test {

inline Population real_population(const std::string& name, std::size_t size) {
  Population p;
  p.name = name;
  p.shape = {size};
  p.alpha.assign(size, 0);
  p.gain_i.assign(size, 1);
  p.bias.assign(size, 0);
  p.beta.assign(size, 0.9375);
  p.gain_v.assign(size, 1);
  p.drive.assign(size, 0);
  p.start.assign(size, 0);
  p.theta.assign(size, 1);
  p.v_reset.assign(size, 0);
  return p;
}

template <class Weight>
Projection real_projection(const std::string& name, Source from, std::size_t sources, PopulationId to,
                           std::size_t targets, const Weight& weight) {
  Projection p;
  p.name = name;
  p.from = from;
  p.to = to;
  SparseMap map{static_cast<std::uint32_t>(targets), {0}, {}};
  for (std::size_t s = 0; s < sources; ++s) {
    for (std::size_t t = 0; t < targets; ++t) {
      const double w = weight(s, t);
      if (w == 0) continue;
      map.target.push_back(static_cast<std::uint32_t>(t));
      p.weight.push_back(w);
    }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

/// One layer, `sources` to `targets`, all weights by a callable.
template <class Weight>
Network one_layer(std::size_t sources, std::size_t targets, const Weight& weight) {
  Network net;
  net.name = "layer";
  net.dt = 1;
  net.inputs.push_back({"in", {sources}});
  net.populations.push_back(real_population("n", targets));
  net.projections.push_back(real_projection("fc", InputId(0), sources, PopulationId(0), targets, weight));
  net.outputs.push_back({"out", {targets}, PopulationId(0)});
  return net;
}

}  // namespace spikeloom::test

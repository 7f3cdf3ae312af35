#include "tests/admit/networks.hpp"

#include <algorithm>
#include <variant>

#include "compiler/admit/points.hpp"
#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/flow/compile.hpp"
#include "tests/chips/chip_named.hpp"

namespace spikeloom::testing {
namespace {

IntPopulation population(const std::string& name, std::uint32_t neurons) {
  IntPopulation p;
  p.name = name;
  p.shape = {neurons};
  p.beta.assign(neurons, 3840);
  p.theta.assign(neurons, 40);
  for (auto* const values : {&p.alpha, &p.v_reset, &p.bias_i, &p.bias_v}) values->assign(neurons, 0);
  return p;
}

IntProjection projection(Rng& rng, const Source& from, std::size_t to, std::uint32_t neurons,
                         std::uint32_t delay) {
  IntProjection p;
  p.from = from;
  p.to = PopulationId{to};
  p.delay = delay;
  p.bits = 4;
  SparseMap map{neurons, {0}, {}};
  for (std::uint32_t s = 0; s < neurons; ++s) {
    for (std::uint32_t t = 0; t < neurons; ++t) {
      if (!rng.chance(0.33)) continue;
      map.target.push_back(t);
      p.weight.push_back(static_cast<std::int16_t>(rng.between(1, 7) * (rng.chance(0.3) ? -1 : 1)));
    }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

}  // namespace

IntNetwork layered(const LayeredOptions& options) {
  Rng rng(options.seed);
  IntNetwork network;
  network.name = "layered" + std::to_string(options.clusters);
  IntInput input;
  input.name = "in";
  input.shape = {options.neurons};
  network.inputs.push_back(input);
  const auto add = [&](const Source& from, std::size_t to, std::uint32_t delay) {
    network.projections.push_back(projection(rng, from, to, options.neurons, delay));
    network.projections.back().name = "w" + std::to_string(network.projections.size());
  };
  for (std::size_t c = 0; c < options.clusters; ++c) {
    network.populations.push_back(population("c" + std::to_string(c), options.neurons));
    const std::size_t layer = c / options.across;
    if (layer == 0) {
      add(InputId{0}, c, 0);
    } else {
      const std::size_t first = (layer - 1) * options.across;
      for (std::size_t r = 0; r < std::min(options.reads, options.across); ++r)
        add(PopulationId{first + (c + r) % options.across}, c, 0);
    }
    if (rng.chance(0.125)) add(PopulationId{c}, c, 1);
  }
  for (std::size_t c = (options.clusters - 1) / options.across * options.across; c < options.clusters; ++c)
    network.outputs.push_back({"out" + std::to_string(c), {options.neurons}, PopulationId{c}});
  return network;
}
Image layered_image(const LayeredOptions& options, const Chip& chip) {
  CompileOptions compile;
  compile.seed = options.seed;
  compile.spread = Spread::kFewest;
  compile.tiles = options.tiles;
  auto built = build_image(layered(options), chip, compile);
  if (const auto* no = std::get_if<DoesNotFit>(&built)) throw input_error("layered network: " + no->reason);
  Image image = std::get<Image>(std::move(built));
  image.points = operating_points(image);
  return image;
}

}  // namespace spikeloom::testing

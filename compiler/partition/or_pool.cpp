#include "compiler/partition/or_pool.hpp"

#include <algorithm>
#include <numeric>

#include "compiler/core/core.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/feature_map.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Whether the neuron spikes where `sum` is its input, whatever came before.
bool spikes(const IntNetwork& network, const IntPopulation& p, std::size_t neuron, std::int64_t sum) {
  const auto [low, high] = state_range(network.state_bits);
  const auto saturated = [&](std::int64_t x) { return std::clamp<std::int64_t>(x, low, high); };
  const std::int64_t i = saturated(sum * (std::int64_t{1} << p.scale) + p.bias_i[neuron]);
  return saturated(i + p.bias_v[neuron]) > p.theta[neuron];
}

bool has_no_memory(const IntPopulation& p) {
  const auto zero = [](std::int32_t x) { return x == 0; };
  return std::all_of(p.alpha.begin(), p.alpha.end(), zero) && std::all_of(p.beta.begin(), p.beta.end(), zero);
}

/// The projection into a population that is the OR of others; null: it is none.
const IntProjection* pools(const IntNetwork& network, PopulationId id) {
  const IntPopulation& p = network.populations[id.index()];
  if (p.is_readout() || !has_no_memory(p)) return nullptr;
  const IntProjection* into = nullptr;
  for (const IntProjection& projection : network.projections) {
    if (projection.to != id) continue;
    if (into != nullptr) return nullptr;
    into = &projection;
  }
  if (into == nullptr) return nullptr;
  const auto* from = std::get_if<PopulationId>(&into->from);
  if (from != nullptr && network.populations[from->index()].is_readout()) return nullptr;
  std::int64_t one = 0;  // what a spike counts
  for (const std::int16_t weight : into->weight) {
    if (weight != 0 && one != 0 && weight != one) return nullptr;
    if (weight != 0) one = weight;
  }
  if (one <= 0) return nullptr;
  one *= std::int64_t{1} << into->shift;
  for (std::size_t n = 0; n < p.size(); ++n)
    if (spikes(network, p, n, 0) || !spikes(network, p, n, one)) return nullptr;
  // One to one it repeats what it hears, and pools nothing.
  std::vector<bool> heard(p.size(), false);
  bool any_twice = false;
  for (std::size_t s = 0; s < into->form.sources(); ++s)
    into->form.row(s).each([&](std::uint32_t target, std::size_t weight) {
      if (into->weight[weight] == 0) return;
      any_twice = any_twice || heard[target];
      heard[target] = true;
    });
  return any_twice ? into : nullptr;
}

/// Height and width of the windows, if these are equal blocks from the map's corner on.
std::optional<Pooling> blocks(const IntNetwork& network, const IntProjection& projection, PopulationId to) {
  const Shape& map = network.populations[std::get<PopulationId>(projection.from).index()].shape;
  const Shape& pool = network.populations[to.index()].shape;
  const MapExtent in = map_extent(map);
  const auto target_of = [&](std::uint32_t s) {
    std::vector<std::uint32_t> targets;
    projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
      if (projection.weight[weight] != 0) targets.push_back(target);
    });
    return targets;
  };
  Pooling pooling{to, 0, 0};
  for (std::uint32_t y = 0; y < in.height; ++y)
    for (std::uint32_t x = 0; x < in.width; ++x)
      if (const auto targets = target_of(y * in.width + x); targets.size() == 1 && targets.front() == 0) {
        pooling.rows = std::max(pooling.rows, y + 1);
        pooling.columns = std::max(pooling.columns, x + 1);
      }
  const MapExtent out = map_extent(pool);
  if (pooling.rows * pooling.columns < 2 || out.channels != in.channels ||
      (in.height + pooling.rows - 1) / pooling.rows != out.height ||
      (in.width + pooling.columns - 1) / pooling.columns != out.width)
    return std::nullopt;
  for (std::uint32_t s = 0; s < projection.form.sources(); ++s) {
    const auto targets = target_of(s);
    if (targets.size() != 1 || targets.front() != pooled_neuron(map, pool, pooling, s)) return std::nullopt;
  }
  return pooling;
}

std::string quoted(const IntPopulation& p) { return "'" + p.name + "'"; }

/// Why the spikes of a map are wanted beside the pool's; empty: they are not.
std::string wanted_beside(const IntNetwork& network, const IntProjection& pool,
                          const PartitionOptions& options) {
  const PopulationId map = std::get<PopulationId>(pool.from);
  const std::string name = quoted(network.populations[map.index()]);
  for (const IntProjection& projection : network.projections)
    if (projection.from == pool.from && &projection != &pool)
      return name + " also goes to " + quoted(network.populations[projection.to.index()]);
  for (const Output& output : network.outputs)
    if (output.from == map) return name + " is an output";
  if (std::find(options.shown.begin(), options.shown.end(), map) != options.shown.end())
    return name + " is recorded";
  return "";
}

/// Whether the population's membranes serve several neurons, of its own or of another one.
bool in_shared_membranes(const IntNetwork& network, PopulationId id) {
  return network.populations[id.index()].shares() ||
         std::any_of(network.populations.begin(), network.populations.end(),
                     [&](const IntPopulation& p) { return p.membranes_of == id; });
}

bool is_asked_for(PopulationId id, const PartitionOptions& options) {
  return std::find(options.own_pools.begin(), options.own_pools.end(), id) != options.own_pools.end();
}

bool every_core_pools(const Chip& chip) {
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    if (!core_of(chip.kind(kind)).pools()) return false;
  return true;
}

}  // namespace

std::uint32_t pooled_neuron(const Shape& map, const Shape& pool, const Pooling& pooling,
                            std::uint32_t neuron) {
  const MapExtent in = map_extent(map), out = map_extent(pool);
  const std::uint32_t area = in.height * in.width, at = neuron % area;
  const std::uint32_t y = at / in.width / pooling.rows, x = at % in.width / pooling.columns;
  return (neuron / area * out.height + y) * out.width + x;
}

PooledOrder pooled_order(const Shape& map, const Shape& pool, const Pooling& pooling,
                         std::vector<std::uint32_t> neurons) {
  const MapExtent in = map_extent(map), out = map_extent(pool);
  const std::uint32_t area = in.height * in.width;
  order_by_position(in, neurons);
  // By column of windows and by channel: how many of the cluster's stand before it.
  std::vector<std::uint32_t> column(out.width + std::size_t{1}, 0), channel(in.channels + std::size_t{1}, 0);
  for (const std::uint32_t neuron : neurons) {
    column[neuron % in.width / pooling.columns + 1] = 1;
    channel[neuron / area + 1] = 1;
  }
  std::partial_sum(column.begin(), column.end(), column.begin());
  std::partial_sum(channel.begin(), channel.end(), channel.begin());
  const std::uint32_t runs = (column.back() + pooling.run - 1) / pooling.run;
  PooledOrder order;
  // Puts what each(put) names as (segment, bit, neuron) behind the list, each segment in chunks of its own.
  const auto append = [](std::vector<std::uint32_t>& list, std::size_t segments, const auto& each) {
    std::vector<std::uint32_t> length(segments, 0), first(segments, 0);
    each([&](std::size_t segment, std::uint32_t bit, std::uint32_t) {
      length[segment] = std::max(length[segment], bit + 1);
    });
    auto end = static_cast<std::uint32_t>(list.size());
    for (std::size_t segment = 0; segment < segments; ++segment) {
      first[segment] = end;
      end += (length[segment] + hw::kChunkBits - 1) / hw::kChunkBits * hw::kChunkBits;
    }
    list.resize(end, kNoNeuron);
    each([&](std::size_t segment, std::uint32_t bit, std::uint32_t neuron) {
      list[first[segment] + bit] = neuron;
    });
  };
  const auto row_of = [&](std::size_t at) { return neurons[at] % area / in.width; };
  const auto rows_end = [&](std::size_t begin, std::uint32_t rows) {
    std::size_t end = begin;
    while (end < neurons.size() && row_of(end) / rows == row_of(begin) / rows) ++end;
    return end;
  };
  const auto each_of = [&](std::size_t begin, std::size_t end, std::uint32_t columns, const auto& put) {
    for (std::size_t at = begin; at < end; ++at) {
      const std::uint32_t neuron = neurons[at], x = neuron % in.width;
      const std::uint32_t window = column[x / pooling.columns];
      put(std::size_t{window / pooling.run} * columns + x % pooling.columns % columns,
          window % pooling.run * channel.back() + channel[neuron / area], neuron);
    }
  };
  for (std::size_t begin = 0; begin < neurons.size();) {
    const std::size_t end = rows_end(begin, 1);
    append(order.neurons, std::size_t{runs} * pooling.columns,
           [&](const auto& put) { each_of(begin, end, pooling.columns, put); });
    begin = end;
  }
  for (std::size_t begin = 0; begin < neurons.size();) {
    const std::size_t end = rows_end(begin, pooling.rows);
    append(order.sent, runs, [&](const auto& put) {
      each_of(begin, end, 1, [&](std::size_t run, std::uint32_t bit, std::uint32_t neuron) {
        put(run, bit, pooled_neuron(map, pool, pooling, neuron));
      });
    });
    begin = end;
  }
  for (std::vector<std::uint32_t>* list : {&order.neurons, &order.sent})
    while (!list->empty() && list->back() == kNoNeuron) list->pop_back();
  return order;
}

std::vector<std::uint32_t> pooling_runs(std::uint32_t channels, std::uint32_t windows) {
  std::vector<std::uint32_t> runs{1};
  if (channels % hw::kChunkBits == 0) return runs;
  for (const std::uint32_t run : {hw::kChunkBits / std::gcd(channels, hw::kChunkBits), windows})
    if (run <= windows && run != runs.back()) runs.push_back(run);
  return runs;
}

std::vector<OrPool> or_pools(const IntNetwork& network, const Chip& chip, const PartitionOptions& options) {
  std::vector<OrPool> result;
  std::vector<bool> folded(network.populations.size(), false);
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const PopulationId id(p);
    const IntProjection* pool = pools(network, id);
    if (pool == nullptr) continue;
    OrPool found{id};
    const auto* from = std::get_if<PopulationId>(&pool->from);
    std::optional<Pooling> windows;
    if (from == nullptr) {
      found.reason = "it pools an input";
    } else if (windows = blocks(network, *pool, id); !windows) {
      found.reason = "its windows do not part the map into equal blocks of one channel";
    } else if (pool->delay != 0) {
      found.reason = "its spikes come late";
    } else if (in_shared_membranes(network, id) || in_shared_membranes(network, *from)) {
      found.reason = "its neurons, or those that it pools, share membranes";
    } else if (folded[from->index()]) {
      found.reason = quoted(network.populations[from->index()]) + " is folded itself";
    } else if (!every_core_pools(chip)) {
      found.reason = "not every kind of tile pools";
    } else if (is_asked_for(id, options)) {
      found.reason = "clusters or a kind of tile are asked for";
    } else if (options.pools == OrPools::kOwn) {
      found.reason = "no pool is folded (--pools own)";
    } else {
      found.reason = wanted_beside(network, *pool, options);
    }
    if (found.reason.empty()) {
      found.pooling = windows;
      found.source = *from;
      folded[p] = true;
    }
    result.push_back(std::move(found));
  }
  return result;
}

std::vector<std::string> notes_on_pools(const IntNetwork& network, const std::vector<OrPool>& pools,
                                        const Application& app, const std::vector<PopulationId>& own,
                                        const std::string& why) {
  std::vector<std::string> notes;
  for (const OrPool& pool : pools) {
    const std::string name = "max pooling " + quoted(network.populations[pool.population.index()]);
    const bool folded = std::any_of(app.clusters.begin(), app.clusters.end(), [&](const Cluster& cluster) {
      return cluster.pooled && cluster.pooled->population == pool.population;
    });
    if (folded)
      notes.push_back(name + " is done by the tiles of " + quoted(network.populations[pool.source.index()]) +
                      " as they send: no population");
    else if (std::find(own.begin(), own.end(), pool.population) != own.end())
      notes.push_back(name + " takes a population of its own: " + why);
    else
      notes.push_back(name + " takes a population of its own: " +
                      (pool.pooling ? quoted(network.populations[pool.source.index()]) +
                                          " does not part into blocks of whole windows that fit a tile"
                                    : pool.reason));
  }
  return notes;
}

}  // namespace spikeloom

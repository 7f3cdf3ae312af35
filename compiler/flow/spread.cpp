#include "compiler/flow/spread.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/base/error.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/core/core.hpp"
#include "compiler/flow/calibration.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kClustersPerTile =
    2;  ///< more of them even out the tiles' work; still more cost turns
constexpr int kMostTrials = 24;
constexpr int kMostVain = 3;          ///< splits in a row that gain nothing: two halves may only pay together
constexpr double kWorthwhile = 0.98;  ///< a split costs traffic and a tile; it must gain this much
constexpr double kNearlyBusiest = 0.9;  ///< of the busiest tile's work, to be split with it
constexpr std::size_t kReplayed = 512;  ///< steps of calibration data a trial is replayed for

double cycles(const Ratio& period) {
  return static_cast<double>(period.num()) / static_cast<double>(period.den());
}

double work(const Application& app, const Chip& chip, std::size_t c) {
  const Cluster& cluster = app.clusters[c];
  const Core& core = core_of(cluster);
  const std::optional<double> expected = expected_work(app, ClusterId(c));
  const TileKind& tile = chip.kind(cluster.kind);
  return expected ? static_cast<double>(core.least(cluster, tile).total()) + *expected
                  : static_cast<double>(core.worst(cluster, tile).total());
}

/// The populations with a cluster on one of the busiest tiles, busiest first, among those that can be split.
/// Layers of like size come together: splitting one of them alone would gain nothing.
std::vector<std::size_t> busiest(const Candidate& candidate, const Chip& chip,
                                 const std::vector<bool>& whole) {
  const Application& app = *candidate.application;
  const Binding& binding = candidate.binding;
  std::vector<double> load(binding.orders.size(), 0);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    load[binding.placement[c].tile.index()] += work(app, chip, c);
  std::vector<std::pair<double, std::size_t>> most;  // of a tile with a cluster of the population
  for (std::size_t p = 0; p < app.populations.size(); ++p) most.emplace_back(0, p);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    auto& [cycles, population] = most[app.clusters[c].population.index()];
    const std::size_t tile = binding.placement[c].tile.index();
    // A short cluster beside a long one is not what makes the tile busy.
    const bool matters =
        2 * work(app, chip, c) * static_cast<double>(binding.orders[tile].size()) >= load[tile];
    if (matters && !whole[population]) cycles = std::max(cycles, load[tile]);
  }
  std::stable_sort(most.begin(), most.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> found;
  for (const auto& [cycles, population] : most)
    if (cycles > 0 && cycles >= kNearlyBusiest * most.front().first) found.push_back(population);
  return found;
}

/// None where it does not fit, whatever the reason: the compilation proper says it.
std::optional<Candidate> attempt(const Place& place, const std::vector<std::uint32_t>& least_clusters) {
  try {
    auto placed = place(least_clusters);
    if (auto* candidate = std::get_if<Candidate>(&placed)) return std::move(*candidate);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
  }
  return std::nullopt;
}

struct Split {
  std::vector<std::uint32_t> clusters, neurons, kind;  ///< by PopulationId
};

Split split_of(const Application& app) {
  Split split;
  split.clusters.resize(app.populations.size());
  split.neurons.resize(app.populations.size());
  split.kind.resize(app.populations.size());
  for (const Cluster& cluster : app.clusters) {
    ++split.clusters[cluster.population.index()];
    split.kind[cluster.population.index()] = cluster.kind;
    split.neurons[cluster.population.index()] += static_cast<std::uint32_t>(cluster.neuron_count());
  }
  return split;
}

/// What bounds the number of clusters, by kind of tile.
struct Room {
  std::vector<std::uint32_t> grain;  ///< neurons that are worked on at once
  std::vector<std::uint32_t> tiles;
};

Room room_of(const Chip& chip, std::uint32_t tiles) {
  Room room;
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    room.grain.push_back(core_of(chip.kind(kind)).grain(chip.kind(kind)));
  room.tiles = tiles_by_kind(chip, tiles);
  return room;
}

/// A quarter more clusters for each of these populations. Those that cannot have more are `whole` from then
/// on.
std::vector<std::uint32_t> more_clusters(const Split& split, const std::vector<std::size_t>& populations,
                                         const Room& room, std::vector<bool>& whole) {
  std::vector<std::uint32_t> wanted = split.clusters;
  const std::uint32_t tiles = std::accumulate(room.tiles.begin(), room.tiles.end(), 0U);
  std::uint32_t clusters = std::accumulate(wanted.begin(), wanted.end(), 0U);
  for (const std::size_t p : populations) {
    const std::uint32_t extra = std::max(1U, wanted[p] / 4), grain = room.grain[split.kind[p]];
    // Smaller clusters would not be faster. With more, another kind may be preferred: all tiles count.
    if (wanted[p] + extra > (split.neurons[p] + grain - 1) / grain ||
        clusters + extra > kClustersPerTile * tiles) {
      whole[p] = true;
      continue;
    }
    wanted[p] += extra;
    clusters += extra;
  }
  return wanted;
}

}  // namespace

Dataset excerpt(const Dataset& data) {
  Dataset some{data.ports, {}, data.encoder};
  const std::size_t mean = std::max<std::size_t>(1, data.total_steps() / data.samples.size());
  const std::size_t count = std::clamp<std::size_t>(kReplayed / mean, 1, data.samples.size());
  for (std::size_t i = 0; i < count; ++i)
    some.samples.push_back(data.samples[i * data.samples.size() / count]);
  return some;
}

double cost(const Candidate& candidate, const Chip& chip, const CostOptions& options) {
  const ImageView image = candidate.on(chip);
  if (options.data == nullptr)
    return cycles(without_data(image, candidate.promise, options.sample_steps).period);
  const Rehearsal run = rehearse(image, *options.data);
  const double steps = std::max(1.0, static_cast<double>(run.ended.size()) - 1);
  const double replayed = static_cast<double>(run.ended.back() - run.ended.front()) / steps;
  return cycles(contract(image, candidate.promise, run.work, options.contracts).promise.period) * replayed;
}

std::vector<std::uint32_t> spread(const Place& place, const Chip& chip, const SpreadOptions& options) {
  std::optional<Candidate> candidate = attempt(place, {});
  if (!candidate) return {};
  std::optional<Dataset> some;
  CostOptions costs = options.cost;
  if (costs.data != nullptr) costs.data = &some.emplace(excerpt(*costs.data));
  double least = cost(*candidate, chip, costs);
  std::vector<std::uint32_t> best;
  std::vector<bool> whole(candidate->application->populations.size(), false);
  for (int trial = 0, vain = 0; trial < kMostTrials && vain < kMostVain; ++trial) {
    const std::vector<std::size_t> populations = busiest(*candidate, chip, whole);
    if (populations.empty()) break;
    const Split split = split_of(*candidate->application);
    const std::vector<std::uint32_t> wanted =
        more_clusters(split, populations, room_of(chip, options.tiles), whole);
    if (wanted == split.clusters) continue;
    std::optional<Candidate> next = attempt(place, wanted);
    if (!next || split_of(*next->application).clusters == split.clusters) {
      for (const std::size_t p : populations) whole[p] = true;
      continue;
    }
    candidate = std::move(next);
    const double now = cost(*candidate, chip, costs);
    ++vain;
    if (now < least * kWorthwhile) {
      least = now;
      best = wanted;
      vain = 0;
    }
  }
  return best;
}

std::vector<std::uint32_t> paired_clusters(const IntNetwork& network, const Chip& chip, std::uint32_t tiles,
                                           const std::vector<OrPool>& pools) {
  const Room room = room_of(chip, tiles);
  const std::uint32_t grain = *std::min_element(room.grain.begin(), room.grain.end());
  std::vector<double> work(network.populations.size(), 0);
  for (const IntProjection& projection : network.projections)
    work[projection.to.index()] += static_cast<double>(count_synapses(projection));
  std::vector<std::uint32_t> most, clusters(work.size(), 1);
  for (const IntPopulation& population : network.populations)
    most.push_back(static_cast<std::uint32_t>((population.size() + grain - 1) / grain));
  for (const OrPool& pool : pools)
    if (pool.pooling) clusters[pool.population.index()] = most[pool.population.index()] = 0;
  // The next cluster goes to the population whose clusters have most to do.
  for (std::size_t left = std::size_t{kClustersPerTile} * tiles; left > clusters.size(); --left) {
    std::optional<std::size_t> busiest;
    for (std::size_t p = 0; p < work.size(); ++p)
      if (clusters[p] < most[p] && (!busiest || work[p] * clusters[*busiest] > work[*busiest] * clusters[p]))
        busiest = p;
    if (!busiest) break;
    ++clusters[*busiest];
  }
  return clusters;
}

}  // namespace spikeloom

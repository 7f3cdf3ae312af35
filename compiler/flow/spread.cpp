#include "compiler/flow/spread.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/base/error.hpp"
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

double work(const Application& app, std::size_t c) {
  const Cluster& cluster = app.clusters[c];
  const Core& core = core_of(cluster);
  const std::optional<double> expected = expected_work(app, ClusterId(c));
  return expected ? static_cast<double>(core.least(cluster).total()) + *expected
                  : static_cast<double>(core.worst(cluster).total());
}

/// The populations with a cluster on one of the busiest tiles, busiest first, among those that can be split.
/// Layers of like size come together: splitting one of them alone would gain nothing.
std::vector<std::size_t> busiest(const Image& image, const std::vector<bool>& whole) {
  const Application& app = image.application;
  std::vector<double> load(image.chip.tiles(), 0);
  for (std::size_t c = 0; c < app.clusters.size(); ++c)
    load[image.binding.placement[c].tile.index()] += work(app, c);
  std::vector<std::pair<double, std::size_t>> most;  // of a tile with a cluster of the population
  for (std::size_t p = 0; p < app.populations.size(); ++p) most.emplace_back(0, p);
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    auto& [cycles, population] = most[app.clusters[c].population.index()];
    const std::size_t tile = image.binding.placement[c].tile.index();
    // A short cluster beside a long one is not what makes the tile busy.
    const bool matters =
        2 * work(app, c) * static_cast<double>(image.binding.orders[tile].size()) >= load[tile];
    if (matters && !whole[population]) cycles = std::max(cycles, load[tile]);
  }
  std::stable_sort(most.begin(), most.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> found;
  for (const auto& [cycles, population] : most)
    if (cycles > 0 && cycles >= kNearlyBusiest * most.front().first) found.push_back(population);
  return found;
}

/// None where it does not fit, whatever the reason: the compilation proper says it.
std::optional<Image> attempt(const Place& place, const std::vector<std::uint32_t>& least_clusters) {
  try {
    auto placed = place(least_clusters);
    if (auto* image = std::get_if<Image>(&placed)) return std::move(*image);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
  }
  return std::nullopt;
}

struct Split {
  std::vector<std::uint32_t> clusters, neurons;  ///< by PopulationId
};

Split split_of(const Application& app) {
  Split split;
  split.clusters.resize(app.populations.size());
  split.neurons.resize(app.populations.size());
  for (const Cluster& cluster : app.clusters) {
    ++split.clusters[cluster.population.index()];
    split.neurons[cluster.population.index()] += static_cast<std::uint32_t>(cluster.neurons.size());
  }
  return split;
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

double cost(const Image& image, const Dataset* data, const ContractOptions& contracts) {
  const Promise& guaranteed = image.promises.front();
  if (data == nullptr) return cycles(guaranteed.period);
  const Rehearsal run = rehearse(image, *data);
  const double steps = std::max(1.0, static_cast<double>(run.ended.size()) - 1);
  const double replayed = static_cast<double>(run.ended.back() - run.ended.front()) / steps;
  return cycles(contract(image, guaranteed, run.work, contracts).promise.period) * replayed;
}

std::vector<std::uint32_t> spread(const Place& place, std::uint32_t tiles, const Dataset* calibration,
                                  const ContractOptions& contracts) {
  std::optional<Image> first = attempt(place, {});
  if (!first) return {};
  std::optional<Dataset> some;
  if (calibration != nullptr) some = excerpt(*calibration);
  const Dataset* data = some ? &*some : nullptr;
  Image image = std::move(*first);
  double least = cost(image, data, contracts);
  std::vector<std::uint32_t> best;
  std::vector<bool> whole(image.application.populations.size(), false);
  for (int trial = 0, vain = 0; trial < kMostTrials && vain < kMostVain; ++trial) {
    const std::vector<std::size_t> populations = busiest(image, whole);
    if (populations.empty()) break;
    const Split split = split_of(image.application);
    std::vector<std::uint32_t> wanted = split.clusters;
    std::uint32_t clusters = std::accumulate(wanted.begin(), wanted.end(), 0U);
    bool more = false;
    for (const std::size_t p : populations) {
      const std::uint32_t extra = std::max(1U, wanted[p] / 4);
      // Smaller clusters would not be faster.
      const std::uint32_t grain = core_of(image.chip.tile).grain(image.chip.tile);
      if (wanted[p] + extra > (split.neurons[p] + grain - 1) / grain ||
          clusters + extra > kClustersPerTile * tiles) {
        whole[p] = true;
        continue;
      }
      wanted[p] += extra;
      clusters += extra;
      more = true;
    }
    if (!more) continue;
    std::optional<Image> next = attempt(place, wanted);
    if (!next || split_of(next->application).clusters == split.clusters) {
      for (const std::size_t p : populations) whole[p] = true;
      continue;
    }
    image = std::move(*next);
    const double now = cost(image, data, contracts);
    ++vain;
    if (now < least * kWorthwhile) {
      least = now;
      best = wanted;
      vain = 0;
    }
  }
  return best;
}

}  // namespace spikeloom

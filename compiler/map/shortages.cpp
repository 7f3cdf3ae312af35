#include "compiler/map/shortages.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/core/core.hpp"
#include "compiler/map/placement.hpp"
#include "compiler/map/shared_entries.hpp"

namespace spikeloom {
namespace {

class Counter {
 public:
  Counter(const Application& app, const Chip& chip, const MapOptions& options)
      : app_(app),
        chip_(chip),
        tiles_(options.tiles == 0 ? chip.tiles() : std::min(options.tiles, chip.tiles())),
        of_kind_(tiles_by_kind(chip, tiles_)),
        readers_(consumers(app)) {
    for (std::size_t c = 0; c < app.clusters.size(); ++c)
      needed_.push_back(needs(app, chip, c, readers_[1 + c].size()));
  }

  std::vector<Shortage> run() {
    for (std::uint32_t k = 0; k < chip_.kinds(); ++k) alone(k);
    for (std::uint32_t k = 0; k < chip_.kinds(); ++k) together(k);
    host();
    wheels();
    return std::move(list_);
  }

 private:
  void add(std::string text, bool of_one = false) { list_.push_back({std::move(text), of_one}); }

  /// Clusters that need more of something than an empty tile has: their readers may be too many.
  void alone(std::uint32_t k) {
    const std::vector<Resource> offered = offers(chip_.kind(k));
    for (std::size_t r = 0; r < offered.size(); ++r) {
      std::pair<std::uint64_t, std::size_t> most;
      for (std::size_t c = 0; c < app_.clusters.size(); ++c)
        if (app_.clusters[c].kind == k) most = std::max(most, {needed_[c][r].amount, c});
      if (most.first <= offered[r].amount) continue;
      const std::uint64_t largest_table = largest(std::string(offered[r].key));
      add("cluster " + app_.clusters[most.second].name + " alone needs " + std::to_string(most.first) +
              " of " + std::string(offered[r].key) + " = " + std::to_string(offered[r].amount) +
              of_kind(chip_, k) +
              (most.first > largest_table ? ", no chip has more than " + std::to_string(largest_table) : ""),
          true);
    }
  }

  void together(std::uint32_t k) {
    const std::vector<Resource> offered = offers(chip_.kind(k));
    std::vector<std::uint64_t> sum(offered.size(), 0);
    const SharedEntries shared(app_, chip_);
    std::vector<bool> counted(shared.count(), false);
    std::uint64_t clusters = 0;
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) {
      if (app_.clusters[c].kind != k) continue;
      ++clusters;
      for (std::size_t r = 0; r < sum.size(); ++r) {
        const std::uint32_t content =
            r < kTablesOfTheTile ? SharedEntries::kOwn : shared.content(c, r - kTablesOfTheTile);
        if (content != SharedEntries::kOwn && counted[content]) continue;
        if (content != SharedEntries::kOwn) counted[content] = true;
        sum[r] += needed_[c][r].amount;
      }
    }
    std::string text;
    for (std::size_t r = 0; r < sum.size(); ++r)
      if (sum[r] > offered[r].amount * of_kind_[k])
        text += std::string(text.empty() ? "; all clusters together need " : ", ") + std::to_string(sum[r]) +
                " of " + std::to_string(offered[r].amount * of_kind_[k]) + " " + std::string(offered[r].key);
    if (!text.empty())
      add(std::to_string(clusters) + " clusters do not fit " + std::to_string(of_kind_[k]) + " tiles" +
          of_kind(chip_, k) + " of chip " + chip_.name + text);
  }

  /// Each reader of the host is counted there, and has a channel of its own among those on its tile.
  void host() {
    const std::uint64_t readers = readers_[0].size();
    const auto limit = [&](std::uint64_t needed, std::uint32_t available, const char* key) {
      if (needed > available)
        add("the host needs " + std::to_string(needed) + " of " + key + " = " + std::to_string(available));
    };
    limit((readers + tiles_ - 1) / tiles_, chip_.host.channels, "host.channels");
    limit(readers, chip_.host.credit_counters, "host.credit_counters");
  }

  /// What ends at the host takes a slot each of the wire to it, and what ends at a tile too.
  void wheels() {
    const auto limit = [&](std::uint64_t needed, std::uint32_t available, const std::string& what,
                           const char* key) {
      if (needed > available)
        add(std::to_string(needed) + " " + what + ", each in a slot of its own of " + key + " = " +
            std::to_string(available));
    };
    limit(app_.sinks.size(), chip_.spike_wheel, "clusters send to the host", "noc.spike_wheel");
    limit(readers_[0].size(), chip_.credit_wheel, "readers send the host credits", "noc.credit_wheel");
    std::uint64_t most = 0, all = 0;
    for (const Cluster& cluster : app_.clusters) {
      most = std::max<std::uint64_t>(most, cluster.inbound.size());
      all += cluster.inbound.size();
    }
    most = std::max(most, (all + tiles_ - 1) / tiles_);
    limit(most, chip_.spike_wheel, "channels end at one tile", "noc.spike_wheel");
    limit(most, chip_.credit_wheel, "credit paths begin at one tile", "noc.credit_wheel");
  }

  const Application& app_;
  const Chip& chip_;
  std::uint32_t tiles_;
  std::vector<std::uint32_t> of_kind_;
  std::vector<std::vector<Consumer>> readers_;
  std::vector<std::vector<Resource>> needed_;
  std::vector<Shortage> list_;
};

}  // namespace

std::vector<Shortage> shortages(const Application& app, const Chip& chip, const MapOptions& options) {
  return Counter(app, chip, options).run();
}

std::string in_words(const std::vector<Shortage>& list) {
  std::string text;
  for (const Shortage& one : list) text += (text.empty() ? "" : "; ") + one.text;
  return text;
}

}  // namespace spikeloom

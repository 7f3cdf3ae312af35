#include "compiler/flow/explain.hpp"

#include <algorithm>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/chip/kinds.hpp"
#include "compiler/core/core.hpp"
#include "compiler/flow/parts.hpp"
#include "compiler/flow/static_inputs.hpp"
#include "compiler/map/map.hpp"

namespace spikeloom {
namespace {

/// A change to try: other options, another chip, or both.
struct Trial {
  std::string what, how;
  CompileOptions options;
  Chip chip;
};

class Trials {
 public:
  Trials(const Compilation& compilation, const CompileOptions& options)
      : image_(compilation.image),
        asked_(options),
        base_(options),
        counts_(image_.application.populations.size(), 0) {
    for (const Cluster& cluster : image_.application.clusters) {
      ++counts_[cluster.population.index()];
      base_.kinds[image_.application.populations[cluster.population.index()]] =
          image_.chip.kind(cluster.kind).name;
    }
    // What the image has, said outright, so that each trial changes one thing.
    asked_.dump.reset();
    base_.dump.reset();
    for (std::size_t p = 0; p < counts_.size(); ++p)
      base_.clusters[image_.application.populations[p]] = counts_[p];
  }

  std::vector<Trial> all() {
    clusters();
    pages();
    slots();
    room();
    tiles();
    kinds();
    chip("half the spike wheel", "noc.spike_wheel", [](Chip& c) { return c.spike_wheel /= 2; });
    chip("half the credit wheel", "noc.credit_wheel", [](Chip& c) { return c.credit_wheel /= 2; });
    return std::move(trials_);
  }

 private:
  /// The options that say how many clusters there are of each population, and on which kind of tile.
  [[nodiscard]] std::string counts(const CompileOptions& options) const {
    std::string text;
    for (const auto& [name, kind] : options.kinds)
      if (image_.chip.kinds() > 1) text += " --kind " + name + "=" + kind;
    for (const auto& [name, count] : options.clusters)
      text += " --clusters " + name + "=" + std::to_string(count);
    return text;
  }

  void add(const std::string& what, const std::string& how, const CompileOptions& options) {
    trials_.push_back({what, (how + counts(options)).substr(how.empty() ? 1 : 0), options, image_.chip});
  }

  void clusters() {
    for (std::size_t p = 0; p < counts_.size(); ++p)
      for (const std::uint32_t more : std::set<std::uint32_t>{counts_[p] + 1, counts_[p] * 2}) {
        CompileOptions options = base_;
        options.clusters[name(p)] = more;
        add(name(p) + " in " + std::to_string(more) + " clusters instead of " + std::to_string(counts_[p]),
            "", options);
      }
  }

  /// Each population on each other kind of tile.
  void kinds() {
    for (std::size_t p = 0; p < counts_.size(); ++p)
      for (std::uint32_t k = 0; k < image_.chip.kinds() && counts_[p] != 0; ++k) {
        CompileOptions options = base_;
        std::string& kind = options.kinds[name(p)];
        if (kind == image_.chip.kind(k).name) continue;
        const std::string before = std::exchange(kind, image_.chip.kind(k).name);
        options.clusters.erase(name(p));  // as many as that kind needs
        add(name(p) + " on tiles of kind " + kind + " instead of " + before, "", options);
      }
  }

  void pages() {
    std::uint32_t rows = 0;
    for (const Placement& place : image_.binding.placement) rows = std::max(rows, place.rows);
    if (rows * 2 > kMostPages) return;
    CompileOptions options = base_;
    options.pages = rows * 2;
    add("up to " + std::to_string(rows * 2) + " pages for a cluster instead of " + std::to_string(rows),
        "--pages " + std::to_string(rows * 2), options);
  }

  void slots() {
    std::vector<std::string> sources = {"host"};
    for (std::size_t p = 0; p < counts_.size(); ++p) sources.push_back(name(p));
    for (const std::string& source : sources) {
      CompileOptions options = base_;
      options.favour.push_back(source);
      add("more slots for what " + source + " sends", "--favour " + source, options);
    }
  }

  /// What the user has set aside for others.
  void room() {
    if (asked_.tiles != 0 && asked_.tiles < image_.chip.tiles()) {
      for (const std::uint32_t more :
           std::set<std::uint32_t>{asked_.tiles + 1, std::min(asked_.tiles * 2, image_.chip.tiles())}) {
        CompileOptions options = asked_;  // more tiles may carry more clusters
        options.tiles = more;
        add(std::to_string(more) + " tiles instead of " + std::to_string(asked_.tiles),
            "--tiles " + std::to_string(more), options);
      }
    }
    if (asked_.slots != 0) {
      CompileOptions options = base_;
      options.slots = asked_.slots * 2;
      add("up to " + std::to_string(options.slots) + " slots for a channel instead of " +
              std::to_string(asked_.slots),
          "--slots " + std::to_string(options.slots), options);
    }
  }

  /// Tiles as their cores would have them wider, kind by kind.
  void tiles() {
    const auto& clusters = image_.application.clusters;
    for (std::uint32_t k = 0; k < image_.chip.kinds(); ++k) {
      const auto uses_it = [&](const Cluster& cluster) { return cluster.kind == k; };
      if (std::none_of(clusters.begin(), clusters.end(), uses_it)) continue;
      const std::string of = of_kind(image_.chip, k);
      for (const WiderTile& wider : core_of(image_.chip.kind(k)).wider(image_.chip.kind(k)))
        chip(std::string(wider.what) + of, std::string(wider.key) + of, [&](Chip& c) {
          static_cast<TileConfig&>(k == 0 ? c.tile : c.more_kinds[k - 1]) = wider.tile;
          return wider.value;
        });
    }
  }

  template <class Change>
  void chip(const std::string& what, const std::string& key, Change&& change) {
    Chip other = image_.chip;
    const std::uint32_t value = change(other);
    try {
      other = parse_chip(print(other), other.name);
    } catch (const Error&) {
      return;  // no such chip
    }
    trials_.push_back({what, key + " = " + std::to_string(value), base_, other});
  }

  [[nodiscard]] const std::string& name(std::size_t p) const { return image_.application.populations[p]; }

  const Image& image_;
  CompileOptions asked_;               ///< by the user
  CompileOptions base_;                ///< with the clusters that the image has
  std::vector<std::uint32_t> counts_;  ///< clusters by PopulationId
  std::vector<Trial> trials_;
};

const Promise& tightest(const Image& image) {
  return *std::min_element(image.promises.begin(), image.promises.end(),
                           [](const Promise& a, const Promise& b) { return a.period < b.period; });
}

}  // namespace

Explanation explain(const Compilation& compilation, const CompileOptions& options, const OnStage& on_trial) {
  Explanation explanation;
  explanation.promise = tightest(compilation.image);
  explanation.parts =
      notes_on_parts(compilation.integers, compilation.image.application, compilation.image.chip);
  explanation.static_inputs = notes_on_static(compilation.image.application, compilation.image.chip);
  for (const Trial& trial : Trials(compilation, options).all()) {
    if (on_trial) on_trial(trial.what);
    try {
      const auto built = rebuild(compilation, trial.chip, trial.options);
      const auto* image = std::get_if<Image>(&built);
      if (image != nullptr && tightest(*image).period < explanation.promise.period)
        explanation.reliefs.push_back(
            {trial.what, trial.how, !(trial.chip == compilation.image.chip), tightest(*image)});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;  // else: it does not fit
    }
  }
  std::stable_sort(explanation.reliefs.begin(), explanation.reliefs.end(),
                   [](const Relief& a, const Relief& b) {
                     return a.promise.period != b.promise.period ? a.promise.period < b.promise.period
                                                                 : a.promise.latency < b.promise.latency;
                   });
  return explanation;
}

}  // namespace spikeloom

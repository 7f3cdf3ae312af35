#include "compiler/flow/search.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/flow/spread.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/flow/tune.hpp"
#include "compiler/map/advice.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/or_pool.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/partition/streams.hpp"
#include "compiler/schedule/orders.hpp"
#include "compiler/schedule/places.hpp"

namespace spikeloom {
namespace {

/// What clusters are spread by, or what is kept.
enum class Purpose : std::uint8_t { kTrial, kResult };

class Placer {
 public:
  /// `own`: pools that are not folded, beside those that the options keep from it.
  Placer(StageRunner& runner, const Numbers& numbers, const Chip& chip, const CompileOptions& options,
         std::vector<PopulationId> own = {})
      : runner_(runner), numbers_(numbers), chip_(chip), options_(options), own_(std::move(own)) {}

  std::variant<Candidate, DoesNotFit> place() {
    std::vector<std::uint32_t> least = least_clusters();
    if (options_.spread == Spread::kPaired && options_.clusters.empty())
      for (int halved = 0; !least.empty(); ++halved) {
        if (auto candidate = place_paired(least, halved)) return *std::move(candidate);
        for (std::uint32_t& count : least) count = (count + 1) / 2;
        if (std::all_of(least.begin(), least.end(), [](std::uint32_t n) { return n <= 1; })) least.clear();
      }
    return place(least, Purpose::kResult);
  }

  /// What was decided on the way, for people.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// The chip that would do for what the mapper refused last.
  [[nodiscard]] std::string advice() const {
    return refused_.application ? what_would_do(*refused_.application, chip_, refused_.mapping) : "";
  }

  [[nodiscard]] PartitionOptions partitioning(const std::vector<std::uint32_t>& least) const {
    PartitionOptions options = partition_options(numbers_.network, chip_, options_, least, numbers_.traffic);
    options.own_pools.insert(options.own_pools.end(), own_.begin(), own_.end());
    return options;
  }

  /// Partition, map and schedule, from integers to a promise. Trials leave out `better_places`: they are
  /// many, and with the clusters that they choose it can only make the result better.
  std::variant<Candidate, DoesNotFit> place(const std::vector<std::uint32_t>& least, Purpose purpose) {
    const std::shared_ptr<const Application> application = partitioned(least);
    const MapOptions mapping = map_options(*application, options_);
    auto made = mapped(application, mapping);
    auto* first = std::get_if<Candidate>(&made);
    if (first == nullptr) return std::get<DoesNotFit>(std::move(made));
    Candidate best = std::move(*first);
    if (options_.tune)
      if (auto better = runner_.stage("orders", [&] { return better_orders(best, chip_); })) {
        best = *std::move(better);
        runner_.sound(check(best.on(chip_)));
      }
    if (purpose == Purpose::kResult)
      if (auto better = runner_.stage("places", [&] { return cheaper_places(best, mapping); })) {
        best = *std::move(better);
        runner_.sound(check(best.on(chip_)));
        runner_.dump(print(*best.application, best.binding, chip_));
      }
    runner_.sound(verify(best.on(chip_), best.promise, {}));
    return best;
  }

  [[nodiscard]] CostOptions costs(const Dataset* data) const {
    return {data, options_.contract, options_.sample_steps};
  }

  /// By PopulationId what the user wants, or `spread` where there is a choice.
  std::vector<std::uint32_t> least_clusters() {
    check_names(numbers_.network, chip_, options_);
    if (!options_.clusters.empty()) return wanted_clusters(numbers_.network, options_);
    const std::uint32_t tiles = tiles_of(chip_, options_);
    if (options_.spread == Spread::kFewest || options_.max_neurons != 0 || tiles == 1) return {};
    if (options_.spread == Spread::kPaired)
      return paired_clusters(numbers_.network, chip_, tiles,
                             or_pools(numbers_.network, chip_, partitioning({})));
    return runner_.stage("spread", [&] {
      StageRunner quiet;
      Placer trial(quiet, {numbers_.network, numbers_.traffic, nullptr}, chip_, options_, own_);
      const Place place = [&](const auto& least) { return trial.place(least, Purpose::kTrial); };
      return spread(place, chip_, {tiles, costs(numbers_.data)});
    });
  }

 private:
  /// Nothing where so many clusters do not fit: more of them fill chunks less, and their readers have more
  /// channels.
  std::optional<Candidate> place_paired(const std::vector<std::uint32_t>& least, int halved) {
    std::string reason;
    try {
      auto placed = place(least, Purpose::kResult);
      if (auto* candidate = std::get_if<Candidate>(&placed)) return std::move(*candidate);
      reason = std::get<DoesNotFit>(placed).reason;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      reason = error.what();
    }
    if (halved == 0)
      notes_.push_back("two clusters a tile (--spread paired) do not fit, so there are fewer: " + reason);
    return std::nullopt;
  }

  std::shared_ptr<const Application> partitioned(const std::vector<std::uint32_t>& least) {
    const IntNetwork& network = numbers_.network;
    auto application = runner_.stage("partition", [&] {
      check_widths(network, chip_);
      const Clustering clustering = partition(network, chip_, partitioning(least));
      Application app =
          build_application(network, chip_, clustering, build_options(network, options_, numbers_.traffic));
      stream_weights(app, chip_, recorded_populations(network, options_.stream_weights));
      return std::make_shared<const Application>(std::move(app));
    });
    runner_.sound(check(*application, network, chip_));
    runner_.dump(print(*application));
    return application;
  }

  std::variant<Candidate, DoesNotFit> mapped(const std::shared_ptr<const Application>& application,
                                             const MapOptions& mapping) {
    MapResult mapped = runner_.stage("map", [&] { return try_map(*application, chip_, mapping); });
    if (!mapped.binding) {
      refused_ = {application, mapping};
      return DoesNotFit{"map", mapped.reason};
    }
    runner_.sound(check(ImageView(chip_, *application, *mapped.binding)));
    runner_.dump(print(*application, *mapped.binding, chip_));
    auto made = runner_.stage("schedule",
                              [&] { return candidate_of(application, *std::move(mapped.binding), chip_); });
    const auto* dead = std::get_if<Deadlocked>(&made);
    if (dead != nullptr && dead->is_of_batches)
      return DoesNotFit{"schedule", "firings of several pages wait for themselves: " + dead->cycle +
                                        "; more tiles of these kinds, or another kind for a population "
                                        "(--kind), may do"};
    if (dead != nullptr) internal_error("deadlock: " + dead->cycle, __FILE__, __LINE__);
    return std::get<Candidate>(std::move(made));
  }

  /// Clusters that share tiles by level where that guarantees more, and where there are data has the lower
  /// cost on them.
  [[nodiscard]] std::optional<Candidate> cheaper_places(const Candidate& candidate,
                                                        const MapOptions& mapping) const {
    PlaceOptions places{mapping, std::nullopt};
    if (options_.tune) places.orders.emplace();
    std::optional<Candidate> by_level = better_places(candidate, chip_, places);
    if (!by_level || numbers_.data == nullptr) return by_level;
    const Dataset some = excerpt(*numbers_.data);
    const auto cost_of = [&](const Candidate& c) { return cost(c, chip_, costs(&some)); };
    const double now = cost_of(*by_level);
    if (cost_of(candidate) <= now) return std::nullopt;
    return by_level;
  }

  struct Refused {
    std::shared_ptr<const Application> application;  ///< none: nothing was refused
    MapOptions mapping;
  };

  StageRunner& runner_;
  Refused refused_;
  Numbers numbers_;
  const Chip& chip_;
  const CompileOptions& options_;
  std::vector<PopulationId> own_;
  std::vector<std::string> notes_;
};

/// Whether pools by populations of their own may shorten the period: see `place`.
bool may_gain_unfolded(const Candidate& candidate, const Chip& chip, std::uint32_t tiles) {
  const Application& app = *candidate.application;
  std::vector<bool> is_critical(candidate.binding.orders.size(), false);  // by tile
  for (const ActorRole& role : candidate.critical)
    if (role.kind != ActorRole::Kind::kHost && role.of)
      is_critical[candidate.binding.placement[role.of->index()].tile.index()] = true;
  bool any = false;
  double work = 0;
  for (std::size_t c = 0; c < app.clusters.size(); ++c) {
    const Cluster& cluster = app.clusters[c];
    const auto worst = static_cast<double>(core_of(cluster).worst(cluster, chip.kind(cluster.kind)).total());
    if (!cluster.pooled) {
      work += worst;
      continue;
    }
    any = any || is_critical[candidate.binding.placement[c].tile.index()];
    const auto neurons = static_cast<double>(cluster.neuron_count());
    // A pool of its own takes a cycle at least for each of their spikes.
    work += worst * neurons / static_cast<double>(cluster.size()) + neurons;
  }
  return any && work / tiles < static_cast<double>(candidate.promise.period.num()) /
                                   static_cast<double>(candidate.promise.period.den());
}

/// The first with the lower cost, then the lower latency.
bool is_better(const Candidate& a, const Candidate& b, const Chip& chip, CostOptions costs) {
  std::optional<Dataset> some;
  if (costs.data != nullptr) costs.data = &some.emplace(excerpt(*costs.data));
  const double of_a = cost(a, chip, costs), of_b = cost(b, chip, costs);
  return of_a != of_b ? of_a < of_b : a.promise.latency < b.promise.latency;
}

/// What one way makes of the network, or why it does not fit. Whatever else is wrong is thrown later, when
/// nothing else is left to try.
struct Attempt {
  std::optional<Candidate> candidate;
  std::optional<DoesNotFit> no;
  std::optional<Error> error;

  [[nodiscard]] std::string reason() const { return error ? error->what() : no ? no->reason : ""; }
};

Attempt attempt(Placer& placer) {
  Attempt result;
  try {
    auto placed = placer.place();
    if (auto* candidate = std::get_if<Candidate>(&placed))
      result.candidate = std::move(*candidate);
    else
      result.no = std::get<DoesNotFit>(std::move(placed));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    result.error = error;
  }
  return result;
}

}  // namespace

std::variant<Placed, DoesNotFit> place(StageRunner& runner, const Numbers& numbers, const Chip& chip,
                                       const CompileOptions& options, Advice advice) {
  Placer folding(runner, numbers, chip, options);
  check_names(numbers.network, chip, options);
  const std::vector<OrPool> pools = or_pools(numbers.network, chip, folding.partitioning({}));
  Attempt folded = attempt(folding);
  std::vector<PopulationId> own;
  for (const OrPool& pool : pools)
    if (pool.pooling) own.push_back(pool.population);
  const auto placed = [&](const Placer& placer, Candidate candidate,
                          const std::vector<PopulationId>& unfolded, const std::string& why) {
    std::vector<std::string> notes =
        notes_on_pools(numbers.network, pools, *candidate.application, unfolded, why);
    notes.insert(notes.begin(), placer.notes().begin(), placer.notes().end());
    return Placed{std::move(candidate), std::move(notes)};
  };
  if (folded.candidate && !may_gain_unfolded(*folded.candidate, chip, tiles_of(chip, options))) own.clear();
  if (!own.empty()) {
    Placer unfolding(runner, numbers, chip, options, own);
    if (Attempt other = attempt(unfolding);
        other.candidate && (!folded.candidate || is_better(*other.candidate, *folded.candidate, chip,
                                                           folding.costs(numbers.data))))
      return placed(unfolding, *std::move(other.candidate), own,
                    folded.candidate ? "so the network promises more"
                                     : "folded, the network does not fit (" + folded.reason() + ")");
  }
  if (folded.candidate) return placed(folding, *std::move(folded.candidate), {}, "");
  if (folded.error) throw *folded.error;
  if (folded.no->stage == "map" && advice == Advice::kSmallestChip) folded.no->reason += folding.advice();
  return *std::move(folded.no);
}

Candidate tuned(StageRunner& runner, const Candidate& candidate, const std::optional<MeasuredWork>& work,
                const Chip& chip, const CompileOptions& options) {
  Candidate better =
      runner.stage("tune", [&] { return tune(candidate, chip, work, tune_options(chip, options)); });
  runner.sound(check(better.on(chip)));
  runner.sound(verify(better.on(chip), better.promise, {}));
  runner.dump(print(*better.application, better.binding, chip));
  return better;
}

}  // namespace spikeloom

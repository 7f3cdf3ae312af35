#include "compiler/flow/tune.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/map/map.hpp"
#include "compiler/schedule/pages.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kMany = 96;       ///< clusters: then an analysis takes long
constexpr int kRounds = 3;              ///< of favouring one more source
constexpr std::size_t kFew = 32;        ///< channels: then each one's share of the slots is tried
constexpr int kShares = 8;              ///< changes of one channel's share
constexpr std::size_t kCandidates = 5;  ///< sources tried in a round

/// What a candidate promises, the better the less.
struct Price {
  Ratio period;   ///< contracted where work was measured, else as `sampled`
  Ratio sampled;  ///< where there is such a promise, else guaranteed
  Ratio guaranteed;
  std::int64_t latency = 0;
  friend bool operator<(const Price& a, const Price& b) {
    return std::tie(a.period, a.sampled, a.guaranteed, a.latency) <
           std::tie(b.period, b.sampled, b.guaranteed, b.latency);
  }
};

struct Priced {
  Candidate candidate;
  Price price;
  TileBounds bounds;  ///< of its contracts; empty where no work was measured
};

class Tuner {
 public:
  Tuner(const Candidate& first, const Chip& chip, const std::optional<MeasuredWork>& work,
        const TuneOptions& options)
      : chip_(chip), work_(work), options_(options), best_(priced(first)) {}

  Candidate run() {
    if (options_.pages) most_pages();
    if (options_.slots && app().clusters.size() <= kMany)
      for (int round = 0; round < kRounds && favour_one_more(); ++round) {
      }
    if (options_.slots && binding().channels.size() <= kFew) share_out();
    if (options_.period && best_.price.period > *options_.period)
      throw input_error("a period of " + options_.period->str() +
                        " cycles a step is not to be had: the best " + named() + " one here is " +
                        best_.price.period.str() + "; more tiles, a larger chip or " +
                        "`spikeloom explain` may shorten it");
    if (options_.pages) least_pages();
    return std::move(best_.candidate);
  }

 private:
  [[nodiscard]] const Application& app() const { return *best_.candidate.application; }
  [[nodiscard]] const Binding& binding() const { return best_.candidate.binding; }
  [[nodiscard]] ImageView view() const { return best_.candidate.on(chip_); }

  /// The promise whose period is the price.
  [[nodiscard]] std::string named() const {
    if (work_) return "contracted";
    return best_.price.sampled < best_.price.guaranteed ? "sampled" : "guaranteed";
  }

  [[nodiscard]] Priced priced(Candidate candidate) const {
    const Promise& promise = candidate.promise;
    const Ratio sampled = without_data(candidate.on(chip_), promise, options_.sample_steps).period;
    Price price{sampled, sampled, promise.period, promise.latency};
    TileBounds bounds;
    if (work_) {
      Contracted contracted = contract(candidate.on(chip_), promise, *work_, options_.contract);
      price.period = contracted.promise.period;
      bounds = std::move(contracted.bounds);
    }
    return {std::move(candidate), price, std::move(bounds)};
  }

  /// Analyses another binding, and keeps it where `better` says so of its price.
  template <class Better>
  bool try_binding(Binding binding, Better&& better) {
    auto made = candidate_of(best_.candidate.application, std::move(binding), chip_);
    auto* candidate = std::get_if<Candidate>(&made);
    if (candidate == nullptr) return false;
    Priced next = priced(std::move(*candidate));
    if (!better(next.price)) return false;
    best_ = std::move(next);
    return true;
  }
  bool try_binding(Binding binding) {
    return try_binding(std::move(binding), [&](const Price& price) { return price < best_.price; });
  }

  /// As many as are of any use: dealt out evenly, and where rows are scarce also as the guaranteed period has
  /// it shortest.
  void most_pages() {
    (void)try_binding(deal_pages(app(), chip_, kMostPages, binding()));
    const bool scarce = std::any_of(binding().placement.begin(), binding().placement.end(),
                                    [](const Placement& p) { return p.rows < kMostPages; });
    if (!scarce || app().clusters.size() > kMany) return;
    for (const TileBounds& bounds : {TileBounds{}, TileBounds(best_.bounds)}) {
      if (const auto choice = fastest_pages(view(), bounds, kMostPages))
        (void)try_binding(set_pages(app(), chip_, choice->pages, binding()));
      if (!work_) break;
    }
  }

  /// Sources that are on the critical cycle, or heard by a cluster on it, and are not favoured yet.
  [[nodiscard]] std::vector<ClusterOrHost> candidates() const {
    std::vector<ClusterOrHost> found;
    const auto is_critical = [&](const ClusterOrHost& source) {
      const std::vector<ActorRole>& cycle = best_.candidate.critical;
      return std::any_of(cycle.begin(), cycle.end(),
                         [&](const ActorRole& role) { return role.is_of(source); });
    };
    const auto add = [&](const ClusterOrHost& source) {
      if (std::find(favoured_.begin(), favoured_.end(), source) == favoured_.end() &&
          found.size() < kCandidates)
        found.push_back(source);
    };
    if (is_critical(std::nullopt)) add(std::nullopt);
    for (std::size_t c = 0; c < app().clusters.size(); ++c) {
      if (!is_critical(ClusterId(c))) continue;
      add(ClusterId(c));
      for (const Inbound& inbound : app().clusters[c].inbound) add(inbound.from);
    }
    return found;
  }

  bool try_slots(const MapOptions& mapping) {
    std::optional<Binding> dealt = deal_slots(app(), chip_, mapping, binding());
    return dealt && try_binding(*std::move(dealt));
  }

  bool favour_one_more() {
    bool better = false;
    ClusterOrHost best;
    for (const ClusterOrHost& source : candidates()) {
      MapOptions mapping;
      mapping.seed = options_.seed;
      mapping.most_slots = options_.most_slots;
      mapping.favoured = favoured_;
      mapping.favoured.push_back(source);
      if (!try_slots(mapping)) continue;
      better = true;
      best = source;
    }
    if (better) favoured_.push_back(best);
    return better;
  }

  /// One channel's share of the slots doubled or halved, as long as that helps: sources whose channels are
  /// not alike are not helped by favouring all of them.
  void share_out() {
    std::vector<std::int64_t> shares;
    for (const Channel& channel : binding().channels)
      shares.push_back(std::find(favoured_.begin(), favoured_.end(), channel.from) != favoured_.end() ? 32
                                                                                                      : 8);
    for (int change = 0; change < kShares; ++change) {
      std::vector<std::int64_t> best;
      for (std::size_t c = 0; c < shares.size(); ++c)
        for (const bool more : {true, false}) {
          MapOptions mapping;
          mapping.seed = options_.seed;
          mapping.most_slots = options_.most_slots;
          mapping.shares = shares;
          mapping.shares[c] = std::max<std::int64_t>(1, more ? shares[c] * 2 : shares[c] / 2);
          if (mapping.shares == shares) continue;
          if (try_slots(mapping)) best = mapping.shares;
        }
      if (best.empty()) return;
      shares = std::move(best);
    }
  }

  /// First the fewest that the fullest context needs, then the fewest in all.
  [[nodiscard]] std::optional<PageChoice> fewest_pages(const std::vector<PageDemand>& demands) const {
    std::uint32_t low = 1, high = kMostPages;
    std::optional<PageChoice> fewest = least_pages_for(view(), demands, high);
    while (fewest && low + 1 < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      auto fewer = least_pages_for(view(), demands, middle);
      (fewer ? high : low) = middle;
      if (fewer) fewest = std::move(fewer);
    }
    return fewest;
  }

  /// The fewest pages that keep the periods: every page more is a step more that may be on its way.
  void least_pages() {
    const Ratio period = options_.period.value_or(best_.price.period);
    const Ratio guaranteed =
        options_.period ? std::max(best_.price.guaranteed, *options_.period) : best_.price.guaranteed;
    const Ratio sampled =
        options_.period ? std::max(best_.price.sampled, *options_.period) : best_.price.sampled;
    const auto better = [&](const Price& price) {
      return price.period <= period && price.sampled <= sampled && price.guaranteed <= guaranteed &&
             price.latency <= best_.price.latency;
    };
    const auto kept = [&](const std::vector<PageDemand>& demands) {
      const std::optional<PageChoice> fewest = fewest_pages(demands);
      return fewest && try_binding(set_pages(app(), chip_, fewest->pages, binding()), better);
    };
    if (work_ && options_.period && kept({{best_.bounds, *options_.period}})) return;
    // Fewer pages make for other contracts: those that keep the shortest periods keep a longer one too.
    const std::optional<Ratio> wanted = work_ ? std::nullopt : options_.period;
    std::vector<PageDemand> demands{{{}, wanted.value_or(best_.price.guaranteed)}};
    if (work_) demands.push_back({best_.bounds, best_.price.period});
    if (kept(demands)) return;
    // The search was cut short, or even so contracts are others: one count for all.
    for (const std::uint32_t count : {2U, 4U, 8U})
      if (try_binding(deal_pages(app(), chip_, count, binding()), better)) return;
  }

  const Chip& chip_;
  const std::optional<MeasuredWork>& work_;
  const TuneOptions& options_;
  Priced best_;
  std::vector<ClusterOrHost> favoured_;
};

}  // namespace

Candidate tune(const Candidate& candidate, const Chip& chip, const std::optional<MeasuredWork>& work,
               const TuneOptions& options) {
  return Tuner(candidate, chip, work, options).run();
}

}  // namespace spikeloom

#include "compiler/flow/tune.hpp"

#include <algorithm>
#include <string>
#include <tuple>
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

/// What a binding promises, the better the less.
struct Price {
  Ratio period;  ///< contracted where work was measured, else guaranteed
  Ratio guaranteed;
  std::int64_t latency = 0;
  friend bool operator<(const Price& a, const Price& b) {
    return std::tie(a.period, a.guaranteed, a.latency) < std::tie(b.period, b.guaranteed, b.latency);
  }
};

class Tuner {
 public:
  Tuner(Image& image, const std::optional<MeasuredWork>& work, const TuneOptions& options)
      : image_(image), work_(work), options_(options), price_(price_of_image()) {}

  void run() {
    if (options_.pages) most_pages();
    if (options_.slots && image_.application.clusters.size() <= kMany)
      for (int round = 0; round < kRounds && favour_one_more(); ++round) {
      }
    if (options_.slots && image_.binding.channels.size() <= kFew) share_out();
    if (options_.period && price_.period > *options_.period)
      throw input_error("a period of " + options_.period->str() +
                        " cycles a step is not to be had: the best " + (work_ ? "contracted" : "guaranteed") +
                        " one here is " + price_.period.str() + "; more tiles, a larger chip or " +
                        "`spikeloom explain` may shorten it");
    if (options_.pages) least_pages();
  }

 private:
  /// Of the image as it is. Where work was measured `bounds_` are its contracts.
  [[nodiscard]] Price price_of_image() {
    const Promise& promise = image_.promises.front();
    Price price{promise.period, promise.period, promise.latency};
    if (work_) {
      const Contracted contracted = contract(image_, promise, *work_, options_.contract);
      price.period = contracted.promise.period;
      bounds_ = contracted.bounds;
    }
    return price;
  }

  /// Another binding, analysed; taken over where `better` says so of its price.
  template <class Change, class Better>
  bool try_binding(Change&& change, Better&& better) {
    Binding before = image_.binding;
    const TileBounds bounds = bounds_;
    Promise promise = image_.promises.front();
    if (change(image_.binding)) {
      auto promised = guarantee(image_);
      if (std::holds_alternative<Promise>(promised)) {
        image_.promises.front() = std::get<Promise>(std::move(promised));
        const Price price = price_of_image();
        if (better(price)) {
          price_ = price;
          return true;
        }
      }
    }
    image_.binding = std::move(before);
    image_.promises.front() = std::move(promise);
    bounds_ = bounds;
    return false;
  }
  template <class Change>
  bool try_binding(Change&& change) {
    return try_binding(change, [&](const Price& price) { return price < price_; });
  }

  /// As many as are of any use: dealt out evenly, and where rows are scarce also as the guaranteed period has
  /// it shortest.
  void most_pages() {
    (void)try_binding(
        [&](Binding& b) { return deal_pages(image_.application, image_.chip, kMostPages, b), true; });
    const bool scarce = std::any_of(image_.binding.placement.begin(), image_.binding.placement.end(),
                                    [](const Placement& p) { return p.rows < kMostPages; });
    if (!scarce || image_.application.clusters.size() > kMany) return;
    for (const TileBounds& bounds : {TileBounds{}, TileBounds(bounds_)}) {
      if (const auto choice = fastest_pages(image_, bounds, kMostPages)) (void)try_pages(*choice);
      if (!work_) break;
    }
  }

  bool try_pages(const PageChoice& choice) {
    return try_binding([&](Binding& b) { return set_pages(choice.pages, b), true; });
  }

  /// Sources that the critical cycle names, and are not favoured yet.
  [[nodiscard]] std::vector<ClusterOrHost> candidates() const {
    std::vector<ClusterOrHost> found;
    const auto named = [&](const std::string& name) {
      const std::vector<std::string>& cycle = image_.promises.front().critical_cycle;
      return std::any_of(cycle.begin(), cycle.end(),
                         [&](const std::string& part) { return part.find(name) != std::string::npos; });
    };
    const auto add = [&](const ClusterOrHost& source) {
      if (std::find(favoured_.begin(), favoured_.end(), source) == favoured_.end() &&
          found.size() < kCandidates)
        found.push_back(source);
    };
    if (named("host")) add(std::nullopt);
    for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
      if (!named(" " + image_.application.clusters[c].name)) continue;
      add(ClusterId(c));
      for (const Inbound& inbound : image_.application.clusters[c].inbound) add(inbound.from);
    }
    return found;
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
      if (!try_binding([&](Binding& b) { return deal_slots(image_.application, image_.chip, mapping, b); }))
        continue;
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
    for (const Channel& channel : image_.binding.channels)
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
          if (try_binding(
                  [&](Binding& b) { return deal_slots(image_.application, image_.chip, mapping, b); }))
            best = mapping.shares;
        }
      if (best.empty()) return;
      shares = std::move(best);
    }
  }

  /// The fewest pages that keep the periods: every page more is a step more that may be on its way. First the
  /// fewest that the fullest context needs, then the fewest in all.
  void least_pages() {
    std::vector<PageDemand> demands;
    if (!work_ || !options_.period) demands.push_back({{}, options_.period.value_or(price_.guaranteed)});
    if (work_) demands.push_back({bounds_, options_.period.value_or(price_.period)});
    std::uint32_t low = 1, high = kMostPages;
    std::optional<PageChoice> best = least_pages_for(image_, demands, high);
    while (best && low + 1 < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      auto fewer = least_pages_for(image_, demands, middle);
      (fewer ? high : low) = middle;
      if (fewer) best = std::move(fewer);
    }
    const Ratio period = options_.period.value_or(price_.period);
    const Ratio guaranteed =
        options_.period ? std::max(price_.guaranteed, *options_.period) : price_.guaranteed;
    const auto better = [&](const Price& price) {
      return price.period <= period && price.guaranteed <= guaranteed && price.latency <= price_.latency;
    };
    if (best && try_binding([&](Binding& b) { return set_pages(best->pages, b), true; }, better)) return;
    // The search was cut short, or fewer pages make for other contracts: one count for all.
    for (const std::uint32_t count : {2U, 4U, 8U})
      if (try_binding([&](Binding& b) { return deal_pages(image_.application, image_.chip, count, b), true; },
                      better))
        return;
  }

  Image& image_;
  const std::optional<MeasuredWork>& work_;
  const TuneOptions& options_;
  TileBounds bounds_;  ///< of the contracts
  Price price_;
  std::vector<ClusterOrHost> favoured_;
};

}  // namespace

void tune(Image& image, const std::optional<MeasuredWork>& work, const TuneOptions& options) {
  SPIKELOOM_CHECK(image.promises.size() == 1);
  Tuner(image, work, options).run();
}

}  // namespace spikeloom

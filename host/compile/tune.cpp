#include "host/compile/tune.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/map/map.hpp"

namespace spikeloom {
namespace {

constexpr std::array<std::uint32_t, 7> kPages = {2, 3, 4, 6, 8, 12, 16};
constexpr std::uint32_t kUsualPages = 8;
constexpr std::size_t kMany = 96;       ///< clusters: then an analysis takes long
constexpr int kRounds = 3;              ///< of favouring one more source
constexpr std::size_t kCandidates = 5;  ///< sources tried in a round

/// What a binding promises, the better the less.
struct Price {
  Ratio period;      ///< contracted where work was measured, else guaranteed
  Ratio guaranteed;
  std::int64_t latency = 0;
  friend bool operator<(const Price& a, const Price& b) {
    return std::tie(a.period, a.guaranteed, a.latency) < std::tie(b.period, b.guaranteed, b.latency);
  }
};

class Tuner {
 public:
  Tuner(Image& image, const std::optional<MeasuredWork>& work, const TuneOptions& options)
      : image_(image), work_(work), options_(options), price_(price_of(image)) {}

  void run() {
    const bool many = image_.application.clusters.size() > kMany;
    if (options_.pages) (void)try_binding([&](Binding& b) { return deal_pages(image_.application, image_.chip, kPages.back(), b), true; });
    if (options_.slots && !many)
      for (int round = 0; round < kRounds && favour_one_more(); ++round) {}
    if (options_.pages) spare_pages(many);
  }

 private:
  [[nodiscard]] Price price_of(const Image& image) const {
    const Promise& promise = image.promises.front();
    Price price{promise.period, promise.period, promise.latency};
    if (work_) price.period = contract(image, promise, *work_, options_.contract).promise.period;
    return price;
  }

  /// The image with another binding, analysed.
  template <class Change>
  [[nodiscard]] std::optional<Image> with(Change&& change) const {
    Image other = image_;
    if (!change(other.binding)) return std::nullopt;
    auto promise = guarantee(other);
    if (!std::holds_alternative<Promise>(promise)) return std::nullopt;
    other.promises = {std::get<Promise>(std::move(promise))};
    return other;
  }

  /// Takes the change over where it is better.
  template <class Change>
  bool try_binding(Change&& change) {
    std::optional<Image> other = with(change);
    if (!other) return false;
    const Price price = price_of(*other);
    if (!(price < price_)) return false;
    image_ = std::move(*other);
    price_ = price;
    return true;
  }

  /// Sources that the critical cycle names, and are not favoured yet.
  [[nodiscard]] std::vector<ClusterOrHost> candidates() const {
    std::vector<ClusterOrHost> found;
    const auto named = [&](const std::string& name) {
      const std::vector<std::string>& cycle = image_.promises.front().critical_cycle;
      return std::any_of(cycle.begin(), cycle.end(), [&](const std::string& part) { return part.find(name) != std::string::npos; });
    };
    const auto add = [&](const ClusterOrHost& source) {
      if (std::find(favoured_.begin(), favoured_.end(), source) == favoured_.end() && found.size() < kCandidates) found.push_back(source);
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
      mapping.favoured = favoured_;
      mapping.favoured.push_back(source);
      if (!try_binding([&](Binding& b) { return deal_slots(image_.application, image_.chip, mapping, b); })) continue;
      better = true;
      best = source;
    }
    if (better) favoured_.push_back(best);
    return better;
  }

  /// The fewest pages that keep the period: every page more is a step more that may be on its way.
  void spare_pages(bool many) {
    std::vector<std::uint32_t> counts(kPages.begin(), kPages.end());
    if (many) counts = {4, kUsualPages};
    for (const std::uint32_t pages : counts) {
      std::optional<Image> other = with([&](Binding& b) { return deal_pages(image_.application, image_.chip, pages, b), true; });
      if (!other) continue;
      const Price price = price_of(*other);
      if (price.period > price_.period || price.guaranteed > price_.guaranteed || price.latency >= price_.latency) continue;
      image_ = std::move(*other);
      price_ = price;
      return;
    }
  }

  Image& image_;
  const std::optional<MeasuredWork>& work_;
  const TuneOptions& options_;
  Price price_;
  std::vector<ClusterOrHost> favoured_;
};

}  // namespace

void tune(Image& image, const std::optional<MeasuredWork>& work, const TuneOptions& options) {
  SPIKELOOM_CHECK(image.promises.size() == 1);
  Tuner(image, work, options).run();
}

}  // namespace spikeloom

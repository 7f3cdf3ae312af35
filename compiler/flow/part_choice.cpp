#include "compiler/flow/part_choice.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/base/text.hpp"
#include "compiler/flow/parts.hpp"
#include "compiler/flow/search.hpp"

namespace spikeloom {
namespace {

using Ways = std::vector<Shares>;  ///< of all populations of a network

/// Ways that fit are compared until there are so many, and so many are tried at most.
constexpr std::size_t kMostFitting = 6, kMostTried = 12;

class PartSearch {
 public:
  PartSearch(const IntNetwork& network, const Chip& chip, const CompileOptions& options)
      : network_(network), chip_(chip), options_(options) {
    // Which way is the best hardly depends on what else the options ask for.
    options_.spread = Spread::kFewest;
    options_.tune = false;
    options_.favour.clear();
    options_.record.clear();
    options_.dump.reset();
  }

  void consider(const Ways& ways) {
    for (const Outcome& known : tried_)
      if (known.ways == ways) return;
    Outcome outcome{ways, std::nullopt, {}};
    const Parted parted = in_parts(network_, ways);
    const std::optional<Traffic> unmeasured;
    StageRunner quiet;
    try {
      auto placed = place(quiet, {parted.network, unmeasured}, chip_, options_, Advice::kNone);
      if (auto* found = std::get_if<Placed>(&placed))
        outcome.promised = {found->candidate.promise.period, found->candidate.promise.latency};
      else
        outcome.reason = std::get<DoesNotFit>(placed).reason;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      outcome.reason = error.what();
    }
    tried_.push_back(std::move(outcome));
    if (tried_.back().promised && (!best_ || *tried_.back().promised < *tried_[*best_].promised))
      best_ = tried_.size() - 1;
  }

  [[nodiscard]] std::size_t tried() const { return tried_.size(); }
  [[nodiscard]] std::size_t fitting() const {
    return static_cast<std::size_t>(std::count_if(tried_.begin(), tried_.end(),
                                                  [](const Outcome& of) { return of.promised.has_value(); }));
  }
  /// The best so far; where none fits the first.
  [[nodiscard]] const Ways& best() const { return tried_[best_.value_or(0)].ways; }

  /// "of 4 ways to take … kernel:3 for 'map' is promised …"
  [[nodiscard]] std::string note() const {
    std::string text = counted(tried_.size(), "way") + " of taking sums in parts " +
                       (tried_.size() == 1 ? "was" : "were") + " placed (with as few clusters as fit): ";
    for (std::size_t k = 0; k < tried_.size(); ++k) {
      const Outcome& of = tried_[k];
      text += k == 0 ? "" : "; ";
      std::string name;
      for (const auto& [population, way] : named(network_, of.ways))
        name += (name.empty() ? "" : ", ") + population + "=" + way;
      text += name + (of.promised ? ": a step every " + of.promised->first.str() + " cycles"
                                  : ": does not fit, " + of.reason);
    }
    return text;
  }

 private:
  struct Outcome {
    Ways ways;
    std::optional<std::pair<Ratio, std::int64_t>> promised;  ///< period and latency; none: does not fit
    std::string reason;
  };

  const IntNetwork& network_;
  const Chip& chip_;
  CompileOptions options_;
  std::vector<Outcome> tried_;
  std::optional<std::size_t> best_;  ///< of those tried
};

}  // namespace

ChosenParts with_best_parts(const IntNetwork& network, const Chip& chip, const CompileOptions& options) {
  if (!options.parts.empty())
    return {in_parts(network, shares_named(network, options.parts)).network, options.parts, {}};
  const std::vector<Ways> all = ways_of_sharing(network, chip, options);
  if (all.empty()) return {network, {}, {}};
  if (all.size() == 1) return {in_parts(network, all[0]).network, named(network, all[0]), {}};
  PartSearch search(network, chip, options);
  for (const Ways& ways : all)
    if (search.fitting() < kMostFitting && search.tried() < kMostTried) search.consider(ways);
  // Population after population in another order, or in more parts.
  for (std::size_t p = 0; p < network.populations.size(); ++p)
    for (const Ways& ways : all) {
      Ways mixed = search.best();
      if (mixed[p].count <= 1 || ways[p].count <= 1 || search.tried() >= kMostTried) continue;
      mixed[p] = ways[p];
      search.consider(mixed);
    }
  return {in_parts(network, search.best()).network, named(network, search.best()), {search.note()}};
}

}  // namespace spikeloom

#include "compiler/flow/kind_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// Rounds over all populations, at most: later ones hardly change anything.
constexpr int kRounds = 3;

using Kinds = std::map<std::string, std::string>;

/// "203.88", for people: what it is exactly stands in the promise.
std::string text_of(const Ratio& period) {
  if (period.den() == 1) return period.str();
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.2f", period.approximate());
  return text.data();
}

/// What comes of populations on kinds.
struct Outcome {
  std::optional<Ratio> period;  ///< none: nothing fits
  std::string reason;           ///< why not
  Kinds named;                  ///< what was asked for
  Kinds kinds;                  ///< of all populations with clusters
};

class KindSearch {
 public:
  KindSearch(const Chip& chip, const CompileOptions& options, const BuildWith& build)
      : chip_(chip), options_(options), build_(build) {}

  std::optional<ChosenKinds> run() {
    Outcome best = outcome(options_.kinds);
    if (!best.period) return std::nullopt;
    for (std::uint32_t k = 0; k < chip_.kinds(); ++k) {
      Kinds all = best.kinds;
      for (auto& [population, kind] : all)
        if (!options_.kinds.contains(population)) kind = chip_.kind(k).name;
      take_if_better(outcome(all), best);
    }
    for (int round = 0; round < kRounds && improve(best); ++round) {
    }
    ChosenKinds result{best.kinds, best.named, {}};
    for (const auto& [population, kind] : best.kinds) result.notes.push_back(why(best, population, kind));
    return result;
  }

 private:
  [[nodiscard]] Outcome outcome(const Kinds& kinds) {
    for (const auto& [tried, known] : known_)
      if (tried == kinds) return known;
    CompileOptions trial = options_;
    trial.kinds = kinds;
    trial.tune = false;
    trial.dump.reset();
    Outcome result;
    result.named = kinds;
    try {
      const auto built = build_(trial);
      if (const auto* image = std::get_if<Image>(&built)) {
        // The promise for samples, where there is one, is the better guarantee and stands behind it.
        for (const Promise& promise : image->promises)
          if (promise.kind == wanted() ||
              (promise.kind == PromiseKind::kSampled && wanted() == PromiseKind::kGuaranteed))
            result.period = promise.period;
        for (const Cluster& cluster : image->application.clusters)
          result.kinds[image->application.populations[cluster.population.index()]] =
              chip_.kind(cluster.kind).name;
      } else {
        result.reason = std::get<DoesNotFit>(built).reason;
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      result.reason = error.what();
    }
    known_.emplace_back(kinds, result);
    return result;
  }

  [[nodiscard]] PromiseKind wanted() const {
    return options_.kind_choice == KindChoice::kContracted ? PromiseKind::kContracted
                                                           : PromiseKind::kGuaranteed;
  }

  static bool take_if_better(const Outcome& other, Outcome& best) {
    if (!other.period || *other.period >= *best.period) return false;
    best = other;
    return true;
  }

  /// Population after population; whether any went to another kind.
  bool improve(Outcome& best) {
    bool any = false;
    std::vector<std::string> names;
    for (const auto& [population, kind] : best.kinds) names.push_back(population);
    for (const std::string& population : names)
      for (std::uint32_t k = 0; k < chip_.kinds() && !options_.kinds.contains(population); ++k)
        any = take_if_better(with(best, population, chip_.kind(k).name), best) || any;
    return any;
  }

  [[nodiscard]] Outcome with(const Outcome& from, const std::string& population, const std::string& kind) {
    Kinds kinds = from.kinds;
    kinds[population] = kind;
    return kinds == from.kinds ? from : outcome(kinds);
  }

  /// "population a goes to tiles of kind array: 120 cycles a step guaranteed; on tile it would be 300"
  [[nodiscard]] std::string why(const Outcome& best, const std::string& population, const std::string& kind) {
    std::string text = "population " + population + " goes to tiles of kind " + kind;
    if (options_.kinds.contains(population)) return text + ", as asked for";
    const bool of_samples = wanted() == PromiseKind::kGuaranteed && options_.sample_steps != 0;
    text += ": " + text_of(*best.period) + " cycles a step " +
            (of_samples ? "promised for samples of " + std::to_string(options_.sample_steps) + " steps"
                        : std::string(name_of(wanted())));
    for (std::uint32_t k = 0; k < chip_.kinds(); ++k) {
      const std::string& other = chip_.kind(k).name;
      if (other == kind) continue;
      const Outcome there = with(best, population, other);
      text += "; on " + other + (there.period ? ": " + text_of(*there.period) : ": none, " + there.reason);
    }
    return text;
  }

  const Chip& chip_;
  const CompileOptions& options_;
  const BuildWith& build_;
  std::vector<std::pair<Kinds, Outcome>> known_;
};

}  // namespace

std::optional<ChosenKinds> choose_kinds(const Chip& chip, const CompileOptions& options,
                                        const BuildWith& build) {
  if (chip.kinds() == 1 || options.kind_choice == KindChoice::kFirst) return std::nullopt;
  return KindSearch(chip, options, build).run();
}

}  // namespace spikeloom

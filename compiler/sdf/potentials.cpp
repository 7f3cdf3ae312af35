#include "compiler/sdf/potentials.hpp"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/sdf/analysis.hpp"

// The least potentials are longest paths from the first starts, on Q * weight - P * tokens. Components are
// taken sources first. Within one, some passes over its actors usually settle everything; if not,
// Dijkstra's algorithm does, on what each channel falls short of the values that the solver left behind:
// with height(a) >= height's demand on every channel, height(a) - longest(a) is a shortest path.

namespace spikeloom::sdf {
namespace {

constexpr int kPasses = 3;

/// floor(value * q / den) without overflow: |value| / den is a path's length in cycles.
Wide scaled(Wide value, std::int64_t den, std::int64_t q) {
  Wide whole = value / den, rest = value % den;
  if (rest < 0) {
    rest += den;
    --whole;
  }
  return whole * q + rest * q / den;
}

template <class Int>
class Longest {
 public:
  Longest(const Graph& graph, const Adjacency& out, const Solved<Int>& solved, const Ratio& period,
          std::span<const std::int64_t> lower)
      : graph_(graph), out_(out), solved_(solved), period_(period), at_(graph.actor_count(), 0) {
    for (std::size_t a = 0; a < lower.size(); ++a) at_[a] = Int(period.den()) * lower[a];
  }

  std::vector<Int> run() {
    const Components& parts = solved_.components;
    for (std::uint32_t part = parts.count(); part-- > 0;) {
      const std::span<const std::uint32_t> post(parts.post.data() + parts.first[part],
                                                parts.first[part + 1] - parts.first[part]);
      if (!settle_by_passes(post)) settle_by_dijkstra(post, part);
    }
    return std::move(at_);
  }

 private:
  Int demand(const Channel& c) const {
    return Int(period_.den()) * graph_.weight(c) - Int(period_.num()) * c.tokens;
  }

  /// Relaxes channels out of the component too. True if nothing within it changes any more.
  bool settle_by_passes(std::span<const std::uint32_t> post) {
    for (int pass = 0; pass < kPasses; ++pass) {
      bool changed = false;
      for (std::size_t i = post.size(); i-- > 0;) changed = relax(post[i]) || changed;
      if (!changed) return true;
    }
    return false;
  }

  /// True if a potential within the component of `actor` rose.
  bool relax(std::uint32_t actor) {
    bool changed = false;
    for (std::uint32_t e = out_.first[actor]; e < out_.first[actor + 1]; ++e) {
      const Channel& c = graph_.channels()[out_.channel[e]];
      const Int candidate = at_[actor] + demand(c);
      Int& target = at_[c.target.index()];
      if (candidate <= target) continue;
      target = candidate;
      changed = changed || solved_.components.of[c.target.index()] == solved_.components.of[actor];
    }
    return changed;
  }

  [[nodiscard]] bool passes_on(std::uint32_t actor) const {
    for (std::uint32_t e = out_.first[actor]; e < out_.first[actor + 1]; ++e) {
      const Channel& c = graph_.channels()[out_.channel[e]];
      if (at_[actor] + demand(c) > at_[c.target.index()]) return true;
    }
    return false;
  }

  void settle_by_dijkstra(std::span<const std::uint32_t> post, std::uint32_t part) {
    const std::int64_t den = solved_.period[part].period.den();
    const auto height = [&](std::uint32_t a) {
      return Int(scaled(-Wide(solved_.value[a]), den, period_.den()));
    };
    using Entry = std::pair<Int, std::uint32_t>;  // height - potential, actor
    std::vector<Entry> start;
    for (const std::uint32_t a : post)  // the others have nothing to pass on until they rise themselves
      if (passes_on(a)) start.emplace_back(height(a) - at_[a], a);
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open(std::greater<>{}, std::move(start));
    closed_.resize(graph_.actor_count(), false);
    while (!open.empty()) {
      const auto [key, actor] = open.top();
      open.pop();
      if (key != height(actor) - at_[actor]) continue;
      closed_[actor] = true;
      for (std::uint32_t e = out_.first[actor]; e < out_.first[actor + 1]; ++e) {
        const Channel& c = graph_.channels()[out_.channel[e]];
        const std::uint32_t target = c.target.value;
        const Int candidate = at_[actor] + demand(c);
        if (candidate <= at_[target]) continue;
        SPIKELOOM_CHECK(!closed_[target]);
        at_[target] = candidate;
        if (solved_.components.of[target] == part) open.emplace(height(target) - candidate, target);
      }
    }
  }

  const Graph& graph_;
  const Adjacency& out_;
  const Solved<Int>& solved_;
  const Ratio period_;
  std::vector<Int> at_;
  std::vector<bool> closed_;  ///< settled by Dijkstra's algorithm, which never comes back to an actor
};

template <class Int>
std::variant<Potentials, TooFast> solve(const Graph& graph, const Adjacency& out, const Ratio& period,
                                        std::span<const std::int64_t> lower) {
  const Solved<Int> solved = solve_components<Int>(graph, out, {});
  for (const ComponentPeriod& p : solved.period)
    if (p.period > period) return TooFast{p.critical_cycle};
  return Potentials{least_potentials(graph, out, solved, period, lower)};
}

}  // namespace

template <class Int>
std::vector<std::int64_t> least_potentials(const Graph& graph, const Adjacency& out,
                                           const Solved<Int>& solved, const Ratio& period,
                                           std::span<const std::int64_t> lower) {
  const std::vector<Int> longest = Longest<Int>(graph, out, solved, period, lower).run();
  std::vector<std::int64_t> result(longest.size());
  for (std::size_t a = 0; a < longest.size(); ++a) {
    if (longest[a] > std::numeric_limits<std::int64_t>::max())
      throw input_error("actor \"" + graph.name(ActorId(a)) +
                        "\": its potential overflows 64 bits; use a larger unit of time");
    result[a] = static_cast<std::int64_t>(longest[a]);
  }
  return result;
}

template std::vector<std::int64_t> least_potentials(const Graph&, const Adjacency&,
                                                    const Solved<std::int64_t>&, const Ratio&,
                                                    std::span<const std::int64_t>);
template std::vector<std::int64_t> least_potentials(const Graph&, const Adjacency&, const Solved<Wide>&,
                                                    const Ratio&, std::span<const std::int64_t>);

std::variant<Potentials, TooFast> potentials(const Graph& graph, const Ratio& period,
                                             std::span<const std::int64_t> lower) {
  require_homogeneous(graph);
  check_lower(graph, lower);
  const std::int64_t limit = std::int64_t{1} << 60;
  if (period < Ratio(0) || period.num() >= limit || period.den() >= limit)
    throw input_error("period " + period.str() + ": expected P/Q with P from 0 and Q from 1 to below 2^60");
  const Adjacency out = outgoing(graph);
  TokenFreeOrder order = token_free_order(graph, out);
  if (!order.cycle.empty()) return TooFast{std::move(order.cycle)};
  return fits_narrow(magnitude(graph, lower), period.num(), period.den())
             ? solve<std::int64_t>(graph, out, period, lower)
             : solve<Wide>(graph, out, period, lower);
}

}  // namespace spikeloom::sdf

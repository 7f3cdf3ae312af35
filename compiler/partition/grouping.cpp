#include "compiler/partition/grouping.hpp"

#include <algorithm>
#include <queue>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr double kSilent = 1e-6;  ///< a source that never fired in calibration still counts a little
constexpr std::int64_t kBudget = 60'000'000;  ///< counts of edges looked at in refinement, over all passes
constexpr std::size_t kMostHeld = std::size_t{1} << 25U;  ///< counts of (edge, cluster)
constexpr std::size_t kPatience = 64;                     ///< moves without a better state before a pass ends

/// Edges by neuron: those that reach it, and those it is the source of.
struct Incidence {
  std::vector<std::vector<std::uint32_t>> in, out;
};

Incidence incidence(const Edges& edges, std::size_t neurons) {
  Incidence result{std::vector<std::vector<std::uint32_t>>(neurons),
                   std::vector<std::vector<std::uint32_t>>(neurons)};
  for (std::uint32_t e = 0; e < edges.count(); ++e) {
    for (std::size_t i = edges.begin[e]; i < edges.begin[e + 1]; ++i) result.in[edges.target[i]].push_back(e);
    if (edges.own[e] != Edges::kOutside) result.out[edges.own[e]].push_back(e);
  }
  return result;
}

bool all_read_the_same(const Incidence& by_neuron) {
  return std::all_of(by_neuron.in.begin(), by_neuron.in.end(),
                     [&](const auto& list) { return list == by_neuron.in.front(); });
}

std::vector<std::uint32_t> blocks(std::size_t neurons, std::uint32_t size) {
  std::vector<std::uint32_t> of(neurons);
  for (std::size_t j = 0; j < neurons; ++j) of[j] = static_cast<std::uint32_t>(j / size);
  return of;
}

std::vector<std::uint32_t> pack_greedily(const Edges& edges, const Incidence& by_neuron, std::uint32_t size) {
  const std::size_t neurons = by_neuron.in.size();
  constexpr std::uint32_t kNone = ~0U;
  std::vector<std::uint32_t> of(neurons, kNone);
  std::vector<std::uint32_t> left(neurons);
  for (std::uint32_t j = 0; j < neurons; ++j) left[j] = j;
  std::vector<std::uint32_t> seen(edges.count(), kNone);
  for (std::uint32_t cluster = 0; !left.empty(); ++cluster) {
    std::vector<double> shared(neurons, 0);
    for (std::uint32_t filled = 0; filled < size && !left.empty(); ++filled) {
      std::size_t best = 0;
      for (std::size_t i = 1; i < left.size(); ++i)
        if (shared[left[i]] > shared[left[best]]) best = i;
      const std::uint32_t neuron = left[best];
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
      of[neuron] = cluster;
      for (const std::uint32_t e : by_neuron.in[neuron]) {
        if (seen[e] == cluster) continue;
        seen[e] = cluster;
        for (std::size_t i = edges.begin[e]; i < edges.begin[e + 1]; ++i)
          shared[edges.target[i]] += edges.rate[e] + kSilent;
      }
    }
  }
  return of;
}

/// Moves of single neurons by best gain, each neuron once a pass; a cluster may be one over its cap for
/// one move, so that swaps are found; a pass ends in the best state that it saw.
class Refinement {
 public:
  Refinement(const Edges& edges, const Incidence& by_neuron, const GroupingOptions& options,
             std::vector<std::uint32_t>& of)
      : edges_(edges),
        by_neuron_(by_neuron),
        clusters_(options.clusters),
        cap_(options.cap),
        of_(of),
        held_(edges.count() * options.clusters, 0),
        size_(options.clusters, 0),
        cost_(options.clusters, 0) {
    for (std::size_t j = 0; j < of.size(); ++j) ++size_[of[j]];
    for (std::size_t e = 0; e < edges.count(); ++e)
      for (std::size_t i = edges.begin[e]; i < edges.begin[e + 1]; ++i) ++held(e, of[edges.target[i]]);
  }

  void run(Rng& rng) {
    while (spent_ < kBudget && pass(rng) > 1e-9) {
    }
  }

 private:
  struct Move {
    double gain = 0;
    std::uint32_t neuron = 0, to = 0, tie = 0;
    friend bool operator<(const Move& a, const Move& b) {
      return a.gain != b.gain ? a.gain < b.gain : a.tie != b.tie ? a.tie > b.tie : a.neuron > b.neuron;
    }
  };

  std::uint32_t& held(std::size_t edge, std::uint32_t cluster) { return held_[edge * clusters_ + cluster]; }
  double weight(std::uint32_t e) const { return edges_.rate[e] + kSilent; }

  /// Clusters that edge e reaches from outside when its source is in `own` and `moved` of its targets
  /// (0 or 1) went from a to b.
  std::uint32_t reached(std::uint32_t e, std::uint32_t own, std::uint32_t a, std::uint32_t b,
                        std::uint32_t moved) {
    std::uint32_t count = 0;
    for (std::uint32_t c = 0; c < clusters_; ++c) {
      const std::uint32_t now = held(e, c) - (c == a ? moved : 0) + (c == b ? moved : 0);
      count += c != own && now > 0;
    }
    return count;
  }

  /// Best move of a neuron to a cluster that has room: fewer than `room` neurons.
  Move best_move(std::uint32_t neuron, std::uint32_t room) {
    const std::uint32_t from = of_[neuron];
    double leave = 0;
    std::fill(cost_.begin(), cost_.end(), 0);
    for (const std::uint32_t e : by_neuron_.in[neuron]) {
      if (edges_.own[e] == neuron) continue;
      const std::uint32_t own = edges_.own[e] == Edges::kOutside ? clusters_ : of_[edges_.own[e]];
      if (own != from && held(e, from) == 1) leave += weight(e);
      for (std::uint32_t c = 0; c < clusters_; ++c)
        if (c != own && held(e, c) == 0) cost_[c] += weight(e);
    }
    for (const std::uint32_t e : by_neuron_.out[neuron]) {
      const bool itself = std::binary_search(by_neuron_.in[neuron].begin(), by_neuron_.in[neuron].end(), e);
      const double before = reached(e, from, from, from, 0);
      for (std::uint32_t c = 0; c < clusters_; ++c)
        cost_[c] += weight(e) * (reached(e, c, from, c, itself ? 1 : 0) - before);
    }
    spent_ += static_cast<std::int64_t>(clusters_) *
              static_cast<std::int64_t>(by_neuron_.in[neuron].size() +
                                        by_neuron_.out[neuron].size() * clusters_ + 1);
    Move best{-1e300, neuron, from, 0};
    for (std::uint32_t c = 0; c < clusters_; ++c)
      if (c != from && size_[c] < room && leave - cost_[c] > best.gain)
        best = {leave - cost_[c], neuron, c, 0};
    return best;
  }

  void apply(std::uint32_t neuron, std::uint32_t to) {
    const std::uint32_t from = of_[neuron];
    for (const std::uint32_t e : by_neuron_.in[neuron]) {
      --held(e, from);
      ++held(e, to);
    }
    --size_[from];
    ++size_[to];
    of_[neuron] = to;
  }

  /// The best move out of a cluster that is one over its cap.
  Move relieve(std::uint32_t cluster, const std::vector<bool>& locked) {
    Move best{-1e300, 0, cluster, 0};
    for (std::uint32_t j = 0; j < of_.size(); ++j)
      if (of_[j] == cluster && !locked[j])
        if (const Move move = best_move(j, cap_); move.to != cluster && move.gain > best.gain) best = move;
    return best;
  }

  /// One pass; returns what it gained.
  double pass(Rng& rng) {
    std::vector<std::uint32_t> tie(of_.size());
    for (std::uint32_t j = 0; j < tie.size(); ++j) tie[j] = j;
    rng.shuffle(tie);
    std::priority_queue<Move> queue;
    const auto push = [&](std::uint32_t neuron) {
      Move move = best_move(neuron, cap_ + 1);
      move.tie = tie[neuron];
      if (move.to != of_[neuron]) queue.push(move);
    };
    for (std::uint32_t j = 0; j < of_.size(); ++j) push(j);
    std::vector<bool> locked(of_.size(), false);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> done;  // neuron, where it was
    double gain = 0, best_gain = 0;
    std::size_t best_done = 0;
    const auto take = [&](const Move& move) {
      done.emplace_back(move.neuron, of_[move.neuron]);
      locked[move.neuron] = true;
      gain += move.gain;
      apply(move.neuron, move.to);
    };
    while (!queue.empty() && spent_ < kBudget && done.size() < best_done + kPatience) {
      const Move top = queue.top();
      queue.pop();
      if (locked[top.neuron] || size_[of_[top.neuron]] == 1) continue;
      Move move = best_move(top.neuron, cap_ + 1);
      move.tie = top.tie;
      if (move.to == of_[top.neuron]) continue;
      if (!queue.empty() && move.gain < queue.top().gain && move.gain < top.gain) {
        queue.push(move);
        continue;
      }
      take(move);
      if (size_[move.to] > cap_) {
        const Move relief = relieve(move.to, locked);
        if (relief.to == move.to) break;
        take(relief);
      }
      if (gain > best_gain + 1e-9) {
        best_gain = gain;
        best_done = done.size();
      }
    }
    while (done.size() > best_done) {
      apply(done.back().first, done.back().second);
      done.pop_back();
    }
    return best_gain;
  }

  const Edges& edges_;
  const Incidence& by_neuron_;
  std::uint32_t clusters_, cap_;
  std::vector<std::uint32_t>& of_;
  std::vector<std::uint32_t> held_;  ///< targets of edge e in cluster c
  std::vector<std::uint32_t> size_;
  std::vector<double> cost_;
  std::int64_t spent_ = 0;
};

}  // namespace

void refine(const Edges& edges, const GroupingOptions& options, std::vector<std::uint32_t>& of, Rng& rng) {
  if (options.clusters > 1 && edges.count() * options.clusters <= kMostHeld) {
    const Incidence by_neuron = incidence(edges, of.size());
    Refinement(edges, by_neuron, options, of).run(rng);
  }
}

std::vector<std::uint32_t> group(const Edges& edges, std::size_t neurons, const GroupingOptions& options,
                                 Rng& rng) {
  SPIKELOOM_CHECK(options.size > 0 && options.cap >= options.size);
  SPIKELOOM_CHECK((neurons + options.size - 1) / options.size == options.clusters);
  if (options.clusters == 1) return std::vector<std::uint32_t>(neurons, 0);
  const Incidence by_neuron = incidence(edges, neurons);
  if (all_read_the_same(by_neuron)) return blocks(neurons, options.size);
  std::vector<std::uint32_t> of = pack_greedily(edges, by_neuron, options.size);
  if (options.method != PartitionMethod::kGreedy) Refinement(edges, by_neuron, options, of).run(rng);
  return of;
}

}  // namespace spikeloom

#include "compiler/partition/hypergraph.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kHeaviest = 20;    ///< part of the weight that a merged vertex may have
constexpr std::size_t kFew = 60;           ///< vertices that are split by growing
constexpr std::size_t kNetsLookedAt = 12;  ///< of a vertex in search of a partner
constexpr std::size_t kPinsLookedAt = 48;  ///< of each of these nets
constexpr std::uint32_t kNone = ~0U;

/// Nets by vertex.
struct NetsOfVertex {
  std::vector<std::size_t> begin;
  std::vector<std::uint32_t> net;
  explicit NetsOfVertex(const Hypergraph& graph) : begin(graph.vertices() + 1, 0), net(graph.pin.size()) {
    for (const std::uint32_t v : graph.pin) ++begin[v + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
    for (std::uint32_t e = 0; e < graph.nets(); ++e)
      for (const std::uint32_t v : graph.pins(e)) net[next[v]++] = e;
  }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t vertex) const {
    return {net.data() + begin[vertex], begin[vertex + 1] - begin[vertex]};
  }
};

/// Parts that h pins of a net reach on either side, in units of 1 / kReach.
class Reached {
 public:
  static constexpr std::int64_t kReach = 1024;
  explicit Reached(Parts parts) {
    for (const std::uint32_t side : {0U, 1U}) {
      const double k = side == 0 ? parts.zero : parts.one;
      std::vector<std::int64_t>& of = of_[side];
      do {
        of.push_back(std::llround(static_cast<double>(kReach) * k *
                                  (1 - std::pow(1 - 1 / k, static_cast<double>(of.size())))));
      } while (of.size() < 2 || of.back() != of[of.size() - 2]);
    }
  }
  /// What a net costs less when one of its `pins` on the side leaves it; 0 where there is none.
  [[nodiscard]] std::int64_t last(std::uint32_t side, std::uint32_t pins) const {
    const std::vector<std::int64_t>& of = of_[side];
    return pins != 0 && pins < of.size() ? of[pins] - of[pins - 1] : 0;
  }
  [[nodiscard]] std::int64_t total(const Hypergraph& graph, const std::vector<std::uint8_t>& side) const {
    std::int64_t sum = 0;
    for (std::size_t e = 0; e < graph.nets(); ++e) {
      std::array<std::size_t, 2> held{};
      for (const std::uint32_t v : graph.pins(e)) ++held[side[v]];
      for (const std::uint32_t s : {0U, 1U})
        sum += graph.cost[e] * of_[s][std::min(held[s], of_[s].size() - 1)];
    }
    return sum;
  }

 private:
  std::array<std::vector<std::int64_t>, 2> of_;
};

/// What heavy vertices allow: a coarse level need not be more even than its heaviest vertex; finer ones mend
/// that.
Balance widened(Balance balance, const Hypergraph& graph) {
  const std::uint64_t slack = *std::max_element(graph.weight.begin(), graph.weight.end()) - 1U;
  return {balance.least - std::min(balance.least, slack), balance.most + slack};
}

/// Moves of single vertices, best gain first, each vertex once a pass; a pass ends in the best state that it
/// saw.
class Refiner {
 public:
  Refiner(const Hypergraph& graph, const NetsOfVertex& by_vertex, const Reached& reached, Balance balance,
          std::vector<std::uint8_t>& side)
      : graph_(graph),
        by_vertex_(by_vertex),
        reached_(reached),
        balance_(widened(balance, graph)),
        side_(side),
        held_(2 * graph.nets(), 0) {
    for (std::size_t e = 0; e < graph.nets(); ++e)
      for (const std::uint32_t v : graph.pins(e)) ++held_[2 * e + side_[v]];
    for (std::size_t v = 0; v < graph.vertices(); ++v) {
      if (side_[v] == 0) zero_ += graph.weight[v];
      heaviest_ = std::max(heaviest_, graph.weight[v]);
    }
  }

  void run(std::uint32_t passes) {
    for (std::uint32_t pass = 0; pass < passes; ++pass)
      if (!improve()) break;
  }

 private:
  struct Entry {
    std::int64_t gain;
    std::uint32_t vertex, version;
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.gain != b.gain ? a.gain < b.gain : a.vertex > b.vertex;
    }
  };

  /// How far side 0 is out of balance.
  [[nodiscard]] std::uint64_t excess() const {
    return zero_ < balance_.least  ? balance_.least - zero_
           : zero_ > balance_.most ? zero_ - balance_.most
                                   : 0;
  }
  [[nodiscard]] std::int64_t gain_of(std::uint32_t v) const {
    std::int64_t gain = 0;
    const std::uint32_t from = side_[v];
    for (const std::uint32_t e : by_vertex_.of(v)) {
      gain += graph_.cost[e] * (reached_.last(from, held_[2 * e + from]) -
                                reached_.last(1 - from, held_[2 * e + 1 - from] + 1));
    }
    return gain;
  }
  [[nodiscard]] bool is_at_border(std::uint32_t v) const {
    const auto nets = by_vertex_.of(v);
    return std::any_of(nets.begin(), nets.end(),
                       [&](std::uint32_t e) { return held_[2 * e] != 0 && held_[2 * e + 1] != 0; });
  }
  void push(std::uint32_t v) { queue_[side_[v]].push({gain_[v], v, ++version_[v]}); }
  void add_gain(std::uint32_t v, std::int64_t change) {
    if (state_[v] == State::kLocked) return;
    // The counts are still those before the move, and so is a gain that is asked for now.
    if (state_[v] == State::kInside) {
      gain_[v] = gain_of(v);
      state_[v] = State::kQueued;
    }
    gain_[v] += change;
    if (!is_touched_[v]) {
      is_touched_[v] = 1;
      touched_.push_back(v);
    }
  }

  /// The best vertex that may leave `side`; kNone where there is none.
  std::uint32_t top(std::uint32_t side) {
    auto& queue = queue_[side];
    while (!queue.empty()) {
      const Entry& entry = queue.top();
      if (state_[entry.vertex] == State::kQueued && side_[entry.vertex] == side &&
          version_[entry.vertex] == entry.version)
        return entry.vertex;
      queue.pop();
    }
    return kNone;
  }

  /// Which vertex moves next: what mends the balance, else the best gain that does not upset it by more than
  /// a vertex.
  std::uint32_t choose() {
    const std::uint32_t a = top(0), b = top(1);
    if (zero_ > balance_.most) return a != kNone ? a : any_inside(0);
    if (zero_ < balance_.least) return b != kNone ? b : any_inside(1);
    const bool a_may = a != kNone && zero_ + heaviest_ >= balance_.least + graph_.weight[a];
    const bool b_may = b != kNone && zero_ + graph_.weight[b] <= balance_.most + heaviest_;
    if (a_may && (!b_may || gain_[a] > gain_[b] || (gain_[a] == gain_[b] && a < b))) return a;
    return b_may ? b : kNone;
  }

  /// A vertex away from the border: only to mend the balance.
  std::uint32_t any_inside(std::uint32_t side) {
    for (; inside_ < side_.size(); ++inside_)
      if (state_[inside_] == State::kInside && side_[inside_] == side) {
        const auto v = static_cast<std::uint32_t>(inside_);
        state_[v] = State::kQueued;
        gain_[v] = gain_of(v);
        return v;
      }
    return kNone;
  }

  void flip(std::uint32_t v) {
    const std::uint32_t from = side_[v], to = 1 - from;
    zero_ = from == 0 ? zero_ - graph_.weight[v] : zero_ + graph_.weight[v];
    side_[v] = static_cast<std::uint8_t>(to);
    for (const std::uint32_t e : by_vertex_.of(v)) {
      --held_[2 * e + from];
      ++held_[2 * e + to];
    }
  }

  void move(std::uint32_t v) {
    state_[v] = State::kLocked;
    const std::uint32_t from = side_[v], to = 1 - from;
    for (const std::uint32_t e : by_vertex_.of(v)) {
      const std::uint32_t here = held_[2 * e + from], there = held_[2 * e + to];
      // Of a pin on either side: what leaving saves after the move, less what it saves now; the same for
      // arriving.
      const std::array<std::int64_t, 2> change{
          graph_.cost[e] * (reached_.last(from, here - 1) - reached_.last(from, here) -
                            reached_.last(to, there + 2) + reached_.last(to, there + 1)),
          graph_.cost[e] * (reached_.last(to, there + 1) - reached_.last(to, there) -
                            reached_.last(from, here) + reached_.last(from, here + 1))};
      if (change[0] == 0 && change[1] == 0) continue;
      for (const std::uint32_t u : graph_.pins(e)) {
        const std::int64_t mine = change[side_[u] == from ? 0 : 1];
        if (u != v && mine != 0) add_gain(u, mine);
      }
    }
    flip(v);
    for (const std::uint32_t u : touched_) {
      is_touched_[u] = 0;
      push(u);
    }
    touched_.clear();
  }

  bool improve() {
    const std::size_t n = graph_.vertices();
    state_.assign(n, State::kInside);
    is_touched_.assign(n, 0);
    gain_.assign(n, 0);
    version_.assign(n, 0);
    queue_[0] = queue_[1] = {};
    inside_ = 0;
    for (std::uint32_t v = 0; v < n; ++v) {
      if (!is_at_border(v)) continue;
      state_[v] = State::kQueued;
      gain_[v] = gain_of(v);
      push(v);
    }
    const std::uint64_t excess_before = excess();
    std::uint64_t best_excess = excess_before;
    std::int64_t gained = 0, best = 0;
    std::vector<std::uint32_t> done;
    std::size_t kept = 0;
    const std::size_t patience = std::max<std::size_t>(50, n / 40);
    while (done.size() < kept + patience || excess() > 0) {
      const std::uint32_t v = choose();
      if (v == kNone) break;
      gained += gain_[v];
      move(v);
      done.push_back(v);
      const std::uint64_t now = excess();
      if (now < best_excess || (now == best_excess && gained > best)) {
        best_excess = now;
        best = gained;
        kept = done.size();
      }
    }
    while (done.size() > kept) {
      flip(done.back());
      done.pop_back();
    }
    return best_excess < excess_before || best > 0;
  }

  enum class State : std::uint8_t { kInside, kQueued, kLocked };

  const Hypergraph& graph_;
  const NetsOfVertex& by_vertex_;
  const Reached& reached_;
  Balance balance_;
  std::vector<std::uint8_t>& side_;
  std::vector<std::uint32_t> held_;  ///< pins of net e on side s: held_[2e + s]
  std::uint64_t zero_ = 0;           ///< weight of side 0
  std::uint32_t heaviest_ = 1;
  std::vector<State> state_;
  std::vector<std::int64_t> gain_;
  std::vector<std::uint32_t> version_, touched_;
  std::vector<std::uint8_t> is_touched_;
  std::priority_queue<Entry> queue_[2];
  std::size_t inside_ = 0;
};

/// Every vertex with the unmatched neighbour that shares the dearest, smallest nets with it; coarse vertex by
/// vertex.
std::vector<std::uint32_t> match(const Hypergraph& graph, const NetsOfVertex& by_vertex,
                                 std::uint32_t heaviest, Rng& rng, std::uint32_t& count) {
  const std::size_t n = graph.vertices();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  rng.shuffle(order);
  std::vector<std::uint32_t> coarse(n, kNone);
  std::vector<double> score(n, 0);
  std::vector<std::uint32_t> touched;
  count = 0;
  for (const std::uint32_t v : order) {
    if (coarse[v] != kNone) continue;
    const auto nets = by_vertex.of(v);
    // A sample at even distances, begun at random, where there are many.
    const auto sample = [&](std::size_t size, std::size_t most, const auto& visit) {
      if (size <= most) {
        for (std::size_t i = 0; i < size; ++i) visit(i);
        return;
      }
      const std::size_t first = rng.below(size);
      for (std::size_t k = 0; k < most; ++k) visit((first + k * size / most) % size);
    };
    sample(nets.size(), kNetsLookedAt, [&](std::size_t i) {
      const auto pins = graph.pins(nets[i]);
      if (pins.size() < 2) return;
      const double share = static_cast<double>(graph.cost[nets[i]]) / static_cast<double>(pins.size() - 1);
      sample(pins.size(), kPinsLookedAt, [&](std::size_t k) {
        const std::uint32_t u = pins[k];
        if (u == v || coarse[u] != kNone || graph.weight[u] + graph.weight[v] > heaviest) return;
        if (score[u] == 0) touched.push_back(u);
        score[u] += share;
      });
    });
    std::uint32_t best = kNone;
    for (const std::uint32_t u : touched)
      if (best == kNone || score[u] > score[best] || (score[u] == score[best] && u < best)) best = u;
    for (const std::uint32_t u : touched) score[u] = 0;
    touched.clear();
    coarse[v] = count;
    if (best != kNone) coarse[best] = count;
    ++count;
  }
  return coarse;
}

/// The graph of merged vertices; nets with equal pins become one, nets inside one vertex none.
Hypergraph contract(const Hypergraph& graph, const std::vector<std::uint32_t>& coarse, std::uint32_t count) {
  Hypergraph result;
  result.weight.assign(count, 0);
  for (std::size_t v = 0; v < coarse.size(); ++v) result.weight[coarse[v]] += graph.weight[v];
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> known;  // nets by hash of their pins
  std::vector<std::uint32_t> pins;
  std::vector<std::uint32_t> seen(count, kNone);
  for (std::uint32_t e = 0; e < graph.nets(); ++e) {
    pins.clear();
    for (const std::uint32_t v : graph.pins(e))
      if (seen[coarse[v]] != e) {
        seen[coarse[v]] = e;
        pins.push_back(coarse[v]);
      }
    if (pins.size() < 2) continue;
    if (pins.size() <= 16) {  // long nets are hardly ever equal
      std::sort(pins.begin(), pins.end());
      std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
      for (const std::uint32_t v : pins) hash = (hash ^ v) * 0xff51afd7ed558ccdULL, hash ^= hash >> 32U;
      std::vector<std::uint32_t>& same = known[hash];
      const auto twin = std::find_if(same.begin(), same.end(), [&](std::uint32_t other) {
        return std::equal(pins.begin(), pins.end(), result.pins(other).begin(), result.pins(other).end());
      });
      if (twin != same.end()) {
        result.cost[*twin] += graph.cost[e];
        continue;
      }
      same.push_back(static_cast<std::uint32_t>(result.nets()));
    }
    result.cost.push_back(graph.cost[e]);
    result.pin.insert(result.pin.end(), pins.begin(), pins.end());
    result.begin.push_back(result.pin.size());
  }
  return result;
}

/// The same vertices and about this part of the nets, dearer in return.
Hypergraph draw(const Hypergraph& graph, double part, Rng& rng) {
  Hypergraph some;
  some.weight = graph.weight;
  for (std::size_t e = 0; e < graph.nets(); ++e) {
    if (!rng.chance(part)) continue;
    const auto pins = graph.pins(e);
    some.pin.insert(some.pin.end(), pins.begin(), pins.end());
    some.begin.push_back(some.pin.size());
    some.cost.push_back(static_cast<std::int64_t>(static_cast<double>(graph.cost[e]) / part));
  }
  return some;
}

/// Side 0 grown from random vertices, refined; the best of several tries.
std::vector<std::uint8_t> grow(const Hypergraph& graph, const NetsOfVertex& by_vertex, const Reached& reached,
                               Balance exact, Rng& rng, Effort effort) {
  const Balance balance = widened(exact, graph);
  const std::uint64_t wanted = (balance.least + balance.most) / 2;
  const auto excess = [&](const std::vector<std::uint8_t>& side) {
    std::uint64_t zero = 0;
    for (std::size_t v = 0; v < side.size(); ++v)
      if (side[v] == 0) zero += graph.weight[v];
    return zero < balance.least ? balance.least - zero : zero > balance.most ? zero - balance.most : 0;
  };
  std::vector<std::uint8_t> best;
  std::pair<std::uint64_t, std::int64_t> least{};
  for (std::size_t attempt = 0; attempt < effort.tries; ++attempt) {
    std::vector<std::uint8_t> side(graph.vertices(), 1);
    std::vector<double> pull(graph.vertices(), 0);
    std::uint64_t zero = 0;
    auto next = static_cast<std::uint32_t>(rng.below(graph.vertices()));
    while (zero < wanted && next != kNone) {
      side[next] = 0;
      zero += graph.weight[next];
      for (const std::uint32_t e : by_vertex.of(next)) {
        const auto pins = graph.pins(e);
        for (const std::uint32_t u : pins)
          pull[u] += static_cast<double>(graph.cost[e]) / static_cast<double>(pins.size());
      }
      next = kNone;
      for (std::uint32_t u = 0; u < side.size(); ++u)
        if (side[u] == 1 && (next == kNone || pull[u] > pull[next])) next = u;
    }
    Refiner(graph, by_vertex, reached, balance, side).run(effort.passes);
    const std::pair<std::uint64_t, std::int64_t> price{excess(side), reached.total(graph, side)};
    if (best.empty() || price < least) {
      least = price;
      best = std::move(side);
    }
  }
  return best;
}

std::vector<std::uint8_t> bisect_levels(const Hypergraph& graph, Balance balance, const Reached& reached,
                                        Rng& rng, Effort effort) {
  if (graph.vertices() == 0) return {};
  const double wanted = static_cast<double>(effort.pins) * static_cast<double>(graph.vertices());
  if (static_cast<double>(graph.pin.size()) > 1.5 * wanted) {
    const Hypergraph drawn = draw(graph, wanted / static_cast<double>(graph.pin.size()), rng);
    std::vector<std::uint8_t> side = bisect_levels(drawn, balance, reached, rng, effort);
    if (effort.polish != 0) {
      const NetsOfVertex by_vertex(graph);
      Refiner(graph, by_vertex, reached, balance, side).run(effort.polish);
    }
    return side;
  }
  const std::uint64_t total = std::accumulate(graph.weight.begin(), graph.weight.end(), std::uint64_t{0});
  const auto heaviest = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, total / kHeaviest));
  const NetsOfVertex by_vertex(graph);
  if (graph.vertices() > kFew) {
    std::uint32_t count = 0;
    const std::vector<std::uint32_t> coarse = match(graph, by_vertex, heaviest, rng, count);
    if (count < graph.vertices() - graph.vertices() / 20) {
      const std::vector<std::uint8_t> above =
          bisect_levels(contract(graph, coarse, count), balance, reached, rng, effort);
      std::vector<std::uint8_t> side(graph.vertices());
      for (std::size_t v = 0; v < side.size(); ++v) side[v] = above[coarse[v]];
      Refiner(graph, by_vertex, reached, balance, side).run(effort.passes);
      return side;
    }
  }
  return grow(graph, by_vertex, reached, balance, rng, effort);
}

}  // namespace

Hypergraph part_of(const Hypergraph& graph, std::span<const std::uint32_t> vertices) {
  std::vector<std::uint32_t> number(graph.vertices(), kNone);
  Hypergraph part;
  for (const std::uint32_t v : vertices) {
    number[v] = static_cast<std::uint32_t>(part.weight.size());
    part.weight.push_back(graph.weight[v]);
  }
  for (std::size_t e = 0; e < graph.nets(); ++e) {
    const std::size_t first = part.pin.size();
    for (const std::uint32_t v : graph.pins(e))
      if (number[v] != kNone) part.pin.push_back(number[v]);
    if (part.pin.size() - first < 2) {
      part.pin.resize(first);
      continue;
    }
    part.cost.push_back(graph.cost[e]);
    part.begin.push_back(part.pin.size());
  }
  return part;
}

std::int64_t cut(const Hypergraph& graph, const std::vector<std::uint8_t>& side) {
  std::int64_t total = 0;
  for (std::size_t e = 0; e < graph.nets(); ++e) {
    const auto pins = graph.pins(e);
    if (std::any_of(pins.begin(), pins.end(), [&](std::uint32_t v) { return side[v] != side[pins.front()]; }))
      total += graph.cost[e];
  }
  return total;
}

std::vector<std::uint8_t> bisect(const Hypergraph& graph, Balance balance, Rng& rng, Effort effort,
                                 Parts parts) {
  const std::uint64_t total = std::accumulate(graph.weight.begin(), graph.weight.end(), std::uint64_t{0});
  SPIKELOOM_CHECK(balance.least <= balance.most && balance.most <= total && parts.zero > 0 && parts.one > 0);
  return bisect_levels(graph, balance, Reached(parts), rng, effort);
}

}  // namespace spikeloom

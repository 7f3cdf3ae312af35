#include "tests/schedule/second_builder.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "compiler/core/core.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::second {
namespace {

constexpr std::int64_t kUnit = std::int64_t{1} << hw::kContractFractionBits;
using Slots = std::vector<std::uint32_t>;

/// By trying every cycle in which a channel may begin.
std::int64_t slowest_send(const Slots& slots, std::int64_t wheel, std::int64_t flits) {
  std::vector<char> mine(static_cast<std::size_t>(wheel), 0);
  for (const std::uint32_t slot : slots) mine.at(slot) = 1;
  std::int64_t worst = 0;
  for (std::int64_t x = 0; x < wheel; ++x) {
    std::int64_t wire = x;
    for (std::int64_t left = flits; left > 0; left -= mine[static_cast<std::size_t>(wire % wheel)]) ++wire;
    worst = std::max(worst, wire - x);
  }
  return worst;
}

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// What section 6 calls ρ, ρi, γ, γi and A.
struct Batches {
  std::int64_t pages = 1, first = 0, first_integrate = 0, more = 0, more_integrate = 0, ahead = 0;
  [[nodiscard]] std::int64_t work(std::int64_t n) const { return first + (n - 1) * (more + ahead); }
};

class Table {
 public:
  explicit Table(const Given& given) : given_(given), clusters_(given.application.clusters) {}

  Graph build() {
    look_at_tiles();
    if (any_batches_) {
      for (std::size_t t = 0; t < contracts_.size(); ++t)
        if (contracts_[t]) {
          contracts_[t]->pooled = false;
          const auto& order = given_.binding.orders[t];
          if (!order.empty() && batch(order.front().cluster.index())) contracts_[t].reset();
        }
    }
    find_paid();
    add_actors();
    add_cluster_arcs();
    add_channel_arcs();
    if (any_batches_) add_lags();
    graph_.is_paid.assign(paid_.begin(), paid_.end());
    return graph_;
  }

  SampleGraph build_samples(std::size_t steps) {
    const Graph plain = build();
    SampleGraph samples;
    for (std::size_t a = 0; a < plain.actors.size(); ++a)
      for (std::size_t j = 0; j < steps; ++j) {
        Actor actor = plain.actors[a];
        actor.name += (j + 1 < steps ? ", step " : ", from step ") + std::to_string(j);
        if (j != 0) actor.first_start = 0;
        samples.graph.actors.push_back(actor);
      }
    for (std::size_t j = 0; j < steps; ++j) {
      samples.sinks.push_back({plain.sink * steps + j, 0});
      for (std::size_t c = 0; c < clusters_.size(); ++c) {
        const FiringTime time = worst_page(c, j, j + 1 == steps);
        samples.graph.actors[own_[c].fire * steps + j].execution = kUnit * time.integrate;
        samples.graph.actors[own_[c].done * steps + j].execution = kUnit * time.update;
      }
      for (std::size_t n = 0; n < sends_.size() && j != 0; ++n)
        if (!given_.binding.channels[n].from)
          samples.graph.actors[sends_[n].send * steps + j].execution =
              kUnit * slowest_send(given_.binding.channels[n].slots, given_.chip.spike_wheel,
                                   1 + changing_chunks(given_.binding.channels[n]));
    }
    for (const Arc& arc : plain.arcs)
      for (std::int64_t j = 0; j < static_cast<std::int64_t>(steps); ++j) {
        const auto last = static_cast<std::int64_t>(steps) - 1;
        std::set<std::int64_t> to{std::min(j + arc.tokens, last)};
        for (std::int64_t i = 0; j == last ? i < arc.tokens : i <= j + arc.tokens - last - 1; ++i)
          to.insert(std::min(i, last));
        for (const std::int64_t i : to)
          samples.graph.arcs.push_back({arc.from * steps + static_cast<std::size_t>(j),
                                        arc.to * steps + static_cast<std::size_t>(i), arc.tokens, arc.tokens,
                                        arc.latency});
      }
    return samples;
  }

  /// Section 8. Steps are followed one by one through as many samples as an arc may reach back.
  SampleGraph build_phases(std::int64_t steps, std::size_t most) {
    Given nominal = given_;
    nominal.times = [this](std::size_t c) { return std::vector<FiringTime>{given_.times(c).at(0)}; };
    Table one(nominal);
    const Graph plain = one.build();
    std::int64_t block = 1;
    std::vector<std::int64_t> pages(plain.actors.size(), 1);
    std::map<std::size_t, std::size_t> cluster_of;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const auto most_pages = static_cast<std::int64_t>(given_.times(c).size());
      const std::int64_t of_others = block;
      while (block % most_pages != 0) block += of_others;
      for (const std::size_t a : {one.own_[c].fire, one.own_[c].done})
        pages[a] = most_pages, cluster_of[a] = c;
    }
    const std::int64_t rest = steps % block, all = steps / block;
    std::int64_t blocks = 0;  // with phases of their own
    while (blocks < all &&
           (blocks == 0 || (rest != 0 && (blocks + 1) * block + rest <=
                                             static_cast<std::int64_t>(most / plain.actors.size()))))
      ++blocks;
    const std::int64_t count = blocks * block + rest;
    SampleGraph samples;
    std::map<std::pair<std::size_t, std::int64_t>, std::size_t> at;
    const auto first = [&](std::size_t a, std::int64_t p) { return p - p % pages[a]; };
    const auto size = [&](std::size_t a, std::int64_t p) { return std::min(pages[a], count - first(a, p)); };
    for (std::size_t a = 0; a < plain.actors.size(); ++a)
      for (std::int64_t p = 0; p < count; p += pages[a]) {
        Actor actor = plain.actors[a];
        actor.name += ", step " + std::to_string(p);
        if (p != 0) actor.first_start = 0;
        if (pages[a] > 1) {
          const std::size_t c = cluster_of.at(a);
          const FiringTime time = given_.times(c).at(static_cast<std::size_t>(size(a, p)) - 1);
          const bool fires = a == one.own_[c].fire;
          actor.execution = kUnit * (fires ? time.integrate : time.update);
          if (fires && p == 0) actor.first_start = kUnit * size(a, p);
        }
        at[{a, p}] = samples.graph.actors.size();
        samples.graph.actors.push_back(actor);
      }
    const auto row = [&](const Arc& arc, std::int64_t p, std::int64_t waits_at, std::int64_t looks) {
      std::set<std::int64_t> before{waits_at};
      for (std::int64_t back = 0; back < arc.tokens; ++back) {
        std::set<std::int64_t> then;
        for (const std::int64_t q : before) {
          then.insert((q + count - 1) % count);
          if (q == (blocks - 1) * block && blocks < all) then.insert(q + block - 1);
        }
        before = then;
      }
      for (const std::int64_t q : before) {
        const std::int64_t from = first(arc.from, q), tokens = arc.tokens + (q - from) - (waits_at - p);
        samples.graph.arcs.push_back(
            {at.at({arc.from, from}), at.at({arc.to, p}), tokens, tokens, arc.latency + kUnit * looks});
      }
    };
    const auto is = [&](std::size_t a, const char* what) {
      return plain.actors[a].name.find(what) != std::string::npos;
    };
    for (const Arc& arc : plain.arcs)
      for (std::int64_t p = 0; p < count; p += pages[arc.to]) {
        const std::int64_t n = size(arc.to, p);
        const bool to_fire = is(arc.to, ") fire "),
                   spikes = to_fire && is(arc.from, "send") && arc.latency != 0,
                   order = to_fire && is(arc.from, ") update ");
        row(arc, p, spikes ? p + n - 1 : p, order ? n - 1 : 0);
      }
    for (std::size_t n = 0; n < one.sends_.size(); ++n) {
      const ClusterOrHost& from = given_.binding.channels[n].from;
      if (!from || given_.times(from->index()).size() == 1) continue;
      const std::size_t send = one.sends_[n].send;
      for (std::int64_t p = 0; p < count; ++p) row({send, send, 1, 1, 0}, p, p, 0);
    }
    std::vector<std::int64_t> lag(samples.graph.actors.size(), 0);
    for (bool moved = true; moved;) {
      moved = false;
      for (const Arc& a : samples.graph.arcs)
        if (lag[a.from] - a.tokens > lag[a.to]) lag[a.to] = lag[a.from] - a.tokens, moved = true;
    }
    for (Arc& a : samples.graph.arcs) a.tokens = a.certain = a.tokens + lag[a.to] - lag[a.from];
    for (std::int64_t p = 0; p < count; ++p) {
      const std::size_t sink = at.at({plain.sink, p});
      samples.sinks.emplace_back(sink, lag[sink]);
    }
    return samples;
  }

 private:
  /// Whether an axon of the host's stream is a static input's; none: nobody's.
  [[nodiscard]] std::optional<bool> is_static(std::size_t axon) const {
    for (const StreamInput& input : given_.application.inputs) {
      std::size_t axons = input.planes;
      for (const std::size_t extent : input.shape) axons *= extent;
      if (axon >= input.first_axon && axon < input.first_axon + axons) return input.is_static;
    }
    return std::nullopt;
  }

  /// Every bit that a page may have in step j of a sample, or from there on.
  [[nodiscard]] FiringTime worst_page(std::size_t c, std::size_t j, bool and_later) const {
    const Cluster& cluster = clusters_[c];
    std::vector<std::uint16_t> page;
    for (const Inbound& inbound : cluster.inbound)
      for (std::size_t n = 0; n < inbound.source_count; ++n) {
        std::uint16_t bits = cluster.chunk_bits[inbound.first_chunk + n];
        const bool held = !inbound.from && inbound.delay != j && !(and_later && inbound.delay > j);
        for (std::size_t b = 0; b < 16; ++b)
          if (held && is_static((inbound.source_first + n) * 16 + b) == true)
            bits = static_cast<std::uint16_t>(bits & ~(1U << b));
        const bool counts = inbound.delay <= j || and_later;
        if (counts) page.push_back(bits);
      }
    return core_of(cluster).time(cluster, given_.chip.kind(cluster.kind), page, 1);
  }

  /// Chunks of a host channel that hold an axon of an input that is not static.
  [[nodiscard]] std::int64_t changing_chunks(const Channel& channel) const {
    if (brings_weights(channel)) return flits(channel) - 1;
    std::set<std::size_t> chunks;
    for (const Destination& to : channel.to) {
      if (!to.to) continue;
      const Inbound& inbound = clusters_[to.to->index()].inbound[to.inbound];
      for (std::size_t n = 0; n < inbound.source_count; ++n)
        for (std::size_t b = 0; b < 16; ++b)
          if (is_static((inbound.source_first + n) * 16 + b) == false)
            chunks.insert(inbound.source_first + n);
    }
    return static_cast<std::int64_t>(chunks.size());
  }

  struct Own {
    std::size_t fire = 0, freed = 0, done = 0, place = 0, tile = 0, round = 1;
  };
  struct Sends {
    std::size_t send = 0, late = 0;
    std::int64_t worst = 0, saved = 0;
    bool has_late = false;
  };

  [[nodiscard]] bool batch(std::size_t c) const { return batches_[c].pages > 1; }
  [[nodiscard]] std::string tile(std::size_t t) const {
    const std::size_t width = given_.chip.width;
    return "tile(" + std::to_string(t % width) + "," + std::to_string(t / width) + ") ";
  }
  [[nodiscard]] const std::optional<Contract>& contract(std::size_t c) const {
    static const std::optional<Contract> none;
    return contracts_.empty() ? none : contracts_[own_[c].tile];
  }
  std::size_t actor(std::string name, std::int64_t execution, std::int64_t first_start = 0) {
    graph_.actors.push_back({std::move(name), execution, first_start});
    return graph_.actors.size() - 1;
  }
  void arc(std::size_t from, std::size_t to, std::int64_t tokens, std::int64_t cycles) {
    arc(from, to, tokens, cycles, tokens);
  }
  void arc(std::size_t from, std::size_t to, std::int64_t tokens, std::int64_t cycles, std::int64_t certain) {
    graph_.arcs.push_back({from, to, tokens, certain, cycles * kUnit});
  }

  void look_at_tiles() {
    own_.resize(clusters_.size());
    batches_.resize(clusters_.size());
    paid_.assign(clusters_.size(), 0);
    contracts_ = given_.contracts;
    bool any = false;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (!is_streamed(c)) continue;
      any = true;
      if (!contracts_.empty()) contracts_[given_.binding.placement[c].tile.index()].reset();
    }
    for (auto& contract : contracts_)
      if (any && contract) contract->pooled = false;
    for (std::size_t t = 0; t < given_.binding.orders.size(); ++t) {
      const auto& order = given_.binding.orders[t];
      std::int64_t ahead = 1;
      for (std::size_t i = 0; i < order.size(); ++i) {
        const std::size_t c = order[i].cluster.index();
        own_[c].place = i;
        own_[c].tile = t;
        own_[c].round = order.size();
        const std::vector<FiringTime> times = given_.times(c);
        worst_.resize(clusters_.size());
        worst_[c] = times.at(0);
        Batches& b = batches_[c];
        b.pages = static_cast<std::int64_t>(times.size());
        if (b.pages == 1) continue;
        any_batches_ = true;
        b.first = times[0].total();
        b.first_integrate = times[0].integrate;
        for (std::int64_t n = 2; n <= b.pages; ++n) {
          const FiringTime& time = times[static_cast<std::size_t>(n - 1)];
          b.more = std::max(b.more, up(time.total() - b.first, n - 1));
          b.more_integrate = std::max(b.more_integrate, up(time.integrate - b.first_integrate, n - 1));
        }
        b.ahead = ahead;
        ahead += b.more + 1;
      }
    }
  }

  [[nodiscard]] FiringTime least(std::size_t c) const {
    return core_of(clusters_[c]).least(clusters_[c], given_.chip.kind(clusters_[c].kind));
  }
  [[nodiscard]] bool alike(std::size_t a, std::size_t b) const {
    const Cluster &x = clusters_[a], &y = clusters_[b];
    return x.kind == y.kind && x.inbound == y.inbound && x.limit == y.limit && x.chunk_bits == y.chunk_bits &&
           core_of(x).works_alike(x, y);
  }

  void find_paid() {
    std::vector<std::size_t> payers;
    for (std::size_t t = 0; t < contracts_.size(); ++t) {
      if (!contracts_[t] || !contracts_[t]->pooled) continue;
      pools_.push_back(t);
      for (const OrderEntry& entry : given_.binding.orders[t]) {
        const std::size_t c = entry.cluster.index();
        payers.push_back(c);
        paid_[c] = 1;
        graph_.fee += contracts_[t]->rho - kUnit * least(c).total();
      }
    }
    if (pools_.empty()) return;
    Given plain = given_;
    plain.contracts.clear();
    const Graph graph = Table(plain).build();
    std::vector<std::vector<char>> leads(graph.actors.size(), std::vector<char>(graph.actors.size(), 0));
    for (const Arc& a : graph.arcs)
      if (a.tokens == 0) leads[a.from][a.to] = 1;
    for (std::size_t via = 0; via < leads.size(); ++via)
      for (auto& row : leads)
        for (std::size_t to = 0; to < leads.size() && row[via] != 0; ++to) row[to] |= leads[via][to];
    std::map<std::string, std::size_t> by_name;
    for (std::size_t a = 0; a < graph.actors.size(); ++a) by_name[graph.actors[a].name] = a;
    const auto fire = [&](std::size_t c) {
      return by_name.at(tile(own_[c].tile) + "fire " + clusters_[c].name);
    };
    for (const std::size_t payer : payers)
      for (std::size_t c = 0; c < clusters_.size(); ++c) {
        if (paid_[c] != 0 || !alike(c, payer)) continue;
        bool apart = true;
        for (std::size_t other = 0; other < clusters_.size(); ++other)
          if (paid_[other] != 0 && alike(c, other))
            apart = apart && leads[fire(c)][fire(other)] == 0 && leads[fire(other)][fire(c)] == 0;
        if (apart) paid_[c] = 1;
      }
    for (const std::size_t t : pools_) pool_contracts_.push_back(*contracts_[t]);
    for (std::size_t t = 0; t < contracts_.size(); ++t) {
      bool all = true;
      for (const OrderEntry& entry : given_.binding.orders[t]) all = all && paid_[entry.cluster.index()] != 0;
      if (all) contracts_[t].reset();
    }
  }

  [[nodiscard]] bool brings_weights(const Channel& channel) const {
    return !channel.from && channel.to[0].to &&
           clusters_[channel.to[0].to->index()].inbound[channel.to[0].inbound].weights > 0;
  }
  [[nodiscard]] bool is_streamed(std::size_t c) const {
    const auto& inbound = clusters_[c].inbound;
    return std::any_of(inbound.begin(), inbound.end(), [](const Inbound& in) { return in.weights > 0; });
  }

  /// Chunks of the host's stream that some destination reads.
  [[nodiscard]] std::int64_t flits(const Channel& channel) const {
    if (channel.from) return std::int64_t{clusters_[channel.from->index()].out_entries} + 1;
    if (brings_weights(channel))
      return 1 + std::int64_t{clusters_[channel.to[0].to->index()].inbound[channel.to[0].inbound].weights};
    std::set<std::uint32_t> read;
    for (const Destination& to : channel.to) {
      if (!to.to) continue;
      const Inbound& in = clusters_[to.to->index()].inbound[to.inbound];
      for (std::uint32_t n = 0; n < in.source_count; ++n) read.insert(in.source_first + n);
    }
    return static_cast<std::int64_t>(read.size()) + 1;
  }

  [[nodiscard]] std::int64_t saved(const Channel& channel) const {
    std::int64_t most = 0;
    const std::int64_t all = flits(channel);
    for (const Destination& to : channel.to) {
      if (!to.to || paid_[to.to->index()] == 0) continue;
      const Cluster& cluster = clusters_[to.to->index()];
      const Inbound& in = cluster.inbound[to.inbound];
      if (in.delay != 0) continue;
      const std::int64_t chunk = core_of(cluster).least_chunk(cluster);
      std::int64_t net = 0;
      for (std::int64_t n = 1; n <= all; ++n)
        net = std::max(
            net, slowest_send(channel.slots, given_.chip.spike_wheel, n) -
                     chunk * std::max<std::int64_t>(0, n - 1 - (all - 1 - std::int64_t{in.source_count})));
      most = std::max(most, slowest_send(channel.slots, given_.chip.spike_wheel, all) - net);
    }
    return most;
  }

  void add_actors() {
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const std::string at = tile(own_[c].tile), &name = clusters_[c].name;
      Own& o = own_[c];
      if (batch(c)) {
        o.fire = actor(at + "fire " + name, 0, kUnit);
        o.freed = actor(at + "free " + name, 0);
        o.done = actor(at + "done " + name, 0);
      } else if (const auto& k = contract(c)) {
        o.fire = actor(at + "fire " + name, k->rho, kUnit);
        o.freed = actor(at + "free " + name, std::max<std::int64_t>(0, k->sigma - kUnit * least(c).update));
        o.done = actor(at + "done " + name, k->sigma);
      } else {
        const FiringTime time = paid_[c] != 0 ? least(c) : worst_[c];
        o.fire = o.freed = actor(at + "fire " + name, kUnit * time.integrate, kUnit);
        o.done = actor(at + "update " + name, kUnit * time.update);
      }
    }
    std::vector<std::size_t> pools;
    for (std::size_t p = 0; p < pools_.size(); ++p) {
      std::int64_t over = pool_contracts_[p].sigma;
      for (const OrderEntry& entry : given_.binding.orders[pools_[p]])
        over += pool_contracts_[p].rho - kUnit * least(entry.cluster.index()).total();
      pools.push_back(actor(tile(pools_[p]) + "pool", std::max<std::int64_t>(0, over)));
    }
    graph_.sink = actor("host sink", 0);
    host_end_ = pools.empty() ? graph_.sink : pools.front();
    for (std::size_t p = 0; p < pools.size(); ++p)
      arc(pools[p], p + 1 < pools.size() ? pools[p + 1] : graph_.sink, 0, 0);
    std::size_t host_number = 0;
    for (const Channel& channel : given_.binding.channels) {
      const std::size_t number = channel.from ? channel.number : host_number++;
      const std::string suffix = number == 0 ? "" : "#" + std::to_string(number);
      Sends s;
      s.worst = slowest_send(channel.slots, given_.chip.spike_wheel, flits(channel));
      if (channel.from) {
        const std::size_t c = channel.from->index();
        const std::string name = tile(own_[c].tile) + "send " + clusters_[c].name + suffix;
        s.send = actor(name, kUnit * s.worst);
        s.has_late = contract(c) || batch(c);
        if (s.has_late) s.late = actor(name + " late", kUnit * s.worst);
      } else {
        s.saved = saved(channel);
        s.send = graph_.source = actor("host send" + suffix, kUnit * (s.worst - s.saved));
      }
      sends_.push_back(s);
    }
  }

  /// For n = 1 … P.
  void next_turn(std::size_t from, std::size_t to, std::int64_t cycles, std::int64_t each) {
    const Batches& b = batches_[from];
    for (std::int64_t n = 1; n <= b.pages; ++n)
      arc(own_[from].fire, own_[to].fire, n, b.work(n) + cycles + n * each, b.pages);
  }

  void add_cluster_arcs() {
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const Own& o = own_[c];
      const Batches& b = batches_[c];
      if (batch(c)) {
        arc(o.fire, o.freed, 0, b.first_integrate + (b.pages - 1) * (b.ahead + b.more_integrate));
        arc(o.fire, o.done, 0, b.work(b.pages));
      } else {
        if (o.freed != o.fire) arc(o.fire, o.freed, 0, 0);
        arc(o.fire, o.done, 0, 0);
      }
    }
    for (const auto& order : given_.binding.orders)
      for (std::size_t i = 0; i < order.size(); ++i) {
        const bool last = i + 1 == order.size();
        const std::size_t c = order[i].cluster.index(), next = order[last ? 0 : i + 1].cluster.index();
        if (!batch(c))
          arc(contract(c) ? own_[c].fire : own_[c].done, own_[next].fire, last ? 1 : 0, 2);
        else if (last)
          next_turn(c, next, 2, 0);
        else
          arc(own_[c].fire, own_[next].fire, 0, batches_[c].first + 2);
      }
  }

  /// Of the second line of section 4's last row.
  void behind_own_firing(const Sends& s, std::size_t from, std::size_t to, std::int64_t tokens,
                         std::int64_t cycles) {
    const std::int64_t back = static_cast<std::int64_t>(own_[to].place) -
                              static_cast<std::int64_t>(own_[from].place) +
                              tokens * static_cast<std::int64_t>(own_[from].round);
    graph_.arcs.push_back({own_[from].fire, own_[to].fire, tokens, tokens,
                           (back - 1) * contract(from)->rho + kUnit * (1 + s.worst + cycles)});
  }

  [[nodiscard]] std::int64_t sinks() const {
    std::int64_t count = 0;
    for (const Channel& channel : given_.binding.channels)
      for (const Destination& to : channel.to) count += to.to ? 0 : 1;
    return count;
  }

  void add_channel_arcs() {
    std::vector<std::size_t> host;
    for (std::size_t n = 0; n < sends_.size(); ++n)
      if (!given_.binding.channels[n].from) host.push_back(n);
    for (std::size_t i = 0; i < host.size(); ++i) {
      const bool last = i + 1 == host.size();
      arc(sends_[host[i]].send, sends_[host[last ? 0 : i + 1]].send, last ? 1 : 0,
          last ? (given_.window > 0 ? sinks() : 0) : sends_[host[i]].saved);
    }
    if (given_.window > 0) arc(graph_.sink, sends_[host.front()].send, given_.window, sinks() + 1);
    for (std::size_t n = 0; n < sends_.size(); ++n) {
      const Channel& channel = given_.binding.channels[n];
      const Sends& s = sends_[n];
      if (channel.from) add_output_buffer(channel.from->index(), s);
      for (const Destination& to : channel.to) {
        if (to.to)
          add_destination(channel, to, s);
        else
          arc(s.send, host_end_, 0, to.hops);
      }
    }
  }

  void add_output_buffer(std::size_t c, const Sends& s) {
    const Own& o = own_[c];
    arc(o.done, s.send, 0, 1);
    if (batch(c)) {
      arc(s.send, s.send, 1, 0);
      arc(s.late, s.late, 1, 0);
      next_turn(c, c, 1, s.worst);
      arc(s.send, o.fire, 2 * batches_[c].pages, 0, batches_[c].pages);
      arc(s.late, o.fire, 1, 0, batches_[c].pages);
    } else if (s.has_late) {
      arc(s.late, o.fire, 1, 0);
      behind_own_firing(s, c, c, 1, 0);
    } else {
      arc(s.send, o.fire, 1, 0);
    }
  }

  void add_destination(const Channel& channel, const Destination& to, const Sends& s) {
    const std::size_t d = to.to->index();
    const std::int64_t delay = clusters_[d].inbound[to.inbound].delay, way = std::int64_t{to.hops} + 1;
    const std::int64_t rows = given_.binding.placement[d].rows;
    const std::size_t credit =
        actor(tile(own_[d].tile) + "credit " + clusters_[d].name + " from " +
                  (channel.from ? clusters_[channel.from->index()].name : "host"),
              kUnit * (slowest_send(to.credit_slots, given_.chip.credit_wheel, 1) - 1));
    const bool local = channel.from && own_[channel.from->index()].tile == own_[d].tile;
    if (batch(d)) {
      to_batch(channel, d, delay, way, s);
    } else if (local && s.has_late) {
      arc(s.late, own_[d].fire, delay, way);
      behind_own_firing(s, channel.from->index(), d, delay, way);
    } else {
      arc(s.send, own_[d].fire, delay, way + s.saved);
    }
    if (brings_weights(channel)) {
      // The streamed ones of the tile in its order, from behind d round to d: the last is before it.
      const auto& order = given_.binding.orders[own_[d].tile];
      std::size_t before = d;
      bool first = true;
      for (std::size_t i = 1; i <= order.size(); ++i) {
        const std::size_t at = (own_[d].place + i) % order.size(), c = order[at].cluster.index();
        if (!is_streamed(c)) continue;
        if (at < own_[d].place) first = false;
        if (c != d || before == d) before = c;
      }
      arc(own_[before].done, credit, 0, 2);
      arc(credit, credit, 1, 1);
      arc(credit, s.send, first ? 1 : 0, std::int64_t{to.credit_hops} + 1);
      return;
    }
    arc(own_[d].freed, credit, 0, 2);
    arc(credit, credit, 1, 1);
    arc(credit, s.send, rows - delay, std::int64_t{to.credit_hops} + 1);
    if (s.has_late) arc(credit, s.late, rows - delay, std::int64_t{to.credit_hops} + 1);
  }

  void to_batch(const Channel& channel, std::size_t d, std::int64_t delay, std::int64_t way, const Sends& s) {
    const std::int64_t pages = batches_[d].pages, fewer = delay - (pages - 1);
    if (channel.from) {
      const std::size_t c = channel.from->index();
      const Batches& b = batches_[c];
      if (own_[c].tile == own_[d].tile) {
        const bool before = own_[c].place < own_[d].place;
        if (before && delay >= pages) {
          arc(own_[c].fire, own_[d].fire, 0, way);
          return;
        }
        if (before) {
          const std::int64_t each = std::max<std::int64_t>(0, b.more + s.worst + b.ahead - batches_[d].ahead);
          arc(own_[c].fire, own_[d].fire, 0, b.first + s.worst + 1 + way + (pages - 1) * each);
          arc(s.late, own_[d].fire, fewer, way, delay);
          return;
        }
        if (delay < pages) {
          graph_.refused = true;
          return;
        }
        if (delay < 2 * pages) {
          next_turn(c, d, 1 + way, s.worst);
          arc(s.late, own_[d].fire, fewer, way, delay);
          return;
        }
      } else if (delay == 0 && b.pages == pages) {
        arc(own_[c].done, own_[d].fire, 0, 1 + pages * s.worst + way);
        arc(s.late, own_[d].fire, 1 - pages, way, 0);
        return;
      }
    }
    arc(s.send, own_[d].fire, fewer, way, delay);
  }

  void add_lags() {
    const std::size_t step = actor("host step", 0);
    arc(graph_.source, step, 0, 0);
    arc(step, step, 1, 0);
    graph_.source = step;
    std::vector<std::int64_t> lag(graph_.actors.size(), 0);
    bool moved = true;
    for (std::size_t pass = 0; moved && pass <= lag.size() + 1; ++pass) {
      moved = false;
      for (const Arc& a : graph_.arcs)
        if (lag[a.from] - a.tokens > lag[a.to]) lag[a.to] = lag[a.from] - a.tokens, moved = true;
    }
    if (moved) graph_.refused = true;
    if (graph_.refused) return;
    lag[step] = std::max(lag[step], lag[graph_.sink]);
    for (Arc& a : graph_.arcs) {
      a.tokens += lag[a.to] - lag[a.from];
      a.certain += lag[a.to] - lag[a.from];
    }
    graph_.sink_lag = lag[graph_.sink];
  }

  const Given& given_;
  const std::vector<Cluster>& clusters_;
  std::vector<std::optional<Contract>> contracts_;
  std::vector<Contract> pool_contracts_;
  Graph graph_;
  std::vector<Own> own_;
  std::vector<Batches> batches_;
  std::vector<FiringTime> worst_;
  std::vector<char> paid_;
  std::vector<Sends> sends_;
  std::vector<std::size_t> pools_;
  std::size_t host_end_ = 0;
  bool any_batches_ = false;
};

/// From a period that is too short to a closed path that needs a longer one, until there is none. Longest
/// paths by passes over all arcs.
class Slow {
 public:
  explicit Slow(const Graph& graph) : graph_(graph) {}

  /// Nothing: a closed path without tokens.
  std::optional<Ratio> period() {
    Ratio period(0);
    for (;;) {
      const std::vector<std::size_t> path = too_fast(period);
      if (path.empty()) return period;
      std::int64_t weight = 0, tokens = 0;
      for (const std::size_t a : path) {
        weight += weight_of(graph_.arcs[a]);
        tokens += graph_.arcs[a].tokens;
      }
      if (tokens == 0) return std::nullopt;
      period = Ratio(weight, tokens);
    }
  }

  std::vector<std::int64_t> potentials(const Ratio& period) {
    std::vector<std::int64_t> u;
    for (const Actor& a : graph_.actors) u.push_back(a.first_start * period.den());
    for (bool moved = true; moved;) {
      moved = false;
      for (const Arc& a : graph_.arcs) {
        const std::int64_t at = u[a.from] + weight_of(a) * period.den() - a.tokens * period.num();
        if (at > u[a.to]) u[a.to] = at, moved = true;
      }
    }
    return u;
  }

  std::int64_t latency() {
    behind_.assign(graph_.actors.size(), std::nullopt);
    behind_[graph_.source] = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (const Arc& a : graph_.arcs)
        if (behind_[a.to] && (!behind_[a.from] || *behind_[a.from] > *behind_[a.to] + a.certain))
          behind_[a.from] = *behind_[a.to] + a.certain, moved = true;
    }
    into_.assign(graph_.actors.size(), {});
    for (std::size_t a = 0; a < graph_.arcs.size(); ++a) into_[graph_.arcs[a].to].push_back(a);
    return latest(graph_.sink, 0);
  }

 private:
  [[nodiscard]] std::int64_t weight_of(const Arc& a) const {
    return graph_.actors[a.from].execution + a.latency;
  }

  /// Arcs of a closed path that needs more than the period; empty: none does.
  std::vector<std::size_t> too_fast(const Ratio& period) const {
    const std::size_t count = graph_.actors.size();
    std::vector<std::int64_t> u(count, 0);
    std::vector<std::size_t> by(count, graph_.arcs.size());
    std::size_t last = count;
    for (std::size_t pass = 0; pass <= count; ++pass) {
      last = count;
      for (std::size_t a = 0; a < graph_.arcs.size(); ++a) {
        const Arc& arc = graph_.arcs[a];
        const std::int64_t at = u[arc.from] + weight_of(arc) * period.den() - arc.tokens * period.num();
        if (at <= u[arc.to]) continue;
        u[arc.to] = at;
        by[arc.to] = a;
        last = arc.to;
      }
      if (last == count) return {};
    }
    for (std::size_t n = 0; n < count; ++n) last = graph_.arcs[by[last]].from;
    std::vector<std::size_t> path;
    std::size_t at = last;
    do {
      path.push_back(by[at]);
      at = graph_.arcs[by[at]].from;
    } while (at != last);
    return path;
  }

  std::int64_t latest(std::size_t b, std::int64_t i) {
    const auto known = latest_.find({b, i});
    if (known != latest_.end()) {
      if (!known->second) throw std::logic_error("the latency follows itself");
      return *known->second;
    }
    latest_[{b, i}] = std::nullopt;
    std::int64_t result =
        std::max<std::int64_t>(0, graph_.actors[b].first_start - graph_.actors[graph_.source].first_start);
    for (const std::size_t n : into_[b]) {
      const Arc& a = graph_.arcs[n];
      const std::int64_t j = i - a.tokens;
      const bool finished = behind_[a.from] && j <= -*behind_[a.from];
      result = std::max(result, finished ? a.latency : latest(a.from, j) + weight_of(a));
    }
    latest_[{b, i}] = result;
    return result;
  }

  const Graph& graph_;
  std::vector<std::optional<std::int64_t>> behind_;
  std::vector<std::vector<std::size_t>> into_;
  std::map<std::pair<std::size_t, std::int64_t>, std::optional<std::int64_t>> latest_;
};

}  // namespace

Graph build(const Given& given) { return Table(given).build(); }

SampleGraph build_samples(const Given& given, std::size_t steps) { return Table(given).build_samples(steps); }

SampleGraph build_phases(const Given& given, std::int64_t steps, std::size_t most) {
  return Table(given).build_phases(steps, most);
}

Answer answer(const SampleGraph& samples) {
  Answer result;
  Slow slow(samples.graph);
  const std::optional<Ratio> period = slow.period();
  result.refused = !period;
  if (!period) return result;
  result.potentials = slow.potentials(*period);
  result.period = *period / Ratio(kUnit);
  for (const auto& [sink, lag] : samples.sinks)
    result.offset =
        std::max(result.offset, up(result.potentials[sink] + lag * period->num(), period->den() * kUnit));
  return result;
}

Answer answer(const Graph& graph) {
  Answer result;
  Slow slow(graph);
  const std::optional<Ratio> period = graph.refused ? std::nullopt : slow.period();
  result.refused = !period;
  if (!period) return result;
  result.potentials = slow.potentials(*period);
  result.period = (*period + Ratio(graph.fee)) / Ratio(kUnit);
  result.offset = up(result.potentials[graph.sink] + graph.sink_lag * period->num(), period->den() * kUnit);
  result.latency = up(slow.latency(), kUnit);
  return result;
}

}  // namespace spikeloom::second

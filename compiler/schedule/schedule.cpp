#include "compiler/schedule/schedule.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/schedule/phases.hpp"
#include "compiler/schedule/pool.hpp"
#include "compiler/schedule/samples.hpp"
#include "compiler/sdf/certificate.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/latency_proof.hpp"
#include "compiler/sdf/regulation.hpp"
#include "compiler/sdf/text.hpp"

namespace spikeloom {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return Ratio(a, b).ceil(); }

/// The sink's firing k + lag is step k's, and its start so much later than k says.
std::int64_t sink_lag(const TimingGraph& timing) { return timing.lag[timing.sink.index()]; }

/// From the end of the host's step to the start of the sink that has all of it.
sdf::LatencyOptions latency_options(const TimingGraph& timing) {
  return {.from = sdf::Moment::kEnd, .to = sdf::Moment::kStart, .lower = timing.lower, .after = timing.after};
}

/// A certificate's potentials and its critical cycle by the names of the graph.
void name_certificate(const sdf::Graph& graph, const sdf::Certificate& certificate, Promise& promise) {
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    promise.potentials.emplace_back(graph.name(sdf::ActorId{a}), certificate.potential[a]);
  for (const sdf::ChannelId id : certificate.critical_cycle)
    promise.critical_cycle.push_back(graph.name(graph.channel(id).source) + " -[" + graph.name(id) + "]->");
}

/// The promise that a certificate in cycles / kTimeScale stands for.
Promise promise_of(PromiseKind kind, const TimingGraph& timing, const sdf::Certificate& certificate,
                   std::int64_t latency) {
  Promise promise;
  promise.kind = kind;
  promise.period = (certificate.period + Ratio(timing.fee)) / Ratio(kTimeScale);
  const std::int64_t unit = certificate.period.den() * kTimeScale;
  promise.offset = ceil_div(
      certificate.potential[timing.sink.index()] + sink_lag(timing) * certificate.period.num(), unit);
  promise.latency = latency;
  name_certificate(timing.graph, certificate, promise);
  return promise;
}

/// A tile's own round: its worst work, and the cycles of a round that no work explains (LOAD and WAIT, own
/// sends).
struct Round {
  std::int64_t worst = 0;
  std::int64_t firings = 0;
  std::int64_t overhead = 0;  ///< 1/kTimeScale cycles
};

/// The overhead is the period that the tile's own arcs would have if firings took no time. All 0 where
/// firings take several pages, and so always their worst case: it needs no contract at any period.
Round round_of(const ImageView& image, const std::vector<FiringArc>& arcs, std::size_t tile) {
  const std::vector<OrderEntry>& order = image.binding.orders[tile];
  if (!order.empty()) {
    const Cluster& first = image.application.clusters[order.front().cluster.index()];
    if (batch_times(first, image.chip.kind(first.kind)).size() > 1) return {};
  }
  const auto here = [&](ClusterId c) { return image.binding.placement[c.index()].tile.index() == tile; };
  Round round;
  sdf::Graph idle;
  std::vector<sdf::ActorId> actor(image.application.clusters.size());
  for (const OrderEntry& entry : order) {
    const Cluster& cluster = image.application.clusters[entry.cluster.index()];
    round.worst += core_of(cluster).worst(cluster, image.chip.kind(cluster.kind)).total();
    ++round.firings;
    actor[entry.cluster.index()] = idle.add_actor(cluster.name, 0);
  }
  for (const FiringArc& arc : arcs)
    if (arc.from && here(*arc.from) && here(arc.to))
      idle.add_channel({.source = actor[arc.from->index()],
                        .target = actor[arc.to.index()],
                        .tokens = arc.tokens,
                        .latency = arc.cycles});
  if (!order.empty()) {
    const sdf::CycleRatio ratio = sdf::max_cycle_ratio(idle);
    round.overhead = (sdf::certificate_of(ratio, idle).period * Ratio(kTimeScale)).ceil();
  }
  return round;
}

/// What contracts may be had: the samples, and which tiles' contracts are pooled.
struct Family {
  ImageView image;
  const MeasuredWork& work;
  std::vector<Round> rounds;  ///< by TileId
  TileBounds pooled;          ///< those that are, and nothing else
  Pool pool;
};

constexpr std::int64_t kMostRegister = std::numeric_limits<std::uint32_t>::max() - 1;

/// The contract with the least rho that the samples keep.
std::optional<TileBound> steadiest(const std::vector<std::vector<std::int64_t>>& samples) {
  std::int64_t rho = 0;
  for (const auto& sample : samples) {
    std::int64_t sum = 0;
    for (const std::int64_t w : sample) sum += w;
    if (!sample.empty()) rho = std::max(rho, ceil_div(sum, static_cast<std::int64_t>(sample.size())));
  }
  const auto sigma = sdf::least_sigma(samples, rho);
  SPIKELOOM_CHECK(std::holds_alternative<std::int64_t>(sigma));
  if (rho > kMostRegister || std::get<std::int64_t>(sigma) > kMostRegister) return std::nullopt;
  return TileBound{rho, std::get<std::int64_t>(sigma), true};
}

/// Bounds for a wanted period (cycles / kTimeScale), of which the pool's fee leaves something: the worst case
/// where the tile's own round fits that, otherwise the contract with the largest rho that does. None where a
/// sample's mean is above that rho.
std::optional<TileBounds> bounds_for(const Family& family, std::int64_t wanted) {
  const std::int64_t period = wanted - family.pool.fee;
  TileBounds bounds = family.pooled;
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    const Round& round = family.rounds[t];
    const auto& order = family.image.binding.orders[t];
    const auto is_paid = [&](const OrderEntry& entry) {
      return !family.pool.paid.empty() && family.pool.paid[entry.cluster.index()] != 0;
    };
    if (std::all_of(order.begin(), order.end(), is_paid) ||
        round.worst * kTimeScale + round.overhead <= period)
      continue;
    const std::int64_t rho = Ratio(period - round.overhead, round.firings).floor();
    if (rho <= 0) return std::nullopt;
    const auto sigma = sdf::least_sigma(family.work[t], rho);
    if (!std::holds_alternative<std::int64_t>(sigma) || std::get<std::int64_t>(sigma) > kMostRegister)
      return std::nullopt;
    bounds[t] = TileBound{rho, std::get<std::int64_t>(sigma)};
  }
  return bounds;
}

/// The bounds of the smallest period below `most` (cycles / kTimeScale) that the family keeps; nothing where
/// there is none.
std::optional<std::pair<std::int64_t, TileBounds>> least_bounds(const Family& family, std::int64_t most) {
  // Smaller periods leave less rho and need more sigma, so what can be kept is nearly an interval; where it
  // is not, bisection still ends at a period that is kept, and the worst case keeps the guaranteed one.
  const std::int64_t fee = family.pool.fee;
  if (most <= fee + 1) return std::nullopt;
  const std::int64_t least =
      sdf::least_kept_period(most - fee, [&](std::int64_t period) -> std::optional<sdf::Graph> {
        const auto bounds = bounds_for(family, period + fee);
        if (!bounds) return std::nullopt;
        return timing_graph(family.image, *bounds).graph;
      });
  if (least == most - fee) return std::nullopt;
  return std::pair(least + fee, *bounds_for(family, least + fee));
}

/// With one more tile's contract in the pool.
std::optional<Family> with_pooled(const Family& family, std::size_t tile, const TimingGraph& plain) {
  const auto bound = steadiest(family.work[tile]);
  if (!bound) return std::nullopt;
  Family more = family;
  more.pooled[tile] = bound;
  more.pool = pool_of(family.image, more.pooled, plain);
  return more;
}

/// Tiles whose contracts may pay: the busiest of those that work alike, the busiest first.
std::vector<std::size_t> payers(const ImageView& image, const MeasuredWork& work) {
  constexpr std::size_t kMost = 4;
  std::vector<std::pair<std::int64_t, std::size_t>> tiles;  // work a round, negative
  for (std::size_t t = 0; t < work.size(); ++t) {
    std::int64_t sum = 0, firings = 0;
    for (const auto& sample : work[t])
      for (const std::int64_t w : sample) sum += w, ++firings;
    if (firings != 0)
      tiles.emplace_back(-sum * static_cast<std::int64_t>(image.binding.orders[t].size()) / firings, t);
  }
  std::sort(tiles.begin(), tiles.end());
  std::vector<std::size_t> chosen;
  const auto first = [&](std::size_t t) -> const Cluster& {
    return image.application.clusters[image.binding.orders[t].front().cluster.index()];
  };
  for (const auto& [load, t] : tiles) {
    const bool known = std::any_of(chosen.begin(), chosen.end(), [&](std::size_t c) {
      return image.binding.orders[c].size() == image.binding.orders[t].size() &&
             works_alike(first(c), first(t));
    });
    if (!known && chosen.size() < kMost) chosen.push_back(t);
  }
  return chosen;
}

std::vector<TileContract> contracts_for(const TileBounds& bounds) {
  std::vector<TileContract> contracts(bounds.size());
  for (std::size_t t = 0; t < bounds.size(); ++t)
    if (bounds[t]) {
      SPIKELOOM_CHECK(bounds[t]->rho <= kMostRegister && bounds[t]->sigma <= kMostRegister);
      contracts[t] = {static_cast<std::uint32_t>(bounds[t]->rho),
                      static_cast<std::uint32_t>(bounds[t]->sigma)};
    }
  return contracts;
}

/// Samples that always come in one order are one long sample.
void join(std::vector<std::vector<std::int64_t>>& samples) {
  std::vector<std::int64_t> all;
  for (const auto& sample : samples) all.insert(all.end(), sample.begin(), sample.end());
  samples.assign(1, std::move(all));
}

MeasuredWork scaled_work(const ImageView& image, const MeasuredWork& work, const ContractOptions& options) {
  MeasuredWork scaled = work;
  if (scaled.size() != image.binding.orders.size())
    throw input_error("contract: measured work of " + std::to_string(work.size()) + " tiles, expected " +
                      std::to_string(image.binding.orders.size()));
  for (std::size_t t = 0; t < scaled.size(); ++t) {
    const bool fires = !image.binding.orders[t].empty();
    if (fires && std::all_of(scaled[t].begin(), scaled[t].end(), [](const auto& s) { return s.empty(); }))
      throw input_error("contract: " + tile_name(image.chip, TileId{t}) +
                        " was not measured; is the calibration set empty?");
    for (auto& sample : scaled[t])
      for (std::int64_t& w : sample) w = ceil_div(w * kTimeScale * (100 + options.margin_percent), 100);
    if (options.order == SampleOrder::kGiven) join(scaled[t]);
  }
  return scaled;
}

/// The promise's potentials by actor of the graph; what is wrong with their names goes to `wrong`.
std::vector<std::int64_t> potentials_of(const Promise& promise, const sdf::Graph& graph,
                                        std::vector<std::string>& wrong) {
  std::vector<std::int64_t> potential;
  if (promise.potentials.size() != graph.actor_count()) {
    wrong.push_back(std::to_string(promise.potentials.size()) + " potentials, expected one for each of " +
                    std::to_string(graph.actor_count()) + " actors");
    return potential;
  }
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    if (promise.potentials[a].first != graph.name(sdf::ActorId{a})) {
      wrong.push_back("no potential for " + graph.name(sdf::ActorId{a}));
      return potential;
    }
    potential.push_back(promise.potentials[a].second);
  }
  return potential;
}

/// Of a promise other than the guaranteed one, whose latency it has.
void refuse_latest_starts(const Promise& promise, std::vector<std::string>& wrong) {
  if (!promise.latest_starts.empty())
    wrong.emplace_back("a certificate of a latency that is the guaranteed one's");
}

/// Of samples of a known length.
struct Samples {
  SampleGraph graph;
  std::uint32_t steps = 0;
  bool exact = false;  ///< no sample is longer
};

/// Those of so many steps that a promise can be about; else why not.
std::variant<Samples, std::string> samples_of(const ImageView& image, std::uint32_t wanted,
                                              const BatchTimesOf& times) {
  const TimingArcs timing = timing_arcs(image, times);
  if (fires_in_batches(timing)) {
    if (const std::string why = why_no_phases(timing, wanted); !why.empty()) return why;
    return Samples{phase_graph(image, timing, wanted), wanted, true};
  }
  if (const std::string why = why_no_samples(image); !why.empty()) return why;
  const TimingGraph plain = timing_graph(image, {}, times);
  const std::uint32_t most = sample_steps_for(plain, std::numeric_limits<std::uint32_t>::max());
  const std::uint32_t steps = std::min(wanted, most);
  if (steps < 2)
    return "samples of " + std::to_string(wanted) + " steps, expected 2 to " + std::to_string(most);
  return Samples{sample_graph(image, plain, steps), steps, false};
}

/// The sinks' latest potential: no stamp is above it and the periods before.
std::int64_t offset_of(const SampleGraph& samples, const Ratio& period,
                       const std::vector<std::int64_t>& potential) {
  std::int64_t offset = 0;
  for (const SampleGraph::Sink& sink : samples.sinks)
    offset = std::max(
        offset, ceil_div(potential[sink.actor.index()] + sink.lag * period.num(), period.den() * kTimeScale));
  return offset;
}

/// Of a promise for samples of a known length.
std::vector<std::string> faults_of_samples(const ImageView& image, const Promise& promise,
                                           const BatchTimesOf& times) {
  const auto known = samples_of(image, promise.sample_steps, times);
  if (const auto* why = std::get_if<std::string>(&known)) return {*why};
  const Samples& samples = std::get<Samples>(known);
  if (promise.exact_steps != samples.exact || promise.sample_steps != samples.steps)
    return {"samples of " + std::to_string(promise.sample_steps) +
            (promise.exact_steps ? " steps" : " steps or more") + ", expected " +
            std::to_string(samples.steps) + (samples.exact ? " steps" : " steps or more")};
  std::vector<std::string> wrong;
  const std::vector<std::int64_t> potential = potentials_of(promise, samples.graph.graph, wrong);
  if (!wrong.empty()) return wrong;
  const Ratio period = promise.period * Ratio(kTimeScale);
  wrong = sdf::verify_bound(samples.graph.graph, period, potential, samples.graph.lower);
  if (wrong.empty() && promise.offset < offset_of(samples.graph, period, potential))
    wrong.push_back("offset " + std::to_string(promise.offset) + " is below a sink's potential");
  refuse_latest_starts(promise, wrong);
  return wrong;
}

/// Of a guaranteed promise, or of a contracted one under its bounds.
std::vector<std::string> faults_under(const ImageView& image, const Promise& promise,
                                      const TileBounds& bounds, const BatchTimesOf& times) {
  const TimingGraph timing = timing_graph(image, bounds, times);
  if (!timing.waits.empty()) return {timing.waits};
  std::vector<std::string> wrong;
  const std::vector<std::int64_t> potential = potentials_of(promise, timing.graph, wrong);
  if (!wrong.empty()) return wrong;
  const Ratio period = promise.period * Ratio(kTimeScale) - Ratio(timing.fee);
  wrong = sdf::verify_bound(timing.graph, period, potential, timing.lower);
  if (Ratio(promise.offset) <
      (Ratio(potential[timing.sink.index()]) + Ratio(sink_lag(timing)) * Ratio(period.num())) /
          (Ratio(period.den()) * Ratio(kTimeScale)))
    wrong.push_back("offset " + std::to_string(promise.offset) + " is below the sink's potential");
  if (promise.kind != PromiseKind::kGuaranteed) {
    refuse_latest_starts(promise, wrong);
    return wrong;
  }
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / kTimeScale;
  const sdf::LatencyProof proof{std::clamp<std::int64_t>(promise.latency, 0, most) * kTimeScale,
                                promise.latest_starts};
  if (promise.latency < 0) wrong.emplace_back("a latency below 0");
  for (const std::string& fault :
       sdf::verify_latency(timing.graph, timing.step, timing.sink, proof, latency_options(timing)))
    wrong.push_back("latency " + std::to_string(promise.latency) + ": " + fault);
  return wrong;
}

/// What contracts a promise takes, and which of them it takes as pooled: its potentials say so.
TileBounds bounds_of(const ImageView& image, const Promise& promise,
                     const std::vector<TileContract>& contracts) {
  TileBounds bounds =
      bounds_of(image, promise.kind != PromiseKind::kContracted ? std::vector<TileContract>{} : contracts);
  for (std::size_t t = 0; t < bounds.size(); ++t) {
    const std::string pool = tile_name(image.chip, TileId(t)) + " pool";
    if (bounds[t])
      bounds[t]->pooled = std::any_of(promise.potentials.begin(), promise.potentials.end(),
                                      [&](const auto& actor) { return actor.first == pool; });
  }
  return bounds;
}

}  // namespace

std::variant<Guaranteed, Deadlocked> guaranteed(const ImageView& image, const BatchTimesOf& times) {
  const TimingGraph timing = timing_graph(image, {}, times);
  if (!timing.waits.empty()) return Deadlocked{timing.waits, true};
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph, {.lower = timing.lower});
  if (const auto* dead = std::get_if<sdf::Deadlock>(&ratio))
    return Deadlocked{sdf::describe(timing.graph, dead->cycle), timing.batched};
  auto found = sdf::prove_latency(timing.graph, timing.step, timing.sink, latency_options(timing));
  SPIKELOOM_CHECK(std::holds_alternative<sdf::LatencyProof>(found));
  sdf::LatencyProof& proof = std::get<sdf::LatencyProof>(found);
  const sdf::Certificate& certificate = sdf::certificate_of(ratio, timing.graph);
  Guaranteed result{
      promise_of(PromiseKind::kGuaranteed, timing, certificate, ceil_div(proof.latency, kTimeScale)), {}};
  result.promise.latest_starts = std::move(proof.latest);
  for (const sdf::ChannelId id : certificate.critical_cycle)
    result.critical.push_back(timing.role[timing.graph.channel(id).source.index()]);
  return result;
}

std::variant<Promise, Deadlocked> guarantee(const ImageView& image, const BatchTimesOf& times) {
  auto result = guaranteed(image, times);
  if (auto* dead = std::get_if<Deadlocked>(&result)) return std::move(*dead);
  return std::get<Guaranteed>(std::move(result)).promise;
}

std::optional<Promise> sampled(const ImageView& image, const Promise& guaranteed, std::uint32_t wanted,
                               const BatchTimesOf& times) {
  if (wanted == 0) return std::nullopt;
  const auto known = samples_of(image, wanted, times);
  if (std::holds_alternative<std::string>(known)) return std::nullopt;
  const auto& [samples, steps, exact] = std::get<Samples>(known);
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(samples.graph, {.lower = samples.lower});
  const sdf::Certificate& certificate = sdf::certificate_of(ratio, samples.graph);
  Promise promise;
  promise.kind = PromiseKind::kSampled;
  promise.sample_steps = steps;
  promise.exact_steps = exact;
  promise.period = certificate.period / Ratio(kTimeScale);
  if (promise.period >= guaranteed.period) return std::nullopt;
  promise.offset = offset_of(samples, certificate.period, certificate.potential);
  promise.latency = guaranteed.latency;
  name_certificate(samples.graph, certificate, promise);
  return promise;
}

Promise without_data(const ImageView& image, const Promise& guaranteed, std::uint32_t steps) {
  return sampled(image, guaranteed, steps).value_or(guaranteed);
}

Contracted contract(const ImageView& image, const Promise& guaranteed, const MeasuredWork& measured,
                    const ContractOptions& options) {
  const MeasuredWork work = scaled_work(image, measured, options);
  Family family{image, work, {}, TileBounds(image.binding.orders.size()), {}};
  const std::vector<FiringArc> arcs = firing_arcs(timing_arcs(image), image.binding);
  for (std::size_t t = 0; t < image.binding.orders.size(); ++t)
    family.rounds.push_back(round_of(image, arcs, t));
  std::int64_t most = (guaranteed.period * Ratio(kTimeScale)).ceil();
  Contracted result;
  result.bounds.resize(image.binding.orders.size());
  if (auto found = least_bounds(family, most)) std::tie(most, result.bounds) = std::move(*found);
  // One more contract into the pool for as long as that helps.
  const TimingGraph plain = timing_graph(image, {});
  const std::vector<std::size_t> tiles = plain.batched ? std::vector<std::size_t>{} : payers(image, work);
  for (bool better = true; better;) {
    better = false;
    const Family before = family;
    for (const std::size_t t : tiles) {
      if (before.pooled[t]) continue;
      const auto more = with_pooled(before, t, plain);
      auto found = more ? least_bounds(*more, most) : std::nullopt;
      if (!found) continue;
      std::tie(most, result.bounds) = std::move(*found);
      family.pooled = more->pooled;
      family.pool = more->pool;
      better = true;
    }
  }
  result.contracts = contracts_for(result.bounds);
  result.promise = promise_under(image, guaranteed, result.bounds);
  return result;
}

Promise promise_under(const ImageView& image, const Promise& guaranteed, const TileBounds& bounds) {
  const TimingGraph timing = timing_graph(image, bounds);
  const sdf::CycleRatio ratio = sdf::max_cycle_ratio(timing.graph, {.lower = timing.lower});
  // The worst case's latency holds for every input, so also within the contract.
  return promise_of(PromiseKind::kContracted, timing, sdf::certificate_of(ratio, timing.graph),
                    guaranteed.latency);
}

Promise promise_under(const ImageView& image, const Promise& guaranteed,
                      const std::vector<TileContract>& contracts) {
  TileBounds bounds = bounds_of(image, contracts);
  Promise best = promise_under(image, guaranteed, bounds);
  for (bool better = true; better;) {
    better = false;
    for (std::size_t t = 0; t < bounds.size() && !better; ++t) {
      if (!bounds[t] || bounds[t]->pooled) continue;
      bounds[t]->pooled = true;
      Promise promise = promise_under(image, guaranteed, bounds);
      better = promise.period < best.period;
      if (better)
        best = std::move(promise);
      else
        bounds[t]->pooled = false;
    }
  }
  return best;
}

TileBounds bounds_of(const ImageView& image, const std::vector<TileContract>& contracts) {
  TileBounds bounds(image.binding.orders.size());
  for (std::size_t t = 0; t < std::min(bounds.size(), contracts.size()); ++t)
    if (contracts[t].sigma != TileContract::kOff) bounds[t] = TileBound{contracts[t].rho, contracts[t].sigma};
  return bounds;
}

std::vector<std::string> verify(const ImageView& image, const Promise& promise,
                                const std::vector<TileContract>& contracts, const BatchTimesOf& times) {
  const std::string name(name_of(promise.kind));
  // Whoever adds such cycles up over a run stays within 64 bits.
  constexpr std::int64_t kLongest = std::int64_t{1} << 50;
  if (promise.offset >= kLongest || promise.latency >= kLongest || promise.period >= Ratio(kLongest))
    return {name + ": more cycles than a run can have"};
  std::vector<std::string> wrong =
      promise.kind == PromiseKind::kSampled
          ? faults_of_samples(image, promise, times)
          : faults_under(image, promise, bounds_of(image, promise, contracts), times);
  for (std::string& fault : wrong) fault = name + ": " + fault;
  return wrong;
}

}  // namespace spikeloom

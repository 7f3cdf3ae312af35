#include "compiler/schedule/phases.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/schedule/lags.hpp"

namespace spikeloom {
namespace {

using ActorKind = TimingActor::Kind;
using ArcKind = TimingArc::Kind;

/// Most actors of a graph of one block of steps.
constexpr std::size_t kMostPhaseActors = 1'000'000;

class PhaseBuilder {
 public:
  PhaseBuilder(const ImageView& image, const TimingArcs& timing, std::uint32_t steps, std::size_t most)
      : image_(image),
        timing_(timing),
        phases_(steps, steps_of_a_block(timing), most / std::max<std::size_t>(1, timing.actors.size())) {}

  SampleGraph build() {
    add_actors();
    for (const TimingArc& arc : timing_.arcs) add_arc(arc, name_of(arc.kind));
    for (std::uint32_t a = 0; a < timing_.actors.size(); ++a)
      if (sends_lists(timing_.actors[a])) add_arc({ArcKind::kOutputBuffer, a, a, 1, 0}, "list after list");
    const Lags lags = least_lags(result_.graph.actor_count(), channels_);
    // Whoever promises anything for samples of a known length has a guarantee, whose graph waits for more.
    SPIKELOOM_CHECK(lags.circle.empty());
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      sdf::Channel& channel = channels_[c];
      channel.tokens += lags.lag[channel.target.index()] - lags.lag[channel.source.index()];
      result_.graph.add_channel(channel, names_[c]);
    }
    for (SampleGraph::Sink& sink : result_.sinks) sink.lag = lags.lag[sink.actor.index()];
    return std::move(result_);
  }

 private:
  /// Most steps of one firing of the actor.
  [[nodiscard]] std::uint32_t pages(std::uint32_t actor) const {
    const TimingActor& a = timing_.actors[actor];
    const bool fires = a.kind == ActorKind::kFire || a.kind == ActorKind::kUpdate;
    return fires ? static_cast<std::uint32_t>(timing_.batches[a.of].size()) : 1;
  }

  /// Whether a firing leaves the channel several lists.
  [[nodiscard]] bool sends_lists(const TimingActor& a) const {
    if (a.kind != ActorKind::kSend) return false;
    const ClusterOrHost& from = image_.binding.channels[a.of].from;
    return from && timing_.batches[from->index()].size() > 1;
  }

  [[nodiscard]] std::uint32_t first(std::uint32_t actor, std::uint32_t phase) const {
    return phases_.first(phase, pages(actor));
  }
  [[nodiscard]] sdf::ActorId at(std::uint32_t actor, std::uint32_t phase) const {
    return of_phase_[actor][first(actor, phase)];
  }

  void add_actors() {
    const std::vector<std::string> names = actor_names(image_, timing_);
    of_phase_.resize(timing_.actors.size());
    for (std::uint32_t a = 0; a < timing_.actors.size(); ++a) {
      const TimingActor& actor = timing_.actors[a];
      of_phase_[a].resize(phases_.count());
      for (std::uint32_t phase = 0; phase < phases_.count(); ++phase) {
        if (first(a, phase) != phase) continue;
        const std::uint32_t steps = phases_.last(phase, pages(a)) - phase + 1;
        std::int64_t cycles = actor.cycles;
        if (pages(a) > 1) {
          const FiringTime& time = timing_.batches[actor.of][steps - 1];
          cycles = actor.kind == ActorKind::kFire ? time.integrate : time.update;
        }
        const sdf::ActorId id =
            result_.graph.add_actor(names[a] + ", step " + std::to_string(phase), cycles * kTimeScale);
        of_phase_[a][phase] = id;
        // Nothing fires in cycle 0, and a row is looked at in each cycle after that.
        const bool is_first = actor.kind == ActorKind::kFire && phase == 0;
        result_.lower.push_back(is_first ? steps * kTimeScale : 0);
        if (actor.kind == ActorKind::kSink) result_.sinks.push_back({id, 0});
      }
    }
  }

  /// A firing waits for the last of its rows, and for whatever else before the first.
  void add_arc(const TimingArc& a, const std::string& name) {
    const bool is_row = a.kind == ArcKind::kSpikes, is_turn = a.kind == ArcKind::kOrder;
    const std::uint32_t most = pages(a.to);
    for (std::uint32_t phase = 0; phase < phases_.count(); ++phase) {
      if (first(a.to, phase) != phase) continue;
      const std::uint32_t last = phases_.last(phase, most);
      add(a, is_row ? last : phase, a.cycles + (is_turn ? last - phase : 0), name);
    }
  }

  /// From what the run was in `a.tokens` steps before the target was in this phase.
  void add(const TimingArc& a, std::uint32_t phase, std::int64_t cycles, const std::string& name) {
    for (const std::uint32_t before : phases_.ago(phase, a.tokens)) {
      sdf::Channel channel;
      channel.source = at(a.from, before);
      channel.target = at(a.to, phase);
      // Firings of several steps count as firings of their first one.
      channel.tokens = a.tokens + (std::int64_t{before} - first(a.from, before)) -
                       (std::int64_t{phase} - first(a.to, phase));
      channel.latency = cycles * kTimeScale;
      channels_.push_back(channel);
      names_.push_back(name);
    }
  }

  ImageView image_;
  const TimingArcs& timing_;
  SamplePhases phases_;
  SampleGraph result_;
  std::vector<std::vector<sdf::ActorId>> of_phase_;  ///< by actor and first phase
  std::vector<sdf::Channel> channels_;
  std::vector<std::string> names_;  ///< of channels
};

}  // namespace

SamplePhases::SamplePhases(std::uint32_t steps, std::uint32_t block, std::size_t most) : block_(block) {
  SPIKELOOM_CHECK(steps > 0 && block > 0);
  const std::uint32_t blocks = steps / block, rest = steps % block;
  // Samples of whole blocks are cut as samples of one block are.
  const std::size_t room = rest == 0 || most < rest ? 0 : (most - rest) / block;
  const auto numbers =
      static_cast<std::uint32_t>(std::min<std::size_t>(blocks, std::max<std::size_t>(1, room)));
  numbered_ = numbers * block;
  count_ = numbered_ + rest;
  repeats_ = numbers < blocks;
}

std::uint32_t SamplePhases::first(std::uint32_t phase, std::uint32_t pages) const {
  return phase / pages * pages;
}

std::uint32_t SamplePhases::last(std::uint32_t phase, std::uint32_t pages) const {
  return std::min(first(phase, pages) + pages, count_) - 1;
}

const std::vector<std::uint32_t>& SamplePhases::ago(std::uint32_t phase, std::int64_t steps) {
  if (ago_.empty()) {
    ago_.emplace_back();
    for (std::uint32_t p = 0; p < count_; ++p) ago_.back().push_back({p});
  }
  while (std::cmp_less_equal(ago_.size(), steps)) {
    ago_.emplace_back();
    for (std::uint32_t p = 0; p < count_; ++p) {
      std::set<std::uint32_t> before;
      for (const std::uint32_t q : ago_[ago_.size() - 2][p]) {
        before.insert(q == 0 ? count_ - 1 : q - 1);
        if (repeats_ && q + block_ == numbered_) before.insert(numbered_ - 1);
      }
      ago_.back().emplace_back(before.begin(), before.end());
    }
  }
  return ago_[static_cast<std::size_t>(steps)][phase];
}

std::uint32_t steps_of_a_block(const TimingArcs& timing) {
  std::uint32_t block = 1;
  for (const BatchTimes& times : timing.batches)
    block = std::lcm(block, static_cast<std::uint32_t>(times.size()));
  return block;
}

std::string why_no_phases(const TimingArcs& timing, std::uint32_t steps) {
  if (steps == 0) return "samples of 0 steps";
  const std::size_t block = std::min(steps, steps_of_a_block(timing));
  if (block * timing.actors.size() <= kMostPhaseActors) return {};
  return "batches of its tiles fall together every " + std::to_string(block) +
         " steps, too many for a graph of " + std::to_string(timing.actors.size()) + " actors a step";
}

SampleGraph phase_graph(const ImageView& image, const TimingArcs& timing, std::uint32_t steps,
                        std::size_t most) {
  return PhaseBuilder(image, timing, steps, most).build();
}

}  // namespace spikeloom

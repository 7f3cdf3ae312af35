#include "compiler/sdf/latency_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const ActorId kOrigin{std::size_t{0}};

/// Starts one after the other, the oldest first.
std::vector<std::int64_t> listed(const StartRuns& runs) {
  std::vector<std::int64_t> list;
  for (const StartRun& run : runs) {
    const auto period = static_cast<std::int64_t>(run.first.size());
    for (std::int64_t n = 0; n < run.count; ++n)
      list.push_back(run.first[static_cast<std::size_t>(n % period)] + run.step * (n / period));
  }
  return list;
}

StartRuns runs_of(std::vector<std::int64_t> list) {
  if (list.empty()) return {};
  const auto count = static_cast<std::int64_t>(list.size());
  return {{std::move(list), 0, count}};
}

/// A random graph, what is asked of it, and the solver's proof.
struct ProofCase {
  Graph graph;
  ActorId sink;
  std::vector<std::int64_t> lower, after;
  LatencyOptions options;
  LatencyProof proof;

  [[nodiscard]] std::vector<std::string> faults() const {
    return verify_latency(graph, kOrigin, sink, proof, options);
  }
};

/// Fills in `made`; false where there is no bound.
bool make(std::uint64_t seed, ProofCase& made) {
  Rng rng(seed);
  const std::int64_t actors = rng.between(2, 6);
  made.graph = testing::random_graph(
      rng, {.actors = actors, .channels = rng.between(actors, 3 * actors), .longest = 12});
  made.graph.forbid_overlap(kOrigin);
  made.sink = ActorId(1 + rng.below(static_cast<std::uint64_t>(actors) - 1));
  if (rng.chance(0.3))
    for (std::int64_t a = 0; a < actors; ++a) made.lower.push_back(rng.between(0, 40));
  if (rng.chance(0.3))
    for (const Channel& c : made.graph.channels())
      made.after.push_back(c.tokens + (c.source == kOrigin ? 0 : rng.between(0, 2)));
  made.options = {.from = rng.chance(0.5) ? Moment::kStart : Moment::kEnd,
                  .to = rng.chance(0.5) ? Moment::kStart : Moment::kEnd,
                  .lower = made.lower,
                  .after = made.after};
  auto proof = prove_latency(made.graph, kOrigin, made.sink, made.options);
  if (std::holds_alternative<Unbounded>(proof)) return false;
  made.proof = std::get<LatencyProof>(std::move(proof));
  return true;
}

TEST(LatencyProof, OfEveryBoundIsAccepted) {
  int proved = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    ProofCase c;
    if (!make(seed, c)) continue;
    ++proved;
    ASSERT_THAT(c.faults(), IsEmpty()) << "seed " << seed << "\n" << print(c.graph);
  }
  EXPECT_GT(proved, 1000);
}

TEST(LatencyProof, OfNoSmallerLatencyIsAccepted) {
  // The bound is the least that the rules give, so no starts whatever prove less.
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    ProofCase c;
    if (!make(seed, c) || c.proof.latency == 0) continue;
    --c.proof.latency;
    ASSERT_THAT(c.faults(), Not(IsEmpty())) << "seed " << seed;
    Rng rng(seed + 77);
    for (int trial = 0; trial < 20; ++trial) {
      const LatestStarts good = c.proof.latest;
      for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
        StartRuns& runs = c.proof.latest[rng.below(c.proof.latest.size())];
        if (!runs.empty() && rng.chance(0.3)) {
          StartRun& run = runs[rng.below(runs.size())];
          (rng.chance(0.5) ? run.step : run.count) += rng.between(-3, 3);
          continue;
        }
        std::vector<std::int64_t> list = listed(runs);
        if (list.empty() || rng.chance(0.1)) {
          if (rng.chance(0.5))
            list.insert(list.begin(), rng.between(0, 20));
          else
            list.clear();
        } else if (rng.chance(0.2)) {
          list.erase(list.begin());
        } else {
          list[rng.below(list.size())] += rng.between(-12, 12);
        }
        runs = runs_of(std::move(list));
      }
      ASSERT_THAT(c.faults(), Not(IsEmpty())) << "seed " << seed << ", trial " << trial;
      c.proof.latest = good;
      ++refused;
    }
  }
  EXPECT_GT(refused, 10'000);
}

TEST(LatencyProof, EveryStartIsNeeded) {
  int starts = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    ProofCase c;
    if (!make(seed, c)) continue;
    for (StartRuns& runs : c.proof.latest) {
      const StartRuns good = runs;
      std::vector<std::int64_t> list = listed(runs);
      for (std::int64_t& start : list) {
        --start;
        runs = runs_of(list);
        ASSERT_THAT(c.faults(), Not(IsEmpty())) << "seed " << seed << "\n" << print(c.graph);
        ++start;
        ++starts;
      }
      runs = good;
    }
  }
  EXPECT_GT(starts, 300);
}

/// source -> stage -> source with two tokens, and a sink behind the stage.
struct Line {
  Graph graph;
  ActorId source, stage, sink;
  LatencyProof proof;

  Line() {
    source = graph.add_actor("source", 0);
    stage = graph.add_actor("stage", 10);
    sink = graph.add_actor("sink", 0);
    graph.forbid_overlap(source);
    graph.forbid_overlap(stage);
    graph.add_channel({.source = source, .target = stage});
    graph.add_channel({.source = stage, .target = source, .tokens = 2});
    graph.add_channel({.source = stage, .target = sink, .latency = 3});
    graph.forbid_overlap(sink);
    proof = std::get<LatencyProof>(prove_latency(graph, source, sink));
  }
  [[nodiscard]] std::vector<std::string> faults() const { return verify_latency(graph, source, sink, proof); }
};

TEST(LatencyProof, SaysWhatIsWrong) {
  const Line good;
  EXPECT_EQ(good.proof.latency, 23);
  EXPECT_EQ(listed(good.proof.latest[good.stage.index()]), (std::vector<std::int64_t>{0, 10}));
  EXPECT_THAT(good.faults(), IsEmpty());

  Line line = good;
  line.proof.latency = 22;
  EXPECT_THAT(line.faults(), Contains("the latency is below the sink's latest start"));
  line = good;
  line.proof.latest.pop_back();
  EXPECT_THAT(line.faults(), Contains("there is not one list of latest starts for each actor"));
  line = good;
  line.proof.latest[line.sink.index()].clear();
  EXPECT_THAT(line.faults(), Contains("the proof of the latency says nothing about the sink"));
  line = good;
  line.proof.latest[line.stage.index()] = runs_of({10});
  EXPECT_THAT(line.faults(),
              Contains(HasSubstr("a firing that the proof of the latency says nothing about")));
  line = good;
  line.proof.latest[line.stage.index()] = runs_of({0, 9});
  EXPECT_THAT(line.faults(), Contains(HasSubstr("arrives later than the proof of the latency says")));
  line = good;
  line.proof.latest[line.stage.index()] = runs_of({-1, 10});
  EXPECT_THAT(line.faults(), Contains(HasSubstr("may start later")));
  line = good;
  line.graph.set_tokens(ChannelId(std::size_t{0}), 2);  // the source's own channel
  EXPECT_THAT(line.faults(), Contains("the source's firings may overtake one another"));
  line = good;
  line.proof.latency = 24;  // a larger one is no lie
  EXPECT_THAT(line.faults(), IsEmpty());
}

TEST(LatencyProof, OfRunsThatCannotBeIsRefused) {
  const Line good;
  for (const StartRun& run : {StartRun{{}, 0, 2}, StartRun{{0, 10}, 0, 1}, StartRun{{0}, 10, 0},
                              StartRun{{0}, 10, -2}, StartRun{{0}, 10, (std::int64_t{1} << 50) + 1}}) {
    Line line = good;
    line.proof.latest[line.stage.index()] = {run};
    EXPECT_THAT(line.faults(), Contains(HasSubstr("a run of starts of no length"))) << run.count;
  }
  // As long as may be: more firings than anybody could look at one by one.
  Line line = good;
  line.proof.latest[line.stage.index()] = {{{10}, 0, std::int64_t{1} << 50}};
  EXPECT_THAT(line.faults(), Contains(HasSubstr("channel ")));
}

/// The definition of the latest starts in README.md, firing by firing: an actor's, oldest first.
class ByDefinition {
 public:
  ByDefinition(const ProofCase& c) : case_(c) {  // NOLINT(google-explicit-constructor)
    behind_.assign(c.graph.actor_count(), std::nullopt);
    behind_[0] = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < c.graph.channel_count(); ++i) {
        const Channel& channel = c.graph.channels()[i];
        const auto& to = behind_[channel.target.index()];
        auto& from = behind_[channel.source.index()];
        if (!to) continue;
        const std::int64_t sum = *to + (c.after.empty() ? channel.tokens : c.after[i]);
        if (from && *from <= sum) continue;
        from = sum;
        moved = true;
      }
    }
  }

  [[nodiscard]] std::optional<std::int64_t> behind(std::size_t actor) const { return behind_[actor]; }

  std::int64_t start(std::size_t b, std::int64_t i) {
    if (const auto known = known_.find({b, i}); known != known_.end()) return known->second;
    std::int64_t result =
        case_.lower.empty() ? 0 : std::max<std::int64_t>(0, case_.lower[b] - case_.lower[0]);
    // Far back only finished firings are seen, or actors without a path back that see nothing else.
    if (i > kFarBack)
      for (const Channel& c : case_.graph.channels()) {
        if (c.target.index() != b) continue;
        const std::int64_t j = i - c.tokens, weight = case_.graph.execution(c.source) + c.latency;
        const std::size_t a = c.source.index();
        if (a == 0 && j == 0 && case_.options.from == Moment::kStart)
          result = std::max(result, weight);
        else if (behind_[a] && j <= -*behind_[a])
          result = std::max(result, c.latency);
        else
          result = std::max(result, start(a, j) + weight);
      }
    return known_[{b, i}] = result;
  }

 private:
  static constexpr std::int64_t kFarBack = -1500;
  const ProofCase& case_;
  std::vector<std::optional<std::int64_t>> behind_;
  std::map<std::pair<std::size_t, std::int64_t>, std::int64_t> known_;
};

/// Compares every start that the proof names; the number of these.
std::int64_t compare_with_definition(const ProofCase& c) {
  ByDefinition definition(c);
  std::int64_t compared = 0;
  for (std::size_t a = 0; a < c.graph.actor_count(); ++a) {
    const std::vector<std::int64_t> list = listed(c.proof.latest[a]);
    if (list.empty()) continue;
    const auto length = static_cast<std::int64_t>(list.size());
    if (const auto behind = definition.behind(a)) {
      EXPECT_EQ(length, *behind);
    }
    for (std::int64_t n = 0; n < length; ++n, ++compared)
      EXPECT_EQ(list[static_cast<std::size_t>(n)], definition.start(a, n + 1 - length))
          << "actor " << a << ", firing " << n + 1 - length;
  }
  return compared;
}

TEST(LatencyProof, OfRandomGraphsIsTheDefinition) {
  std::int64_t compared = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    ProofCase c;
    if (!make(seed, c)) continue;
    compared += compare_with_definition(c);
    ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << print(c.graph);
  }
  EXPECT_GT(compared, 3000);
}

/// Stages behind one another with room for some firings between them, and now and then one that several
/// share, a shortcut, or an end that nothing holds back: what clusters on tiles look like. Long enough for
/// starts to repeat.
ProofCase random_pipeline(Rng& rng) {
  ProofCase c;
  const std::int64_t stages = rng.between(3, 40);
  const std::int64_t longest = rng.chance(0.3) ? 3 : 40;
  for (std::int64_t s = 0; s < stages; ++s) {
    c.graph.add_actor("stage " + std::to_string(s), s == 0 ? 0 : rng.between(0, longest));
    const ActorId self(static_cast<std::size_t>(s));
    c.graph.add_channel({.source = self, .target = self, .tokens = s == 0 ? 1 : rng.between(1, 3)});
    if (s == 0) continue;
    const ActorId before(static_cast<std::size_t>(s - 1));
    c.graph.add_channel({.source = before, .target = self, .latency = rng.between(0, 5)});
    c.graph.add_channel(
        {.source = self, .target = before, .tokens = rng.between(1, 12), .latency = rng.between(0, 9)});
    if (s < 3 || !rng.chance(0.3)) continue;
    const ActorId far(static_cast<std::size_t>(rng.between(1, s - 1)));
    c.graph.add_channel({.source = far, .target = self, .latency = rng.between(0, 60)});
    c.graph.add_channel({.source = self, .target = far, .tokens = rng.between(1, 30)});
  }
  c.sink = ActorId(c.graph.actor_count() - 1);
  if (rng.chance(0.5)) {
    const ActorId last = c.sink;
    c.sink = c.graph.add_actor("host", 0);
    c.graph.forbid_overlap(c.sink);
    c.graph.add_channel({.source = last, .target = c.sink, .latency = 3});
  }
  if (rng.chance(0.3))
    for (std::size_t a = 0; a < c.graph.actor_count(); ++a) c.lower.push_back(rng.between(0, 200));
  return c;
}

TEST(LatencyProof, OfPipelinesIsTheDefinition) {
  std::int64_t starts = 0, numbers = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed + 9000);
    ProofCase c = random_pipeline(rng);
    c.options = {.from = rng.chance(0.5) ? Moment::kStart : Moment::kEnd, .lower = c.lower};
    auto proof = prove_latency(c.graph, kOrigin, c.sink, c.options);
    ASSERT_TRUE(std::holds_alternative<LatencyProof>(proof)) << "seed " << seed;
    c.proof = std::get<LatencyProof>(std::move(proof));
    starts += compare_with_definition(c);
    for (const StartRuns& runs : c.proof.latest)
      for (const StartRun& run : runs) numbers += static_cast<std::int64_t>(run.first.size());
    ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << print(c.graph);
    ASSERT_THAT(c.faults(), IsEmpty()) << "seed " << seed << "\n" << print(c.graph);
    --c.proof.latency;
    ASSERT_THAT(c.faults(), Not(IsEmpty())) << "seed " << seed;
  }
  EXPECT_GT(starts, 100'000);
  EXPECT_LT(numbers, starts / 2) << "starts that repeat are kept one by one";
}

TEST(LatencyProof, OfALongPipelineIsFoundAndCheckedByItsRuns) {
  // 4,000 stages with 16 pages between: 128 million firings may be under way at once.
  constexpr std::int64_t kStages = 4000, kPages = 16;
  Graph graph;
  for (std::int64_t s = 0; s < kStages; ++s) {
    graph.add_actor("stage", s == 0 ? 0 : s == kStages / 3 ? 30 : 7 + s % 5);
    const ActorId self(static_cast<std::size_t>(s));
    graph.forbid_overlap(self);
    if (s == 0) continue;
    const ActorId before(static_cast<std::size_t>(s - 1));
    graph.add_channel({.source = before, .target = self});
    graph.add_channel({.source = self, .target = before, .tokens = kPages});
  }
  const ActorId sink(graph.actor_count() - 1);
  // A hundred looks for a stage are plenty.
  const auto found = prove_latency(graph, kOrigin, sink, {.most_looks = 100 * kStages});
  const LatencyProof& proof = std::get<LatencyProof>(found);
  std::size_t runs = 0;
  for (const StartRuns& list : proof.latest) runs += list.size();
  EXPECT_LT(runs, 4 * kStages);
  EXPECT_THAT(verify_latency(graph, kOrigin, sink, proof), IsEmpty());
  LatencyProof lie = proof;
  --lie.latency;
  EXPECT_THAT(verify_latency(graph, kOrigin, sink, lie), Not(IsEmpty()));
  for (const std::size_t stage : {std::size_t{1}, std::size_t{1333}, std::size_t{3999}}) {
    lie = proof;
    --lie.latest[stage].back().step;
    EXPECT_THAT(verify_latency(graph, kOrigin, sink, lie), Not(IsEmpty())) << stage;
  }
}

TEST(LatencyProof, IsCheckedInTheTimeOfItsRuns) {
  // Of two actors that forward, a list of a run for each firing: 10^10 pairs of them, if all were looked at.
  Graph graph;
  for (const char* name : {"origin", "stage", "sink"}) graph.forbid_overlap(graph.add_actor(name, 10));
  const ActorId stage(std::size_t{1}), sink(std::size_t{2});
  graph.add_channel({.source = kOrigin, .target = stage});
  graph.add_channel({.source = stage, .target = sink});
  graph.add_channel({.source = sink, .target = kOrigin, .tokens = 4});
  LatencyProof proof = std::get<LatencyProof>(prove_latency(graph, kOrigin, sink));
  constexpr std::size_t kRuns = 100'000;
  for (const ActorId actor : {stage, sink}) {
    StartRuns& runs = proof.latest[actor.index()];
    ASSERT_FALSE(runs.empty());
    // Older firings that start no later than the oldest that the proof has.
    runs.insert(runs.begin(), kRuns, StartRun{{runs.front().first.front()}, 0, 1});
  }
  const std::clock_t begin = std::clock();
  EXPECT_THAT(verify_latency(graph, kOrigin, sink, proof), IsEmpty());
  EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC) << "processor time";
}

TEST(LatencyProof, OfAnotherGraphIsRefused) {
  const Line good;
  Line line = good;
  line.graph.add_channel({.source = line.source, .target = line.stage, .produce = 2, .consume = 2});
  EXPECT_THAT(line.faults(), Contains("the graph has rates other than 1"));
  const std::vector<std::int64_t> short_list{0};
  const auto with = [&](const LatencyOptions& options) {
    return verify_latency(good.graph, good.source, good.sink, good.proof, options);
  };
  EXPECT_THAT(with({.lower = short_list}),
              Contains(HasSubstr("there is not one first start for each actor")));
  EXPECT_THAT(with({.after = short_list}), Contains(HasSubstr("or one distance for each channel")));
}

TEST(LatencyProof, FromAnActorToItselfIsItsExecution) {
  const Line line;
  LatencyProof proof = line.proof;
  const auto with = [&](std::int64_t latency, Moment from, Moment to) {
    proof.latency = latency;
    return verify_latency(line.graph, line.stage, line.stage, proof, {.from = from, .to = to});
  };
  EXPECT_THAT(with(10, Moment::kStart, Moment::kEnd), IsEmpty());
  EXPECT_THAT(with(9, Moment::kStart, Moment::kEnd), Contains("the latency is below the source's execution"));
  EXPECT_THAT(with(0, Moment::kEnd, Moment::kEnd), IsEmpty());
  EXPECT_THAT(with(-1, Moment::kEnd, Moment::kEnd), Not(IsEmpty()));
}

}  // namespace
}  // namespace spikeloom::sdf

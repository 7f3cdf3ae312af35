#include "compiler/sdf/latency_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "compiler/sdf/text.hpp"
#include "tests/sdf/graphs.hpp"

namespace spikeloom::sdf {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const ActorId kOrigin{std::size_t{0}};

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
        std::vector<std::int64_t>& list = c.proof.latest[rng.below(c.proof.latest.size())];
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
    for (std::vector<std::int64_t>& list : c.proof.latest)
      for (std::int64_t& start : list) {
        --start;
        ASSERT_THAT(c.faults(), Not(IsEmpty())) << "seed " << seed << "\n" << print(c.graph);
        ++start;
        ++starts;
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
  EXPECT_EQ(good.proof.latest[good.stage.index()], (std::vector<std::int64_t>{0, 10}));
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
  line.proof.latest[line.stage.index()] = {10};
  EXPECT_THAT(line.faults(),
              Contains(HasSubstr("a firing that the proof of the latency says nothing about")));
  line = good;
  line.proof.latest[line.stage.index()] = {0, 9};
  EXPECT_THAT(line.faults(), Contains(HasSubstr("arrives later than the proof of the latency says")));
  line = good;
  line.proof.latest[line.stage.index()] = {-1, 10};
  EXPECT_THAT(line.faults(), Contains(HasSubstr("may start later")));
  line = good;
  line.graph.set_tokens(ChannelId(std::size_t{0}), 2);  // the source's own channel
  EXPECT_THAT(line.faults(), Contains("the source's firings may overtake one another"));
  line = good;
  line.proof.latency = 24;  // a larger one is no lie
  EXPECT_THAT(line.faults(), IsEmpty());
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
  // A sender whose firings are open for longer than anybody would look back.
  line = good;
  const ActorId far = line.graph.add_actor("far", 0);
  line.graph.add_channel({.source = far, .target = line.source, .tokens = std::int64_t{1} << 27});
  line.proof.latest.emplace_back();
  EXPECT_THAT(line.faults(), Contains("the proof of the latency reaches too many firings back"));
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

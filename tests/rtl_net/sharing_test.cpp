// Applications that enter and leave a chip on which others run: each is as it is alone, cycle for cycle.
//
// The host of docs/protocol.md, section 9, played at random: it withholds an application's words, sees the
// chip stand, lets applications in and out, feeds and starves queues as it likes. What each must do alone is
// the cycle model's.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <optional>
#include <set>

#include "Vmesh22s.h"
#include "Vmesh31sb.h"
#include "Vmesh32s.h"
#include "tests/rtl_net/mesh_case.hpp"
#include "tests/rtl_net/mesh_shapes.hpp"

namespace spikeloom::test {
namespace {

constexpr unsigned kQueueWords = 16;
constexpr unsigned kSinks = 80;  // of one range: three ranges reach beyond 127

struct Resident {
  enum class State { kRunning, kCleared, kGone };
  MeshCase mesh;
  MeshResult want;
  unsigned range = 0;         // of the host's channels, counters and sinks
  std::uint64_t start = 0;    // cycle
  std::uint64_t cleared = 0;  // cycle
  std::size_t given = 0, taken = 0, hold = ~std::size_t{0};
  unsigned mood = 50;   // chance in percent, each clock, that a word is given
  unsigned asleep = 0;  // clocks in which none is given
  State state = State::kRunning;
  std::vector<Word> sent = {}, sink = {};

  [[nodiscard]] unsigned application() const { return mesh.space.application; }
  [[nodiscard]] bool ended() const { return taken == mesh.input.size(); }
};

/// Stamps of a run that starts in cycle `start` instead of 0.
std::vector<Word> shifted(std::vector<Word> words, std::uint64_t start) {
  for (Word& word : words)
    if (hw::WordRing::unpack(word).kind != hw::kKindOutChunk) word += start;
  return words;
}

/// What happened, so that a test can say that it has seen the cases that matter.
struct Seen {
  unsigned cases = 0, applications = 0, entered_beside = 0, entered_when_done = 0, entered_in_pairs = 0,
           reused_tiles = 0, saturated = 0;
  std::size_t words = 0;
};

template <typename Model>
class Sharing {
 public:
  Sharing(const MeshShape& shape, std::uint64_t seed, Seen& seen)
      : shape_(shape), random_(seed), bench_(seed ^ 0x5eedU, link(seed)), seen_(seen) {}

  /// Draws and plays a case; without fatal failure all residents were as they are alone.
  void play() {
    entries_left_ = 2 + below(3);
    if (!power_up()) return;
    ++seen_.cases;
    for (unsigned round = 0; round < 400; ++round) {
      // One that has ended is let out as soon as it is at rest, or much later.
      const bool soon =
          below(4) != 0 && std::any_of(residents_.begin(), residents_.end(), [](const Resident& r) {
            return r.state == Resident::State::kRunning && r.ended();
          });
      for (unsigned clocks = soon ? 0 : below(3) == 0 ? below(4000) : below(300); clocks > 0; --clocks)
        step();
      ASSERT_NO_FATAL_FAILURE(stop());
      ASSERT_NO_FATAL_FAILURE(check_status());
      ASSERT_NO_FATAL_FAILURE(let_out());
      if (entries_left_ == 0 && done_ && residents_gone()) return;
      ASSERT_NO_FATAL_FAILURE(let_in());
      standing_ = false;
    }
    FAIL() << "the case does not end";
  }

 private:
  static Link link(std::uint64_t seed) {
    if (seed % 3 == 0) return {};
    return {.offer = 5 + static_cast<unsigned>(seed * 7 % 96),
            .take = 5 + static_cast<unsigned>(seed * 11 % 96)};
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_.below(bound)); }
  [[nodiscard]] std::uint64_t turn() const { return std::max(shape_.spike_wheel, shape_.credit_wheel); }
  /// No flit is longer on its way.
  [[nodiscard]] std::uint64_t flight() const { return 2 * (shape_.width + shape_.height) + 4; }
  [[nodiscard]] bool residents_gone() const {
    return std::all_of(residents_.begin(), residents_.end(),
                       [](const Resident& r) { return r.state == Resident::State::kGone; });
  }

  // ---- the link ----

  /// One clock: perhaps a data word, perhaps a look at TAKEN, and what the chip says.
  void step() {
    if (!standing_ && bench_.unsent() < 3) {
      if (below(100) == 0)
        for (Resident& r : residents_) r.mood = below(4) == 0 ? 0 : below(3) == 0 ? 100 : below(100);
      for (Resident& r : residents_) {
        if (below(2000) == 0) r.asleep = below(3000);
        if (r.asleep > 0 && r.asleep-- > 0) continue;
        if (r.given >= std::min(r.hold, r.mesh.input.size()) || r.given - r.taken >= kQueueWords) continue;
        if (below(100) < r.mood) bench_.send(r.mesh.input[r.given++]);
      }
      if (!looking_ && !reading_ && below(10) == 0) look();
    }
    bench_.step();
    while (!bench_.received().empty()) {
      hear(bench_.received().front());
      bench_.received().pop_front();
    }
  }

  /// Asks for TAKEN of one resident.
  void look() {
    std::vector<Resident*> open;
    for (Resident& r : residents_)
      if (r.state == Resident::State::kRunning && r.taken < r.given) open.push_back(&r);
    if (open.empty()) return;
    looking_ = open[below(static_cast<unsigned>(open.size()))];
    bench_.send(ring_read(0, hw::kAddrNodeTaken + looking_->application()));
  }

  void hear(Word word) {
    const auto answer = hw::WordRing::unpack(word);
    if (answer.kind == hw::kKindRingAnswer) {
      if (looking_) {
        Resident& r = *std::exchange(looking_, nullptr);
        ASSERT_LE(answer.data, r.given);
        ASSERT_GE(answer.data, r.taken);
        r.taken = answer.data;
      } else {
        ASSERT_TRUE(reading_);
        answer_ = answer.data;
      }
      return;
    }
    const bool sent = answer.kind == hw::kKindOutSent;
    const auto eos = hw::WordOutEos::unpack(word);
    const unsigned range =
        sent ? eos.channel / (shape_.host_channels / shape_.applications) : eos.channel / kSinks;
    for (Resident& r : residents_)
      if (r.state != Resident::State::kGone && r.range == range) {
        (sent ? r.sent : r.sink).push_back(word);
        return;
      }
    FAIL() << "a word of nobody: " << std::hex << word;
  }

  std::uint32_t read(std::uint32_t node, std::uint32_t address) {
    reading_ = true;
    for (int i = 0; i < 100000 && looking_; ++i) step();
    answer_.reset();
    bench_.send(ring_read(node, address));
    for (int i = 0; i < 100000 && !answer_; ++i) step();
    reading_ = false;
    EXPECT_TRUE(answer_) << "no answer";
    return answer_.value_or(0xdeadbeefU);
  }
  /// All words sent before have landed.
  void fence() { read(shape_.width * shape_.height, hw::kAddrNodeStatus); }
  std::uint64_t cycle() {
    const std::uint64_t low = read(0, hw::kAddrNodeCycle);
    return low | std::uint64_t{read(0, hw::kAddrNodeCycle + hw::kAddrNodeHigh)} << 32U;
  }

  // ---- standing still ----

  static bool is_eos(Word word) { return hw::WordRing::unpack(word).kind == hw::kKindEos; }
  static bool has_stamp(Word word) { return is_eos(word) && !hw::WordEos::unpack(word).run_end; }
  /// The first count of words, from the given ones on, behind which a stamp tells that the chip stands; or 0.
  static std::size_t next_stop(const Resident& r) {
    for (std::size_t n = std::max<std::size_t>(r.given, 1); n < r.mesh.input.size(); ++n)
      if (has_stamp(r.mesh.input[n - 1])) return n;
    return 0;
  }

  /// Withholds an application's words until the chip stands in a known cycle; or waits until the run is done.
  void stop() {
    std::vector<Resident*> able;
    for (Resident& r : residents_)
      if (r.state == Resident::State::kRunning && next_stop(r) != 0) able.push_back(&r);
    done_ = able.empty();
    if (done_) {
      for (int i = 0; i < 4000; ++i) {
        for (int k = 0; k < 50; ++k) step();
        if ((read(0, hw::kAddrNodeStatus) & 1U) == 0) break;
      }
      ASSERT_EQ(read(0, hw::kAddrNodeStatus), 0U) << "the run is not done";
      now_ = cycle();
    } else {
      Resident& held = *able[below(static_cast<unsigned>(able.size()))];
      held.hold = next_stop(held);
      const auto stamps = static_cast<std::size_t>(
          std::count_if(held.mesh.input.begin(),
                        held.mesh.input.begin() + static_cast<std::ptrdiff_t>(held.hold), has_stamp));
      for (int i = 0; i < 400000 && held.sent.size() < stamps; ++i) step();
      ASSERT_EQ(held.sent.size(), stamps) << "the held words do not leave";
      now_ = hw::WordOutEos::unpack(held.sent.back()).stamp;
      for (unsigned i = below(3) * below(100); i > 0; --i) step();
      held.hold = ~std::size_t{0};
    }
    standing_ = true;
    fence();
    ASSERT_EQ(cycle(), now_) << "the chip does not stand";
  }

  /// The host's status and the queues' counts are those of the words that have left.
  void check_status() {
    std::uint32_t live = 0;
    for (Resident& r : residents_) {
      if (r.state != Resident::State::kRunning) continue;
      r.taken = read(0, hw::kAddrNodeTaken + r.application());
      ASSERT_LE(r.taken, r.given);
      if (!r.ended()) live |= 1U << r.application();
    }
    const auto status = hw::RegHostStatus::unpack(read(0, hw::kAddrNodeStatus));
    ASSERT_EQ(status.live, live);
    ASSERT_EQ(status.busy, done_ ? 0U : 1U);
  }

  // ---- out ----

  void let_out() {
    std::vector<Resident*> leaving;
    for (Resident& r : residents_) {
      if (r.state == Resident::State::kRunning && r.ended() && at_rest(r) && (done_ || below(4) != 0))
        clear(r);
      if (::testing::Test::HasFatalFailure()) return;
      if (r.state == Resident::State::kCleared && (done_ || now_ >= r.cleared + flight()))
        leaving.push_back(&r);
    }
    if (leaving.empty()) return;
    fence();
    for (Resident* r : leaving) {
      r->state = Resident::State::kGone;
      seen_.words += r->sent.size() + r->sink.size();
      ASSERT_EQ(r->sent, shifted(r->want.sent, r->start))
          << "application " << r->application() << " started in " << r->start;
      ASSERT_EQ(r->sink, shifted(r->want.sink, r->start))
          << "application " << r->application() << " started in " << r->start;
    }
    write_tables();
    // Nobody goes and nothing is on its way that matters: routers may forget what is in them.
    if (done_)
      for (unsigned t = 0; t < shape_.width * shape_.height; ++t)
        bench_.send(ring_write(t + 1, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()));
    fence();
  }

  bool at_rest(const Resident& r) {
    return std::all_of(r.mesh.space.tiles.begin(), r.mesh.space.tiles.end(),
                       [&](unsigned t) { return read(t + 1, hw::kAddrNodeStatus) == 0; });
  }

  void clear(Resident& r) {
    for (const unsigned t : r.mesh.space.tiles) {
      ASSERT_EQ(read(t + 1, hw::kAddrNodeFirings), r.want.firings[t]) << "tile " << t;
      ASSERT_EQ(read(t + 1, hw::kAddrNodeWaitInput), r.want.wait_input[t]) << "tile " << t;
      ASSERT_EQ(read(t + 1, hw::kAddrNodeWaitOutput), r.want.wait_output[t]) << "tile " << t;
      bench_.send(ring_write(t + 1, hw::kAddrNodeControl, hw::RegControl{.clear = 1}.pack()));
      for (unsigned k = 0; k < shape_.contexts; ++k)
        bench_.send(
            ring_write(t + 1, hw::AddressContext{.field = hw::kAddrContextMode, .context = k}.pack(), 0));
    }
    r.state = Resident::State::kCleared;
    r.cleared = now_;
  }

  std::vector<const MeshTables*> tables() const {
    std::vector<const MeshTables*> all;
    for (const Resident& r : residents_)
      if (r.state != Resident::State::kGone) all.push_back(&r.mesh.tables);
    return all;
  }
  void write_tables() { bench_.send(table_words(shape_, tables())); }

  // ---- in ----

  /// An application on some of the free tiles and numbers; none if its slots did not suffice.
  Resident* draw() {
    std::set<unsigned> tiles, numbers, ranges;
    for (unsigned t = 0; t < shape_.width * shape_.height; ++t) tiles.insert(t);
    for (unsigned a = 0; a < shape_.applications; ++a) numbers.insert(a), ranges.insert(a);
    for (const Resident& r : residents_) {
      if (r.state == Resident::State::kGone) continue;
      for (const unsigned t : r.mesh.space.tiles) tiles.erase(t);
      numbers.erase(r.application());
      ranges.erase(r.range);
    }
    if (tiles.empty() || numbers.empty()) return nullptr;
    MeshSpace space;
    const auto pick = [&](const std::set<unsigned>& from) {
      return *std::next(from.begin(), below(static_cast<unsigned>(from.size())));
    };
    const unsigned range = pick(ranges);
    space.application = pick(numbers);
    space.channels = shape_.host_channels / shape_.applications;
    space.counters = shape_.host_counters / shape_.applications;
    space.first_channel = range * space.channels;
    space.first_counter = range * space.counters;
    space.first_sink = range * kSinks;
    space.sinks = kSinks;
    space.slots = 4;
    space.least_steps = below(3) == 0 ? 1 : 10;
    space.steps = below(3) == 0 ? 40 : 12;
    space.saturated = below(4) == 0;
    for (unsigned k = 1 + below(std::max(1U, static_cast<unsigned>(tiles.size()) - 1)); k > 0; --k) {
      space.tiles.push_back(pick(tiles));
      tiles.erase(space.tiles.back());
    }
    for (int attempt = 0; attempt < 12; ++attempt) {
      MeshCase mesh = draw_application(shape_, random_.next(), space, tables());
      if (!mesh.valid) continue;
      MeshResult want = simulate(mesh, 40000);
      if (!want.finished) continue;
      ++seen_.applications;
      seen_.saturated += space.saturated;
      for (const unsigned t : space.tiles) seen_.reused_tiles += used_tiles_.count(t) != 0;
      used_tiles_.insert(space.tiles.begin(), space.tiles.end());
      residents_.push_back({.mesh = std::move(mesh), .want = std::move(want), .range = range});
      if (below(4) == 0) alone(residents_.back());
      return &residents_.back();
    }
    return nullptr;
  }

  /// The model's result is what the chip does for this application alone.
  void alone(const Resident& r) {
    ChipBench<Model> bench(random_.next(), {.offer = 60, .take = 60});
    bench.send(r.mesh.image);
    bench.send(r.mesh.start);
    bench.send(r.mesh.input);
    ASSERT_TRUE(bench.settle(400000));
    std::vector<Word> sent = {}, sink = {};
    for (const Word w : bench.received())
      (hw::WordRing::unpack(w).kind == hw::kKindOutSent ? sent : sink).push_back(w);
    ASSERT_EQ(sent, r.want.sent);
    ASSERT_EQ(sink, r.want.sink);
  }

  void send(const std::vector<Word>& words) { bench_.send(words); }
  void arm(const std::vector<Resident*>& entering, std::uint64_t cycle) {
    std::uint32_t mask = 0;
    for (Resident* r : entering) {
      r->start = cycle;
      mask |= 1U << r->application();
    }
    bench_.send(ring_write(0, hw::kAddrNodeStartLow, static_cast<std::uint32_t>(cycle)));
    bench_.send(
        ring_write(0, hw::kAddrNodeStart,
                   hw::RegStart{.high = static_cast<std::uint32_t>(cycle >> 32U), .apps = mask}.pack()));
    last_start_ = cycle;
  }

  /// A chip's first run: one or two applications, from cycle 0 or a later one on.
  bool power_up() {
    std::vector<Resident*> first;
    for (unsigned k = 1 + below(2); k > 0; --k)
      if (Resident* r = draw()) first.push_back(r);
    if (first.empty()) return false;
    for (unsigned node = 0; node <= shape_.width * shape_.height; ++node)
      bench_.send(ring_write(node, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()));
    write_tables();
    for (const Resident* r : first) send(r->mesh.configuration), send(r->mesh.dynamic), send(r->mesh.run);
    arm(first, below(2) * below(4) * turn());
    bench_.send(ring_write(0, hw::kAddrNodeControl, hw::RegControl{.run = 1}.pack()));
    return true;
  }

  void let_in() {
    if (entries_left_ == 0 || now_ < last_start_ || (!done_ && below(2) == 0)) return;
    std::vector<Resident*> entering;
    const bool beside = !done_;
    for (unsigned k = 1 + below(2); k > 0 && entries_left_ > 0; --k, --entries_left_)
      if (Resident* r = draw()) entering.push_back(r);
    if (entering.empty()) return;
    seen_.entered_beside += beside;
    seen_.entered_when_done += !beside;
    seen_.entered_in_pairs += entering.size() == 2;
    for (const Resident* r : entering)
      for (const unsigned t : r->mesh.space.tiles)
        bench_.send(ring_write(t + 1, hw::kAddrNodeControl, hw::RegControl{.clear = 1}.pack()));
    write_tables();
    for (const Resident* r : entering) send(r->mesh.configuration), send(r->mesh.dynamic), send(r->mesh.run);
    fence();
    ASSERT_EQ(cycle(), now_) << "the chip moved while it was written";
    // The look-ahead holds entries of three cycles.
    arm(entering, ((now_ + 3) / turn() + 1 + below(2) * below(20)) * turn());
    if (beside || below(2) == 0) return;
    // Time runs to the start by itself, and there it waits for words.
    for (int i = 0; i < 1000 && cycle() != last_start_; ++i) continue;
    for (int i = 0; i < 100; ++i) step();
    ASSERT_EQ(cycle(), last_start_) << "an armed application holds something back";
  }

  MeshShape shape_;
  Rng random_;
  ChipBench<Model> bench_;
  Seen& seen_;
  std::list<Resident> residents_;
  std::set<unsigned> used_tiles_;
  unsigned entries_left_ = 0;
  bool standing_ = false, done_ = false, reading_ = false;
  Resident* looking_ = nullptr;
  std::optional<std::uint32_t> answer_;
  std::uint64_t now_ = 0, last_start_ = 0;
};

template <typename Model>
void shared_cases(const MeshShape& shape, std::uint64_t first, unsigned cases) {
  Seen seen;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Verilated::randReset(2);  // whatever power-up leaves
    Verilated::randSeed(static_cast<int>(seed));
    Sharing<Model>(shape, seed, seen).play();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(seen.cases, cases / 4);
  EXPECT_GT(seen.entered_beside, cases / 4);
  EXPECT_GT(seen.entered_when_done, cases / 20);
  EXPECT_GT(seen.entered_in_pairs, cases / 20);
  EXPECT_GT(seen.reused_tiles, cases / 4);
  EXPECT_GT(seen.saturated, cases / 8);
  std::cout << seen.cases << " chips, " << seen.applications << " applications, " << seen.entered_beside
            << " entrances beside others, " << seen.entered_when_done << " after all had ended, "
            << seen.entered_in_pairs << " of two at once, " << seen.reused_tiles << " tiles used again; "
            << seen.words << " words\n";
}

/// By hand: an application without tiles, host channel 4 in slot 7, no route behind it.
TEST(Sharing, AnArmedApplicationKeepsTimeRunningToItsStart) {
  constexpr std::uint32_t kApplication = 2, kChannel = 4, kSlot = 7;
  constexpr std::uint64_t kStart = 1024;
  ChipBench<Vmesh22s> bench(1);
  const MeshTables tables = {
      {{0, at(hw::kAddrBlockSpikeSlot, kSlot)}, hw::RegSlot{.tx = kChannel, .tx_valid = 1}.pack()}};
  const auto arm = [&](std::uint64_t cycle) {
    bench.send(ring_write(0, hw::kAddrNodeStartLow, static_cast<std::uint32_t>(cycle)));
    bench.send(ring_write(
        0, hw::kAddrNodeStart,
        hw::RegStart{.high = static_cast<std::uint32_t>(cycle >> 32U), .apps = 1U << kApplication}.pack()));
  };
  const auto status = [&] { return hw::RegHostStatus::unpack(bench.read(0, hw::kAddrNodeStatus)); };
  const auto run = [&](std::uint64_t start) {
    for (int i = 0; i < 500; ++i) {
      bench.step();
      ASSERT_FALSE(i > 250 && bench.idle()) << "time runs to the start";
    }
    EXPECT_EQ(status().busy, 1U);
    EXPECT_EQ(status().live, 1U << kApplication);
    EXPECT_LT(bench.read(0, hw::kAddrNodeCycle), start);
    ASSERT_TRUE(bench.settle(5000)) << "it waits for words";
    EXPECT_EQ(bench.read(0, hw::kAddrNodeCycle), start);
    EXPECT_EQ(status().live, 1U << kApplication);
    bench.send(hw::WordEos{.channel = kChannel, .app = kApplication, .kind = hw::kKindEos}.pack());
    ASSERT_TRUE(bench.settle(5000));
    ASSERT_EQ(bench.received().size(), 1U);
    EXPECT_EQ(hw::WordOutEos::unpack(bench.received().front()).stamp,
              start + kSlot);  // decided one cycle before
    bench.received().clear();
    EXPECT_EQ(bench.read(0, hw::kAddrNodeTaken + kApplication), 1U);
    bench.send(
        hw::WordEos{.run_end = 1, .final = 1, .channel = kChannel, .app = kApplication, .kind = hw::kKindEos}
            .pack());
    ASSERT_TRUE(bench.settle(5000));
    EXPECT_EQ(status().busy, 0U);
    EXPECT_EQ(status().live, 0U);
    EXPECT_EQ(bench.read(0, hw::kAddrNodeTaken + kApplication), 2U);
  };
  for (unsigned node = 0; node <= 4; ++node)
    bench.send(ring_write(node, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()));
  bench.send(table_words(kMesh22s, {&tables}));
  bench.send(ring_write(0, at(hw::kAddrBlockChannel, kChannel),
                        hw::RegChannel{.context = kApplication, .valid = 1}.pack()));
  arm(kStart);
  bench.send(ring_write(0, hw::kAddrNodeControl, hw::RegControl{.run = 1}.pack()));
  ASSERT_NO_FATAL_FAILURE(run(kStart));
  arm(3 * kStart);  // the run was done; it goes on
  ASSERT_NO_FATAL_FAILURE(run(3 * kStart));
}

TEST(Sharing, ThreeApplicationsOn2x2AreEachAsTheyAreAlone) { shared_cases<Vmesh22s>(kMesh22s, 1, 240); }
TEST(Sharing, TwoApplicationsOn3x2AreEachAsTheyAreAlone) { shared_cases<Vmesh32s>(kMesh32s, 100001, 100); }
TEST(Sharing, TwoApplicationsWithBatchesAreEachAsTheyAreAlone) {
  shared_cases<Vmesh31sb>(kMesh31sb, 200001, 80);
}

}  // namespace
}  // namespace spikeloom::test

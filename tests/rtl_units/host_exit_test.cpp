// The exit unit alone: it drops and voids what the rule on the values says, and holds target time three
// clocks a decision, however flits of several sinks, WAITs and words of others come between one another.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "Vunit_host_exit.h"
#include "compiler/base/rng.hpp"
#include "spikeloom_hw.hpp"
#include "tests/rtl_units/bench.hpp"

namespace spikeloom::test {
namespace {

constexpr unsigned kMostSinks = 3, kMostSteps = 3, kChannels = 2, kApplications = 2;  // as in CMakeLists.txt

unsigned pick(Rng& random, std::uint64_t bound) { return static_cast<unsigned>(random.below(bound)); }

template <class Port>
void put(Port& port, std::uint64_t value) {
  port = static_cast<Port>(value);
}

struct ReadoutFlit {
  bool end = false;
  std::uint32_t index = 0, mask = 0;
};

/// A word of the stream: a WAIT, or a channel's end-of-step with what stands before it in chunks.
struct StreamWord {
  enum Kind : std::uint8_t { kWait, kChunk, kEnd } kind = kChunk;
  unsigned number = 0;  ///< the sink, or the channel
  bool sample_end = false;
};

struct SampleCase {
  std::vector<std::vector<std::int32_t>> values;  ///< by step, neuron
};

/// What of a sample comes out: steps with inputs, and whether a void one ends it.
struct SampleOut {
  std::size_t steps = 0;
  bool is_void = false;
  friend bool operator==(const SampleOut&, const SampleOut&) = default;
};

/// A readout on some sinks, the words of some samples, and what must come of them.
struct ExitCase {
  explicit ExitCase(Rng& random) {
    sinks = 1 + pick(random, kMostSinks);
    first = pick(random, 1000);
    more_sinks = pick(random, 3);
    window = 1 + pick(random, kMostSteps);
    channels = 1 + pick(random, kChannels);
    application = pick(random, kApplications);
    for (unsigned s = 0; s < sinks; ++s) neurons.push_back(1 + pick(random, 5));
    if (sinks == 1) neurons[0] = std::max(neurons[0], 2U);
    const unsigned scale = 1 + pick(random, 20);  // small ones, around 0, or of more than 16 bits
    margin = pick(random, 1U << (1 + pick(random, scale)));
    samples.resize(1 + pick(random, 12));
    for (SampleCase& sample : samples) {
      sample.values.resize(1 + pick(random, 6));
      for (auto& values : sample.values)
        for (unsigned n = 0; n < total(); ++n) {
          const auto value = static_cast<std::int32_t>(pick(random, 1U << scale)) - (1 << scale) / 2;
          values.push_back(pick(random, 3) == 0 ? 0 : value);
          if (pick(random, 8) == 0)
            values.back() = (static_cast<std::int32_t>(pick(random, 64)) - 32) * 65536;
        }
    }
  }
  [[nodiscard]] unsigned total() const {
    unsigned sum = 0;
    for (const unsigned n : neurons) sum += n;
    return sum;
  }
  [[nodiscard]] unsigned last_sink() const { return first + sinks + more_sinks - 1; }

  [[nodiscard]] bool decides(std::vector<std::int32_t> values) const {
    std::sort(values.begin(), values.end(), std::greater<>());
    return std::int64_t{values[0]} - values[1] >= std::int64_t{margin};
  }
  /// The rule, step by step: a step is begun when those up to `window` before it have been looked at.
  [[nodiscard]] std::vector<SampleOut> expected() const {
    std::vector<SampleOut> out;
    for (const SampleCase& sample : samples) {
      const std::size_t steps = sample.values.size();
      std::size_t used = 1;
      while (used <= steps && !decides(sample.values[used - 1])) ++used;
      const std::size_t seen = used - 1 + window;
      out.push_back(seen < steps ? SampleOut{seen, true} : SampleOut{steps, false});
    }
    return out;
  }
  [[nodiscard]] std::deque<StreamWord> words(Rng& random) const {
    std::deque<StreamWord> stream;
    std::size_t given = 0;
    const auto waits = [&] {
      for (unsigned s = first; given >= window && s <= last_sink(); ++s)
        stream.push_back({StreamWord::kWait, s, false});
      ++given;
    };
    for (const SampleCase& sample : samples)
      for (std::size_t t = 0; t < sample.values.size(); ++t) {
        waits();
        for (unsigned c = 0; c < channels; ++c) {
          for (unsigned i = pick(random, 3); i > 0; --i) stream.push_back({StreamWord::kChunk, c, false});
          stream.push_back({StreamWord::kEnd, c, t + 1 == sample.values.size()});
        }
      }
    waits();
    return stream;
  }

  unsigned sinks = 1, first = 0, more_sinks = 0, window = 1, channels = 1, application = 0;
  std::vector<unsigned> neurons;  ///< by sink of the readout
  std::uint32_t margin = 0;
  std::vector<SampleCase> samples;
};

class ExitBench : public UnitBench<Vunit_host_exit> {
 public:
  ExitBench(const ExitCase& made, Rng& random)
      : case_(made), random_(random), to_come_(made.sinks + made.more_sinks), tokens_(to_come_.size(), 0) {
    auto& u = *this;
    u->flit_valid_i = u->waited_i = u->head_valid_i = u->head_ends_i = u->ended_i = u->clear_i = 0;
    write(hw::kAddrExitSinks, hw::RegExitSinks{.first = made.first, .count = made.sinks}.pack());
    write(hw::kAddrExitNeurons, hw::RegExitNeurons{.count = made.total()}.pack());
    write(hw::kAddrExitMargin, made.margin);
    hw::RegExitSource source;
    source.app = made.application;
    source.last_sink = made.last_sink();
    source.last_channel = made.channels - 1;
    source.valid = 1;
    write(hw::kAddrExitSource, source.pack());
  }

  void run(std::deque<StreamWord> stream) {
    std::vector<unsigned> arrived;  // sinks that have a token more in the next cycle
    for (int clock = 0; clock < 100000 && !stream.empty(); ++clock) {
      auto& u = *this;
      const StreamWord& head = stream.front();
      const bool is_there = pick(random_, 4) != 0;  // the link is slow at times
      const unsigned mine = 1U << case_.application, other = mine ^ 3U;
      const bool ends = head.kind == StreamWord::kEnd && head.sample_end;
      put(u->head_valid_i, (is_there ? mine : 0) | (pick(random_, 2) == 0 ? other : 0));
      put(u->head_ends_i, (is_there && ends ? mine : 0) | (pick(random_, 2) == 0 ? other : 0));
      u->flit_valid_i = u->waited_i = u->ended_i = 0;
      settle();
      ASSERT_EQ(u->drops_o & other, 0U);
      ASSERT_EQ(u->voids_o & other, 0U);
      ASSERT_EQ(u->holds_o != 0, held_ > 0 || u->drops_o != 0)
          << "three clocks a decision, and what it drops";
      ASSERT_TRUE(held_ == 0 || u->drops_o == 0) << "it drops while it decides";
      if (held_ > 0) --held_;
      if (u->drops_o != 0) {
        ASSERT_TRUE(is_there) << "it drops a word that is not there";
        drop(head);
        stream.pop_front();
        this->clock();
        continue;
      }
      bool is_taken = false;
      // Time goes on, unless it stands for another's sake.
      if (!u->holds_o && is_there && pick(random_, 3) != 0) {
        is_taken = take(head);
        if (pick(random_, 2) == 0) bring_flit(arrived);
        if (pick(random_, 4) == 0) other_sends(other);
      }
      this->clock();
      for (const unsigned sink : arrived) ++tokens_[sink];
      arrived.clear();
      if (is_taken) stream.pop_front();
    }
    EXPECT_TRUE(stream.empty()) << "it waits for ever";
  }

  std::vector<SampleOut> out;

 private:
  void write(std::uint32_t field, std::uint32_t data) {
    auto& u = *this;
    put(u->write_i, 1);
    put(u->config_field_i, field);
    put(u->config_data_i, data);
    clock();
    put(u->write_i, 0);
  }

  /// A word leaves for the mesh, or a WAIT with a token.
  bool take(const StreamWord& head) {
    auto& u = *this;
    const unsigned mine = 1U << case_.application;
    if (head.kind == StreamWord::kWait) {
      unsigned& tokens = tokens_[head.number - case_.first];
      if (tokens == 0) return false;
      --tokens;
      put(u->waited_i, mine);
      put(u->wait_sink_i, std::uint32_t{head.number} << (10 * case_.application));
      if (head.number == case_.last_sink()) held_ = 3;
      return true;
    }
    if (head.kind == StreamWord::kEnd && head.sample_end) {
      put(u->ended_i, mine);
      put(u->ended_channel_i, head.number);
    }
    if (head.kind == StreamWord::kEnd && head.number + 1 == case_.channels)
      sent(head.sample_end, (u->voids_o & mine) != 0);
    return true;
  }

  void drop(const StreamWord& head) {
    EXPECT_FALSE(head.kind == StreamWord::kEnd && head.sample_end) << "the sample's own end is dropped";
    if (head.kind == StreamWord::kEnd && head.number + 1 == case_.channels) ++step_;
  }

  /// A step is on its way: its outputs will come at every sink.
  void sent(bool sample_end, bool is_void) {
    if (step_of_out_ == 0) out.emplace_back();
    if (is_void)
      out.back().is_void = true;
    else
      ++out.back().steps;
    const std::vector<std::int32_t>& values = case_.samples[sample_].values[step_];
    unsigned neuron = 0;
    for (unsigned s = 0; s < to_come_.size(); ++s) {
      for (unsigned n = 0; s < case_.sinks && n < case_.neurons[s]; ++n, ++neuron) {
        const auto value = static_cast<std::uint32_t>(is_void ? 0 : values[neuron]);
        for (const std::uint32_t half : {0U, 1U})
          if (const std::uint32_t mask = value >> (16 * half) & 0xffffU; mask != 0)
            to_come_[s].push_back({false, 2 * n + half, mask});
      }
      to_come_[s].push_back({true, 0, (sample_end ? 1U : 0U) | (is_void ? 4U : 0U)});
    }
    ++step_;
    ++step_of_out_;
    if (!sample_end) return;
    ++sample_;
    step_ = step_of_out_ = 0;
  }

  void bring_flit(std::vector<unsigned>& arrived) {
    auto& u = *this;
    const unsigned s = pick(random_, to_come_.size() + 1);
    put(u->flit_valid_i, 1);
    if (s == to_come_.size()) {  // of another's sink
      put(u->sink_i, case_.last_sink() + 1);
      put(u->flit_end_i, pick(random_, 2));
      put(u->flit_index_i, pick(random_, 64));
      put(u->flit_mask_i, 1 + pick(random_, 65535));
      return;
    }
    if (to_come_[s].empty()) {
      put(u->flit_valid_i, 0);
      return;
    }
    const ReadoutFlit flit = to_come_[s].front();
    to_come_[s].pop_front();
    put(u->sink_i, case_.first + s);
    put(u->flit_end_i, flit.end);
    put(u->flit_index_i, flit.index);
    put(u->flit_mask_i, flit.mask);
    if (flit.end) arrived.push_back(s);
  }

  /// Another application's WAIT for a sink of its own, or the end of its sample on a channel of its own.
  void other_sends(unsigned other) {
    auto& u = *this;
    if (pick(random_, 2) == 0) {
      put(u->waited_i, u->waited_i | other);
      const unsigned at = 10 * (1 - case_.application);
      put(u->wait_sink_i, (u->wait_sink_i & ~(0x3ffU << at)) | case_.last_sink() << at);
    } else if (u->ended_i == 0) {
      put(u->ended_i, other);
      put(u->ended_channel_i, pick(random_, kChannels));
    }
  }

  const ExitCase& case_;
  Rng& random_;
  std::vector<std::deque<ReadoutFlit>> to_come_;  ///< by sink that is waited for
  std::vector<unsigned> tokens_;
  int held_ = 0;
  std::size_t sample_ = 0, step_ = 0, step_of_out_ = 0;
};

TEST(HostExitUnit, EndsSamplesWhereTheRuleDoes) {
  std::size_t cut = 0, whole = 0, wasted = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Rng random(seed);
    const ExitCase made(random);
    ExitBench bench(made, random);
    bench.run(made.words(random));
    const std::vector<SampleOut> want = made.expected();
    ASSERT_EQ(bench.out.size(), want.size()) << "seed " << seed;
    for (std::size_t s = 0; s < want.size(); ++s) {
      ASSERT_EQ(bench.out[s].steps, want[s].steps) << "seed " << seed << " sample " << s;
      ASSERT_EQ(bench.out[s].is_void, want[s].is_void) << "seed " << seed << " sample " << s;
      ++(want[s].is_void ? cut : whole);
      if (want[s].is_void && made.window > 1) ++wasted;
    }
  }
  EXPECT_GT(cut, 2000U);
  EXPECT_GT(whole, 2000U);
  EXPECT_GT(wasted, 500U);
}

/// After `clear` it says nothing until it is told again.
TEST(HostExitUnit, IsOffUntilItIsToldAndAfterClear) {
  UnitBench<Vunit_host_exit> unit;
  unit->flit_valid_i = unit->head_ends_i = unit->ended_i = unit->clear_i = unit->write_i = 0;
  const auto looks = [&] {
    put(unit->head_valid_i, 3);
    put(unit->waited_i, 1);
    put(unit->wait_sink_i, 0);
    unit.clock();
    put(unit->waited_i, 0);
    bool any = false;
    for (int clock = 0; clock < 6; ++clock) {
      unit.settle();
      any = any || unit->holds_o || unit->drops_o != 0 || unit->voids_o != 0;
      unit.clock();
    }
    return any;
  };
  const auto tell = [&](std::uint32_t field, std::uint32_t data) {
    put(unit->write_i, 1);
    put(unit->config_field_i, field);
    put(unit->config_data_i, data);
    unit.clock();
    put(unit->write_i, 0);
  };
  EXPECT_FALSE(looks());
  tell(hw::kAddrExitSinks, hw::RegExitSinks{.first = 0, .count = 1}.pack());
  tell(hw::kAddrExitNeurons, hw::RegExitNeurons{.count = 2}.pack());
  tell(hw::kAddrExitMargin, 0);
  EXPECT_FALSE(looks());
  tell(hw::kAddrExitSource, hw::RegExitSource{.valid = 1}.pack());
  EXPECT_TRUE(looks()) << "a margin of 0 is always reached";
  put(unit->clear_i, 1);
  unit.clock();
  put(unit->clear_i, 0);
  EXPECT_FALSE(looks());
}

}  // namespace
}  // namespace spikeloom::test

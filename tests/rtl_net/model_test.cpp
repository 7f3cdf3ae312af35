// The `model` device with the stand-in core against the cycle model: every word, stamp and counter, for
// firings of one page and of several.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "compiler/chip_model/model_device.hpp"
#include "tests/rtl_net/mesh_case.hpp"
#include "tests/rtl_net/mesh_shapes.hpp"

namespace spikeloom::test {
namespace {

/// stub/crossbar_core.sv as a CoreModel.
class StandInCore final : public CoreModel {
 public:
  StandInCore(const device_model::TileMemory& memory, const MeshShape& shape)
      : memory_(memory), shape_(shape), delay_(page_delay(shape)) {}

  void invalidate() override {}
  device_model::Firing fire(std::uint32_t context, std::span<const device_model::Page* const> pages,
                            std::uint32_t count, bool last) override {
    const device_model::ContextRegisters& registers = memory_.contexts.at(context);
    const auto update = hw::RegContextUpdate::unpack(registers.core[hw::kAddrContextUpdate]);
    const std::uint32_t state = registers.core[hw::kAddrContextState];
    const bool alternate = (update.first & 1U) != 0;
    device_model::Firing firing;
    std::int64_t now = 0, updates = 0, longest = 0;
    for (std::size_t p = 0; p < pages.size(); ++p) {
      const bool ends = last && p + 1 == pages.size();
      const std::uint32_t mixed = (count + p == 0 ? 0 : state) ^ (ends ? state >> 1U : 0);
      const std::size_t before = firing.out.size();
      now = std::max(now, (firing.freed.empty() ? 0 : firing.freed.back()) + delay_) + 2;
      for (std::uint32_t c = 0; c < registers.limit.at(std::min<std::size_t>(count + p, 15)); ++c) {
        const std::uint32_t mask = pages[p]->at(c);
        if (mask == 0) continue;
        now += 2;
        const std::uint32_t out = ((mask << 1U | mask >> 15U) & 0xffffU) ^ mixed;
        if (out != 0)
          firing.out.push_back({c, static_cast<std::uint16_t>(out), static_cast<std::uint16_t>(p)});
      }
      firing.freed.push_back(now);
      const auto pushes = static_cast<std::int64_t>(firing.out.size() - before);
      longest = std::max(longest, pushes);
      (alternate ? now : updates) += update.count + std::max<std::int64_t>(pushes, 1);
    }
    if (shape_.looks != 0) {
      const auto n = static_cast<std::int64_t>(pages.size());
      const std::int64_t looks = shape_.page_chunks + 2;  // at a page
      now = n * looks + 2 + delay_;
      for (std::int64_t i = 0; i < n; ++i)
        firing.freed[static_cast<std::size_t>(i)] = alternate ? (i + 1) * looks + 1 : ++now;
      updates = update.count + n * (longest + 1);
    }
    firing.time = {.integrate = firing.freed.back(), .update = now + updates - firing.freed.back()};
    firing.freed.pop_back();
    return firing;
  }
  std::int32_t potential(std::uint32_t, std::uint32_t) const override { return 0; }

 private:
  const device_model::TileMemory& memory_;
  const MeshShape& shape_;
  std::int64_t delay_;  ///< of a page's start
};

Chip chip_of(const MeshShape& shape) {
  Chip chip;
  chip.width = shape.width;
  chip.height = shape.height;
  chip.spike_wheel = shape.spike_wheel;
  chip.credit_wheel = shape.credit_wheel;
  chip.chunk_index_bits = 6;
  chip.tile.contexts = shape.contexts;
  chip.tile.page_rows = shape.page_rows;
  chip.tile.page_chunks = shape.page_chunks;
  chip.tile.page_blocks = shape.page_blocks;
  chip.tile.deliveries = shape.deliveries;
  chip.tile.channels = shape.channels;
  chip.tile.credit_counters = shape.credit_counters;
  chip.tile.out_entries = shape.out_entries;
  chip.tile.order_entries = shape.order_entries;
  chip.host.applications = shape.applications;
  chip.host.channels = shape.host_channels;
  chip.host.credit_counters = shape.host_counters;
  return chip;
}

class Runner {
 public:
  explicit Runner(ModelLink& model) : model_(model) {}

  std::vector<Word> sent, sink;

  /// Sends everything and takes what the chip says, until nothing moves.
  void run(std::span<const Word> words) {
    for (bool moves = true; moves;) {
      const std::size_t taken = model_.send(words);
      words = words.subspan(taken);
      moves = model_.progress();
      std::array<Word, 64> said;
      for (std::size_t n; (n = model_.receive(said)) > 0;)
        for (std::size_t i = 0; i < n; ++i) {
          const auto word = hw::WordRing::unpack(said[i]);
          if (word.kind == hw::kKindRingAnswer)
            answer_ = word.data;
          else
            (word.kind == hw::kKindOutSent ? sent : sink).push_back(said[i]);
        }
      moves = moves || (taken > 0 && !words.empty());
    }
    EXPECT_TRUE(words.empty());
  }
  std::uint32_t read(std::uint32_t node, std::uint32_t address) {
    const Word word = ring_read(node, address);
    run({&word, 1});
    return answer_;
  }

 private:
  ModelLink& model_;
  std::uint32_t answer_ = 0;
};

/// The model says words in the order in which it computes them: that of time within a channel.
bool has_a_sink_for_each(const MeshCase& mesh) {
  std::set<unsigned> sinks;
  return std::all_of(mesh.channels.begin(), mesh.channels.end(),
                     [&](const MeshChannel& c) { return !c.to_sink || sinks.insert(c.sink).second; });
}

std::map<std::uint32_t, std::vector<Word>> by_sink(const std::vector<Word>& words) {
  std::map<std::uint32_t, std::vector<Word>> sinks;
  for (const Word word : words) sinks[hw::WordOutEos::unpack(word).channel].push_back(word);
  return sinks;
}

void many(const MeshShape& shape, std::uint64_t first, unsigned cases) {
  unsigned ran = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const MeshCase mesh = draw_case(shape, seed);
    if (!mesh.valid || !has_a_sink_for_each(mesh)) continue;
    ++ran;
    const MeshResult want = simulate(mesh, 20000);
    ASSERT_TRUE(want.finished) << "seed " << seed << ": the drawn case never ends";
    const std::unique_ptr<ModelLink> model =
        open_model(chip_of(shape), [&](std::uint32_t, device_model::TileMemory& memory) {
          return TileCore{std::make_unique<StandInCore>(memory, shape), shape.firing_pages};
        });
    Runner runner(*model);
    runner.run(mesh.image);
    for (int round = 0; round < 2; ++round) {
      runner.sent.clear();
      runner.sink.clear();
      runner.run(mesh.start);
      runner.run(mesh.input);
      ASSERT_EQ(runner.sent, want.sent) << "seed " << seed << " run " << round;
      ASSERT_EQ(by_sink(runner.sink), by_sink(want.sink)) << "seed " << seed << " run " << round;
      for (unsigned t = 0; t < shape.width * shape.height; ++t) {
        ASSERT_EQ(runner.read(t + 1, hw::kAddrNodeFirings), want.firings[t]) << "seed " << seed;
        ASSERT_EQ(runner.read(t + 1, hw::kAddrNodeWaitInput), want.wait_input[t]) << "seed " << seed;
        ASSERT_EQ(runner.read(t + 1, hw::kAddrNodeWaitOutput), want.wait_output[t]) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(ran, cases / 8);
}

TEST(ModelDevice, IsTheProtocolsWithOnePageAFiring) { many(kMesh22, 1, 500); }
TEST(ModelDevice, IsTheProtocolsWithTwoPagesAFiring) { many(kMesh22b, 200001, 1000); }
TEST(ModelDevice, IsTheProtocolsWithFourPagesAFiring) { many(kMesh21b, 300001, 1000); }
TEST(ModelDevice, IsTheProtocolsWithACoreThatLooks) { many(kMesh22l, 400001, 500); }

}  // namespace
}  // namespace spikeloom::test

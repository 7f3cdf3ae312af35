// The neurons' update in RTL against the step in C++: runs of parts of a program for several pages, at random
// distances and under freezes. Lists, states, the sums that are asked for, and exact cycles.
#include <gtest/gtest.h>
#include <verilated.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/core/neuron/step.hpp"
#include "compiler/core/neuron/timing.hpp"
#include "neuron_shapes.hpp"

namespace spikeloom::test {
namespace {

/// The RTL's parameters, in the order of the shapes.
struct Parameters {
  unsigned AccLanes, LifGroups, Pages, LifLanes, AccBits, StateBits, BiasBits, MaxScale, Current, Readout,
      StateWords, UpdateEntries, ParamSets, BiasWords;
};

/// Groups that a core updates together, and their entries.
struct Block {
  std::uint32_t first = 0, count = 0;
};

template <class Shape>
class Update {
 public:
  using Model = typename Shape::Model;
  static constexpr auto kShape = Shape::template parameters<Parameters>();

  explicit Update(std::uint64_t seed) : rng_(seed), tile_(Shape::tile()) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed) + 1);
    model_ = std::make_unique<Model>(&context_);
    model_->fire_i = model_->load_i = model_->start_i = 0;
    model_->rst_i = 1;
    for (int n = 0; n < 2; ++n) clock();
    model_->rst_i = 0;
    memory_.contexts.resize(1);
    memory_.memories[hw::kMemUpdates] = {tile_.update_entries, hw::MemUpdateEntry::kParts};
    memory_.memories[hw::kMemSets] = {tile_.param_sets, hw::MemSetEntry::kParts};
    for (const std::uint32_t window : {hw::kMemPotentials, hw::kMemCurrents})
      memory_.memories[window] = {tile_.state_words, tile_.lif_lanes};
    memory_.memories[hw::kMemBiases] = {biases(), tile_.lif_lanes};
  }
  ~Update() {
    model_->final();
    model_.reset();
    Verilated::threadContextp(Verilated::defaultContextp());
  }
  Update(const Update&) = delete;
  Update& operator=(const Update&) = delete;

  /// Returns the pushes.
  std::size_t run(int firings, double freeze) {
    draw();
    load();
    freeze_ = freeze;
    for (int n = 0; n < firings && !testing::Test::HasFailure(); ++n) fire();
    compare_states();
    return pushes_;
  }

 private:
  /// Words of them.
  [[nodiscard]] std::uint32_t biases() const {
    return tile_.bias_words != 0 ? tile_.bias_words : tile_.state_words;
  }

  /// A signed number of so many bits, as a word holds it.
  std::uint32_t number(std::uint32_t bits, double small) {
    const auto range = rng_.chance(small) ? std::uint64_t{64} : std::uint64_t{1} << bits;
    return static_cast<std::uint32_t>(
        neuron::sign_extend(static_cast<std::uint32_t>(rng_.below(range) - range / 2), bits));
  }

  /// Parameter sets, biases, states, and a program: blocks of groups, each of which ends with a chunk.
  void draw() {
    for (std::uint32_t n = 0; n < tile_.param_sets; ++n) {
      hw::MemSetEntry set{.alpha = static_cast<std::uint32_t>(rng_.below(4097)),
                          .beta = static_cast<std::uint32_t>(rng_.below(4097)),
                          .theta = number(tile_.state_bits, 0.8),
                          .v_reset = number(tile_.state_bits, 0.5),
                          .bias_v = number(tile_.state_bits, 0.9),
                          .scale = static_cast<std::uint32_t>(rng_.below(tile_.max_scale + 1)),
                          .subtract = rng_.chance(0.5)};
      put(hw::kMemSets, n, set.pack());
    }
    for (std::uint32_t word = 0; word < biases(); ++word)
      for (std::uint32_t lane = 0; lane < tile_.lif_lanes; ++lane)
        memory_.memories[hw::kMemBiases].set(word, lane, number(tile_.bias_bits, 0.7));
    for (std::uint32_t word = 0; word < tile_.state_words; ++word)
      for (std::uint32_t lane = 0; lane < tile_.lif_lanes; ++lane) {
        memory_.memories[hw::kMemPotentials].set(word, lane, number(tile_.state_bits, 0.5));
        memory_.memories[hw::kMemCurrents].set(word, lane,
                                               tile_.current != 0 ? number(tile_.state_bits, 0.5) : 0);
      }
    readout_ = kShape.Readout != 0 && rng_.chance(0.4);
    memory_.contexts[0].mode = {.valid = 1, .readout = readout_, .last_only = rng_.chance(0.5)};
    const std::uint32_t per_chunk = hw::kChunkBits / tile_.lif_lanes;
    std::uint32_t group = 0, entry = static_cast<std::uint32_t>(rng_.below(5));
    // A core of one page may let groups pass through one state, one after another; any other has one for
    // each.
    const bool shares = tile_.bias_words != 0 && kShape.Pages == 1 && !readout_;
    groups_ = 1 + static_cast<std::uint32_t>(rng_.below(std::min(
                      kShape.LifGroups, shares ? tile_.bias_words : std::min(tile_.state_words, biases()))));
    words_ =
        shares ? 1 + static_cast<std::uint32_t>(rng_.below(std::min(groups_, tile_.state_words))) : groups_;
    first_word_ = static_cast<std::uint32_t>(rng_.below(tile_.state_words - words_ + 1));
    first_bias_ = static_cast<std::uint32_t>(rng_.below(biases() - groups_ + 1));
    turn_ = static_cast<std::uint32_t>(rng_.below(words_));
    while (group < groups_) {
      Block block{entry, 0};
      // A core of one page runs the whole program at once.
      const std::uint32_t chunks =
          kShape.Pages == 1 ? groups_ : 1 + static_cast<std::uint32_t>(rng_.below(3));
      for (std::uint32_t k = 0; k < chunks * per_chunk && group < groups_; ++k, ++group) {
        const std::uint32_t most = readout_ ? 2 * tile_.lif_lanes : tile_.lif_lanes;
        if (entry + most + kApart > tile_.update_entries) break;
        const std::vector<hw::MemUpdateEntry> own = entries_of(group);
        for (std::uint32_t at = entry; shares && at > block.first && entry - at + 1 < kApart; --at) {
          if (program(at - 1).state != own.front().state) continue;
          // So near, the state is not written yet: entries that do nothing stand between them.
          hw::MemUpdateEntry nothing = program(entry - 1);
          nothing.mask = nothing.emit = 0;
          for (const std::uint32_t first = at + kApart - 1; entry < first;)
            put(hw::kMemUpdates, entry++, nothing.pack());
          break;
        }
        for (const hw::MemUpdateEntry& one : own) put(hw::kMemUpdates, entry++, one.pack());
      }
      block.count = entry - block.first;
      if (block.count == 0) break;
      // Whatever the block's last group is, its spikes are sent.
      hw::MemUpdateEntry last = program(entry - 1);
      last.emit = 1;
      put(hw::kMemUpdates, entry - 1, last.pack());
      blocks_.push_back(block);
      if (block.first + block.count + 2 * tile_.lif_lanes + kApart > tile_.update_entries) break;
    }
  }
  /// Entries from one that writes a state to one of another group that reads it, at least.
  static constexpr std::uint32_t kApart = 6;

  std::vector<hw::MemUpdateEntry> entries_of(std::uint32_t group) {
    std::vector<hw::MemUpdateEntry> entries = own_entries_of(group);
    const bool later = tile_.bias_words != 0 && (group >= words_ || rng_.chance(0.1));
    for (hw::MemUpdateEntry& entry : entries) {
      // A tile without words of biases has no use for it.
      entry.state =
          tile_.bias_words != 0 ? (group + turn_) % words_ : static_cast<std::uint32_t>(rng_.below(4096));
      entry.later = tile_.bias_words != 0 ? later : rng_.chance(0.5);
    }
    return entries;
  }
  std::vector<hw::MemUpdateEntry> own_entries_of(std::uint32_t group) {
    std::vector<hw::MemUpdateEntry> entries;
    const auto set = [&] { return static_cast<std::uint32_t>(rng_.below(tile_.param_sets)); };
    if (readout_) {
      for (std::uint32_t lane = 0; lane < tile_.lif_lanes; ++lane) {
        hw::MemUpdateEntry entry{.group = group, .set = set(), .emit = 1, .lane = lane};
        entries.push_back(entry);
        entry.half = 1;
        entry.mask = 1U << lane;
        entries.push_back(entry);
      }
      return entries;
    }
    std::uint32_t left = (1U << tile_.lif_lanes) - 1;
    const bool alike = rng_.chance(0.6);
    while (left != 0) {
      std::uint32_t mask = alike ? left : left & static_cast<std::uint32_t>(rng_.next());
      if (mask == 0) mask = left & -left;
      entries.push_back({.group = group, .set = set(), .mask = mask});
      left &= ~mask;
    }
    entries.back().emit = (group + 1) % (hw::kChunkBits / tile_.lif_lanes) == 0;
    return entries;
  }

  hw::MemUpdateEntry program(std::uint32_t n) const {
    const device_model::Memory& updates = memory_.memories[hw::kMemUpdates];
    return hw::MemUpdateEntry::unpack({updates.part(n, 0), updates.part(n, 1)});
  }
  template <class Parts>
  void put(std::uint32_t window, std::uint32_t word, const Parts& parts) {
    for (std::size_t p = 0; p < parts.size(); ++p) memory_.memories[window].set(word, p, parts[p]);
  }

  void load() {
    for (const std::uint32_t window :
         {hw::kMemUpdates, hw::kMemSets, hw::kMemBiases, hw::kMemPotentials, hw::kMemCurrents}) {
      const device_model::Memory& memory = memory_.memories[window];
      for (std::uint32_t word = 0; word < memory.words(); ++word)
        for (std::uint32_t part = 0; part < memory.parts(); ++part) {
          access(window, true);
          model_->cfg_word_i = word;
          model_->cfg_part_i = static_cast<std::uint8_t>(part);
          model_->cfg_data_i = memory.part(word, part);
          model_->en_i = rng_.chance(0.5);
          clock();
        }
    }
    access(0, false);
  }
  void access(std::uint32_t window, bool write) {
    model_->cfg_update_we_i = write && window == hw::kMemUpdates;
    model_->cfg_set_we_i = write && window == hw::kMemSets;
    model_->cfg_bias_we_i = write && window == hw::kMemBiases;
    model_->cfg_potential_we_i = write && window == hw::kMemPotentials;
    model_->cfg_current_we_i = write && window == hw::kMemCurrents && kShape.Current != 0;
    model_->cfg_potential_re_i = 0;
    model_->cfg_current_re_i = 0;
  }
  void compare_states() {
    for (const std::uint32_t window : {hw::kMemPotentials, hw::kMemCurrents})
      for (std::uint32_t word = 0; word < tile_.state_words; ++word)
        for (std::uint32_t lane = 0; lane < tile_.lif_lanes; ++lane) {
          if (window == hw::kMemCurrents && kShape.Current == 0) continue;
          access(0, false);
          model_->cfg_potential_re_i = window == hw::kMemPotentials;
          model_->cfg_current_re_i = window == hw::kMemCurrents;
          model_->cfg_word_i = word;
          model_->cfg_part_i = static_cast<std::uint8_t>(lane);
          clock();
          access(0, false);
          clock();
          ASSERT_EQ(model_->cfg_data_o, memory_.memories[window].part(word, lane))
              << "window " << window << " word " << word << " lane " << lane;
        }
  }

  struct Start {
    std::int64_t cycle = 0;
    Block block{};
    std::uint32_t page = 0;
  };

  /// Sums of a page by neuron; 0 where nothing was added.
  std::int32_t sum(std::uint32_t page, std::uint32_t neuron) const { return sums_[page][neuron]; }

  void fire() {
    const auto pages = 1 + static_cast<std::uint32_t>(rng_.below(kShape.Pages));
    const bool first = rng_.chance(0.3), last = rng_.chance(0.5);
    sums_.assign(pages, std::vector<std::int32_t>(std::size_t{groups_} * tile_.lif_lanes, 0));
    untouched_.assign(pages, std::vector<bool>(groups_, false));
    for (std::uint32_t page = 0; page < pages; ++page)
      for (std::uint32_t group = 0; group < groups_; ++group) {
        untouched_[page][group] = rng_.chance(0.2);
        for (std::uint32_t lane = 0; lane < tile_.lif_lanes && !untouched_[page][group]; ++lane)
          sums_[page][group * tile_.lif_lanes + lane] =
              static_cast<std::int32_t>(number(tile_.acc_bits, 0.6));
      }
    const device_model::Firing expected = step(pages, first, last);

    // Of the RTL: the runs, one behind the other.
    std::vector<Start> runs;
    for (const Block& block : blocks_)
      for (std::uint32_t page = 0; page < pages; ++page) runs.push_back({0, block, page});
    std::vector<device_model::OutEntry> out;
    std::map<std::int64_t, std::vector<bool>> asked;
    std::size_t loaded = 0, started = 0, done = 0;
    std::int64_t ready_from = 0;
    cycle_ = 0;
    fired_ = false;
    answer_.reset();
    for (std::int64_t limit = 0; done < runs.size() && limit < 200000; ++limit) {
      const bool enabled = !rng_.chance(freeze_);
      model_->en_i = enabled;
      // A firing's first load comes with it, or later.
      model_->fire_i = enabled ? !fired_ : rng_.chance(0.5);
      model_->fire_last_i = kShape.Pages == 1 ? last : rng_.chance(0.5);
      model_->ctx_state_i = static_cast<std::uint16_t>(first_word_);
      model_->ctx_bias_i =
          static_cast<std::uint16_t>(tile_.bias_words != 0 ? first_bias_ : rng_.below(65536));
      model_->ctx_readout_i = readout_;
      model_->ctx_last_only_i = memory_.contexts[0].mode.last_only != 0;
      const bool may_start = loaded > started && start_from_ <= cycle_;
      model_->start_i = enabled ? may_start && (hurry_ || rng_.chance(0.3)) : rng_.chance(0.5);
      model_->load_i = 0;
      settle();
      const bool idle = loaded == started && !(kShape.Pages == 1 && done < started);
      const bool ready = model_->ready_o;
      if (enabled && started > 0 && loaded == started && kShape.Pages > 1) {
        // Exactly as the header says, from the start of the run before.
        EXPECT_EQ(ready, cycle_ >= ready_from) << "cycle " << cycle_;
      }
      model_->load_i =
          enabled ? loaded < runs.size() && idle && ready && (hurry_ || rng_.chance(0.3)) : rng_.chance(0.5);
      if (kShape.Pages == 1 && enabled && model_->load_i == 0 && !fired_) model_->fire_i = 0;
      if (kShape.Pages == 1 && enabled && model_->load_i != 0) model_->fire_i = 1;
      const bool loads = enabled && model_->load_i != 0;
      const Start* run = loads ? &runs[loaded] : nullptr;
      const auto noise = [&](std::uint64_t bound) { return rng_.below(bound); };
      model_->run_entry_i = static_cast<std::uint16_t>(run != nullptr ? run->block.first : noise(65536));
      model_->run_count_i = static_cast<std::uint16_t>(run != nullptr ? run->block.count : 1 + noise(65535));
      model_->run_page_i = static_cast<std::uint8_t>(run != nullptr ? run->page : noise(kShape.Pages));
      model_->run_first_i = run != nullptr ? first && run->page == 0 : rng_.chance(0.5);
      model_->run_last_i = run != nullptr ? last && run->page + 1 == pages : rng_.chance(0.5);
      present_sums(enabled);
      settle();
      // Where the lanes of the group stand that is asked for.
      model_->acc_slice_i =
          static_cast<std::uint8_t>(model_->acc_group_o % (kShape.AccLanes / kShape.LifLanes));
      settle();
      if (enabled) {
        if (model_->fire_i) fired_ = true;
        if (loads) {
          ++loaded;
          start_from_ = cycle_ + 1;
        }
        if (model_->start_i) {
          runs[started].cycle = cycle_;
          ready_from = cycle_ + neuron::pass_cycles(tile_, runs[started].block.count) - 1;
          ++started;
        }
        observe(runs, started, done, out);
        ++cycle_;
      }
      edge();
    }
    ASSERT_EQ(done, runs.size());
    model_->load_i = model_->start_i = model_->fire_i = 0;
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.page < b.page; });
    ASSERT_EQ(out.size(), expected.out.size());
    for (std::size_t n = 0; n < out.size(); ++n) {
      ASSERT_EQ(out[n].page, expected.out[n].page) << n;
      ASSERT_EQ(out[n].index, expected.out[n].index) << n;
      ASSERT_EQ(out[n].mask, expected.out[n].mask) << n;
    }
    pushes_ += out.size();
    hurry_ = rng_.chance(0.6);
  }

  /// The step in C++, page after page of each block; out page by page.
  device_model::Firing step(std::uint32_t pages, bool first, bool last) {
    neuron::Updater updater(tile_, memory_);
    device_model::Firing firing;
    std::uint32_t chunk = 0;
    for (const Block& block : blocks_) {
      const std::vector<neuron::Update> updates = updater.decode(block.first, block.count);
      std::uint32_t after = chunk;
      for (std::uint32_t page = 0; page < pages; ++page)
        after = updater.run({.program = updates,
                             .mode = memory_.contexts[0].mode,
                             .first_word = first_word_,
                             .first_bias = first_bias_,
                             .page = page,
                             .first_chunk = chunk,
                             .first = first && page == 0,
                             .last = last && page + 1 == pages,
                             .sums = sums_[page]},
                            firing);
      chunk = after;
    }
    std::stable_sort(firing.out.begin(), firing.out.end(),
                     [](const auto& a, const auto& b) { return a.page < b.page; });
    return firing;
  }

  /// The answer to the read of the enabled cycle before, else noise.
  void present_sums(bool enabled) {
    const std::uint32_t lanes = kShape.AccLanes, lif = tile_.lif_lanes;
    for (std::uint32_t lane = 0; lane < lanes; ++lane) set_sum(lane, static_cast<std::uint32_t>(rng_.next()));
    model_->acc_touched_i = rng_.chance(0.5);
    if (!enabled || !answer_) return;
    const auto [page, group] = *answer_;
    model_->acc_touched_i = !untouched_[page][group];
    if (untouched_[page][group]) return;
    const std::uint32_t slice = group % (lanes / lif);
    for (std::uint32_t lane = 0; lane < lif; ++lane)
      set_sum(slice * lif + lane, static_cast<std::uint32_t>(sum(page, group * lif + lane)));
  }
  void set_sum(std::uint32_t lane, std::uint32_t value) {
    auto& words = model_->acc_data_i;
    for (std::uint32_t b = 0; b < tile_.acc_bits; ++b) {
      const std::uint32_t at = lane * tile_.acc_bits + b;
      if constexpr (requires { words[0]; }) {
        words[at / 32] = (words[at / 32] & ~(1U << at % 32)) | (value >> b & 1U) << at % 32;
      } else {
        const std::uint64_t one = std::uint64_t{value >> b & 1U} << at;
        words = static_cast<std::remove_reference_t<decltype(words)>>(
            (std::uint64_t{words} & ~(std::uint64_t{1} << at)) | one);
      }
    }
  }

  void observe(const std::vector<Start>& runs, std::size_t started, std::size_t& done,
               std::vector<device_model::OutEntry>& out) {
    // The entry that is in stage 2 now.
    bool reads = false, ends = false;
    for (std::size_t n = 0; n < started; ++n) {
      const std::int64_t entry = cycle_ - runs[n].cycle - 2;
      if (entry < 0 || entry >= runs[n].block.count) continue;
      reads = true;
      ends = entry + 1 == runs[n].block.count;
      const std::uint32_t group = program(runs[n].block.first + static_cast<std::uint32_t>(entry)).group;
      EXPECT_EQ(model_->acc_group_o, group) << "cycle " << cycle_;
      EXPECT_EQ(model_->acc_page_o, runs[n].page) << "cycle " << cycle_;
      answer_ = {runs[n].page, group};
    }
    EXPECT_EQ(model_->acc_read_o, reads) << "cycle " << cycle_;
    EXPECT_EQ(model_->last_read_o, ends) << "cycle " << cycle_;
    if (!reads) answer_.reset();
    if (model_->out_push_o) out.push_back({model_->out_index_o, model_->out_mask_o, model_->out_page_o});
    const bool expect_done = done < started && cycle_ == runs[done].cycle + runs[done].block.count + 7;
    EXPECT_EQ(model_->done_o, expect_done) << "cycle " << cycle_;
    if (expect_done) ++done;
  }

  void settle() {
    model_->clk_i = 0;
    model_->eval();
  }
  void edge() {
    model_->clk_i = 1;
    model_->eval();
  }
  void clock() {
    settle();
    edge();
  }

  Rng rng_;
  VerilatedContext context_;
  std::unique_ptr<Model> model_;
  TileConfig tile_;
  device_model::TileMemory memory_;
  std::vector<Block> blocks_;
  std::uint32_t groups_ = 0, first_word_ = 0, first_bias_ = 0;
  std::uint32_t words_ = 0;  ///< of state that the groups pass through, by turns that begin with number turn_
  std::uint32_t turn_ = 0;
  bool readout_ = false, hurry_ = true, fired_ = false;
  double freeze_ = 0;
  std::vector<std::vector<std::int32_t>> sums_;                    ///< by page and neuron
  std::vector<std::vector<bool>> untouched_;                       ///< by page and group
  std::optional<std::pair<std::uint32_t, std::uint32_t>> answer_;  ///< page, group
  std::int64_t cycle_ = 0, start_from_ = 0;
  std::size_t pushes_ = 0;
};

template <class Shape>
class NeuronUpdate : public testing::Test {};
TYPED_TEST_SUITE(NeuronUpdate, Shapes);

TYPED_TEST(NeuronUpdate, RunsAsTheStepInExactlyItsCycles) {
  std::size_t pushes = 0;
  for (std::uint64_t seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    pushes += Update<TypeParam>(seed).run(4, 0);
  }
  EXPECT_GT(pushes, 400U);
}

TYPED_TEST(NeuronUpdate, IsNotChangedByFreezes) {
  std::size_t pushes = 0;
  for (std::uint64_t seed = 100; seed < 115 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    pushes += Update<TypeParam>(seed).run(3, 0.5);
  }
  EXPECT_GT(pushes, 100U);
}

}  // namespace
}  // namespace spikeloom::test

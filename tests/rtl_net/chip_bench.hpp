// A Verilated chip behind its two streams, with a link that stalls at random. For tests.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <verilated.h>

#include "compiler/base/rng.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::test {

using Word = std::uint64_t;

inline Word ring_write(std::uint32_t node, std::uint32_t address, std::uint32_t data) {
  return hw::WordRing{.data = data, .address = address, .node = node, .kind = hw::kKindRingWrite}.pack();
}
inline Word ring_read(std::uint32_t node, std::uint32_t address) {
  return hw::WordRing{.data = 0, .address = address, .node = node, .kind = hw::kKindRingRead}.pack();
}
inline std::uint32_t at(std::uint32_t block, std::uint32_t offset) {
  return hw::Address{.offset = offset, .block = block}.pack();
}

/// How a link treats the chip: chances in percent, each clock, that a word is offered or taken.
struct Link {
  unsigned offer = 100;
  unsigned take = 100;
};

template <typename Model>
class ChipBench {
 public:
  explicit ChipBench(std::uint64_t seed, Link link = {}) : random_(seed), link_(link) {
    model_->rst_i = 1;
    model_->in_valid_i = 0;
    model_->out_ready_i = 0;
    for (int i = 0; i < 4; ++i) clock();
    model_->rst_i = 0;
    clock();
  }
  ~ChipBench() { model_->final(); }

  void send(Word word) { to_send_.push_back(word); }
  void send(const std::vector<Word>& words) { to_send_.insert(to_send_.end(), words.begin(), words.end()); }
  [[nodiscard]] bool all_sent() const { return to_send_.empty(); }
  [[nodiscard]] std::size_t unsent() const { return to_send_.size(); }
  std::deque<Word>& received() { return received_; }
  [[nodiscard]] bool idle() const { return model_->idle_o != 0; }
  [[nodiscard]] std::uint64_t clocks() const { return clocks_; }
  Model& model() { return *model_; }

  /// One clock with the link's moods.
  void step() {
    if (!offering_ && !to_send_.empty() && random_.below(100) < link_.offer) offering_ = true;
    model_->in_valid_i = offering_ ? 1 : 0;
    model_->in_data_i = offering_ ? to_send_.front() : 0x5a5a5a5a5a5a5a5aULL;
    model_->out_ready_i = random_.below(100) < link_.take ? 1 : 0;
    model_->eval();
    const bool sent = model_->in_valid_i && model_->in_ready_o;
    const bool got = model_->out_valid_o && model_->out_ready_i;
    const Word word = model_->out_data_o;
    clock();
    if (sent) {
      to_send_.pop_front();
      offering_ = false;
    }
    if (got) received_.push_back(word);
  }
  /// Steps until everything is sent and the chip is idle, or `limit` clocks. Returns whether it came to rest.
  bool settle(std::uint64_t limit) {
    for (std::uint64_t i = 0; i < limit; ++i) {
      step();
      if (to_send_.empty() && model_->idle_o && !model_->out_valid_o) return true;
    }
    return false;
  }
  /// Reads a register over the ring; nothing else may be on its way.
  std::uint32_t read(std::uint32_t node, std::uint32_t address) {
    const std::size_t before = received_.size();
    send(ring_read(node, address));
    for (int i = 0; i < 100000 && received_.size() == before; ++i) step();
    if (received_.size() == before) return 0xdeadbeefU;
    const auto answer = hw::WordRing::unpack(received_.back());
    received_.pop_back();
    return answer.kind == hw::kKindRingAnswer && answer.node == node && answer.address == address
               ? answer.data
               : 0xdeadbeefU;
  }

 private:
  void clock() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
    ++clocks_;
  }

  std::unique_ptr<Model> model_ = std::make_unique<Model>();
  Rng random_;
  Link link_;
  std::deque<Word> to_send_, received_;
  bool offering_ = false;
  std::uint64_t clocks_ = 0;
};

}  // namespace spikeloom::test

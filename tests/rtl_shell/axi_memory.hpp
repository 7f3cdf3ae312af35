// A memory behind an AXI4 port with random moods, and a checker of the protocol's rules on every channel. For
// tests.
//
// Checked: once raised, valid and payload hold until ready (all ten channels); INCR bursts of 64-bit beats,
// aligned, at most 64 long, within 4 KiB; WLAST at the last beat and there only; all strobes on; no beat that
// belongs to no request once all is quiet; responses in order and only to requests; every valid low in reset.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "compiler/base/rng.hpp"

namespace spikeloom::test {

/// Chances in percent, each clock, that the memory is ready or answers, and the latest answer in clocks.
struct MemoryMoods {
  unsigned ar = 100, r = 100, aw = 100, w = 100, b = 100;
  unsigned latency = 0;
  bool address_after_data = false;  ///< AWREADY only when WVALID is there, which AXI allows
};

/// One channel: valid and payload hold until ready.
class HoldCheck {
 public:
  explicit HoldCheck(std::string name) : name_(std::move(name)) {}
  void look(bool valid, bool ready, std::uint64_t a, std::uint64_t b = 0) {
    const std::array payload = {a, b};
    if (waiting_) {
      EXPECT_TRUE(valid) << name_ << ": valid fell before ready";
      EXPECT_EQ(payload, payload_) << name_ << ": the payload changed before ready";
    }
    waiting_ = valid && !ready;
    payload_ = payload;
    if (valid && ready) ++transfers_;
  }
  [[nodiscard]] std::uint64_t transfers() const { return transfers_; }

 private:
  std::string name_;
  bool waiting_ = false;
  std::array<std::uint64_t, 2> payload_{};
  std::uint64_t transfers_ = 0;
};

template <typename Model>
class AxiMemory {
 public:
  AxiMemory(std::uint64_t seed, const MemoryMoods& first) : moods(first), random_(seed) {}

  MemoryMoods moods;
  std::set<std::uint64_t> bad_reads,
      bad_writes;  ///< addresses of beats, of bursts' first beats, answered with SLVERR

  void write(std::uint64_t address, std::uint64_t word) { words_[address] = word; }
  [[nodiscard]] std::uint64_t read(std::uint64_t address) const {
    const auto found = words_.find(address);
    return found == words_.end() ? 0xbaadbaadbaadbaadULL : found->second;
  }
  [[nodiscard]] bool at_rest() const {
    return reads_.empty() && writes_.empty() && beats_.empty() && answers_.empty();
  }
  [[nodiscard]] std::uint64_t requests() const { return ar_.transfers() + aw_.transfers(); }
  [[nodiscard]] std::size_t most_reads() const { return most_reads_; }
  [[nodiscard]] std::uint64_t longest_read() const { return longest_read_; }

  /// Before the clock: the memory's own signals.
  void drive(Model& m) {
    m.m_axi_gmem_arready = chance(moods.ar);
    m.m_axi_gmem_awready =
        chance(moods.aw) && (!moods.address_after_data || m.m_axi_gmem_wvalid || !beats_.empty());
    m.m_axi_gmem_wready = chance(moods.w);
    if (!reading_) reading_ = !reads_.empty() && reads_.front().due <= now_ && chance(moods.r);
    m.m_axi_gmem_rvalid = reading_;
    if (reading_) {
      const Read& r = reads_.front();
      m.m_axi_gmem_rdata = read(r.address);
      m.m_axi_gmem_rresp = bad_reads.contains(r.address) ? 2 : 0;
      m.m_axi_gmem_rlast = r.left == 1;
    } else {
      m.m_axi_gmem_rdata = 0x5a5a5a5a5a5a5a5aULL;
      m.m_axi_gmem_rresp = 3;
    }
    if (!answering_) answering_ = !answers_.empty() && answers_.front().due <= now_ && chance(moods.b);
    m.m_axi_gmem_bvalid = answering_;
    m.m_axi_gmem_bresp = answering_ ? answers_.front().response : 3;
  }

  /// With all signals settled, in the clock: rules and transfers.
  void look(const Model& m) {
    ar_.look(m.m_axi_gmem_arvalid, m.m_axi_gmem_arready, m.m_axi_gmem_araddr, m.m_axi_gmem_arlen);
    r_.look(m.m_axi_gmem_rvalid, m.m_axi_gmem_rready, m.m_axi_gmem_rdata, m.m_axi_gmem_rresp);
    aw_.look(m.m_axi_gmem_awvalid, m.m_axi_gmem_awready, m.m_axi_gmem_awaddr, m.m_axi_gmem_awlen);
    w_.look(m.m_axi_gmem_wvalid, m.m_axi_gmem_wready, m.m_axi_gmem_wdata, m.m_axi_gmem_wlast);
    b_.look(m.m_axi_gmem_bvalid, m.m_axi_gmem_bready, m.m_axi_gmem_bresp);
    if (m.m_axi_gmem_arvalid && m.m_axi_gmem_arready) {
      check_burst("AR", m.m_axi_gmem_araddr, m.m_axi_gmem_arlen, m.m_axi_gmem_arsize, m.m_axi_gmem_arburst);
      reads_.push_back({m.m_axi_gmem_araddr, m.m_axi_gmem_arlen + 1U, now_ + 1 + late()});
      longest_read_ = std::max<std::uint64_t>(longest_read_, m.m_axi_gmem_arlen + 1U);
    }
    most_reads_ = std::max(most_reads_, reads_.size());
    if (m.m_axi_gmem_rvalid && m.m_axi_gmem_rready) {
      reading_ = false;
      Read& r = reads_.front();
      r.address += 8;
      if (--r.left == 0) reads_.pop_front();
    }
    if (m.m_axi_gmem_awvalid && m.m_axi_gmem_awready) {
      check_burst("AW", m.m_axi_gmem_awaddr, m.m_axi_gmem_awlen, m.m_axi_gmem_awsize, m.m_axi_gmem_awburst);
      writes_.push_back({m.m_axi_gmem_awaddr, m.m_axi_gmem_awlen + 1U});
    }
    if (m.m_axi_gmem_wvalid && m.m_axi_gmem_wready) {
      EXPECT_EQ(m.m_axi_gmem_wstrb, 0xff) << "W: strobes";
      beats_.push_back({m.m_axi_gmem_wdata, m.m_axi_gmem_wlast != 0});
    }
    if (m.m_axi_gmem_bvalid && m.m_axi_gmem_bready) {
      answering_ = false;
      answers_.pop_front();
    }
    store();
    ++now_;
  }

 private:
  struct Read {
    std::uint64_t address = 0;
    unsigned left = 0;
    std::uint64_t due = 0;
  };
  struct Write {
    std::uint64_t address = 0;
    unsigned beats = 0;
  };
  struct Beat {
    std::uint64_t word = 0;
    bool last = false;
  };
  struct Answer {
    unsigned char response = 0;
    std::uint64_t due = 0;
  };

  bool chance(unsigned percent) { return random_.below(100) < percent; }
  std::uint64_t late() { return moods.latency == 0 ? 0 : random_.below(moods.latency + 1U); }

  static void check_burst(const char* name, std::uint64_t address, unsigned length, unsigned size,
                          unsigned burst) {
    EXPECT_EQ(size, 3U) << name << ": beats of 64 bits";
    EXPECT_EQ(burst, 1U) << name << ": INCR";
    EXPECT_EQ(address % 8, 0U) << name << ": aligned";
    EXPECT_LE(length, 63U) << name;
    EXPECT_EQ(address / 4096, (address + 8ULL * length + 7) / 4096)
        << name << ": crosses 4 KiB at " << address;
  }

  /// Whole bursts go into memory and are answered.
  void store() {
    while (!writes_.empty() && beats_.size() >= writes_.front().beats) {
      const Write w = writes_.front();
      writes_.pop_front();
      for (unsigned i = 0; i < w.beats; ++i) {
        EXPECT_EQ(beats_.front().last, i + 1 == w.beats) << "W: WLAST at beat " << i << " of " << w.beats;
        words_[w.address + 8ULL * i] = beats_.front().word;
        beats_.pop_front();
      }
      answers_.push_back(
          {static_cast<unsigned char>(bad_writes.contains(w.address) ? 2 : 0), now_ + 1 + late()});
    }
  }

  Rng random_;
  std::map<std::uint64_t, std::uint64_t> words_;
  std::deque<Read> reads_;
  std::deque<Write> writes_;
  std::deque<Beat> beats_;
  std::deque<Answer> answers_;
  bool reading_ = false, answering_ = false;
  std::uint64_t now_ = 0, longest_read_ = 0;
  std::size_t most_reads_ = 0;
  HoldCheck ar_{"AR"}, r_{"R"}, aw_{"AW"}, w_{"W"}, b_{"B"};
};

}  // namespace spikeloom::test

// The tile's part of a page: gives a Verilated core the page's chunks one after the other, or those that it
// looks at, as the ports of every core ask for them (rtl/core/core.sv), and noise where the contract says
// nothing.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "compiler/base/rng.hpp"

namespace spikeloom::test {

class PageWalk {
 public:
  using Chunks = std::vector<std::pair<std::uint32_t, std::uint16_t>>;  ///< number and mask, rising

  /// These chunks, with page_start_i in enabled cycle `start`.
  void load(Chunks chunks, std::int64_t start) {
    chunks_ = std::move(chunks);
    start_ = start;
    next_ = 0;
    has_mask_ = false;
  }
  /// Nothing until the next load.
  void free() { start_ = kNever; }

  /// The core's inputs of a clock cycle; `cycle`: its number if it is enabled.
  template <class Core>
  void present(Core& core, std::int64_t cycle, bool enabled, Rng& rng) const {
    const bool walks = enabled && cycle > start_;
    core.page_start_i = enabled ? cycle == start_ : rng.chance(0.5);
    core.page_any_i = walks ? next_ < chunks_.size() : rng.chance(0.5);
    core.page_chunk_i =
        static_cast<std::uint16_t>(walks && next_ < chunks_.size() ? chunks_[next_].first : rng.below(4096));
    core.page_mask_i = enabled && has_mask_ ? mask_ : static_cast<std::uint16_t>(rng.below(65536));
  }
  /// What the core asks for in this enabled cycle.
  template <class Core>
  void observe(const Core& core, std::int64_t cycle) {
    if (cycle <= start_) return;
    if (core.page_take_o && next_ < chunks_.size()) {
      mask_ = chunks_[next_++].second;
      has_mask_ = true;
    } else if (core.page_again_o) {
      next_ = 0;
    }
  }

 private:
  static constexpr std::int64_t kNever = INT64_MAX;
  Chunks chunks_;
  std::int64_t start_ = kNever;
  std::size_t next_ = 0;
  std::uint16_t mask_ = 0;
  bool has_mask_ = false;
};

/// A firing's pages for a core that looks at their chunks in any order.
class PageLook {
 public:
  /// `pages`: of each the chunks below its limit. `delay`: the tile's page delay.
  PageLook(const std::vector<PageWalk::Chunks>& pages, std::int64_t delay) : delay_(delay) {
    for (const PageWalk::Chunks& chunks : pages) pages_.emplace_back(chunks.begin(), chunks.end());
  }
  template <class Core>
  void present(Core& core, std::int64_t cycle, bool enabled, Rng& rng) const {
    const auto answer = answers_.find(cycle);
    const bool answers = enabled && answer != answers_.end();
    core.look_valid_i = enabled ? answers : rng.chance(0.5);
    core.look_mask_i = answers ? answer->second : static_cast<std::uint16_t>(rng.below(65536));
  }
  /// What the core looks at in this enabled cycle; `freed`: pages that it freed before.
  template <class Core>
  void observe(const Core& core, std::int64_t cycle, std::size_t freed) {
    if (!core.look_o) return;
    const std::size_t page = core.look_page_o;
    EXPECT_GE(cycle, 1) << "a look before the firing's second cycle";
    ASSERT_LT(page, pages_.size()) << "a look at a page that the firing has not";
    EXPECT_GE(page, freed) << "a look at a page that is free";
    const auto chunk = pages_[page].find(core.look_chunk_o);
    answers_[cycle + 2 + delay_] = chunk == pages_[page].end() ? std::uint16_t{0} : chunk->second;
  }

 private:
  std::vector<std::map<std::uint32_t, std::uint16_t>> pages_;
  std::map<std::int64_t, std::uint16_t> answers_;  ///< by cycle
  std::int64_t delay_;
};

}  // namespace spikeloom::test

// The tile's part of a page: gives a Verilated core the page's chunks one after the other, as the ports of
// every core ask for them (rtl/core/core.sv), and noise where the contract says nothing.
#pragma once

#include <cstddef>
#include <cstdint>
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

}  // namespace spikeloom::test

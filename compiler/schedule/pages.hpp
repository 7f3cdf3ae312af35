// Page counts by buffer analysis: the pages of a context are tokens that all channels into it share.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

/// A period that the image must keep, for every input or within contracts.
struct PageDemand {
  TileBounds bounds;  ///< empty: worst cases
  Ratio period;       ///< cycles a step
};

struct PageChoice {
  std::vector<std::uint32_t> pages;  ///< by ClusterId
  bool least = false;                ///< proven
};

/// The fewest pages in all with which the image keeps every demand; no context has more than `most`, and
/// those of a tile together no more than its page rows and page blocks. Nothing: no such choice was found.
/// Source: sdf::least_tokens.
[[nodiscard]] std::optional<PageChoice> least_pages_for(const ImageView& image,
                                                        const std::vector<PageDemand>& demands,
                                                        std::uint32_t most);

/// The pages with which the period is shortest, as few as it takes. Source: sdf::fastest_tokens.
[[nodiscard]] std::optional<PageChoice> fastest_pages(const ImageView& image, const TileBounds& bounds,
                                                      std::uint32_t most);

}  // namespace spikeloom

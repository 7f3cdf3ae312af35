#include "compiler/schedule/pages.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/chip/pages.hpp"
#include "compiler/sdf/shared_tokens.hpp"

namespace spikeloom {
namespace {

/// A group a cluster; budgets for a tile's page rows and, where pages are made of blocks, for its blocks.
sdf::SharedTokens page_groups(const ImageView& image, std::uint32_t most) {
  sdf::SharedTokens shared;
  for (const Cluster& cluster : image.application.clusters) {
    const std::int64_t least = least_pages(cluster, image.chip.kind(cluster.kind));
    shared.groups.push_back({least, std::max<std::int64_t>(least, most), 1});
  }
  for (const std::vector<OrderEntry>& order : image.binding.orders) {
    if (order.empty()) continue;
    const std::vector<Cluster>& clusters = image.application.clusters;
    const TileKind& kind = image.chip.kind(clusters[order.front().cluster.index()].kind);
    sdf::TokenBudget rows, blocks;
    rows.most = kind.page_rows;
    blocks.most = page_blocks(kind);
    for (const OrderEntry& entry : order) {
      rows.groups.push_back(entry.cluster.index());
      const std::uint32_t each = blocks_of_page(kind, clusters[entry.cluster.index()].page_chunks());
      if (each == 0) continue;
      blocks.groups.push_back(entry.cluster.index());
      blocks.weights.push_back(each);
    }
    shared.budgets.push_back(std::move(rows));
    if (!blocks.groups.empty()) shared.budgets.push_back(std::move(blocks));
  }
  return shared;
}

/// The timing graph as if every cluster had the pages that it needs at least.
/// Nothing if batches of pages then wait for themselves.
std::optional<TimingGraph> with_least_pages(const ImageView& image, const TileBounds& bounds) {
  TimingGraph timing = timing_graph(image, bounds);
  if (!timing.waits.empty()) return std::nullopt;
  for (std::size_t c = 0; c < timing.pages.size(); ++c) {
    if (timing.pages[c] == sdf::kNoGroup) continue;
    const Cluster& cluster = image.application.clusters[timing.pages[c]];
    const std::int64_t spare = std::int64_t{image.binding.placement[timing.pages[c]].rows} -
                               least_pages(cluster, image.chip.kind(cluster.kind));
    const std::int64_t tokens = timing.graph.channel(sdf::ChannelId(c)).tokens - spare;
    if (tokens < 0) return std::nullopt;
    timing.graph.set_tokens(sdf::ChannelId(c), tokens);
  }
  return timing;
}

std::optional<PageChoice> choice_of(const std::variant<sdf::TokenChoice, sdf::TokensShort>& result) {
  const auto* tokens = std::get_if<sdf::TokenChoice>(&result);
  if (tokens == nullptr) return std::nullopt;
  PageChoice choice;
  choice.least = tokens->least;
  for (const std::int64_t count : tokens->count) choice.pages.push_back(static_cast<std::uint32_t>(count));
  return choice;
}

}  // namespace

std::optional<PageChoice> least_pages_for(const ImageView& image, const std::vector<PageDemand>& demands,
                                          std::uint32_t most) {
  std::vector<TimingGraph> timings;
  for (const PageDemand& demand : demands) {
    auto timing = with_least_pages(image, demand.bounds);
    if (!timing) return std::nullopt;
    timings.push_back(std::move(*timing));
  }
  std::vector<sdf::TokenDemand> wanted;
  for (std::size_t d = 0; d < demands.size(); ++d)
    wanted.push_back({{&timings[d].graph, timings[d].pages},
                      demands[d].period * Ratio(kTimeScale) - Ratio(timings[d].fee),
                      false});
  return choice_of(sdf::least_tokens(page_groups(image, most), wanted));
}

std::optional<PageChoice> fastest_pages(const ImageView& image, const TileBounds& bounds,
                                        std::uint32_t most) {
  const std::optional<TimingGraph> timing = with_least_pages(image, bounds);
  if (!timing) return std::nullopt;
  return choice_of(sdf::fastest_tokens(page_groups(image, most), {&timing->graph, timing->pages}));
}

}  // namespace spikeloom

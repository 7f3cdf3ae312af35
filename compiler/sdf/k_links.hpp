// Inside k_solver: which firings of a channel's reader wait for which of its writer, over K rounds of both.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf {

/// Sums of rates over phases, as the constraints need them.
struct RoundRates {
  std::vector<std::int64_t> before;  ///< tokens of the phases before each, and after the last: the round's
  [[nodiscard]] std::int64_t round() const { return before.back(); }
  [[nodiscard]] std::int64_t phases() const { return static_cast<std::int64_t>(before.size()) - 1; }
  /// Tokens before firing `firing`, counted over all rounds.
  [[nodiscard]] std::int64_t before_firing(std::int64_t firing) const {
    return firing / phases() * round() + before[static_cast<std::size_t>(firing % phases())];
  }
};
[[nodiscard]] RoundRates round_rates(const std::vector<std::int64_t>& rates);

/// The largest multiple of `unit` that is at most `value`.
[[nodiscard]] std::int64_t floor_to(std::int64_t value, std::int64_t unit);

/// What the constraints of a channel depend on.
struct ChannelRounds {
  RoundRates written, read;
  std::int64_t writer_rounds = 1, reader_rounds = 1;  ///< K
  std::int64_t tokens = 0;
  /// The writer's firings end in their order, so the writer of the last token that a firing reads is enough.
  /// Otherwise each of its tokens counts.
  bool in_order = true;

  /// The greatest common divisor of what K rounds write and read: shifts are multiples of it.
  [[nodiscard]] std::int64_t unit() const;
};

/// S_to >= S_from + time + shift · period / (tokens of an iteration).
struct Link {
  std::uint32_t from = 0, to = 0;  ///< firings within K rounds
  std::int64_t shift = 0;          ///< tokens by which the writer may lie ahead
};

/// Every pair of firings that constrains.
[[nodiscard]] std::vector<Link> direct_links(const ChannelRounds& channel);

/// The same constraints over nodes between writer and reader, one for each remainder that the writer's
/// firings leave: links(writers) + links(readers) + remainders instead of their product.
///
/// A writer's firing that begins at token w = u·b + β and a reader's whose last token is t = u·a + α have the
/// shift X = u·(a - b), less u if α < β. The firing enters the node of β with -u·b; from each node a link
/// without shift leads to the next larger one, and from the last to the first with -u; the reader leaves the
/// largest node up to α with u·a, or the last with u·a - u where there is none.
struct SharedLinks {
  std::vector<Link> enter;  ///< to: a node
  std::vector<Link> leave;  ///< from: a node
  std::int64_t unit = 1;
};
/// By size alone, whatever the tokens: true where the direct links would be many more. Never for a writer
/// whose firings end in any order.
[[nodiscard]] bool share_links(const ChannelRounds& channel);
/// Remainders that occur: nodes between writer and reader.
[[nodiscard]] std::vector<std::int64_t> link_nodes(const ChannelRounds& channel);
[[nodiscard]] SharedLinks shared_links(const ChannelRounds& channel, const std::vector<std::int64_t>& nodes);

}  // namespace spikeloom::sdf

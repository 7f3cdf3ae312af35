#include "compiler/sdf/k_links.hpp"

#include <algorithm>
#include <numeric>

#include "compiler/base/error.hpp"

// Firing p' of a round of the reader needs the token t = read_through(p') - initial - 1, counted over all
// rounds. Its writer is firing p of a round with written_before(p) <= t - X < written_through(p), where X =
// n·written - n'·read for rounds n and n': any multiple of the greatest common divisor of the two, and no
// other number. The latest such round (the largest X) is the strongest constraint, S' >= S + weight + X ·
// period / (tokens of an iteration).

namespace spikeloom::sdf {

RoundRates round_rates(const std::vector<std::int64_t>& rates) {
  RoundRates result{{0}};
  for (const std::int64_t rate : rates) {
    std::int64_t next = 0;
    SPIKELOOM_CHECK(!__builtin_add_overflow(result.before.back(), rate, &next));
    result.before.push_back(next);
  }
  return result;
}

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

std::int64_t ChannelRounds::unit() const {
  return std::gcd(writer_rounds * written.round(), reader_rounds * read.round());
}

std::vector<Link> direct_links(const ChannelRounds& channel) {
  const RoundRates &written = channel.written, &read = channel.read;
  std::vector<Link> links;
  const std::int64_t writes = written.round(), unit = channel.unit();
  const std::int64_t all_written = channel.writer_rounds * writes,
                     writers = channel.writer_rounds * written.phases();
  const bool by_token = channel.in_order && all_written / unit < writers;
  for (std::int64_t j = 0; j < channel.reader_rounds * read.phases(); ++j) {
    const std::int64_t end = read.before_firing(j + 1), amount = end - read.before_firing(j);
    if (amount == 0) continue;
    const std::int64_t token = end - channel.tokens - 1;
    const auto add = [&](std::int64_t firing, std::int64_t shift) {
      links.push_back({static_cast<std::uint32_t>(firing), static_cast<std::uint32_t>(j), shift});
    };
    if (by_token) {
      // Positions within K rounds of the writer that differ from the token by a multiple of the unit.
      std::int64_t last = -1;
      for (std::int64_t position = token - floor_to(token, unit); position < all_written; position += unit) {
        const auto after = std::upper_bound(written.before.begin(), written.before.end(), position % writes);
        const std::int64_t firing =
            position / writes * written.phases() + (after - written.before.begin() - 1);
        if (firing != last) add(firing, token - position);
        last = firing;
      }
      continue;
    }
    const std::int64_t other_tokens = channel.in_order ? 0 : amount - 1;
    for (std::int64_t i = 0; i < writers; ++i) {
      const std::int64_t begin = written.before_firing(i), writes_now = written.before_firing(i + 1) - begin;
      if (writes_now == 0) continue;
      const std::int64_t shift = floor_to(token - begin, unit);
      if (shift > token - other_tokens - begin - writes_now) add(i, shift);
    }
  }
  return links;
}

bool share_links(const ChannelRounds& channel) {
  constexpr std::int64_t kWorthIt = 4;
  if (!channel.in_order) return false;
  const std::int64_t all_written = channel.writer_rounds * channel.written.round(), unit = channel.unit();
  const std::int64_t writers = channel.writer_rounds * channel.written.phases(),
                     readers = channel.reader_rounds * channel.read.phases();
  const std::int64_t for_each = std::min(writers, all_written / unit);  // of a reader's firing, about
  return for_each > kWorthIt && for_each * readers > kWorthIt * (writers + readers + std::min(writers, unit));
}

std::vector<std::int64_t> link_nodes(const ChannelRounds& channel) {
  std::vector<std::int64_t> nodes;
  const std::int64_t unit = channel.unit();
  for (std::int64_t i = 0; i < channel.writer_rounds * channel.written.phases(); ++i)
    if (channel.written.before_firing(i + 1) > channel.written.before_firing(i))
      nodes.push_back(channel.written.before_firing(i) % unit);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

SharedLinks shared_links(const ChannelRounds& channel, const std::vector<std::int64_t>& nodes) {
  SharedLinks links;
  links.unit = channel.unit();
  for (std::int64_t i = 0; i < channel.writer_rounds * channel.written.phases(); ++i) {
    const std::int64_t begin = channel.written.before_firing(i);
    if (channel.written.before_firing(i + 1) == begin) continue;
    const auto node = std::lower_bound(nodes.begin(), nodes.end(), begin % links.unit) - nodes.begin();
    links.enter.push_back(
        {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(node), -floor_to(begin, links.unit)});
  }
  for (std::int64_t j = 0; j < channel.reader_rounds * channel.read.phases(); ++j) {
    const std::int64_t end = channel.read.before_firing(j + 1);
    if (end == channel.read.before_firing(j)) continue;
    const std::int64_t token = end - channel.tokens - 1, whole = floor_to(token, links.unit);
    const auto after = std::upper_bound(nodes.begin(), nodes.end(), token - whole) - nodes.begin();
    const bool none = after == 0;
    links.leave.push_back(
        {static_cast<std::uint32_t>((none ? static_cast<std::ptrdiff_t>(nodes.size()) : after) - 1),
         static_cast<std::uint32_t>(j), none ? whole - links.unit : whole});
  }
  return links;
}

}  // namespace spikeloom::sdf

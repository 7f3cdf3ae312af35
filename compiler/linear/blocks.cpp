#include "compiler/linear/blocks.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

/// Output channels of each group by what the parts of their positions are.
struct ChannelKinds {
  /// By group and kind: the channels, of which the first stands for all in the lookup of parts.
  std::vector<std::vector<std::vector<std::uint32_t>>> channels;
};

ChannelKinds kinds_of_channels(const WindowMap& window, std::span<const std::uint32_t> part_of) {
  ChannelKinds kinds;
  const std::size_t area = window.out_area();
  for (std::uint32_t g = 0; g < window.groups; ++g) {
    std::map<std::vector<std::uint32_t>, std::size_t> known;
    kinds.channels.emplace_back();
    for (std::uint32_t o = g * window.outer(); o < (g + 1) * window.outer(); ++o) {
      const auto first = part_of.begin() + static_cast<std::ptrdiff_t>(o * area);
      const auto [found, fresh] = known.try_emplace(
          std::vector<std::uint32_t>(first, first + static_cast<std::ptrdiff_t>(area)), known.size());
      if (fresh) kinds.channels.back().emplace_back();
      kinds.channels.back()[found->second].push_back(o);
    }
  }
  return kinds;
}

/// Calls found(part, leaf source), sources ascending; a pair may come several times in a row of one source.
template <class Found>
void each_reached(const MapForm& form, std::span<const std::uint32_t> part_of,
                  std::span<const std::int64_t> present, const Found& found) {
  const auto* window = form.as<WindowMap>();
  if (window == nullptr) {
    for (std::size_t s = 0; s < form.sources(); ++s)
      form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        if (present[weight] != 0) found(part_of[target], s);
      });
    return;
  }
  const ChannelKinds kinds = kinds_of_channels(*window, part_of);
  const std::size_t inner = window->inner(), outer = window->outer(), taps = window->taps();
  // By input channel: for each kind of output channels of its group, the taps that are present.
  std::vector<std::vector<std::vector<char>>> tap_of(window->inputs);
  for (std::size_t i = 0; i < window->inputs; ++i)
    for (const auto& channels : kinds.channels[i / inner]) {
      std::vector<char>& any = tap_of[i].emplace_back(taps, 0);
      for (const std::uint32_t o : channels)
        for (std::size_t tap = 0; tap < taps; ++tap)
          if (present[(o * inner + i % inner) * taps + tap] != 0) any[tap] = 1;
    }
  for (std::size_t s = 0; s < form.sources(); ++s) {
    const std::uint32_t element = form.leaf_source(s);
    if (element == kNowhere) continue;
    const MapRow row = form.row(s);
    const std::size_t i = element / window->in_area();
    const std::size_t first_channel = i / inner * outer;
    for (std::size_t kind = 0; kind < tap_of[i].size(); ++kind) {
      const std::size_t shift =
          (kinds.channels[i / inner][kind].front() - first_channel) * window->out_area();
      for (std::size_t k = 0; k < row.count / outer; ++k)  // the entries of the group's first channel
        if (tap_of[i][kind][row.weight[k]] != 0) found(part_of[row.target_at(k) + shift], s);
    }
  }
}

}  // namespace

PartLists sources_of_parts(const MapForm& form, std::span<const std::uint32_t> part_of, std::size_t parts,
                           std::span<const std::int64_t> present) {
  SPIKELOOM_CHECK(part_of.size() == form.targets() && present.size() == form.weights());
  std::vector<std::size_t> last(parts);  // source that was last seen to reach a part, plus one
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  PartLists lists;
  lists.begin.assign(parts + 1, 0);
  each_reached(form, part_of, present, [&](std::uint32_t part, std::size_t source) {
    if (last[part] == source + 1) return;
    last[part] = source + 1;
    ++lists.begin[part + 1];
    pairs.emplace_back(part, static_cast<std::uint32_t>(source));
  });
  std::partial_sum(lists.begin.begin(), lists.begin.end(), lists.begin.begin());
  lists.source.resize(pairs.size());
  std::vector<std::size_t> next(lists.begin.begin(), lists.begin.end() - 1);
  for (const auto& [part, source] : pairs) lists.source[next[part]++] = source;
  return lists;
}

RowPlaces::RowPlaces(const MapForm& form) : of_(form.sources()) {
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  for (std::size_t s = 0; s < of_.size(); ++s) {
    const MapRow row = form.row(s);
    const auto next = static_cast<std::uint32_t>(known.size());
    of_[s] = known.try_emplace(std::uint64_t{row.pattern} << 32U | row.first_target, next).first->second;
  }
  count_ = known.size();
}

PartRows::PartRows(const MapForm& form, std::span<const std::uint32_t> targets,
                   std::span<const std::uint32_t> part_of, std::uint32_t part)
    : form_(form), targets_(targets), part_of_(part_of), part_(part) {
  is_dense_ = form.as<DenseMap>() != nullptr;
  const auto* window = form.as<WindowMap>();
  if (window == nullptr) return;
  area_ = window->out_area();
  outer_ = window->outer();
  channels_.resize(window->groups);
  for (const std::uint32_t target : targets) {
    const std::size_t o = target / area_;
    std::vector<std::uint32_t>& mine = channels_[o / outer_];
    const auto within = static_cast<std::uint32_t>(o % outer_);
    if (mine.empty() || mine.back() != within) mine.push_back(within);
  }
}

MapColumns::MapColumns(const MapForm& form) : form_(form) {
  if (const auto* sparse = form.as<SparseMap>()) {
    begin_.assign(sparse->targets + std::size_t{1}, 0);
    for (const std::uint32_t target : sparse->target) ++begin_[target + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    entry_.resize(sparse->target.size());
    entry_source_.resize(entry_.size());
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (std::uint32_t s = 0; s + 1 < sparse->begin.size(); ++s)
      for (std::size_t k = sparse->begin[s]; k < sparse->begin[s + 1]; ++k) {
        const std::size_t at = next[sparse->target[k]]++;
        entry_[at] = static_cast<std::uint32_t>(k);
        entry_source_[at] = s;
      }
  }
  if (form.gather().empty()) return;
  gathered_begin_.assign(form.leaf_sources() + 1, 0);
  for (const std::uint32_t element : form.gather())
    if (element != kNowhere) ++gathered_begin_[element + 1];
  std::partial_sum(gathered_begin_.begin(), gathered_begin_.end(), gathered_begin_.begin());
  gathered_.resize(gathered_begin_.back());
  std::vector<std::size_t> next(gathered_begin_.begin(), gathered_begin_.end() - 1);
  for (std::uint32_t s = 0; s < form.sources(); ++s)
    if (const std::uint32_t element = form.gather()[s]; element != kNowhere) gathered_[next[element]++] = s;
}

}  // namespace spikeloom

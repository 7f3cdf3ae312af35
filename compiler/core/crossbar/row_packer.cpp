#include "compiler/core/crossbar/row_packer.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::crossbar {
namespace {

/// Places of a second segment that one search looks at: words that are all alike stand everywhere.
constexpr std::size_t kMostTries = 4096;

bool same_shape(const KeptRow& a, const KeptRow& b) {
  return a.walk == b.walk && a.shift == b.shift && a.negate == b.negate && a.format == b.format;
}

bool uniform(const std::vector<KeptRow>& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const KeptRow& row) { return same_shape(row, rows.front()); });
}

/// Bits of one mantissa in the memory word.
std::uint32_t encode(std::int8_t mantissa, std::uint32_t format) {
  if (format == hw::kFormatW1) return mantissa < 0 ? 1 : 0;
  const std::uint32_t bits = 8U >> format;
  return static_cast<std::uint8_t>(mantissa) & ((1U << bits) - 1U);
}

/// All fields of an entry but first (and stride); `weight_pitch`: where the row's segments stand.
template <class Entry>
Entry entry_of(const KeptRow& row, std::uint32_t weight_pitch) {
  Entry entry;
  entry.words = row.walk.words;
  entry.offset = row.walk.offset;
  if (row.walk.segments > 1) {
    entry.repeats = row.walk.segments - 1;
    entry.jump = row.walk.pitch - row.walk.words + 1;
    entry.weight_jump = weight_pitch - row.walk.words + 1;
  }
  entry.shift = row.shift;
  entry.negate = row.negate;
  entry.format = row.format;
  return entry;
}

}  // namespace

std::uint64_t WordIndex::key_of(std::string_view word) {
  std::uint64_t key = 1;
  for (std::size_t n = 0; n < word.size(); n += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, word.data() + n, std::min<std::size_t>(8, word.size() - n));
    key = (key ^ part) * 0x9e3779b97f4a7c15ULL;
    key ^= key >> 29U;
  }
  return key == 0 ? 1 : key;
}

WordIndex::Slot& WordIndex::slot(std::vector<Slot>& slots, std::uint64_t key) {
  std::size_t at = key & (slots.size() - 1);
  while (slots[at].key != 0 && slots[at].key != key) at = (at + 1) & (slots.size() - 1);
  return slots[at];
}

void WordIndex::add(std::string_view word, std::uint32_t at) {
  if (2 * (used_ + 1) > slots_.size()) {
    std::vector<Slot> larger(std::max<std::size_t>(64, 2 * slots_.size()));
    for (const Slot& old : slots_)
      if (old.key != 0) slot(larger, old.key) = old;
    slots_ = std::move(larger);
  }
  const std::uint64_t key = key_of(word);
  Slot& mine = slot(slots_, key);
  if (mine.key == 0) {
    mine = {key, at, 0};
    ++used_;
    return;
  }
  if (mine.list == 0) {
    lists_.push_back({mine.first});
    mine.list = static_cast<std::uint32_t>(lists_.size());
  }
  lists_[mine.list - 1].push_back(at);
}

std::span<const std::uint32_t> WordIndex::find(std::string_view word) const {
  if (slots_.empty()) return {};
  const std::uint64_t key = key_of(word);
  std::size_t at = key & (slots_.size() - 1);
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  const Slot& found = slots_[at];
  if (found.key == 0) return {};
  if (found.list == 0) return {&found.first, 1};
  return lists_[found.list - 1];
}

std::uint32_t RowPacker::keep(std::string mantissas) {
  if (contents_.empty()) contents_.emplace_back();
  if (mantissas.empty()) return 0;
  if (const auto known = numbered_.find(mantissas); known != numbered_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(contents_.size());
  contents_.push_back(std::move(mantissas));
  numbered_.emplace(contents_.back(), number);
  return number;
}

KeptRow RowPacker::keep(Row row) {
  if (row.empty()) return {};
  return {row.walk, row.shift, row.negate, row.format, keep(std::move(row.mantissas))};
}

void RowPacker::index(Pool& pool) const {
  for (; pool.indexed * lanes_ < pool.mantissas.size(); ++pool.indexed)
    pool.at.add(std::string_view(pool.mantissas).substr(pool.indexed * lanes_, lanes_),
                static_cast<std::uint32_t>(pool.indexed));
}

bool RowPacker::holds_segment(const Pool& pool, std::size_t word, const KeptRow& row,
                              std::uint32_t segment) const {
  const std::size_t bytes = std::size_t{row.walk.words} * lanes_;
  return word * lanes_ + bytes <= pool.mantissas.size() &&
         pool.mantissas.compare(word * lanes_, bytes, text(row), segment * bytes, bytes) == 0;
}

bool RowPacker::holds(const Pool& pool, Place place, const KeptRow& row) const {
  for (std::uint32_t s = 0; s < row.walk.segments; ++s)
    if (!holds_segment(pool, place.first + std::size_t{s} * place.pitch, row, s)) return false;
  return true;
}

std::vector<RowPacker::Place> RowPacker::find(Pool& pool, const KeptRow& row) const {
  index(pool);
  std::vector<Place> found;
  const std::string_view content = text(row);
  const std::uint32_t words = row.walk.words;
  const std::span<const std::uint32_t> firsts = pool.at.find(content.substr(0, lanes_));
  if (row.walk.segments == 1) {
    for (const std::uint32_t at : firsts)
      if (holds_segment(pool, at, row, 0)) found.push_back({at, 0});
    return found;
  }
  const std::span<const std::uint32_t> seconds =
      pool.at.find(content.substr(std::size_t{words} * lanes_, lanes_));
  std::size_t tries = 0;
  for (const std::uint32_t at : firsts) {
    if (seconds.empty()) break;
    if (!holds_segment(pool, at, row, 0)) continue;
    auto next = std::lower_bound(seconds.begin(), seconds.end(), at + words);
    // The jump from a segment's last word is at most the tile's groups.
    for (; next != seconds.end() && *next <= at + words - 1 + groups_; ++next) {
      if (++tries > kMostTries) return found;
      if (holds(pool, {at, *next - at}, row)) found.push_back({at, *next - at});
    }
  }
  return found;
}

RowPacker::Place RowPacker::place(const KeptRow& row) {
  if (row.empty()) return {};
  Pool& pool = pools_[row.format];
  const auto standing = [&] {
    const auto [at, fresh] =
        pool.known.try_emplace(row.content, static_cast<std::uint32_t>(pool.mantissas.size() / lanes_));
    if (fresh) pool.mantissas += text(row);
    return Place{at->second, row.walk.segments > 1 ? row.walk.words : 0};
  };
  if (style_ != RowStyle::kShared) return standing();
  // A search finds the same as long as no word was added.
  const auto [last, fresh] = found_.try_emplace(words_of_row(row), Place{}, pool.mantissas.size());
  if (fresh || last->second.second != pool.mantissas.size()) {
    const std::vector<Place> found = find(pool, row);
    last->second = {found.empty() ? standing() : found.front(), pool.mantissas.size()};
  }
  return last->second.first;
}

bool RowPacker::add_uniform(const std::vector<KeptRow>& rows) {
  if (!uniform(rows)) return false;
  const KeptRow& shape = rows.front();
  Pool& pool = pools_[shape.format];
  std::vector<std::int64_t> known;
  std::size_t fresh = 0;
  std::set<std::uint32_t> here;
  for (const KeptRow& row : rows) {
    const auto at = pool.known.find(row.content);
    known.push_back(at == pool.known.end() ? -1 : std::int64_t{at->second});
    if (here.insert(row.content).second && at == pool.known.end()) ++fresh;
  }
  const std::uint32_t words = shape.walk.size();
  auto entry = entry_of<hw::MemChunkEntry>(shape, shape.walk.words);
  if (words == 0 || here.size() == 1) {
    entry.first = place(shape).first;
  } else if (fresh == 0) {
    const std::int64_t stride = known[1] - known[0];
    for (std::size_t b = 1; b < rows.size(); ++b)
      if (known[b] - known[b - 1] != stride) return false;
    if (stride < 0 || stride > groups_) return false;
    entry.first = static_cast<std::uint32_t>(known[0]);
    entry.stride = static_cast<std::uint32_t>(stride);
  } else {
    // Rows that exist already are written again unless the axon table would be the smaller price.
    const std::size_t saved_bits = (rows.size() - fresh) * words * lanes_ * (8U >> entry.format);
    if (style_ == RowStyle::kTight && saved_bits > rows.size() * 64) return false;
    entry.first = static_cast<std::uint32_t>(pool.mantissas.size() / lanes_);
    entry.stride = words;
    for (const KeptRow& row : rows) {
      pool.known.try_emplace(row.content, static_cast<std::uint32_t>(pool.mantissas.size() / lanes_));
      pool.mantissas += text(row);
    }
  }
  chunks_.push_back(entry);
  return true;
}

void RowPacker::add_per_axon(const std::vector<KeptRow>& rows) {
  std::vector<std::array<std::uint32_t, hw::MemAxonEntry::kParts>> block;
  std::vector<hw::MemAxonEntry> entries;
  for (const KeptRow& row : rows) {
    const Place at = place(row);
    auto entry = entry_of<hw::MemAxonEntry>(row, at.pitch);
    entry.first = at.first;
    entries.push_back(entry);
    block.push_back(entry.pack());
  }
  const auto [at, fresh] = blocks_.try_emplace(block, static_cast<std::uint32_t>(axons_.size()));
  if (fresh) axons_.insert(axons_.end(), entries.begin(), entries.end());
  hw::MemChunkEntry entry;
  entry.per_axon = 1;
  entry.first = at->second;
  chunks_.push_back(entry);
}

std::string RowPacker::along(const std::string& mantissas, const Walk& own, const Walk& walk) const {
  std::string other(std::size_t{walk.size()} * lanes_, '\0');
  for (std::uint32_t n = 0; n < own.size(); ++n) {
    const std::uint32_t group = own.group(n);
    const auto from = mantissas.begin() + static_cast<std::ptrdiff_t>(std::size_t{n} * lanes_);
    if (walk.passes(group))
      std::copy_n(from, lanes_,
                  other.begin() + static_cast<std::ptrdiff_t>(std::size_t{walk.word(group)} * lanes_));
    else
      SPIKELOOM_CHECK(std::all_of(from, from + lanes_, [](char m) { return m == 0; }));
  }
  return other;
}

KeptRow RowPacker::along(const KeptRow& row, const Walk& walk) {
  // Only how far the walks are apart counts, not where they are.
  const auto [known, fresh] =
      widened_.try_emplace({row.content, row.walk.words, row.walk.segments, row.walk.pitch,
                            row.walk.offset - walk.offset, walk.words, walk.segments, walk.pitch});
  if (fresh) known->second = keep(along(text(row), row.walk, walk));
  return {walk, row.shift, row.negate, row.format, known->second};
}

/// All rows of the chunk take the shortest walk over all their groups.
void RowPacker::widen(std::vector<KeptRow>& rows) {
  std::vector<std::uint32_t> groups;
  std::vector<Walk> seen;
  const KeptRow* shape = nullptr;
  for (const KeptRow& row : rows) {
    if (row.empty()) continue;
    if (!shape) shape = &row;
    if (row.shift != shape->shift || row.negate != shape->negate || row.format != shape->format) return;
    if (std::find(seen.begin(), seen.end(), row.walk) != seen.end()) continue;
    seen.push_back(row.walk);
    for (std::uint32_t n = 0; n < row.walk.size(); ++n) groups.push_back(row.walk.group(n));
  }
  if (!shape || shape->format == hw::kFormatW1) return;
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  const Walk walk = walks_.cover(groups);
  const KeptRow model{{}, shape->shift, shape->negate, shape->format, 0};
  for (KeptRow& row : rows) row = along(row.empty() ? model : row, walk);
}

void RowPacker::add_chunk(std::vector<KeptRow> rows) {
  SPIKELOOM_CHECK(!rows.empty() && rows.size() <= hw::kChunkBits);
  for (KeptRow& row : rows)
    if (row.empty()) row = KeptRow{};
  if (style_ == RowStyle::kShared) {
    waiting_.push_back(std::move(rows));
    return;
  }
  if (style_ == RowStyle::kUniform) widen(rows);
  if (add_uniform(rows)) return;
  // Rows of one span may save the axon table; one bit has no 0 to fill a span with.
  std::vector<KeptRow> spans;
  for (const KeptRow& row : rows) {
    if (row.walk.segments == 1)
      spans.push_back(row);
    else if (row.format != hw::kFormatW1)
      spans.push_back(along(row, {row.walk.offset, row.walk.end() - row.walk.offset, 1, 0}));
  }
  if (spans.size() == rows.size() && add_uniform(spans)) return;
  add_per_axon(rows);
}

/// Rows of one shape at first, first + stride, … inside what is placed already.
std::optional<RowPacker::Strided> RowPacker::find_block(Pool& pool, const std::vector<KeptRow>& rows) const {
  const std::vector<Place> firsts = find(pool, rows.front());
  if (firsts.empty()) return std::nullopt;
  if (rows.size() == 1) return Strided{firsts.front(), 0};
  const std::vector<Place> seconds = find(pool, rows[1]);
  for (const Place& first : firsts)
    for (const Place& second : seconds) {
      const std::int64_t stride = std::int64_t{second.first} - first.first;
      if (second.pitch != first.pitch || stride < 0 || stride > groups_) continue;
      bool good = true;
      for (std::size_t b = 2; good && b < rows.size(); ++b)
        good = holds(
            pool,
            {first.first + static_cast<std::uint32_t>(b) * static_cast<std::uint32_t>(stride), first.pitch},
            rows[b]);
      if (good) return Strided{first, static_cast<std::uint32_t>(stride)};
    }
  return std::nullopt;
}

/// Inside what is placed already where the rows stand so, else new.
const RowPacker::Strided& RowPacker::place_block(const std::vector<KeptRow>& rows) {
  const KeptRow& shape = rows.front();
  Pool& pool = pools_[shape.format];
  std::vector<std::uint32_t> key{shape.format, shape.walk.words, shape.walk.segments};
  for (const KeptRow& row : rows) key.push_back(row.content);
  const auto [placed, fresh] = blocks_placed_.try_emplace(std::move(key));
  if (!fresh) return placed->second;
  if (const std::optional<Strided> found = find_block(pool, rows)) {
    placed->second = *found;
    return placed->second;
  }
  const bool all_equal =
      std::all_of(rows.begin(), rows.end(), [&](const KeptRow& row) { return row.content == shape.content; });
  placed->second = {{static_cast<std::uint32_t>(pool.mantissas.size() / lanes_),
                     shape.walk.segments > 1 ? shape.walk.words : 0},
                    all_equal ? 0 : shape.walk.size()};
  if (all_equal)
    pool.mantissas += text(shape);
  else
    for (const KeptRow& row : rows) pool.mantissas += text(row);
  return placed->second;
}

void RowPacker::add_longest_first() {
  const auto longest = [](const std::vector<KeptRow>& rows) {
    std::uint32_t most = 0;
    for (const KeptRow& row : rows) most = std::max(most, row.walk.size());
    return most;
  };
  std::vector<std::size_t> order(waiting_.size());
  for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
  // More rows first, so that a last chunk with fewer finds its own inside.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const std::uint32_t in_a = longest(waiting_[a]), in_b = longest(waiting_[b]);
    return in_a != in_b ? in_a > in_b : waiting_[a].size() > waiting_[b].size();
  });
  for (const std::size_t c : order) {
    const std::vector<KeptRow>& rows = waiting_[c];
    if (uniform(rows)) {
      if (!rows.front().empty()) (void)place_block(rows);
      continue;
    }
    std::vector<const KeptRow*> list;
    for (const KeptRow& row : rows) list.push_back(&row);
    std::stable_sort(list.begin(), list.end(),
                     [](const KeptRow* a, const KeptRow* b) { return a->walk.size() > b->walk.size(); });
    for (const KeptRow* row : list)
      if (!found_.contains(words_of_row(*row))) (void)place(*row);
  }
  for (const std::vector<KeptRow>& rows : waiting_) {
    if (!uniform(rows)) {
      add_per_axon(rows);
      continue;
    }
    if (rows.front().empty()) {
      chunks_.emplace_back();
      continue;
    }
    const Strided& at = place_block(rows);
    auto entry = entry_of<hw::MemChunkEntry>(rows.front(), at.place.pitch);
    entry.first = at.place.first;
    entry.stride = at.stride;
    chunks_.push_back(entry);
  }
}

void RowPacker::add_value(const std::optional<ValueChunk>& value) {
  hw::MemChunkEntry entry;
  entry.value = 1;
  if (value) {
    entry.half = value->half;
    entry.words = 1;
    entry.offset = value->position / lanes_;
    entry.first = value->position % lanes_;
  }
  values_.emplace(style_ == RowStyle::kShared ? waiting_.size() : chunks_.size(), entry);
  add_chunk(std::vector<KeptRow>(1));
}

void RowPacker::finish(CoreTables& tables) {
  if (style_ == RowStyle::kShared) add_longest_first();
  for (const auto& [chunk, entry] : values_) chunks_.at(chunk) = entry;
  for (const std::uint32_t window : {std::uint32_t{kChunkTable}, std::uint32_t{kAxonTable}, kWeightWords})
    tables.windows[window].words.clear();
  std::vector<std::uint32_t>& weights = tables.windows[kWeightWords].words;
  std::array<std::uint32_t, 4> base{};  // in logical words of the format
  std::size_t physical = 0;
  for (std::uint32_t format = 0; format < 4; ++format) {
    const std::string& mantissas = pools_[format].mantissas;
    const std::size_t logical = mantissas.size() / lanes_;
    base[format] = static_cast<std::uint32_t>(physical << format);
    const std::size_t words = (logical + (1U << format) - 1) >> format;
    weights.resize((physical + words) * (lanes_ / 4), 0);
    const std::uint32_t bits = 8U >> format;
    for (std::size_t i = 0; i < mantissas.size(); ++i) {
      const std::size_t bit = physical * lanes_ * 8 + i * bits;
      weights[bit / 32] |= encode(static_cast<std::int8_t>(mantissas[i]), format) << (bit % 32);
    }
    physical += words;
  }
  for (hw::MemChunkEntry& chunk : chunks_) {
    if (chunk.per_axon == 0 && chunk.words != 0 && chunk.value == 0) chunk.first += base[chunk.format];
    append(tables, kChunkTable, chunk);
  }
  for (hw::MemAxonEntry& axon : axons_) {
    if (axon.words != 0) axon.first += base[axon.format];
    append(tables, kAxonTable, axon);
  }
}

}  // namespace spikeloom::crossbar

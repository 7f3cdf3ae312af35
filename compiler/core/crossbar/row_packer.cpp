#include "compiler/core/crossbar/row_packer.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::crossbar {
namespace {

constexpr std::uint32_t kMaxStride = 255;

bool same_shape(const Row& a, const Row& b) {
  return a.offset == b.offset && a.words == b.words && a.shift == b.shift && a.negate == b.negate &&
         a.format == b.format;
}

/// Bits of one mantissa in the memory word.
std::uint32_t encode(std::int8_t mantissa, std::uint32_t format) {
  if (format == hw::kFormatW1) return mantissa < 0 ? 1 : 0;
  const std::uint32_t bits = 8U >> format;
  return static_cast<std::uint8_t>(mantissa) & ((1U << bits) - 1U);
}

}  // namespace

void RowPacker::index(Pool& pool) const {
  for (; pool.indexed * lanes_ < pool.mantissas.size(); ++pool.indexed)
    pool.at[pool.mantissas.substr(pool.indexed * lanes_, lanes_)].push_back(
        static_cast<std::uint32_t>(pool.indexed));
}

bool RowPacker::holds(const Pool& pool, std::size_t word, const Row& row) const {
  return word * lanes_ + row.mantissas.size() <= pool.mantissas.size() &&
         pool.mantissas.compare(word * lanes_, row.mantissas.size(), row.mantissas) == 0;
}

std::vector<std::uint32_t> RowPacker::find(Pool& pool, const Row& row) const {
  index(pool);
  std::vector<std::uint32_t> found;
  const auto words = pool.at.find(row.mantissas.substr(0, lanes_));
  if (words == pool.at.end()) return found;
  for (const std::uint32_t at : words->second)
    if (holds(pool, at, row)) found.push_back(at);
  return found;
}

std::uint32_t RowPacker::place(const Row& row) {
  if (row.words == 0) return 0;
  Pool& pool = pools_[row.format];
  if (style_ == RowStyle::kShared) {
    const std::vector<std::uint32_t> found = find(pool, row);
    if (!found.empty()) return found.front();
  }
  const auto [at, fresh] =
      pool.known.try_emplace(row.mantissas, static_cast<std::uint32_t>(pool.mantissas.size() / lanes_));
  if (fresh) pool.mantissas += row.mantissas;
  return at->second;
}

bool RowPacker::add_uniform(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (!same_shape(row, rows.front())) return false;
  Pool& pool = pools_[rows.front().format];
  std::vector<std::int64_t> known;
  std::size_t fresh = 0;
  std::unordered_map<std::string, std::size_t> here;
  for (const Row& row : rows) {
    const auto at = pool.known.find(row.mantissas);
    known.push_back(at == pool.known.end() ? -1 : std::int64_t{at->second});
    if (here.try_emplace(row.mantissas, here.size()).second && at == pool.known.end()) ++fresh;
  }
  const std::uint32_t words = rows.front().words;
  hw::MemChunkEntry entry;
  entry.words = words;
  entry.offset = rows.front().offset;
  entry.shift = rows.front().shift;
  entry.negate = rows.front().negate;
  entry.format = rows.front().format;
  if (words == 0 || here.size() == 1) {
    entry.first = place(rows.front());
  } else if (fresh == 0) {
    const std::int64_t stride = known[1] - known[0];
    for (std::size_t b = 1; b < rows.size(); ++b)
      if (known[b] - known[b - 1] != stride) return false;
    if (stride < 0 || stride > kMaxStride) return false;
    entry.first = static_cast<std::uint32_t>(known[0]);
    entry.stride = static_cast<std::uint32_t>(stride);
  } else {
    // Rows that exist already are written again unless the axon table would be the smaller price.
    const std::size_t saved_bits = (rows.size() - fresh) * words * lanes_ * (8U >> entry.format);
    if (style_ == RowStyle::kTight && saved_bits > rows.size() * 64) return false;
    entry.first = static_cast<std::uint32_t>(pool.mantissas.size() / lanes_);
    entry.stride = words;
    for (const Row& row : rows) {
      pool.known.try_emplace(row.mantissas, static_cast<std::uint32_t>(pool.mantissas.size() / lanes_));
      pool.mantissas += row.mantissas;
    }
  }
  chunks_.push_back(entry);
  return true;
}

void RowPacker::add_per_axon(const std::vector<Row>& rows) {
  std::vector<std::array<std::uint32_t, 2>> block;
  std::vector<hw::MemAxonEntry> entries;
  for (const Row& row : rows) {
    hw::MemAxonEntry entry;
    entry.first = place(row);
    entry.words = row.words;
    entry.offset = row.offset;
    entry.shift = row.shift;
    entry.negate = row.negate;
    entry.format = row.format;
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

void RowPacker::widen(std::vector<Row>& rows) const {
  std::uint32_t low = ~0U, high = 0;
  const Row* shape = nullptr;
  for (const Row& row : rows) {
    if (row.words == 0) continue;
    if (!shape) shape = &row;
    if (row.shift != shape->shift || row.negate != shape->negate || row.format != shape->format) return;
    low = std::min(low, row.offset);
    high = std::max(high, row.offset + row.words);
  }
  if (!shape || shape->format == hw::kFormatW1) return;
  const Row wide{low, high - low, shape->shift, shape->negate, shape->format, {}};
  for (Row& row : rows) {
    std::string mantissas(std::size_t{wide.words} * lanes_, '\0');
    if (row.words != 0)
      std::copy(row.mantissas.begin(), row.mantissas.end(),
                mantissas.begin() + static_cast<std::ptrdiff_t>(std::size_t{row.offset - low} * lanes_));
    row = wide;
    row.mantissas = std::move(mantissas);
  }
}

void RowPacker::add_chunk(std::vector<Row> rows) {
  SPIKELOOM_CHECK(!rows.empty() && rows.size() <= hw::kChunkBits);
  for (Row& row : rows)
    if (row.words == 0) row = Row{};
  if (style_ == RowStyle::kShared) {
    waiting_.push_back(std::move(rows));
    return;
  }
  if (style_ == RowStyle::kUniform) widen(rows);
  if (!add_uniform(rows)) add_per_axon(rows);
}

/// Rows of one shape at first, first + stride, …: inside what is placed already where they stand so, else
/// new.
void RowPacker::place_block(const std::vector<Row>& rows) {
  Pool& pool = pools_[rows.front().format];
  std::string content;
  for (const Row& row : rows) content += row.mantissas;
  const auto [placed, fresh] =
      blocks_placed_.try_emplace({rows.front().format << 16U | rows.front().words, content});
  if (!fresh) return;
  for (const std::uint32_t first : find(pool, rows.front())) {
    if (rows.size() == 1) {
      placed->second = {first, 0};
      return;
    }
    for (const std::uint32_t second : find(pool, rows[1])) {
      const std::int64_t stride = std::int64_t{second} - first;
      if (stride < 0 || stride > kMaxStride) continue;
      bool good = true;
      for (std::size_t b = 2; good && b < rows.size(); ++b)
        good = holds(pool, first + b * static_cast<std::size_t>(stride), rows[b]);
      if (!good) continue;
      placed->second = {first, static_cast<std::uint32_t>(stride)};
      return;
    }
  }
  const bool all_equal = std::all_of(rows.begin(), rows.end(),
                                     [&](const Row& row) { return row.mantissas == rows.front().mantissas; });
  placed->second = {static_cast<std::uint32_t>(pool.mantissas.size() / lanes_),
                    all_equal ? 0 : rows.front().words};
  pool.mantissas += all_equal ? rows.front().mantissas : content;
}

void RowPacker::add_longest_first() {
  const auto uniform = [](const std::vector<Row>& rows) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const Row& row) { return same_shape(row, rows.front()); });
  };
  const auto longest = [](const std::vector<Row>& rows) {
    return std::max_element(rows.begin(), rows.end(),
                            [](const Row& a, const Row& b) { return a.words < b.words; })
        ->words;
  };
  std::vector<std::size_t> order(waiting_.size());
  for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
  // More rows first, so that a last chunk with fewer finds its own inside.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const std::uint32_t in_a = longest(waiting_[a]), in_b = longest(waiting_[b]);
    return in_a != in_b ? in_a > in_b : waiting_[a].size() > waiting_[b].size();
  });
  for (const std::size_t c : order) {
    const std::vector<Row>& rows = waiting_[c];
    if (uniform(rows)) {
      if (rows.front().words != 0) place_block(rows);
      continue;
    }
    std::vector<const Row*> list;
    for (const Row& row : rows) list.push_back(&row);
    std::stable_sort(list.begin(), list.end(),
                     [](const Row* a, const Row* b) { return a->words > b->words; });
    for (const Row* row : list) (void)place(*row);
  }
  for (const std::vector<Row>& rows : waiting_) {
    if (!uniform(rows)) {
      add_per_axon(rows);
      continue;
    }
    const Row& row = rows.front();
    hw::MemChunkEntry entry;
    entry.words = row.words;
    entry.offset = row.offset;
    entry.shift = row.shift;
    entry.negate = row.negate;
    entry.format = row.format;
    if (row.words != 0) {
      std::string content;
      for (const Row& each : rows) content += each.mantissas;
      const Strided& at = blocks_placed_.at({row.format << 16U | row.words, content});
      entry.first = at.first;
      entry.stride = at.stride;
    }
    chunks_.push_back(entry);
  }
}

void RowPacker::finish(CoreTables& tables) {
  if (style_ == RowStyle::kShared) add_longest_first();
  for (const WindowIndex window : {kChunkTable, kAxonTable, kWeightWords})
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
    if (chunk.per_axon == 0 && chunk.words != 0) chunk.first += base[chunk.format];
    append(tables, kChunkTable, chunk);
  }
  for (hw::MemAxonEntry& axon : axons_) {
    if (axon.words != 0) axon.first += base[axon.format];
    append(tables, kAxonTable, axon);
  }
}

}  // namespace spikeloom::crossbar

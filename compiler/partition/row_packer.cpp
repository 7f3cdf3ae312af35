#include "compiler/partition/row_packer.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr std::uint32_t kMaxStride = 255;

bool same_shape(const Row& a, const Row& b) {
  return a.offset == b.offset && a.words == b.words && a.shift == b.shift && a.negate == b.negate && a.format == b.format;
}

/// Bits of one mantissa in the memory word.
std::uint32_t encode(std::int8_t mantissa, std::uint32_t format) {
  if (format == hw::kFormatW1) return mantissa < 0 ? 1 : 0;
  const std::uint32_t bits = 8U >> format;
  return static_cast<std::uint8_t>(mantissa) & ((1U << bits) - 1U);
}

}  // namespace

std::uint32_t RowPacker::place(const Row& row) {
  if (row.words == 0) return 0;
  Pool& pool = pools_[row.format];
  const auto [at, fresh] = pool.known.try_emplace(row.mantissas, static_cast<std::uint32_t>(pool.mantissas.size() / lanes_));
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
  SPIKELOOM_CHECK(!rows.empty() && rows.size() <= 16);
  for (Row& row : rows)
    if (row.words == 0) row = Row{};
  if (style_ == RowStyle::kUniform) widen(rows);
  if (!add_uniform(rows)) add_per_axon(rows);
}

void RowPacker::finish(Cluster& cluster) {
  std::array<std::uint32_t, 4> base{};  // in logical words of the format
  std::size_t physical = 0;
  for (std::uint32_t format = 0; format < 4; ++format) {
    const std::string& mantissas = pools_[format].mantissas;
    const std::size_t logical = mantissas.size() / lanes_;
    base[format] = static_cast<std::uint32_t>(physical << format);
    const std::size_t words = (logical + (1U << format) - 1) >> format;
    cluster.weights.resize((physical + words) * lanes_, 0);
    const std::uint32_t bits = 8U >> format;
    for (std::size_t i = 0; i < mantissas.size(); ++i) {
      const std::size_t bit = physical * lanes_ * 8 + i * bits;
      cluster.weights[bit / 8] = static_cast<std::uint8_t>(
          cluster.weights[bit / 8] | encode(static_cast<std::int8_t>(mantissas[i]), format) << (bit % 8));
    }
    physical += words;
  }
  for (hw::MemChunkEntry& chunk : chunks_)
    if (chunk.per_axon == 0 && chunk.words != 0) chunk.first += base[chunk.format];
  for (hw::MemAxonEntry& axon : axons_)
    if (axon.words != 0) axon.first += base[axon.format];
  cluster.chunks = std::move(chunks_);
  cluster.axons = std::move(axons_);
}

}  // namespace spikeloom

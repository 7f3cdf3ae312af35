#include "compiler/verify/decode_tables.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::size_t elements(const Shape& shape) {
  std::size_t count = 1;
  for (const std::size_t extent : shape) count *= extent;
  return count;
}

/// Bits of a chunk of the host's stream that are some input's axons.
std::uint32_t host_bits(const Application& app, std::uint64_t chunk) {
  std::uint32_t bits = 0;
  for (const StreamInput& input : app.inputs) {
    const std::uint64_t end = input.first_axon + std::uint64_t{elements(input.shape)} * input.planes;
    for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
      const std::uint64_t axon = chunk * hw::kChunkBits + bit;
      if (axon >= input.first_axon && axon < end) bits |= 1U << bit;
    }
  }
  return bits;
}

/// Bits of a cluster's output chunk that are neurons.
std::uint32_t neuron_bits(const Cluster& cluster, std::uint64_t chunk) {
  const std::uint64_t first = chunk * hw::kChunkBits;
  const std::uint64_t count =
      cluster.size() > first ? std::min<std::uint64_t>(hw::kChunkBits, cluster.size() - first) : 0;
  return (1U << count) - 1;
}

class TableChecker {
 public:
  TableChecker(const Application& app, const Chip& chip) : app_(app), chip_(chip) {}

  DecodedTables run() {
    for (const Cluster& cluster : app_.clusters) {
      check_axons(cluster);
      check_rows(cluster);
      result_.neurons += cluster.size();
    }
    return std::move(result_);
  }

 private:
  void require(bool holds, const Cluster& cluster, const std::string& what) {
    if (!holds) result_.faults.push_back("cluster " + cluster.name + ": " + what);
  }

  void check_axons(const Cluster& cluster) {
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c) {
        const std::uint64_t chunk = std::uint64_t{inbound.source_first} + c;
        const std::uint32_t there =
            inbound.from ? neuron_bits(app_.clusters[inbound.from->index()], chunk) : host_bits(app_, chunk);
        const std::uint32_t said = cluster.chunk_bits[inbound.first_chunk + c];
        require(said == there, cluster,
                "chunk " + std::to_string(inbound.first_chunk + c) +
                    " of its page is timed for other axons than its source has");
      }
  }

  void check_rows(const Cluster& cluster) {
    std::vector<std::int64_t> low(cluster.size(), 0), high(cluster.size(), 0);
    const TileKind& kind = chip_.kind(cluster.kind);
    const Core& core = core_of(cluster);
    const Decoded decoded = core.decode(cluster, kind, {});
    for (const std::string& fault : decoded.faults) require(false, cluster, fault);
    add_rows(cluster, core, low, high);
    const auto limits = core.limits(kind);
    const std::uint32_t bits = limits ? limits->acc_bits : kMaxAccumulatorBits;
    const std::uint32_t needed =
        bits_for(*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end()));
    require(needed <= bits, cluster,
            "the sum of a neuron's input can overflow: it needs " + std::to_string(needed) +
                " bits, the accumulator has " + std::to_string(bits));
  }

  /// Adds every row of the page to the sums of its positions. Rows of one kind differ in where they stand;
  /// and of kinds that stand at the same places, as all channels of a convolution do, the sum is moved at
  /// once.
  void add_rows(const Cluster& cluster, const Core& core, std::vector<std::int64_t>& low,
                std::vector<std::int64_t>& high) {
    struct Kind {
      std::size_t at = 0;                ///< 16·chunk + bit of one of its rows
      std::vector<std::uint32_t> first;  ///< of all of them
    };
    const std::vector<RowKind> kinds = core.row_kinds(cluster);
    std::map<std::uint32_t, Kind> known;
    for (std::size_t chunk = 0; chunk < cluster.chunk_bits.size(); ++chunk)
      for (std::uint32_t left = cluster.chunk_bits[chunk]; left != 0; left &= left - 1) {
        const std::size_t at = chunk * hw::kChunkBits + static_cast<std::size_t>(std::countr_zero(left));
        ++result_.looks;
        Kind& kind = known[kinds[at].kind];
        kind.at = at;
        kind.first.push_back(kinds[at].first);
      }
    std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> alike;  // places → rows, one a kind
    for (auto& [number, kind] : known) {
      std::sort(kind.first.begin(), kind.first.end());
      alike[kind.first].push_back(kind.at);
    }
    std::vector<std::pair<std::uint32_t, std::int64_t>> row;
    std::vector<std::int64_t> below(cluster.size(), 0), above(cluster.size(), 0);  // after `first`
    std::vector<std::size_t> touched;
    for (const auto& [places, rows] : alike) {
      for (const std::size_t at : rows) {
        core.decode_row(cluster, at / hw::kChunkBits, static_cast<std::uint32_t>(at % hw::kChunkBits), row);
        result_.looks += row.size();
        for (const auto& [position, value] : row) {
          if (value == 0) continue;
          const std::size_t after = position - kinds[at].first;
          if (below[after] == 0 && above[after] == 0) touched.push_back(after);
          result_.synapses += places.size();
          (value < 0 ? below : above)[after] += value;
        }
      }
      result_.looks += places.size() * touched.size();
      for (const std::uint32_t first : places)
        for (const std::size_t after : touched) {
          low[first + after] += below[after];
          high[first + after] += above[after];
        }
      for (const std::size_t after : touched) below[after] = above[after] = 0;
      touched.clear();
    }
  }

  const Application& app_;
  const Chip& chip_;
  DecodedTables result_;
};

}  // namespace

DecodedTables decode_tables(const Application& app, const Chip& chip) {
  return TableChecker(app, chip).run();
}

}  // namespace spikeloom

#include "compiler/partition/application.hpp"

#include <algorithm>
#include <bit>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::uint32_t Application::host_chunks() const {
  std::uint32_t end = 0;
  for (const StreamInput& input : inputs)
    end = std::max(end, input.first_axon + static_cast<std::uint32_t>(volume(input.shape)) * input.planes);
  return (end + hw::kChunkBits - 1) / hw::kChunkBits;
}

std::uint32_t row_words(const Cluster& cluster, std::size_t chunk, std::uint32_t bit) {
  const hw::MemChunkEntry& entry = cluster.chunks[chunk];
  return entry.per_axon != 0 ? cluster.axons[entry.first + bit].words : entry.words;
}

std::int64_t chunk_cycles(const Cluster& cluster, std::size_t chunk, std::uint16_t bits) {
  std::int64_t cycles = 0;
  for (std::uint32_t left = bits; left != 0; left &= left - 1)
    cycles += std::max<std::int64_t>(
        1, row_words(cluster, chunk, static_cast<std::uint32_t>(std::countr_zero(left))));
  return std::max<std::int64_t>(1, cycles);
}

std::int64_t worst_integration(const Cluster& cluster) {
  std::int64_t cycles = 0;
  for (std::size_t chunk = 0; chunk < cluster.chunks.size(); ++chunk)
    cycles += chunk_cycles(cluster, chunk, cluster.chunk_bits[chunk]);
  return cycles;
}

namespace {

/// Expected spikes a step of bit `bit` of a source's chunk; none when not calibrated.
std::optional<double> expected_spikes(const Application& app, const ClusterOrHost& from, std::uint32_t chunk,
                                      std::uint32_t bit) {
  const std::size_t at = std::size_t{chunk} * hw::kChunkBits + bit;
  if (from) {
    const Cluster& source = app.clusters[from->index()];
    if (source.activity.empty()) return std::nullopt;
    return source.activity.at(at);
  }
  for (const StreamInput& input : app.inputs) {
    if (at < input.first_axon || at >= input.first_axon + volume(input.shape) * input.planes) continue;
    if (input.activity.empty()) return std::nullopt;
    return input.activity.at(at - input.first_axon);
  }
  return 0.0;
}

}  // namespace

std::optional<double> expected_integration(const Application& app, ClusterId id) {
  const Cluster& cluster = app.clusters[id.index()];
  double cycles = 0;
  for (const Inbound& inbound : cluster.inbound)
    for (std::uint32_t c = 0; c < inbound.source_count; ++c)
      for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
        if ((cluster.chunk_bits[inbound.first_chunk + c] >> bit & 1U) == 0) continue;
        const auto spikes = expected_spikes(app, inbound.from, inbound.source_first + c, bit);
        if (!spikes) return std::nullopt;
        cycles += *spikes * std::max(1U, row_words(cluster, inbound.first_chunk + c, bit));
      }
  return cycles;
}

namespace {

/// Bit `bit` of chunk `chunk` of the host stream is the first plane of its element.
bool is_first_plane(const Application& app, std::uint32_t chunk, std::uint32_t bit) {
  const std::uint32_t at = chunk * hw::kChunkBits + bit;
  for (const StreamInput& input : app.inputs)
    if (at >= input.first_axon && at < input.first_axon + volume(input.shape) * input.planes)
      return (at - input.first_axon) % input.planes == 0;
  return false;
}

}  // namespace

WeightWords weight_words(const Application& app) {
  WeightWords result;
  for (const Cluster& cluster : app.clusters) {
    result.stored += cluster.weights.size() / app.lanes;
    std::array<std::uint64_t, 4> logical{};
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c)
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
          const std::size_t chunk = inbound.first_chunk + c;
          if ((cluster.chunk_bits[chunk] >> bit & 1U) == 0) continue;
          if (!inbound.from && !is_first_plane(app, inbound.source_first + c, bit)) continue;
          const hw::MemChunkEntry& entry = cluster.chunks[chunk];
          logical[entry.per_axon != 0 ? cluster.axons[entry.first + bit].format : entry.format] +=
              row_words(cluster, chunk, bit);
        }
    for (std::uint32_t format = 0; format < 4; ++format)
      result.unrolled += (logical[format] + (1U << format) - 1) >> format;
  }
  return result;
}

std::int64_t worst_flits(const Cluster& cluster) { return std::int64_t{cluster.out_entries} + 1; }

std::uint32_t least_pages(const Cluster& cluster) {
  std::uint32_t most = 0;
  for (const Inbound& inbound : cluster.inbound) most = std::max(most, inbound.delay);
  return std::max(2U, most + 1);
}

}  // namespace spikeloom

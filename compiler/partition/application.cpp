#include "compiler/partition/application.hpp"

#include <algorithm>

#include "compiler/chip/pages.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::uint32_t input_number(const Shape& shape, InputOrder order, std::uint32_t element) {
  if (order == InputOrder::kFile) return element;
  const auto channels = static_cast<std::uint32_t>(shape.front());
  const std::uint32_t area = static_cast<std::uint32_t>(volume(shape)) / channels;
  return element % area * channels + element / area;
}

std::uint32_t input_element(const Shape& shape, InputOrder order, std::uint32_t number) {
  if (order == InputOrder::kFile) return number;
  const auto channels = static_cast<std::uint32_t>(shape.front());
  const std::uint32_t area = static_cast<std::uint32_t>(volume(shape)) / channels;
  return number % channels * area + number / channels;
}

std::uint32_t Application::host_chunks() const {
  std::uint32_t end = 0;
  for (const StreamInput& input : inputs)
    end = std::max(end, input.first_axon + static_cast<std::uint32_t>(volume(input.shape)) * input.planes);
  return (end + hw::kChunkBits - 1) / hw::kChunkBits;
}

namespace {

/// Expected spikes a step of bit `bit` of a source's chunk; none when not calibrated.
std::optional<double> expected_spikes(const Application& app, const ClusterOrHost& from, std::uint32_t chunk,
                                      std::uint32_t bit) {
  const std::size_t at = std::size_t{chunk} * hw::kChunkBits + bit;
  if (from) {
    const Cluster& source = app.clusters[from->index()];
    // Numbers are counted as if all came; of their bits nothing is known, so a half of them is set.
    if (source.readout) return 0.5;
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

std::optional<double> expected_work(const Application& app, ClusterId id) {
  const Cluster& cluster = app.clusters[id.index()];
  std::vector<double> all(hw::kChunkBits * cluster.page_chunks(), 0);
  for (const Inbound& inbound : cluster.inbound)
    for (std::uint32_t c = 0; c < inbound.source_count; ++c)
      for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
        const std::size_t chunk = inbound.first_chunk + c;
        if ((cluster.chunk_bits[chunk] >> bit & 1U) == 0) continue;
        const auto spikes = expected_spikes(app, inbound.from, inbound.source_first + c, bit);
        if (!spikes) return std::nullopt;
        all[hw::kChunkBits * chunk + bit] = *spikes;
      }
  return core_of(cluster).expected(cluster, all);
}

namespace {

/// Bit `bit` of chunk `chunk` of a source is the first plane of its element.
bool is_first_plane(const Application& app, const ClusterOrHost& from, std::uint32_t chunk,
                    std::uint32_t bit) {
  if (from) return !app.clusters[from->index()].readout || (chunk % 2 == 0 && bit == 0);
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
    std::vector<std::uint16_t> elements = cluster.chunk_bits;
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c)
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit)
          if (!is_first_plane(app, inbound.from, inbound.source_first + c, bit)) {
            std::uint16_t& bits = elements[inbound.first_chunk + c];
            bits = static_cast<std::uint16_t>(bits & ~(1U << bit));
          }
    const WeightWords words = core_of(cluster).weight_words(cluster, elements);
    result.stored += words.stored;
    result.unrolled += words.unrolled;
    result.per_word = words.per_word;
  }
  return result;
}

std::int64_t worst_flits(const Cluster& cluster) { return std::int64_t{cluster.out_entries} + 1; }

std::uint32_t least_pages(const Cluster& cluster, const TileConfig& tile) {
  const std::uint32_t batch = core_of(cluster).pages_per_firing(tile);
  std::uint32_t most = 0;
  for (const Inbound& inbound : cluster.inbound) most = std::max(most, inbound.delay);
  return batch + std::max(batch, most);
}

std::uint64_t least_page_blocks(const Cluster& cluster, const TileConfig& tile) {
  return std::uint64_t{least_pages(cluster, tile)} * blocks_of_page(tile, cluster.page_chunks());
}

std::uint32_t output_entries(const Cluster& cluster, const TileConfig& tile) {
  return cluster.out_entries * core_of(cluster).pages_per_firing(tile);
}

}  // namespace spikeloom

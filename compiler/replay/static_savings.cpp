#include "compiler/replay/static_savings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/replay/stimulus.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Weights other than 0 that a spike of each host axon meets, by the delay after which it does.
using FanOut = std::map<std::uint32_t, std::vector<std::int64_t>>;

void add_cluster(const Cluster& cluster, FanOut& fan_out, std::size_t axons) {
  const Core& core = core_of(cluster);
  const std::vector<RowKind> kinds = core.row_kinds(cluster);
  std::map<std::uint32_t, std::int64_t> weights;  // by kind of row
  std::vector<std::pair<std::uint32_t, std::int64_t>> row;
  for (const Inbound& inbound : cluster.inbound) {
    if (inbound.from) continue;
    std::vector<std::int64_t>& met = fan_out[inbound.delay];
    met.resize(axons, 0);
    for (std::uint32_t c = 0; c < inbound.source_count; ++c)
      for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
        const std::size_t chunk = inbound.first_chunk + c;
        if ((cluster.chunk_bits[chunk] >> bit & 1U) == 0) continue;
        const auto [known, fresh] = weights.try_emplace(kinds[chunk * hw::kChunkBits + bit].kind, 0);
        if (fresh) {
          row.clear();
          core.decode_row(cluster, chunk, bit, row);
          known->second =
              std::count_if(row.begin(), row.end(), [](const auto& synapse) { return synapse.second != 0; });
        }
        met[(inbound.source_first + c) * hw::kChunkBits + bit] += known->second;
      }
  }
}

}  // namespace

StaticSavings static_savings(const ImageView& image, const Dataset& data) {
  StaticSavings savings;
  const std::vector<StreamInput>& inputs = image.application.inputs;
  if (std::none_of(inputs.begin(), inputs.end(), [](const StreamInput& input) { return input.is_static; }))
    return savings;
  FanOut fan_out;
  const std::size_t axons = std::size_t{image.application.host_chunks()} * hw::kChunkBits;
  for (const Cluster& cluster : image.application.clusters) add_cluster(cluster, fan_out, axons);
  for (const Sample& sample : data.samples) {
    const auto steps = static_cast<std::int64_t>(sample.full_steps());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].is_static)
        for (const std::uint32_t axon : axons_of(inputs[i], sample.inputs[i].at(0))) {
          savings.spikes += steps - 1;
          for (const auto& [delay, met] : fan_out)
            savings.synaptic_operations += met[axon] * std::max<std::int64_t>(0, steps - 1 - delay);
        }
  }
  return savings;
}

}  // namespace spikeloom

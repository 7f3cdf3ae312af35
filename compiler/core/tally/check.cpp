// What this file knows of the tables is rtl/core/tally/core.toml and the header of tally_core.sv; it shares
// no code with what builds them.
#include "compiler/core/tally/check.hpp"

#include <algorithm>
#include <bit>

#include "compiler/core/tally/tables.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom::tally {
namespace {

bool sizes_fit(const Cluster& cluster, std::vector<std::string>& list) {
  const std::vector<MemoryTable>& windows = cluster.tables.windows;
  if (windows.size() != kWindows) {
    list.emplace_back("another number of memory windows than the core has");
    return false;
  }
  const std::uint32_t lanes = windows[kVoteWords].parts;
  if (!std::has_single_bit(lanes) || lanes > largest("tile.tally_lanes") ||
      windows[kNeuronWords].parts != lanes * hw::MemNeuronEntry::kParts ||
      windows[kLevelWords].parts != lanes) {
    list.emplace_back("entries of another size than the core's");
    return false;
  }
  const std::size_t groups = (cluster.size() + lanes - 1) / lanes;
  if (windows[kNeuronWords].words.size() != groups * windows[kNeuronWords].parts)
    list.emplace_back("neuron words do not fit its neurons");
  if (windows[kVoteWords].words.size() != groups * cluster.page_chunks() * lanes)
    list.emplace_back("vote words do not fit its neurons and its page");
  if (!windows[kLevelWords].words.empty()) list.emplace_back("state among the tables");
  return list.empty();
}

bool means_something(const hw::MemVoteEntry& vote, std::uint32_t bits) {
  return (vote.plus & vote.minus) == 0 && ((vote.plus | vote.minus) & ~bits) == 0;
}

}  // namespace

std::vector<std::string> faults(const Cluster& cluster) {
  std::vector<std::string> list;
  if (!sizes_fit(cluster, list)) return list;
  const Tables tables(cluster);
  const std::vector<std::uint32_t>& words = cluster.tables.windows[kNeuronWords].words;
  bool extra = false, unread = false, votes = true;
  for (std::size_t at = 0; at < tables.groups() * tables.lanes(); ++at) {
    const hw::MemNeuronEntry neuron = tables.neuron(at);
    unread = unread || neuron.pack() != std::array{words[2 * at], words[2 * at + 1]};
    extra = extra || (at >= cluster.size() && neuron != hw::MemNeuronEntry{});
    for (std::size_t c = 0; c < tables.chunks(); ++c)
      votes = votes && means_something(tables.vote(at, c), at < cluster.size() ? cluster.chunk_bits[c] : 0);
  }
  if (unread) list.emplace_back("a neuron word with bits that mean nothing");
  if (extra) list.emplace_back("a neuron word without a neuron");
  if (!votes) list.emplace_back("a vote of no axon, for no neuron, or both for and against");
  return list;
}

std::vector<std::string> mismatches(const Cluster& cluster, const TileConfig& tile) {
  const Tables tables(cluster);
  std::vector<std::string> list;
  if (tables.lanes() != tile.tally_lanes)
    return {"built for tile.tally_lanes = " + std::to_string(tables.lanes()) + ", the chip has " +
            std::to_string(tile.tally_lanes)};
  bool shifts = true, values = true;
  for (std::size_t at = 0; at < cluster.size(); ++at) {
    const hw::MemNeuronEntry neuron = tables.neuron(at);
    shifts = shifts && neuron.shift + neuron.scale <= tile.tally_shift;
    for (const std::uint32_t value : {neuron.theta, neuron.v_reset})
      values = values && signed_value(value, kValueBits) == signed_value(value, tile.state_bits);
  }
  if (!shifts) list.emplace_back("has votes that count more than the chip's tile.tally_shift lets them");
  if (!values) list.emplace_back("has a theta or v_reset beyond the chip's tile.state_bits");
  if (cluster.readout) list.emplace_back("is a readout; the core tally has none");
  return list;
}

std::vector<RowKind> row_kinds(const Cluster& cluster) {
  std::vector<RowKind> kinds(cluster.page_chunks() * hw::kChunkBits);
  for (std::uint32_t n = 0; n < kinds.size(); ++n) kinds[n].kind = n;
  return kinds;
}

void decode_row(const Cluster& cluster, std::size_t chunk, std::uint32_t bit,
                std::vector<std::pair<std::uint32_t, std::int64_t>>& row) {
  const Tables tables(cluster);
  row.clear();
  for (std::uint32_t at = 0; at < cluster.size(); ++at) {
    const hw::MemVoteEntry vote = tables.vote(at, chunk);
    const std::int64_t size = std::int64_t{1} << tables.neuron(at).shift;
    if ((vote.plus >> bit & 1U) != 0) row.emplace_back(at, size);
    if ((vote.minus >> bit & 1U) != 0) row.emplace_back(at, -size);
  }
}

Decoded decode(const Cluster& cluster, const RowSink& sink) {
  const Tables tables(cluster);
  std::vector<std::pair<std::uint32_t, std::int64_t>> row;
  for (std::size_t chunk = 0; sink && chunk < tables.chunks(); ++chunk)
    for (std::uint32_t left = cluster.chunk_bits[chunk]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(left));
      decode_row(cluster, chunk, bit, row);
      sink(chunk, bit, row);
    }
  Decoded result;
  for (std::size_t at = 0; at < cluster.size(); ++at) {
    const hw::MemNeuronEntry entry = tables.neuron(at);
    DecodedNeuron neuron;
    for (std::size_t n = 0; n < kIntParameters.size(); ++n) {
      if (kIntParameters[n].values == &IntPopulation::beta) neuron.parameters[n] = kDecayOne;
      if (kIntParameters[n].values == &IntPopulation::theta)
        neuron.parameters[n] = signed_value(entry.theta, kValueBits);
      if (kIntParameters[n].values == &IntPopulation::v_reset)
        neuron.parameters[n] = signed_value(entry.v_reset, kValueBits);
    }
    neuron.scale = entry.scale;
    neuron.subtract = entry.subtract;
    result.neurons.push_back(neuron);
  }
  return result;
}

}  // namespace spikeloom::tally

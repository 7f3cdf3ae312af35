#include "compiler/map/binding.hpp"

#include <algorithm>
#include <sstream>

#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/weight_stream.hpp"

namespace spikeloom {
namespace {

std::string end_name(const Application& app, const ClusterOrHost& end) {
  return end ? app.clusters[end->index()].name : "host";
}

template <class T>
std::string list(const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ",") + std::to_string(item);
  return text;
}

}  // namespace

std::vector<ChunkRange> host_ranges(const Application& app, const Channel& channel) {
  std::vector<ChunkRange> ranges;
  for (const Destination& end : channel.to) {
    if (!end.to) continue;
    const Inbound& inbound = app.clusters[end.to->index()].inbound[end.inbound];
    if (inbound.source_count > 0) ranges.push_back({inbound.source_first, inbound.source_count});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const ChunkRange& a, const ChunkRange& b) { return a.first < b.first; });
  std::vector<ChunkRange> merged;
  for (const ChunkRange& range : ranges)
    if (merged.empty() || range.first > merged.back().first + merged.back().count)
      merged.push_back(range);
    else
      merged.back().count = std::max(merged.back().count, range.first + range.count - merged.back().first);
  return merged;
}

const Inbound* weights_of(const Application& app, const Channel& channel) {
  if (channel.from || channel.to.size() != 1 || !channel.to.front().to) return nullptr;
  const Destination& end = channel.to.front();
  const Inbound& inbound = app.clusters[end.to->index()].inbound[end.inbound];
  return inbound.weights > 0 ? &inbound : nullptr;
}

StreamTurn stream_turn(const Application& app, const Binding& binding, ClusterId cluster) {
  StreamTurn turn{cluster, true};
  bool found = false;
  for (const OrderEntry& entry : binding.orders[binding.placement[cluster.index()].tile.index()]) {
    if (weight_inbound(app.clusters[entry.cluster.index()]) == nullptr) continue;
    if (entry.cluster == cluster) {
      if (!turn.is_first) return turn;
      found = true;
    } else if (!found) {
      turn = {entry.cluster, false};
    } else {
      turn.after = entry.cluster;
    }
  }
  return turn;
}

std::int64_t worst_flits(const Application& app, const Channel& channel) {
  if (channel.from) return worst_flits(app.clusters[channel.from->index()]);
  std::int64_t flits = 1;
  if (const Inbound* weights = weights_of(app, channel)) return flits + weights->weights;
  for (const ChunkRange& range : host_ranges(app, channel)) flits += range.count;
  return flits;
}

std::string print(const Application& app, const Binding& binding, const Chip& chip) {
  std::ostringstream out;
  out << "binding on " << chip.name << " (" << chip.width << "x" << chip.height << "), seed " << binding.seed
      << "\n";
  for (std::size_t c = 0; c < binding.placement.size(); ++c) {
    const Placement& p = binding.placement[c];
    out << "cluster " << app.clusters[c].name << ": tile (" << p.tile.value % chip.width << ","
        << p.tile.value / chip.width << ") context " << p.context << ", pages " << p.rows << " from row "
        << p.first_row;
    const TileKind& kind = chip.kind(app.clusters[c].kind);
    if (pages_in_blocks(kind))
      out << " and block " << p.first_block << ", " << blocks_of_page(kind, app.clusters[c].page_chunks())
          << " each";
    out << ", first";
    const std::vector<MemoryInfo> memories = core_of(app.clusters[c]).memories(kind);
    for (std::size_t m = 0; m < memories.size(); ++m) out << " " << memories[m].entry << " " << p.first[m];
    out << " out " << p.first_out << "\n";
  }
  for (const Channel& channel : binding.channels) {
    out << "channel " << channel.number << " of " << end_name(app, channel.from) << ": at most "
        << worst_flits(app, channel) << " flits, slots " << list(channel.slots) << " of " << chip.spike_wheel
        << "\n";
    for (const Destination& end : channel.to) {
      out << "  to " << end_name(app, end.to);
      if (!end.to) {
        out << " sink " << end.number << ", " << end.hops << " hops\n";
        continue;
      }
      out << " inbound " << end.inbound << " as delivery " << end.number << ", " << end.hops
          << " hops; credits " << list(end.credit_slots) << " of " << chip.credit_wheel << " to counter "
          << end.counter << ", " << end.credit_hops << " hops\n";
    }
  }
  for (std::size_t t = 0; t < binding.orders.size(); ++t) {
    if (binding.orders[t].empty()) continue;
    out << "order of tile (" << t % chip.width << "," << t / chip.width << "):";
    for (const OrderEntry& entry : binding.orders[t]) {
      out << " " << app.clusters[entry.cluster.index()].name;
      if (entry.skip != 0) out << " after " << entry.skip << " rounds";
    }
    out << "\n";
  }
  return out.str();
}

}  // namespace spikeloom

// The table of cores: one line a core, and the only file outside a core's own folder that knows its name.
#include <algorithm>
#include <array>

#include "compiler/core/core.hpp"
#include "compiler/core/crossbar/crossbar.hpp"
#include "compiler/core/systolic/systolic.hpp"
#include "compiler/core/tally/tally.hpp"

namespace spikeloom {

std::span<const Core* const> cores() {
  static const std::array kCores = {
      &crossbar::core(),
      &tally::core(),
      &systolic::core(),
  };
  return kCores;
}

const Core* find_core(std::string_view name) {
  const auto all = cores();
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Core* core) { return core->name() == name; });
  return at == all.end() ? nullptr : *at;
}

const Core& core_of(const TileKind& kind) {
  const Core* core = find_core(kind.core);
  if (core == nullptr)
    throw input_error("kind of tile " + kind.name + ": this program has no core called " + kind.core);
  return *core;
}

const Core& core_of(const Cluster& cluster) {
  const Core* core = find_core(cluster.tables.core);
  SPIKELOOM_CHECK(core != nullptr);
  return *core;
}

std::int64_t worst_work(const Cluster& cluster, const TileConfig& tile) {
  const Core& core = core_of(cluster);
  return core.worst(cluster, tile).total() - core.fixed(tile).total();
}

std::uint64_t amount_of(const Cluster& cluster, const TileConfig& tile, std::string_view key) {
  const Core& core = core_of(cluster);
  const std::vector<MemoryInfo> memories = core.memories(tile);
  const auto at =
      std::find_if(memories.begin(), memories.end(), [&](const MemoryInfo& m) { return m.key == key; });
  SPIKELOOM_CHECK(at != memories.end());
  return core.amounts(cluster, tile)[static_cast<std::size_t>(at - memories.begin())];
}

}  // namespace spikeloom

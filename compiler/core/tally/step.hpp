// The tally core's function, on the words that the RTL would read.
#pragma once

#include "compiler/core/core.hpp"
#include "compiler/core/tally/tables.hpp"

namespace spikeloom::tally {

/// One tile's core. It reads the tile's memories as they are, so nothing is decoded ahead.
class Model final : public CoreModel {
 public:
  Model(const TileConfig& tile, device_model::TileMemory& memory) : tile_(tile), memory_(memory) {}
  void invalidate() override {}
  [[nodiscard]] device_model::Firing fire(std::uint32_t context,
                                          std::span<const device_model::Page* const> pages,
                                          std::uint32_t count, bool last) override;
  [[nodiscard]] std::int32_t potential(std::uint32_t context, std::uint32_t position) const override;

 private:
  /// A neuron's votes on the page's chunks, and how many of its synapses a spike met.
  [[nodiscard]] std::int64_t count(const Context& context, std::uint32_t position,
                                   const device_model::Page& page, std::uint32_t limit,
                                   std::int64_t& synapses) const;
  /// Whether the neuron spikes.
  bool step(const Context& context, std::uint32_t position, std::int64_t count, bool first);

  const TileConfig& tile_;
  device_model::TileMemory& memory_;
};

}  // namespace spikeloom::tally

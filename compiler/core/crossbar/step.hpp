// The crossbar's function, on the bytes that the RTL would read. docs/protocol.md, section 7 (arithmetic:
// compiler/golden/int_network.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "compiler/core/neuron/step.hpp"

namespace spikeloom::crossbar {

/// One tile's core with its own copy of the decoded rows; state lives in the tile's memories.
class Model final : public CoreModel {
 public:
  Model(const TileConfig& tile, device_model::TileMemory& memory)
      : tile_(tile), memory_(memory), updater_(tile, memory) {}
  void invalidate() override { decoded_ = false; }
  [[nodiscard]] device_model::Firing fire(std::uint32_t context,
                                          std::span<const device_model::Page* const> pages,
                                          std::uint32_t count, bool last) override;
  [[nodiscard]] std::int32_t potential(std::uint32_t context, std::uint32_t position) const override;

 private:
  /// A chunk of half a number: the sum that it raises, in place of rows.
  struct Number {
    bool is_one = false;
    std::uint32_t words = 0;  ///< 1, or 0: nobody takes it
    std::uint32_t sum = 0;    ///< index into sums_; past the end: dropped
    std::int32_t unit = 1;    ///< of its bits: 1, or 2^16 of the half with the sign
  };
  struct Row {
    std::uint32_t first = 0, offset = 0, format = 0;
    std::uint32_t words = 0, segments = 0;      ///< of a segment; how many
    std::uint32_t pitch = 0, weight_pitch = 0;  ///< between segments' firsts, in groups and in words
    std::int32_t factor = 1;                    ///< ±1 << shift
    std::uint32_t nonzero = 0;                  ///< weights other than 0 that meet a neuron
  };

  void decode();
  void count_synapses(std::uint32_t context);
  [[nodiscard]] const Row& row(std::uint32_t chunk_entry, std::uint32_t bit) const {
    return rows_[chunk_entry * hw::kChunkBits + bit];
  }
  [[nodiscard]] Number decode_number(std::uint32_t chunk_entry) const;
  [[nodiscard]] Row decode_row(std::uint32_t chunk_entry, std::uint32_t bit) const;
  template <class F>
  void for_runs(const Row& row, F&& run) const;
  /// Cycles of the page's valid chunks.
  [[nodiscard]] std::int64_t integrate(std::uint32_t context, const device_model::Page& page,
                                       std::uint32_t limit, device_model::Firing& firing);

  const TileConfig& tile_;
  device_model::TileMemory& memory_;
  bool decoded_ = false;
  std::vector<Row> rows_;                              ///< 16 per chunk table entry
  std::vector<Number> numbers_;                        ///< by chunk table entry
  std::array<std::vector<std::int8_t>, 4> weights_;    ///< logical words × lanes, by format
  std::vector<std::int32_t> sums_;                     ///< groups × lanes
  std::vector<device_model::CoreContext> contexts_;    ///< registers, decoded
  std::vector<std::vector<neuron::Update>> programs_;  ///< by context
  neuron::Updater updater_;
};

}  // namespace spikeloom::crossbar

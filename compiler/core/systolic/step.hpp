// The systolic core's function, on the bytes that the RTL would read. docs/systolic.md (arithmetic:
// compiler/golden/int_network.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/neuron/step.hpp"
#include "compiler/core/systolic/tables.hpp"

namespace spikeloom::systolic {

/// One tile's core with its own copy of the decoded weights; state lives in the tile's memories.
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
  struct Fold {
    hw::MemFoldEntry entry;
    std::uint32_t first_row = 0;  ///< logical row of its format, the block's words included
    std::int32_t factor = 1;      ///< ±1 << shift
  };
  struct Block {
    std::uint32_t chunk = 0, first_vector = 0, updates = 0;
    std::vector<Fold> folds;
  };
  struct Program {
    std::vector<Block> blocks;
    std::vector<neuron::Update> updates;
    std::uint32_t first_word = 0;  ///< of its state
    std::uint32_t first_bias = 0;  ///< of its biases, on a tile with `bias_words`
    std::uint32_t vectors = 0;
    std::vector<std::uint8_t> is_neuron;  ///< by position: something updates it
    std::int64_t words = 0;               ///< of weights, a firing
  };

  void decode();
  void decode_weights();
  [[nodiscard]] Program decode_program(std::uint32_t context) const;
  void integrate(const Program&, const device_model::Page&, std::uint32_t limit, device_model::Firing&);
  void add(const Program&, const Fold&, std::uint32_t mask, std::uint32_t vector, device_model::Firing&);

  const TileConfig& tile_;
  device_model::TileMemory& memory_;
  neuron::Updater updater_;
  bool decoded_ = false;
  std::array<std::vector<std::int8_t>, 4> weights_;    ///< logical rows × columns, by format
  std::array<std::vector<std::uint32_t>, 4> nonzero_;  ///< weights other than 0, by logical row
  std::vector<std::int32_t> sums_;                     ///< by position
  std::vector<Program> programs_;                      ///< by context
};

}  // namespace spikeloom::systolic

// What the device knows of the cores that it has kernels for: one row each.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_memory.hpp"

namespace spikeloom::opencl {

/// Where a context's tables stand in its tile's memories, and how its sums are shared out among work-items.
struct ContextTables {
  std::uint32_t first_entry = 0;  ///< of CoreKernels::memories[0]
  std::uint32_t first_update = 0, updates = 0;
  std::uint32_t first_word = 0;  ///< of its state
  std::uint32_t first_bias = 0;  ///< of its biases, on a tile with `bias_words`
  std::uint32_t groups = 0;      ///< numbers 0 on: what SliceRecord::group counts
};

/// A core that takes the neuron part (rtl/neuron), which neuron.cl updates.
struct CoreKernels {
  std::string_view core;
  /// Memories that the kernels read, by hw::kMem number: the first two hold entries, the third weights.
  std::array<std::uint32_t, 3> memories;
  /// Whether there is a kernel `walk`, for one tick each, beside `batch`, for TICKS ticks.
  bool walks = false;
  /// Weights of 8 bits in a memory word; a power of two times 4.
  std::uint32_t (*lanes)(const TileKind&);
  /// Of a context with so many neurons.
  ContextTables (*tables)(const TileKind&, const device_model::ContextRegisters&,
                          const device_model::NodeMemory& tile, std::uint32_t neurons);
};

[[nodiscard]] std::span<const CoreKernels* const> cores_with_kernels();

/// Nothing where there are none.
[[nodiscard]] const CoreKernels* kernels_of(std::string_view core);

/// Of those, lanes of one group that a work-item has. As in words.cl: VEC.
[[nodiscard]] std::uint32_t slice_lanes(const CoreKernels&, const TileKind&);

}  // namespace spikeloom::opencl

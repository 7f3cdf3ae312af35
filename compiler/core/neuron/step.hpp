// The part's function, on the bytes that the RTL would read. docs/protocol.md, section 7 (arithmetic:
// compiler/golden/int_network.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/core/tile_memory.hpp"

namespace spikeloom::neuron {

/// The low bits of a word as a signed number.
[[nodiscard]] inline std::int32_t sign_extend(std::uint32_t value, std::uint32_t bits) {
  const std::uint32_t shift = 32U - bits;
  return static_cast<std::int32_t>(value << shift) >> shift;
}

/// An update entry with its parameter set, decoded.
struct Update {
  double alpha = 0, beta = 0;  ///< of 1
  double gain = 1;             ///< of the accumulator
  double bias_v = 0;
  std::int32_t theta = 0, v_reset = 0;
  std::uint32_t group = 0, mask = 0, lane = 0, half = 0;
  std::uint32_t state = 0;  ///< word of state, counted from the context's first
  bool subtract = false, emit = false;
  bool later = false;  ///< not the step's first pass over its state, which is then never reset
};

/// Updates neurons in a tile's memories, which outlive it.
class Updater {
 public:
  Updater(const TileConfig& tile, device_model::TileMemory& memory) : tile_(tile), memory_(memory) {}

  /// Entries of the update program with their parameter sets, as ring writes left them.
  [[nodiscard]] std::vector<Update> decode(std::uint32_t first, std::uint32_t count) const;

  /// A run of entries for one page. Each page of a firing runs the same ones, one page after the other.
  struct Run {
    std::span<const Update> program;
    const hw::RegContextMode& mode;
    std::uint32_t first_word = 0;        ///< of the context's state
    std::uint32_t first_bias = 0;        ///< word of its biases, on a tile with `bias_words`
    std::uint32_t page = 0;              ///< of the firing
    std::uint32_t first_chunk = 0;       ///< what runs before this one have sent of a page
    bool first = false, last = false;    ///< the page begins a sample: old state reads as 0; it ends one
    std::span<const std::int32_t> sums;  ///< by neuron of the context's LIF groups
  };
  /// Leaves new states in the memories and pushes what the context sends. Returns the first_chunk of the runs
  /// behind this one.
  std::uint32_t run(const Run&, device_model::Firing&);
  /// Membrane of neuron `position` of the context with that program, whose state begins at `first_word`.
  [[nodiscard]] std::int32_t potential(std::span<const Update> program, std::uint32_t first_word,
                                       std::uint32_t position) const;

 private:
  static constexpr std::size_t kMostLanes = 16;
  struct Lanes {
    std::array<std::int32_t, kMostLanes> i, v;  ///< before a spike's reset
  };
  /// `first`: the old state of `word` reads as 0.
  [[nodiscard]] Lanes step(const Update&, const std::int32_t* sums, bool first, std::size_t word,
                           std::size_t bias);

  const TileConfig& tile_;
  device_model::TileMemory& memory_;
};

}  // namespace spikeloom::neuron

// A cluster in blocks, each of as many neurons as a bank of accumulators takes, and the folds of each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/core/systolic/fold_finder.hpp"
#include "compiler/core/systolic/timing.hpp"

namespace spikeloom::systolic {

/// A matrix and the walk that passes through it. Vectors count from the block's first, chunks from the
/// block's `chunk`.
struct Fold {
  std::optional<std::uint32_t> matrix{};  ///< none: it adds nothing
  bool store = false;  ///< it writes the block's accumulators, which then hold nothing yet; else it adds
  Walk walk{};
  friend bool operator==(const Fold&, const Fold&) = default;
};

/// Neighbouring target vectors that share a bank. Each of them is stored once, before anything is added.
struct Block {
  std::uint32_t first = 0, vectors = 0;
  std::uint32_t chunk = 0;  ///< the lowest that it reads
  std::vector<Fold> folds;
};

/// Most vectors of a block on such a tile, a multiple of those of a chunk of 16 neurons; 0: not even they
/// fit.
[[nodiscard]] std::uint32_t most_vectors(const ArrayShape&);

/// The cluster's `vectors` target vectors in blocks of equal length, but for the last one. A full firing
/// takes about the least time that any length gives, and of those lengths the one with the fewest fold
/// entries is taken. `updates`: entries of the update program by chunk of 16 neurons.
[[nodiscard]] std::vector<Block> cut_into_blocks(const Uses&, std::uint32_t vectors,
                                                 std::span<const std::uint32_t> updates, const ArrayShape&);

/// A firing on so many pages, on a tile without page delay.
[[nodiscard]] FiringTime firing_time(std::span<const Block> blocks, const Uses&,
                                     std::span<const std::uint32_t> updates, const ArrayShape&,
                                     std::int64_t pages);

}  // namespace spikeloom::systolic

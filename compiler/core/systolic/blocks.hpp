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

/// Where blocks may end: numbers of target vectors, rising, the cluster's last. A block has whole vectors and
/// whole chunks of 16 neurons. Where the cluster sends pooled spikes it has whole windows too: all chunks
/// whose OR is sent, and those of the windows sent before them. `windows`: as ClusterRows has them.
[[nodiscard]] std::vector<std::uint32_t> block_ends(std::size_t neurons,
                                                    std::span<const std::vector<std::uint32_t>> windows,
                                                    const ArrayShape&);

/// The cluster's target vectors in blocks that end where `ends` allows it, of about equal length, but for the
/// last one. A full firing takes about the least time that any length gives, and of those lengths the one
/// with the fewest fold entries is taken. `updates`: entries of the update program by chunk of 16 neurons.
/// Where two neighbouring ends are further apart than a bank is long, so is a block.
[[nodiscard]] std::vector<Block> cut_into_blocks(const Uses&, std::span<const std::uint32_t> ends,
                                                 std::span<const std::uint32_t> updates, const ArrayShape&);

/// A firing on so many pages, on a tile without page delay.
[[nodiscard]] FiringTime firing_time(std::span<const Block> blocks, const Uses&,
                                     std::span<const std::uint32_t> updates, const ArrayShape&,
                                     std::int64_t pages);

}  // namespace spikeloom::systolic

// Which matrices a cluster's rows are made of, and which page chunk meets which target vector with each.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/core/systolic/matrix.hpp"
#include "compiler/core/systolic/walk.hpp"

namespace spikeloom::systolic {

/// A matrix and a pair that passes through it.
struct Use {
  Pair pair{};
  std::uint32_t matrix = 0;
  friend auto operator<=>(const Use&, const Use&) = default;
};

/// What a cluster's rows are made of.
struct Uses {
  std::vector<Matrix> matrices;  ///< no two equal
  std::vector<Use> uses;         ///< rising, none twice
};

/// Takes the rows of `chunks` page chunks apart.
///
/// Method  Rows of one kind are equal but for their place (RowKind). So the matrices between a chunk and the
///         vectors behind its place follow from the kinds of the chunk's bits and their places to one
///         another; they are made once for each different chunk, and equal ones are one.
/// Cost    a look-up a chunk and bit; synapses of the rows of different chunks; a use of each pair.
[[nodiscard]] Uses find_uses(const ClusterRows&, std::size_t chunks, const ArrayShape&);

}  // namespace spikeloom::systolic

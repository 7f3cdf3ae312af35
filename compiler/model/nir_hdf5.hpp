// The HDF5 side of read_nir. Runs in a child process only: see nir.hpp.
#pragma once

#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/model/nir.hpp"

namespace spikeloom {

/// The graph in the bytes of a file; what cannot be read of single nodes goes to `problems`.
/// Throws  Error{kInput} where there is no graph to return.
[[nodiscard]] NirGraph read_hdf5(const std::vector<char>& bytes, const NirLimits& limits, Problems& problems);

}  // namespace spikeloom

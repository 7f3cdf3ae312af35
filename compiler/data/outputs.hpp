// What a run gives: decisions, the output file, and the comparison of two files.
#pragma once

#include <spikeloom/outputs.hpp>

#include "compiler/data/npz.hpp"

namespace spikeloom {

/// Arrays of an output file, N samples, T steps of the longest; shorter samples end in zeros.
///
/// Shape   spikes.<output> u1 and potential.<output> i4 (N,T,n); spikes:<node> u1 and v:<node> i4
///         (N,T,n); counts.<output> i4 (N,n), called counts where one output spikes; predictions i8
///         (N,), step_predictions i8 (N,T) where steps have labels, -1 behind a sample's end; steps i4 (N,);
///         labels i8 (N,) where every sample has one; ids text (N,).
[[nodiscard]] NamedArrays output_arrays(const RunOutputs& outputs);

}  // namespace spikeloom

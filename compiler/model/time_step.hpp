// The guess of dt and the coefficients that follow from it. Used by elaborate only.
#pragma once

#include "compiler/model/flat_graph.hpp"
#include "compiler/model/framework.hpp"

namespace spikeloom {

/// The time step to use: the given one, else the guess from the parameters (tau/r of leaky nodes
/// with r above 1, 1/r of IF nodes, where w_in·dt/tau_syn = 1 holds for CubaLIF), else a problem. With a
/// framework, the one that its exporter's parameters tell, else its default.
///
/// A given dt that equals the guess to six digits is replaced by the guess: parameters are mostly
/// float32, and dt/tau is to be 1/16 and not 0.0625000014.
[[nodiscard]] double choose_dt(const NirGraph& graph, const FlatGraph& flat, const Meaning& meaning,
                               Notes& notes, Problems& problems);

/// Says what a file meant that was written before NIR had v_reset.
void note_version(const NirGraph& graph, const Meaning& meaning, Notes& notes);

/// A neuron node's population in normal form, without its biases (they are 0 here).
[[nodiscard]] Population normal_form(const FlatNode& node, double dt, const Meaning& meaning, Notes& notes,
                                     Problems& problems);

/// A problem for every time constant that is not greater than 0.
void check_time_constants(const FlatNode& node, Problems& problems);

}  // namespace spikeloom

// golden = model = verilator on one image and one dataset, and every promise kept.
#pragma once

#include "compiler/flow/compile.hpp"
#include "compiler/replay/session.hpp"
#include "host/run/report.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {

/// Runs the dataset on `model` and expects
///   every bit of every output and recorded population, every final membrane and current, and the count of
///   synaptic operations to be the golden model's;
///   every promise kept in every step (a contract until the input breaks it), and the mean period within it.
[[nodiscard]] DeviceRun expect_model_is_golden(const Compilation& compilation, const Dataset& data);

/// The same of the RTL, whose stamps and counters must be the replay's, cycle for cycle.
void expect_rtl_is_model(const Compilation& compilation, const Dataset& data);

/// The named population's spikes, as an output or recorded, of all steps of all samples in a row.
[[nodiscard]] std::vector<std::uint8_t> spikes_of(const DeviceRun& run, const std::string& population);

/// The promise of this kind; none when the image has no such.
[[nodiscard]] const Promise* promise_of(const Image& image, PromiseKind kind);

/// Samples decided as labelled, by the first output's counts, ties to the lowest index.
[[nodiscard]] std::size_t right(const DeviceRun& run, const Dataset& data);

}  // namespace spikeloom::testing

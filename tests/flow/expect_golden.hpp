// A run held against the golden model, value by value.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/base/rng.hpp"
#include "compiler/chip_model/link.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "tests/flow/random_case.hpp"

namespace spikeloom::testing {

void expect_golden(const Case& made, const Image& image, const DeviceRun& run, const GoldenRun& golden);

/// Every promise of the image, or of a run with the window, stamp by stamp.
void expect_promises(const Image& image, const DeviceRun& run, const Dataset& data, std::uint32_t window = 0);

/// A window that the image may be run with, of few steps mostly; 0, none, every second time, and where the
/// chip counts fewer sinks than there are.
[[nodiscard]] std::uint32_t random_window(Rng& rng, const Image& image);

/// What the chip may do to one case: golden = model in every output, membrane and count, with values computed
/// on threads too; every promise kept; and on the RTL (null: not asked) the same with the replay's stamps.
/// All of it in runs with this window; with one also step by step.
void expect_agreement(std::uint64_t seed, const Case& made, const Image& image, Link* rtl,
                      std::uint32_t window = 0);

/// Nothing where the network is too large for the chip, in words that tests of the stages read.
[[nodiscard]] std::optional<Image> fitting(const IntNetwork&, const Chip&, const CompileOptions&);

/// A random image of the case: seed, cluster size, pages and kinds of tile vary. Nothing where it does not
/// fit.
[[nodiscard]] std::optional<Image> random_image(const Case& made, const Chip& chip, Rng& rng);

}  // namespace spikeloom::testing

// Measured beside predicted: what a run showed, as a value, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/report.hpp>

#include "compiler/image/image.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {

[[nodiscard]] Timing timing_of(const DeviceRun& run);

[[nodiscard]] PromiseCheck check_promise(const Promise& promise, const DeviceRun& run,
                                         std::optional<std::int64_t> void_from);

/// The step from which the input is outside the contract: the earliest that some tile's counter names.
[[nodiscard]] std::optional<std::int64_t> contract_void_from(const Image& image, const DeviceRun& run);

/// The step from which the input is no longer what a promise is of: contracts that tiles broke, or samples
/// that are too short. Nothing: it is, in every step.
[[nodiscard]] std::optional<std::int64_t> void_from(const Image& image, const Promise& promise,
                                                    const DeviceRun& run, const Dataset& data);

/// Steps whose stamps (b or e) differ between device and replay.
[[nodiscard]] std::int64_t mismatched_steps(const DeviceRun& device, const DeviceRun& replay);

[[nodiscard]] std::string to_text(const Report& report, const Image& image);
[[nodiscard]] std::string to_json(const Report& report, const Image& image);

}  // namespace spikeloom

// Several applications on one device: they enter and leave while the first one runs, in the loop of
// compiler/replay.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/replay/run_loop.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {

/// The first cycle in which an application may start that enters while the chip stands still in `cycle`.
[[nodiscard]] std::int64_t first_origin(const Chip& chip, std::int64_t cycle);

struct SharedOptions {
  std::chrono::seconds quiet_limit{120};
  /// Not 0: who is fed how many words next is random. Results do not depend on it.
  std::uint64_t feed_seed = 0;
  /// Steps that have ended, by stay.
  std::function<void(const std::vector<std::int64_t>& ended)> on_steps{};
};

/// Runs them. The first stay is there from cycle 0 on; the others are in any order.
///
/// Returns  a run per stay, stamps counted from its origin: those of the same image and data alone on the
///          chip.
/// Throws   Error{kInput} for data that an image cannot take; Error{kDevice} for trouble with the device, or
///          when somebody is to give back what still works.
[[nodiscard]] std::vector<DeviceRun> run_shared(Link& link, const std::vector<Stay>& stays,
                                                const SharedOptions& options);

/// What other applications stalled one by: the cycles that its tiles fired or waited (NODE_BUSY,
/// NODE_WAIT_INPUT, NODE_WAIT_OUTPUT) beside others and not alone, or alone and not beside others, by tile
/// and counter. 0 is what the chip promises.
[[nodiscard]] std::int64_t stalled_by_others(const DeviceRun& beside_others, const DeviceRun& alone);

}  // namespace spikeloom

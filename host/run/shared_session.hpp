// Several applications on one device: they enter and leave while the first one runs.
//
// Target time stands still whenever a started application has no word to consume. So the first application's
// words are withheld where something happens; the chip then stands in a cycle that follows from the input
// alone, tables are written, and whoever enters starts in a cycle that follows from it. docs/protocol.md,
// section 6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {

/// An application's stay on the chip. Steps are those of the first application, counted over all its samples.
struct Stay {
  std::string name;              ///< for messages
  const Image* image = nullptr;  ///< bound beside those that are there at the same time
  const Dataset* data = nullptr;
  std::int64_t enters = 0;  ///< before this step is fed
  std::int64_t origin = 0;  ///< its cycle 0 in the chip's cycles: see first_origin
  std::optional<std::int64_t>
      gives_back{};  ///< before this step is fed its tiles and slots are freed; none: never
};

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

}  // namespace spikeloom

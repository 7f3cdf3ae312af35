// A script of applications that enter and leave, made into stays with places, cycles and predicted runs.
//
// Everything is decided before the device is touched: where an application fits follows from who is there,
// when it starts from the stamps that the first application's replay predicts, how far it gets before it
// leaves from its own replay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/admit/admit.hpp"
#include "host/run/shared_session.hpp"

namespace spikeloom {

/// A line of the script; steps are those of the first application.
struct Entering {
  std::string name;
  Image image;  ///< as compiled
  Dataset data;
  std::int64_t step = 0;                  ///< enters before it
  std::optional<std::int64_t> release{};  ///< ends before it: what it has not begun by then is not run
  std::uint32_t window = 0;               ///< as ImageView's
};

/// What will be seen of one application.
struct PlannedStay {
  std::string name;
  Image image;   ///< bound
  Dataset data;  ///< as far as it gets
  std::uint32_t window = 0;
  std::int64_t wanted = 0;  ///< step before which it was to enter
  std::int64_t enters = 0;  ///< step before which it does: later where another start was still under way
  std::int64_t origin = 0;  ///< cycle
  std::optional<std::int64_t> gives_back{};  ///< step before which its tiles are free again
  std::string point;                         ///< operating point in force, in words
  double binding_ms = 0;                     ///< the decision where it goes; 0 of the first application
  DeviceRun replay;                          ///< alone, from its own cycle 0
  std::int64_t synaptic_operations = 0;
};

struct SharedPlan {
  std::vector<PlannedStay> stays;  ///< the first application first, then in the order of entering

  /// Points into this plan.
  [[nodiscard]] std::vector<Stay> script() const;
};

/// `first` keeps its own binding and runs from cycle 0 to its end, with the window (0: none).
///
/// Throws  Error{kInput} that lists every line that cannot be: no place (with what would do), a step that the
///         first application does not have, a release before a step has begun, two of one name.
[[nodiscard]] SharedPlan plan_shared(const std::string& name, Image first, Dataset data,
                                     std::vector<Entering> script, std::uint32_t window = 0);

/// Images that begin together on one chip, by name: the first keeps its binding, the others are bound beside
/// it and one another, best point first. Throws Error{kInput} that lists who has no place and why.
[[nodiscard]] std::vector<Image> bound_together(const std::vector<std::string>& names,
                                                std::vector<Image> images);

}  // namespace spikeloom

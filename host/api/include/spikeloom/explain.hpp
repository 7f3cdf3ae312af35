// What holds a promise back, and what would relieve it, by trying.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <spikeloom/chip.hpp>
#include <spikeloom/compile_options.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/progress.hpp>
#include <spikeloom/promise.hpp>

namespace SPIKELOOM_API spikeloom {

/// One change, tried by the whole back end.
struct Relief {
  std::string what;         ///< in words
  std::string how;          ///< options of `compile`, or a key of the chip file
  bool needs_chip = false;  ///< another chip file; else the image alone changes
  Promise promise;          ///< that it would give
};

struct Explanation {
  Promise promise;                 ///< of the shortest period: guaranteed, sampled or contracted
  std::vector<Relief> reliefs;     ///< shortest period first; only what shortens it
  std::vector<std::string> parts;  ///< a sentence for every population that is summed in parts: what it costs
  /// For every population that hears a static input: what that saves and costs, and when it pays.
  std::vector<std::string> static_inputs;
};

/// Compiles and then tries more clusters of every population, more pages, more slots for every source, more
/// lanes and shorter wheels.
///
/// Cost    some partitions and mappings for every population; `on_trial` is told of each.
/// Throws  as compile().
[[nodiscard]] std::variant<Explanation, DoesNotFit> explain(const std::string& path, const ChipFile& chip,
                                                            const CompileOptions& options = {},
                                                            const OnStage& on_trial = {});

/// What `spikeloom explain` prints, and what its --json writes (schema 1).
[[nodiscard]] std::string to_text(const Explanation& explanation);
[[nodiscard]] std::string to_json(const Explanation& explanation);

}  // namespace spikeloom

// What the compiler promises of an image, with its certificate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spikeloom/export.hpp>
#include <spikeloom/ratio.hpp>
#include <spikeloom/start_runs.hpp>

namespace SPIKELOOM_API spikeloom {

enum class PromiseKind : std::uint8_t {
  kGuaranteed,  ///< for every input
  /// For every input whose samples, all but the last, have at least `sample_steps` steps; with `exact_steps`
  /// for those whose samples all have exactly so many.
  kSampled,
  kContracted,  ///< for inputs that keep the image's contracts, which came of calibration data
};
/// "guaranteed", "sampled", "contracted".
[[nodiscard]] constexpr std::string_view name_of(PromiseKind kind) {
  switch (kind) {
    case PromiseKind::kGuaranteed:
      return "guaranteed";
    case PromiseKind::kSampled:
      return "sampled";
    case PromiseKind::kContracted:
      return "contracted";
  }
  return "unknown";
}

/// Every stamp e(k) at the host sink is at most offset + ⌈period·k⌉ cycles, and e(k) − b(k) at most
/// latency cycles, b(k) being the cycle of the host source's end-of-step(k).
struct Promise {
  PromiseKind kind = PromiseKind::kGuaranteed;
  Ratio period;                                                  ///< cycles a step
  std::int64_t offset = 0;                                       ///< cycles
  std::int64_t latency = 0;                                      ///< cycles
  std::vector<std::pair<std::string, std::int64_t>> potentials;  ///< certificate of the period, by actor name
  /// Certificate of a guaranteed latency: by actor of `potentials`, the latest starts of its firings up to
  /// that of step k, the oldest first, in cycles / 256 after b(k). Empty where an actor does not matter. The
  /// other promises have none: their latency is the guaranteed one's.
  std::vector<StartRuns> latest_starts;
  std::vector<std::string> critical_cycle;  ///< actors and buffers, in words
  std::string detail = "{}";                ///< JSON object: what the stage that made it adds for reports
  std::uint32_t sample_steps = 0;           ///< of kSampled: see there; else 0
  bool exact_steps = false;                 ///< of kSampled: all samples have so many steps, none more
  friend bool operator==(const Promise&, const Promise&) = default;
};

/// "guaranteed", "sampled (samples of 4 steps or more)", "contracted".
[[nodiscard]] std::string title(const Promise& promise);

}  // namespace spikeloom

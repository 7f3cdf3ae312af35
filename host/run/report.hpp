// Measured beside predicted: what a run showed, as a value, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {

/// A promise held against every stamp of a run: e(k) <= offset + ⌈period·k⌉ and e(k) − b(k) <= latency.
struct PromiseCheck {
  std::string name;
  bool kept = true;
  std::int64_t steps = 0;        ///< checked
  std::int64_t least_slack = 0;  ///< cycles between bound and stamp, over all steps
  std::int64_t least_latency_slack = 0;
  std::optional<std::int64_t> first_broken;  ///< step
  std::optional<std::int64_t>
      void_from;  ///< the input broke the contract in this step; not checked from there on
};

/// Stamps of a run and what follows from them. Units: cycles.
struct Timing {
  std::optional<Ratio> period;  ///< (e(K−1) − e(0)) / (K−1); none for a single step
  std::int64_t latency = 0;     ///< max e(k) − b(k)
};
[[nodiscard]] Timing timing_of(const DeviceRun& run);

[[nodiscard]] PromiseCheck check_promise(const Promise& promise, const DeviceRun& run,
                                         std::optional<std::int64_t> void_from);

/// The step from which the input is outside the contract: the earliest that some tile's counter names.
[[nodiscard]] std::optional<std::int64_t> contract_void_from(const Image& image, const DeviceRun& run);

/// Steps whose stamps (b or e) differ between device and replay.
[[nodiscard]] std::int64_t mismatched_steps(const DeviceRun& device, const DeviceRun& replay);

struct Report {
  std::string network, chip, device, image;
  std::uint64_t seed = 0;
  double clock_mhz = 0;
  std::int64_t samples = 0, steps = 0;
  std::optional<double> accuracy;  ///< 0..1
  std::int64_t correct = 0, labelled = 0;
  std::vector<std::size_t> tied;  ///< samples decided by the lowest index
  std::int64_t output_spikes = 0, synaptic_operations = 0;
  std::optional<Promise> guaranteed, contracted;
  Timing replayed;
  std::optional<Timing> measured;                ///< none on `model`, and on a device without target cycles
  std::optional<std::int64_t> mismatched;        ///< as `measured`
  std::optional<std::int64_t> differing_values;  ///< outputs that differ from the replay's; none on `model`
  std::vector<PromiseCheck> checks;
  std::vector<std::string> broken_contracts;
  std::vector<TileCounters> tiles;
  std::int64_t cycles = 0;  ///< of the run, to the last stamp
  std::vector<std::string> notes;

  [[nodiscard]] bool promises_kept() const;
};

/// Version of the JSON: keys are only added within one version.
inline constexpr int kReportSchema = 1;

[[nodiscard]] std::string to_text(const Report& report, const Image& image);
[[nodiscard]] std::string to_json(const Report& report, const Image& image);

}  // namespace spikeloom

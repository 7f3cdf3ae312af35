// Static values to spikes over time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/rng.hpp"

namespace spikeloom {

/// An element that is not 0 at some step: a spike (1), a graded count, or a real value.
struct Event {
  std::uint32_t element = 0;
  double value = 1;
  friend bool operator==(const Event&, const Event&) = default;
};

/// One input's values over time, sparse: at each step, events in ascending order of element.
class Train {
 public:
  [[nodiscard]] std::size_t steps() const { return begin_.size() - 1; }
  [[nodiscard]] std::span<const Event> at(std::size_t step) const {
    return std::span(events_).subspan(begin_[step], begin_[step + 1] - begin_[step]);
  }
  [[nodiscard]] std::span<const Event> events() const { return events_; }

  /// Appends to the step that is being built; elements must ascend, zeros are dropped.
  void add(std::uint32_t element, double value = 1);
  /// Ends the step that is being built.
  void end_step() { begin_.push_back(events_.size()); }
  /// Cuts to `steps`, or appends silent ones.
  void resize(std::size_t steps);

  friend bool operator==(const Train&, const Train&) = default;

 private:
  std::vector<std::size_t> begin_{0};
  std::vector<Event> events_;
};

enum class Encoder {
  kRate,        ///< spikes with probability value / full scale, seeded
  kAccumulate,  ///< acc += value; spike and acc -= full scale when acc >= full scale
  kLatency,     ///< one spike; the larger the value, the earlier; none for 0
  kDirect,      ///< the value itself at every step; an input with bit planes takes integers so
};

/// "rate", "accumulate", "latency", "direct".
[[nodiscard]] std::string_view name_of(Encoder encoder);
/// Throws Error{kInput} that lists the names.
[[nodiscard]] Encoder encoder_named(std::string_view name);

struct EncodeOptions {
  Encoder encoder = Encoder::kAccumulate;
  std::size_t steps = 1;
  double full_scale = 1;  ///< > 0
};

/// Encodes one sample's values.
///
/// Units   latency: a value x spikes at step round((full scale − x)·(steps − 1) / full scale).
/// Throws  Error{kInput} naming the element where a value lies outside 0 .. full scale (nothing is
///         clipped; direct takes any finite value), or where steps or full scale is not positive.
[[nodiscard]] Train encode(std::span<const double> values, const EncodeOptions& options, Rng& rng);

}  // namespace spikeloom

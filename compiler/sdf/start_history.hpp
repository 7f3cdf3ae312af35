// The starts of one actor's firings while they become known, and how they repeat.
#pragma once

#include <cstdint>
#include <vector>

#include <spikeloom/start_runs.hpp>

namespace spikeloom::sdf {

/// How the newest starts repeat: from firing `from` on, start(i) = start(i - period) + step.
struct Repetition {
  std::int64_t period = 0;  ///< firings; 0: they do not repeat
  std::int64_t step = 0;    ///< cycles
  std::int64_t from = 0;    ///< the first firing whose start is one of those
};

/// Starts by firing, without a gap. They are added one by one; while they repeat, whoever knows that they go
/// on to (latency.cpp) need not add them, and `start` answers all the same.
///
/// Cost    A start that repeats takes no memory; one that does not takes a number, and looks for a period of
///         at most kLongestPeriod.
class StartHistory {
 public:
  static constexpr std::int64_t kLongestPeriod = 64;

  /// Firing `first` is the oldest.
  void begin_at(std::int64_t first) { next_ = kept_from_ = first; }
  /// There is no oldest firing, and all start then until something else is said.
  void begin_with_past(std::int64_t start);

  /// The firing whose start is added next.
  [[nodiscard]] std::int64_t next() const { return next_; }
  /// The starts go on to repeat until before firing `until`, which is then next.
  void repeat_until(std::int64_t until);
  /// True if this ends a repetition.
  bool add(std::int64_t start);

  [[nodiscard]] const Repetition& repetition() const { return repetition_; }
  /// Of a firing that was added, or that repeats those that were. Throws Error{kInput} beyond 64 bits.
  [[nodiscard]] std::int64_t start(std::int64_t firing) const;

  /// All starts to firing `last`; of a past without an oldest firing, one.
  [[nodiscard]] StartRuns runs_to(std::int64_t last) const;

 private:
  [[nodiscard]] std::int64_t repeated(std::int64_t firing) const;
  [[nodiscard]] std::int64_t kept(std::int64_t firing) const {
    return kept_[static_cast<std::size_t>(firing - kept_from_)];
  }
  [[nodiscard]] bool is_kept(std::int64_t firing) const {
    return firing >= kept_from_ && firing - kept_from_ < static_cast<std::int64_t>(kept_.size());
  }
  void find_repetition();
  void close(std::int64_t end);
  [[nodiscard]] bool in_past() const;

  // Firings before kept_from_ are in closed_. Those from there to the end of kept_ stand in kept_; what
  // follows, to next_ and on, repeats, with its first period in kept_.
  StartRuns closed_;
  std::vector<std::int64_t> closed_from_;
  std::int64_t kept_from_ = 0;
  std::vector<std::int64_t> kept_;
  Repetition repetition_;
  std::int64_t next_ = 0;
};

}  // namespace spikeloom::sdf

#include "compiler/sdf/start_history.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

/// A repetition as long as this is kept as one when it ends. A shorter one may turn out to be part of another
/// whose period is longer, so its starts stay until then.
constexpr std::int64_t kLong = 4 * StartHistory::kLongestPeriod;

/// Before all firings that anybody asks for.
constexpr std::int64_t kPast = -(std::int64_t{1} << 60);

/// Starts one after the other, without a repetition.
StartRun plain(std::vector<std::int64_t> starts) {
  const auto count = static_cast<std::int64_t>(starts.size());
  return {std::move(starts), 0, count};
}

std::int64_t start_in(const StartRun& run, std::int64_t n) {
  const auto period = static_cast<std::int64_t>(run.first.size());
  std::int64_t start = 0;
  if (__builtin_mul_overflow(run.step, n / period, &start) ||
      __builtin_add_overflow(start, run.first[static_cast<std::size_t>(n % period)], &start))
    throw input_error("the latency overflows 64 bits");
  return start;
}

}  // namespace

void StartHistory::begin_with_past(std::int64_t start) {
  begin_at(kPast);
  kept_ = {start};
  repetition_ = {1, 0, kPast};
  ++next_;
}

/// Nothing was said yet that differs from the past.
bool StartHistory::in_past() const { return repetition_.period != 0 && repetition_.from == kPast; }

std::int64_t StartHistory::repeated(std::int64_t firing) const {
  const std::int64_t n = firing - repetition_.from;
  std::int64_t start = 0;
  if (__builtin_mul_overflow(repetition_.step, n / repetition_.period, &start) ||
      __builtin_add_overflow(start, kept(repetition_.from + n % repetition_.period), &start))
    throw input_error("the latency overflows 64 bits");
  return start;
}

std::int64_t StartHistory::start(std::int64_t firing) const {
  if (is_kept(firing)) return kept(firing);
  if (firing >= kept_from_) return repeated(firing);
  const auto after = std::upper_bound(closed_from_.begin(), closed_from_.end(), firing);
  if (after == closed_from_.begin()) return closed_.front().first.front();  // in the past
  const auto at = static_cast<std::size_t>(after - closed_from_.begin()) - 1;
  return start_in(closed_[at], firing - closed_from_[at]);
}

void StartHistory::repeat_until(std::int64_t until) {
  if (until <= next_) return;
  if (until - repetition_.from < kLong)
    while (next_ < until) {
      kept_.push_back(repeated(next_));
      ++next_;
    }
  next_ = until;
}

bool StartHistory::add(std::int64_t start) {
  const bool repeats = repetition_.period != 0;
  const std::int64_t firing = next_++;
  if (repeats && repeated(firing) == start) {
    if (firing - repetition_.from < kLong && is_kept(firing - 1)) kept_.push_back(start);
    return false;
  }
  if (repeats && !is_kept(firing - 1)) close(firing);  // it was long
  repetition_ = {};
  kept_.push_back(start);
  find_repetition();
  return repeats;
}

/// Puts what is known up to firing `end` away.
void StartHistory::close(std::int64_t end) {
  const auto put = [&](std::int64_t from, StartRun run) {
    closed_from_.push_back(from);
    closed_.push_back(std::move(run));
  };
  if (in_past()) {
    put(end - 1, plain(kept_));
  } else {
    const auto from = kept_.begin() + static_cast<std::ptrdiff_t>(repetition_.from - kept_from_);
    if (from != kept_.begin()) put(kept_from_, plain({kept_.begin(), from}));
    put(repetition_.from, {{from, from + repetition_.period}, repetition_.step, end - repetition_.from});
  }
  kept_from_ = end;
  kept_.clear();
}

/// The least period of which the newest starts show two rounds.
void StartHistory::find_repetition() {
  const auto count = static_cast<std::int64_t>(kept_.size());
  const std::int64_t* newest = kept_.data() + count - 1;
  for (std::int64_t period = 1; period <= kLongestPeriod; ++period) {
    const std::int64_t shown = std::max<std::int64_t>(2, period);
    if (period + shown > count) return;
    const std::int64_t step = newest[0] - newest[-period];
    std::int64_t n = 0;
    while (n + period < count && newest[-n] - newest[-n - period] == step) ++n;
    if (n < shown) continue;
    repetition_ = {period, step, next_ - period - n};
    return;
  }
}

StartRuns StartHistory::runs_to(std::int64_t last) const {
  if (in_past()) return {plain(kept_)};
  StartRuns runs = closed_;
  const bool repeats = repetition_.period != 0;
  const std::int64_t from = repeats ? repetition_.from : last + 1;
  const auto begin = kept_.begin() + static_cast<std::ptrdiff_t>(from - kept_from_);
  if (from != kept_from_) runs.push_back(plain({kept_.begin(), begin}));
  if (repeats) runs.push_back({{begin, begin + repetition_.period}, repetition_.step, last + 1 - from});
  return runs;
}

}  // namespace spikeloom::sdf

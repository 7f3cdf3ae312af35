// How a run is getting on, in words.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include <spikeloom/run.hpp>

namespace spikeloom::cli {

/// Steps, accuracy of the samples that are through, time left.
class RunProgressLine {
 public:
  [[nodiscard]] std::string text(const RunProgress& progress) {
    if (progress.what != what_ || progress.ended == 0) {
      what_ = progress.what;
      begin_ = std::chrono::steady_clock::now();
    }
    std::string text =
        progress.what + ": step " + std::to_string(progress.ended) + " of " + std::to_string(progress.steps);
    if (progress.accuracy) {
      char accuracy[32];
      std::snprintf(accuracy, sizeof accuracy, ", %.1f %% right", 100.0 * *progress.accuracy);
      text += accuracy;
    }
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    if (progress.ended > 0 && spent > 1)
      text += ", " +
              std::to_string(std::llround(spent * static_cast<double>(progress.steps - progress.ended) /
                                          static_cast<double>(progress.ended))) +
              " s left";
    return text;
  }

 private:
  std::string what_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace spikeloom::cli

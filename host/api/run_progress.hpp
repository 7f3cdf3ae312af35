// How a run is getting on: steps, and the accuracy of the samples that are through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <spikeloom/run.hpp>

#include "compiler/image/image.hpp"

namespace spikeloom {

/// Tells RunOptions::on_progress.
class ProgressTeller {
 public:
  /// Keeps references.
  ProgressTeller(const RunOptions& options, const Image& image, const Dataset& data);
  /// Of a new run over the same data.
  void begin(const std::string& what);
  void tell(std::int64_t ended, const RunOutputs& so_far);

 private:
  /// Of sample `next_`.
  [[nodiscard]] std::int64_t decided(const RunOutputs& so_far) const;

  const RunOptions& options_;
  const Dataset& data_;
  RunProgress progress_;
  std::optional<Decide> rule_;
  bool is_spiking_ = false;
  std::size_t next_ = 0;      ///< sample
  std::int64_t through_ = 0;  ///< steps of the samples before it
  std::int64_t right_ = 0;
};

/// The device with its trace.
[[nodiscard]] std::string device_string(const RunOptions& options);

}  // namespace spikeloom

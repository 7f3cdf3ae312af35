// Inside this folder only: recordings of event cameras, whatever their format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compiler/data/readers.hpp"

namespace spikeloom::readers {

/// Events in the order of the file.
struct CameraEvents {
  std::vector<double> times;  ///< microseconds
  std::vector<std::size_t> x, y, polarity;
};

/// Five bytes an event. `height` is the port's: a row 240 of a sensor without one is no event.
[[nodiscard]] CameraEvents decode_nmnist(const std::vector<std::uint8_t>& bytes, std::size_t height);
/// ATIS and Prophesee .dat: a heading of lines with %, two bytes, eight bytes an event.
[[nodiscard]] CameraEvents decode_prophesee(const std::vector<std::uint8_t>& bytes);

/// What is strange about the times of recordings, counted over all of them.
class TimeFaults {
 public:
  /// Adds `range` to all times after one that is more than half of it below the time before: the counter has
  /// run over there. Smaller steps back are counted and left as they are.
  void mend(std::vector<double>& times, std::optional<double> range, const std::string& recording);
  /// At most two sentences.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  std::size_t wraps_ = 0, backward_ = 0, recordings_ = 0;
  std::string first_;
};

/// Bins events by the port's elements, channel = polarity, and frames. Throws Error{kInput} for an event
/// outside the port.
[[nodiscard]] Train train_of(const CameraEvents& events, const Port& port, const DatasetOptions& options);

}  // namespace spikeloom::readers

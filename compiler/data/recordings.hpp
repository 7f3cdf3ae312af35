// Inside this folder only: recordings of event cameras and other sensors, whatever their format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/data/readers.hpp"

namespace spikeloom::readers {

struct Sensor {
  std::size_t width = 0, height = 0;
};

/// Events in the order of the file.
struct CameraEvents {
  std::vector<double> times{};  ///< microseconds
  std::vector<std::uint32_t> x{}, y{};
  std::vector<std::uint8_t> polarity{};
  std::optional<Sensor> sensor{};    ///< where the file tells its size
  std::optional<double> end{};       ///< where the file tells when it ends, in microseconds
  std::vector<std::string> notes{};  ///< what the file holds and is not read
  void add(double time, std::uint32_t column, std::uint32_t row, std::uint8_t on) {
    times.push_back(time);
    x.push_back(column);
    y.push_back(row);
    polarity.push_back(on);
  }
};

/// Each decodes one recording from its bytes and throws Error{kInput} that says what is damaged, and where.
/// Five bytes an event. `height` is the port's: a row 240 of a sensor without one is no event.
[[nodiscard]] CameraEvents decode_nmnist(const std::vector<std::uint8_t>& bytes, std::size_t height);
/// ATIS and Prophesee .dat: a heading of lines with %, two bytes, eight bytes an event.
[[nodiscard]] CameraEvents decode_prophesee(const std::vector<std::uint8_t>& bytes);
/// AEDAT 4.0: compressed packets of FlatBuffers; the first stream of events.
[[nodiscard]] CameraEvents decode_aedat4(const std::vector<std::uint8_t>& bytes);
/// ST-MNIST: the matrix `spiketrain` of a MAT file, a column an event time, a row a taxel and the last the
/// time.
[[nodiscard]] CameraEvents decode_stmnist(const std::vector<std::uint8_t>& bytes);

/// What is known of a clock before its stamps are read.
struct Clock {
  std::optional<double> range{};  ///< the counter runs over to 0 there
  std::optional<double> end{};    ///< the file says that it ends there
};

/// What is strange about the times of recordings, counted over all of them.
class TimeFaults {
 public:
  /// Adds the clock's range to all times after one that is more than half of it below the time before: the
  /// counter has run over there. Smaller steps back, and times after the file's own end, are counted and left
  /// as they are.
  void mend(std::vector<double>& times, const Clock& clock, const std::string& recording);
  /// Counts events behind the steps that a file gives a recording, where the reader has cut them off.
  void leave_out(std::size_t events, const std::string& recording);
  /// A sentence for each kind.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct Count {
    std::size_t events = 0, recordings = 0;
    std::string first;
    void add(std::size_t more, const std::string& where);
    /// "what: 3 events in 1 recording (the first: …)".
    [[nodiscard]] std::string text(const std::string& what) const;
  };
  Count backward_, kept_, left_out_;
  std::size_t wraps_ = 0;
};

/// Bins events by the port's elements, channel = polarity, and frames. A port of shape (C, H, W), or a flat
/// one of C times the sensor's elements, in the order C, H, W. Throws Error{kInput} for an event outside the
/// port.
[[nodiscard]] Train train_of(const CameraEvents& events, const Port& port, const DatasetOptions& options);

}  // namespace spikeloom::readers

// N-MNIST recordings: five bytes an event, as written by the ATIS camera's tools.
// Source: Orchard, Jayawant, Cohen, Thakor: Converting static image datasets to spiking neuromorphic
// datasets using saccades, Frontiers in Neuroscience 2015, and the data set's own description.
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {

CameraEvents decode_nmnist(const std::vector<std::uint8_t>& bytes, std::size_t height) {
  constexpr std::size_t kEventBytes = 5;
  // A row that the sensor does not have marks an overflow of the time stamp, not an event.
  constexpr unsigned kOverflowRow = 240;
  constexpr double kOverflowMicroseconds = 8192;
  if (bytes.size() % kEventBytes != 0) {
    throw input_error(std::to_string(bytes.size()) + " bytes are no whole number of events of 5 bytes");
  }
  CameraEvents events;
  double late = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    const std::uint32_t y = bytes[at + 1];
    const unsigned t =
        (bytes[at + 2] & 0x7fU) << 16U | static_cast<unsigned>(bytes[at + 3]) << 8U | bytes[at + 4];
    if (y == kOverflowRow && height <= kOverflowRow) {
      late += kOverflowMicroseconds;
      continue;
    }
    events.add(t + late, bytes[at], y, static_cast<std::uint8_t>(bytes[at + 2] >> 7U));
  }
  return events;
}

}  // namespace spikeloom::readers

// Calibration data in the forms that the compiler's stages take.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/data/dataset.hpp"
#include "compiler/golden/int_network.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/quantize/calibrate.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

[[nodiscard]] std::vector<Port> ports_of(const Network& network);
[[nodiscard]] std::vector<Port> ports_of(const IntNetwork& network);

/// Throws Error{kInput} naming a value that is not a whole number of its input's units.
[[nodiscard]] std::vector<CalibrationSample> calibration_samples(
    const Dataset& data, const std::map<std::string, InputCoding>& inputs, const Network& network);

/// Expected spikes a step of every axon and neuron, by the golden model over the data.
[[nodiscard]] Traffic measure_traffic(const IntNetwork& network, const Dataset& data);

/// What the replay of some input tells.
struct Rehearsal {
  MeasuredWork work;                ///< of every firing of every tile
  std::vector<std::int64_t> ended;  ///< cycle in which step k ended at the host, e(k)
};
[[nodiscard]] Rehearsal rehearse(const ImageView& image, const Dataset& data);

}  // namespace spikeloom

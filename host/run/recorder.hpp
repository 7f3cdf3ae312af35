// Spikes and membranes of populations after every step, from the replay.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compiler/chip_model/model_device.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/data/outputs.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// Populations by name.
struct WantedRecords {
  std::vector<std::string> spikes, potentials;
};
/// From NODE:spikes and NODE:v. Throws Error{kInput} that lists what the image does not have.
[[nodiscard]] WantedRecords parse_record(const std::vector<std::string>& items, const Image& image);

class Recorder {
 public:
  /// Keeps references to all but `wanted`; observes the model where anything is wanted.
  Recorder(const Image& image, const Dataset& data, const WantedRecords& wanted, ModelLink& model);
  void add_to(RunOutputs& outputs);

 private:
  struct Place {
    std::size_t sample, step;
  };
  [[nodiscard]] std::size_t size_of(const std::string& node) const;
  void record(const ModelFiring& firing);
  void store(std::size_t cluster, const ModelFiring& firing);

  const Image& image_;
  const Dataset& data_;
  ModelLink& model_;
  std::vector<Place> next_;  ///< by cluster: its next firing's step
  std::vector<SpikeTrace> spikes_;
  std::vector<PotentialTrace> potentials_;
};

}  // namespace spikeloom

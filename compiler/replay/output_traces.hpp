// What clusters send to the host, put where it belongs: traces in NIR order, sample by sample.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/data/dataset.hpp"
#include "compiler/data/outputs.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// The outputs of a run, filled chunk by chunk, in any order. Whatever is never sent stays 0; in a step of
/// which potentials are sent it stays the neuron's origin.
class OutputTraces {
 public:
  /// Of no sample yet. Keeps a reference to the image.
  explicit OutputTraces(const ImageView& image);
  /// Of all these samples.
  OutputTraces(const ImageView& image, const Dataset& data);

  /// A sample of no step; room for `steps`.
  void begin_sample(const Sample& sample, std::size_t steps);
  /// Another step of the last sample; a void one has no outputs.
  void add_step(StepPlace place);

  /// Chunk `index` of the cluster on sink channel `sink`, in `step` of `sample`: 16 spikes, or half a
  /// potential. Throws Error{kDevice} for a neuron that the cluster does not have.
  void chunk(std::uint32_t sink, std::size_t sample, std::size_t step, std::uint32_t index,
             std::uint16_t mask);

  /// Spikes of the network's own outputs so far.
  [[nodiscard]] std::int64_t output_spikes() const { return output_spikes_; }
  [[nodiscard]] const RunOutputs& outputs() const { return outputs_; }
  [[nodiscard]] RunOutputs take() { return std::move(outputs_); }

 private:
  struct Stream {
    bool potential = false;
    std::size_t trace = 0;  ///< index into its list in outputs_
    bool recorded = false;
    std::vector<std::int32_t> origin;  ///< as OutputStream's
    bool last_only = false;            ///< sent in a sample's last step alone
  };

  void add_stream(const OutputStream& output);
  void spikes(const Stream& stream, const Cluster& cluster, std::size_t sample, std::size_t step,
              std::uint32_t index, std::uint16_t mask);
  void potential(const Stream& stream, const Cluster& cluster, std::size_t sample, std::size_t step,
                 std::uint32_t index, std::uint16_t mask);

  const Application& app_;
  std::vector<Stream> streams_;
  std::vector<std::vector<std::size_t>> of_sink_;  ///< streams that a sink channel feeds
  RunOutputs outputs_;
  std::int64_t output_spikes_ = 0;
};

}  // namespace spikeloom

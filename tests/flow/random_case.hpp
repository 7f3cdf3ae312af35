// Random networks and inputs that fit a chip, made from a seed; and what the golden model says of them.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom::testing {

struct CaseOptions {
  std::uint32_t max_populations = 4;
  std::uint32_t max_neurons = 40;  ///< of a population
  std::uint32_t max_inputs = 40;   ///< elements of an input
  std::uint32_t max_samples = 4;
  std::uint32_t max_steps = 6;
};

struct Case {
  IntNetwork network;
  Dataset data;
};

/// Populations with random parameters, projections of random density, delays, formats and shifts,
/// recurrence, several inputs with bit planes, readouts where the chip has them; some with static inputs
/// whose sums are held; samples of random density, silence and "everything fires" included. Passes `check`
/// and fits acc_bits.
[[nodiscard]] Case random_case(std::uint64_t seed, const Chip& chip, const CaseOptions& options);

/// A convolution's map whose spikes are max pooled, by windows of any size, in any form, and one or two
/// populations that read the pool, late ones and recurrence among them. Mostly the pool folds
/// (compiler/partition/or_pool.hpp), its channels whole chunks or not; now and then somebody else wants the
/// map's spikes. Population 0 is the map, 1 the pool.
[[nodiscard]] Case pooled_case(std::uint64_t seed, const Chip& chip);

/// A convolution of any geometry (one or two dimensions, stride, padding, dilation, groups) of which one
/// neuron reads between one and eight times what a page of the chip's first kind of tile holds: of an input
/// or of a map behind it, beside them now and then one more convolution of another input, and residual adds.
/// The last population is the one in question.
[[nodiscard]] Case wide_convolution_case(std::uint64_t seed, const Chip& chip);

/// The same of data that do not change within a sample, and of a network as it is before any sum is held:
/// whoever hears an input hears inputs alone and keeps no current.
[[nodiscard]] Case static_case(std::uint64_t seed, const Chip& chip, const CaseOptions& options);

/// Every step of a sample as its first one.
void repeat_first_steps(Train& train);

/// The same network and data with the neurons of every population and the elements of every input renumbered:
/// neuron n of population p becomes neurons[p][n].
struct Relabelled {
  Case made;
  std::vector<std::vector<std::uint32_t>> neurons;
};
[[nodiscard]] Relabelled relabel(const Case& made, Rng& rng);

/// The golden model over a dataset.
struct GoldenRun {
  /// spikes[population][k · size + neuron], k over all steps of all samples; potentials likewise (readouts).
  std::vector<std::vector<std::uint8_t>> spikes;
  std::vector<std::vector<std::int32_t>> potentials;
  std::vector<std::vector<std::int32_t>> final_v, final_i;  ///< after the last step, NIR order
  std::uint64_t synaptic_operations = 0;
};
/// About half of the samples end with a void step more.
void give_void_ends(Rng& rng, Dataset& data);

[[nodiscard]] GoldenRun run_golden(const IntNetwork& network, const Dataset& data);

}  // namespace spikeloom::testing

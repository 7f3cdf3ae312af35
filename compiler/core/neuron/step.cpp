#include "compiler/core/neuron/step.hpp"

#include <algorithm>
#include <bit>

#include "compiler/golden/neuron_step.hpp"

namespace spikeloom::neuron {

using device_model::Firing;
using device_model::Memory;

std::vector<Update> Updater::decode(std::uint32_t first, std::uint32_t count) const {
  const TileConfig& tile = tile_;
  const Memory& program = memory_.memories[hw::kMemUpdates];
  const Memory& sets = memory_.memories[hw::kMemSets];
  std::vector<Update> updates;
  for (std::uint32_t n = 0; n < count; ++n) {
    const auto entry = program.entry<hw::MemUpdateEntry>(first + n);
    const auto set = sets.entry<hw::MemSetEntry>(entry.set);
    Update update;
    update.group = entry.group;
    update.mask = entry.mask;
    update.lane = entry.lane;
    update.half = entry.half;
    update.emit = entry.emit != 0;
    update.state = tile.bias_words != 0 ? entry.state : entry.group;
    update.later = tile.bias_words != 0 && entry.later != 0;
    update.alpha = tile.current != 0 ? set.alpha / double{kDecayOne} : 0;
    update.beta = set.beta / double{kDecayOne};
    update.gain = 1U << set.scale;
    update.bias_v = sign_extend(set.bias_v, tile.state_bits);
    update.theta = sign_extend(set.theta, tile.state_bits);
    update.v_reset = sign_extend(set.v_reset, tile.state_bits);
    update.subtract = set.subtract != 0;
    updates.push_back(update);
  }
  return updates;
}

namespace {

/// Whole numbers below 2^53 throughout, so doubles are exact and as good as 64-bit integers; they vectorise
/// better. A cast truncates towards zero, as the decay does.
struct DoubleArithmetic {
  double low, high;
  [[nodiscard]] double decay(double x, double k) const { return static_cast<std::int32_t>(x * k); }
  [[nodiscard]] double saturate(double x) const { return std::min(std::max(x, low), high); }
};

}  // namespace

/// Every lane is computed; `mask` says which are kept.
Updater::Lanes Updater::step(const Update& update, const std::int32_t* sums, bool first, std::size_t word,
                             std::size_t bias) {
  const TileConfig& tile = tile_;
  const std::uint32_t lanes = tile.lif_lanes;
  const std::uint32_t unused = 32U - tile.acc_bits, unused_bias = 32U - tile.bias_bits;
  const auto top = static_cast<double>((std::int64_t{1} << (tile.state_bits - 1U)) - 1);
  const DoubleArithmetic arithmetic{-top - 1, top};
  const std::uint32_t* biases = memory_.memories[hw::kMemBiases].row(bias);
  const std::uint32_t* potentials = memory_.memories[hw::kMemPotentials].row(word);
  const std::uint32_t* currents = memory_.memories[hw::kMemCurrents].row(word);
  const double keep_i = first ? 0 : update.alpha, keep_v = first ? 0 : update.beta;
  const bool has_current = tile.current != 0;
  Lanes to;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const std::int32_t sum =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[lane]) << unused) >> unused;
    const std::int32_t bias_i = static_cast<std::int32_t>(biases[lane] << unused_bias) >> unused_bias;
    const std::int32_t old_i = has_current ? static_cast<std::int32_t>(currents[lane]) : 0;
    const StepState<double> old{static_cast<double>(old_i),
                                static_cast<double>(static_cast<std::int32_t>(potentials[lane]))};
    const StepState<double> now =
        next_state(arithmetic, old, keep_i, keep_v, sum * update.gain + bias_i, update.bias_v);
    to.i[lane] = static_cast<std::int32_t>(now.i);
    to.v[lane] = static_cast<std::int32_t>(now.v);
  }
  return to;
}

std::uint32_t Updater::run(const Run& run, Firing& firing) {
  const TileConfig& tile = tile_;
  const bool readout = run.mode.readout != 0;
  const bool wanted = !readout || run.mode.last_only == 0 || run.last;
  const std::int64_t half_range = std::int64_t{1} << (tile.state_bits - 1U);
  IntegerArithmetic arithmetic{-half_range, half_range - 1};
  std::uint32_t gathered = 0;              // spikes since the last chunk
  std::uint32_t chunks = run.first_chunk;  // so far, zero ones included
  const auto push = [&](std::uint32_t mask) {
    if (mask != 0)
      firing.out.push_back({chunks, static_cast<std::uint16_t>(mask), static_cast<std::uint16_t>(run.page)});
  };
  for (const Update& update : run.program) {
    const std::size_t word = run.first_word + update.state;
    const std::size_t bias = tile.bias_words != 0 ? run.first_bias + update.group : word;
    const Lanes now = step(update, run.sums.data() + std::size_t{update.group} * tile.lif_lanes,
                           run.first && !update.later, word, bias);
    std::uint32_t* potentials = memory_.memories[hw::kMemPotentials].row(word);
    std::uint32_t* currents = memory_.memories[hw::kMemCurrents].row(word);
    for (std::uint32_t mask = update.mask; mask != 0; mask &= mask - 1U) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(mask));
      std::int64_t v = now.v[lane];
      if (!readout && spike_and_reset(arithmetic, v, std::int64_t{update.theta}, std::int64_t{update.v_reset},
                                      update.subtract))
        gathered |= 1U << ((update.group * tile.lif_lanes + lane) % hw::kChunkBits);
      potentials[lane] = static_cast<std::uint32_t>(v);
      if (tile.current != 0) currents[lane] = static_cast<std::uint32_t>(now.i[lane]);
    }
    if (readout) {
      const std::int32_t v = now.v[update.lane];
      const std::uint32_t half = (update.half == 0 ? static_cast<std::uint32_t>(v)
                                                   : static_cast<std::uint32_t>(v >> hw::kChunkBits)) &
                                 0xffffU;
      if (wanted) push(half);
      ++chunks;
    } else if (update.emit) {
      push(gathered);
      gathered = 0;
      ++chunks;
    }
  }
  return chunks;
}

std::int32_t Updater::potential(std::span<const Update> program, std::uint32_t first_word,
                                std::uint32_t position) const {
  std::uint32_t group = position / tile_.lif_lanes;
  if (tile_.bias_words != 0) {
    const auto own = std::find_if(program.begin(), program.end(),
                                  [&](const Update& update) { return update.group == group; });
    if (own != program.end()) group = own->state;
  }
  const std::uint32_t word = first_word + group;
  return static_cast<std::int32_t>(
      memory_.memories[hw::kMemPotentials].part(word, position % tile_.lif_lanes));
}

}  // namespace spikeloom::neuron

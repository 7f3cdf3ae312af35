#include "compiler/core/tally/step.hpp"

#include <algorithm>
#include <bit>

#include "compiler/core/tally/timing.hpp"
#include "compiler/golden/neuron_step.hpp"

namespace spikeloom::tally {

using device_model::Firing;
using device_model::Memory;
using device_model::Page;

std::int64_t Model::count(const Context& context, std::uint32_t position, const Page& page,
                          std::uint32_t limit, std::int64_t& synapses) const {
  const Memory& votes = memory_.memories[hw::kMemVotes];
  const std::uint32_t lane = position % tile_.tally_lanes;
  const std::size_t row = context.first_word + std::size_t{position / tile_.tally_lanes} * context.chunks;
  std::int64_t sum = 0;
  for (std::uint32_t chunk = 0; chunk < limit; ++chunk) {
    if (page[chunk] == 0) continue;
    const hw::MemVoteEntry vote = hw::MemVoteEntry::unpack({votes.part(row + chunk, lane)});
    sum += std::popcount(vote.plus & page[chunk]) - std::popcount(vote.minus & page[chunk]);
    synapses += std::popcount((vote.plus | vote.minus) & page[chunk]);
  }
  return sum;
}

bool Model::step(const Context& context, std::uint32_t position, std::int64_t count, bool first) {
  const std::uint32_t lane = position % tile_.tally_lanes;
  const std::size_t group = context.first_group + position / tile_.tally_lanes;
  const Memory& neurons = memory_.memories[hw::kMemNeurons];
  Memory& levels = memory_.memories[hw::kMemLevels];
  const hw::MemNeuronEntry neuron =
      hw::MemNeuronEntry::unpack({neurons.part(group, hw::MemNeuronEntry::kParts * lane),
                                  neurons.part(group, hw::MemNeuronEntry::kParts * lane + 1)});
  const std::int64_t half_range = std::int64_t{1} << (tile_.state_bits - 1U);
  IntegerArithmetic arithmetic{-half_range, half_range - 1};
  std::int64_t v = first ? 0 : static_cast<std::int32_t>(levels.part(group, lane));
  v = arithmetic.saturate(v + count * (std::int64_t{1} << (neuron.shift + neuron.scale)));
  const bool spike =
      spike_and_reset(arithmetic, v, std::int64_t{signed_value(neuron.theta, tile_.state_bits)},
                      std::int64_t{signed_value(neuron.v_reset, tile_.state_bits)}, neuron.subtract != 0);
  levels.set(group, lane, static_cast<std::uint32_t>(v));
  return spike;
}

Firing Model::fire(std::uint32_t number, std::span<const Page* const> pages, std::uint32_t count, bool) {
  SPIKELOOM_CHECK(!pages.empty() && pages.size() <= hw::kFiringPagesTally);
  const Context context = context_of(memory_.contexts[number]);
  const std::size_t groups = (context.neurons + tile_.tally_lanes - 1) / tile_.tally_lanes;
  if (context.first_word + groups * context.chunks > memory_.memories[hw::kMemVotes].words() ||
      context.first_group + groups > memory_.memories[hw::kMemNeurons].words())
    throw device_error(
        "model: a context's votes or neurons end outside the memory; the image does not fit "
        "this chip");
  Firing firing;
  std::int64_t work = 0;
  for (std::size_t p = 0; p < pages.size(); ++p) {
    const Page& page = *pages[p];
    const std::size_t steps = std::min<std::size_t>(count + p, hw::kLimitContextLimits - 1);
    const std::uint32_t limit = std::min(
        {memory_.contexts[number].limit[steps], context.chunks, static_cast<std::uint32_t>(page.size())});
    std::uint32_t mask = 0;  // of 16 neurons
    for (std::uint32_t at = 0; at < context.neurons; ++at) {
      const std::int64_t votes = this->count(context, at, page, limit, firing.synapses);
      if (step(context, at, votes, count == 0 && p == 0)) mask |= 1U << (at % hw::kChunkBits);
      if (at + 1 != context.neurons && (at + 1) % hw::kChunkBits != 0) continue;
      if (mask != 0)
        firing.out.push_back(
            {at / hw::kChunkBits, static_cast<std::uint16_t>(mask), static_cast<std::uint16_t>(p)});
      mask = 0;
    }
    const auto valid = static_cast<std::size_t>(
        std::count_if(page.begin(), page.begin() + limit, [](std::uint16_t chunk) { return chunk != 0; }));
    work += page_work(groups, valid);
    firing.counted += static_cast<std::int64_t>(groups * valid);
    firing.time = firing_time(tile_, p + 1, work);
    if (p + 1 < pages.size()) firing.freed.push_back(firing.time.integrate);
  }
  return firing;
}

std::int32_t Model::potential(std::uint32_t number, std::uint32_t position) const {
  const Context context = context_of(memory_.contexts.at(number));
  return static_cast<std::int32_t>(memory_.memories[hw::kMemLevels].part(
      context.first_group + position / tile_.tally_lanes, position % tile_.tally_lanes));
}

}  // namespace spikeloom::tally

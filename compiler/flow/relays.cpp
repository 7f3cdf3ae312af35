#include "compiler/flow/relays.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/flow/stage_options.hpp"
#include "compiler/partition/network_limits.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::size_t elements_of(const IntNetwork& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return volume(network.inputs[input->index()].shape);
  return network.populations[std::get<PopulationId>(source).index()].size();
}

const std::string& name_of(const IntNetwork& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return network.inputs[input->index()].name;
  return network.populations[std::get<PopulationId>(source).index()].name;
}

/// Whether its elements are single spikes, which a neuron can repeat.
bool is_of_spikes(const IntNetwork& network, const Source& source) {
  if (const auto* population = std::get_if<PopulationId>(&source))
    return !network.populations[population->index()].is_readout();
  const IntInput& input = network.inputs[std::get<InputId>(source).index()];
  return input.planes == 1 && !input.is_signed;
}

/// Source elements with a synapse, ascending.
std::vector<std::uint32_t> used(const IntProjection& projection) {
  std::vector<std::uint32_t> result;
  for (std::uint32_t s = 0; s < projection.form.sources(); ++s) {
    bool reaches = false;
    projection.form.row(s).each(
        [&](std::uint32_t, std::size_t weight) { reaches = reaches || projection.weight[weight] != 0; });
    if (reaches) result.push_back(s);
  }
  return result;
}

/// The projection's rows of the given source elements, in their order.
void keep_rows(IntProjection& projection, const std::vector<std::uint32_t>& elements) {
  std::vector<std::uint32_t> gather;
  gather.reserve(elements.size());
  for (const std::uint32_t element : elements) gather.push_back(projection.form.leaf_source(element));
  projection.form = MapForm(projection.form.leaf(), std::move(gather));
}

/// What one source sends `stage`·longest steps late.
struct Relay {
  PopulationId id;
  std::vector<std::uint32_t> elements;  ///< of the source, by neuron
};

class Inserter {
 public:
  Inserter(IntNetwork network, std::uint32_t longest, std::uint32_t weight_bits)
      : longest_(longest), weight_bits_(weight_bits) {
    result_.network = std::move(network);
  }

  Relayed run() {
    SPIKELOOM_CHECK(longest_ > 0);
    std::map<Source, std::vector<std::size_t>> late;
    std::vector<IntProjection>& projections = result_.network.projections;
    for (std::size_t p = 0; p < projections.size(); ++p) {
      IntProjection& projection = projections[p];
      if (projection.delay <= longest_ || !is_of_spikes(result_.network, projection.from)) continue;
      if (used(projection).empty())
        projection.delay = longest_;  // what carries nothing may be as late as one likes
      else
        late[projection.from].push_back(p);
    }
    for (const auto& [source, list] : late) relay(source, list);
    return std::move(result_);
  }

 private:
  /// Relays that come before the projection: its own pages hold what is left.
  [[nodiscard]] std::uint32_t stages(const IntProjection& projection) const {
    return (projection.delay - 1) / longest_;
  }

  void relay(const Source& source, const std::vector<std::size_t>& late) {
    IntNetwork& network = result_.network;
    std::uint32_t last = 0;
    for (const std::size_t p : late) last = std::max(last, stages(network.projections[p]));
    std::vector<Relay> relays;
    for (std::uint32_t stage = 1; stage <= last; ++stage) {
      std::set<std::uint32_t> wanted;
      for (const std::size_t p : late)
        if (stages(network.projections[p]) >= stage)
          for (const std::uint32_t element : used(network.projections[p])) wanted.insert(element);
      relays.push_back(add(source, relays.empty() ? nullptr : &relays.back(), stage, wanted));
    }
    note(source, late, relays);
    for (const std::size_t p : late) {
      IntProjection& projection = network.projections[p];
      const std::uint32_t stage = stages(projection);
      const Relay& from = relays[stage - 1];
      if (from.elements.size() != elements_of(network, source)) keep_rows(projection, from.elements);
      projection.from = from.id;
      projection.delay -= stage * longest_;
    }
  }

  Relay add(const Source& source, const Relay* before, std::uint32_t stage,
            const std::set<std::uint32_t>& wanted) {
    IntNetwork& network = result_.network;
    Relay relay{PopulationId(network.populations.size()), {wanted.begin(), wanted.end()}};
    IntPopulation population;
    population.name = free_name(name_of(network, source) + "@" + std::to_string(stage * longest_));
    population.kind = NeuronKind::kThreshold;  // a spike where this step's sum is above 0
    population.shape = {relay.elements.size()};
    for (const IntParameter& parameter : kIntParameters)
      (population.*parameter.values).assign(relay.elements.size(), 0);
    IntProjection one_to_one;
    one_to_one.name = population.name;
    one_to_one.from = before == nullptr ? source : Source(before->id);
    one_to_one.to = relay.id;
    one_to_one.delay = longest_;
    one_to_one.bits = weight_bits_;
    const std::size_t sources = elements_of(network, one_to_one.from);
    const auto size = static_cast<std::uint32_t>(relay.elements.size());
    std::vector<std::uint32_t> gather(sources, kNowhere);
    for (std::uint32_t s = 0, next = 0; s < sources && next < size; ++s)
      if (relay.elements[next] == (before == nullptr ? s : before->elements[s])) gather[s] = next++;
    one_to_one.form = MapForm(DiagonalMap{size, size}, std::move(gather));
    one_to_one.weight = {1};
    network.populations.push_back(std::move(population));
    network.projections.push_back(std::move(one_to_one));
    return relay;
  }

  [[nodiscard]] std::string free_name(std::string name) const {
    const auto taken = [&] {
      return std::any_of(result_.network.populations.begin(), result_.network.populations.end(),
                         [&](const IntPopulation& p) { return p.name == name; });
    };
    while (taken()) name += "'";
    return name;
  }

  void note(const Source& source, const std::vector<std::size_t>& late, const std::vector<Relay>& relays) {
    const IntNetwork& network = result_.network;
    std::string names, delays;
    for (const Relay& relay : relays) {
      const IntPopulation& population = network.populations[relay.id.index()];
      names +=
          (names.empty() ? "'" : ", '") + population.name + "' (" + std::to_string(population.size()) + ")";
    }
    std::set<std::uint32_t> steps;
    for (const std::size_t p : late) steps.insert(network.projections[p].delay);
    for (const std::uint32_t delay : steps) delays += (delays.empty() ? "" : ", ") + std::to_string(delay);
    result_.notes.push_back("'" + name_of(network, source) + "' is used " + delays +
                            " steps late, more than the " + std::to_string(longest_) +
                            " steps that pages hold: relay populations repeat its spikes, " + names +
                            " neurons; they take tiles and time as other populations do");
  }

  Relayed result_;
  std::uint32_t longest_, weight_bits_;
};

}  // namespace

Relayed with_relays(IntNetwork network, std::uint32_t longest, std::uint32_t weight_bits) {
  return Inserter(std::move(network), longest, weight_bits).run();
}

Relayed with_relays(IntNetwork network, const Chip& chip) {
  std::uint32_t longest = 0;
  std::uint32_t bits = 0;
  for (std::uint32_t k = 0; k < chip.kinds(); ++k) longest = std::max(longest, longest_delay(chip.kind(k)));
  // One bit has no 0, which all but one of a one-to-one projection's weights are.
  const std::vector<std::uint32_t> formats = limits_of(chip).weight_bits;
  for (const std::uint32_t format : {2U, 4U, 8U})
    if (bits == 0 && std::find(formats.begin(), formats.end(), format) != formats.end()) bits = format;
  if (longest == 0 || bits == 0) return {std::move(network), {}};  // the partition says what is missing
  return with_relays(std::move(network), longest, bits);
}

namespace {

template <class AnyNetwork>
std::vector<std::string> delay_notes(const AnyNetwork& network) {
  std::vector<std::string> notes;
  constexpr std::uint32_t kMost = hw::kLimitPages - 1;
  for (const auto& projection : network.projections)
    if (projection.delay > kMost)
      notes.push_back("projection '" + projection.name + "' into '" +
                      network.populations[projection.to.index()].name + "': its delay of " +
                      std::to_string(projection.delay) + " steps is more than the " + std::to_string(kMost) +
                      " that any chip's pages hold; compiling inserts relay populations");
  return notes;
}

}  // namespace

std::vector<std::string> notes_on_delays(const Network& network) { return delay_notes(network); }
std::vector<std::string> notes_on_delays(const IntNetwork& network) { return delay_notes(network); }

}  // namespace spikeloom

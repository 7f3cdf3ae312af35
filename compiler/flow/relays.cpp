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

/// One bit of a source's elements: what a spike of it counts.
struct Plane {
  std::uint32_t shift = 0;  ///< 2^shift
  bool negative = false;    ///< the top plane of a signed input
};

/// From the top down. A source of single spikes has one plane, and so no plane above another.
std::vector<Plane> planes_of(const IntNetwork& network, const Source& source) {
  const auto* input = std::get_if<InputId>(&source);
  if (input == nullptr) return {{}};
  const IntInput& of = network.inputs[input->index()];
  std::vector<Plane> planes;
  for (std::uint32_t b = of.planes; b-- > 0;) planes.push_back({b, of.is_signed && b + 1 == of.planes});
  return planes;
}

bool is_of_spikes(const std::vector<Plane>& planes) { return planes.size() == 1 && !planes[0].negative; }

/// Whether a neuron can compare with the value of every plane.
bool can_be_relayed(const IntNetwork& network, const Source& source) {
  const auto* population = std::get_if<PopulationId>(&source);
  if (population != nullptr && network.populations[population->index()].is_readout()) return false;
  return planes_of(network, source).size() < network.state_bits;
}

/// A map whose weights are those of a projection, and its form, without synapses of weight 0.
struct WeightedMap {
  MapForm form;
  std::vector<std::int16_t> weight;
};

WeightedMap without_zeros(WeightedMap map) {
  const auto* sparse = std::get_if<SparseMap>(&map.form.leaf());
  if (sparse == nullptr) return map;
  WeightedMap kept;
  SparseMap leaf{sparse->targets, {0}, {}};
  for (std::size_t row = 0; row + 1 < sparse->begin.size(); ++row) {
    for (std::size_t k = sparse->begin[row]; k < sparse->begin[row + 1]; ++k) {
      if (map.weight[k] == 0) continue;
      leaf.target.push_back(sparse->target[k]);
      kept.weight.push_back(map.weight[k]);
    }
    leaf.end_row();
  }
  std::vector<std::uint32_t> gather;
  for (std::uint32_t s = 0; s < map.form.sources(); ++s) gather.push_back(map.form.leaf_source(s));
  kept.form = MapForm(std::move(leaf), std::move(gather));
  return kept;
}

/// The map times -1. The lowest mantissa has no opposite: of that, 1 goes to a second map.
std::vector<WeightedMap> negated(const IntProjection& projection) {
  const int most = projection.bits == 1 ? 1 : (1 << (projection.bits - 1)) - 1;
  std::vector<std::int16_t> opposite, rest;
  bool fits = true;
  for (const std::int16_t weight : projection.weight) {
    const bool is_lowest = -weight > most;
    fits = fits && !is_lowest;
    opposite.push_back(static_cast<std::int16_t>(-weight - (is_lowest ? 1 : 0)));
    rest.push_back(is_lowest ? 1 : 0);
  }
  std::vector<WeightedMap> maps;
  maps.reserve(2);
  maps.push_back({projection.form, std::move(opposite)});
  if (!fits) maps.push_back(without_zeros({projection.form, std::move(rest)}));
  return maps;
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

/// What one plane of a source sends `stage`·longest steps late.
struct Relay {
  PopulationId id;
  Plane plane;
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
      if (projection.delay <= longest_ || !can_be_relayed(result_.network, projection.from)) continue;
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
    const std::vector<Plane> planes = planes_of(network, source);
    std::uint32_t last = 0;
    for (const std::size_t p : late) last = std::max(last, stages(network.projections[p]));
    std::vector<std::vector<Relay>> relays;  // by stage, then by plane
    for (std::uint32_t stage = 1; stage <= last; ++stage) {
      std::set<std::uint32_t> wanted;
      for (const std::size_t p : late)
        if (stages(network.projections[p]) >= stage)
          for (const std::uint32_t element : used(network.projections[p])) wanted.insert(element);
      std::vector<Relay> next;
      for (std::size_t n = 0; n < planes.size(); ++n) {
        const std::string name = name_of(network, source) + "@" + std::to_string(stage * longest_) +
                                 (is_of_spikes(planes) ? "" : "." + std::to_string(planes[n].shift));
        const Relay* before = stage == 1 ? nullptr : &relays.back()[n];
        next.push_back(add(source, before, planes[n], name, wanted));
        if (stage == 1) subtract(next);
      }
      relays.push_back(std::move(next));
    }
    note(source, late, relays);
    for (const std::size_t p : late) lead(p, relays[stages(network.projections[p]) - 1]);
  }

  /// Lets a projection come from a source's relays, one a plane.
  void lead(std::size_t p, const std::vector<Relay>& relays) {
    IntNetwork& network = result_.network;
    const IntProjection late = network.projections[p];
    const bool is_split = relays.size() > 1 || relays[0].plane.negative;
    bool is_first = true;
    for (const Relay& from : relays) {
      const auto maps =
          from.plane.negative ? negated(late) : std::vector<WeightedMap>{{late.form, late.weight}};
      for (const WeightedMap& map : maps) {
        IntProjection projection = late;
        projection.form = map.form;
        projection.weight = map.weight;
        if (is_split) projection.name = free_projection(late.name + "." + std::to_string(from.plane.shift));
        if (from.elements.size() != elements_of(network, late.from)) keep_rows(projection, from.elements);
        projection.from = from.id;
        projection.delay -= stages(late) * longest_;
        projection.shift += from.plane.shift;
        if (is_first)
          network.projections[p] = std::move(projection);
        else
          network.projections.push_back(std::move(projection));
        is_first = false;
      }
    }
  }

  /// A relay of a plane: of the source itself, or of the relay before it, which has single spikes.
  Relay add(const Source& source, const Relay* before, const Plane& plane, const std::string& name,
            const std::set<std::uint32_t>& wanted) {
    IntNetwork& network = result_.network;
    Relay relay{PopulationId(network.populations.size()), plane, {wanted.begin(), wanted.end()}};
    IntPopulation population;
    population.name = free_name(name);
    population.kind = NeuronKind::kThreshold;  // a spike where this step's sum is above theta
    population.shape = {relay.elements.size()};
    for (const IntParameter& parameter : kIntParameters)
      (population.*parameter.values).assign(relay.elements.size(), 0);
    const bool is_sign = before == nullptr && plane.negative;  // a spike where the value is below 0
    if (before == nullptr && !is_sign)
      population.theta.assign(relay.elements.size(), (std::int32_t{1} << plane.shift) - 1);
    const Source from = before == nullptr ? source : Source(before->id);
    const std::size_t sources = elements_of(network, from);
    const auto size = static_cast<std::uint32_t>(relay.elements.size());
    std::vector<std::uint32_t> gather(sources, kNowhere);
    for (std::uint32_t s = 0, next = 0; s < sources && next < size; ++s)
      if (relay.elements[next] == (before == nullptr ? s : before->elements[s])) gather[s] = next++;
    network.populations.push_back(std::move(population));
    connect(from, relay, MapForm(DiagonalMap{size, size}, std::move(gather)));
    network.projections.back().delay = longest_;
    network.projections.back().weight = {static_cast<std::int16_t>(is_sign ? -1 : 1)};
    return relay;
  }

  /// Takes what the planes above have found off the sum that the last one gets, in the same step.
  void subtract(const std::vector<Relay>& relays) {
    const auto size = static_cast<std::uint32_t>(relays.back().elements.size());
    for (std::size_t n = 0; n + 1 < relays.size(); ++n) {
      const Plane& above = relays[n].plane;
      connect(relays[n].id, relays.back(), MapForm(DiagonalMap{size, size}));
      result_.network.projections.back().shift = above.shift;
      result_.network.projections.back().weight = {static_cast<std::int16_t>(above.negative ? 1 : -1)};
    }
  }

  /// One to one, with a delay of 0 and without weights as yet.
  void connect(const Source& from, const Relay& to, MapForm form) {
    IntProjection projection;
    projection.name =
        free_projection(name_of(result_.network, from) + " to " + name_of(result_.network, to.id));
    projection.from = from;
    projection.to = to.id;
    projection.bits = weight_bits_;
    projection.form = std::move(form);
    result_.network.projections.push_back(std::move(projection));
  }

  template <class Things>
  [[nodiscard]] static std::string free_in(const Things& things, std::string name) {
    const auto taken = [&] {
      return std::any_of(things.begin(), things.end(), [&](const auto& thing) { return thing.name == name; });
    };
    while (taken()) name += "'";
    return name;
  }
  [[nodiscard]] std::string free_name(const std::string& name) const {
    return free_in(result_.network.populations, name);
  }
  [[nodiscard]] std::string free_projection(const std::string& name) const {
    return free_in(result_.network.projections, name);
  }

  void note(const Source& source, const std::vector<std::size_t>& late,
            const std::vector<std::vector<Relay>>& relays) {
    const IntNetwork& network = result_.network;
    std::string names, delays;
    for (const std::vector<Relay>& stage : relays)
      for (const Relay& relay : stage) {
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

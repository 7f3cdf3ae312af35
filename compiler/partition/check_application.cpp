// Lets the cores decode an application's tables, and compares with the network. Shares no code with the
// builders.
#include "compiler/partition/check_application.hpp"

#include <algorithm>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_set>

#include "compiler/golden/accumulator.hpp"
#include "compiler/partition/partition.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// Bits of a number that a readout sends, two's complement: 16 in each of two chunks.
constexpr std::uint32_t kNumberPlanes = 2 * hw::kChunkBits;

/// Which spikes an axon carries. Those of one source and delay follow one another.
struct Axon {
  std::uint32_t source = 0;  ///< inputs first, then populations
  std::uint32_t delay = 0;
  std::uint32_t number =
      0;  ///< input: element·planes + plane; population: neuron; readout: neuron·32 + plane
  friend auto operator<=>(const Axon&, const Axon&) = default;
};

/// What a spike adds: (position, value).
using Values = std::vector<std::pair<std::uint32_t, std::int64_t>>;

/// By rising position, one for each, without zeros.
void normalise(Values& values) {
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size();) {
    auto sum = values[i++];
    while (i < values.size() && values[i].first == sum.first) sum.second += values[i++].second;
    if (sum.second != 0) values[kept++] = sum;
  }
  values.resize(kept);
}

/// A projection into the population that is checked, and how its rows lie in one cluster. Rows of one place,
/// which is a pattern and where it begins (MapRow), lie alike; so do those of places that are equal but for a
/// shift, which have one layout.
class Incoming {
 public:
  const IntProjection* projection;
  std::uint64_t number;  ///< within the population
  std::uint32_t source = 0, planes = 1, negative = ~0U;
  std::uint32_t counted = ~0U;  ///< planes from here on count nothing: copies of a potential's sign

  Incoming(const IntProjection& p, std::size_t n) : projection(&p), number(n) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> known;
    for (std::size_t s = 0; s < p.form.sources(); ++s) {
      const MapRow row = p.form.row(s);
      const auto next = static_cast<std::uint32_t>(known.size());
      const auto [at, fresh] = known.try_emplace({row.pattern, row.first_target}, next);
      if (fresh) example_.push_back(s);
      place_.push_back(at->second);
    }
  }

  /// From now on rows are seen from this cluster: `position` by neuron, kOutside of those elsewhere.
  static constexpr std::uint32_t kOutside = ~0U;
  void look_from(const std::vector<std::uint32_t>& position) {
    position_ = &position;
    layout_.assign(example_.size(), {});
  }

  struct Layout {
    bool known = false;
    bool empty = true;
    std::uint32_t number = 0, first = 0;
  };
  [[nodiscard]] const Layout& layout(std::size_t element) {
    Layout& layout = layout_[place_[element]];
    if (!layout.known) find(example_[place_[element]], layout);
    return layout;
  }
  [[nodiscard]] std::size_t first_weight(std::size_t element) const {
    return projection->form.row(element).first_weight;
  }

  /// Appends what a spike of the element's plane should add.
  void expect(std::size_t element, std::uint32_t plane, Values& values) const {
    if (plane >= counted) return;
    const std::int64_t unit = (std::int64_t{1} << (projection->shift + plane)) * (plane == negative ? -1 : 1);
    projection->form.row(element).each([&](std::uint32_t target, std::size_t weight) {
      const std::uint32_t at = (*position_)[target];
      if (at != kOutside && projection->weight[weight] != 0)
        values.emplace_back(at, projection->weight[weight] * unit);
    });
  }

 private:
  void find(std::size_t element, Layout& layout) {
    layout.known = true;
    const MapRow row = projection->form.row(element);
    std::vector<std::size_t> entries;
    std::uint32_t low = kOutside;
    row.each([&](std::uint32_t target, std::size_t weight) {
      const std::uint32_t at = (*position_)[target];
      if (at == kOutside) return;
      entries.push_back(weight - row.first_weight);
      entries.push_back(at);
      low = std::min(low, at);
    });
    layout.empty = entries.empty();
    if (layout.empty) return;
    layout.first = low;
    for (std::size_t n = 1; n < entries.size(); n += 2) entries[n] -= low;
    layout.number =
        numbers_.try_emplace(std::move(entries), static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

  std::vector<std::uint32_t> place_;  ///< by source
  std::vector<std::size_t> example_;  ///< by place: a source
  const std::vector<std::uint32_t>* position_ = nullptr;
  std::vector<Layout> layout_;  ///< by place
  std::map<std::vector<std::size_t>, std::uint32_t> numbers_;
};

/// Sets of numbers that were met before.
class Met {
 public:
  [[nodiscard]] bool holds(const std::vector<std::uint64_t>& key) const { return keys_.contains(key); }
  void add(const std::vector<std::uint64_t>& key) { keys_.insert(key); }
  void clear() { keys_.clear(); }

 private:
  struct Hash {
    std::size_t operator()(const std::vector<std::uint64_t>& key) const {
      std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
      for (const std::uint64_t x : key) {
        hash = (hash ^ x) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32U;
      }
      return static_cast<std::size_t>(hash);
    }
  };
  std::unordered_set<std::vector<std::uint64_t>, Hash> keys_;
};

class Checker {
 public:
  Checker(const Application& app, const IntNetwork& network, const Chip& chip)
      : app_(app), network_(network), chip_(chip) {}

  std::vector<std::string> run() {
    faults_ = faults(app_);
    if (!faults_.empty()) return faults_;
    for (const Cluster& cluster : app_.clusters)
      for (const std::string& mismatch : kind_mismatches(cluster, chip_))
        require(false, cluster.name + ": " + mismatch);
    require(app_.populations.size() == network_.populations.size() &&
                app_.inputs.size() == network_.inputs.size(),
            "another number of populations or inputs");
    if (!faults_.empty()) return faults_;
    check_inputs();
    check_members();
    if (!faults_.empty()) return faults_;
    for (std::size_t p = 0; p < network_.populations.size(); ++p) check_population(p);
    for (const Cluster& cluster : app_.clusters)
      for (const Need& e : excesses(cluster, chip_)) require(false, cluster.name + " exceeds " + e.key);
    check_outputs();
    return faults_;
  }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) faults_.push_back(what);
  }

  void check_inputs() {
    for (std::size_t i = 0; i < network_.inputs.size(); ++i) {
      const IntInput& input = network_.inputs[i];
      const StreamInput& stream = app_.inputs[i];
      require(stream.name == input.name && stream.shape == input.shape && stream.planes == input.planes &&
                  stream.is_signed == input.is_signed && stream.unit == input.unit &&
                  stream.is_static == input.is_static,
              "input " + input.name + " differs");
    }
  }

  void check_members() {
    for (std::size_t p = 0; p < network_.populations.size(); ++p) {
      std::size_t neurons = 0;
      for (const Cluster& cluster : app_.clusters) {
        if (cluster.pooled && cluster.pooled->population.index() == p) neurons += cluster.sent_count();
        if (cluster.population.index() != p) continue;
        neurons += cluster.neuron_count();
        require(cluster.readout == network_.populations[p].is_readout(), cluster.name + ": wrong kind");
        check_passes(cluster, network_.populations[p]);
      }
      require(
          app_.populations[p] == network_.populations[p].name && neurons == network_.populations[p].size(),
          "population " + network_.populations[p].name + ": wrong name or size");
    }
  }

  /// Those that pass through one membrane are the network's, in its order.
  void check_passes(const Cluster& cluster, const IntPopulation& p) {
    require(cluster.passes == p.share, cluster.name + ": another number of passes than the network's");
    if (cluster.passes != p.share) return;
    require(cluster.membranes_of.has_value() == p.membranes_of.has_value(),
            cluster.name + ": membranes of its own, or of another, where the network has it otherwise");
    if (cluster.membranes_of && p.membranes_of) {
      const Cluster& owner = app_.clusters[cluster.membranes_of->index()];
      require(owner.population == *p.membranes_of, cluster.name + ": another population's membranes");
      for (std::size_t at = 0; at < cluster.membranes(); ++at)
        require(owner.neurons[at] == cluster.neurons[at],
                cluster.name + ": a neuron that goes on with another one's membrane");
    }
    for (std::size_t at = cluster.pass_stride(); at < cluster.size(); ++at)
      require(cluster.neurons[at] == kNoNeuron ||
                  cluster.neurons[at] == cluster.neurons[at - cluster.pass_stride()] + p.membranes(),
              cluster.name + ": a neuron that passes through another one's membrane");
  }

  /// By position: number = position · channels + channel, element = channel · positions + position.
  [[nodiscard]] static std::uint32_t element_of(const StreamInput& input, std::uint32_t number) {
    if (input.order == InputOrder::kFile) return number;
    std::uint32_t positions = 1;
    for (std::size_t d = 1; d < input.shape.size(); ++d)
      positions *= static_cast<std::uint32_t>(input.shape[d]);
    const auto channels = static_cast<std::uint32_t>(input.shape[0]);
    const std::uint32_t position = number / channels, channel = number - position * channels;
    return channel * positions + position;
  }

  /// Axon of a source's chunk bit; `exists` is 0 where there is none.
  [[nodiscard]] Axon axon_of(const Inbound& inbound, std::uint32_t at, std::uint32_t& exists) const {
    Axon s;
    s.delay = inbound.delay;
    exists = 0;
    if (inbound.from) {
      const Cluster& source = app_.clusters[inbound.from->index()];
      const std::uint32_t planes = source.readout ? kNumberPlanes : 1;
      const std::vector<std::uint32_t>& sent = source.sent_neurons();
      if (at / planes >= sent.size() || sent[at / planes] == kNoNeuron) return s;
      exists = 1;
      s.source = static_cast<std::uint32_t>(network_.inputs.size() + source.sent_population().index());
      s.number = sent[at / planes] * planes + at % planes;
      return s;
    }
    for (std::size_t i = 0; i < app_.inputs.size(); ++i) {
      const StreamInput& input = app_.inputs[i];
      if (at < input.first_axon || at - input.first_axon >= network_.inputs[i].axons()) continue;
      exists = 1;
      s.source = static_cast<std::uint32_t>(i);
      const std::uint32_t number = (at - input.first_axon) / input.planes;
      s.number = element_of(input, number) * input.planes + (at - input.first_axon) % input.planes;
    }
    return s;
  }

  /// An axon and where the page has it: 16·chunk + bit.
  using Found = std::pair<Axon, std::uint32_t>;

  /// The axons of a cluster's page, rising.
  [[nodiscard]] std::vector<Found> axons_of(const Cluster& cluster) {
    std::vector<Found> axons;
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t c = 0; c < inbound.source_count; ++c)
        for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
          std::uint32_t exists = 0;
          const Axon axon = axon_of(inbound, (inbound.source_first + c) * hw::kChunkBits + bit, exists);
          require((cluster.chunk_bits[inbound.first_chunk + c] >> bit & 1U) == exists,
                  cluster.name + ": chunk bits differ");
          if (exists != 0) axons.emplace_back(axon, (inbound.first_chunk + c) * hw::kChunkBits + bit);
        }
    std::sort(axons.begin(), axons.end());
    return axons;
  }

  [[nodiscard]] std::vector<Incoming> incoming(std::size_t p) const {
    std::vector<Incoming> result;
    for (const IntProjection& projection : network_.projections) {
      if (projection.to.index() != p) continue;
      Incoming in(projection, result.size());
      if (const auto* input = std::get_if<InputId>(&projection.from)) {
        in.source = input->value;
        in.planes = network_.inputs[in.source].planes;
        if (network_.inputs[in.source].is_signed) in.negative = in.planes - 1;
      } else {
        const PopulationId from = std::get<PopulationId>(projection.from);
        in.source = static_cast<std::uint32_t>(network_.inputs.size()) + from.value;
        if (network_.populations[from.index()].is_readout()) {
          // All bits of a sum that goes on as it is, else as few as hold every potential.
          in.planes = kNumberPlanes;
          in.counted = hands_on(projection.form, projection.weight, projection.shift)
                           ? kNumberPlanes
                           : potential_planes(network_, from);
          in.negative = in.counted - 1;
        }
      }
      result.push_back(std::move(in));
    }
    return result;
  }

  void check_population(std::size_t p) {
    std::vector<Incoming> all = incoming(p);
    std::vector<std::uint32_t> position(network_.populations[p].size(), Incoming::kOutside);
    bool same = true;
    for (const Cluster& cluster : app_.clusters) {
      if (cluster.population.index() != p) continue;
      for (std::uint32_t at = 0; at < cluster.size(); ++at)
        if (cluster.neurons[at] != kNoNeuron) position[cluster.neurons[at]] = at;
      for (Incoming& in : all) in.look_from(position);
      same = check_rows(cluster, all) && same;
      for (const std::uint32_t neuron : cluster.neurons)
        if (neuron != kNoNeuron) position[neuron] = Incoming::kOutside;
      const Decoded decoded = core_of(cluster).decode(cluster, chip_.kind(cluster.kind), {});
      for (const std::string& fault : decoded.faults) require(false, cluster.name + ": " + fault);
      for (std::size_t at = 0; at < cluster.size() && decoded.faults.empty(); ++at)
        if (cluster.neurons[at] != kNoNeuron) check_neuron(cluster, at, decoded.neurons[at]);
      if (cluster.pooled && decoded.faults.empty()) check_windows(cluster, decoded);
    }
    require(same,
            "population " + network_.populations[p].name + ": the decoded weights differ from the network's");
  }

  /// Whether what each axon adds is what the network says, those that the page has not included. An axon
  /// whose rows and projections lie to one another as another's did, which were equal, is not looked at
  /// again.
  [[nodiscard]] bool check_rows(const Cluster& cluster, std::vector<Incoming>& all) {
    const std::vector<Found> axons = axons_of(cluster);
    if (!faults_.empty()) return true;  // said already
    const std::vector<RowKind> kinds = core_of(cluster).row_kinds(cluster);
    Met equal;
    std::set<std::pair<std::uint32_t, std::uint32_t>> groups;  // source and delay
    for (const Found& found : axons) groups.emplace(found.first.source, found.first.delay);
    for (const Incoming& in : all) groups.emplace(in.source, in.projection->delay);
    for (const auto& [source, delay] : groups) {
      std::vector<Incoming*> sent;
      for (Incoming& in : all)
        if (in.source == source && in.projection->delay == delay) sent.push_back(&in);
      auto at = std::lower_bound(axons.begin(), axons.end(), Found{{source, delay, 0}, 0});
      // Numbers of the network, and whatever else stands in the page.
      for (std::uint32_t number = 0; number < axons_of_source(source) || is_of(at, axons, source, delay);
           ++number) {
        auto end = at;
        while (is_of(end, axons, source, delay) && end->first.number == number) ++end;
        if (!check_axon(cluster, kinds, {at, end}, number, sent, equal)) return false;
        at = end;
      }
    }
    return true;
  }

  [[nodiscard]] std::uint32_t axons_of_source(std::uint32_t source) const {
    const std::size_t inputs = network_.inputs.size();
    if (source < inputs) return static_cast<std::uint32_t>(network_.inputs[source].axons());
    const IntPopulation& population = network_.populations[source - inputs];
    return static_cast<std::uint32_t>(population.size() * (population.is_readout() ? kNumberPlanes : 1));
  }
  [[nodiscard]] static bool is_of(std::vector<Found>::const_iterator at, const std::vector<Found>& axons,
                                  std::uint32_t source, std::uint32_t delay) {
    return at != axons.end() && at->first.source == source && at->first.delay == delay;
  }

  [[nodiscard]] bool check_axon(const Cluster& cluster, const std::vector<RowKind>& kinds,
                                std::span<const Found> found, std::uint32_t number,
                                const std::vector<Incoming*>& sent, Met& equal) {
    const std::uint32_t planes = sent.empty() ? 1 : sent.front()->planes;
    const std::uint32_t element = number / planes, plane = number % planes;
    bool any = !found.empty();
    for (Incoming* in : sent) any = any || !in->layout(element).empty;
    ++looks_;
    if (!any) return true;
    // Everything that decides, counted from the first of the positions.
    std::optional<std::uint32_t> base;
    key_.assign(1, plane);
    const auto add = [&](std::uint64_t what, std::uint64_t more, std::uint32_t first) {
      if (!base) base = first;
      key_.insert(key_.end(), {what, more, first - std::uint64_t{*base}});
    };
    for (const Found& one : found) add(kinds[one.second].kind, 0, kinds[one.second].first);
    key_.push_back(~std::uint64_t{0});
    for (Incoming* in : sent) {
      const Incoming::Layout& layout = in->layout(element);
      key_.push_back(in->number);
      if (!layout.empty) add(layout.number, in->first_weight(element), layout.first);
    }
    if (equal.holds(key_)) return true;
    have_.clear();
    want_.clear();
    for (const Found& one : found) {
      core_of(cluster).decode_row(cluster, one.second / hw::kChunkBits, one.second % hw::kChunkBits, row_);
      have_.insert(have_.end(), row_.begin(), row_.end());
    }
    for (const Incoming* in : sent) in->expect(element, plane, want_);
    looks_ += have_.size() + want_.size();
    normalise(have_);
    normalise(want_);
    if (have_ != want_) return false;
    equal.add(key_);
    return true;
  }

  void check_neuron(const Cluster& cluster, std::size_t position, const DecodedNeuron& neuron) {
    const IntPopulation& p = network_.populations[cluster.population.index()];
    const std::uint32_t j = cluster.neurons[position];
    bool same = neuron.scale == p.scale &&
                (p.is_readout() || (neuron.subtract != 0) == (p.reset == Reset::kSubtract));
    for (std::size_t n = 0; n < kIntParameters.size(); ++n) {
      const IntParameter& parameter = kIntParameters[n];
      same = same && (!has(p, parameter) || neuron.parameters[n] == (p.*parameter.values)[j]);
    }
    require(same, cluster.name + ": parameters of neuron " + std::to_string(j) + " differ");
  }

  /// What is sent in place of a pool's spikes is that: its neurons have no memory, spike where anything of
  /// their window does, and the windows that the tables OR are the network's.
  void check_windows(const Cluster& cluster, const Decoded& decoded) {
    const PopulationId pool = cluster.pooled->population;
    const IntPopulation& p = network_.populations[pool.index()];
    const IntProjection* into = nullptr;
    int inbound = 0;
    for (const IntProjection& projection : network_.projections)
      if (projection.to == pool) {
        ++inbound;
        into = &projection;
      }
    require(inbound == 1 && into->delay == 0 && into->from == Source(cluster.population) && !p.is_readout(),
            cluster.name + ": sends a pool that does not hear it alone");
    if (!faults_.empty()) return;
    std::vector<std::vector<std::uint32_t>> window(p.size());  // positions by neuron of the pool
    for (std::uint32_t at = 0; at < cluster.size(); ++at) {
      if (cluster.neurons[at] == kNoNeuron) continue;
      into->form.row(cluster.neurons[at]).each([&](std::uint32_t target, std::size_t weight) {
        if (into->weight[weight] == 0) return;
        window[target].push_back(at);
        // From 1 spike on the sum only rises.
        require(is_or(p, target, std::int64_t{into->weight[weight]} << into->shift),
                cluster.name + ": sends a pool that is no OR");
      });
    }
    std::size_t sent = 0;
    for (std::size_t n = 0; n < decoded.windows.size(); ++n) {
      const std::uint32_t neuron = cluster.pooled->neurons[n];
      if (neuron == kNoNeuron) continue;  // nothing is there, says decode
      require(neuron < p.size() && decoded.windows[n] == window[neuron],
              cluster.name + ": the windows that it sends differ from the network's");
      sent += decoded.windows[n].size();
    }
    std::size_t all = 0;
    for (const auto& one : window) all += one.size();
    require(sent == all, cluster.name + ": sends parts of windows");
  }

  /// Whether the neuron spikes for a sum of `one`, not for 0, and remembers nothing.
  [[nodiscard]] bool is_or(const IntPopulation& p, std::size_t n, std::int64_t one) const {
    const std::int64_t top = (std::int64_t{1} << (network_.state_bits - 1)) - 1;
    const auto potential = [&](std::int64_t sum) {
      const std::int64_t i = std::clamp(sum * (std::int64_t{1} << p.scale) + p.bias_i[n], -top - 1, top);
      return std::clamp(i + p.bias_v[n], -top - 1, top);
    };
    return p.alpha[n] == 0 && p.beta[n] == 0 && one > 0 && potential(0) <= p.theta[n] &&
           potential(one) > p.theta[n];
  }

  void check_outputs() {
    const auto own = static_cast<std::size_t>(std::count_if(
        app_.outputs.begin(), app_.outputs.end(), [](const OutputStream& s) { return !s.recorded; }));
    require(own == network_.outputs.size(), "another number of outputs");
    for (const Output& output : network_.outputs)
      require(std::any_of(app_.outputs.begin(), app_.outputs.end(),
                          [&](const OutputStream& s) {
                            return s.name == output.name && s.population == output.from &&
                                   s.shape == output.shape && !s.recorded;
                          }),
              "output " + output.name + " is missing");
    for (const OutputStream& s : app_.outputs) {
      const IntPopulation& population = network_.populations[s.population.index()];
      for (const Cluster& cluster : app_.clusters)
        require(!cluster.pooled || cluster.population != s.population,
                "output " + s.name + ": its spikes are sent pooled only");
      require(s.origin == population.origin && s.unit == population.unit,
              "output " + s.name + ": its origin or unit differs from the network's");
    }
  }

  const Application& app_;
  const IntNetwork& network_;
  const Chip& chip_;
  std::vector<std::string> faults_;
  std::uint64_t looks_ = 0;
  std::vector<std::uint64_t> key_;  ///< these are kept for their memory
  Values row_, have_, want_;
};

}  // namespace

CheckedApplication check_counted(const Application& app, const IntNetwork& network, const Chip& chip) {
  Checker checker(app, network, chip);
  CheckedApplication result{checker.run(), 0};
  result.looks = checker.looks();
  return result;
}

std::vector<std::string> check(const Application& app, const IntNetwork& network, const Chip& chip) {
  return check_counted(app, network, chip).faults;
}

}  // namespace spikeloom

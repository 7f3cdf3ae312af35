#include "compiler/golden/check.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "compiler/golden/accumulator.hpp"
#include "compiler/linear/sums.hpp"

namespace spikeloom {

namespace {

bool exists(const IntNetwork& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return input->index() < network.inputs.size();
  return std::get<PopulationId>(source).index() < network.populations.size();
}

std::string found(std::int64_t low, std::int64_t high, std::int64_t value) {
  return "expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " +
         std::to_string(value);
}

/// Collects under the name of one thing.
class Subject {
 public:
  Subject(Problems& problems, std::string name) : problems_(problems), name_(std::move(name)) {}
  void wrong(const std::string& text) const { problems_.add(name_ + ": " + text); }
  void range(const std::string& what, std::int64_t value, std::int64_t low, std::int64_t high) const {
    if (value < low || value > high) wrong(what + ": " + found(low, high, value));
  }
  /// Names the first neuron outside only: a wrong array is one mistake.
  void range(const std::string& what, const std::vector<std::int32_t>& values, std::int64_t low,
             std::int64_t high) const {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (values[j] >= low && values[j] <= high) continue;
      wrong(what + " of neuron " + std::to_string(j) + ": " + found(low, high, values[j]));
      return;
    }
  }
  void unit(double value) const {
    if (!(value > 0) || !std::isfinite(value)) wrong("unit: expected a finite number above 0");
  }

 private:
  Problems& problems_;
  std::string name_;
};

/// False when the volume itself overflows or a dimension is 0.
bool sound(const Shape& shape) {
  constexpr std::size_t kMost = std::size_t{1} << 31U;
  std::size_t product = 1;
  for (const std::size_t side : shape) {
    if (side == 0 || side > kMost / product) return false;
    product *= side;
  }
  return true;
}

template <class Things>
void check_names(const Things& things, const std::string& word, Problems& problems) {
  std::set<std::string> seen;
  for (std::size_t n = 0; n < things.size(); ++n) {
    if (things[n].name.empty()) {
      problems.add(word + " " + std::to_string(n) + ": has no name");
    } else if (!seen.insert(things[n].name).second) {
      problems.add(word + " '" + things[n].name + "': the name occurs twice");
    }
  }
}

void check_input(const IntInput& input, Problems& problems) {
  const Subject subject(problems, "input '" + input.name + "'");
  if (!sound(input.shape))
    subject.wrong("shape: expected positive dimensions of at most 2^31 elements together");
  subject.range("planes", input.planes, 1, kMaxPlanes);
  subject.unit(input.unit);
}

void check_population(const IntPopulation& population, std::uint32_t state_bits, Problems& problems) {
  const Subject subject(problems, "population '" + population.name + "'");
  if (!sound(population.shape)) {
    subject.wrong("shape: expected positive dimensions of at most 2^31 neurons together");
  } else if (volume(population.shape) != population.size()) {
    subject.wrong("shape holds " + std::to_string(volume(population.shape)) + " neurons, but beta has " +
                  std::to_string(population.size()) + " entries");
  }
  for (const IntParameter& parameter : kIntParameters) {
    const std::size_t entries = (population.*parameter.values).size();
    if (has(population, parameter) && entries != population.size()) {
      subject.wrong(std::string(parameter.name) + ": expected " + std::to_string(population.size()) +
                    " entries, found " + std::to_string(entries));
    }
  }
  const auto [low, high] = state_range(state_bits);
  subject.range("scale", population.scale, 0, kMaxScale);
  for (const IntParameter& parameter : kIntParameters) {
    if (!has(population, parameter)) continue;
    const bool decays = parameter.range == IntParameter::Range::kDecay;
    subject.range(parameter.name, population.*parameter.values, decays ? 0 : low, decays ? kDecayOne : high);
  }
  if (!population.is_readout() && population.reset != Reset::kToValue && population.reset != Reset::kSubtract)
    subject.wrong("reset: an integer neuron goes to a value or subtracts one");
  if (!population.origin.empty() &&
      (!population.is_readout() || population.origin.size() != population.size())) {
    subject.wrong("origin: expected no entries or one per neuron of a readout");
  } else {
    subject.range("origin", population.origin, -kMaxOrigin, kMaxOrigin);
  }
  subject.unit(population.unit);
  const auto& relative = population.relative_unit;
  const bool positive =
      std::all_of(relative.begin(), relative.end(), [](double x) { return x > 0 && std::isfinite(x); });
  if (!positive || (!relative.empty() && relative.size() != population.size())) {
    subject.wrong("relative_unit: expected no entries or one finite number above 0 per neuron");
  } else if (!relative.empty() && population.is_readout()) {
    subject.wrong("relative_unit: the neurons of a readout are compared, so they share one unit");
  }
}

/// Who passes through whose membranes. The populations themselves are sound.
void check_membranes(const IntNetwork& network, std::size_t p, Problems& problems) {
  const IntPopulation& population = network.populations[p];
  const Subject subject(problems, "population '" + population.name + "'");
  if (population.share == 0 || population.shape.empty() || population.shape.front() % population.share != 0) {
    subject.wrong("share: expected a divisor of its first dimension, " +
                  std::to_string(population.shape.empty() ? 1 : population.shape.front()) + ", found " +
                  std::to_string(population.share));
    return;
  }
  if (!population.shares()) return;
  if (population.is_readout())
    return subject.wrong("a readout's potentials are its result, so its neurons share no membranes");
  if (!population.membranes_of) return;
  if (population.membranes_of->index() >= p)
    return subject.wrong("membranes: expected a population that stands before it");
  const IntPopulation& owner = network.populations[population.membranes_of->index()];
  const std::string whose = "the membranes of '" + owner.name + "'";
  if (owner.is_readout()) return subject.wrong(whose + " are a readout's result, which nobody else changes");
  if (owner.membranes_of)
    return subject.wrong("'" + owner.name + "' has no membranes of its own, but those of '" +
                         network.populations[owner.membranes_of->index()].name + "': name that one");
  if (owner.share != 0 && owner.membranes() != population.membranes())
    subject.wrong("it passes through " + std::to_string(population.membranes()) + " membranes, but '" +
                  owner.name + "' has " + std::to_string(owner.membranes()));
}

/// What stands in one membrane is counted in one unit.
void check_shared_units(const IntNetwork& network, std::size_t p, Problems& problems) {
  const IntPopulation& population = network.populations[p];
  if (!population.shares()) return;
  const IntPopulation& owner =
      population.membranes_of ? network.populations[population.membranes_of->index()] : population;
  const auto unit = [](const IntPopulation& of, std::size_t j) {
    return of.unit * (of.relative_unit.empty() ? 1 : of.relative_unit[j]);
  };
  for (std::size_t j = 0; j < population.size(); ++j) {
    const std::size_t first = j % population.membranes();
    if (unit(population, j) == unit(owner, first)) continue;
    Subject(problems, "population '" + population.name + "'")
        .wrong("neuron " + std::to_string(j) + " and neuron " + std::to_string(first) + " of '" + owner.name +
               "' share a membrane, but have different units");
    return;
  }
}

/// "row 3" where a row has its own weights, else "weight 17".
std::string weight_name(const MapForm& form, std::size_t weight) {
  if (const auto* sparse = form.as<SparseMap>()) {
    const auto row = std::upper_bound(sparse->begin.begin(), sparse->begin.end(), weight);
    return "row " + std::to_string(row - sparse->begin.begin() - 1);
  }
  if (const auto* dense = form.as<DenseMap>()) return "row " + std::to_string(weight / dense->targets);
  return "weight " + std::to_string(weight);
}

/// First thing wrong with the rows, or nothing.
std::optional<std::string> row_problem(const IntProjection& projection, std::size_t sources,
                                       std::size_t targets) {
  const MapForm& form = projection.form;
  if (form.sources() != sources) {
    return "expected " + std::to_string(sources) + " rows, one per source neuron, found " +
           std::to_string(form.sources());
  }
  if (form.targets() != targets) {
    return "its map has " + std::to_string(form.targets()) + " targets, but the population has " +
           std::to_string(targets) + " neurons";
  }
  if (projection.weight.size() != form.weights()) {
    return "its map has " + std::to_string(form.weights()) + " weights, found " +
           std::to_string(projection.weight.size());
  }
  if (auto problem = row_problem(form)) return problem;
  const auto [low, high] = mantissa_range(projection.bits);
  const bool sparse = form.as<SparseMap>() != nullptr;
  for (std::size_t k = 0; k < projection.weight.size(); ++k) {
    const std::int32_t w = projection.weight[k];
    if (w >= low && w <= high && (w != 0 || !sparse)) continue;
    const std::string which = weight_name(form, k) + ": ";
    if (w == 0) return which + "a weight of 0 is stored; leave it out";
    return which + "weight: " + found(low, high, w) + " (" + std::to_string(projection.bits) + " bits)";
  }
  if (projection.bits != 1) return std::nullopt;
  const std::vector<std::int64_t> stored = row_sizes(form, projection.weight);
  for (std::size_t s = 0; s < sources; ++s) {
    if (stored[s] == 0 || stored[s] == static_cast<std::int64_t>(targets)) continue;
    return "row " + std::to_string(s) + ": 1-bit weights have no 0, so a row is full or empty; expected " +
           std::to_string(targets) + " weights, found " + std::to_string(stored[s]) + "; 2 bits would do";
  }
  return std::nullopt;
}

/// True when the projection's ends and rows can be relied on by the checks that follow.
bool check_projection(const IntNetwork& network, const IntProjection& projection, Problems& problems) {
  const Subject subject(problems, "projection '" + projection.name + "'");
  if (!exists(network, projection.from) || projection.to.index() >= network.populations.size()) {
    subject.wrong("one of its ends does not exist");
    return false;
  }
  subject.range("delay", projection.delay, 0, kMaxDelay);
  subject.range("shift", projection.shift, 0, kMaxShift);
  const bool width =
      projection.bits == 1 || projection.bits == 2 || projection.bits == 4 || projection.bits == 8;
  if (!width) {
    subject.wrong("bits: expected 8, 4, 2 or 1, found " + std::to_string(projection.bits));
    return false;
  }
  const auto problem = row_problem(projection, source_size(network, projection.from),
                                   network.populations[projection.to.index()].size());
  if (problem) subject.wrong(*problem);
  return !problem && projection.shift <= kMaxShift;
}

/// Populations of one cycle of delay 0, in the order of its spikes; empty when there is none.
std::vector<std::size_t> cycle_without_delay(const IntNetwork& network) {
  std::vector<std::vector<std::size_t>> next(network.populations.size());
  for (const IntProjection& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    if (projection.delay == 0 && from != nullptr && exists(network, projection.from) &&
        projection.to.index() < network.populations.size()) {
      next[from->index()].push_back(projection.to.index());
    }
  }
  enum class Mark : std::uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> mark(next.size(), Mark::kNew);
  for (std::size_t root = 0; root < next.size(); ++root) {
    if (mark[root] != Mark::kNew) continue;
    std::vector<std::pair<std::size_t, std::size_t>> path{{root, 0}};  // population, edges taken
    mark[root] = Mark::kOpen;
    while (!path.empty()) {
      auto& [at, taken] = path.back();
      if (taken == next[at].size()) {
        mark[at] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const std::size_t to = next[at][taken++];
      if (mark[to] == Mark::kOpen) {
        std::vector<std::size_t> cycle;
        auto first =
            std::find_if(path.begin(), path.end(), [&](const auto& entry) { return entry.first == to; });
        for (; first != path.end(); ++first) cycle.push_back(first->first);
        return cycle;
      }
      if (mark[to] == Mark::kNew) {
        mark[to] = Mark::kOpen;
        path.emplace_back(to, 0);
      }
    }
  }
  return {};
}

void check_order(const IntNetwork& network, Problems& problems) {
  const auto cycle = cycle_without_delay(network);
  if (!cycle.empty()) {
    std::string names;
    for (const std::size_t p : cycle) names += "'" + network.populations[p].name + "' -> ";
    problems.add("a cycle without delay: " + names + "'" + network.populations[cycle.front()].name +
                 "'; one of its projections needs a delay of at least 1 step");
    return;
  }
  for (const IntProjection& projection : network.projections) {
    const auto* from = std::get_if<PopulationId>(&projection.from);
    if (from == nullptr || projection.delay != 0 || *from < projection.to) continue;
    problems.add("projection '" + projection.name +
                 "': has delay 0 but goes backwards in the order of the populations");
  }
}

void check_outputs(const IntNetwork& network, Problems& problems) {
  for (const Output& output : network.outputs) {
    const Subject subject(problems, "output '" + output.name + "'");
    if (output.from.index() >= network.populations.size()) {
      subject.wrong("its population does not exist");
    } else if (!sound(output.shape) ||
               volume(output.shape) != network.populations[output.from.index()].size()) {
      subject.wrong("its shape does not hold the " +
                    std::to_string(network.populations[output.from.index()].size()) + " neurons of '" +
                    network.populations[output.from.index()].name + "'");
    }
  }
}

}  // namespace

std::pair<std::int32_t, std::int32_t> mantissa_range(std::uint32_t bits) {
  SPIKELOOM_CHECK(bits >= 1 && bits <= 8);
  if (bits == 1) return {-1, 1};
  return {-(1 << (bits - 1)), (1 << (bits - 1)) - 1};
}

std::pair<std::int32_t, std::int32_t> value_range(const IntInput& input) {
  SPIKELOOM_CHECK(input.planes >= 1 && input.planes <= kMaxPlanes);
  if (input.is_signed) return {-(1 << (input.planes - 1)), (1 << (input.planes - 1)) - 1};
  return {0, (1 << input.planes) - 1};
}

std::pair<std::int64_t, std::int64_t> state_range(std::uint32_t state_bits) {
  SPIKELOOM_CHECK(state_bits >= 1 && state_bits <= kMaxStateBits);
  const std::int64_t half = std::int64_t{1} << (state_bits - 1);
  return {-half, half - 1};
}

const std::string& source_name(const IntNetwork& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return network.inputs[input->index()].name;
  return network.populations[std::get<PopulationId>(source).index()].name;
}

std::size_t source_size(const IntNetwork& network, const Source& source) {
  if (const auto* input = std::get_if<InputId>(&source)) return network.inputs[input->index()].size();
  return network.populations[std::get<PopulationId>(source).index()].size();
}

Problems check(const IntNetwork& network) {
  Problems problems;
  if (network.state_bits < kMinStateBits || network.state_bits > kMaxStateBits) {
    problems.add("state_bits: " + found(kMinStateBits, kMaxStateBits, network.state_bits));
    return problems;
  }
  check_names(network.inputs, "input", problems);
  check_names(network.populations, "population", problems);
  check_names(network.outputs, "output", problems);
  for (const IntInput& input : network.inputs) check_input(input, problems);
  for (const IntPopulation& population : network.populations)
    check_population(population, network.state_bits, problems);
  if (problems.empty())
    for (std::size_t p = 0; p < network.populations.size(); ++p) check_membranes(network, p, problems);
  if (problems.empty())
    for (std::size_t p = 0; p < network.populations.size(); ++p) check_shared_units(network, p, problems);
  bool summable = problems.empty();
  for (const IntProjection& projection : network.projections) {
    summable = check_projection(network, projection, problems) && summable;
  }
  check_order(network, problems);
  check_outputs(network, problems);
  if (summable) {
    const Problems overflows = accumulator_problems(network, kMaxAccumulatorBits);
    for (const std::string& text : overflows.list()) problems.add(text);
  }
  return problems;
}

}  // namespace spikeloom

#include "compiler/quantize/quantize.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <set>

#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/linear/compose.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/quantize/grid.hpp"
#include "compiler/quantize/magnitude.hpp"
#include "compiler/quantize/readout_planes.hpp"
#include "compiler/quantize/step_search.hpp"

namespace spikeloom {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Wanted resolution: theta (a readout's largest weight) in units of v. Truncation then loses at most
/// one part in 2^15 a step.
constexpr double kWantedResolution = 1 << 15;
/// Room above theta that v gets even where no proof bounds it.
constexpr double kWantedRoom = 64;
/// Room above theta, and above the largest state seen, where calibration samples show the states.
constexpr double kSeenRoom = 1.5;
constexpr double kLargeWeightError = 0.25;
/// Of a readout that feeds others: fewer bits of its potential, or weights that are off by more, say nothing.
constexpr std::uint32_t kLeastPlanes = 4;
constexpr double kMostWeightError = 0.5;
constexpr double kLargeParameterError = 0.01;
/// Every source counts a little, whatever the calibration saw of it.
constexpr double kActivityFloor = 0.01;

const std::string& name_of(const Network& network, const Source& from) {
  if (const auto* input = std::get_if<InputId>(&from)) return network.inputs[input->index()].name;
  return network.populations[std::get<PopulationId>(from).index()].name;
}

std::size_t size_of(const Network& network, const Source& from) {
  if (const auto* input = std::get_if<InputId>(&from)) return network.inputs[input->index()].size();
  return network.populations[std::get<PopulationId>(from).index()].size();
}

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", x);
  return text;
}

bool no_current(const Population& population) {
  return std::all_of(population.alpha.begin(), population.alpha.end(),
                     [](double a) { return nearest(a * kDecayOne) == 0; });
}

/// Neuron j's potential is carried as v / divisor[j]; its weights are multiplied by column[j].
struct Frame {
  std::vector<double> divisor, column;
  bool has_current = false;  ///< of any neuron
};

/// Gains go into the membrane's unit: weights stay as they are, and with them any grid.
Frame frame_of_membranes(const Population& population) {
  Frame frame;
  frame.has_current = !no_current(population);
  for (std::size_t j = 0; j < population.size(); ++j) {
    const double gain = population.gain_i[j] * population.gain_v[j];
    frame.divisor.push_back(gain == 0 ? 1 : std::abs(gain));
    frame.column.push_back(gain == 0 ? 0 : gain < 0 ? -1 : 1);
  }
  return frame;
}

/// One unit for all neurons, the largest gain: weights are multiplied by what is left.
Frame frame_of_weights(const Population& population) {
  Frame frame;
  frame.has_current = !no_current(population);
  double most = 0;
  for (std::size_t j = 0; j < population.size(); ++j)
    most = std::max(most, std::abs(population.gain_i[j] * population.gain_v[j]));
  if (most == 0) most = 1;
  for (std::size_t j = 0; j < population.size(); ++j) {
    frame.divisor.push_back(most);
    frame.column.push_back(population.gain_i[j] * population.gain_v[j] / most);
  }
  return frame;
}

/// Gains go into the membrane's unit, one for all neurons that share it: the largest of theirs.
Frame frame_of_shared_membranes(const Population& population) {
  Frame frame = frame_of_membranes(population);
  const std::size_t membranes = population.membranes();
  for (std::size_t m = 0; m < membranes; ++m) {
    double most = 0;
    for (std::size_t j = m; j < population.size(); j += membranes)
      most = std::max(most, std::abs(population.gain_i[j] * population.gain_v[j]));
    if (most == 0) most = 1;
    for (std::size_t j = m; j < population.size(); j += membranes) {
      frame.divisor[j] = most;
      frame.column[j] = population.gain_i[j] * population.gain_v[j] / most;
    }
  }
  return frame;
}

/// What an integer neuron takes from v after a spike, so that v is less by the threshold: at once, or in the
/// next step, when `beta` of it is left. Infinite where nothing is left of it.
double taken(const Population& population, const IntPopulation& integer, std::size_t j) {
  const double theta = population.theta[j] + population.start[j];
  if (population.reset == Reset::kNone) return 0;
  if (population.reset == Reset::kSubtract || theta == 0) return theta;
  return integer.beta[j] == 0 ? kInfinity : theta * kDecayOne / integer.beta[j];
}

/// Whether the unit of one neuron's potential is beyond a double in that of another's.
bool gains_differ_wildly(const Population& population) {
  constexpr double kMost = 0x1p512;
  double least = kInfinity, most = 0;
  for (std::size_t j = 0; j < population.size(); ++j) {
    const double gain = std::abs(population.gain_i[j] * population.gain_v[j]);
    if (gain == 0) continue;
    least = std::min(least, gain);
    most = std::max(most, gain);
  }
  return most > 0 && most > least * kMost;
}

bool uniform(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == values.front(); });
}

/// The projections into one population, their weights in its frame (per integer of their source).
struct Inbound {
  std::vector<std::size_t> projection;
  std::vector<MapForm>
      form;  ///< by projection: its own, or unrolled where neurons of one weight have other gains
  std::vector<std::vector<double>> weight;  ///< by projection and weight of that form, as in the network
  std::vector<std::vector<std::uint64_t>> synapses;  ///< the same: where it acts
  std::vector<std::vector<double>> value;            ///< the same, in the frame; 0 where it does not occur
  std::vector<std::uint32_t> bits;
  std::vector<std::uint32_t> within;  ///< bits that mantissas keep to: all, or fewer beside wide sources
  std::vector<std::uint32_t> max_shift;
};

/// Mantissas of one population's inbound projections. real weight in the frame = mantissa·base·2^shift.
struct Weights {
  double base = 1;
  bool exact = false;
  std::vector<std::uint32_t> shift;
  std::vector<std::vector<std::int16_t>> mantissas;  ///< zeros included
};

class Quantizer {
 public:
  Quantizer(const Network& network, const QuantizeOptions& options, const Magnitudes& magnitudes)
      : network_(network), options_(options), magnitudes_(magnitudes), feeds_(feeding_readouts(network)) {}

  Quantized run() {
    check_options();
    problems_.throw_if_any("quantize");
    IntNetwork& result = result_.network;
    result.name = network_.name;
    result.state_bits = options_.limits.state_bits;
    result.outputs = network_.outputs;
    for (const Input& input : network_.inputs) result.inputs.push_back(quantize_input(input));
    result.projections.resize(network_.projections.size());
    result_.report.projections.resize(network_.projections.size());
    result.populations.resize(network_.populations.size());
    result_.report.populations.resize(network_.populations.size());
    sent_.resize(network_.populations.size());
    const std::vector<std::size_t> order = quantizing_order(network_, problems_);
    problems_.throw_if_any("quantize");
    for (const std::size_t p : order) quantize_population(p);
    problems_.throw_if_any("quantize");
    const Problems wrong = check(result);
    wrong.throw_if_any("quantize: the integer network");
    return std::move(result_);
  }

 private:
  void check_options();
  void check_bits(std::uint32_t bits, const std::string& where);
  [[nodiscard]] IntInput quantize_input(const Input& input) const;
  void quantize_population(std::size_t index);
  [[nodiscard]] Inbound inbound_of(std::size_t index, const Frame& frame);
  void add_inbound(std::size_t projection, const Frame& frame, Inbound& inbound);
  [[nodiscard]] std::uint32_t bits_of(std::size_t index);
  void set_shifts(Inbound& inbound) const;
  [[nodiscard]] std::optional<Weights> on_grid(const Inbound& inbound) const;
  [[nodiscard]] Weights searched(const Inbound& inbound, std::size_t population) const;
  [[nodiscard]] Weights with_base(const Inbound& inbound, double base,
                                  std::vector<std::uint32_t> shift) const;
  [[nodiscard]] std::vector<double> activity_of(const Projection& projection) const;
  [[nodiscard]] InputCoding coding_of(const Input& input) const;
  /// Real value of the integer 1 that a source sends.
  [[nodiscard]] double unit_of(const Source& from) const;
  /// Bit planes of what it sends.
  [[nodiscard]] std::uint32_t planes_of(const Source& from) const;
  /// What the potentials of a readout that has its integers cannot leave; null of any other source.
  [[nodiscard]] const NeuronRange* sent_by(const Source& from) const;
  /// Bits that the sums of one population need under these weights.
  [[nodiscard]] std::uint32_t accumulator_bits(const Inbound& inbound, const Weights& weights,
                                               std::size_t population,
                                               std::vector<std::pair<double, double>>* extremes) const;
  void store_weights(const Inbound& inbound, const Weights& weights, std::uint32_t extra_shift);
  void report_weights(const Inbound& inbound, const Weights& weights, std::size_t population);
  [[nodiscard]] IntPopulation skeleton(const Population& population) const;
  void set_origin(const Population& population, const Frame& frame, double unit, IntPopulation& result);
  void set_parameters(std::size_t index, const Frame& frame, double base, std::uint32_t fraction);
  void report_parameters(std::size_t index, const Frame& frame, double unit);
  void decays(const Population& population, std::size_t index);

  struct Fraction {
    std::uint32_t scale = 0, extra_shift = 0;
    bool can_saturate = false;
  };
  [[nodiscard]] std::optional<Fraction> choose_fraction(std::size_t index, const Frame& frame,
                                                        const Inbound& inbound, const Weights& weights);

  /// The same for a readout that feeds others, whose potentials must fit bit planes: on a coarser base where
  /// they do not.
  [[nodiscard]] std::optional<Fraction> fit_planes(std::size_t index, const Frame& frame,
                                                   const Inbound& inbound, Weights& weights);
  [[nodiscard]] NeuronRange potentials(std::size_t index, const Frame& frame, const Inbound& inbound,
                                       const Weights& weights, std::uint32_t fraction) const;
  [[nodiscard]] std::string potentials_heard(const Inbound& inbound) const;

  const Network& network_;
  const QuantizeOptions& options_;
  const Magnitudes& magnitudes_;     ///< of the network's units
  std::vector<std::uint8_t> feeds_;  ///< by population: a readout that feeds others
  std::vector<NeuronRange> sent_;  ///< by population: what such a readout can send, once it has its integers
  Quantized result_;
  Problems problems_;
};

void Quantizer::check_bits(std::uint32_t bits, const std::string& where) {
  const auto& formats = options_.limits.weight_bits;
  if (std::find(kWeightBits.begin(), kWeightBits.end(), bits) == kWeightBits.end()) {
    problems_.add(where + ": expected 8, 4, 2 or 1 weight bits, found " + std::to_string(bits));
  } else if (std::find(formats.begin(), formats.end(), bits) == formats.end()) {
    problems_.add(where + ": the chip's tiles do not decode " + std::to_string(bits) + "-bit weights");
  }
}

void Quantizer::check_options() {
  const QuantizeLimits& limits = options_.limits;
  if (limits.state_bits < kMinStateBits || limits.state_bits > kMaxStateBits || limits.acc_bits < 2 ||
      limits.acc_bits > kMaxAccumulatorBits || limits.bias_bits < 1 || limits.bias_bits > kMaxStateBits ||
      limits.max_shift > kMaxShift || limits.max_scale > kMaxScale) {
    problems_.add("limits: outside what an integer network can hold");
  }
  check_bits(options_.weight_bits, "option weight bits");
  for (const auto& [name, bits] : options_.projection_bits) {
    check_bits(bits, "option weight bits of '" + name + "'");
    const bool known = std::any_of(network_.projections.begin(), network_.projections.end(),
                                   [&, wanted = name](const Projection& p) { return p.name == wanted; });
    if (!known) problems_.add("option weight bits: no projection is called '" + name + "'");
  }
  for (const auto& [name, coding] : options_.inputs) {
    const bool known = std::any_of(network_.inputs.begin(), network_.inputs.end(),
                                   [&, wanted = name](const Input& input) { return input.name == wanted; });
    if (!known) problems_.add("option inputs: no input is called '" + name + "'");
    const std::uint32_t most = std::min(kMaxPlanes, limits.max_shift + 1);
    if (coding.planes < 1 || coding.planes > most) {
      problems_.add("input '" + name + "': needs " + std::to_string(coding.planes) +
                    " bit planes, expected 1 to " + std::to_string(most) + " (the chip's largest shift is " +
                    std::to_string(limits.max_shift) + "); coarser values or a larger max_shift would help");
    }
    if (!(coding.unit > 0) || !std::isfinite(coding.unit))
      problems_.add("input '" + name + "': its unit must be above 0");
  }
  if (!options_.activity) return;
  const Activity& activity = *options_.activity;
  bool fits = activity.inputs.size() == network_.inputs.size() &&
              activity.populations.size() == network_.populations.size();
  for (std::size_t n = 0; fits && n < network_.inputs.size(); ++n)
    fits = activity.inputs[n].size() == network_.inputs[n].size();
  for (std::size_t n = 0; fits && n < network_.populations.size(); ++n)
    fits = activity.populations[n].size() == network_.populations[n].size();
  if (!activity.peak.empty()) {
    fits = fits && activity.peak.size() == network_.populations.size();
    for (std::size_t n = 0; fits && n < network_.populations.size(); ++n)
      fits = activity.peak[n].size() == network_.populations[n].size();
  }
  if (!fits) problems_.add("option activity: its sizes are not those of the network");
}

IntInput Quantizer::quantize_input(const Input& input) const {
  const InputCoding coding = coding_of(input);
  return {input.name, input.shape, coding.planes, coding.is_signed, coding.unit};
}

InputCoding Quantizer::coding_of(const Input& input) const {
  const auto it = options_.inputs.find(input.name);
  return it == options_.inputs.end() ? InputCoding{} : it->second;
}

const NeuronRange* Quantizer::sent_by(const Source& from) const {
  const auto* population = std::get_if<PopulationId>(&from);
  return population == nullptr || feeds_[population->index()] == 0 ? nullptr : &sent_[population->index()];
}

double Quantizer::unit_of(const Source& from) const {
  if (const auto* input = std::get_if<InputId>(&from)) return coding_of(network_.inputs[input->index()]).unit;
  return sent_by(from) == nullptr ? 1
                                  : result_.network.populations[std::get<PopulationId>(from).index()].unit;
}

/// Two's complement bits of all values.
std::uint32_t bits_of_range(const NeuronRange& range) {
  std::int64_t low = 0, high = 0;
  for (const std::int64_t x : range.lowest) low = std::min(low, x);
  for (const std::int64_t x : range.highest) high = std::max(high, x);
  return bits_for(low, high);
}

std::uint32_t Quantizer::planes_of(const Source& from) const {
  if (const auto* input = std::get_if<InputId>(&from))
    return coding_of(network_.inputs[input->index()]).planes;
  const NeuronRange* sent = sent_by(from);
  return sent == nullptr ? 1 : bits_of_range(*sent);
}

/// " the potentials of readout …" for who is told that sums do not fit.
std::string Quantizer::potentials_heard(const Inbound& inbound) const {
  std::string text;
  for (const std::size_t p : inbound.projection)
    if (const Source& from = network_.projections[p].from; sent_by(from) != nullptr)
      text += "; the potentials of readout '" + name_of(network_, from) + "' need " +
              std::to_string(planes_of(from)) + " bits";
  return text;
}

/// 1 bit has no 0: a projection with absent synapses gets the next wider format that the chip has.
std::uint32_t Quantizer::bits_of(std::size_t index) {
  const Projection& projection = network_.projections[index];
  const auto it = options_.projection_bits.find(projection.name);
  const std::uint32_t bits = it == options_.projection_bits.end() ? options_.weight_bits : it->second;
  if (bits != 1) return bits;
  const Population& to = network_.populations[projection.to.index()];
  const std::size_t dense = size_of(network_, projection.from) * to.size();
  const bool full = count_synapses(projection.form, projection.weight) == dense &&
                    std::none_of(to.gain_i.begin(), to.gain_i.end(), [](double g) { return g == 0; }) &&
                    std::none_of(to.gain_v.begin(), to.gain_v.end(), [](double g) { return g == 0; });
  if (full) return 1;
  const std::string subject =
      "projection '" + projection.name + "' from '" + name_of(network_, projection.from) + "'";
  for (const std::uint32_t wider : {2U, 4U, 8U}) {
    const auto& formats = options_.limits.weight_bits;
    if (std::find(formats.begin(), formats.end(), wider) == formats.end()) continue;
    result_.report.notes.push_back(subject +
                                   ": some synapses are absent and 1-bit weights have no 0, so it gets " +
                                   std::to_string(wider) + " bits");
    return wider;
  }
  problems_.add(
      subject +
      ": some synapses are absent and 1-bit weights have no 0; a chip that decodes 2-bit weights would help");
  return 8;
}

Inbound Quantizer::inbound_of(std::size_t index, const Frame& frame) {
  Inbound inbound;
  for (std::size_t p = 0; p < network_.projections.size(); ++p)
    if (network_.projections[p].to.index() == index) add_inbound(p, frame, inbound);
  return inbound;
}

/// Throws Error{kInput} that names the projection, beyond 2^26 synapses.
Unrolled written_out(const Projection& projection) {
  try {
    return unrolled(projection.form, ones(projection.weight));
  } catch (const Error& error) {
    throw error.within("quantize: projection '" + projection.name +
                       "': neurons that share its weights have different gains");
  }
}

void Quantizer::add_inbound(std::size_t index, const Frame& frame, Inbound& inbound) {
  const Projection& projection = network_.projections[index];
  MapForm form = projection.form;
  std::vector<double> weight = projection.weight;
  std::optional<std::vector<double>> column = common_to_targets(form, frame.column);
  if (!column) {
    const Unrolled all = written_out(projection);
    std::vector<double> each;
    each.reserve(all.of.size());
    for (const std::uint32_t k : all.of) each.push_back(weight[k]);
    form = all.form;
    weight = std::move(each);
    column = common_to_targets(form, frame.column);
  }
  const double unit = unit_of(projection.from);
  std::vector<std::uint64_t> synapses = multiplicity(form);
  const Population& to = network_.populations[projection.to.index()];
  std::vector<double> acts(to.size(), 0);
  for (std::size_t j = 0; j < to.size(); ++j) acts[j] = to.gain_i[j] * to.gain_v[j] == 0 ? 0 : 1;
  const std::optional<std::vector<double>> acting = common_to_targets(form, acts);
  for (std::size_t k = 0; k < weight.size(); ++k)
    if (weight[k] == 0 || (acting && (*acting)[k] == 0)) synapses[k] = 0;
  std::vector<double> value(weight.size(), 0);
  for (std::size_t k = 0; k < value.size(); ++k)
    if (synapses[k] != 0) value[k] = weight[k] * (*column)[k] * unit;
  inbound.projection.push_back(index);
  inbound.form.push_back(std::move(form));
  inbound.weight.push_back(std::move(weight));
  inbound.synapses.push_back(std::move(synapses));
  inbound.value.push_back(std::move(value));
}

/// The largest mantissas and shifts beside bit planes.
void Quantizer::set_shifts(Inbound& inbound) const {
  inbound.max_shift.clear();
  inbound.within.clear();
  for (std::size_t n = 0; n < inbound.projection.size(); ++n) {
    const Source& from = network_.projections[inbound.projection[n]].from;
    const bool is_readout = sent_by(from) != nullptr;
    inbound.within.push_back(is_readout ? mantissa_bits_beside_planes(inbound.bits[n], options_.limits)
                                        : inbound.bits[n]);
    const std::uint32_t spare = is_readout ? spare_shift(inbound.within[n], options_.limits) : 0;
    inbound.max_shift.push_back(options_.limits.max_shift + spare - (planes_of(from) - 1));
  }
}

Weights Quantizer::with_base(const Inbound& inbound, double base, std::vector<std::uint32_t> shift) const {
  Weights weights{base, false, std::move(shift), {}};
  for (std::size_t n = 0; n < inbound.value.size(); ++n) {
    const double step = std::ldexp(base, static_cast<int>(weights.shift[n]));
    std::vector<std::int16_t> mantissas;
    mantissas.reserve(inbound.value[n].size());
    for (const double value : inbound.value[n]) {
      mantissas.push_back(value == 0 ? std::int16_t{0}
                                     : static_cast<std::int16_t>(
                                           mantissa(value, step, inbound.within[n], options_.rounding)));
    }
    weights.mantissas.push_back(std::move(mantissas));
  }
  return weights;
}

std::optional<Weights> Quantizer::on_grid(const Inbound& inbound) const {
  std::vector<GridDemand> demands;
  std::vector<std::size_t> of;
  for (std::size_t n = 0; n < inbound.value.size(); ++n) {
    const bool any =
        std::any_of(inbound.value[n].begin(), inbound.value[n].end(), [](double x) { return x != 0; });
    if (!any) continue;
    demands.push_back(
        {inbound.value[n], mantissa_range(inbound.within[n]), inbound.bits[n] == 1, inbound.max_shift[n]});
    of.push_back(n);
  }
  const auto joint = joint_grid(demands);
  if (!joint) return std::nullopt;
  std::vector<std::uint32_t> shift(inbound.value.size(), 0);
  for (std::size_t d = 0; d < of.size(); ++d) shift[of[d]] = joint->shift[d];
  Weights weights = with_base(inbound, joint->base, std::move(shift));
  weights.exact = true;
  return weights;
}

std::vector<double> Quantizer::activity_of(const Projection& projection) const {
  std::vector<double> result(size_of(network_, projection.from), 1);
  if (!options_.activity) return result;
  const auto* input = std::get_if<InputId>(&projection.from);
  result = input != nullptr ? options_.activity->inputs[input->index()]
                            : options_.activity->populations[std::get<PopulationId>(projection.from).index()];
  double sum = 0;
  for (const double x : result) sum += x;
  const double floor = sum > 0 ? kActivityFloor * sum / static_cast<double>(result.size()) : 1;
  const double unit = unit_of(projection.from);
  for (double& x : result) x = (x + floor) / (unit * unit);  // values are per integer of the source
  return result;
}

/// Extremes of sums over potentials, of which each source neuron has its own range.
void add_potentials(const MapForm& form, const std::vector<std::int16_t>& mantissas, std::uint32_t shift,
                    const NeuronRange& sent, std::vector<std::int64_t>& low,
                    std::vector<std::int64_t>& high) {
  for (std::size_t s = 0; s < form.sources(); ++s)
    form.row(s).each([&](std::uint32_t target, std::size_t weight) {
      const std::int64_t w = std::int64_t{mantissas[weight]} * (std::int64_t{1} << shift);
      high[target] += std::max(w * sent.highest[s], w * sent.lowest[s]);
      low[target] += std::min(w * sent.highest[s], w * sent.lowest[s]);
    });
}

std::uint32_t Quantizer::accumulator_bits(const Inbound& inbound, const Weights& weights,
                                          std::size_t population,
                                          std::vector<std::pair<double, double>>* extremes) const {
  std::vector<std::int64_t> low(network_.populations[population].size(), 0);
  std::vector<std::int64_t> high = low;
  for (std::size_t n = 0; n < inbound.projection.size(); ++n) {
    const Projection& projection = network_.projections[inbound.projection[n]];
    if (const NeuronRange* sent = sent_by(projection.from)) {
      add_potentials(inbound.form[n], weights.mantissas[n], weights.shift[n], *sent, low, high);
      continue;
    }
    std::pair<std::int64_t, std::int64_t> range{0, 1};
    if (const auto* input = std::get_if<InputId>(&projection.from)) {
      const InputCoding coding = coding_of(network_.inputs[input->index()]);
      range = value_range({"", {}, coding.planes, coding.is_signed, 1});
    }
    std::vector<std::int64_t> up, down;
    for (const std::int16_t mantissa : weights.mantissas[n]) {
      const std::int64_t w = std::int64_t{mantissa} * (std::int64_t{1} << weights.shift[n]);
      up.push_back(std::max(w * range.first, w * range.second));
      down.push_back(std::min(w * range.first, w * range.second));
    }
    const auto highest = sum_by_target(inbound.form[n], up);
    const auto lowest = sum_by_target(inbound.form[n], down);
    for (std::size_t j = 0; j < high.size(); ++j) {
      high[j] += highest[j];
      low[j] += lowest[j];
    }
  }
  std::uint32_t bits = 1;
  for (std::size_t j = 0; j < low.size(); ++j) {
    bits = std::max(bits, bits_for(low[j], high[j]));
    if (extremes != nullptr)
      extremes->emplace_back(static_cast<double>(low[j]), static_cast<double>(high[j]));
  }
  return bits;
}

Weights Quantizer::searched(const Inbound& inbound, std::size_t population) const {
  std::vector<StepDemand> demands;
  std::vector<std::size_t> of;
  double largest_step = 0;
  for (std::size_t n = 0; n < inbound.value.size(); ++n) {
    const Projection& projection = network_.projections[inbound.projection[n]];
    const auto activity = activity_of(projection);
    StepDemand demand{{}, {}, inbound.within[n], inbound.max_shift[n]};
    double largest = 0;
    const std::vector<double> by_weight = sum_by_weight(inbound.form[n], activity);
    for (std::size_t k = 0; k < by_weight.size(); ++k) {
      const double value = inbound.value[n][k];
      if (value == 0) continue;
      demand.value.push_back(value);
      demand.activity.push_back(by_weight[k]);
      largest = std::max(largest, std::abs(value));
    }
    if (demand.value.empty()) continue;
    largest_step = std::max(largest_step, largest / mantissa_range(inbound.within[n]).second);
    demands.push_back(std::move(demand));
    of.push_back(n);
  }
  if (options_.step == StepChoice::kMaxAbs)
    return with_base(inbound, largest_step, std::vector<std::uint32_t>(inbound.value.size(), 0));
  // Large shifts between projections cost accumulator bits: where those are short, with smaller ones.
  for (std::uint32_t cap = options_.limits.max_shift;; --cap) {
    const StepPlan plan = search_step(demands, options_.rounding, cap);
    std::vector<std::uint32_t> shift(inbound.value.size(), 0);
    for (std::size_t d = 0; d < of.size(); ++d) shift[of[d]] = plan.shift[d];
    Weights weights = with_base(inbound, plan.base, std::move(shift));
    if (cap == 0 || accumulator_bits(inbound, weights, population, nullptr) <= options_.limits.acc_bits)
      return weights;
  }
}

double largest_of(const std::vector<double>& values, const std::vector<double>& divisor) {
  double most = 0;
  for (std::size_t j = 0; j < values.size(); ++j) most = std::max(most, std::abs(values[j]) / divisor[j]);
  return most;
}

/// Constant input of neuron j in its frame: (bias_i, bias_v). Without a current both are one.
std::pair<double, double> biases(const Population& population, const Frame& frame, std::size_t j) {
  const double bias = frame.column[j] * population.bias[j];
  const double drive = population.drive[j] / frame.divisor[j];
  if (!frame.has_current) return {bias + drive, 0};
  return {bias, drive};
}

/// Bounds |i| and |v| by the sum of both.
struct Reach {
  double real = 0;   ///< in the frame's unit
  double units = 0;  ///< in the chip's, whatever they are: what rounding parameters to whole units may add
};

/// What any input at all can bring about under the chip's own decays; infinite where nothing decays. Decays
/// round towards 0, so that truncation adds nothing. Neurons that share a membrane push it as far as one
/// would that had the largest input and the slowest decay of them all.
Reach reach(const Population& population, const IntPopulation& integer, const Frame& frame,
            const std::vector<std::pair<double, double>>& input) {
  const auto settled = [](double step, std::int32_t decay) {
    return step == 0 ? 0 : decay < kDecayOne ? step * kDecayOne / (kDecayOne - decay) : kInfinity;
  };
  // A bias is rounded to the nearest unit, a threshold and a reset to a neighbouring one.
  const auto rounded = [](double bias) { return bias == 0 ? 0 : 0.5; };
  /// Of all neurons that share a membrane.
  struct Push {
    double up = 0, down = 0;      ///< of the current in a step
    double v_up = 0, v_down = 0;  ///< of the potential besides
    std::int32_t alpha = 0, beta = 0;
    double i_rounded = 0, v_rounded = 0;
    double kept = 0;  ///< the most that a step leaves of the potential, where spikes set it to a value
  };
  const std::size_t membranes = population.membranes();
  std::vector<Push> pushes(membranes);
  for (std::size_t j = 0; j < population.size(); ++j) {
    const auto [bias_i, bias_v] = biases(population, frame, j);
    Push& push = pushes[j % membranes];
    push.up = std::max(push.up, input[j].second + bias_i);
    push.down = std::max(push.down, -(input[j].first + bias_i));
    push.v_up = std::max(push.v_up, bias_v);
    push.v_down = std::max(push.v_down, -bias_v);
    push.alpha = std::max(push.alpha, integer.alpha[j]);
    push.beta = std::max(push.beta, integer.beta[j]);
    push.i_rounded = std::max(push.i_rounded, rounded(bias_i));
    push.v_rounded = std::max(push.v_rounded, rounded(bias_v));
    if (!population.is_readout() && population.reset == Reset::kToValue)
      push.kept = std::max(
          {push.kept, population.theta[j] / frame.divisor[j], population.v_reset[j] / frame.divisor[j]});
  }
  Reach most;
  for (std::size_t j = 0; j < population.size(); ++j) {
    const Push& push = pushes[j % membranes];
    const double i_high = settled(push.up, push.alpha), i_low = settled(push.down, push.alpha);
    double v_high = settled(i_high + push.v_up, push.beta);
    double v_low = settled(i_low + push.v_down, push.beta);
    const double i_units = settled(push.i_rounded, push.alpha);
    double units = std::max(i_units, settled(i_units + push.v_rounded, push.beta));
    if (!population.is_readout() && population.reset == Reset::kToValue) {
      v_high = std::min(v_high, i_high + push.v_up + push.kept);
    } else if (!population.is_readout()) {
      v_low = std::max(v_low, (taken(population, integer, j) - population.theta[j]) / frame.divisor[j]);
    }
    if (!population.is_readout()) units += 1;
    most.real = std::max({most.real, i_high, i_low, v_high, v_low});
    most.units = std::max(most.units, units);
  }
  return most;
}

/// Largest f with x·2^f + units within `bits` signed bits.
int fraction_within(double x, std::uint32_t bits, double units = 0) {
  constexpr int kPlenty = 60;
  const double most = std::ldexp(1.0, static_cast<int>(bits) - 1) - 1 - units;
  if (most <= 0) return -kPlenty;
  if (x == 0) return kPlenty;
  if (!std::isfinite(x)) return -kPlenty;
  return std::clamp(static_cast<int>(std::floor(std::log2(most / x))), -kPlenty, kPlenty);
}

std::optional<Quantizer::Fraction> Quantizer::choose_fraction(std::size_t index, const Frame& frame,
                                                              const Inbound& inbound,
                                                              const Weights& weights) {
  const Population& population = network_.populations[index];
  const QuantizeLimits& limits = options_.limits;
  const std::string subject = "population '" + population.name + "': ";
  std::vector<std::pair<double, double>> extremes;
  const std::uint32_t bits = accumulator_bits(inbound, weights, index, &extremes);
  if (bits > limits.acc_bits) {
    problems_.add(subject + "the sum of its synaptic input can overflow: it needs " + std::to_string(bits) +
                  " bits, the accumulator has " + std::to_string(limits.acc_bits) +
                  potentials_heard(inbound) +
                  "; fewer weight bits, a smaller fan-in, fewer bit planes or a chip with a wider "
                  "accumulator would help");
    return std::nullopt;
  }
  std::uint32_t room = limits.acc_bits - bits;
  for (std::size_t n = 0; n < weights.shift.size(); ++n)
    room = std::min(room, inbound.max_shift[n] - weights.shift[n]);
  if (weights.shift.empty()) room = 0;

  for (auto& [low, high] : extremes) low *= weights.base, high *= weights.base;
  double bias_i = 0;
  const IntPopulation& integer = result_.network.populations[index];
  double fixed = 0;
  for (std::size_t j = 0; !population.is_readout() && j < population.size(); ++j) {
    const double after =
        population.reset == Reset::kToValue ? population.v_reset[j] : taken(population, integer, j);
    fixed = std::max(
        {fixed, std::abs(population.theta[j]) / frame.divisor[j], std::abs(after) / frame.divisor[j]});
  }
  for (std::size_t j = 0; j < population.size(); ++j) {
    const auto [i, v] = biases(population, frame, j);
    bias_i = std::max(bias_i, std::abs(i));
    fixed = std::max(fixed, std::abs(v));
  }
  const int hard =
      std::min(fraction_within(fixed / weights.base, limits.state_bits),
               fraction_within(bias_i / weights.base, std::min(limits.bias_bits, limits.state_bits)));
  if (hard < 0) {
    problems_.add(subject + "its threshold, reset or bias is " +
                  number(std::max(fixed, bias_i) / weights.base) +
                  " times the weights' step and does not fit " + std::to_string(limits.state_bits) +
                  " state bits or " + std::to_string(limits.bias_bits) +
                  " bias bits; fewer weight bits (a coarser step) or a chip with wider state would help");
    return std::nullopt;
  }
  double reference = 0;  // what one truncation is to be small against
  if (!population.is_readout()) reference = largest_of(population.theta, frame.divisor);
  for (const auto& values : inbound.value) {
    for (const double value : values) {
      if (reference == 0 || population.is_readout()) reference = std::max(reference, std::abs(value));
    }
  }
  const Reach reached = reach(population, integer, frame, extremes);
  const int proved = fraction_within(reached.real / weights.base, limits.state_bits, reached.units);
  const int roomy = fraction_within(kWantedRoom * reference / weights.base, limits.state_bits);
  const int wanted =
      reference == 0 ? 0
                     : static_cast<int>(std::ceil(std::log2(kWantedResolution * weights.base / reference)));
  int aimed = std::min(wanted, roomy);
  if (options_.activity && !options_.activity->peak.empty()) {
    const double seen = std::max(2 * reference, largest_of(options_.activity->peak[index], frame.divisor));
    aimed = fraction_within(kSeenRoom * seen / weights.base, limits.state_bits);
  }
  const int most = static_cast<int>(limits.max_scale + room);
  const int fraction = std::clamp(std::max(proved, aimed), 0, std::min(hard, most));
  Fraction result;
  result.scale = std::min(static_cast<std::uint32_t>(fraction), limits.max_scale);
  result.extra_shift = static_cast<std::uint32_t>(fraction) - result.scale;
  result.can_saturate = fraction > proved;
  return result;
}

/// Farthest from 0.
double reach_of(const NeuronRange& range) {
  std::int64_t most = 0;
  for (const std::int64_t x : range.lowest) most = std::max(most, -x);
  for (const std::int64_t x : range.highest) most = std::max(most, x);
  return static_cast<double>(most);
}

NeuronRange Quantizer::potentials(std::size_t index, const Frame& frame, const Inbound& inbound,
                                  const Weights& weights, std::uint32_t fraction) const {
  const Population& population = network_.populations[index];
  const IntPopulation& integer = result_.network.populations[index];
  std::vector<std::pair<double, double>> extremes;
  (void)accumulator_bits(inbound, weights, index, &extremes);
  const double unit = std::ldexp(weights.base, -static_cast<int>(fraction));
  NeuronRange range;
  for (std::size_t j = 0; j < population.size(); ++j) {
    const auto [bias_i, bias_v] = biases(population, frame, j);
    const LeakyNeuron neuron{integer.alpha[j], integer.beta[j], nearest(bias_i / unit),
                             nearest(bias_v / unit), fraction};
    const auto [low, high] =
        potential_range(neuron, options_.limits.state_bits, static_cast<std::int64_t>(extremes[j].first),
                        static_cast<std::int64_t>(extremes[j].second));
    range.lowest.push_back(low);
    range.highest.push_back(high);
  }
  return range;
}

/// What rounding did to the weights, by rms, as a share of them.
double relative_error(const Inbound& inbound, const Weights& weights) {
  double errors = 0, squares = 0;
  for (std::size_t n = 0; n < inbound.value.size(); ++n)
    for (std::size_t k = 0; k < inbound.value[n].size(); ++k) {
      const double step = std::ldexp(weights.base, static_cast<int>(weights.shift[n]));
      const double value = inbound.value[n][k] / weights.base;  // in steps: no square is beyond a double
      const auto synapses = static_cast<double>(inbound.synapses[n][k]);
      errors += synapses * std::pow(weights.mantissas[n][k] * step / weights.base - value, 2);
      squares += synapses * value * value;
    }
  return squares == 0 ? 0 : std::sqrt(errors / squares);
}

std::optional<Quantizer::Fraction> Quantizer::fit_planes(std::size_t index, const Frame& frame,
                                                         const Inbound& inbound, Weights& weights) {
  const Population& population = network_.populations[index];
  const IntPopulation& integer = result_.network.populations[index];
  const auto refuse = [&](const std::string& why) {
    problems_.add("readout '" + population.name + "' feeds others: " + why);
    return std::nullopt;
  };
  for (std::size_t j = 0; j < population.size(); ++j)
    if (integer.alpha[j] >= kDecayOne || integer.beta[j] >= kDecayOne)
      return refuse("neuron " + std::to_string(j) +
                    " forgets nothing, so nothing bounds its potential and no number of bits holds it; a "
                    "leak would do");
  const PlaneBudget budget = plane_budget(network_, PopulationId(index), options_.limits, [&](std::size_t p) {
    const auto own = options_.projection_bits.find(network_.projections[p].name);
    return mantissa_bits_beside_planes(
        own == options_.projection_bits.end() ? options_.weight_bits : own->second, options_.limits);
  });
  if (budget.planes < kLeastPlanes)
    return refuse("its potentials could have " + std::to_string(budget.planes) +
                  " bits there, expected at least " + std::to_string(kLeastPlanes) + ": " + budget.limit +
                  "; fewer weight bits (--bits), fewer synapses or a chip with a wider accumulator would do");
  const auto planes = [&](std::uint32_t fraction) {
    return bits_of_range(potentials(index, frame, inbound, weights, fraction));
  };
  constexpr int kMostAttempts = 200;
  constexpr double kLittle = 1.0625;
  for (int attempt = 0; planes(0) > budget.planes && attempt < kMostAttempts; ++attempt) {
    const std::uint32_t beyond = planes(0) - budget.planes;
    weights = with_base(inbound,
                        weights.base * (beyond > 1 ? std::ldexp(1.0, static_cast<int>(beyond) - 1) : kLittle),
                        std::vector<std::uint32_t>(inbound.value.size(), 0));
  }
  const double error = relative_error(inbound, weights);
  const NeuronRange range = potentials(index, frame, inbound, weights, 0);
  if (bits_of_range(range) > budget.planes || error > kMostWeightError)
    return refuse(
        "its potential may become " + number(reach_of(range) * weights.base * frame.divisor.front()) +
        ", and in the " + std::to_string(budget.planes) + " bits that it may have (" + budget.limit +
        ") its own weights would be off by " + number(100 * error) +
        " %; a shorter memory, fewer or sparser inputs, fewer weight bits (--bits) or a chip with a "
        "wider accumulator would do");
  Fraction result;
  while (result.scale < options_.limits.max_scale && planes(result.scale + 1) <= budget.planes)
    ++result.scale;
  const double unit = std::ldexp(weights.base, -static_cast<int>(result.scale)) * frame.divisor.front();
  result_.report.notes.push_back("readout '" + population.name + "' feeds others: its potentials go on as " +
                                 std::to_string(planes(result.scale)) + " bit planes, in units of " +
                                 number(unit) + " (" + budget.limit + ")");
  return result;
}

void Quantizer::store_weights(const Inbound& inbound, const Weights& weights, std::uint32_t extra_shift) {
  for (std::size_t n = 0; n < inbound.projection.size(); ++n) {
    const Projection& projection = network_.projections[inbound.projection[n]];
    IntProjection& result = result_.network.projections[inbound.projection[n]];
    result.name = projection.name;
    result.from = projection.from;
    result.to = projection.to;
    result.delay = projection.delay;
    result.bits = inbound.bits[n];
    result.shift = weights.shift[n] + extra_shift;
    if (projection.form.as<SparseMap>() == nullptr && inbound.form[n].as<SparseMap>() != nullptr)
      result_.report.notes.push_back(
          "projection '" + projection.name + "' from '" + name_of(network_, projection.from) +
          "': neurons that share its weights have different gains, so each synapse gets a weight of its own");
    result.form = inbound.form[n];
    result.weight = weights.mantissas[n];
    drop_zeros(result.form, result.weight);
  }
}

void Quantizer::report_weights(const Inbound& inbound, const Weights& weights, std::size_t population) {
  const Population& to = network_.populations[population];
  for (std::size_t n = 0; n < inbound.projection.size(); ++n) {
    const Projection& projection = network_.projections[inbound.projection[n]];
    ProjectionReport& report = result_.report.projections[inbound.projection[n]];
    const double step = std::ldexp(weights.base, static_cast<int>(weights.shift[n]));
    report.name = projection.name;
    report.from = name_of(network_, projection.from);
    report.to = to.name;
    report.bits = inbound.bits[n];
    report.shift = weights.shift[n];
    report.exact = weights.exact;
    double errors = 0;
    double squares = 0;
    // Counted in a power of two near the largest weight, so that no square is beyond a double.
    double largest = 0;
    for (const double w : projection.weight) largest = std::max(largest, std::abs(w));
    const int exponent = largest == 0 ? 0 : std::ilogb(largest);
    const auto [low, high] = mantissa_range(inbound.within[n]);
    for (std::size_t k = 0; k < inbound.value[n].size(); ++k) {
      const double value = inbound.value[n][k];
      if (inbound.synapses[n][k] == 0) continue;
      const double weight = inbound.weight[n][k];
      const auto synapses = static_cast<double>(inbound.synapses[n][k]);
      const double real = value / weight;  // from the file's unit to the frame's
      // Beside others that are 10^300 times as large nothing of it may be left in the frame's unit.
      const bool gone = std::abs(value) < std::numeric_limits<double>::min() && weights.mantissas[n][k] == 0;
      if (report.step == 0 && !gone) report.step = step / std::abs(real);
      const double error =
          gone ? std::abs(weight) : std::abs(weights.mantissas[n][k] * step - value) / std::abs(real);
      report.max_error = std::max(report.max_error, error);
      errors += synapses * std::pow(std::ldexp(error, -exponent), 2);
      squares += synapses * std::pow(std::ldexp(weight, -exponent), 2);
      report.synapses += inbound.synapses[n][k];
      if (weights.mantissas[n][k] == 0) report.vanished += inbound.synapses[n][k];
      if (inbound.bits[n] != 1 && (value / step < low - 0.5 || value / step > high + 0.5))
        report.clipped += inbound.synapses[n][k];
    }
    if (report.synapses == 0) continue;
    report.rms_error = std::ldexp(std::sqrt(errors / static_cast<double>(report.synapses)), exponent);
    report.relative_error = std::sqrt(errors / squares);
    if (report.relative_error > kLargeWeightError) {
      result_.report.warnings.push_back("projection '" + report.name + "' into '" + report.to + "': its " +
                                        std::to_string(report.bits) + "-bit weights are off by " +
                                        number(100 * report.relative_error) +
                                        " % (rms); more bits, or training with such weights, would help");
    }
  }
}

IntPopulation Quantizer::skeleton(const Population& population) const {
  IntPopulation result;
  result.name = population.name;
  result.kind = population.kind;
  result.shape = population.shape;
  result.share = population.share;
  result.membranes_of = population.membranes_of;
  result.reset = population.reset == Reset::kToValue ? Reset::kToValue : Reset::kSubtract;
  return result;
}

void Quantizer::decays(const Population& population, std::size_t index) {
  IntPopulation& result = result_.network.populations[index];
  PopulationReport& report = result_.report.populations[index];
  const auto convert = [&](const std::vector<double>& from, std::vector<std::int32_t>& to, const char* name,
                           double& worst) {
    double off = 0;
    for (std::size_t j = 0; j < from.size(); ++j) {
      constexpr double kSlack = 1e-9;
      if (!(from[j] >= -kSlack) || !(from[j] <= 1 + kSlack)) {
        problems_.add("population '" + population.name + "': " + name + " of neuron " + std::to_string(j) +
                      ": a decay must lie in 0 to 1, found " + number(from[j]) + "; a smaller dt would help");
        return;
      }
      to.push_back(std::clamp(nearest(from[j] * kDecayOne), 0, kDecayOne));
      const double error = std::abs(from[j] - to.back() / static_cast<double>(kDecayOne));
      worst = std::max(worst, error);
      if (from[j] < 1 - kSlack) off = std::max(off, error / (1 - from[j]));
    }
    if (off > kLargeParameterError) {
      result_.report.warnings.push_back("population '" + population.name + "': " + name +
                                        " in steps of 1/4096 changes its time constant by " +
                                        number(100 * off) + " %");
    }
  };
  convert(population.alpha, result.alpha, "alpha", report.alpha_error);
  convert(population.beta, result.beta, "beta", report.beta_error);
}

/// A whole number but for roundings.
bool is_whole(double x) {
  const double slack = std::min(0.01, 1e-6 * std::max(1.0, std::abs(x)));
  return std::abs(x - std::round(x)) <= slack;
}

/// Largest integer whose comparison agrees with the real one for every v on the unit's grid.
std::int32_t threshold(double theta_in_units) {
  return static_cast<std::int32_t>(is_whole(theta_in_units) ? std::round(theta_in_units)
                                                            : std::floor(theta_in_units));
}

/// The same for a neuron that fires at the threshold already: v >= x is v > ceil(x) - 1.
std::int32_t threshold_at_least(double theta_in_units) {
  const std::int32_t above = threshold(theta_in_units);
  return is_whole(theta_in_units) ? above - 1 : above;
}

/// A readout's values are looked at: what they are counted from is added again.
void Quantizer::set_origin(const Population& population, const Frame& frame, double unit,
                           IntPopulation& result) {
  const auto& start = population.start;
  if (!population.is_readout() || std::all_of(start.begin(), start.end(), [](double s) { return s == 0; }))
    return;
  for (std::size_t j = 0; j < start.size(); ++j) {
    const double units = start[j] / frame.divisor[j] / unit;
    if (!(std::abs(units) <= kMaxOrigin)) {
      problems_.add("population '" + population.name + "': neuron " + std::to_string(j) + " starts at " +
                    number(start[j]) + ", which is " + number(units) +
                    " units and cannot be added to what is read out; --start zero would do");
      return;
    }
    result.origin.push_back(nearest(units));
  }
}

void Quantizer::set_parameters(std::size_t index, const Frame& frame, double base, std::uint32_t fraction) {
  const Population& population = network_.populations[index];
  IntPopulation& result = result_.network.populations[index];
  const double unit = std::ldexp(base, -static_cast<int>(fraction));
  for (std::size_t j = 0; j < population.size(); ++j) {
    const auto [bias_i, bias_v] = biases(population, frame, j);
    result.bias_i.push_back(nearest(bias_i / unit));
    result.bias_v.push_back(nearest(bias_v / unit));
    if (population.is_readout()) continue;
    const double in_units = 1 / frame.divisor[j] / unit;
    const double theta = population.theta[j] * in_units;
    result.theta.push_back(population.fire == Fire::kAbove ? threshold(theta) : threshold_at_least(theta));
    result.v_reset.push_back(population.reset == Reset::kToValue ? nearest(population.v_reset[j] * in_units)
                             : population.reset == Reset::kSubtract
                                 ? threshold(taken(population, result, j) * in_units)
                                 : nearest(taken(population, result, j) * in_units));
  }
  for (const IntParameter& parameter : kIntParameters)  // one parameter set, not many
    if (!has(result, parameter)) (result.*parameter.values).assign(population.size(), 0);
  if (!population.is_readout() &&
      (population.reset == Reset::kSubtract || population.reset == Reset::kSubtractLater)) {
    for (std::size_t j = 0; j < population.size(); ++j) {
      if (population.theta[j] + population.start[j] >= 0) continue;
      problems_.add("population '" + population.name + "': a threshold below 0 (neuron " + std::to_string(j) +
                    ") cannot be subtracted; reset to a value would do (--reset v_reset)");
      break;
    }
  }
  set_origin(population, frame, unit, result);
  result.unit = unit * frame.divisor.front();
  if (!uniform(frame.divisor)) {
    for (const double divisor : frame.divisor)
      result.relative_unit.push_back(divisor / frame.divisor.front());
  }
  report_parameters(index, frame, unit);
}

void Quantizer::report_parameters(std::size_t index, const Frame& frame, double unit) {
  const Population& population = network_.populations[index];
  const IntPopulation& result = result_.network.populations[index];
  PopulationReport& report = result_.report.populations[index];
  report.name = population.name;
  report.unit = result.unit;
  report.scale = result.scale;
  double relative_theta = 0;
  double relative_bias = 0;
  std::set<std::array<std::int32_t, kIntParameters.size()>> sets;
  for (std::size_t j = 0; j < population.size(); ++j) {
    const double real = unit * frame.divisor[j];
    const auto [bias_i, bias_v] = biases(population, frame, j);
    const double bias =
        std::abs(result.bias_i[j] * unit - bias_i) + std::abs(result.bias_v[j] * unit - bias_v);
    report.bias_error = std::max(report.bias_error, bias * frame.divisor[j]);
    std::array<std::int32_t, kIntParameters.size()> set{};
    for (std::size_t k = 0; k < set.size(); ++k) {
      if (kIntParameters[k].place == IntParameter::Place::kSet)
        set[k] = (result.*kIntParameters[k].values)[j];
    }
    sets.insert(set);
    if (population.is_readout()) continue;
    const double fires_above = result.theta[j] + (population.fire == Fire::kAtLeast ? 1 : 0);
    const double theta = std::abs(fires_above * real - population.theta[j]);
    report.theta_error = std::max(report.theta_error, theta);
    if (population.theta[j] != 0) {
      relative_theta = std::max(relative_theta, theta / std::abs(population.theta[j]));
      relative_bias = std::max(relative_bias, bias * frame.divisor[j] / std::abs(population.theta[j]));
    }
    if (population.reset == Reset::kToValue) {
      report.reset_error =
          std::max(report.reset_error, std::abs(result.v_reset[j] * real - population.v_reset[j]));
    } else if (population.reset == Reset::kSubtractLater) {
      const double left = result.v_reset[j] * real * result.beta[j] / kDecayOne;
      report.reset_error =
          std::max(report.reset_error, std::abs(left - population.theta[j] - population.start[j]));
    }
  }
  report.parameter_sets = sets.size();
  // A whole unit is no loss where the weights lie on a grid and nothing decays; then theta is exact in
  // effect.
  if (relative_theta > kLargeParameterError) {
    result_.report.warnings.push_back("population '" + population.name + "': its threshold is off by up to " +
                                      number(100 * relative_theta) + " %");
  }
  if (relative_bias > kLargeParameterError) {
    result_.report.warnings.push_back("population '" + population.name + "': its biases are off by up to " +
                                      number(100 * relative_bias) + " % of the threshold");
  }
}

void Quantizer::quantize_population(std::size_t index) {
  const Population& population = network_.populations[index];
  const std::size_t problems_before = problems_.list().size();
  for (const Projection& projection : network_.projections)
    if (const NeuronRange* sent = sent_by(projection.from);
        projection.to.index() == index && sent != nullptr && sent->lowest.empty())
      return;  // the readout was refused
  result_.network.populations[index] = skeleton(population);
  decays(population, index);

  if (!population.is_readout() && population.reset == Reset::kSubtractLater) {
    const std::vector<std::int32_t>& beta = result_.network.populations[index].beta;
    const auto none = std::find(beta.begin(), beta.end(), 0);
    if (none != beta.end() && beta.size() == population.size()) {
      problems_.add("population '" + population.name + "': neuron " + std::to_string(none - beta.begin()) +
                    " forgets its potential in a step (decay 0), so nothing can be subtracted from it in the "
                    "next; --reset none or a self-projection with weight -threshold would do");
      return;
    }
  }

  // A readout's potentials are compared with each other, so its neurons share one unit.
  Frame frame = population.is_readout() || gains_differ_wildly(population) ? frame_of_weights(population)
                : population.shares() ? frame_of_shared_membranes(population)
                                      : frame_of_membranes(population);
  Inbound inbound = inbound_of(index, frame);
  for (const std::size_t p : inbound.projection) inbound.bits.push_back(bits_of(p));
  set_shifts(inbound);
  if (problems_.list().size() != problems_before) return;
  std::optional<Weights> weights = on_grid(inbound);
  if (!weights && !population.is_readout() && !uniform(frame.divisor)) {
    // Nothing to lose: keep one threshold for all rather than one parameter set per neuron.
    const auto bits = inbound.bits;
    frame = frame_of_weights(population);
    inbound = inbound_of(index, frame);
    inbound.bits = bits;
    set_shifts(inbound);
    weights = on_grid(inbound);
  }
  if (weights && accumulator_bits(inbound, *weights, index, nullptr) > options_.limits.acc_bits) {
    result_.report.notes.push_back("population '" + population.name +
                                   "': its weights lie on a grid, but their sums would not fit the "
                                   "accumulator, so another step is sought");
    weights.reset();
  }
  const bool any = std::any_of(inbound.value.begin(), inbound.value.end(), [](const auto& values) {
    return std::any_of(values.begin(), values.end(), [](double x) { return x != 0; });
  });
  if (!any) {
    // Nothing but biases comes in: the threshold alone sets the unit.
    const double theta = population.is_readout() ? 0 : largest_of(population.theta, frame.divisor);
    weights = with_base(inbound, theta > 0 ? theta / kWantedResolution : 1,
                        std::vector<std::uint32_t>(inbound.value.size(), 0));
    weights->exact = true;
  }
  if (!weights) weights = searched(inbound, index);
  const auto fraction = feeds_[index] != 0 ? fit_planes(index, frame, inbound, *weights)
                                           : choose_fraction(index, frame, inbound, *weights);
  if (!fraction) return;
  if (feeds_[index] != 0) sent_[index] = potentials(index, frame, inbound, *weights, fraction->scale);

  IntPopulation& result = result_.network.populations[index];
  PopulationReport& report = result_.report.populations[index];
  result.scale = fraction->scale;
  report.can_saturate = fraction->can_saturate;
  report_weights(inbound, *weights, index);
  store_weights(inbound, *weights, fraction->extra_shift);
  for (const std::size_t p : inbound.projection)
    result_.report.projections[p].shift = result_.network.projections[p].shift;
  report.accumulator_bits = accumulator_bits(inbound, *weights, index, nullptr) + fraction->extra_shift;
  set_parameters(index, frame, weights->base, fraction->scale + fraction->extra_shift);
  if (report.can_saturate) {
    result_.report.notes.push_back(
        "population '" + population.name +
        "': an input that drives it one way for ever could saturate its state; up to " +
        number(std::ldexp(result.unit,
                          magnitudes_.potential[index] + static_cast<int>(options_.limits.state_bits) - 1)) +
        " it cannot");
  }
  if (no_current(population) &&
      std::any_of(population.drive.begin(), population.drive.end(), [](double d) { return d != 0; })) {
    result_.report.notes.push_back(
        "population '" + population.name +
        "': its leak's constant drive is added with the bias, before the input is saturated");
  }
}

/// Units and errors are told in the network's own units, in which they may be beyond a double.
void refuse_what_no_double_holds(const Quantized& quantized) {
  Problems problems;
  const auto finite = [](std::initializer_list<double> values) {
    return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  };
  for (std::size_t p = 0; p < quantized.network.populations.size(); ++p) {
    const PopulationReport& report = quantized.report.populations[p];
    if (!(quantized.network.populations[p].unit > 0) ||
        !finite({report.unit, report.theta_error, report.reset_error, report.bias_error}))
      problems.add("population '" + report.name +
                   "': the product of its weights and gains is beyond a double");
  }
  for (const ProjectionReport& report : quantized.report.projections)
    if (!finite({report.step, report.max_error, report.rms_error, report.relative_error}))
      problems.add("projection '" + report.name + "' into '" + report.to +
                   "': beside the other weights into it these are too small or too large for one double to "
                   "hold a step of them");
  problems.throw_if_any("quantize");
}

/// `network` counts its potentials from where its samples start.
Quantized quantize_counted(const Network& network, const QuantizeOptions& options) {
  const Magnitudes magnitudes = magnitudes_of(network);
  const std::vector<std::uint8_t> feeds = feeding_readouts(network);
  for (std::size_t p = 0; p < feeds.size(); ++p)
    if (feeds[p] != 0 && !magnitudes.trivial())
      throw input_error("quantize: readout '" + network.populations[p].name +
                        "' feeds others in a network with weights or gains beyond 2^256 or below 2^-256; "
                        "other units in the file would do");
  if (magnitudes.trivial()) {
    Quantized result = Quantizer(network, options, magnitudes).run();
    refuse_what_no_double_holds(result);
    return result;
  }
  QuantizeOptions scaled = options;
  if (scaled.activity) scaled.activity = in_units(*std::move(scaled.activity), magnitudes);
  const Network in_range = in_units(network, magnitudes);
  Quantized result = Quantizer(in_range, scaled, magnitudes).run();
  to_real_units(result, network, magnitudes, 1);
  refuse_what_no_double_holds(result);
  return result;
}

}  // namespace

Quantized quantize(const Network& network, const QuantizeOptions& options) {
  const bool all_at_zero =
      std::all_of(network.populations.begin(), network.populations.end(), [](const Population& population) {
        return std::all_of(population.start.begin(), population.start.end(), [](double s) { return s == 0; });
      });
  return all_at_zero ? quantize_counted(network, options) : quantize_counted(from_start(network), options);
}

}  // namespace spikeloom

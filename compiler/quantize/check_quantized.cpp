#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/golden/accumulator.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/linear/sums.hpp"
#include "compiler/quantize/magnitude.hpp"
#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

namespace {

/// Doubles divided and multiplied again.
constexpr double kRoundingNoise = 1e-6;

/// Real potential that integer x of neuron j stands for.
double real_of(const IntPopulation& population, std::size_t j, double x) {
  return x * population.unit * (population.relative_unit.empty() ? 1 : population.relative_unit[j]);
}

class Checker {
 public:
  Checker(const Quantized& quantized, const Network& network)
      : result_(quantized.network), report_(quantized.report), network_(network) {}

  Problems run() {
    problems_ = check(result_);
    if (!problems_.empty() || !same_structure()) return problems_;
    const auto bounds = accumulator_bounds(result_);
    for (std::size_t p = 0; p < network_.populations.size(); ++p) {
      check_population(p);
      if (bounds[p].bits > report_.populations[p].accumulator_bits)
        wrong(network_.populations[p].name, "accumulator bits", bounds[p].bits,
              report_.populations[p].accumulator_bits);
    }
    for (std::size_t p = 0; p < network_.projections.size(); ++p) check_projection(p);
    return problems_;
  }

 private:
  void wrong(const std::string& where, const std::string& what, double found, double allowed) {
    problems_.add("'" + where + "': " + what + ": found " + std::to_string(found) + ", the report allows " +
                  std::to_string(allowed));
  }
  void at_most(const std::string& where, const std::string& what, double found, double allowed,
               double scale) {
    if (!(found <= allowed + kRoundingNoise * scale)) wrong(where, what, found, allowed);
  }

  bool same_structure() {
    const auto same = [](const auto& a, const auto& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](const auto& x, const auto& y) { return x.name == y.name; });
    };
    bool equal = same(result_.inputs, network_.inputs) && same(result_.populations, network_.populations) &&
                 same(result_.projections, network_.projections) && same(result_.outputs, network_.outputs) &&
                 same(report_.populations, network_.populations) &&
                 report_.projections.size() == network_.projections.size();
    for (std::size_t p = 0; equal && p < network_.projections.size(); ++p) {
      const Projection& a = network_.projections[p];
      const IntProjection& b = result_.projections[p];
      equal = a.from == b.from && a.to == b.to && a.delay == b.delay && a.form.sources() == b.form.sources();
    }
    for (std::size_t p = 0; equal && p < network_.populations.size(); ++p) {
      const Population& a = network_.populations[p];
      const IntPopulation& b = result_.populations[p];
      equal = a.size() == b.size() && a.kind == b.kind && a.shape == b.shape && a.share == b.share &&
              a.membranes_of == b.membranes_of &&
              (a.is_readout() || (a.reset == Reset::kToValue) == (b.reset == Reset::kToValue));
    }
    if (!equal) problems_.add("the integer network has another structure than the real one");
    return equal;
  }

  /// What readouts send that stand where their samples start, which integers do not count, by neuron.
  [[nodiscard]] std::vector<double> starts_heard(std::size_t index) const {
    std::vector<double> sums(network_.populations[index].size(), 0);
    for (const Projection& projection : network_.projections) {
      const auto* from = std::get_if<PopulationId>(&projection.from);
      if (projection.to.index() != index || from == nullptr) continue;
      const Population& source = network_.populations[from->index()];
      for (std::size_t s = 0; source.is_readout() && s < source.size(); ++s)
        projection.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
          sums[target] += projection.weight[weight] * source.start[s];
        });
    }
    return sums;
  }

  void check_population(std::size_t index) {
    const Population& real = network_.populations[index];
    const IntPopulation& integer = result_.populations[index];
    const PopulationReport& report = report_.populations[index];
    const double largest = largest_unit(integer);
    at_most(real.name, "bias error in units", report.bias_error, 2 * largest, largest);
    const std::vector<double> from_starts = starts_heard(index);
    for (std::size_t j = 0; j < real.size(); ++j) {
      const double half = 0.5 / kDecayOne;
      at_most(real.name, "alpha error", std::abs(integer.alpha[j] / double{kDecayOne} - real.alpha[j]),
              std::min(half, report.alpha_error), 1);
      at_most(real.name, "beta error", std::abs(integer.beta[j] / double{kDecayOne} - real.beta[j]),
              std::min(half, report.beta_error), 1);
      const double unit = real_of(integer, j, 1);
      const double constant = real.gain_i[j] * real.gain_v[j] * (real.bias[j] + from_starts[j]);
      // v = start + u, and integers count u.
      const double start = real.start[j];
      const double drive = real.beta[j] * start + real.drive[j] - start;
      const double size = std::abs(constant) + std::abs(real.drive[j]) + std::abs(start) + unit;
      if (integer.alpha[j] == 0) {
        at_most(real.name, "bias error",
                std::abs(real_of(integer, j, integer.bias_i[j] + integer.bias_v[j]) - constant - drive),
                report.bias_error, size);
      } else {
        at_most(real.name, "bias error", std::abs(real_of(integer, j, integer.bias_i[j]) - constant),
                report.bias_error, size);
        at_most(real.name, "drive error", std::abs(real_of(integer, j, integer.bias_v[j]) - drive),
                report.bias_error, size);
      }
      if (real.is_readout()) {
        const double origin = integer.origin.empty() ? 0 : integer.origin[j];
        if (std::abs(real_of(integer, j, origin) - start) > unit + kRoundingNoise * std::abs(start))
          wrong(real.name, "origin", real_of(integer, j, origin), start);
        continue;
      }
      check_spiking(real, integer, report, j);
    }
  }

  void check_spiking(const Population& real, const IntPopulation& integer, const PopulationReport& report,
                     std::size_t j) {
    const double unit = real_of(integer, j, 1), start = real.start[j];
    const double scale = std::abs(real.theta[j]) + std::abs(start);
    const double slack = std::max(kRoundingNoise * scale, 0.011 * unit);
    const bool at_least = real.fire == Fire::kAtLeast;
    // The neuron fires above `level`, or from it on.
    const double level = real_of(integer, j, integer.theta[j] + (at_least ? 1.0 : 0.0));
    const double below = at_least ? level - (real.theta[j] - start) : real.theta[j] - start - level;
    if (below < -slack || below >= unit + slack) wrong(real.name, "theta off the real one", below, unit);
    at_most(real.name, "theta error", std::abs(below), report.theta_error, scale + unit);
    const double after = real_of(integer, j, integer.v_reset[j]);
    if (real.reset == Reset::kToValue) {
      at_most(real.name, "reset error", std::abs(start + after - real.v_reset[j]),
              std::min(report.reset_error, unit), unit + std::abs(real.v_reset[j]) + std::abs(start));
    } else if (real.reset == Reset::kSubtractLater) {
      at_most(real.name, "reset error", std::abs(after * integer.beta[j] / kDecayOne - real.theta[j]),
              std::min(report.reset_error, unit), unit + scale);
    } else {
      const double wanted = real.reset == Reset::kSubtract ? real.theta[j] : 0;
      if (std::abs(after - wanted) > unit + slack) wrong(real.name, "what is subtracted", after, wanted);
    }
  }

  static double largest_unit(const IntPopulation& population) {
    double most = 0;
    for (std::size_t j = 0; j < population.size(); ++j) most = std::max(most, real_of(population, j, 1));
    return most;
  }

  /// What the integer network makes of a projection's weights.
  struct Losses {
    int exponent = 0;  ///< squares are counted in this power of two, so that none is beyond a double
    double largest = 0, squares = 0;
    std::uint64_t synapses = 0;
    void add(double error, std::uint64_t times) {
      largest = std::max(largest, std::abs(error));
      squares += static_cast<double>(times) * std::pow(std::ldexp(error, -exponent), 2);
      synapses += times;
    }
  };

  /// Real weight of mantissa 1 at every neuron; 0 where its gain is.
  [[nodiscard]] std::vector<double> steps_of(std::size_t index) const {
    const IntProjection& integer = result_.projections[index];
    const Population& to = network_.populations[integer.to.index()];
    const IntPopulation& int_to = result_.populations[integer.to.index()];
    const auto* input = std::get_if<InputId>(&integer.from);
    double source_unit = input != nullptr ? result_.inputs[input->index()].unit : 1;
    if (const auto* from = std::get_if<PopulationId>(&integer.from))
      if (const IntPopulation& source = result_.populations[from->index()]; source.is_readout())
        source_unit = source.unit;
    std::vector<double> steps(to.size(), 0);
    for (std::size_t j = 0; j < steps.size(); ++j) {
      const double gain = to.gain_i[j] * to.gain_v[j];
      if (gain == 0) continue;
      steps[j] = real_of(int_to, j, std::ldexp(1.0, static_cast<int>(integer.shift + int_to.scale))) / gain /
                 source_unit;
    }
    return steps;
  }

  void look_at(const std::string& name, double step, double mantissa, double weight, std::uint64_t times,
               Losses& losses) {
    if (step != 0 && weight != 0) return losses.add(mantissa * step - weight, times);
    if (mantissa != 0) problems_.add("'" + name + "': a synapse of no effect became one");
  }

  /// Weight by weight, where the form was kept and all neurons of a weight have one step.
  bool compare_weights(std::size_t index, const std::vector<double>& steps, Losses& losses) {
    const Projection& real = network_.projections[index];
    const IntProjection& integer = result_.projections[index];
    if (!(real.form == integer.form)) return false;
    const auto step = common_to_targets(real.form, steps);
    if (!step) return false;
    const std::vector<std::uint64_t> times = multiplicity(real.form);
    for (std::size_t k = 0; k < times.size(); ++k)
      if (times[k] != 0) look_at(real.name, (*step)[k], integer.weight[k], real.weight[k], times[k], losses);
    return true;
  }

  void compare_rows(std::size_t index, const std::vector<double>& steps, Losses& losses) {
    const Projection& real = network_.projections[index];
    const IntProjection& integer = result_.projections[index];
    for (std::size_t s = 0; s < real.form.sources(); ++s) {
      std::map<std::uint32_t, std::int32_t> mantissas;
      integer.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        if (integer.weight[weight] != 0) mantissas[target] = integer.weight[weight];
      });
      real.form.row(s).each([&](std::uint32_t target, std::size_t weight) {
        const auto found = mantissas.find(target);
        look_at(real.name, steps[target], found == mantissas.end() ? 0 : found->second, real.weight[weight],
                1, losses);
        if (found != mantissas.end()) mantissas.erase(found);
      });
      if (!mantissas.empty())
        problems_.add("'" + real.name + "': row " + std::to_string(s) +
                      " has a synapse that the network has not");
    }
  }

  void check_projection(std::size_t index) {
    const Projection& real = network_.projections[index];
    const ProjectionReport& report = report_.projections[index];
    const std::vector<double> steps = steps_of(index);
    Losses losses;
    double heaviest = 0;
    for (const double w : real.weight) heaviest = std::max(heaviest, std::abs(w));
    losses.exponent = heaviest == 0 ? 0 : std::ilogb(heaviest);
    if (!compare_weights(index, steps, losses)) compare_rows(index, steps, losses);
    // The last bits of a weight may be more than a step, which is the first neuron's, where gains differ.
    const double scale = std::max(report.step, 1e-8 * heaviest);
    at_most(real.name, "weight error", losses.largest, report.max_error, scale);
    if (losses.synapses != report.synapses)
      wrong(real.name, "synapses", static_cast<double>(losses.synapses),
            static_cast<double>(report.synapses));
    if (losses.synapses != 0)
      at_most(real.name, "rms weight error",
              std::ldexp(std::sqrt(losses.squares / static_cast<double>(losses.synapses)), losses.exponent),
              report.rms_error, scale);
    constexpr double kExact = 2e-4;  // of a step: the single precision of the file at 8 bits
    if (report.exact && report.max_error > kExact * report.step)
      wrong(real.name, "error of exact weights", report.max_error, kExact * report.step);
  }

  const IntNetwork& result_;
  const QuantizeReport& report_;
  const Network& network_;
  Problems problems_;
};

}  // namespace

Problems check(const Quantized& quantized, const Network& network) {
  const Magnitudes magnitudes = magnitudes_of(network);
  if (magnitudes.trivial()) return Checker(quantized, network).run();
  Quantized in_range = quantized;
  to_real_units(in_range, network, magnitudes, -1);
  return Checker(in_range, in_units(network, magnitudes)).run();
}

}  // namespace spikeloom

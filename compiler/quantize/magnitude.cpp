#include "compiler/quantize/magnitude.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace spikeloom {
namespace {

/// Products of four numbers within are far from the ends of a double.
constexpr int kMostExponent = 256;

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double x : values) most = std::max(most, std::abs(x));
  return most;
}

/// The exponent that brings the number to 1 to 2; 0 where it need not be brought there.
int exponent_of(double most) {
  if (most == 0) return 0;
  const int exponent = std::ilogb(most);
  return std::abs(exponent) <= kMostExponent ? 0 : exponent;
}

void scale(std::vector<double>& values, int exponent) {
  if (exponent == 0) return;
  for (double& x : values) x = std::ldexp(x, exponent);
}

}  // namespace

bool Magnitudes::trivial() const {
  const auto none = [](const std::vector<int>& list) {
    return std::all_of(list.begin(), list.end(), [](int e) { return e == 0; });
  };
  return none(weight) && none(gain_i) && none(gain_v);
}

Magnitudes magnitudes_of(const Network& network) {
  Magnitudes result;
  const std::size_t count = network.populations.size();
  std::vector<double> most(count, 0);
  for (const Projection& projection : network.projections) {
    double& known = most[projection.to.index()];
    known = std::max(known, largest(projection.weight));
  }
  for (std::size_t p = 0; p < count; ++p) {
    const Population& population = network.populations[p];
    result.weight.push_back(exponent_of(most[p]));
    result.gain_i.push_back(exponent_of(largest(population.gain_i)));
    result.gain_v.push_back(exponent_of(largest(population.gain_v)));
    result.potential.push_back(result.weight[p] + result.gain_i[p] + result.gain_v[p]);
  }
  return result;
}

Network in_units(const Network& network, const Magnitudes& magnitudes) {
  Network result = network;
  Problems problems;
  for (std::size_t p = 0; p < result.populations.size(); ++p) {
    Population& population = result.populations[p];
    scale(population.gain_i, -magnitudes.gain_i[p]);
    scale(population.gain_v, -magnitudes.gain_v[p]);
    scale(population.bias, -magnitudes.weight[p]);
    const std::array<std::vector<double>*, 4> potentials = {&population.drive, &population.start,
                                                            &population.theta, &population.v_reset};
    for (std::vector<double>* values : potentials) scale(*values, -magnitudes.potential[p]);
    const auto beyond = [](const std::vector<double>& values) { return !std::isfinite(largest(values)); };
    if (beyond(population.bias) || std::any_of(potentials.begin(), potentials.end(),
                                               [&](const auto* values) { return beyond(*values); }))
      problems.add("population '" + population.name +
                   "': its threshold, reset, bias or leak is more than 10^308 times as large as its weights, "
                   "which no step of integers serves");
  }
  problems.throw_if_any("quantize");
  for (Projection& projection : result.projections)
    scale(projection.weight, -magnitudes.weight[projection.to.index()]);
  return result;
}

Activity in_units(Activity activity, const Magnitudes& magnitudes) {
  for (std::size_t p = 0; p < activity.peak.size() && p < magnitudes.potential.size(); ++p)
    scale(activity.peak[p], -magnitudes.potential[p]);
  return activity;
}

void to_real_units(Quantized& quantized, const Network& network, const Magnitudes& magnitudes, int sign) {
  const auto put = [&](double& x, int exponent) { x = std::ldexp(x, sign * exponent); };
  for (std::size_t p = 0; p < magnitudes.potential.size(); ++p) {
    const int exponent = magnitudes.potential[p];
    put(quantized.network.populations[p].unit, exponent);
    PopulationReport& report = quantized.report.populations[p];
    for (double* x : {&report.unit, &report.theta_error, &report.reset_error, &report.bias_error})
      put(*x, exponent);
  }
  for (std::size_t n = 0; n < network.projections.size(); ++n) {
    ProjectionReport& report = quantized.report.projections[n];
    const int exponent = magnitudes.weight[network.projections[n].to.index()];
    for (double* x : {&report.step, &report.max_error, &report.rms_error}) put(*x, exponent);
  }
}

}  // namespace spikeloom

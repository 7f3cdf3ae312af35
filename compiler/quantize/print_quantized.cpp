#include <algorithm>
#include <cstdio>

#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

namespace {

std::string short_number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", x);
  return text;
}

/// What the words above mean, of those that stand there.
std::string legend(const QuantizeReport& report) {
  const auto some = [](const auto& list, const auto& has) {
    return std::any_of(list.begin(), list.end(), has);
  };
  std::string text;
  if (some(report.projections, [](const ProjectionReport& p) { return !p.exact; }))
    text +=
        "  error: what the chip's weight differs from the file's; rms: the root of its mean square, in "
        "brackets "
        "beside the weights' own\n";
  if (some(report.projections, [](const ProjectionReport& p) { return p.vanished != 0; }))
    text += "  vanished: weights of less than half a step, which are 0 on the chip\n";
  if (some(report.projections, [](const ProjectionReport& p) { return p.clipped != 0; }))
    text += "  clipped: weights beyond the largest that the bits hold, which are that largest on the chip\n";
  if (some(report.populations, [](const PopulationReport& p) { return p.can_saturate; }))
    text +=
        "  may saturate: there is no proof that every input keeps the potentials within the chip's bits; "
        "beyond "
        "them they stay at the end\n";
  return text;
}

}  // namespace

std::string print(const QuantizeReport& report) {
  std::string text;
  for (const PopulationReport& p : report.populations) {
    text += "population " + p.name + ": unit " + short_number(p.unit) + ", scale " + std::to_string(p.scale) +
            ", accumulator " + std::to_string(p.accumulator_bits) + " bits, " +
            std::to_string(p.parameter_sets) +
            (p.parameter_sets == 1 ? " parameter set" : " parameter sets") + "; errors: theta " +
            short_number(p.theta_error) + ", reset " + short_number(p.reset_error) + ", bias " +
            short_number(p.bias_error) + ", alpha " + short_number(p.alpha_error) + ", beta " +
            short_number(p.beta_error) + (p.can_saturate ? "; may saturate" : "; cannot saturate") + "\n";
  }
  for (const ProjectionReport& p : report.projections) {
    text += "projection " + p.name + " (" + p.from + " -> " + p.to + "): " + std::to_string(p.bits) +
            (p.bits == 1 ? " bit, shift " : " bits, shift ") + std::to_string(p.shift) + ", step " +
            short_number(p.step) + ", " + std::to_string(p.synapses) + " synapses; " +
            (p.exact ? "taken over exactly" : "quantised") + ", error max " + short_number(p.max_error) +
            ", rms " + short_number(p.rms_error) + " (" + short_number(100 * p.relative_error) + " %), " +
            std::to_string(p.vanished) + " vanished, " + std::to_string(p.clipped) + " clipped\n";
  }
  text += legend(report);
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  for (const std::string& warning : report.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace spikeloom

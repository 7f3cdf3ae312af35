#include <cstdio>

#include "compiler/quantize/quantize.hpp"

namespace spikeloom {

namespace {

std::string short_number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", x);
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
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  for (const std::string& warning : report.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace spikeloom

// The Spiking Heidelberg Digits and the Spiking Speech Commands, in HDF5: spikes/times (seconds) and
// spikes/units (0 to 699) hold a list a sample, labels an integer a sample. Source: Cramer, Stradmann,
// Schemmel, Zenke: The Heidelberg spiking data sets for the systematic evaluation of spiking neural networks,
// 2020, and the data sets' page.
#include <algorithm>
#include <cmath>

#include "compiler/data/hdf5_file.hpp"
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {
namespace {

/// Steps count from time 0, at which a recording's sound begins, and not from the first spike.
Train shd_train(std::vector<double> times, const std::vector<double>& units, const Port& port,
                const DatasetOptions& options) {
  const auto frame = static_cast<double>(options.frame.value_or(std::chrono::milliseconds(1)).count());
  std::vector<TimedEvent> events;
  for (std::size_t e = 0; e < times.size(); ++e) {
    // Whole microseconds, as the data sets' loaders have them.
    const double step = std::floor(std::floor(times[e] * 1e6) / frame);
    if (!(step >= 0 && step < static_cast<double>(kMostSteps)))
      throw input_error("spike " + std::to_string(e) + " is at " + std::to_string(times[e]) +
                        " s, which is no step; expected seconds from 0");
    if (!(units[e] >= 0 && units[e] < 0x1p32) || units[e] != std::floor(units[e]))
      throw input_error("spike " + std::to_string(e) + " is of unit " + std::to_string(units[e]) +
                        "; expected a whole number from 0");
    events.push_back({static_cast<std::size_t>(step), static_cast<std::size_t>(units[e]), 1});
  }
  return bin(std::move(events), port);
}

std::int64_t label_of(const Hdf5Table& labels, std::size_t sample) {
  const double label = labels.sample(sample).front();
  if (!(label >= -0x1p53 && label <= 0x1p53) || label != std::floor(label))
    throw input_error("its label is " + std::to_string(label) + ", expected an integer");
  return static_cast<std::int64_t>(label);
}

}  // namespace

Dataset read_shd(const Hdf5File& file, const std::vector<Port>& ports, const DatasetOptions& options) {
  const Port& port = only_port(ports, "SHD");
  const Hdf5Table times = file.table("spikes", "times"), units = file.table("spikes", "units");
  if (!times.holds_lists() || !units.holds_lists() || times.shape() != units.shape())
    throw input_error("spikes: expected as many lists in times as in units, found times " +
                      print_shape(times.shape()) + " and units " + print_shape(units.shape()));
  std::optional<Hdf5Table> labels;
  if (file.has("labels")) labels = file.table("", "labels");
  if (labels && (labels->holds_lists() || labels->shape() != times.shape()))
    throw input_error("labels: expected one a sample, " + print_shape(times.shape()) + ", found " +
                      (labels->holds_lists() ? "lists" : print_shape(labels->shape())));
  Dataset data;
  TimeFaults faults;
  const std::size_t samples = std::min(times.samples(), options.limit.value_or(times.samples()));
  for (std::size_t s = 0; s < samples; ++s) {
    const std::string name = "sample " + std::to_string(s);
    try {
      std::vector<double> at = times.sample(s);
      const std::vector<double> of = units.sample(s);
      if (at.size() != of.size())
        throw input_error(std::to_string(at.size()) + " times and " + std::to_string(of.size()) + " units");
      faults.mend(at, {}, name);
      data.samples.push_back({.id = std::to_string(s), .label = std::nullopt, .inputs = {}});
      if (labels) data.samples.back().label = label_of(*labels, s);
      data.samples.back().inputs.push_back(shd_train(std::move(at), of, port, options));
    } catch (const Error& error) {
      throw error.within(name);
    }
  }
  data.notes = faults.notes();
  return data;
}

}  // namespace spikeloom::readers

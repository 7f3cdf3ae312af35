// NIRData: recorded or prepared data in HDF5, node by node.
// Source: the NIR project's data format (NIRGraphData, nir.write_data).
#include <algorithm>
#include <cmath>

#include "compiler/data/hdf5_file.hpp"
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {
namespace {

/// A sample that is no more wanted is not read.
std::size_t wanted(const Hdf5Table& table, const DatasetOptions& options) {
  return std::min(table.samples(), options.limit.value_or(table.samples()));
}

std::vector<Train> gridded(const Hdf5File& file, const std::string& group, const Port& port,
                           const DatasetOptions& options) {
  const Hdf5Table table = file.table(group, "data");
  if (const auto problem = shape_problem(table.shape(), 2, port)) throw input_error("data: " + *problem);
  std::vector<Train> trains;
  for (std::size_t s = 0; s < wanted(table, options); ++s) {
    const std::vector<double> values = table.sample(s);
    trains.push_back(dense(table.shape()[1], port, [&](std::size_t i) { return values[i]; }));
  }
  return trains;
}

/// The step that a time in seconds falls in; a time that is a multiple of dt but for rounding begins it.
std::size_t step_of(double time, double dt) {
  const double step = std::floor(time / dt * (1 + 1e-12) + 1e-9);
  if (!(step >= 0 && step <= static_cast<double>(kMostSteps))) {
    throw input_error("time " + std::to_string(time) + " s at dt " + std::to_string(dt) + " s is no step");
  }
  return static_cast<std::size_t>(step);
}

struct EventColumns {
  std::vector<double> indices, times, values;
};

/// A sample's events as a train.
Train nir_train(const EventColumns& columns, std::size_t s, const Port& port, double dt) {
  std::vector<TimedEvent> list;
  for (std::size_t e = 0; e < columns.indices.size(); ++e) {
    const double index = columns.indices[e];
    if (index == -1) continue;  // padding to the longest sample
    if (!(index >= 0 && index < 0x1p32) || index != std::floor(index)) {
      throw input_error("sample " + std::to_string(s) + ": event " + std::to_string(e) + " has index " +
                        std::to_string(index));
    }
    list.push_back({step_of(columns.times[e], dt), static_cast<std::size_t>(index), columns.values[e]});
  }
  return bin(std::move(list), port);
}

std::vector<Train> events(const Hdf5File& file, const std::string& group, const Port& port,
                          const DatasetOptions& options, TimeFaults& faults) {
  if (!options.dt || !(*options.dt > 0))
    throw input_error("event times are in seconds: give the length of a step, --dt SECONDS");
  const Hdf5Table idx = file.table(group, "idx");
  const Hdf5Table time = file.table(group, "time");
  std::optional<Hdf5Table> value;
  if (file.has(group + "/value")) value = file.table(group, "value");
  if (idx.shape().size() != 2 || time.shape() != idx.shape() || (value && value->shape() != idx.shape())) {
    throw input_error("idx, time and value must have one shape (samples, events), found idx " +
                      print_shape(idx.shape()) + " and time " + print_shape(time.shape()));
  }
  const auto t_max = file.number(group, "t_max");
  const bool has_end = t_max && std::isfinite(*t_max) && *t_max > 0;
  const std::size_t least_steps = has_end ? step_of(*t_max, *options.dt) : 0;
  std::vector<Train> trains;
  for (std::size_t s = 0; s < wanted(idx, options); ++s) {
    EventColumns columns{idx.sample(s), time.sample(s), {}};
    columns.values = value ? value->sample(s) : std::vector<double>(columns.indices.size(), 1.0);
    std::vector<double> real;
    for (std::size_t e = 0; e < columns.indices.size(); ++e)
      if (columns.indices[e] != -1) real.push_back(columns.times[e]);
    faults.mend(real, {.range = {}, .end = has_end ? t_max : std::nullopt}, "sample " + std::to_string(s));
    trains.push_back(nir_train(columns, s, port, *options.dt));
    trains.back().resize(std::max(trains.back().steps(), least_steps));
  }
  return trains;
}

std::vector<Train> node_trains(const Hdf5File& file, const std::string& node, const Port& port,
                               const DatasetOptions& options, TimeFaults& faults) {
  const std::string observables = "nodes/" + node + "/observables";
  if (!file.has(observables)) throw input_error("has no observables");
  const std::vector<std::string> names = file.names_in(observables);
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::string name = has("spikes")       ? "spikes"
                           : has("values")     ? "values"
                           : names.size() == 1 ? names.front()
                                               : "";
  if (name.empty())
    throw input_error("expected the observable spikes or values, or a single one; found " + join(names));
  const std::string group = observables + "/" + name;
  const std::string type = file.text(group, "__type__");
  try {
    if (type == "TimeGriddedData") return gridded(file, group, port, options);
    if (type == "EventData" || type == "ValuedEventData") return events(file, group, port, options, faults);
    throw input_error("type is '" + type + "', expected TimeGriddedData, EventData or ValuedEventData");
  } catch (const Error& error) {
    throw error.within(name);
  }
}

}  // namespace

Dataset read_nirdata(const Hdf5File& file, const std::vector<Port>& ports, const DatasetOptions& options) {
  const std::string type = file.text("", "__type__");
  if (type != "NIRGraphData")
    throw input_error("not NIRData, which has the attribute __type__ = NIRGraphData; found '" + type + "'");
  const std::vector<std::string> names = file.names_in("nodes");
  Problems problems;
  TimeFaults faults;
  Dataset data;
  for (const Port& port : ports) {
    std::string name = port.name;
    const bool there = std::find(names.begin(), names.end(), name) != names.end();
    if (!there && ports.size() == 1 && names.size() == 1) name = names.front();
    try {
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw input_error("no such node, found " + join(names));
      std::vector<Train> trains = node_trains(file, name, port, options, faults);
      if (data.samples.empty()) data.samples.resize(trains.size());
      if (data.samples.size() != trains.size())
        throw input_error("has " + std::to_string(trains.size()) + " samples, another input " +
                          std::to_string(data.samples.size()));
      for (std::size_t s = 0; s < trains.size(); ++s) {
        data.samples[s].id = std::to_string(s);
        data.samples[s].inputs.push_back(std::move(trains[s]));
      }
    } catch (const Error& error) {
      problems.add("node '" + name + "': " + error.what());
    }
  }
  problems.throw_if_any("NIRData");
  data.notes = faults.notes();
  return data;
}

}  // namespace spikeloom::readers

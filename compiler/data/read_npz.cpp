// .npz and .npy.
#include <algorithm>

#include "compiler/base/file.hpp"
#include "compiler/data/records.hpp"

namespace spikeloom::readers {
namespace {

/// A scalar, as () or (1,).
Array scalar(const NpzReader& file, const std::string& name) {
  Array array = file.read(name);
  if (array.size() != 1) {
    throw input_error(file.path().string() + ": " + name + ": expected one value, found " + array.describe());
  }
  return array;
}

std::size_t positive(std::int64_t value, const std::string& what) {
  if (value < 1 || value > static_cast<std::int64_t>(kMostSteps)) {
    throw input_error(what + " is " + std::to_string(value) + ", expected 1 to " +
                      std::to_string(kMostSteps));
  }
  return static_cast<std::size_t>(value);
}

/// The value that an accumulating encoder takes for a spike at every step.
double full_scale(const Array& values, std::optional<double> given) {
  if (given) return *given;
  if (values.is_real() || values.type() == ElementType::kBool) return 1;
  if (values.type() == ElementType::kU1) return 255;
  throw input_error("values are " + values.describe() +
                    ", whose full scale is not known; give it by option or as the array full_scale");
}

/// Spikes (several samples, steps, port) or, where `several` is not set, (steps, port).
std::vector<Train> dense_trains(const Array& array, const Port& port, std::size_t leading,
                                const DatasetOptions& options) {
  std::vector<std::size_t> shape = array.shape();
  const bool packed = options.packing == Packing::kBits;
  std::size_t row_bytes = 0;
  if (packed) {
    row_bytes = shape.empty() ? 0 : shape.back();
    if (array.type() != ElementType::kU1 || shape.size() != leading + 1 ||
        row_bytes != (port.size() + 7) / 8) {
      throw input_error("packed bits: expected u1 with " + std::to_string((port.size() + 7) / 8) +
                        " bytes a step for the " + std::to_string(port.size()) + " elements of input '" +
                        port.name + "', found " + array.describe());
    }
  } else if (const auto problem = shape_problem(shape, leading, port)) {
    throw input_error(*problem);
  }
  const std::size_t samples = leading == 2 ? shape.at(0) : 1;
  const std::size_t steps = shape.at(leading - 1);
  const std::size_t wanted = std::min(samples, options.limit.value_or(samples));
  std::vector<Train> trains;
  for (std::size_t s = 0; s < wanted; ++s) {
    try {
      trains.push_back(dense(steps, port, [&](std::size_t i) {
        if (!packed) return array.real(s * steps * port.size() + i);
        const std::size_t row = s * steps + i / port.size();
        const std::size_t bit = i % port.size();
        const auto byte = static_cast<unsigned>(array.real(row * row_bytes + bit / 8));
        return static_cast<double>((byte >> (7 - bit % 8)) & 1U);
      }));
    } catch (const Error& error) {
      throw error.within("sample " + std::to_string(s));
    }
  }
  return trains;
}

struct ValuePlan {
  std::optional<Encoder> encoder;
  std::vector<std::size_t> steps;  ///< one for all samples, or one a sample, or none
  std::optional<double> full_scale;
};

std::vector<Train> encoded_trains(const Array& values, const Port& port, std::size_t leading,
                                  const ValuePlan& plan, const DatasetOptions& options) {
  Problems problems;
  if (const auto problem = shape_problem(values.shape(), leading, port)) problems.add(*problem);
  if (!plan.encoder)
    problems.add(
        "the values need an encoder: give rate, accumulate, latency or direct, or the array `encoder`");
  if (plan.steps.empty())
    problems.add("the values need a number of steps: give it by option or as the array `steps`");
  problems.throw_if_any("static values of input '" + port.name + "'");
  EncodeOptions encode_options{.encoder = *plan.encoder, .steps = plan.steps.front(), .full_scale = 1};
  if (*plan.encoder != Encoder::kDirect) encode_options.full_scale = full_scale(values, plan.full_scale);
  const std::size_t samples = leading == 1 ? values.shape().at(0) : 1;
  const std::size_t wanted = std::min(samples, options.limit.value_or(samples));
  if (plan.steps.size() != 1 && plan.steps.size() != samples) {
    throw input_error("steps has " + std::to_string(plan.steps.size()) + " entries, expected 1 or " +
                      std::to_string(samples));
  }
  Rng seeds(options.seed);
  std::vector<Train> trains;
  std::vector<double> sample(port.size());
  for (std::size_t s = 0; s < wanted; ++s) {
    Rng rng(seeds.next());  // one a sample, so that a limit changes no spike
    for (std::size_t e = 0; e < sample.size(); ++e) sample[e] = values.real(s * sample.size() + e);
    if (plan.steps.size() > 1) encode_options.steps = plan.steps[s];
    try {
      trains.push_back(encode(sample, encode_options, rng));
    } catch (const Error& error) {
      throw error.within("sample " + std::to_string(s));
    }
  }
  return trains;
}

/// Event arrays of one dimension: `t`, `index`, and perhaps `sample` and `value`.
std::vector<Train> event_trains(const NpzReader& file, const std::string& suffix, const Port& port,
                                const DatasetOptions& options, std::size_t least_samples,
                                TimeFaults& faults) {
  const Array t = file.read("t" + suffix);
  const Array index = file.read("index" + suffix);
  const auto column = [&](const std::string& name) -> std::optional<Array> {
    if (!file.contains(name + suffix)) return std::nullopt;
    return file.read(name + suffix);
  };
  const std::optional<Array> sample = column("sample");
  const std::optional<Array> value = column("value");
  for (const Array* array : {&t, &index, sample ? &*sample : &t, value ? &*value : &t}) {
    if (array->shape().size() != 1 || array->size() != t.size() || array->is_text()) {
      throw input_error("events need arrays of numbers of one length, found t " + t.describe() + " and " +
                        array->describe());
    }
  }
  std::vector<std::vector<double>> times(std::max<std::size_t>(least_samples, 1));
  std::vector<std::vector<TimedEvent>> events(times.size());
  for (std::size_t i = 0; i < t.size(); ++i) {
    const std::int64_t s = sample ? sample->integer(i) : 0;
    const std::int64_t element = index.integer(i);
    if (s < 0 || s >= (std::int64_t{1} << 24) || element < 0) {
      throw input_error("event " + std::to_string(i) + " has sample " + std::to_string(s) + " and index " +
                        std::to_string(element) + ", expected both from 0");
    }
    const auto at = static_cast<std::size_t>(s);
    if (at >= times.size()) {
      times.resize(at + 1);
      events.resize(at + 1);
    }
    times[at].push_back(t.real(i));
    events[at].push_back({0, static_cast<std::size_t>(element), value ? value->real(i) : 1});
  }
  std::vector<Train> trains;
  for (std::size_t s = 0; s < times.size(); ++s) {
    faults.mend(times[s], {}, "sample " + std::to_string(s));
    const std::vector<std::size_t> steps = steps_of(times[s], options);
    for (std::size_t i = 0; i < steps.size(); ++i) events[s][i].step = steps[i];
    trains.push_back(bin(std::move(events[s]), port));
  }
  return trains;
}

ValuePlan value_plan(const NpzReader& file, const DatasetOptions& options) {
  ValuePlan plan{.encoder = options.encoder, .steps = {}, .full_scale = options.full_scale};
  if (!plan.encoder && file.contains("encoder")) {
    const Array name = scalar(file, "encoder");
    if (!name.is_text()) throw input_error("encoder: expected a text, found " + name.describe());
    plan.encoder = encoder_named(name.text(0));
  }
  if (options.steps) {
    plan.steps = {*options.steps};
  } else if (file.contains("steps")) {
    const Array steps = file.read("steps");
    if (steps.is_text() || steps.shape().size() > 1)
      throw input_error("steps: expected integers, found " + steps.describe());
    for (std::size_t i = 0; i < steps.size(); ++i) plan.steps.push_back(positive(steps.integer(i), "steps"));
  }
  if (!plan.full_scale && file.contains("full_scale")) {
    const Array scale = scalar(file, "full_scale");
    if (scale.is_text()) throw input_error("full_scale: expected a number, found " + scale.describe());
    plan.full_scale = scale.real(0);
  }
  return plan;
}

struct PortTrains {
  std::vector<Train> trains;
  std::optional<Encoder> encoder;
};

/// Every structured array is a sample, in the archive's order; with several inputs the arrays' names end in
/// the input's. Empty where there is none.
std::vector<Train> record_trains(const NpzReader& file, const Port& port, bool only,
                                 const DatasetOptions& options, TimeFaults& faults) {
  std::vector<Train> trains;
  for (const std::string& name : file.names()) {
    if (name == "labels" || name == "ids" || (!only && !name.ends_with("." + port.name))) continue;
    if (options.limit && trains.size() == *options.limit) break;
    std::variant<Array, Records> any = file.read_any(name);
    const auto* records = std::get_if<Records>(&any);
    if (records == nullptr) continue;
    try {
      trains.push_back(train_of(*records, port, options, faults, name));
    } catch (const Error& error) {
      throw error.within(file.path().string() + ": " + name);
    }
  }
  return trains;
}

/// Cuts or fills trains to the steps that the file gives them, and counts the events that this cuts off.
void cut(std::vector<Train>& trains, const std::vector<std::size_t>& steps, TimeFaults& faults) {
  for (std::size_t s = 0; s < trains.size() && !steps.empty(); ++s) {
    const std::size_t before = trains[s].events().size();
    trains[s].resize(steps.size() == 1 ? steps.front() : steps[s]);
    faults.leave_out(before - trains[s].events().size(), "sample " + std::to_string(s));
  }
}

/// The trains of one port, from the first of: spikes, values, events, structured arrays. An encoder option
/// asks for values.
PortTrains read_port(const NpzReader& file, const Port& port, bool only, const ValuePlan& plan,
                     const DatasetOptions& options, std::size_t labels, TimeFaults& faults) {
  const auto find = [&](const std::string& stem) -> std::optional<std::string> {
    if (file.contains(stem + "." + port.name)) return "." + port.name;
    if (only && file.contains(stem)) return "";
    return std::nullopt;
  };
  const auto inside = [](const std::string& name, auto&& read) {
    try {
      return read();
    } catch (const Error& error) {
      throw error.within(name);
    }
  };
  const auto cut_own = [&](std::vector<Train>& trains) {
    if (plan.steps.size() > 1 && plan.steps.size() < trains.size())
      throw input_error("steps has fewer entries than there are samples");
    if (!options.steps) cut(trains, plan.steps, faults);
  };
  if (options.array) {
    return {inside(*options.array, [&] { return dense_trains(file.read(*options.array), port, 2, options); }),
            std::nullopt};
  }
  const auto spikes = find("spikes");
  const auto values = find("values");
  if (spikes && !(values && options.encoder)) {
    const std::string name = "spikes" + *spikes;
    PortTrains result{inside(name, [&] { return dense_trains(file.read(name), port, 2, options); }),
                      std::nullopt};
    cut_own(result.trains);
    return result;
  }
  if (values) {
    const std::string name = "values" + *values;
    return {inside(name, [&] { return encoded_trains(file.read(name), port, 1, plan, options); }),
            plan.encoder};
  }
  const auto times = find("t");
  if (times && file.contains("index" + *times)) {
    PortTrains result{
        inside("t" + *times, [&] { return event_trains(file, *times, port, options, labels, faults); }),
        std::nullopt};
    cut_own(result.trains);
    return result;
  }
  if (std::vector<Train> trains = record_trains(file, port, only, options, faults); !trains.empty()) {
    cut_own(trains);
    return {std::move(trains), std::nullopt};
  }
  const std::string suffix = only ? "" : "." + port.name;
  throw input_error("nothing for input '" + port.name + "': expected spikes" + suffix + ", values" + suffix +
                    ", t" + suffix + " with index" + suffix +
                    ", or structured arrays of events (t, x, y, p)" + "; found " + file.list());
}

std::vector<Train> npy_trains(const Array& array, const Port& port, const DatasetOptions& options) {
  if (array.is_text()) throw input_error("holds texts, expected numbers");
  const std::size_t most = port.shape.size();
  const bool values = options.encoder.has_value();
  const ValuePlan plan{options.encoder,
                       options.steps ? std::vector<std::size_t>{*options.steps} : std::vector<std::size_t>{},
                       options.full_scale};
  // Leading dimensions: the shape itself decides, first flattened elements, then the port's own shape.
  for (const std::size_t own : {std::size_t{1}, most, std::size_t{0}}) {
    if (array.shape().size() < own) continue;
    const std::size_t leading = array.shape().size() - own;
    if (own == 0 && port.size() != 1) continue;
    if (leading > (values ? 1U : 2U) || (!values && leading == 0)) continue;
    if (options.packing == Packing::kNone && shape_problem(array.shape(), leading, port)) continue;
    if (values) return encoded_trains(array, port, leading, plan, options);
    return dense_trains(array, port, leading, options);
  }
  throw input_error("shape " + print_shape(array.shape()) + " fits no sample of input '" + port.name +
                    "', which is " + print_shape(port.shape) +
                    (values
                         ? "; expected the input's shape, or several samples before it"
                         : "; expected steps before the input's shape (or flattened), or samples and steps"));
}

std::vector<Sample> numbered(std::vector<Train> trains) {
  std::vector<Sample> samples;
  for (Train& train : trains) {
    samples.push_back({.id = std::to_string(samples.size()), .label = std::nullopt, .inputs = {}});
    samples.back().inputs.push_back(std::move(train));
  }
  return samples;
}

/// An array with one entry a sample (or, of dimension 2, several), or nothing where the file lacks it.
std::optional<Array> per_sample(const NpzReader& file, const std::string& name, std::size_t most_dimensions,
                                std::optional<std::size_t> samples, Problems& problems) {
  if (!file.contains(name)) return std::nullopt;
  Array array = file.read(name);
  const std::size_t rank = array.shape().size();
  if (rank >= 1 && rank <= most_dimensions && (!samples || array.shape()[0] >= *samples)) return array;
  problems.add(name + " is " + array.describe() + ", expected one entry a sample" +
               (samples ? ", (" + std::to_string(*samples) + ",)" : "") +
               (most_dimensions > 1 ? ", or one a sample and step" : ""));
  return std::nullopt;
}

/// Ids and labels, where the file has them.
void name_and_label(const NpzReader& file, Dataset& data, Problems& problems) {
  const std::size_t count = data.samples.size();
  const auto ids = per_sample(file, "ids", 1, count, problems);
  const auto labels = per_sample(file, "labels", 2, count, problems);
  for (std::size_t s = 0; s < count && problems.empty(); ++s) {
    try {
      if (ids) data.samples[s].id = ids->print(s);
      if (!labels) continue;
      Labels own = labels_at(*labels, s);
      data.samples[s].label = own.one;
      data.samples[s].step_labels = std::move(own.by_step);
    } catch (const Error& error) {
      problems.add(std::string("labels: ") + error.what());
    }
  }
}

}  // namespace

Dataset read_npz(const std::filesystem::path& path, const std::vector<Port>& ports,
                 const DatasetOptions& options) {
  const NpzReader file(path);
  Problems problems;
  if (options.array && ports.size() != 1)
    problems.add("an array's name was given, but the network has several inputs");
  if (options.array && !file.contains(*options.array))
    problems.add("has no array '" + *options.array + "', it has " + file.list());
  const auto labels = per_sample(file, "labels", 2, std::nullopt, problems);
  ValuePlan plan;
  try {
    plan = value_plan(file, options);
  } catch (const Error& error) {
    problems.add(error.what());
  }
  problems.throw_if_any(path.string());

  Dataset data;
  TimeFaults faults;
  for (const Port& port : ports) {
    PortTrains read;
    try {
      read = read_port(file, port, ports.size() == 1, plan, options, labels ? labels->shape().front() : 0,
                       faults);
    } catch (const Error& error) {
      problems.add(error.what());
      continue;
    }
    if (read.encoder) data.encoder = read.encoder;
    if (data.samples.empty()) {
      data.samples = numbered(std::move(read.trains));
    } else if (data.samples.size() != read.trains.size()) {
      problems.add("input '" + port.name + "' has " + std::to_string(read.trains.size()) +
                   " samples, those before it " + std::to_string(data.samples.size()));
    } else {
      for (std::size_t s = 0; s < read.trains.size(); ++s)
        data.samples[s].inputs.push_back(std::move(read.trains[s]));
    }
  }
  problems.throw_if_any(path.string());

  name_and_label(file, data, problems);
  problems.throw_if_any(path.string());
  data.notes = faults.notes();
  return data;
}

Dataset read_npy(const std::filesystem::path& path, const std::vector<Port>& ports,
                 const DatasetOptions& options) {
  try {
    const Port& port = only_port(ports, ".npy");
    Dataset data;
    std::variant<Array, Records> any = parse_any_npy(read_file(path));
    if (const auto* records = std::get_if<Records>(&any)) {
      TimeFaults faults;
      data.samples = numbered({train_of(*records, port, options, faults, path.filename().string())});
      data.notes = faults.notes();
      return data;
    }
    data.samples = numbered(npy_trains(std::get<Array>(any), port, options));
    data.encoder = options.encoder;
    return data;
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.starts_with(path.string())) throw;
    throw error.within(path.string());
  }
}

}  // namespace spikeloom::readers

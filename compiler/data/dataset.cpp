#include "compiler/data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compiler/base/text.hpp"
#include "compiler/data/formats.hpp"

namespace spikeloom {
namespace {

Dataset read_by_format(const std::filesystem::path& path, const std::vector<Port>& ports,
                       const DatasetOptions& options) {
  if (!std::filesystem::exists(path)) throw input_error(path.string() + ": no such file or folder");
  if (std::filesystem::is_directory(path)) return readers::read_recordings(path, ports, options);
  const readers::Format& format = readers::format_of(path);
  if (const auto* read = std::get_if<readers::ReadDataset>(&format.reader))
    return (*read)(path, ports, options);
  if (std::holds_alternative<readers::Hdf5Format>(format.reader))
    return readers::read_hdf5(path, ports, options);
  return readers::read_recordings(path, ports, options);
}

void apply_labels(Dataset& data, const std::filesystem::path& path) {
  const auto labels = readers::read_labels(path);
  std::string missing;
  std::size_t count = 0;
  for (Sample& sample : data.samples) {
    const auto found = labels.find(sample.id);
    if (found != labels.end()) {
      sample.label = found->second.one;
      sample.step_labels = found->second.by_step;
    } else if (++count <= 10) {
      missing += (missing.empty() ? "" : ", ") + sample.id;
    }
  }
  if (count == 0) return;
  throw input_error(path.string() + ": has no label for " + std::to_string(count) + " of " +
                    std::to_string(data.samples.size()) + " samples: " + missing + (count > 10 ? ", …" : ""));
}

/// The note of what was clipped, or nothing where nothing was.
std::optional<std::string> clip(Dataset& data, double most) {
  std::size_t clipped = 0, all = 0, samples = 0;
  double largest = 0;
  for (Sample& sample : data.samples) {
    const std::size_t before = clipped;
    for (Train& train : sample.inputs) {
      Train result;
      for (std::size_t step = 0; step < train.steps(); ++step) {
        for (const Event& event : train.at(step)) {
          ++all;
          clipped += std::abs(event.value) > most ? 1 : 0;
          largest = std::max(largest, std::abs(event.value));
          result.add(event.element, std::clamp(event.value, -most, most));
        }
        result.end_step();
      }
      train = std::move(result);
    }
    samples += clipped > before ? 1 : 0;
  }
  if (clipped == 0) return std::nullopt;
  std::ostringstream note;
  note << clipped << " of " << all << " values in " << samples << " of "
       << counted(data.samples.size(), "sample") << (clipped == 1 ? " was" : " were") << " clipped to "
       << most << " (the largest was " << largest << ")";
  return note.str();
}

/// The promises of `Dataset`, whatever the reader did.
void check(const Dataset& data) {
  for (const Sample& sample : data.samples) {
    SPIKELOOM_CHECK(sample.inputs.size() == data.ports.size());
    for (std::size_t p = 0; p < data.ports.size(); ++p) {
      SPIKELOOM_CHECK(sample.inputs[p].steps() == sample.steps());
      for (const Event& event : sample.inputs[p].events()) {
        SPIKELOOM_CHECK(event.element < data.ports[p].size() && event.value != 0 &&
                        std::isfinite(event.value));
      }
    }
  }
}

}  // namespace

std::size_t Port::size() const {
  std::size_t product = 1;
  for (const std::size_t extent : shape) product *= extent;
  return product;
}

bool Dataset::has_labels() const {
  return !samples.empty() &&
         std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.label.has_value(); });
}

std::optional<std::string> Dataset::foreign_labels(std::size_t classes) const {
  const auto is_foreign = [&](const Sample& sample) {
    return sample.label && (*sample.label < 0 || static_cast<std::uint64_t>(*sample.label) >= classes);
  };
  const auto first = std::find_if(samples.begin(), samples.end(), is_foreign);
  if (first == samples.end()) return std::nullopt;
  return std::to_string(std::count_if(samples.begin(), samples.end(), is_foreign)) +
         " labels are no class of the first output, which has 0 to " + std::to_string(classes - 1) +
         " (the first: " + std::to_string(*first->label) + " of sample " +
         std::to_string(first - samples.begin()) + "); they count as wrong";
}

bool Dataset::has_step_labels() const {
  return std::any_of(samples.begin(), samples.end(), [](const Sample& s) {
    return std::any_of(s.step_labels.begin(), s.step_labels.end(), [](std::int64_t l) { return l >= 0; });
  });
}

std::size_t Dataset::total_steps() const {
  std::size_t sum = 0;
  for (const Sample& sample : samples) sum += sample.steps();
  return sum;
}

ValueRange value_range(const Dataset& data, std::size_t port) {
  ValueRange range;
  for (const Sample& sample : data.samples) {
    for (const Event& event : sample.inputs.at(port).events()) {
      range.least = std::min(range.least, event.value);
      range.most = std::max(range.most, event.value);
      range.integral = range.integral && event.value == std::floor(event.value);
    }
  }
  return range;
}

std::optional<Change> first_change(const Train& train, std::size_t steps) {
  constexpr std::uint32_t kNone = 0xFFFFFFFFU;
  for (std::size_t t = 1; t < std::min(steps, train.steps()); ++t) {
    const std::span<const Event> first = train.at(0), now = train.at(t);
    const auto [a, b] = std::mismatch(first.begin(), first.end(), now.begin(), now.end());
    if (a == first.end() && b == now.end()) continue;
    const std::uint32_t before = a == first.end() ? kNone : a->element;
    const std::uint32_t here = b == now.end() ? kNone : b->element;
    const std::uint32_t element = std::min(before, here);
    return Change{t, element, before == element ? a->value : 0, here == element ? b->value : 0};
  }
  return std::nullopt;
}

std::string change_text(const Change& change, const std::string& input) {
  std::ostringstream text;
  text << "step " << change.step << ", " << input << "[" << change.element << "] = " << change.now
       << ": the input is static (--static-input), so expected " << change.before
       << " as in the sample's first step; compile without --static-input for data that change";
  return text.str();
}

Dataset read_dataset(const std::filesystem::path& path, std::vector<Port> ports,
                     const DatasetOptions& options) {
  if (ports.empty()) throw input_error(path.string() + ": the network has no input");
  if (options.steps && (*options.steps == 0 || *options.steps > readers::kMostSteps)) {
    throw input_error("steps is " + std::to_string(*options.steps) + ", expected 1 to " +
                      std::to_string(readers::kMostSteps));
  }
  if (options.frame && options.frame->count() <= 0) throw input_error("the frame must be longer than 0");
  Dataset data = read_by_format(path, ports, options);
  data.ports = std::move(ports);
  if (options.limit && data.samples.size() > *options.limit) data.samples.resize(*options.limit);
  if (data.samples.empty()) throw input_error(path.string() + ": holds no sample");
  if (options.labels) apply_labels(data, *options.labels);
  for (Sample& sample : data.samples) {
    std::size_t steps = options.steps.value_or(0);
    if (!options.steps) {
      for (const Train& train : sample.inputs) steps = std::max(steps, train.steps());
    }
    if (steps == 0) throw input_error(path.string() + ": sample " + sample.id + " has no step");
    for (Train& train : sample.inputs) train.resize(steps);
  }
  if (options.clip) {
    if (!(*options.clip > 0) || !std::isfinite(*options.clip))
      throw input_error("clip: expected a finite value above 0");
    if (auto note = clip(data, *options.clip)) data.notes.push_back(*std::move(note));
  }
  check(data);
  return data;
}

namespace readers {

Labels labels_at(const Array& labels, std::size_t sample) {
  if (labels.is_text()) throw input_error("found texts, expected integers");
  if (labels.shape().size() == 1) return {.one = labels.integer(sample), .by_step = {}};
  Labels result;
  const std::size_t steps = labels.shape()[1];
  for (std::size_t t = 0; t < steps; ++t) result.by_step.push_back(labels.integer(sample * steps + t));
  return result;
}

std::map<std::string, Labels> read_labels(const std::filesystem::path& path) {
  const NpzReader file(path);
  const Array ids = file.read("ids");
  const Array labels = file.read("labels");
  const std::size_t rank = labels.shape().size();
  if (ids.shape().size() != 1 || rank < 1 || rank > 2 || labels.shape()[0] != ids.size()) {
    throw input_error(path.string() + ": expected as many labels as ids, found ids " + ids.describe() +
                      " and labels " + labels.describe());
  }
  std::map<std::string, Labels> result;
  try {
    for (std::size_t i = 0; i < ids.size(); ++i) result[ids.print(i)] = labels_at(labels, i);
  } catch (const Error& error) {
    throw error.within(path.string() + ": labels");
  }
  return result;
}

std::optional<std::string> shape_problem(const std::vector<std::size_t>& shape, std::size_t leading,
                                         const Port& port) {
  const auto squeezed = [](std::vector<std::size_t> s) {
    std::erase(s, 1U);
    return s;
  };
  if (shape.size() >= leading) {
    const std::vector<std::size_t> own(shape.begin() + static_cast<std::ptrdiff_t>(leading), shape.end());
    const bool same_shape = squeezed(own) == squeezed(port.shape);
    const bool same_volume = Port{"", own}.size() == port.size();
    const bool one_is_flat = squeezed(own).size() <= 1 || squeezed(port.shape).size() <= 1;
    if (same_volume && (same_shape || one_is_flat)) return std::nullopt;
  }
  return "shape " + print_shape(shape) + " does not end in input '" + port.name + "', which is " +
         print_shape(port.shape) + ", after " + std::to_string(leading) +
         (leading == 1 ? " dimension" : " dimensions");
}

Train bin(std::vector<TimedEvent> events, const Port& port) {
  for (const TimedEvent& event : events) {
    if (event.element >= port.size()) {
      throw input_error("an event at step " + std::to_string(event.step) + " is at element " +
                        std::to_string(event.element) + ", input '" + port.name + "' has " +
                        std::to_string(port.size()));
    }
    if (!std::isfinite(event.value)) throw input_error("an event's value is not a finite number");
  }
  std::stable_sort(events.begin(), events.end(), [](const TimedEvent& a, const TimedEvent& b) {
    return a.step != b.step ? a.step < b.step : a.element < b.element;
  });
  Train train;
  for (std::size_t i = 0; i < events.size();) {
    while (train.steps() < events[i].step) train.end_step();
    double sum = 0;
    std::size_t j = i;
    for (; j < events.size() && events[j].step == events[i].step && events[j].element == events[i].element;
         ++j) {
      sum += events[j].value;
    }
    train.add(static_cast<std::uint32_t>(events[i].element), sum);
    i = j;
  }
  if (!events.empty()) train.end_step();
  return train;
}

std::vector<std::size_t> steps_of(const std::vector<double>& times, const DatasetOptions& options) {
  const double first = options.frame && !times.empty() ? *std::min_element(times.begin(), times.end()) : 0;
  std::vector<std::size_t> steps;
  steps.reserve(times.size());
  for (const double time : times) {
    double step = time;
    if (options.frame) {
      step = std::floor((time - first) / static_cast<double>(options.frame->count()));
    } else if (!(time >= 0) || time != std::floor(time)) {
      throw input_error(
          "time " + std::to_string(time) +
          " is no step; expected an integer from 0, or a frame length for times in microseconds");
    }
    if (!(step < static_cast<double>(kMostSteps))) {
      throw input_error("time " + std::to_string(time) + " is step " + std::to_string(step) + ", more than " +
                        std::to_string(kMostSteps) +
                        " are taken for a mistake; are the times in another unit?");
    }
    steps.push_back(static_cast<std::size_t>(step));
  }
  return steps;
}

const Port& only_port(const std::vector<Port>& ports, const std::string& format) {
  if (ports.size() == 1) return ports.front();
  throw input_error(format + " holds the data of one input, this network has " +
                    std::to_string(ports.size()) + "; use .npz with spikes.<input> for each");
}

}  // namespace readers
}  // namespace spikeloom

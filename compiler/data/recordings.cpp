#include "compiler/data/recordings.hpp"

#include <algorithm>
#include <charconv>

#include "compiler/base/file.hpp"
#include "compiler/data/formats.hpp"

namespace spikeloom::readers {
namespace {

bool is_recording(const std::filesystem::path& file) {
  for (const Format& format : formats()) {
    const auto& known = format.extensions;
    const bool is_it = std::find(known.begin(), known.end(), extension_of(file)) != known.end();
    if (is_it && std::holds_alternative<RecordingFormat>(format.reader)) return true;
  }
  return false;
}

/// ".bin, .bs2, .dat" and so on.
std::string recording_extensions() {
  std::string text;
  for (const Format& format : formats())
    if (std::holds_alternative<RecordingFormat>(format.reader))
      for (const std::string_view extension : format.extensions)
        text += (text.empty() ? "" : ", ") + std::string(extension);
  return text;
}

std::vector<std::filesystem::path> recordings(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.is_regular_file() && is_recording(entry.path())) files.push_back(entry.path());
  if (files.empty())
    throw input_error(path.string() + ": the folder holds no recording (" + recording_extensions() + ")");
  const auto number = [](const std::filesystem::path& file) -> std::optional<std::uint64_t> {
    const std::string stem = file.stem().string();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), value);
    if (error != std::errc() || end != stem.data() + stem.size()) return std::nullopt;
    return value;
  };
  const bool numbered =
      std::all_of(files.begin(), files.end(), [&](const auto& file) { return number(file).has_value(); });
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) {
    if (numbered && number(a) != number(b)) return number(a) < number(b);
    return a.filename() < b.filename();
  });
  return files;
}

/// Where events go in a port.
struct Grid {
  std::size_t channels = 0, height = 0, width = 0;
};

/// Of a port (C, H, W), or of a flat one that holds C times the sensor.
Grid grid_of(const Port& port, const std::optional<Sensor>& sensor) {
  if (port.shape.size() == 3) return {port.shape[0], port.shape[1], port.shape[2]};
  const std::size_t elements = sensor ? sensor->width * sensor->height : 0;
  const bool is_flat = std::count(port.shape.begin(), port.shape.end(), 1U) + 1 >=
                       static_cast<std::ptrdiff_t>(port.shape.size());
  if (is_flat && elements != 0 && port.size() % elements == 0)
    return {port.size() / elements, sensor->height, sensor->width};
  throw input_error(
      "a recording has channel, row and column, but input '" + port.name + "' has shape " +
      print_shape(port.shape) + "; expected (C, H, W)" +
      (sensor ? ", or a multiple of the sensor's " + std::to_string(elements) + " elements" : ""));
}

/// "the sensor is 320 wide and 240 high" where that is known, to stand behind a place outside the input.
std::string sensor_text(const std::optional<Sensor>& sensor) {
  if (!sensor) return "";
  return "; the sensor is " + std::to_string(sensor->width) + " wide and " + std::to_string(sensor->height) +
         " high";
}

std::string plural(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

}  // namespace

void TimeFaults::Count::add(std::size_t more, const std::string& where) {
  if (more == 0) return;
  if (events == 0) first = where;
  events += more;
  ++recordings;
}

std::string TimeFaults::Count::text(const std::string& what) const {
  return what + ": " + plural(events, "event") + " in " + plural(recordings, "recording") +
         " (the first: " + first + ")";
}

void TimeFaults::mend(std::vector<double>& times, const Clock& clock, const std::string& recording) {
  double late = 0, last = times.empty() ? 0 : times.front();
  std::size_t backward = 0, after = 0, first_back = 0, first_after = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double raw = times[i];
    if (clock.range && raw < last - *clock.range / 2) {
      late += *clock.range;
      ++wraps_;
    } else if (raw < last) {
      if (backward++ == 0) first_back = i;
    }
    last = raw;
    times[i] = raw + late;
    if (clock.end && times[i] > *clock.end && after++ == 0) first_after = i;
  }
  backward_.add(backward, "event " + std::to_string(first_back) + " of " + recording);
  kept_.add(after, "event " + std::to_string(first_after) + " of " + recording);
}

void TimeFaults::leave_out(std::size_t events, const std::string& recording) {
  left_out_.add(events, recording);
}

std::vector<std::string> TimeFaults::notes() const {
  std::vector<std::string> notes;
  if (backward_.events > 0)
    notes.push_back(backward_.text("times go back") + "; each event counts at its own time");
  if (wraps_ > 0)
    notes.push_back("the time stamps run over " + plural(wraps_, "time") +
                    "; the events after that are later by their range");
  if (kept_.events > 0)
    notes.push_back(kept_.text("after the end that the file itself gives") + "; they are kept");
  if (left_out_.events > 0)
    notes.push_back(left_out_.text("after the steps that the file itself gives") + "; they are left out");
  return notes;
}

Train train_of(const CameraEvents& events, const Port& port, const DatasetOptions& options) {
  if (events.times.empty()) throw input_error("holds no event");
  const auto [channels, height, width] = grid_of(port, events.sensor);
  std::vector<TimedEvent> binned;
  binned.reserve(events.times.size());
  DatasetOptions timing;
  timing.frame = options.frame.value_or(std::chrono::milliseconds(1));
  const std::vector<std::size_t> steps = steps_of(events.times, timing);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t x = events.x[i], y = events.y[i], polarity = events.polarity[i];
    if (x >= width || y >= height || polarity >= channels)
      throw input_error("event " + std::to_string(i) + " is at channel " + std::to_string(polarity) +
                        ", row " + std::to_string(y) + ", column " + std::to_string(x) + ", outside input '" +
                        port.name + "' of shape " + print_shape(port.shape) + " (C, H, W)" +
                        sensor_text(events.sensor));
    binned.push_back({steps[i], (polarity * height + y) * width + x, 1});
  }
  return bin(std::move(binned), port);
}

Dataset read_recordings(const std::filesystem::path& path, const std::vector<Port>& ports,
                        const DatasetOptions& options) {
  std::vector<std::filesystem::path> files = recordings(path);
  const Port& port = only_port(ports, "a recording");
  if (options.limit && files.size() > *options.limit) files.resize(*options.limit);
  Dataset data;
  TimeFaults faults;
  for (const auto& file : files) {
    const auto& format = std::get<RecordingFormat>(format_of(file).reader);
    const std::string name = file.filename().string();
    data.samples.push_back({.id = file.stem().string(), .label = std::nullopt, .inputs = {}});
    const std::vector<std::uint8_t> bytes = read_file(file);
    try {
      CameraEvents events = format.decode(bytes, port);
      if (!events.sensor) events.sensor = format.sensor;
      faults.mend(events.times, {.range = format.range, .end = events.end}, name);
      for (const std::string& note : events.notes) data.notes.push_back(name + ": " + note);
      data.samples.back().inputs.push_back(train_of(events, port, options));
    } catch (const Error& error) {
      throw error.within(file.string());
    }
  }
  for (std::string& note : faults.notes()) data.notes.push_back(std::move(note));
  return data;
}

}  // namespace spikeloom::readers

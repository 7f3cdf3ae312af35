#include "compiler/data/recordings.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "compiler/base/file.hpp"

namespace spikeloom::readers {
namespace {

bool is_recording(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".bin" || extension == ".bs2" || extension == ".dat";
}

std::vector<std::filesystem::path> recordings(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.is_regular_file() && is_recording(entry.path())) files.push_back(entry.path());
  if (files.empty())
    throw input_error(path.string() + ": the folder holds no .bin, no .bs2 and no .dat recording");
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

}  // namespace

void TimeFaults::mend(std::vector<double>& times, std::optional<double> range, const std::string& recording) {
  double late = 0, last = times.empty() ? 0 : times.front();
  std::size_t backward = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double raw = times[i];
    if (range && raw < last - *range / 2) {
      late += *range;
      ++wraps_;
    } else if (raw < last) {
      if (backward_ + backward == 0) first_ = "event " + std::to_string(i) + " of " + recording;
      ++backward;
    }
    last = raw;
    times[i] = raw + late;
  }
  backward_ += backward;
  recordings_ += backward > 0 ? 1 : 0;
}

std::vector<std::string> TimeFaults::notes() const {
  std::vector<std::string> notes;
  if (backward_ > 0)
    notes.push_back(std::to_string(backward_) + " events in " + std::to_string(recordings_) +
                    (recordings_ == 1 ? " recording are" : " recordings are") +
                    " earlier than the one before them (the first: " + first_ +
                    "); each counts at its own time");
  if (wraps_ > 0)
    notes.push_back("the time stamps run over " + std::to_string(wraps_) +
                    (wraps_ == 1 ? " time" : " times") + "; the events after that are later by their range");
  return notes;
}

Train train_of(const CameraEvents& events, const Port& port, const DatasetOptions& options) {
  if (events.times.empty()) throw input_error("holds no event");
  const std::size_t channels = port.shape[0], height = port.shape[1], width = port.shape[2];
  std::vector<TimedEvent> binned;
  DatasetOptions timing;
  timing.frame = options.frame.value_or(std::chrono::milliseconds(1));
  const std::vector<std::size_t> steps = steps_of(events.times, timing);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t x = events.x[i], y = events.y[i], polarity = events.polarity[i];
    if (x >= width || y >= height || polarity >= channels)
      throw input_error("event " + std::to_string(i) + " is at channel " + std::to_string(polarity) +
                        ", row " + std::to_string(y) + ", column " + std::to_string(x) + ", outside input '" +
                        port.name + "' of shape " + print_shape(port.shape) + " (C, H, W)");
    binned.push_back({steps[i], (polarity * height + y) * width + x, 1});
  }
  return bin(std::move(binned), port);
}

Dataset read_recordings(const std::filesystem::path& path, const std::vector<Port>& ports,
                        const DatasetOptions& options) {
  std::vector<std::filesystem::path> files = recordings(path);
  const Port& port = only_port(ports, "a recording");
  if (port.shape.size() != 3) {
    throw input_error(path.string() + ": a recording has channel, row and column, but input '" + port.name +
                      "' has shape " + print_shape(port.shape) + "; expected (C, H, W)");
  }
  if (options.limit && files.size() > *options.limit) files.resize(*options.limit);
  Dataset data;
  TimeFaults faults;
  for (const auto& file : files) {
    data.samples.push_back({.id = file.stem().string(), .label = std::nullopt, .inputs = {}});
    const std::vector<std::uint8_t> bytes = read_file(file);
    const bool prophesee = std::tolower(static_cast<unsigned char>(file.extension().string()[1])) == 'd';
    try {
      CameraEvents events = prophesee ? decode_prophesee(bytes) : decode_nmnist(bytes, port.shape[1]);
      faults.mend(events.times, prophesee ? 0x1p32 : 0x1p23, file.filename().string());
      data.samples.back().inputs.push_back(train_of(events, port, options));
    } catch (const Error& error) {
      throw error.within(file.string());
    }
  }
  data.notes = faults.notes();
  return data;
}

}  // namespace spikeloom::readers

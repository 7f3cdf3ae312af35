// N-MNIST recordings: five bytes an event, as written by the ATIS camera's tools.
// Source: Orchard, Jayawant, Cohen, Thakor: Converting static image datasets to spiking neuromorphic
// datasets using saccades, Frontiers in Neuroscience 2015, and the data set's own description.
#include <algorithm>
#include <charconv>

#include "compiler/base/file.hpp"
#include "compiler/data/readers.hpp"

namespace spikeloom::readers {
namespace {

constexpr std::size_t kEventBytes = 5;
/// A row that the sensor does not have marks an overflow of the time stamp, not an event.
constexpr unsigned kOverflowRow = 240;
constexpr double kOverflowMicroseconds = 8192;

Train parse(const std::vector<std::uint8_t>& bytes, const Port& port, const DatasetOptions& options) {
  if (bytes.size() % kEventBytes != 0) {
    throw input_error(std::to_string(bytes.size()) + " bytes are no whole number of events of 5 bytes");
  }
  const std::size_t channels = port.shape[0];
  const std::size_t height = port.shape[1];
  const std::size_t width = port.shape[2];
  std::vector<double> times;
  std::vector<TimedEvent> events;
  double late = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    const std::size_t x = bytes[at];
    const std::size_t y = bytes[at + 1];
    const std::size_t polarity = bytes[at + 2] >> 7U;
    const unsigned t =
        (bytes[at + 2] & 0x7fU) << 16U | static_cast<unsigned>(bytes[at + 3]) << 8U | bytes[at + 4];
    if (y == kOverflowRow && height <= kOverflowRow) {
      late += kOverflowMicroseconds;
      continue;
    }
    if (x >= width || y >= height || polarity >= channels) {
      throw input_error("event " + std::to_string(at / kEventBytes) + " is at channel " +
                        std::to_string(polarity) + ", row " + std::to_string(y) + ", column " +
                        std::to_string(x) + ", outside input '" + port.name + "' of shape " +
                        print_shape(port.shape) + " (C, H, W)");
    }
    times.push_back(t + late);
    events.push_back({0, (polarity * height + y) * width + x, 1});
  }
  if (events.empty()) throw input_error("holds no event");
  DatasetOptions timing;
  timing.frame = options.frame.value_or(std::chrono::milliseconds(1));
  const std::vector<std::size_t> steps = steps_of(times, timing);
  for (std::size_t i = 0; i < steps.size(); ++i) events[i].step = steps[i];
  return bin(std::move(events), port);
}

std::vector<std::filesystem::path> recordings(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && (extension == ".bin" || extension == ".bs2"))
      files.push_back(entry.path());
  }
  if (files.empty()) throw input_error(path.string() + ": the folder holds no .bin and no .bs2 recording");
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

Dataset read_nmnist(const std::filesystem::path& path, const std::vector<Port>& ports,
                    const DatasetOptions& options) {
  std::vector<std::filesystem::path> files = recordings(path);
  const Port& port = only_port(ports, "a recording");
  if (port.shape.size() != 3) {
    throw input_error(path.string() + ": a recording has channel, row and column, but input '" + port.name +
                      "' has shape " + print_shape(port.shape) + "; expected (C, H, W)");
  }
  if (options.limit && files.size() > *options.limit) files.resize(*options.limit);
  Dataset data;
  for (const auto& file : files) {
    data.samples.push_back({.id = file.stem().string(), .label = std::nullopt, .inputs = {}});
    const std::vector<std::uint8_t> bytes = read_file(file);
    try {
      data.samples.back().inputs.push_back(parse(bytes, port, options));
    } catch (const Error& error) {
      throw error.within(file.string());
    }
  }
  return data;
}

}  // namespace spikeloom::readers

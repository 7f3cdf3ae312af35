#include "compiler/data/formats.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

namespace spikeloom {

std::vector<DataFormat> data_formats() {
  std::vector<DataFormat> list;
  for (const readers::Format& format : readers::formats())
    list.push_back({std::string(format.name),
                    {format.extensions.begin(), format.extensions.end()},
                    std::string(format.times),
                    std::holds_alternative<readers::RecordingFormat>(format.reader)});
  return list;
}

namespace readers {
namespace {

const std::vector<Format>& table() {
  static const std::vector<Format> kFormats{
      {"NumPy archive", {".npz"}, "PK\x03\x04", "steps; us for fields x, y, p, t", &read_npz},
      {"NumPy array", {".npy"}, "\x93NUMPY", "steps; us for fields x, y, p, t", &read_npy},
      {"event list", {".csv", ".txt"}, "", "steps; us with a frame", &read_event_text},
      {"NIRData", {".h5", ".hdf5"}, kHdf5Magic, "s", Hdf5Format{"nodes", &read_nirdata}},
      {"SHD, SSC", {".h5", ".hdf5"}, kHdf5Magic, "s", Hdf5Format{"spikes", &read_shd}},
      {"N-MNIST",
       {".bin", ".bs2"},
       "",
       "us",
       RecordingFormat{[](const std::vector<std::uint8_t>& bytes, const Port& port) {
                         return decode_nmnist(bytes, port.shape.size() == 3 ? port.shape[1] : 0);
                       },
                       Sensor{34, 34}, 0x1p23}},
      {"ATIS, Prophesee",
       {".dat"},
       "",
       "us",
       RecordingFormat{
           [](const std::vector<std::uint8_t>& bytes, const Port&) { return decode_prophesee(bytes); },
           {},
           0x1p32}},
      {"AEDAT4",
       {".aedat4"},
       "#!AER-DAT4.0",
       "us",
       RecordingFormat{
           [](const std::vector<std::uint8_t>& bytes, const Port&) { return decode_aedat4(bytes); }, {}, {}}},
      {"ST-MNIST",
       {".mat"},
       "MATLAB ",
       "s",
       RecordingFormat{
           [](const std::vector<std::uint8_t>& bytes, const Port&) { return decode_stmnist(bytes); },
           Sensor{10, 10},
           {}}},
  };
  return kFormats;
}

std::string supported() {
  std::string text;
  for (const Format& format : table()) {
    text += text.empty() ? "expected " : ", ";
    for (const std::string_view extension : format.extensions)
      text += (extension == format.extensions.front() ? "" : " or ") + std::string(extension);
    text += " (" + std::string(format.name) + ")";
  }
  return text + ", or a folder of recordings";
}

std::string beginning_of(const std::filesystem::path& path) {
  std::string bytes(32, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

}  // namespace

std::span<const Format> formats() { return table(); }

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

const Format& format_of(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  for (const Format& format : table())
    if (std::find(format.extensions.begin(), format.extensions.end(), extension) != format.extensions.end())
      return format;
  const std::string beginning = beginning_of(path);
  for (const Format& format : table())
    if (!format.magic.empty() && beginning.starts_with(format.magic)) return format;
  throw input_error(path.string() + ": unknown extension '" + extension + "', " + supported());
}

}  // namespace readers
}  // namespace spikeloom

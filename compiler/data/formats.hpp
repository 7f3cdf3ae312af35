// Inside this folder only: the table of formats. A next format is a file with its reader and a row here.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/data/hdf5_file.hpp"
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {

/// A file that holds the samples of a data set.
using ReadDataset = Dataset (*)(const std::filesystem::path& path, const std::vector<Port>& ports,
                                const DatasetOptions& options);

/// The same in HDF5. Its reader works in a child process; `group` tells such files from others in HDF5.
struct Hdf5Format {
  std::string_view group;
  Dataset (*read)(const Hdf5File& file, const std::vector<Port>& ports, const DatasetOptions& options);
};

/// A file that is one sample: events of a sensor. A folder may hold any number of such files.
struct RecordingFormat {
  CameraEvents (*decode)(const std::vector<std::uint8_t>& bytes, const Port& port);
  std::optional<Sensor> sensor;  ///< where all files of the format have one, and do not say so
  std::optional<double> range;   ///< microseconds after which its time stamps begin at 0 again
};

struct Format {
  std::string_view name;                     ///< in messages and in the list for users
  std::vector<std::string_view> extensions;  ///< in small letters, with the dot
  std::string_view magic;                    ///< how such files begin, "" where they have no such mark
  std::string_view times;                    ///< what the file counts time in, for users
  std::variant<ReadDataset, Hdf5Format, RecordingFormat> reader;
};

[[nodiscard]] std::span<const Format> formats();

/// By its extension, else by how it begins. Formats in HDF5 share theirs: the first of them is returned, and
/// `read_hdf5` looks further. Throws Error{kInput} that lists the formats.
[[nodiscard]] const Format& format_of(const std::filesystem::path& path);

/// The file's extension in small letters.
[[nodiscard]] std::string extension_of(const std::filesystem::path& path);

}  // namespace spikeloom::readers

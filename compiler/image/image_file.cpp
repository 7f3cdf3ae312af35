#include <filesystem>
#include <fstream>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/image/container.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

void write_image(const Image& image, const std::string& path) { write_file(path, encode(image)); }

Image read_image(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    throw input_error(path + ": cannot be read; expected an image that `spikeloom compile` wrote");
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed || size > kMostImageBytes)
    throw input_error(path + ": " + std::to_string(size) + " bytes; an image has at most " +
                      std::to_string(kMostImageBytes));
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file || static_cast<std::uintmax_t>(file.gcount()) != size)
    throw input_error(path + ": cannot be read");
  return decode(bytes, path);
}

}  // namespace spikeloom

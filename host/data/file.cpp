#include "host/data/file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "compiler/base/error.hpp"

namespace spikeloom {

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw input_error(path.string() + ": is a folder, expected a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(path.string() + ": cannot be opened: " + std::strerror(errno));
  std::vector<std::uint8_t> bytes;
  std::vector<char> block(1U << 16U);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    bytes.insert(bytes.end(), block.begin(), block.begin() + file.gcount());
  }
  if (file.bad()) throw input_error(path.string() + ": cannot be read: " + std::strerror(errno));
  return bytes;
}

void write_file(const std::filesystem::path& wanted, std::span<const std::uint8_t> bytes) {
  // Through symbolic links to what they name; a device or a pipe is not replaced by a file.
  std::error_code unknown;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(wanted, unknown);
  const std::filesystem::path& path = unknown ? wanted : resolved;
  if (std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown))
    throw input_error(wanted.string() + ": cannot be written: expected a file's path, found a folder, device or pipe");
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = mkstemp(temporary.data());
  if (descriptor < 0) throw input_error(path.string() + ": cannot be written: " + std::strerror(errno));
  const auto fail = [&](const std::string& why) {
    ::unlink(temporary.c_str());
    return input_error(path.string() + ": cannot be written: " + why);
  };
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const std::string why = std::strerror(errno);
      ::close(descriptor);
      throw fail(why);
    }
    done += static_cast<std::size_t>(written);
  }
  if (::close(descriptor) != 0) throw fail(std::strerror(errno));
  std::error_code error;
  namespace fs = std::filesystem;  // mkstemp makes files that only the user may read
  fs::permissions(temporary, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
                  error);
  fs::rename(temporary, path, error);
  if (error) throw fail(error.message());
}

}  // namespace spikeloom

#include "compiler/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const fs::path& path, const std::string& why) {
  return input_error(path.string() + ": cannot be written: " + why);
}

/// What the links at `path` lead to in the end, there or not.
fs::path behind_links(const fs::path& path) {
  fs::path at = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(at, error)); ++links) {
    if (links == 40) throw cannot_write(path, "its symbolic links go in a circle");
    const fs::path next = fs::read_symlink(at, error);
    if (error) throw cannot_write(path, error.message());
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return at;
}

/// Whether the path is there as something other than a regular file, which is then written to as it is.
bool is_stream(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);  // follows links
  if (fs::is_directory(status)) throw cannot_write(path, "expected a file, found a folder");
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// Writes everything and closes; the reason where that fails, else empty.
std::string write_and_close(int descriptor, std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      std::string why = std::strerror(errno);
      ::close(descriptor);
      return why;
    }
    done += static_cast<std::size_t>(written);
  }
  return ::close(descriptor) == 0 ? "" : std::strerror(errno);
}

void write_stream(const fs::path& path, std::span<const std::uint8_t> bytes) {
  // Without waiting for somebody who reads a pipe; once it is open, with waiting.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0)
    throw cannot_write(path, errno == ENXIO ? "nobody reads this pipe" : std::strerror(errno));
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  const std::string why = write_and_close(descriptor, bytes);
  if (!why.empty()) throw cannot_write(path, why);
}

}  // namespace

std::vector<std::uint8_t> read_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) throw input_error(path.string() + ": is a folder, expected a file");
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

void write_file(const fs::path& path, std::span<const std::uint8_t> bytes) {
  if (is_stream(path)) return write_stream(path, bytes);
  expect_writable(path);
  const fs::path file = behind_links(path);
  std::string temporary = file.string() + ".XXXXXX";
  const int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) throw cannot_write(path, std::strerror(errno));
  std::error_code error;
  std::string why = write_and_close(descriptor, bytes);
  if (why.empty()) {
    // mkstemp makes files that only the user may read; a file that was there keeps its permissions.
    const fs::file_status before = fs::status(file, error);
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    fs::permissions(temporary, fs::exists(before) ? before.permissions() : fs::perms(0666 & ~mask), error);
    fs::rename(temporary, file, error);
    if (error) why = error.message();
  }
  if (why.empty()) return;
  ::unlink(temporary.c_str());
  throw cannot_write(path, why);
}

void expect_writable(const fs::path& path) {
  if (is_stream(path)) {
    if (::access(path.c_str(), W_OK) != 0) throw cannot_write(path, std::strerror(errno));
    return;
  }
  const fs::path file = behind_links(path);
  if (file.filename().empty()) throw cannot_write(path, "expected a file's name at the end");
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw cannot_write(path, "there is no folder " + folder.string());
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    throw cannot_write(path, "folder " + folder.string() + ": " + std::strerror(errno));
  if (fs::exists(file, error) && ::access(file.c_str(), W_OK) != 0)
    throw cannot_write(path, std::strerror(errno));
}

}  // namespace spikeloom

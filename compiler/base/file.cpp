#include "compiler/base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
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

/// Writes everything; the reason where that fails, else empty.
std::string write_all(int descriptor, std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return std::strerror(errno);
    done += static_cast<std::size_t>(written);
  }
  return "";
}

/// The same, and closes.
std::string write_and_close(int descriptor, std::span<const std::uint8_t> bytes) {
  std::string why = write_all(descriptor, bytes);
  if (::close(descriptor) != 0 && why.empty()) why = std::strerror(errno);
  return why;
}

/// A file beside `file` that becomes it, under a name that says whose it is. It is locked while its process
/// lives: the system lets go of the lock however the process ends.
class Beside {
 public:
  explicit Beside(const fs::path& file, const fs::path& path) {
    const std::string start = file.filename().string() + kMark;
    remove_leftovers(file, start);
    for (;;) {
      name_ = (file.has_parent_path() ? file.parent_path() / start : fs::path(start)).string() + "XXXXXX";
      descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
      if (descriptor_ < 0) throw cannot_write(path, std::strerror(errno));
      // Another process that looks for leftovers may have been faster than the lock.
      struct stat made {};
      if (::flock(descriptor_, LOCK_EX) != 0 || (::fstat(descriptor_, &made) == 0 && made.st_nlink > 0))
        return;
      ::close(descriptor_);
    }
  }
  ~Beside() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// It has another name now.
  void renamed() { name_.clear(); }

 private:
  static constexpr const char* kMark = ".spikeloom-";

  /// Removes what processes that died while they wrote the same file have left.
  static void remove_leftovers(const fs::path& file, const std::string& start) {
    std::error_code error;
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!name.starts_with(start) || name.size() != start.size() + 6) continue;
      const int left = ::open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      if (left < 0) continue;
      if (::flock(left, LOCK_EX | LOCK_NB) == 0) ::unlink(entry->path().c_str());
      ::close(left);
    }
  }

  std::string name_;
  int descriptor_ = -1;
};

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
  Beside temporary(file, path);
  std::string why = write_all(temporary.descriptor(), bytes);
  // Some file systems tell only at closing that there is no room; the file itself stays open for its lock.
  if (const int copy = ::fcntl(temporary.descriptor(), F_DUPFD_CLOEXEC, 0);
      why.empty() && (copy < 0 || ::close(copy) != 0))
    why = std::strerror(errno);
  if (!why.empty()) throw cannot_write(path, why);
  std::error_code error;
  // mkostemp makes files that only the user may read; a file that was there keeps its permissions.
  const fs::file_status before = fs::status(file, error);
  const ::mode_t mask = ::umask(0);
  ::umask(mask);
  fs::permissions(temporary.name(), fs::exists(before) ? before.permissions() : fs::perms(0666 & ~mask),
                  error);
  fs::rename(temporary.name(), file, error);
  if (error) throw cannot_write(path, error.message());
  temporary.renamed();
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

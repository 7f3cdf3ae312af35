#include "tests/fuzz/target.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

namespace spikeloom::fuzz {
namespace {

/// A folder in memory where there is one, which goes with the process.
class Scratch {
 public:
  Scratch() {
    const bool in_memory = access("/dev/shm", W_OK) == 0;
    std::string name =
        (in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
        "spikeloom-fuzz-XXXXXX";
    require(mkdtemp(name.data()) != nullptr, "there is a folder for temporary files");
    folder_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::filesystem::path file_of(Bytes bytes, const std::string& extension) {
  static const Scratch scratch;
  std::filesystem::path path = scratch.folder() / ("input" + extension);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  require(file.good(), "the input can be written to a temporary file");
  return path;
}

std::vector<std::uint8_t> from_corpus(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(SPIKELOOM_SOURCE_DIR) / "tests/fuzz/corpus" / name;
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  require(!bytes.empty(), "a file of tests/fuzz/corpus that a target begins with can be read");
  return bytes;
}

}  // namespace spikeloom::fuzz

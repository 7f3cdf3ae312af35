#include "host/cli/files.hpp"

#include <filesystem>

#include <spikeloom/error.hpp>
#include <spikeloom/files.hpp>

namespace spikeloom::cli {
namespace {

/// Devices and pipes may be named twice; a file may not.
bool same_file(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(a, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return false;
  if (fs::equivalent(a, b, error) && !error) return true;
  return fs::absolute(a).lexically_normal() == fs::absolute(b).lexically_normal();
}

}  // namespace

void write_text(const std::string& path, const std::string& text) {
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void check_files(const std::vector<FileOption>& inputs, const std::vector<FileOption>& outputs) {
  Problems problems;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const auto& [option, path] = outputs[o];
    if (!path) continue;
    const std::string where = option + " " + *path;
    for (const FileOption& input : inputs)
      if (input.path && same_file(*path, *input.path))
        problems.add(where + ": is " + input.option +
                     " as well, which it would replace; expected another path");
    for (std::size_t before = 0; before < o; ++before)
      if (outputs[before].path && same_file(*path, *outputs[before].path))
        problems.add(where + ": is " + outputs[before].option + " as well; expected two paths");
    try {
      expect_writable(*path);
    } catch (const Error& error) {
      problems.add(option + ": " + error.what());
    }
  }
  problems.throw_if_any("outputs");
}

}  // namespace spikeloom::cli

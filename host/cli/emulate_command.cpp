#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <spikeloom/emulate.hpp>
#include <spikeloom/error.hpp>

#include "host/cli/commands.hpp"

namespace spikeloom::cli {

int run(const EmulateCommand& command) {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) throw device_error("emulate: /proc/self/exe: " + failed.message());
  std::vector<std::string> words = command.command;
  // A subcommand of this program, or a program of the user's.
  if (words.front().find('/') == std::string::npos) words.insert(words.begin(), self.string());
  emulation::EmulationOptions options = command.options;
  options.time_limit = std::chrono::seconds(command.time_limit_seconds);
  const bool terminal = isatty(2) != 0;
  const int code = emulation::run_emulated(words, options, [terminal](double done, const std::string& what) {
    if (!terminal) return;
    if (done < 0)
      std::fprintf(stderr, "\r\033[K%s", what.c_str());
    else
      std::fprintf(stderr, "\r\033[K%s (%d %%)%s", what.c_str(), static_cast<int>(done * 100),
                   done >= 1 ? "\r\033[K" : "");
  });
  return code;
}

}  // namespace spikeloom::cli

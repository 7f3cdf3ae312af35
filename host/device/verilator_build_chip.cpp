// spikeloom-build-chip: builds chips' Verilated libraries ahead of their use. Exit codes as spikeloom's.
#include <atomic>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "compiler/base/error.hpp"
#include "compiler/chip/chip.hpp"
#include "host/device/verilator_build.hpp"

namespace {

using spikeloom::Error;
using spikeloom::ErrorKind;

constexpr const char* kUsage =
    "usage: spikeloom-build-chip [--jobs N] [--waves] [--no-assertions] [--own-tiles] [--kernel] CHIP.toml "
    "...\n"
    "       spikeloom-build-chip --parameters CHIP.toml\n"
    "Builds the Verilated library of each chip unless the cache ($SPIKELOOM_CACHE, default "
    "~/.cache/spikeloom)\n"
    "has it, and prints its path.\n"
    "  --jobs N         chips built at a time (default 1)\n"
    "  --waves          the variant that can write wave traces\n"
    "  --no-assertions  the variant for measuring speed\n"
    "  --own-tiles      the variant in which every tile has code of its own\n"
    "  --kernel         the chip as the kernel of a card, for `spikeloom emulate`\n"
    "  --parameters     builds nothing; prints the RTL parameters, a line each: NAME, words of 32 bits, "
    "lowest first\n";

struct Options {
  unsigned jobs = 1;
  spikeloom::VerilatedBuild build;
  spikeloom::VerilatedDesign (*design)(const spikeloom::Chip&) = spikeloom::chip_design;
  std::vector<std::string> chips;
  enum class Job { kBuild, kParameters, kHelp } job = Job::kBuild;
};

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      options.job = Options::Job::kHelp;
    } else if (word == "--parameters") {
      options.job = Options::Job::kParameters;
    } else if (word == "--waves") {
      options.build.waves = spikeloom::Waves::kOn;
    } else if (word == "--no-assertions") {
      options.build.assertions = spikeloom::RtlAssertions::kOff;
    } else if (word == "--own-tiles") {
      options.build.tile_code = spikeloom::TileCode::kOwn;
    } else if (word == "--kernel") {
      options.design = spikeloom::kernel_design;
    } else if (word == "--jobs" && i + 1 < words.size() && words[i + 1].size() == 1 && words[i + 1] >= "1" &&
               words[i + 1] <= "9") {
      options.jobs = static_cast<unsigned>(words[++i][0] - '0');
    } else if (word.starts_with("-")) {
      throw spikeloom::input_error(word +
                                   ": not an option, or without its value (--jobs: 1 to 9); see --help");
    } else {
      options.chips.push_back(word);
    }
  }
  if (options.chips.empty() && options.job != Options::Job::kHelp)
    throw spikeloom::input_error("no chip file given; see --help");
  if (options.job == Options::Job::kBuild) options.build.cache = spikeloom::default_cache();
  return options;
}

class Work {
 public:
  explicit Work(const Options& options) : options_(options) {}

  /// Takes chips until none is left; any number of threads at once.
  void run() {
    for (std::size_t i; (i = next_++) < options_.chips.size();) try {
        build(options_.chips[i]);
      } catch (const Error& error) {
        const std::lock_guard hold(mutex_);
        std::cerr << "spikeloom-build-chip: error: " << error.what() << std::endl;
        failed_with(error.kind() == ErrorKind::kInput ? 2 : 3);
      } catch (const std::exception& error) {
        const std::lock_guard hold(mutex_);
        std::cerr << "spikeloom-build-chip: error: " << error.what() << std::endl;
        failed_with(3);
      }
  }
  [[nodiscard]] int code() const { return code_; }

 private:
  void build(const std::string& file) {
    const spikeloom::Chip chip = spikeloom::read_chip(file);
    const auto progress = [&](double fraction, const std::string& what) {
      if (isatty(2) == 0) return;
      const std::lock_guard hold(mutex_);
      if (fraction < 0)
        std::fprintf(stderr, "\r\033[K%s", what.c_str());
      else
        std::fprintf(stderr, "\r\033[K%3.0f %% %s", fraction * 100, what.c_str());
    };
    const spikeloom::VerilatedLibrary library =
        spikeloom::build_verilated(options_.design(chip), options_.build, progress);
    const std::lock_guard hold(mutex_);
    if (isatty(2) != 0) std::fputs("\r\033[K", stderr);
    std::cout << chip.name << ": " << library.path.string() << std::endl;
  }
  void failed_with(int code) { code_ = code_ == 0 ? code : code_; }

  const Options& options_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  int code_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = parse({argv + 1, argv + argc});
  if (options.job == Options::Job::kHelp) {
    std::cout << kUsage;
    return 0;
  }
  if (options.job == Options::Job::kParameters) {
    for (const std::string& file : options.chips)
      for (const spikeloom::RtlParameter& parameter : spikeloom::rtl_parameters(spikeloom::read_chip(file))) {
        std::cout << parameter.name;
        for (const std::uint32_t word : parameter.words) std::cout << " " << word;
        std::cout << "\n";
      }
    return 0;
  }
  Work work(options);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.jobs; ++i) threads.emplace_back([&] { work.run(); });
  work.run();
  for (std::thread& thread : threads) thread.join();
  if (std::cout.flush()) return work.code();
  std::cerr << "spikeloom-build-chip: error: standard output cannot be written\n";
  return work.code() == 0 ? 2 : work.code();
} catch (const Error& error) {
  std::cerr << "spikeloom-build-chip: error: " << error.what() << std::endl;
  return error.kind() == ErrorKind::kInput ? 2 : 3;
}

// The main of every benchmark program.
#pragma once

namespace spikeloom::bench {

/// Functions that register benchmarks with Google Benchmark.
struct Cases {
  void (*usual)();
  void (*large)() = nullptr;  ///< instead of them, with `--large` as first argument; none: no such argument
};

/// Runs what the arguments, Google Benchmark's own, choose.
/// Returns the exit code: 0; 2 for an argument that nobody knows; 3 for an Error, whose text goes to stderr.
[[nodiscard]] int run_program(int argc, char** argv, const Cases& cases);

}  // namespace spikeloom::bench

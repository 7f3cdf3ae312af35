#include "tests/bench/program.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "compiler/base/error.hpp"

namespace spikeloom::bench {

int run_program(int argc, char** argv, const Cases& cases) {
  const std::string name = std::filesystem::path(argv[0]).filename();
  try {
    if (cases.large != nullptr && argc > 1 && std::string_view(argv[1]) == "--large") {
      cases.large();
      argv[1] = argv[0];
      ++argv;
      --argc;
    } else {
      cases.usual();
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), error.what());
    return 3;
  }
  return 0;
}

}  // namespace spikeloom::bench

// The fuzzers' program: libFuzzer's options and --target=NAME; --list prints the targets.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/target.hpp"

namespace {

const spikeloom::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  for (int i = 1; i < *argc; ++i) {
    const std::string_view option = (*argv)[i];
    if (option == "--list") {
      for (const auto& target : spikeloom::fuzz::targets()) std::puts(target.name);
      std::exit(0);
    }
    if (!option.starts_with("--target=")) continue;
    for (const auto& target : spikeloom::fuzz::targets())
      if (option.substr(9) == target.name) chosen = &target;
  }
  if (chosen == nullptr) {
    std::fputs("fuzz: error: expected --target=NAME, or --list, which lists the names\n", stderr);
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}

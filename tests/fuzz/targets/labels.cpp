// The files beside the data: labels by name, and a run's outputs that are compared with others.
#include "compiler/data/outputs.hpp"
#include "compiler/data/readers.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(labels) {
  const std::filesystem::path path = file_of(bytes, ".npz");
  static_cast<void>(accepted([&] { return readers::read_labels(path); }));
  static_cast<void>(accepted([&] { return compare(path, path); }));
}

// Damaged HDF5, on which the library itself may fail: read in a child process, whose death is an answer.
#include "compiler/data/dataset.hpp"
#include "compiler/model/nir.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(hdf5_damaged) {
  const std::filesystem::path path = file_of(bytes, ".h5");
  NirLimits limits;
  limits.seconds = 1;
  static_cast<void>(accepted([&] {
    Problems problems;
    return read_nir(path, problems, limits);
  }));
  DatasetOptions options;
  options.dt = 1e-3;
  static_cast<void>(accepted([&] { return read_dataset(path, {{"input", {2, 3}}}, options); }));
}

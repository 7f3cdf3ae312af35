// A NIR file that is well-formed HDF5 with whatever in it, so that our reader is met and not the library.
#include "compiler/model/nir.hpp"

#include "tests/fuzz/hdf5_recipe.hpp"
#include "tests/fuzz/networks.hpp"

FUZZ_TARGET(nir) {
  const std::filesystem::path path = file_of(hdf5_file(bytes), ".nir");
  const InProcess here;
  const auto graph = accepted([&] {
    Problems problems;
    NirGraph read = read_nir(path, problems);
    if (!problems.empty()) static_cast<void>(describe(read));
    problems.throw_if_any("fuzz");
    return read;
  });
  if (graph) elaborate_all(*graph);
}

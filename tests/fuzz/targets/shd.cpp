// SHD and SSC, in HDF5 that is well-formed with whatever in it, so that our reader is met and not the
// library.
#include "tests/fuzz/datasets.hpp"
#include "tests/fuzz/hdf5_recipe.hpp"

FUZZ_TARGET(shd) {
  const InProcess here;
  read_data(hdf5_file(bytes), ".h5");
}

// NIRData that is well-formed HDF5 with whatever in it, so that our reader is met and not the library.
#include "tests/fuzz/datasets.hpp"
#include "tests/fuzz/hdf5_recipe.hpp"

FUZZ_TARGET(nirdata) {
  const InProcess here;
  read_data(hdf5_file(bytes), ".h5");
}

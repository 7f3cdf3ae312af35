//  data of every form that it may have.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(npz) { read_data(bytes, ".npz"); }

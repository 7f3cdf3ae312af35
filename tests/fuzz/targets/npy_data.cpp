// A single array as data.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(npy_data) { read_data(bytes, ".npy"); }

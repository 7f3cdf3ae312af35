// ST-MNIST: a MAT file, its variable as it is or compressed.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(stmnist) { read_data(bytes, ".mat"); }

//  five bytes an event.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(nmnist) { read_data(bytes, ".bin"); }

// Events as text.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(csv) { read_data(bytes, ".csv"); }

// AEDAT 4.0: packets of FlatBuffers, as they are or compressed.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(aedat4) { read_data(bytes, ".aedat4"); }

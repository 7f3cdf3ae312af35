//  a heading of text, eight bytes an event.
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(prophesee) { read_data(bytes, ".dat"); }

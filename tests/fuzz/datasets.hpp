// What the targets of data files share: a file is read for two networks, with the options of both kinds of
// use.
#pragma once

#include <string>

#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {

/// The bytes as a file of that extension, through `read_dataset`, which checks what it promises itself.
void read_data(Bytes bytes, const std::string& extension);

}  // namespace spikeloom::fuzz

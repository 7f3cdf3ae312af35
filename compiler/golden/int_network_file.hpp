// The integer network as a file: JSON, described in README.md of this folder.
#pragma once

#include <string>
#include <string_view>

#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// Reads the text of an integer network.
///
/// Throws  one Error{kInput} with everything that is wrong, each with its place in the file.
/// Law     parse_int_network(print_int_network(x)) == x for every x that passes `check`.
[[nodiscard]] IntNetwork parse_int_network(std::string_view text);

/// The same text for the same network, on every machine: one row of weights a line.
[[nodiscard]] std::string print_int_network(const IntNetwork& network);

/// Throws  Error{kInput} when the file cannot be read; else as `parse_int_network`, after the path.
[[nodiscard]] IntNetwork read_int_network(const std::string& path);

/// Throws  Error{kInput} when the file cannot be written.
void write_int_network(const IntNetwork& network, const std::string& path);

}  // namespace spikeloom

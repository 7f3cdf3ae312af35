// Work that may die, done where its death does no harm.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace spikeloom::readers {

/// Runs `work` in a child process and returns its text; nothing when the child did not come to an end
/// (it crashed, or took more than its share of processor time or memory).
///
/// Why     the HDF5 library (1.10.8) dies, loops or takes all memory on some damaged files, which
///         nothing within the process can hold back.
/// Throws  Error{kInput} when there can be no child.
[[nodiscard]] std::optional<std::string> in_child(std::size_t file_bytes, const std::function<std::string()>& work);

}  // namespace spikeloom::readers

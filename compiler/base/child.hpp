// Work that may die, done where its death does no harm.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace spikeloom {

struct ChildLimits {
  unsigned seconds = 2;                          ///< of processor time; ten times that of wall time
  std::size_t memory = std::size_t{512} << 20U;  ///< bytes beyond what the parent has
};

/// Runs `work` in a child process and returns its text; nothing when the child did not come to an end
/// (it crashed, threw, or took more than its share of time or memory). No core file, no words on the
/// terminal.
///
/// Why     the HDF5 library (1.10.8) dies, loops or takes all memory on some damaged files, which
///         nothing within the process can hold back.
/// Threads forks: only while no other thread holds a lock that `work` needs.
/// Throws  Error{kInput} when there can be no child.
[[nodiscard]] std::optional<std::string> in_child(const ChildLimits& limits,
                                                  const std::function<std::string()>& work);

}  // namespace spikeloom

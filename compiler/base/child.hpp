// Work that may die, done where its death does no harm.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace spikeloom {

struct ChildLimits {
  unsigned seconds = 2;                          ///< of processor time; a loaded machine changes nothing
  std::size_t memory = std::size_t{512} << 20U;  ///< bytes beyond what the parent has
};

/// How a child came to its end.
struct ChildAnswer {
  enum class End {
    kWell,       ///< `text` is what it returned
    kTimeLimit,  ///< it took more processor time than its limit
    kMemoryLimit,
    kDied,  ///< it crashed, threw something, or somebody killed it
  };
  End end = End::kDied;
  std::string text{};  ///< empty unless it ended well
  [[nodiscard]] bool well() const { return end == End::kWell; }
};

/// Runs `work` in a child process. No core file, no words on the terminal. The child is not outlived by its
/// work: it is killed when the calling thread ends.
///
/// Why     the HDF5 library (1.10.8) dies, loops or takes all memory on some damaged files, which
///         nothing within the process can hold back.
/// Threads forks: only while no other thread holds a lock that `work` needs.
/// Throws  Error{kInput} when there can be no child.
[[nodiscard]] ChildAnswer in_child(const ChildLimits& limits, const std::function<std::string()>& work);

}  // namespace spikeloom

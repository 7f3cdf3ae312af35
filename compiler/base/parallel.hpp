// Independent pieces of work on all processors.
#pragma once

#include <cstddef>
#include <functional>

namespace spikeloom {

/// Processors that work may use: SPIKELOOM_THREADS where it is set to a number from 1 on, else what the
/// machine has.
[[nodiscard]] std::size_t thread_count();

/// Calls work(0) .. work(count - 1), each once, in any order and at the same time; returns when all have
/// ended. The calls must not depend on one another, so that results are those of a plain loop. Throws what
/// the lowest of the calls that threw has thrown.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace spikeloom

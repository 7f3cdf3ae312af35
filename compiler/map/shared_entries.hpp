// Which clusters may stand on the same entries of a tile's memory.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "compiler/partition/application.hpp"

namespace spikeloom {

/// Numbers for what clusters write into memories that a tile's clusters may share (MemoryInfo::shared): equal
/// numbers, equal entries; or the region that streamed weights take in turn.
class SharedEntries {
 public:
  static constexpr std::uint32_t kOwn = ~0U;  ///< nobody else may stand there

  SharedEntries(const Application&, const Chip&);

  /// Of memory m of the cluster's core.
  [[nodiscard]] std::uint32_t content(std::size_t cluster, std::size_t m) const {
    return content_[cluster][m];
  }
  [[nodiscard]] std::uint32_t count() const { return count_; }

 private:
  std::vector<std::vector<std::uint32_t>> content_;
  std::uint32_t count_ = 0;
};

}  // namespace spikeloom

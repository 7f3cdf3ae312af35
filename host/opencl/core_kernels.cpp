#include "host/opencl/core_kernels.hpp"

#include <algorithm>

#include "host/opencl/crossbar/crossbar_kernels.hpp"
#include "host/opencl/systolic/systolic_kernels.hpp"

namespace spikeloom::opencl {

std::span<const CoreKernels* const> cores_with_kernels() {
  static constexpr std::array<const CoreKernels*, 2> kCores = {&kCrossbarKernels, &kSystolicKernels};
  return kCores;
}

const CoreKernels* kernels_of(std::string_view core) {
  const auto all = cores_with_kernels();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const CoreKernels* one) { return one->core == core; });
  return found == all.end() ? nullptr : *found;
}

std::uint32_t slice_lanes(const CoreKernels& kernels, const TileKind& tile) {
  const std::uint32_t lanes = kernels.lanes(tile);
  return lanes % 16 == 0 ? 16 : lanes % 8 == 0 ? 8 : 4;
}

}  // namespace spikeloom::opencl

#include "compiler/model/network.hpp"

namespace spikeloom {

std::size_t volume(const Shape& shape) {
  std::size_t product = 1;
  for (const std::size_t extent : shape) product *= extent;
  return product;
}

}  // namespace spikeloom

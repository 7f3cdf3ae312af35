#include "compiler/partition/input_order.hpp"

#include <algorithm>

#include "compiler/partition/feature_map.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kLooks = 64;  ///< elements that are compared along each axis

/// Places of the neurons that an element reaches: positions of a feature map, else neurons. Rising.
std::vector<std::uint32_t> places(const Layer& layer, std::size_t element, std::uint32_t area) {
  std::vector<std::uint32_t> found;
  layer.form.row(element).each([&](std::uint32_t target, std::size_t weight) {
    if (layer.weight[weight] != 0) found.push_back(area > 1 ? target % area : target);
  });
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// How much less than all of what either of two elements reaches both of them reach, 0 to 1.
double difference(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::vector<std::uint32_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t all = a.size() + b.size() - both.size();
  return all == 0 ? 0 : 1 - static_cast<double>(both.size()) / static_cast<double>(all);
}

/// Summed over elements spread evenly: each and the one `stride` further, where `extent` of them follow one
/// another in a run of extent × stride.
double difference_along(const Layer& layer, std::uint32_t area, std::size_t size, std::size_t extent,
                        std::size_t stride) {
  double sum = 0;
  const std::size_t looks = std::min(kLooks, size);
  for (std::size_t n = 0; n < looks; ++n) {
    std::size_t element = n * size / looks;
    if (element / stride % extent + 1 == extent) element -= stride;
    sum += difference(places(layer, element, area), places(layer, element + stride, area));
  }
  return sum;
}

}  // namespace

std::vector<InputOrder> input_orders(const IntNetwork& network, const Layers& layers) {
  std::vector<InputOrder> orders(network.inputs.size(), InputOrder::kFile);
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    const Shape& shape = network.inputs[i].shape;
    const MapExtent map = map_extent(shape);
    const std::size_t size = network.inputs[i].size();
    if (map.channels < 2 || map.width < 2) continue;
    double channels = 0, last = 0;
    for (std::size_t p = 0; p < layers.size(); ++p) {
      const MapExtent to = map_extent(network.populations[p].shape);
      for (const Layer& layer : layers[p]) {
        if (layer.from != Source(InputId(i))) continue;
        channels += difference_along(layer, to.height * to.width, size, map.channels, size / map.channels);
        last += difference_along(layer, to.height * to.width, size, map.width, 1);
      }
    }
    if (channels < last) orders[i] = InputOrder::kPosition;
  }
  return orders;
}

}  // namespace spikeloom

#include "compiler/map/routes.hpp"

namespace spikeloom {

std::vector<Hop> path(const Chip& chip, std::uint32_t from, std::uint32_t to) {
  std::uint32_t x = from == 0 ? 0 : (from - 1) % chip.width, y = from == 0 ? 0 : (from - 1) / chip.width;
  const std::uint32_t to_x = to == 0 ? 0 : (to - 1) % chip.width, to_y = to == 0 ? 0 : (to - 1) / chip.width;
  std::uint32_t in = from == 0 ? hw::kPortWest : hw::kPortLocal;
  std::vector<Hop> hops;
  const auto step = [&](std::uint32_t out, std::uint32_t next_in) {
    hops.push_back({x + y * chip.width, in, out});
    in = next_in;
  };
  while (x < to_x) step(hw::kPortEast, hw::kPortWest), ++x;
  while (x > to_x) step(hw::kPortWest, hw::kPortEast), --x;
  while (y < to_y) step(hw::kPortSouth, hw::kPortNorth), ++y;
  while (y > to_y) step(hw::kPortNorth, hw::kPortSouth), --y;
  step(to == 0 ? hw::kPortWest : hw::kPortLocal, 0);
  return hops;
}

std::uint32_t hops(const Chip& chip, std::uint32_t from, std::uint32_t to) {
  const auto x = [&](std::uint32_t node) { return node == 0 ? 0U : (node - 1) % chip.width; };
  const auto y = [&](std::uint32_t node) { return node == 0 ? 0U : (node - 1) / chip.width; };
  const auto distance = [](std::uint32_t a, std::uint32_t b) { return a > b ? a - b : b - a; };
  return 1 + distance(x(from), x(to)) + distance(y(from), y(to));
}

std::uint32_t node_of(const Binding& binding, const ClusterOrHost& end) {
  return end ? node_of(binding.placement.at(end->index()).tile) : 0;
}

}  // namespace spikeloom

#include "compiler/admit/wires.hpp"

#include <algorithm>
#include <bit>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::uint32_t words_of(std::uint32_t wheel) { return std::max(1U, wheel / 64); }

/// The bits of a slot within its word: one, or one in each repetition of a short wheel.
std::uint64_t bits_of(std::uint32_t slot, std::uint32_t wheel) {
  std::uint64_t bits = 0;
  for (std::uint32_t at = slot % 64; at < 64; at += std::min(wheel, 64U)) bits |= std::uint64_t{1} << at;
  return bits;
}

}  // namespace

SlotSet::SlotSet(std::uint32_t wheel, bool full) : wheel_(wheel), words_(words_of(wheel)) {
  for (std::uint32_t w = 0; w < words_; ++w) bits_[w] = full ? ~std::uint64_t{0} : 0;
}

void SlotSet::remove_turned(const std::uint64_t* taken, std::uint32_t depth) {
  if (words_ == 1) {
    bits_[0] &= ~std::rotr(taken[0], static_cast<int>(depth % 64));
    return;
  }
  const std::uint32_t skip = depth / 64, shift = depth % 64;
  for (std::uint32_t w = 0; w < words_; ++w) {
    const std::uint64_t low = taken[(w + skip) % words_], high = taken[(w + skip + 1) % words_];
    bits_[w] &= ~(shift == 0 ? low : low >> shift | high << (64 - shift));
  }
}

void SlotSet::remove(std::uint32_t slot) { bits_[slot % wheel_ / 64] &= ~bits_of(slot % wheel_, wheel_); }

bool SlotSet::has(std::uint32_t slot) const {
  return (bits_[slot % wheel_ / 64] >> (slot % wheel_ % 64) & 1U) != 0;
}

std::uint32_t SlotSet::next(std::uint32_t slot) const {
  const std::uint32_t first = slot % wheel_;
  if (words_ == 1) {
    const std::uint64_t turned = std::rotr(bits_[0], static_cast<int>(first));
    return turned == 0 ? wheel_ : (first + static_cast<std::uint32_t>(std::countr_zero(turned))) % wheel_;
  }
  for (std::uint32_t step = 0; step <= words_; ++step) {
    const std::uint32_t w = (first / 64 + step) % words_;
    std::uint64_t word = bits_[w];
    if (step == 0) word &= ~std::uint64_t{0} << (first % 64);
    if (step == words_) word &= ~(~std::uint64_t{0} << (first % 64));
    if (word != 0) return w * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
  }
  return wheel_;
}

std::uint32_t SlotSet::count() const {
  std::uint32_t bits = 0;
  for (std::uint32_t w = 0; w < words_; ++w) bits += static_cast<std::uint32_t>(std::popcount(bits_[w]));
  return wheel_ < 64 ? bits * wheel_ / 64 : bits;
}

Wires::Wires(const Chip& chip, std::uint32_t wheel)
    : width_(chip.width),
      nodes_(1 + chip.tiles()),
      wheel_(wheel),
      words_(words_of(wheel)),
      bits_(std::size_t{nodes_ + 5 * chip.tiles()} * words_, 0) {}

std::uint32_t Wires::add_way(Tree& tree, std::uint32_t to) const {
  std::uint32_t depth = 0;
  const auto add = [&](std::uint32_t wire, std::uint32_t at) {
    const std::pair<std::uint32_t, std::uint32_t> entry{wire, at};
    if (std::find(tree.wires.begin(), tree.wires.end(), entry) == tree.wires.end())
      tree.wires.push_back(entry);
  };
  add(output_of(tree.from), 0);
  const std::uint32_t start = tree.from == 0 ? 0 : tree.from - 1, end = to == 0 ? 0 : to - 1;
  std::uint32_t x = start % width_, y = start / width_;
  const std::uint32_t to_x = end % width_, to_y = end / width_;
  const auto step = [&](std::uint32_t port) { add(wire(x + y * width_, port), depth++); };
  while (x < to_x) step(hw::kPortEast), ++x;
  while (x > to_x) step(hw::kPortWest), --x;
  while (y < to_y) step(hw::kPortSouth), ++y;
  while (y > to_y) step(hw::kPortNorth), --y;
  step(to == 0 ? hw::kPortWest : hw::kPortLocal);
  return depth;
}

SlotSet Wires::free(const Tree& tree) const {
  SlotSet slots(wheel_, true);
  for (const auto& [wire, depth] : tree.wires) slots.remove_turned(&bits_[std::size_t{wire} * words_], depth);
  return slots;
}

void Wires::set(const Tree& tree, std::uint32_t slot, bool taken) {
  for (const auto& [wire, depth] : tree.wires) {
    const std::uint32_t at = (slot + depth) % wheel_;
    std::uint64_t& word = bits_[std::size_t{wire} * words_ + at / 64];
    word = taken ? word | bits_of(at, wheel_) : word & ~bits_of(at, wheel_);
  }
}

bool Wires::taken(const Tree& tree, std::uint32_t slot) const { return !free(tree).has(slot); }

std::uint32_t Wires::free_slots(std::uint32_t wire) const {
  SlotSet slots(wheel_, true);
  slots.remove_turned(&bits_[std::size_t{wire} * words_], 0);
  return slots.count();
}

std::string Wires::name(std::uint32_t wire) const {
  if (wire == 0) return "the host's output";
  const auto tile = [&](std::uint32_t t) {
    return "tile(" + std::to_string(t % width_) + "," + std::to_string(t / width_) + ")";
  };
  if (wire < nodes_) return tile(wire - 1) + " output";
  const std::uint32_t router = (wire - nodes_) / 5, port = (wire - nodes_) % 5;
  if (router == 0 && port == hw::kPortWest) return "the host's input";
  for (const auto& [number, side] : {std::pair{hw::kPortNorth, "north"},
                                     {hw::kPortEast, "east"},
                                     {hw::kPortSouth, "south"},
                                     {hw::kPortWest, "west"}})
    if (port == number) return tile(router) + " " + side;
  return tile(router) + " input";
}

}  // namespace spikeloom

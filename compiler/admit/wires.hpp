// The slots of one network: which are taken on which wire, as bitmaps.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/chip/chip.hpp"

namespace spikeloom {

/// A set of slots of a wheel of 4 to 1024, a bit each. A wheel below 64 is repeated to fill a word, so that
/// turning it is one rotation.
class SlotSet {
 public:
  static constexpr std::uint32_t kMostWords = 16;
  explicit SlotSet(std::uint32_t wheel, bool full);

  /// Takes out every s for which slot s + depth of the wire is taken.
  void remove_turned(const std::uint64_t* taken, std::uint32_t depth);
  void remove(std::uint32_t slot);
  [[nodiscard]] bool has(std::uint32_t slot) const;
  /// The first member at or after `slot`, round the wheel; the wheel's length where there is none.
  [[nodiscard]] std::uint32_t next(std::uint32_t slot) const;
  [[nodiscard]] std::uint32_t count() const;

 private:
  std::uint32_t wheel_, words_;
  std::uint64_t bits_[kMostWords];
};

/// A multicast tree: its wires with their depth. The flit sent in slot s is on wire w in slot s + depth.
struct Tree {
  std::uint32_t from = 0;                                      ///< ring node
  std::vector<std::pair<std::uint32_t, std::uint32_t>> wires;  ///< (wire, depth), rising
};

class Wires {
 public:
  Wires(const Chip& chip, std::uint32_t wheel);

  [[nodiscard]] std::uint32_t wheel() const { return wheel_; }
  /// Adds the way from the tree's node to another to it: first along x, then y, as compiler/map/routes. The
  /// result is the number of routers.
  std::uint32_t add_way(Tree& tree, std::uint32_t to) const;
  [[nodiscard]] SlotSet free(const Tree& tree) const;
  void set(const Tree& tree, std::uint32_t slot, bool taken);
  [[nodiscard]] bool taken(const Tree& tree, std::uint32_t slot) const;
  [[nodiscard]] std::uint32_t free_slots(std::uint32_t wire) const;
  /// "tile(1,0) east", "the host's output"
  [[nodiscard]] std::string name(std::uint32_t wire) const;
  /// What a node sends on.
  [[nodiscard]] std::uint32_t output_of(std::uint32_t node) const { return node; }

  friend bool operator==(const Wires&, const Wires&) = default;

 private:
  [[nodiscard]] std::uint32_t wire(std::uint32_t tile, std::uint32_t port) const {
    return nodes_ + tile * 5 + port;
  }

  std::uint32_t width_, nodes_, wheel_, words_;
  std::vector<std::uint64_t> bits_;  ///< by wire: what every node sends on, then every router's outputs
};

}  // namespace spikeloom

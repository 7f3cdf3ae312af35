// The parameters of a verilated core, by their RTL names.
#pragma once

struct Shape {
  unsigned Lanes, LifLanes, WeightFormats, AccBits, StateBits, BiasBits, MaxShift, MaxScale, Current, Readout,
      Sums, PageChunks, ChunkEntries, AxonEntries, WeightWords, Groups, StateWords, UpdateEntries, ParamSets,
      ChunkIndexBits;

  /// What the fields that count lane groups count up to: twice the groups, rounded up to a power of two.
  [[nodiscard]] unsigned group_room() const {
    unsigned room = 2;
    while (room < 2 * Groups) room *= 2;
    return room;
  }
};

/// Of a Verilated shape of the core (crossbar_shapes.hpp).
template <class Core>
inline constexpr Shape kShapeOf = Core::template parameters<Shape>();

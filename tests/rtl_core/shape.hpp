// The parameters of a verilated core, by their RTL names.
#pragma once

struct Shape {
  unsigned Lanes, LifLanes, WeightFormats, AccBits, StateBits, BiasBits, MaxShift, MaxScale, Current, Readout,
      PageChunks, ChunkEntries, AxonEntries, WeightWords, Groups, StateWords, UpdateEntries, ParamSets,
      ChunkIndexBits;
};

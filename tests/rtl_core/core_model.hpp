// What docs/protocol.md, section 7, says, as plain code: no pipeline, no cycle. The oracle of core_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "spikeloom_hw.hpp"
#include "tests/rtl_core/shape.hpp"

namespace spikeloom::rtl_core {

using ::Shape;

/// One firing's inputs.
struct Firing {
  bool first = false, last = false, readout = false, last_only = false;
  std::uint32_t limit = 4096;
  std::int64_t delay = 0;                                       ///< of the page's start
  std::uint32_t chunk = 0, update = 0, updates = 0, state = 0;  ///< ctx_*
  std::vector<bool> valid;                                      ///< per chunk of the page
  std::vector<std::uint16_t> masks;                             ///< per chunk of the page
};

struct Push {
  std::uint32_t index, mask;
  friend bool operator==(const Push&, const Push&) = default;
};

struct Result {
  std::int64_t words = 0;
  std::vector<Push> pushes;
};

/// The core's memories and what a firing does to them.
struct CoreModel {
  explicit CoreModel(const Shape& shape);
  Result fire(const Firing& firing);

  /// Weight of a lane in a logical word of a format.
  [[nodiscard]] std::int32_t weight(std::uint32_t format, std::uint32_t word, std::uint32_t lane) const;

  Shape shape;
  std::vector<hw::MemChunkEntry> chunks;
  std::vector<hw::MemAxonEntry> axons;
  std::vector<std::vector<std::uint32_t>> weights;  ///< 32-bit parts
  std::vector<hw::MemUpdateEntry> updates;
  std::vector<hw::MemSetEntry> sets;
  std::vector<std::int32_t> biases, potentials, currents;  ///< word · LifLanes + lane
};

}  // namespace spikeloom::rtl_core

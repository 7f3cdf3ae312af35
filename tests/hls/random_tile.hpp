// A crossbar tile's memories with random but well-formed contents, made from a seed; and the shapes that the
// tests run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/model_memory.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/crossbar/tables.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::hls_test {

/// Steps of a random call of a kernel, at most.
inline constexpr std::uint64_t kMostSteps = 16;

/// Steps since the sample began, as the chip counts them: saturating.
inline std::uint32_t step_count(std::uint32_t step) { return std::min(step, hw::kLimitContextLimits - 1); }

/// A kernel's `control` word of a step.
inline std::uint32_t control(std::uint32_t step, bool last) {
  return hw::HlsStep{.count = step_count(step), .last = last ? 1U : 0U}.pack();
}

struct FullShape {
  static constexpr int kLanes = 16, kLifLanes = 16, kAccBits = 20, kStateBits = 24, kBiasBits = 20,
                       kMaxShift = 7, kMaxScale = 7, kCurrent = 1, kPageChunks = 12, kChunkEntries = 40,
                       kAxonEntries = 300, kWeightWords = 256, kGroups = 4, kStateWords = 12, kBiasWords = 0,
                       kUpdateEntries = 128, kParamSets = 24, kSums = 1, kWeightFormats = 15;
};
struct LeanShape {
  static constexpr int kLanes = 8, kLifLanes = 4, kAccBits = 16, kStateBits = 18, kBiasBits = 12,
                       kMaxShift = 3, kMaxScale = 2, kCurrent = 0, kPageChunks = 5, kChunkEntries = 20,
                       kAxonEntries = 100, kWeightWords = 60, kGroups = 5, kStateWords = 21, kBiasWords = 0,
                       kUpdateEntries = 90, kParamSets = 7, kSums = 1, kWeightFormats = 1;
};
struct OddShape {
  static constexpr int kLanes = 12, kLifLanes = 2, kAccBits = 16, kStateBits = 16, kBiasBits = 16,
                       kMaxShift = 15, kMaxScale = 15, kCurrent = 1, kPageChunks = 7, kChunkEntries = 30,
                       kAxonEntries = 64, kWeightWords = 100, kGroups = 3, kStateWords = 40, kBiasWords = 0,
                       kUpdateEntries = 200, kParamSets = 20, kSums = 1, kWeightFormats = 5;
};
struct WideShape {
  static constexpr int kLanes = 32, kLifLanes = 8, kAccBits = 24, kStateBits = 24, kBiasBits = 24,
                       kMaxShift = 7, kMaxScale = 7, kCurrent = 1, kPageChunks = 4, kChunkEntries = 16,
                       kAxonEntries = 64, kWeightWords = 64, kGroups = 2, kStateWords = 16, kBiasWords = 0,
                       kUpdateEntries = 64, kParamSets = 16, kSums = 1, kWeightFormats = 11;
};
/// Its neurons share states.
struct SharedShape {
  static constexpr int kLanes = 16, kLifLanes = 4, kAccBits = 20, kStateBits = 24, kBiasBits = 20,
                       kMaxShift = 7, kMaxScale = 7, kCurrent = 1, kPageChunks = 12, kChunkEntries = 40,
                       kAxonEntries = 300, kWeightWords = 256, kGroups = 8, kStateWords = 12, kBiasWords = 40,
                       kUpdateEntries = 256, kParamSets = 24, kSums = 1, kWeightFormats = 15;
};

/// The chip whose tile has the shape.
template <class S>
Chip chip_of() {
  Chip chip;
  TileConfig& t = chip.tile;
  t.lanes = S::kLanes;
  t.lif_lanes = S::kLifLanes;
  t.weight_bits.clear();
  for (std::uint32_t format = 0; format < 4; ++format)
    if ((S::kWeightFormats >> format & 1) != 0) t.weight_bits.push_back(8U >> format);
  t.acc_bits = S::kAccBits;
  t.state_bits = S::kStateBits;
  t.bias_bits = S::kBiasBits;
  t.max_shift = S::kMaxShift;
  t.max_scale = S::kMaxScale;
  t.current = S::kCurrent;
  t.contexts = 4;
  t.page_chunks = S::kPageChunks;
  t.chunk_entries = S::kChunkEntries;
  t.axon_entries = S::kAxonEntries;
  t.weight_words = S::kWeightWords;
  t.groups = S::kGroups;
  t.state_words = S::kStateWords;
  t.bias_words = S::kBiasWords;
  t.update_entries = S::kUpdateEntries;
  t.param_sets = S::kParamSets;
  return chip;
}

/// Writes all parts of a word of a memory.
template <class Entry>
void put(device_model::Memory& memory, std::size_t word, const Entry& entry) {
  const auto parts = entry.pack();
  for (std::size_t p = 0; p < parts.size(); ++p) memory.set(word, p, parts[p]);
}

/// Every memory and context 0 of a tile: rows shared and per axon, of all formats, of no words, over the last
/// group; parameter sets of every kind; a program that updates each neuron once a step.
[[nodiscard]] device_model::NodeMemory random_tile(const Chip& chip, Rng& rng);

/// Fires context 0 on one page.
[[nodiscard]] inline device_model::Firing fire(CoreModel& core, const device_model::Page& page,
                                               std::uint32_t count, bool last) {
  const device_model::Page* pages[] = {&page};
  return core.fire(0, pages, count, last);
}

/// Masks by chunk: silence, everything, or any density.
[[nodiscard]] std::vector<std::uint16_t> random_page(const Chip& chip, Rng& rng);

/// A context's registers as the ring would write them, by CONTEXT_* field.
[[nodiscard]] std::vector<std::uint32_t> context_words(const device_model::ContextRegisters&);

}  // namespace spikeloom::hls_test

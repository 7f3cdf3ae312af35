// A systolic tile of the sizes that an HLS shape has.
#pragma once

#include "compiler/chip/chip.hpp"

namespace spikeloom::hls_test {

template <class S>
TileConfig config_of() {
  TileConfig t;
  t.state_bits = S::kStateBits;
  t.page_chunks = S::kPageChunks;
  t.lif_lanes = S::kLifLanes;
  t.acc_bits = S::kAccBits;
  t.bias_bits = S::kBiasBits;
  t.max_scale = S::kMaxScale;
  t.current = S::kCurrent;
  t.readout = S::kReadout;
  t.state_words = S::kStateWords;
  t.bias_words = S::kBiasWords;
  t.update_entries = S::kUpdateEntries;
  t.param_sets = S::kParamSets;
  t.systolic_columns = S::kSystolicColumns;
  t.systolic_pages = S::kSystolicPages;
  t.systolic_vectors = S::kSystolicVectors;
  t.systolic_weight_bits = S::kSystolicWeightBits;
  t.systolic_shift = S::kSystolicShift;
  t.systolic_blocks = S::kSystolicBlocks;
  t.systolic_folds = S::kSystolicFolds;
  t.systolic_words = S::kSystolicWords;
  return t;
}

}  // namespace spikeloom::hls_test

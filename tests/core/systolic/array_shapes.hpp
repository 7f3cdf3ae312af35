// The Verilated shapes of systolic_integrate, as CMakeLists.txt asks for them.
#pragma once

#include <gtest/gtest.h>

#include "Varray_full.h"
#include "Varray_lean.h"
#include "Varray_odd.h"
#include "tables.hpp"

namespace spikeloom::test {

struct FullArray {
  using Model = Varray_full;
  static constexpr ArrayShape kShape{.columns = 16,
                                     .pages = 8,
                                     .vectors = 256,
                                     .weight_bits = 8,
                                     .shift = 7,
                                     .blocks = 20,
                                     .folds = 120,
                                     .words = 300,
                                     .chunks = 64,
                                     .acc_bits = 20};
  static constexpr std::uint32_t kPageDelay = 0;
};
struct LeanArray {
  using Model = Varray_lean;
  static constexpr ArrayShape kShape{.columns = 4,
                                     .pages = 1,
                                     .vectors = 16,
                                     .weight_bits = 4,
                                     .shift = 0,
                                     .blocks = 7,
                                     .folds = 20,
                                     .words = 64,
                                     .chunks = 20,
                                     .acc_bits = 12};
  static constexpr std::uint32_t kPageDelay = 2;
};
struct OddArray {
  using Model = Varray_odd;
  static constexpr ArrayShape kShape{.columns = 32,
                                     .pages = 2,
                                     .vectors = 64,
                                     .weight_bits = 4,
                                     .shift = 15,
                                     .blocks = 9,
                                     .folds = 50,
                                     .words = 100,
                                     .chunks = 200,
                                     .acc_bits = 24};
  static constexpr std::uint32_t kPageDelay = 0;
};
using ArrayShapes = testing::Types<FullArray, LeanArray, OddArray>;

}  // namespace spikeloom::test

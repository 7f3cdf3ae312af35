// Tiles whose batches need more pages than a context can have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "compiler/base/error.hpp"
#include "compiler/partition/partition.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom::test {
namespace {

using testing::HasSubstr;

/// A context has at most 16 pages, and needs two for each step of a firing.
TEST(Batches, ThatNoContextHasPagesForAreRefused) {
  const char* why = "its tiles take up to 16 steps in a firing, for which a context needs 32 pages";
  Chip mixed = chip_named("cores");
  mixed.more_kinds.at(0).systolic_pages = 16;
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    IntNetwork net = random_network(rng, {3, 30});
    net.state_bits = mixed.tile.state_bits;
    PartitionOptions on_arrays;
    on_arrays.kinds.assign(net.populations.size(), 1);
    std::string refusal;
    try {
      (void)partition(net, mixed, on_arrays);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      refusal = error.what();
    }
    EXPECT_THAT(refusal, HasSubstr(why));
    try {
      for (const std::uint32_t kind : partition(net, mixed).kind) EXPECT_EQ(kind, 0U);
      ++cut;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }
  EXPECT_GT(cut, 3);
}

}  // namespace
}  // namespace spikeloom::test

// What `verify` and `contract` say, field by field of a promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "compiler/core/core.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"
#include "compiler/schedule/schedule.hpp"
#include "tests/partition/random_network.hpp"

namespace spikeloom {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Promised {
  Image image;
  Promise promise;
};

std::optional<Promised> promised_image(std::uint64_t seed) {
  Rng rng(seed);
  Promised made;
  made.image.chip = test::random_chip(rng);
  const IntNetwork net = test::random_network(rng, {3, 40});
  made.image.application =
      build_application(net, made.image.chip, partition(net, made.image.chip, {.max_neurons = 24}), {});
  MapResult mapped = try_map(made.image.application, made.image.chip, {.seed = seed});
  if (!mapped.binding) return std::nullopt;
  made.image.binding = *std::move(mapped.binding);
  auto result = guarantee(made.image);
  if (!std::holds_alternative<Promise>(result)) return std::nullopt;
  made.promise = std::get<Promise>(std::move(result));
  return made;
}

TEST(ScheduleVerify, RefusesEveryFieldOfACertificateThatSaysLess) {
  int images = 0;
  for (std::uint64_t seed = 1; images < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto made = promised_image(seed);
    if (!made) continue;
    ++images;
    const auto faults = [&](const Promise& promise) { return verify(made->image, promise, {}); };
    ASSERT_THAT(faults(made->promise), IsEmpty());
    Promise promise = made->promise;
    --promise.offset;
    EXPECT_THAT(faults(promise), Contains(HasSubstr("is below the sink's potential")));
    promise = made->promise;
    promise.period = promise.period * Ratio(999, 1000);
    EXPECT_THAT(faults(promise), Not(IsEmpty()));
    for (std::size_t a = 0; a < made->promise.potentials.size(); ++a) {
      promise = made->promise;
      --promise.potentials[a].second;
      EXPECT_THAT(faults(promise), Not(IsEmpty())) << promise.potentials[a].first;
      promise = made->promise;
      promise.potentials[a].first += " ";
      EXPECT_THAT(faults(promise), Contains(HasSubstr("no potential for"))) << promise.potentials[a].first;
    }
    promise = made->promise;
    promise.potentials.pop_back();
    EXPECT_THAT(faults(promise), Contains(HasSubstr("expected one for each of")));
  }
}

/// Every firing takes the same: over any run of n a contract must allow n times that and the margin.
TEST(ScheduleContract, LeavesItsMargin) {
  int under_contract = 0;
  for (std::uint64_t seed = 1; under_contract < 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto made = promised_image(seed);
    if (!made) continue;
    MeasuredWork work(made->image.binding.orders.size());
    for (std::size_t t = 0; t < work.size(); ++t) {
      work[t].emplace_back();
      for (int step = 0; step < 8; ++step)
        for (const OrderEntry& entry : made->image.binding.orders[t]) {
          const Cluster& cluster = made->image.application.clusters[entry.cluster.index()];
          work[t][0].push_back(core_of(cluster).least(cluster, made->image.chip.kind(cluster.kind)).total());
        }
    }
    const Contracted contracted =
        contract(made->image, made->promise, work, {.order = SampleOrder::kAny, .margin_percent = 20});
    for (std::size_t t = 0; t < contracted.contracts.size(); ++t) {
      const TileContract& limit = contracted.contracts[t];
      if (limit.sigma == TileContract::kOff) continue;
      ++under_contract;
      std::int64_t sum = 0, firings = 0;
      for (const std::int64_t w : work[t][0]) {
        sum += w * kTimeScale;
        ++firings;
        EXPECT_GE(limit.sigma + firings * limit.rho, (sum * 120 + 99) / 100) << "tile " << t;
      }
    }
  }
}

TEST(ScheduleContract, OfWorkThatWasNotMeasuredIsRefused) {
  for (std::uint64_t seed = 1;; ++seed) {
    const auto made = promised_image(seed);
    if (!made) continue;
    const auto refusal = [&](std::size_t tiles) {
      try {
        (void)contract(made->image, made->promise, MeasuredWork(tiles), {});
      } catch (const Error& error) {
        return std::string(error.what());
      }
      return std::string("a contract");
    };
    const std::size_t tiles = made->image.binding.orders.size();
    EXPECT_THAT(refusal(tiles + 1), HasSubstr("contract: measured work of " + std::to_string(tiles + 1) +
                                              " tiles, expected " + std::to_string(tiles)));
    EXPECT_THAT(refusal(tiles), HasSubstr(" was not measured; is the calibration set empty?"));
    return;
  }
}

}  // namespace
}  // namespace spikeloom

// Forged images: every field in turn, with a correct checksum. What `verify` accepts keeps its promise and
// has stamps as predicted; what it accepts with the network has the network's spikes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "compiler/core/core.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/verify/verify.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/flow/random_case.hpp"
#include "tests/verify/forgeries.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

Case small_case(std::uint64_t seed, const Chip& chip) {
  return random_case(seed, chip, {.max_populations = 3, .max_neurons = 24, .max_inputs = 20});
}

/// One whose neurons share membranes.
Case shared_case(std::uint64_t seed, const Chip& chip) { return small_case(seed, chip); }

/// A picture whose sum a current holds.
Case static_picture(std::uint64_t seed, const Chip& chip) {
  return static_case(seed, chip, {.max_populations = 3, .max_neurons = 24, .max_inputs = 20});
}

/// With operating points and a contracted promise; of a static picture with a sampled one too.
Genuine genuine(std::uint64_t seed, const std::string& chip_name,
                Case (*make)(std::uint64_t, const Chip&) = small_case) {
  const Chip chip = chip_named(chip_name);
  for (;; ++seed) {
    Case made = make(seed, chip);
    CompileInput input;
    input.name = "made";
    input.network = made.network;
    input.data = std::move(made.data);
    CompileOptions options;
    options.points = 2;
    options.seed = seed;
    if (make == static_picture) options.static_inputs = {"*"};
    auto compiled = compile(std::move(input), chip, options, {});
    if (!std::holds_alternative<Compilation>(compiled)) continue;
    Compilation& compilation = std::get<Compilation>(compiled);
    // Recurrence and several clusters, or there is little to forge.
    if (compilation.image.application.clusters.size() < 3) continue;
    if (make == static_picture && compilation.image.promises.size() < 3) continue;
    const std::vector<Cluster>& clusters = compilation.image.application.clusters;
    if (make == shared_case &&
        std::none_of(clusters.begin(), clusters.end(), [](const Cluster& c) { return c.passes > 1; }))
      continue;
    if (make == pooled_case && !compilation.image.application.clusters.front().pooled) continue;
    return {std::move(compilation.integers), std::move(compilation.image)};
  }
}

TEST(Forged, FieldsOfMemoryWordsAreSitesByTheirNames) {
  const Image image = genuine(8, "mixed").image;
  expect_fields_are_sites(image, core_of(image.application.clusters.front()).name());
}

TEST(Forged, WhatIsAcceptedKeepsItsPromiseAndItsSpikes) { forge_all(genuine(3, "mesh2x2"), 1); }

TEST(Forged, OnAChipOfSeveralKindsToo) { forge_all(genuine(8, "mixed"), 1); }

TEST(Forged, WhatSendsAPoolToo) { forge_all(genuine(1, "mesh2x2", pooled_case), 1); }

TEST(Forged, WhoseNeuronsShareMembranesToo) { forge_all(genuine(1, "column", shared_case), 1); }

TEST(Forged, WhatHoldsSumsOfStaticInputsToo) { forge_all(genuine(1, "row", static_picture), 1); }

/// Every line of the chip that the image carries: another chip is refused, or the image is that chip's.
TEST(Forged, AnotherChipsImageIsRefusedOrKeepsItsPromise) {
  const Genuine good = genuine(3, "mesh2x2");
  const RunResult truth = run_of(good.image);
  const std::string text = print(good.image.chip);
  std::size_t refused = 0, accepted = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    const std::size_t end = text.find('\n', at), equals = text.find(" = ", at);
    if (equals == std::string::npos || equals > end) continue;
    char* stop = nullptr;
    const long long value = std::strtoll(text.c_str() + equals + 3, &stop, 10);
    if (*stop != '\n') continue;
    for (const long long other : {value + 1, value - 1, value * 2, value / 2}) {
      Image forged = good.image;
      try {
        forged.chip =
            parse_chip(text.substr(0, equals + 3) + std::to_string(other) + text.substr(end), "forged");
        forged = decode(encode(forged), "forged");
      } catch (const Error&) {
        ++refused;
        continue;
      }
      if (!verify(forged, good.network).faults.empty()) {
        ++refused;
        continue;
      }
      ++accepted;
      const RunResult result = run_of(forged);
      EXPECT_NE(result.judgement.verdict, Verdict::kBroken) << text.substr(at, end - at) << " -> " << other;
      EXPECT_EQ(values_of(result.outputs.spikes), values_of(truth.outputs.spikes))
          << text.substr(at, end - at) << " -> " << other;
    }
  }
  std::cout << refused << " chips refused, " << accepted << " accepted\n";
  EXPECT_GT(refused, 30U);
}

}  // namespace
}  // namespace spikeloom::testing

#include "tests/verify/forgeries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <set>

#include "compiler/base/rng.hpp"
#include "compiler/verify/verify.hpp"
#include "tests/verify/forger.hpp"

namespace spikeloom::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The most that an element can be, everywhere, in one sample; and two of random ones.
Dataset data_for(const Image& image) {
  Dataset data;
  Rng rng(5);
  data.ports = CompiledImage(std::make_shared<const Image>(image)).inputs();
  for (int s = 0; s < 3; ++s) {
    Sample sample{std::to_string(s), {}, {}};
    for (const StreamInput& input : image.application.inputs) {
      std::size_t elements = 1;
      for (const std::size_t extent : input.shape) elements *= extent;
      const double most = (1U << (input.planes - (input.is_signed ? 1 : 0))) - 1.0;
      const double all = input.is_signed ? -1 : most;  // every plane
      Train train;
      for (int step = 0; step < 5; ++step) {
        for (std::uint32_t e = 0; e < elements; ++e) {
          const bool drawn = rng.chance(0.4);
          const bool is_set = input.is_static ? e % 2 == 0 : drawn;  // or the image would not take it
          if (s == 0 || is_set) train.add(e, input.unit * (s == 0 ? all : most > 0 ? most : all));
        }
        train.end_step();
      }
      sample.inputs.push_back(std::move(train));
    }
    data.samples.push_back(std::move(sample));
  }
  return data;
}

/// By cluster, whether its potentials are sent at the end of a sample only: no part of the network.
std::vector<bool> last_only(const Image& image) {
  std::vector<bool> flags;
  for (const Cluster& cluster : image.application.clusters) flags.push_back(cluster.last_only);
  return flags;
}

struct Count {
  std::size_t by_reader = 0, by_verify = 0, by_network = 0, harmless = 0;
};

/// One forgery; adds what became of it.
void try_site(const Genuine& good, const RunResult& truth, std::size_t site, const std::string& name,
              Count& count) {
  Image forged = good.image;
  Forger::forge(forged, site);
  std::optional<Image> read;
  try {
    read = decode(encode(forged), "forged");
  } catch (const Error& error) {
    ASSERT_EQ(error.kind(), ErrorKind::kInput) << name << ": " << error.what();
    ++count.by_reader;
    return;
  }
  if (!verify(*read).faults.empty()) {
    ++count.by_verify;
    return;
  }
  std::optional<RunResult> ran;
  try {
    ran = run_of(*read);
  } catch (const Error& error) {
    ADD_FAILURE() << name << ", site " << site << ": verified, and yet it does not run: " << error.what();
    return;
  }
  const RunResult& result = *ran;
  EXPECT_THAT(result.judgement.verdict, AnyOf(Eq(Verdict::kKept), Eq(Verdict::kVoid)))
      << name << ", site " << site << ": verified, and yet the stamps break a promise";
  if (!verify(*read, good.network).faults.empty()) {
    ++count.by_network;
    return;
  }
  ++count.harmless;
  EXPECT_EQ(values_of(result.outputs.spikes), values_of(truth.outputs.spikes)) << name << ", site " << site;
  if (last_only(*read) == last_only(good.image)) {
    EXPECT_EQ(values_of(result.outputs.potentials), values_of(truth.outputs.potentials))
        << name << ", site " << site;
  }
}

}  // namespace

RunResult run_of(const Image& image) {
  return run(CompiledImage(std::make_shared<const Image>(image)), data_for(image),
             {.trust = ImageTrust::kFull});
}

void forge_all(const Genuine& good, std::size_t sites_a_name) {
  ASSERT_THAT(verify(good.image, good.network).faults, IsEmpty());
  const RunResult truth = run_of(good.image);
  ASSERT_THAT(truth.judgement.verdict, AnyOf(Eq(Verdict::kKept), Eq(Verdict::kVoid)));
  std::map<std::string, std::vector<std::size_t>> by_name;
  Image walked = good.image;
  const std::vector<std::string> names = Forger::sites(walked);
  ASSERT_EQ(walked, good.image);
  for (std::size_t site = 0; site < names.size(); ++site) by_name[names[site]].push_back(site);
  Rng rng(9);
  Count all;
  for (auto& [name, sites] : by_name) {
    Count count;
    for (std::size_t i = 0; i < std::min(sites_a_name, sites.size()); ++i) {
      std::swap(sites[i], sites[i + rng.below(sites.size() - i)]);
      try_site(good, truth, sites[i], name, count);
      if (::testing::Test::HasFatalFailure()) return;
    }
    all.by_reader += count.by_reader;
    all.by_verify += count.by_verify;
    all.by_network += count.by_network;
    all.harmless += count.harmless;
  }
  std::cout << names.size() << " sites of " << by_name.size() << " names; of those tried the reader refused "
            << all.by_reader << ", verify " << all.by_verify << ", verify --network " << all.by_network
            << "; harmless " << all.harmless << "\n";
  EXPECT_GT(all.by_verify, by_name.size() / 20);
  EXPECT_GT(all.by_network, 0U);
}

void expect_fields_are_sites(const Image& image, std::string_view core) {
  Image walked = image;
  const std::vector<std::string> names = Forger::sites(walked);
  const std::set<std::string> known(names.begin(), names.end());
  std::size_t fields = 0;
  for (const hw::MemoryFields& memory : hw::kMemoryFields) {
    if (memory.core != core) continue;
    for (const hw::Field& field : memory.fields) {
      EXPECT_THAT(known, Contains(HasSubstr(".words " + std::string(field.name) + " +1")));
      ++fields;
    }
  }
  EXPECT_GT(fields, 5U);
}

}  // namespace spikeloom::testing

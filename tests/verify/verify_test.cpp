// What `verify` says of single lies, and that nobody runs, admits or explains with one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include <unistd.h>

#include <spikeloom/admit.hpp>
#include <spikeloom/compile.hpp>
#include <spikeloom/run.hpp>

#include "compiler/flow/compile.hpp"
#include "compiler/verify/verify.hpp"
#include "tests/base/scratch_folder.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string source(const std::string& name) { return std::string(SPIKELOOM_SOURCE_DIR) + "/" + name; }

CompiledImage digits(const CompileOptions& options = {}) {
  return std::get<Compiled>(compile(source("examples/digits/digits.nir"),
                                    ChipFile::read(source("chips/mesh2x2.toml")), options))
      .image;
}

/// With a contracted promise.
const CompiledImage& calibrated() {
  static const CompiledImage image = [] {
    CompileOptions options;
    options.calibrate = source("examples/digits/calibration.npz");
    options.calibration_data.limit = 20;
    return digits(options);
  }();
  return image;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "nothing was thrown";
}

/// The calibrated image with one thing changed, as its file would give it.
Image lying(const std::function<void(Image&)>& lie) {
  Image image = calibrated().value();
  lie(image);
  return decode(encode(image), "lie");
}

std::vector<std::string> faults_of(const std::function<void(Image&)>& lie) {
  return verify(lying(lie)).faults;
}

OrderEntry& last_order(Binding& binding) {
  const auto used = std::find_if(binding.orders.rbegin(), binding.orders.rend(),
                                 [](const std::vector<OrderEntry>& order) { return !order.empty(); });
  return used->back();
}

TEST(Verify, SaysWhatItCheckedAndWhatItAssumes) {
  const Verification result = verify(calibrated());
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_THAT(result.checked, Contains(HasSubstr("decode to 2 populations")));
  EXPECT_THAT(result.checked, Contains(HasSubstr("promise guaranteed: no cycle of the timing graph beats")));
  EXPECT_THAT(
      result.checked,
      Contains(HasSubstr(
          "promise guaranteed: a proof of when each firing of the timing graph starts at the latest")));
  EXPECT_THAT(result.checked, Contains(HasSubstr("promise contracted")));
  EXPECT_THAT(result.checked, Contains(HasSubstr("operating points: ")));
  EXPECT_THAT(result.assumed, Contains(HasSubstr("--network")));
  EXPECT_GT(result.seconds, 0);
  EXPECT_THAT(to_text(result),
              AllOf(HasSubstr("checked: "), HasSubstr("assumed: "), HasSubstr("verified: ")));
}

TEST(Verify, APromiseBelowTheTruthFailsByItsCertificate) {
  // The promise of the issue: a period that a finite run happens to keep, and potentials of 0.
  EXPECT_THAT(faults_of([](Image& image) {
                Promise& promise = image.promises.front();
                promise.period = promise.period * Ratio(2, 3);
                for (auto& [actor, potential] : promise.potentials) potential = 0;
              }),
              Contains(HasSubstr("promise guaranteed: ")));
  EXPECT_THAT(faults_of([](Image& image) { --image.promises.front().latency; }),
              Contains(HasSubstr("the latency is below the sink's latest start")));
  EXPECT_THAT(faults_of([](Image& image) {
                Promise& promise = image.promises.front();
                promise.latency /= 2;
                for (StartRuns& runs : promise.latest_starts)
                  for (StartRun& run : runs) {
                    for (std::int64_t& start : run.first) start /= 2;
                    run.step /= 2;
                  }
              }),
              Contains(HasSubstr("arrives later than the proof of the latency says")));
  EXPECT_THAT(faults_of([](Image& image) { --image.promises.front().offset; }),
              Contains(HasSubstr("is below the sink's potential")));
  EXPECT_THAT(faults_of([](Image& image) { image.promises.front().potentials.pop_back(); }),
              Contains(HasSubstr("potentials, expected one for each of")));
  EXPECT_THAT(
      faults_of([](Image& image) { image.promises.back().period = image.promises.back().period / 2; }),
      Contains(HasSubstr("promise contracted: ")));
  EXPECT_THAT(faults_of([](Image& image) { --image.promises.back().latency; }),
              Contains(HasSubstr("is below the guaranteed one's")));
  EXPECT_THAT(faults_of([](Image& image) {
                image.promises.back().latest_starts = image.promises.front().latest_starts;
              }),
              Contains(HasSubstr("a certificate of a latency that is the guaranteed one's")));
  // A contract that the hardware does not check.
  EXPECT_THAT(faults_of([](Image& image) {
                for (TileContract& contract : image.contracts) contract = {};
              }),
              Contains(HasSubstr("promise contracted: ")));
}

TEST(Verify, AFalseOperatingPointIsSeen) {
  ASSERT_FALSE(calibrated().value().points.empty());
  EXPECT_THAT(faults_of([](Image& image) { image.points[0].period = image.points[0].period / 2; }),
              Contains(HasSubstr("operating point 0: ")));
  EXPECT_THAT(faults_of([](Image& image) { --image.points[0].latency; }),
              Contains(HasSubstr("operating point 0: latency")));
  EXPECT_THAT(faults_of([](Image& image) { --image.points[0].offset; }),
              Contains(HasSubstr("operating point 0: offset")));
  EXPECT_THAT(faults_of([](Image& image) { image.points[0].graph.actors[0].execution = 0; }),
              Contains(HasSubstr("its timing graph is not that of its binding")));
}

TEST(Verify, AxonsThatFiringsAreNotTimedForAreSeen) {
  EXPECT_THAT(faults_of([](Image& image) {
                for (std::uint16_t& bits : image.application.clusters.back().chunk_bits) bits = 0;
              }),
              Contains(HasSubstr("is timed for other axons than its source has")));
}

TEST(Verify, ASumThatLeavesTheAccumulatorIsSeen) {
  EXPECT_THAT(faults_of([](Image& image) { image.chip.tile.acc_bits = 12; }),
              Each(HasSubstr("the sum of a neuron's input can overflow: it needs ")));
  EXPECT_THAT(faults_of([](Image& image) { image.chip.tile.acc_bits = 12; }), Not(IsEmpty()));
}

TEST(Verify, AnOrderThatPassesItsFirstRoundsOverIsSeen) {
  // The image alone, then an operating point of it.
  EXPECT_THAT(faults_of([](Image& image) { last_order(image.binding).skip = 1; }),
              ElementsAre(AllOf(StartsWith("order of tile "), HasSubstr("passed over in its first rounds"))));
  EXPECT_THAT(
      faults_of([](Image& image) { last_order(image.points.back().binding).skip = 1; }),
      ElementsAre(AllOf(StartsWith("operating point "), HasSubstr("passed over in its first rounds"))));
}

TEST(Verify, ANetworkOfAnotherStateWidthIsSeen) {
  const Image& image = calibrated().value();
  CompileOptions options;
  options.calibrate = source("examples/digits/calibration.npz");
  options.calibration_data.limit = 20;
  IntNetwork network = numbers(source("examples/digits/digits.nir"), image.chip, options).integers;
  EXPECT_THAT(verify(image, network).faults, IsEmpty());
  --network.state_bits;
  EXPECT_THAT(verify(image, network).faults, ElementsAre(HasSubstr("network: its state has ")));
}

TEST(Verify, NobodyUsesAnImageThatLies) {
  const test::ScratchFolder folder;
  const std::string file = folder.file("liar.loom");
  write_image(lying([](Image& image) {
                image.promises.front().period = Ratio(1);
                image.promises.front().offset = 0;
              }),
              file);
  const CompiledImage liar = CompiledImage::read(file);
  const Dataset data = read_data(liar, source("examples/digits/test.npz"), {.limit = 2});
  const auto refused =
      AllOf(HasSubstr(file + ": not what it claims to be"), HasSubstr("promise guaranteed: "));
  EXPECT_THAT(message_of([&] { (void)run(liar, data); }), refused);
  EXPECT_THAT(message_of([&] { (void)run_shared("one", liar, data, {}); }), refused);
  EXPECT_THAT(message_of([&] {
                (void)run_shared("one", calibrated(), data, {{"two", liar, data, 2, {}}});
              }),
              refused);
  EXPECT_THAT(message_of([&] { (void)admit({.state = folder.file("chip.state"), .image = file}); }), refused);
  EXPECT_FALSE(std::filesystem::exists(folder.file("chip.state")));
  // Its stamps break the promise, for whoever runs it all the same.
  EXPECT_EQ(run(liar, data, {.trust = ImageTrust::kFull}).judgement.verdict, Verdict::kBroken);
}

TEST(Verify, TheNetworkOfAFileIsFoundInTheTables) {
  const std::string network = source("examples/digits/digits.nir");
  const CompiledImage plain = digits();
  EXPECT_THAT(verify(plain, network).faults, IsEmpty());
  EXPECT_THAT(verify(plain, network).checked, Contains(HasSubstr("network: every weight")));
  EXPECT_THAT(message_of([&] { (void)verify(plain, network, source("examples/digits/calibration.npz")); }),
              HasSubstr("leave it out"));
  CompileOptions options;
  options.weight_bits = 4;
  options.semantics.reset = Reset::kSubtract;
  const CompiledImage subtracting = digits(options);
  EXPECT_THAT(verify(subtracting, network).faults, IsEmpty());
  // What the user says of the network holds in place of the record, and is said.
  EXPECT_THAT(
      verify(subtracting, network).checked,
      Contains(HasSubstr("this was taken: dt 0.001 (from the file's parameters or the framework), reset ")));
  const auto meant = [&](const Semantics& semantics) { return verify(subtracting, network, {}, semantics); };
  EXPECT_THAT(meant({.reset = Reset::kSubtract}).faults, IsEmpty());
  EXPECT_THAT(meant({.reset = Reset::kToValue}).faults, Not(IsEmpty()));
  EXPECT_THAT(meant({.framework = Framework::kSnnTorch, .reset = Reset::kSubtractLater}).faults,
              Not(IsEmpty()));
  EXPECT_THAT(meant({.dt = 0.002}).faults, Not(IsEmpty()));
  EXPECT_THAT(meant({.dt = 0.002}).checked, Contains(HasSubstr("this was taken: dt 0.002, ")));
  EXPECT_THAT(message_of([&] { (void)verify(calibrated(), network); }), HasSubstr("--calibrate"));
  EXPECT_THAT(verify(calibrated(), network, source("examples/digits/calibration.npz")).faults, IsEmpty());
  // The same options, other weights.
  EXPECT_THAT(verify(plain, source("examples/melody/melody.nir")).faults, Contains(HasSubstr("network: ")));
  Image forged = plain.value();
  forged.metadata = "{}";
  EXPECT_THAT(
      message_of([&] { (void)verify(CompiledImage(std::make_shared<const Image>(forged)), network); }),
      HasSubstr("does not record the options"));
}

}  // namespace
}  // namespace spikeloom

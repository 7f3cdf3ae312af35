// The driver: what it makes of a file it makes of the same values.
#include <gtest/gtest.h>

#include "compiler/data/dataset.hpp"
#include "compiler/flow/calibration.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom::testing {
namespace {

TEST(Compile, MakesTheSameOfAFileAndOfItsValues) {
  const std::string folder = std::string(SPIKELOOM_SOURCE_DIR) + "/examples/digits/";
  const Chip chip = read_chip(std::string(SPIKELOOM_SOURCE_DIR) + "/chips/mesh2x2.toml");
  CompileOptions options;
  options.calibrate = folder + "calibration.npz";
  const auto from_file = compile(folder + "digits.nir", chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_file));

  CompileInput input;
  input.name = "digits.nir";
  Notes notes;
  const Network network = load_network(folder + "digits.nir", options.semantics, &notes);
  input.network = network;
  input.notes = notes.list;
  DatasetOptions reading;
  reading.dt = network.dt;
  input.data = read_dataset(*options.calibrate, ports_of(network), reading);
  options.calibrate = "no such file";
  std::vector<std::string> stages;
  const auto from_values =
      compile(input, chip, options, [&](const std::string& stage) { stages.push_back(stage); });
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_values));
  EXPECT_EQ(encode(std::get<Compilation>(from_values).image), encode(std::get<Compilation>(from_file).image));
  EXPECT_EQ(std::get<Compilation>(from_values).times.size(), stages.size());

  input.data.reset();
  const auto without = compile(input, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(without));
  EXPECT_EQ(std::get<Compilation>(without).image.promises.size(), 1U);

  input.network = std::get<Compilation>(without).integers;
  const auto from_integers = compile(input, chip, options, {});
  ASSERT_TRUE(std::holds_alternative<Compilation>(from_integers));
  EXPECT_EQ(std::get<Compilation>(from_integers).image.binding, std::get<Compilation>(without).image.binding);
}

}  // namespace
}  // namespace spikeloom::testing

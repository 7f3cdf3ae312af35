// Lava's own run of the NIR paper's recurrent network: 38 neurons, 256 steps, every spike.
//
// The paper's importer hands lava-dl the recurrent weights without their bias. lava-dl keeps currents and
// potentials in 1/4096 (its default scale of 64, times 64), decays them by multiples of 1/4096 towards zero,
// and fires at the threshold. A loop of that over the file's weights gives the recording to the last bit. So
// does the integer network below, whose weights are the file's to the nearest 1/1024.
#include <gtest/gtest.h>

#include <cmath>

#include "compiler/golden/int_network_file.hpp"
#include "compiler/model/nir.hpp"
#include "tests/base/scratch_folder.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

constexpr std::size_t kTaxels = 12, kLavaHidden = 38, kLavaSteps = 256;
constexpr std::int32_t kLavaOne = 4096;  ///< state of a potential of 1
constexpr double kLavaDt = 1e-4;

struct LavaBraille {
  NirArray in, in_bias, recurrent;  ///< weights by target, then source
  double threshold = 0, current_decay = 0, voltage_decay = 0;
};

LavaBraille read_braille() {
  const NirGraph graph = read_nir(real_file("nir-braille-srnn/braille_noDelay_bias_zero.nir").string());
  const auto& nodes = graph.nodes;
  const auto first = [&](const char* name) { return nodes.at("lif1.lif").fields.at(name).values.at(0); };
  return {.in = nodes.at("fc1").fields.at("weight"),
          .in_bias = nodes.at("fc1").fields.at("bias"),
          .recurrent = nodes.at("lif1.w_rec").fields.at("weight"),
          .threshold = first("v_threshold"),
          .current_decay = kLavaDt / first("tau_syn"),
          .voltage_decay = kLavaDt / first("tau_mem")};
}

/// (steps, neurons) of 0 and 1; the file has neurons first.
std::vector<std::uint8_t> recorded_spikes() {
  const Array all = read_array(real_file("nir-braille-srnn/lava_activity_noDelay_bias_zero.npy"));
  std::vector<std::uint8_t> spikes(kLavaSteps * kLavaHidden);
  for (std::size_t n = 0; n < kLavaHidden; ++n)
    for (std::size_t t = 0; t < kLavaSteps; ++t)
      spikes[t * kLavaHidden + n] = all.real(n * kLavaSteps + t) != 0 ? 1 : 0;
  return spikes;
}

std::int32_t decay_of(double share) {
  return kLavaOne - static_cast<std::int32_t>(std::lround(kLavaOne * share));
}

TEST(RealLavaBraille, ItsStepIsOursInEveryBit) {
  NEED_REAL_DATA("nir-braille-srnn");
  const LavaBraille file = read_braille();
  const Array input = read_array(real_file("nir-braille-srnn/sample0_input_256x12.npy"));
  const auto decayed = [](std::int64_t x, std::int64_t k) { return x * k / kLavaOne; };  // towards zero
  std::vector<std::int64_t> current(kLavaHidden, 0), v(kLavaHidden, 0);
  std::vector<std::uint8_t> before(kLavaHidden, 0), spikes;
  for (std::size_t t = 0; t < kLavaSteps; ++t) {
    std::vector<std::uint8_t> now(kLavaHidden, 0);
    for (std::size_t n = 0; n < kLavaHidden; ++n) {
      double sum = file.in_bias.values[n];
      for (std::size_t s = 0; s < kTaxels; ++s)
        sum += file.in.values[n * kTaxels + s] * static_cast<double>(input.integer(t * kTaxels + s));
      for (std::size_t s = 0; s < kLavaHidden; ++s)
        sum += before[s] != 0 ? file.recurrent.values[n * kLavaHidden + s] : 0;
      current[n] =
          decayed(current[n], decay_of(file.current_decay)) + static_cast<std::int64_t>(kLavaOne * sum);
      v[n] = decayed(v[n], decay_of(file.voltage_decay)) + current[n];
      now[n] = static_cast<double>(v[n]) >= kLavaOne * file.threshold ? 1 : 0;
      if (now[n] != 0) v[n] = 0;
    }
    spikes.insert(spikes.end(), now.begin(), now.end());
    before = now;
  }
  EXPECT_EQ(differing_bits(spikes, recorded_spikes(), kLavaHidden, kLavaSteps, 0), 0U);
}

// ---- as an integer network ----

/// A weight of 15 bits as two of 8: 128·high + low. The population's scale makes them multiples of 4 states.
enum class Half { kHigh, kLow };

IntProjection half_of(const NirArray& weights, std::size_t sources, Half half, const Source& from) {
  IntProjection p;
  p.name = half == Half::kHigh ? "high" : "low";
  p.from = from;
  p.to = PopulationId{0};
  p.shift = half == Half::kHigh ? 7 : 0;
  SparseMap map{kLavaHidden, {0}, {}};
  for (std::size_t s = 0; s < sources; ++s) {
    for (std::size_t n = 0; n < kLavaHidden; ++n) {
      const auto whole =
          static_cast<std::int32_t>(std::lround(weights.values[n * sources + s] * kLavaOne / 4));
      const std::int32_t high = (whole + 64) >> 7U;
      const std::int32_t mantissa = half == Half::kHigh ? high : whole - 128 * high;
      if (mantissa == 0) continue;
      map.target.push_back(static_cast<std::uint32_t>(n));
      p.weight.push_back(static_cast<std::int16_t>(mantissa));
    }
    map.end_row();
  }
  p.form = MapForm(std::move(map));
  return p;
}

IntNetwork in_integers(const LavaBraille& file) {
  IntNetwork network;
  network.name = "lava-braille";
  network.inputs.push_back({"input", {kTaxels}, 1, false, 1});
  IntPopulation hidden;
  hidden.name = "hidden";
  hidden.kind = NeuronKind::kCubaLif;
  hidden.shape = {kLavaHidden};
  hidden.scale = 2;
  hidden.alpha.assign(kLavaHidden, decay_of(file.current_decay));
  hidden.beta.assign(kLavaHidden, decay_of(file.voltage_decay));
  hidden.theta.assign(kLavaHidden,
                      static_cast<std::int32_t>(kLavaOne * file.threshold) - 1);  // at, not above
  for (auto* zeros : {&hidden.v_reset, &hidden.bias_v}) zeros->assign(kLavaHidden, 0);
  for (const double bias : file.in_bias.values)
    hidden.bias_i.push_back(4 * static_cast<std::int32_t>(std::lround(bias * kLavaOne / 4)));
  network.populations.push_back(hidden);
  for (const Half half : {Half::kHigh, Half::kLow}) {
    network.projections.push_back(half_of(file.in, kTaxels, half, InputId{0}));
    network.projections.push_back(half_of(file.recurrent, kLavaHidden, half, PopulationId{0}));
    network.projections.back().delay = 1;
    network.projections.back().name += " recurrent";
  }
  network.outputs.push_back({"output", {kLavaHidden}, PopulationId{0}});
  return network;
}

TEST(RealLavaBraille, NoneOf9728BitsDiffersInGoldenModelAndRtl) {
  NEED_REAL_DATA("nir-braille-srnn");
  const test::ScratchFolder scratch;
  const std::filesystem::path file = scratch.path() / "braille.json";
  write_int_network(in_integers(read_braille()), file.string());
  const Dataset data =
      read_dataset(real_file("nir-braille-srnn/sample0_input_256x12.npy"), {{"input", {kTaxels}}}, {});
  ASSERT_EQ(data.total_steps(), kLavaSteps);
  const Compilation compilation = compiled(file, chip_named("tile1"), {});
  expect_rtl_is_model(compilation, data);
  const DeviceRun run = expect_model_is_golden(compilation, data);
  EXPECT_EQ(differing_bits(spikes_of(run, "output"), recorded_spikes(), kLavaHidden, kLavaSteps, 0), 0U);
  EXPECT_EQ(run.output_spikes, 109);
}

}  // namespace
}  // namespace spikeloom::testing

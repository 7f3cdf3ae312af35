// Networks of random meaning: NIR files with random neurons, weights and wiring, compiled with random choices
// of framework, reset, fire, start, integrator and delays. Golden model and `model` agree in every bit, the
// RTL too for some; where integers hold the numbers exactly, the float interpreter agrees as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/model/elaborate.hpp"
#include "compiler/model/interpret.hpp"
#include "tests/chips/chip_named.hpp"
#include "tests/model/nir_file.hpp"
#include "tests/real/agreement.hpp"
#include "tests/real/real_data.hpp"

namespace spikeloom::testing {
namespace {

using test::chip_named;

enum class Numbers {
  kExact,  ///< weights and thresholds on a grid of 1/16, no decay: nothing is rounded
  kAny,
};

template <class Value, std::size_t n>
Value one_of(Rng& rng, const std::array<Value, n>& values) {
  return values[rng.below(n)];
}

/// Every option by chance, so that frameworks are overruled too. A dt always: guessing is tested elsewhere.
Semantics random_semantics(Rng& rng) {
  Semantics chosen;
  chosen.dt = 1;
  if (rng.chance(0.6))
    chosen.framework = framework_named(framework_names()[rng.below(framework_names().size())]);
  if (rng.chance(0.4))
    chosen.reset =
        one_of(rng, std::array{Reset::kToValue, Reset::kSubtract, Reset::kSubtractLater, Reset::kNone});
  if (rng.chance(0.4)) chosen.fire = one_of(rng, std::array{Fire::kAbove, Fire::kAtLeast});
  if (rng.chance(0.4)) chosen.start = one_of(rng, std::array{Start::kZero, Start::kRest, Start::kReset});
  if (rng.chance(0.4))
    chosen.integrator =
        one_of(rng, std::array{Integrator::kEuler, Integrator::kExponential, Integrator::kExact});
  if (rng.chance(0.2)) chosen.input_delay = static_cast<std::uint32_t>(rng.below(3));
  if (rng.chance(0.2)) chosen.recurrent_delay = 1 + static_cast<std::uint32_t>(rng.below(2));
  return chosen;
}

class Writer {
 public:
  Writer(Rng& rng, Numbers numbers, const std::string& path)
      : rng_(rng), numbers_(numbers), file_(path, test::NirFile::Storage::kPlain) {}

  /// input - (weights - neurons) one to three times - output, some layers with a recurrent map.
  std::string write() {
    file_.text("version", "1.0.8");
    file_.text("node/type", "NIRGraph");
    file_.node("input", "Input");
    file_.field("input", "shape", {1}, {static_cast<double>(inputs_)}, test::NirFile::Number::kI8);
    std::string last = "input";
    std::size_t width = inputs_;
    for (std::size_t layer = 0, layers = 1 + rng_.below(3); layer < layers; ++layer) {
      const std::string number = std::to_string(layer);
      const std::size_t size = 2 + rng_.below(9);
      weights("w" + number, size, width);
      neurons("n" + number, size);
      edges_.emplace_back(last, "w" + number);
      edges_.emplace_back("w" + number, "n" + number);
      if (rng_.chance(0.3)) {
        weights("r" + number, size, size);
        edges_.emplace_back("n" + number, "r" + number);
        edges_.emplace_back("r" + number, "n" + number);
      }
      last = "n" + number;
      width = size;
    }
    file_.node("output", "Output");
    file_.field("output", "shape", {1}, {static_cast<double>(width)}, test::NirFile::Number::kI8);
    edges_.emplace_back(last, "output");
    file_.edges(edges_);
    return file_.close();
  }
  [[nodiscard]] std::size_t inputs() const { return inputs_; }

 private:
  double between(double low, double high) {
    const double value = low + (high - low) * rng_.unit();
    return numbers_ == Numbers::kExact ? std::round(16 * value) / 16 : value;
  }
  std::vector<double> list(std::size_t n, double low, double high) {
    std::vector<double> values(n, between(low, high));
    if (rng_.chance(0.5))
      for (double& value : values) value = between(low, high);
    return values;
  }
  void field(const std::string& node, const std::string& name, const std::vector<double>& values) {
    file_.field(node, name, {values.size()}, values, test::NirFile::Number::kF8);
  }
  void weights(const std::string& name, std::size_t out, std::size_t in) {
    const bool biased = rng_.chance(0.3);
    file_.node(name, biased ? "Affine" : "Linear");
    std::vector<double> all;
    for (std::size_t k = 0; k < out * in; ++k) all.push_back(rng_.chance(0.3) ? 0 : between(-0.6, 1.2));
    file_.field(name, "weight", {out, in}, all, test::NirFile::Number::kF8);
    if (biased) field(name, "bias", list(out, -0.2, 0.2));
  }
  void neurons(const std::string& name, std::size_t n) {
    const std::string kind =
        numbers_ == Numbers::kExact ? "IF" : one_of(rng_, std::array{"IF", "LIF", "CubaLIF"});
    file_.node(name, kind);
    field(name, "v_threshold", list(n, 0.5, 2));
    field(name, "r",
          kind == "LIF" || numbers_ == Numbers::kAny ? list(n, 0.5, 4) : std::vector<double>(n, 1));
    if (rng_.chance(0.7))
      field(name, "v_reset", rng_.chance(0.5) ? std::vector<double>(n, 0) : list(n, -1, 0.4));
    if (kind == "IF") return;
    field(name, "v_leak", rng_.chance(0.5) ? std::vector<double>(n, 0) : list(n, -0.5, 0.3));
    if (kind == "LIF") {
      field(name, "tau", list(n, 1.5, 40));
      return;
    }
    field(name, "tau_mem", list(n, 1.5, 40));
    field(name, "tau_syn", list(n, 1.5, 10));
    field(name, "w_in", list(n, 0.5, 2));
  }

  Rng& rng_;
  Numbers numbers_;
  test::NirFile file_;
  std::size_t inputs_ = 6;
  std::vector<std::pair<std::string, std::string>> edges_;
};

struct Made {
  Compilation compilation;
  Network network;
  std::vector<double> input;
  Dataset data;
};

/// The reason where the choices are refused.
std::variant<Made, std::string> made(std::uint64_t seed, Numbers numbers, const Chip& chip) {
  Rng rng(seed);
  CompileOptions options;
  options.semantics = random_semantics(rng);
  Writer writer(rng, numbers, test::temporary("semantics.nir"));
  const std::string path = writer.write();
  std::vector<double> input;
  for (std::size_t k = 0; k < 40 * writer.inputs(); ++k) input.push_back(rng.chance(0.3) ? 1 : 0);
  try {
    Network network = load_network(path, options.semantics, nullptr);
    for (const Population& population : network.populations)
      if (population.name != network.populations[network.outputs.at(0).from.index()].name)
        options.record.push_back(population.name);
    auto result = compile(path, chip, options, {});
    if (auto* no = std::get_if<DoesNotFit>(&result)) return no->reason;
    auto& compilation = std::get<Compilation>(result);
    const IntInput& port = compilation.integers.inputs.at(0);
    Dataset data = one_sample({port.name, port.shape}, input);
    return Made{std::move(compilation), std::move(network), std::move(input), std::move(data)};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    return std::string(error.what());
  }
}

Chip small_chip() { return chip_named("tile1"); }

TEST(RandomSemantics, ModelIsGoldenWhateverIsChosen) {
  std::size_t run = 0, spikes = 0;
  std::map<std::string, std::size_t> refused;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto result = made(seed, Numbers::kAny, small_chip());
    if (const auto* reason = std::get_if<std::string>(&result)) {
      ++refused[*reason];
      continue;
    }
    const Made& of = std::get<Made>(result);
    const DeviceRun found = expect_model_is_golden(of.compilation, of.data);
    for (const std::uint8_t bit : found.outputs.spikes.at(0).samples.at(0)) spikes += bit;
    ++run;
  }
  EXPECT_GE(run, 40U) << "too much is refused: " << (refused.empty() ? "" : refused.begin()->first);
  EXPECT_GT(spikes, 1000U);
}

TEST(RandomSemantics, IntegersSpikeAsTheRealNetworkWhereNothingIsRounded) {
  std::size_t run = 0, spikes = 0;
  std::set<std::tuple<Reset, Fire>> drawn;
  std::map<std::string, std::size_t> refused;
  for (std::uint64_t seed = 100; seed < 180; ++seed) {
    SCOPED_TRACE(seed);
    const auto result = made(seed, Numbers::kExact, small_chip());
    if (const auto* reason = std::get_if<std::string>(&result)) {
      ++refused[*reason];
      continue;
    }
    const Made& of = std::get<Made>(result);
    const DeviceRun found = expect_model_is_golden(of.compilation, of.data);
    const Recording real = record(of.network, std::vector<std::vector<double>>{of.input}, 40);
    for (std::size_t p = 0; p < of.network.populations.size(); ++p) {
      const Population& population = of.network.populations[p];
      drawn.emplace(population.reset, population.fire);
      const bool is_output = of.network.outputs[0].from.index() == p;
      const std::vector<std::uint8_t> bits =
          is_output ? found.outputs.spikes.at(0).samples.at(0) : spikes_of(found, population.name);
      EXPECT_EQ(bits, real.spikes[p]) << population.name;
      for (const std::uint8_t bit : bits) spikes += bit;
    }
    ++run;
  }
  EXPECT_GE(run, 60U) << "too much is refused: " << (refused.empty() ? "" : refused.begin()->first);
  EXPECT_EQ(drawn.size(), 8U) << "not every reset with every way to fire was drawn";
  EXPECT_GT(spikes, 2000U);
}

TEST(RandomSemantics, TheRtlIsTheModel) {
  std::size_t run = 0;
  for (std::uint64_t seed = 300; run < 4 && seed < 320; ++seed) {
    SCOPED_TRACE(seed);
    const auto result = made(seed, Numbers::kAny, small_chip());
    if (!std::holds_alternative<Made>(result)) continue;
    expect_rtl_is_model(std::get<Made>(result).compilation, std::get<Made>(result).data);
    ++run;
  }
  EXPECT_EQ(run, 4U);
}

}  // namespace
}  // namespace spikeloom::testing

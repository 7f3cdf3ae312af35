// An integer network: what is read prints as text that reads as itself, and runs.
#include "compiler/golden/check.hpp"
#include "compiler/golden/golden_interpreter.hpp"
#include "compiler/golden/int_network_file.hpp"
#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {
namespace {

/// A few steps of every input's largest and smallest values.
void run(const IntNetwork& network) {
  GoldenInterpreter interpreter(network);
  for (int t = 0; t < 4; ++t) {
    std::vector<InputStep> inputs;
    for (const IntInput& input : network.inputs) {
      const auto [least, most] = value_range(input);
      InputStep& step = inputs.emplace_back();
      for (std::size_t e = 0; e < volume(input.shape); ++e)
        if (const std::int32_t value = t % 2 == 0 ? most : least; value != 0)
          step.push_back({static_cast<std::uint32_t>(e), value});
    }
    static_cast<void>(interpreter.step(inputs));
  }
}

}  // namespace
}  // namespace spikeloom::fuzz

FUZZ_TARGET(int_network) {
  const auto network = accepted([&] { return parse_int_network(text_of(bytes)); });
  if (!network || !check(*network).empty()) return;
  const std::string text = print_int_network(*network);
  require(print_int_network(parse_int_network(text)) == text, "a printed network reads as itself");
  std::size_t work = 0;
  for (const IntInput& input : network->inputs) work += volume(input.shape);
  for (const IntPopulation& population : network->populations) work += population.size();
  if (work < 10'000) run(*network);
}

// Asks for a period and changes the chip, then the network, until it is guaranteed.
#include <iostream>
#include <optional>
#include <vector>

#include <spikeloom/spikeloom.hpp>

namespace {

using spikeloom::ChipFile;
using spikeloom::CompileOptions;
using spikeloom::Ratio;

/// A chip, the options for the network, and what was changed, in words.
struct Candidate {
  ChipFile chip;
  CompileOptions options;
  std::string what;
};

/// The chips as they are; each with shorter wheels, so that a channel waits less for its slot; and the
/// network with fewer neurons in a cluster, which makes more tiles work at once.
std::vector<Candidate> candidates(const std::vector<std::string>& chip_files) {
  std::vector<Candidate> list;
  for (const std::string& file : chip_files) {
    const ChipFile chip = ChipFile::read(file);
    list.push_back({chip, {}, chip.name()});
    list.push_back({chip.with("noc.spike_wheel", "8"), {}, chip.name() + " with a wheel of 8 slots"});
    CompileOptions small;
    small.max_neurons = 16;
    list.push_back({chip, small, chip.name() + ", clusters of at most 16 neurons"});
  }
  return list;
}

/// The guaranteed period; none where the network does not fit.
std::optional<Ratio> period_of(const std::string& network, const Candidate& candidate) {
  const auto answer = spikeloom::compile(network, candidate.chip, candidate.options);
  if (const auto* no = std::get_if<spikeloom::DoesNotFit>(&answer)) {
    std::cout << candidate.what << ": does not fit: " << no->reason << "\n";
    return std::nullopt;
  }
  return std::get<spikeloom::Compiled>(answer).image.promises().front().period;
}

int reach_period(const std::string& network, const Ratio& wanted, const std::vector<std::string>& chips) {
  for (Candidate candidate : candidates(chips)) {
    const std::optional<Ratio> period = period_of(network, candidate);
    if (!period) continue;
    std::cout << candidate.what << ": guaranteed a step every " << period->str() << " cycles\n";
    if (*period > wanted) continue;
    // Once more, with as few pages as the wanted period takes: the latency falls.
    candidate.options.period = wanted;
    const auto answer = spikeloom::compile(network, candidate.chip, candidate.options);
    const auto* compiled = std::get_if<spikeloom::Compiled>(&answer);
    if (compiled == nullptr) continue;
    const spikeloom::Promise& promise = compiled->image.promises().front();
    if (promise.period > wanted) continue;
    std::cout << "holds: a step every " << promise.period.str() << " cycles, latency at most "
              << promise.latency << "\n";
    return 0;
  }
  std::cout << "nothing that was tried guarantees a step every " << wanted.str() << " cycles\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: reach_period NETWORK PERIOD CHIP...\n";
    return 2;
  }
  try {
    return reach_period(argv[1], Ratio::parse(argv[2]), {argv + 3, argv + argc});
  } catch (const spikeloom::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  }
}

// Balances a pole on a cart through a chip: a step of the network every 20 ms, whose output pushes the cart.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <random>

#include <spikeloom/spikeloom.hpp>

namespace {

/// The cart's place (m) and speed, the pole's angle (rad) and speed.
using State = std::array<double, 4>;

constexpr int kUnits = 16;  // of each number, as in examples/pole/train.py
constexpr State kRange = {2.4, 3.0, 0.21, 3.0};
constexpr double kTick = 0.02;  // s

/// Unit u of a number spikes where it is above the u-th of the edges that divide its range.
std::vector<spikeloom::Event> spikes_of(const State& state) {
  std::vector<spikeloom::Event> spikes;
  for (std::uint32_t n = 0; n < state.size(); ++n)
    for (std::uint32_t u = 0; u < kUnits; ++u)
      if (state[n] > kRange[n] * ((2.0 * u + 1) / kUnits - 1)) spikes.push_back({n * kUnits + u, 1});
  return spikes;
}

/// A tick later, pushed to the right or to the left with 10 N: a cart of 1 kg, a pole of 0.1 kg and 1 m.
State moved(const State& s, bool right) {
  const double push = (right ? 10 : -10) + 0.05 * s[3] * s[3] * std::sin(s[2]);
  const double turning = (9.8 * std::sin(s[2]) - std::cos(s[2]) * push / 1.1) /
                         (0.5 * (4.0 / 3 - 0.1 * std::cos(s[2]) * std::cos(s[2]) / 1.1));
  const double speeding = (push - 0.05 * turning * std::cos(s[2])) / 1.1;
  return {s[0] + kTick * s[1], s[1] + kTick * speeding, s[2] + kTick * s[3], s[3] + kTick * turning};
}

bool stands(const State& s) { return std::abs(s[0]) < 2.4 && std::abs(s[2]) < 12 * 3.14159265 / 180; }

int balance(const std::string& network, const std::string& chip_file, const std::string& device, int ticks) {
  const auto answer = spikeloom::compile(network, spikeloom::ChipFile::read(chip_file));
  if (const auto* no = std::get_if<spikeloom::DoesNotFit>(&answer)) {
    std::cout << "does not fit: " << no->reason << "\n";
    return 1;
  }
  const spikeloom::CompiledImage& image = std::get<spikeloom::Compiled>(answer).image;
  spikeloom::LoopOptions options;
  options.device = device;
  spikeloom::ClosedLoop loop(image, options);
  const spikeloom::Promise& guarantee = loop.promises().front();
  std::cout << "promised of the loop: at most " << guarantee.latency
            << " cycles from the state to the push, a step every " << guarantee.period.str() << " cycles\n";

  std::minstd_rand random(1);
  std::uniform_real_distribution<double> small(-0.05, 0.05);
  State state;
  for (double& number : state) number = small(random);
  int stood = 0;
  std::int64_t latency = 0, off = 0;
  while (stood < ticks && stands(state)) {
    const bool is_last = stood + 1 == ticks;
    loop.give({spikes_of(state)}, is_last ? spikeloom::StepPlace::kLast : spikeloom::StepPlace::kWithin);
    const spikeloom::StepOutputs outputs = loop.take();
    latency = std::max(latency, outputs.ended - outputs.sent);
    off += outputs.ended != outputs.predicted ? 1 : 0;
    state = moved(state, outputs.potentials.at(0).at(0) > 0);
    ++stood;
  }
  if (stood < ticks) loop.give({{}}, spikeloom::StepPlace::kLast);  // the pole has fallen: a silent step

  const spikeloom::RunResult result = loop.finish();
  std::cout << "the pole stood for " << stood << " of " << ticks << " ticks on " << result.report.device
            << "\nmeasured: at most " << latency << " cycles from the state to the push; " << off
            << " steps off their predicted cycle\n"
            << "verdict: " << spikeloom::name_of(result.judgement.verdict) << "\n";
  for (const std::string& reason : result.judgement.reasons) std::cout << "  " << reason << "\n";

  // The same steps without the loop: the chip keeps the window, so the stamps are the same.
  spikeloom::RunOptions again;
  again.device = device;
  again.window = options.window;
  const spikeloom::Report replay = spikeloom::run(image, loop.given(), again).report;
  std::cout << "run again from what was given: the last stamp is " << replay.cycles << ", it was "
            << result.report.cycles << "\n";
  return stood == ticks && off == 0 && replay.cycles == result.report.cycles && result.report.promises_kept()
             ? 0
             : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: balance_pole NETWORK CHIP [DEVICE [TICKS]]\n";
    return 2;
  }
  try {
    return balance(argv[1], argv[2], argc > 3 ? argv[3] : "model", argc > 4 ? std::stoi(argv[4]) : 500);
  } catch (const spikeloom::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.kind() == spikeloom::ErrorKind::kDevice ? 3 : 2;
  }
}

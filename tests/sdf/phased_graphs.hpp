// Random multi-rate graphs and the graphs with known answers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/base/rng.hpp"
#include "compiler/sdf/phased_graph.hpp"

namespace spikeloom::sdf::testing {

/// Rates by chance that agree with chosen rounds; every actor one at a time or two, connected into a ring and
/// more.
PhasedGraph random_phased(Rng& rng, bool alive, std::int64_t most_rounds = 4);

/// Two or three actors in a ring, each with up to 24 phases, whose rates have few factors in common: most
/// firings of a reader wait for most of its writer.
PhasedGraph random_with_many_phases(Rng& rng, bool alive);

/// As the collections of generated graphs that tools are measured with: random channels between actors of
/// several phases, a way back to the first actor, room for an iteration on channels that go back, execution
/// times that give all actors about the same work.
struct LargeShape {
  std::size_t actors = 90, channels = 617;
  std::int64_t most_rounds = 2000, most_phases = 12;
};
PhasedGraph large_phased(Rng& rng, const LargeShape& shape);

/// The folder of graphs with known answers; it need not exist.
std::filesystem::path known_answers();
std::string text_of(const std::filesystem::path& path);
/// Names and graphs that are there, in order of names; empty without the folder.
std::vector<std::pair<std::string, PhasedGraph>> known_graphs();

template <class F>
std::string message_of(F&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace spikeloom::sdf::testing

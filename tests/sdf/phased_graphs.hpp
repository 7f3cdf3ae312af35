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

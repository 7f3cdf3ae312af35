#include "compiler/flow/shared_neurons.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <type_traits>
#include <variant>

#include "compiler/base/error.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/model/network_check.hpp"

namespace spikeloom {
namespace {

/// One wish: populations by name, and the groups of the only one.
struct Wish {
  std::vector<std::string> names;
  std::optional<std::uint32_t> groups;
};

std::optional<Wish> read(const std::string& text) {
  Wish wish;
  if (const std::size_t at = text.rfind('='); at != std::string::npos) {
    std::uint32_t groups = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + at + 1, end, groups);
    if (at == 0 || error != std::errc() || stop != end || groups < 2) return std::nullopt;
    wish.names.push_back(text.substr(0, at));
    wish.groups = groups;
    return wish;
  }
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find('+', from), text.size());
    wish.names.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  const bool empty =
      std::any_of(wish.names.begin(), wish.names.end(), [](const std::string& name) { return name.empty(); });
  if (wish.names.size() < 2 || empty) return std::nullopt;
  return wish;
}

template <class AnyNetwork>
void share(AnyNetwork& network, const std::vector<std::string>& wishes) {
  Problems problems;
  const auto population = [&](const std::string& wish, const std::string& name) {
    for (std::size_t p = 0; p < network.populations.size(); ++p)
      if (network.populations[p].name == name) return std::optional(p);
    problems.add("--share " + wish + ": no population is called '" + name + "'");
    return std::optional<std::size_t>();
  };
  std::set<std::size_t> grouped, joined;
  for (const std::string& text : wishes) {
    const std::optional<Wish> wish = read(text);
    if (!wish) {
      problems.add("--share " + text +
                   ": expected POPULATION=N with N of at least 2, or POPULATION+POPULATION");
      continue;
    }
    std::vector<std::size_t> members;
    for (const std::string& name : wish->names)
      if (const auto p = population(text, name)) members.push_back(*p);
    if (members.size() != wish->names.size()) continue;
    for (const std::size_t p : members)
      if (!(wish->groups ? grouped : joined).insert(p).second)
        problems.add("--share " + text + ": '" + network.populations[p].name + "' is asked for twice");
    if (wish->groups) {
      network.populations[members.front()].share = *wish->groups;
      continue;
    }
    if constexpr (std::is_same_v<AnyNetwork, Network>)
      problems.add(
          "--share " + text +
          ": populations of a network in real numbers are quantised in units of their own, and one " +
          "membrane has one unit; an integer network may say so (docs/integer-network.md)");
    std::sort(members.begin(), members.end());
    for (std::size_t n = 1; n < members.size(); ++n)
      network.populations[members[n]].membranes_of = PopulationId(members.front());
  }
  problems.throw_if_any(network.name);
}

}  // namespace

void share_neurons(CompileInput& input, const std::vector<std::string>& wishes) {
  if (wishes.empty()) return;
  std::visit([&](auto& network) { share(network, wishes); }, input.network);
  Problems problems;
  if (const auto* real = std::get_if<Network>(&input.network)) {
    for (const std::string& problem : check(*real)) problems.add(problem);
  } else {
    problems = check(std::get<IntNetwork>(input.network));
  }
  problems.throw_if_any("--share on " + input.name);
}

std::vector<std::string> notes_on_sharing(const Application& app) {
  std::vector<std::string> notes;
  for (std::size_t p = 0; p < app.populations.size(); ++p) {
    std::size_t membranes = 0, neurons = 0;
    std::uint32_t passes = 1;
    for (const Cluster& cluster : app.clusters) {
      if (cluster.population.index() != p || cluster.passes == 1) continue;
      passes = cluster.passes;
      membranes += cluster.membranes();
      neurons += cluster.neuron_count();
    }
    if (passes == 1) continue;
    notes.push_back("shared: " + std::to_string(passes) + " groups of '" + app.populations[p] +
                    "' pass through " + std::to_string(membranes) +
                    " membranes, one after another, in place of " + std::to_string(neurons));
  }
  return notes;
}

}  // namespace spikeloom

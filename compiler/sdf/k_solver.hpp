// Inside k_periodic and buffers: the constraints on a schedule that repeats every K rounds of each actor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/base/ratio.hpp"
#include "compiler/sdf/component_solver.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/k_links.hpp"
#include "compiler/sdf/k_periodic.hpp"
#include "compiler/sdf/phased_graph.hpp"
#include "compiler/sdf/repetition.hpp"

namespace spikeloom::sdf {

/// True for actors whose firings come one at a time, and so end in their order.
[[nodiscard]] std::vector<bool> sequential_actors(const PhasedGraph& graph);

/// For given K: nodes are the firings of K rounds of each actor, edges S_target >= S_source + weight - period
/// · height, with heights in whole parts of an iteration, `parts(actor)` of which make one. Shifts are
/// multiples of gcd(written, read) of a round, so heights are multiples of 1/lcm of the two actors'
/// repetition counts: the least common multiple over a strong component is enough for its cycles. Only edges
/// within strong components are solved; the others come in with `starts`.
class KSolver {
 public:
  struct Edge {
    std::uint32_t source = 0, target = 0;  ///< nodes
    ChannelId channel = kNoChannel;        ///< kNoChannel: from phase to phase
    std::int64_t weight = 0;
    std::int64_t height = 0;  ///< may be negative; see KSolver::height
  };
  /// A cycle of edges. Infeasible: its height is not positive, so no period keeps it.
  struct Outcome {
    bool feasible = false;
    Ratio period;                      ///< an iteration, if feasible
    std::vector<std::uint32_t> cycle;  ///< edges; empty where there is no cycle: period 0
  };

  /// Throws Error{kInput} where the parts of an iteration would leave 64 bits.
  KSolver(const PhasedGraph& graph, Repetition repetition);

  [[nodiscard]] const Repetition& repetition() const { return repetition_; }
  [[nodiscard]] const std::vector<std::int64_t>& rounds() const { return rounds_; }
  void set_rounds(std::vector<std::int64_t> rounds);
  void set_tokens(ChannelId channel, std::int64_t tokens);
  void set_execution(ActorId actor, std::size_t phase, std::int64_t cycles);

  /// The least period of a schedule that repeats after K rounds.
  [[nodiscard]] Outcome solve();
  /// Raises K, from what it is, until the critical cycle shows that no schedule is faster, or is stuck in
  /// every schedule.
  [[nodiscard]] Outcome solve_exactly(Growth growth = Growth::kAsNeeded);

  /// Of the last `solve`. Cycles go from firing to firing: nodes that links share are not in them.
  [[nodiscard]] const Edge& edge(std::uint32_t index) const { return edges_[index]; }
  [[nodiscard]] ActorId actor_of(std::uint32_t node) const { return node_actor_[node]; }
  [[nodiscard]] std::int64_t firing_of(std::uint32_t node) const {
    return node - first_[node_actor_[node].index()];
  }
  [[nodiscard]] std::int64_t parts(ActorId actor) const { return parts_[actor_component_[actor.index()]]; }
  /// Of an edge, in parts: edges themselves hold it in the largest steps that this K allows.
  [[nodiscard]] std::int64_t height(std::uint32_t index) const {
    return edges_[index].height * step_[actor_component_[node_actor_[edges_[index].source].index()]];
  }
  /// How an edge of a channel stays a constraint when the channel's tokens change: its height for any number
  /// of tokens is height · ceil((tokens - from) / unit). With other tokens other edges may be stronger, but
  /// none of these is wrong.
  struct Rise {
    std::int64_t from = 0, unit = 1;  ///< tokens
    std::int64_t height = 0;          ///< a unit
  };
  [[nodiscard]] Rise rise_of(std::uint32_t edge) const;
  /// Starts that keep the period of the last feasible `solve`, by actor and firing, in cycles; at least 0.
  /// Throws Error{kInput} where the parts of all components together leave 64 bits.
  [[nodiscard]] std::vector<std::vector<Ratio>> starts();
  /// What to raise K to, so that this cycle is exact; nothing if it is.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> raised(
      const std::vector<std::uint32_t>& cycle) const;

 private:
  struct Arc {
    ChannelRounds rounds;  ///< K of its ends included
    std::uint32_t source = 0, target = 0;
    std::int64_t latency = 0;
    std::int64_t base = 1, parts_a_base = 0;  ///< tokens; shifts are multiples of it
    bool inside = false;                      ///< of a strong component
    bool stale = true;
    std::vector<Link> links;
    std::vector<std::int64_t> nodes;  ///< remainders of the nodes that links share; empty: direct links
    SharedLinks shared;
  };

  enum class Extent {
    kComponents,  ///< edges within strong components
    kAll,
  };

  void link(Arc& arc) const;
  [[nodiscard]] std::int64_t height_of(const Arc& arc, std::int64_t shift) const;
  void add_nodes();
  void add_orders();
  void add_links(const Arc& arc, ChannelId channel);
  void assemble(Extent extent);
  void divide_heights(Extent extent);
  void check_heights() const;
  void guess_levels();
  [[nodiscard]] std::vector<std::uint32_t> level_heights();
  void group();
  [[nodiscard]] std::int64_t levelled(const Edge& edge) const {
    return edge.height + level_[edge.source] - level_[edge.target];
  }
  [[nodiscard]] std::vector<std::uint32_t> cycle_without_height();
  void find_node_components();
  void solve_components(Outcome& outcome);
  template <class Int>
  void solve_component(std::span<const std::uint32_t> post, Ratio& best, std::vector<std::uint32_t>& cycle);
  /// From firing to firing, without the nodes between; empty if there is no firing on it.
  [[nodiscard]] std::vector<std::uint32_t> between_firings(const std::vector<std::uint32_t>& cycle);
  void refuse_size_of_expansion() const;

  Repetition repetition_;
  std::string name_;
  std::vector<std::vector<std::int64_t>> execution_;
  std::vector<bool> one_at_a_time_, any_order_;  ///< firings may end in any order
  std::vector<Arc> arcs_;
  std::vector<std::int64_t> parts_;  ///< of an iteration, by strong component of actors
  std::vector<std::int64_t> step_;   ///< parts that an edge's height counts, by strong component
  std::vector<std::int64_t> rounds_;
  std::vector<std::uint32_t> first_;
  std::vector<ActorId> node_actor_;
  std::uint32_t firings_ = 0;  ///< nodes; those from here on are shared by links
  std::vector<Edge> edges_;
  std::vector<std::int64_t> level_;                  ///< by node: makes all heights at least 0
  std::vector<std::uint32_t> out_first_, out_;       ///< edges by source
  std::vector<std::uint32_t> actor_component_;       ///< by actor
  std::size_t components_ = 0;                       ///< of nodes
  std::vector<std::uint32_t> missing_, order_;       ///< nodes in the order of edges without height
  std::vector<std::uint32_t> component_of_, local_;  ///< by node
  Component component_;
  std::vector<ChannelId> policy_;  ///< by node: the number within its edges, from solve to solve
  Ratio period_;                   ///< of the last solve
};

}  // namespace spikeloom::sdf

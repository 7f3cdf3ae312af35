// Multi-rate graphs: SDF, and CSDF, whose actors go through phases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/sdf/graph.hpp"

namespace spikeloom::sdf {

/// Firing n of an actor with p phases is in phase n mod p. SDF: one phase everywhere.
struct PhasedChannel {
  ActorId source{};
  ActorId target{};
  std::vector<std::int64_t> produce{1};  ///< tokens written by a firing, by phase of `source`; not all 0
  std::vector<std::int64_t> consume{1};  ///< tokens read by a firing, by phase of `target`; not all 0
  std::int64_t tokens = 0;               ///< initial tokens, 0 to kMaxTokens
  std::int64_t latency = 0;              ///< cycles beyond the source's execution, 0 to kMaxTime

  friend bool operator==(const PhasedChannel&, const PhasedChannel&) = default;
};

/// A firing starts when every channel holds what it reads, takes its execution time, and then writes. Firings
/// of an actor with one phase may overlap unless a channel to itself forbids it (SDF3's meaning); an actor
/// with several goes from phase to phase and never overlaps itself, so tokens are written in the order in
/// which they are read. `let_phases_overlap` drops that for an actor: each of its firings waits for the
/// tokens that it reads and for nothing else, and the n-th token of a channel is the one that the writer's
/// firings write n-th in their order, whichever ends first (Kiter's meaning).
///
/// Units   cycles.
/// Throws  Error{kInput} naming the actor or channel for anything outside the limits.
class PhasedGraph {
 public:
  explicit PhasedGraph(std::string name = {}) : name_(std::move(name)) {}

  ActorId add_actor(std::string name, std::vector<std::int64_t> execution);
  ChannelId add_channel(PhasedChannel channel, std::string name = {});

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t actor_count() const { return execution_.size(); }
  [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }
  [[nodiscard]] const std::string& name(ActorId actor) const { return actor_names_[actor.index()]; }
  [[nodiscard]] const std::string& name(ChannelId channel) const { return channel_names_[channel.index()]; }
  /// Execution times by phase.
  [[nodiscard]] const std::vector<std::int64_t>& execution(ActorId actor) const {
    return execution_[actor.index()];
  }
  [[nodiscard]] std::size_t phases(ActorId actor) const { return execution(actor).size(); }
  [[nodiscard]] const PhasedChannel& channel(ChannelId channel) const { return channels_[channel.index()]; }
  [[nodiscard]] const std::vector<PhasedChannel>& channels() const { return channels_; }
  /// A channel to itself still bounds how many of its firings overlap. Of no effect with one phase.
  void let_phases_overlap(ActorId actor);
  [[nodiscard]] bool phases_overlap(ActorId actor) const { return overlap_[actor.index()]; }
  void set_tokens(ChannelId channel, std::int64_t tokens);
  void set_execution(ActorId actor, std::size_t phase, std::int64_t cycles);

  friend bool operator==(const PhasedGraph&, const PhasedGraph&) = default;

 private:
  std::string name_;
  std::vector<std::string> actor_names_;
  std::vector<std::vector<std::int64_t>> execution_;
  std::vector<bool> overlap_;
  std::vector<PhasedChannel> channels_;
  std::vector<std::string> channel_names_;
};

/// `channel "x" from "a" to "b"`, for messages.
[[nodiscard]] std::string title(const PhasedGraph& graph, ChannelId channel);

/// Throws Error{kInput} naming an actor whose phases may overlap, which `method` does not take.
void refuse_overlapping_phases(const PhasedGraph& graph, const std::string& method);

/// The same graph, every actor in one phase.
[[nodiscard]] PhasedGraph phased(const Graph& graph, std::string name = {});

/// The other way: one phase everywhere. Throws Error{kInput} naming an actor or channel with more.
[[nodiscard]] Graph single_phase(const PhasedGraph& graph);

}  // namespace spikeloom::sdf

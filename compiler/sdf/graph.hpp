// Dataflow graphs: actors that take time, channels that carry tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/base/ids.hpp"

namespace spikeloom::sdf {

using ActorId = Id<struct ActorTag>;
using ChannelId = Id<struct ChannelTag>;

/// The longest execution time and latency that a graph takes, so that their sum is always a number.
inline constexpr std::int64_t kMaxTime = std::int64_t{1} << 59;
/// The most initial tokens that a channel takes.
inline constexpr std::int64_t kMaxTokens = std::int64_t{1} << 59;

/// What one firing of `source` hands to firings of `target`. With both rates 1 it means
///
///   start_target(k) >= start_source(k - tokens) + execution(source) + latency     for k >= tokens.
struct Channel {
  ActorId source{};
  ActorId target{};
  std::int64_t tokens = 0;   ///< initial tokens, 0 to kMaxTokens
  std::int64_t latency = 0;  ///< cycles beyond the source's execution, 0 to kMaxTime
  std::int64_t produce = 1;  ///< tokens written by a firing of `source`, at least 1
  std::int64_t consume = 1;  ///< tokens read by a firing of `target`, at least 1

  friend bool operator==(const Channel&, const Channel&) = default;
};

/// Actors and channels, numbered in the order in which they were added. Several channels between the
/// same two actors and channels from an actor to itself are allowed; names need not differ.
///
/// Firings of one actor may overlap unless a channel forbids it: see `forbid_overlap`.
/// Units   cycles.
/// Throws  Error{kInput} naming the actor or channel for anything outside the limits above.
class Graph {
 public:
  ActorId add_actor(std::string name, std::int64_t execution);
  ChannelId add_channel(const Channel& channel, std::string name = {});
  /// One token from the actor to itself: its firings run one after the other.
  ChannelId forbid_overlap(ActorId actor);

  [[nodiscard]] std::size_t actor_count() const { return execution_.size(); }
  [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }

  [[nodiscard]] const std::string& name(ActorId actor) const { return actor_names_[actor.index()]; }
  [[nodiscard]] const std::string& name(ChannelId channel) const { return channel_names_[channel.index()]; }
  [[nodiscard]] std::int64_t execution(ActorId actor) const { return execution_[actor.index()]; }
  [[nodiscard]] const Channel& channel(ChannelId channel) const { return channels_[channel.index()]; }
  /// Channels by id.
  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }
  /// execution(source) + latency: from a firing's start to its token's arrival.
  [[nodiscard]] std::int64_t weight(ChannelId channel) const { return weight(channels_[channel.index()]); }
  [[nodiscard]] std::int64_t weight(const Channel& channel) const {
    return execution_[channel.source.index()] + channel.latency;
  }
  /// True if every firing consumes and produces one token on each of its channels.
  [[nodiscard]] bool homogeneous() const { return multirate_channels_ == 0; }

  void set_execution(ActorId actor, std::int64_t execution);
  void set_latency(ChannelId channel, std::int64_t latency);
  void set_tokens(ChannelId channel, std::int64_t tokens);

  friend bool operator==(const Graph&, const Graph&) = default;

 private:
  void check(const Channel& channel, const std::string& name) const;

  std::vector<std::string> actor_names_;
  std::vector<std::int64_t> execution_;
  std::vector<Channel> channels_;
  std::vector<std::string> channel_names_;
  std::size_t multirate_channels_ = 0;
};

/// Throws Error{kInput} naming the first channel whose rates are not both 1.
void require_homogeneous(const Graph& graph);

}  // namespace spikeloom::sdf

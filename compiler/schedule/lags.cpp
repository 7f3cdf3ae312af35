#include "compiler/schedule/lags.hpp"

#include <algorithm>
#include <optional>

namespace spikeloom {

Lags least_lags(std::size_t actors, std::span<const sdf::Channel> channels) {
  Lags lags;
  lags.lag.assign(actors, 0);
  std::vector<std::size_t> by(actors, 0);  // the channel that last raised an actor's lag
  const auto pass = [&] {
    std::optional<std::size_t> last;
    for (std::size_t c = 0; c < channels.size(); ++c) {
      const sdf::Channel& channel = channels[c];
      const std::int64_t least = lags.lag[channel.source.index()] - channel.tokens;
      if (least <= lags.lag[channel.target.index()]) continue;
      lags.lag[channel.target.index()] = least;
      by[channel.target.index()] = c;
      last = c;
    }
    return last;
  };
  std::optional<std::size_t> raised = pass();
  for (std::size_t round = 0; raised && round <= actors; ++round) raised = pass();
  if (!raised) return lags;
  // Those that raised lags lead back into a circle.
  sdf::ActorId at = channels[*raised].target;
  for (std::size_t n = 0; n < actors; ++n) at = channels[by[at.index()]].source;
  const sdf::ActorId first = at;
  do {
    lags.circle.push_back(by[at.index()]);
    at = channels[by[at.index()]].source;
  } while (at != first);
  std::reverse(lags.circle.begin(), lags.circle.end());
  return lags;
}

}  // namespace spikeloom

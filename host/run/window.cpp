#include "host/run/window.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/schedule/schedule.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// The most pages that a firing on a tile of the image takes.
std::size_t longest_batch(const ImageView& image) {
  std::size_t most = 1;
  for (const Cluster& cluster : image.application.clusters)
    most = std::max(most, batch_times(cluster, image.chip.kind(cluster.kind)).size());
  return most;
}

void require_sound(const ImageView& image, const Promise& promise) {
  SPIKELOOM_CHECK(verify(image, promise, {image.contracts.begin(), image.contracts.end()}).empty());
}

}  // namespace

void check_window(const ImageView& image, std::uint32_t window) {
  if (window == 0) return;
  if (window > hw::kLimitWindow)
    throw input_error("--window " + std::to_string(window) + ": expected 1 to " +
                      std::to_string(hw::kLimitWindow) + " steps");
  const std::uint64_t sinks = std::uint64_t{image.binding.first_sink} + image.application.sinks.size();
  if (sinks > image.chip.host.window_sinks)
    throw input_error("--window " + std::to_string(window) + ": the outputs of " + image.application.name +
                      " arrive at the host's sinks up to number " + std::to_string(sinks - 1) + ", and " +
                      image.chip.name + " counts the end-of-steps of " +
                      std::to_string(image.chip.host.window_sinks) +
                      "; raise host.window_sinks in the chip file to " + std::to_string(sinks) +
                      ", or spread the output populations less");
}

std::vector<Promise> promises_with_window(const Image& image, std::uint32_t window) {
  if (window == 0) return image.promises;
  check_window(image, window);
  const ImageView view = ImageView(image).with_window(window);
  auto found = guarantee(view);
  if (const auto* dead = std::get_if<Deadlocked>(&found)) {
    SPIKELOOM_CHECK(dead->is_of_batches);
    throw input_error("--window " + std::to_string(window) + ": a tile of " + image.application.name +
                      " fires up to " + std::to_string(longest_batch(view)) +
                      " pages at once, so it waits for steps that wait for its outputs: " + dead->cycle +
                      "; give a window of at least so many steps");
  }
  std::vector<Promise> promises{std::get<Promise>(std::move(found))};
  const Promise& guaranteed = promises.front();
  require_sound(view, guaranteed);
  if (image.promises.size() > 1) {
    Promise contracted = promise_under(view, guaranteed, image.contracts);
    require_sound(view, contracted);
    // A loop that waits for every burst may be better off with the worst case.
    if (contracted.period < guaranteed.period) promises.push_back(std::move(contracted));
  }
  return promises;
}

}  // namespace spikeloom

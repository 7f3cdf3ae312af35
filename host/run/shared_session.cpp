#include "host/run/shared_session.hpp"

#include <algorithm>
#include <cstdlib>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::int64_t first_origin(const Chip& chip, std::int64_t cycle) {
  const std::int64_t wheel = std::max(chip.spike_wheel, chip.credit_wheel);
  return (cycle + kStartMargin + wheel - 1) / wheel * wheel;
}

std::vector<DeviceRun> run_shared(Link& link, const std::vector<Stay>& stays, const SharedOptions& options) {
  SPIKELOOM_CHECK(!stays.empty() && stays.front().enters == 0 && stays.front().origin == 0 &&
                  !stays.front().gives_back);
  Exchange exchange(link, options.quiet_limit);
  RunLoopOptions looping{.company = Company::kShared, .feed_seed = options.feed_seed};
  if (options.on_steps)
    looping.on_words = [&](const RunLoop& loop) {
      std::vector<std::int64_t> ended;
      for (std::size_t s = 0; s < stays.size(); ++s)
        ended.push_back(static_cast<std::int64_t>(loop.collector(s).ended()));
      options.on_steps(ended);
    };
  RunLoop loop(exchange, stays, std::move(looping));
  const ImageView& first = stays.front().image;
  exchange.check_chip(first.chip);
  Program program = spikeloom::program(first);
  exchange.write(std::move(program.load));
  exchange.write(std::move(program.start));
  const auto status = [&] { return hw::RegHostStatus::unpack(exchange.read(0, hw::kAddrNodeStatus)); };
  exchange.wait_until([&] { return status().under_way != 0; }, "waiting for cycle 0");
  loop.run();
  exchange.wait_until([&] { return status().busy == 0; }, "waiting for the end of the run");
  return loop.results();
}

std::int64_t stalled_by_others(const DeviceRun& beside_others, const DeviceRun& alone) {
  SPIKELOOM_CHECK(beside_others.tiles.size() == alone.tiles.size());
  std::int64_t cycles = 0;
  for (std::size_t t = 0; t < alone.tiles.size(); ++t)
    for (const auto counter : {&TileCounters::busy, &TileCounters::wait_input, &TileCounters::wait_output})
      cycles += std::abs(beside_others.tiles[t].*counter - alone.tiles[t].*counter);
  return cycles;
}

}  // namespace spikeloom

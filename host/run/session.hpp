// One image on one device: programmed, run, read out. All of the protocol that lies above the link.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"
#include "host/data/dataset.hpp"
#include "host/data/outputs.hpp"
#include "host/device/link.hpp"

namespace spikeloom {

/// A tile's counters over a run, in cycles where they are times.
struct TileCounters {
  std::int64_t firings = 0, busy = 0, wait_input = 0, wait_output = 0, spikes = 0, words = 0;
  std::int64_t contract_broken = 0, contract_first = 0;
  friend bool operator==(const TileCounters&, const TileCounters&) = default;
};

/// What one run of a dataset gave. Cycles are the device's own stamps.
struct DeviceRun {
  /// False: the device has no target cycles; sent, ended and tiles are empty.
  bool timed = true;
  std::vector<std::int64_t> sent;   ///< b(k): the host's last end-of-step of step k was on the wire
  std::vector<std::int64_t> ended;  ///< e(k): the last end-of-step of step k was at the host sink
  RunOutputs outputs;               ///< in NIR order; no decision yet
  std::int64_t output_spikes = 0;
  std::vector<TileCounters> tiles;  ///< by TileId
};

struct SessionOptions {
  std::chrono::seconds quiet_limit{120};  ///< no word either way for so long is a time-out
  /// Called now and then with the number of steps that have ended, and what has come out up to then
  /// (nothing where a device gives its outputs at the end).
  std::function<void(std::int64_t ended, const RunOutputs& so_far)> on_steps{};
};

class Session {
 public:
  /// Checks that the device is the chip that the image was compiled for, and programs it.
  /// Throws Error{kDevice} naming both hashes where it is not.
  Session(Link& link, const Image& image, SessionOptions options);

  /// Runs the samples back to back. Throws Error{kDevice} that says which step it waited for when the
  /// device stands still, and what was wrong when a word makes no sense.
  [[nodiscard]] DeviceRun run(const Dataset& data);

  /// Membranes (or currents) of every cluster, by ClusterId and NIR order within the cluster's positions.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> read_state(std::uint32_t memory);

 private:
  class Collector;

  void write(const std::vector<Word>& words);
  [[nodiscard]] std::uint32_t read(std::uint32_t node, std::uint32_t address);
  [[nodiscard]] TileCounters read_counters(std::uint32_t node);
  void wait_until_done();
  /// Moves words both ways once; true if any moved. Received words go to `received_`.
  bool exchange(std::vector<Word>& outgoing, std::size_t& sent);
  void check_alive(bool moved, const std::string& waiting_for);

  Link& link_;
  const Image& image_;
  SessionOptions options_;
  std::vector<Word> received_;
  std::chrono::steady_clock::time_point last_moved_;
};

}  // namespace spikeloom

// The compiler's result: one file (.loom) that a device can be programmed from and a report be written
// from. Compiler and host share this value and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <spikeloom/promise.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/map/binding.hpp"
#include "compiler/partition/application.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

/// What a tile's leaky counter checks: over any run of n firings the work stays under sigma + rho·n cycles.
struct TileContract {
  static constexpr std::uint32_t kOff = 0xFFFFFFFFU;  ///< as sigma: nothing is checked
  std::uint32_t rho = 0;                              ///< cycles a firing, hw::kContractFractionBits
  std::uint32_t sigma = kOff;                         ///< cycles, hw::kContractFractionBits
  friend bool operator==(const TileContract&, const TileContract&) = default;
};

/// An operating point's timing: the graph of compiler/schedule, with what a placement decides named. Times in
/// cycles / kTimeScale (its timing_graph.hpp).
struct PointGraph {
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFFU;
  struct Actor {
    std::string name;               ///< without its tile
    std::uint32_t tile = kNowhere;  ///< of the point's binding; kNowhere: the host
    std::int64_t execution = 0, lower = 0;
    friend bool operator==(const Actor&, const Actor&) = default;
  };
  struct Arc {
    std::string name;
    std::uint32_t source = 0, target = 0;
    std::int64_t tokens = 0, latency = 0;
    friend bool operator==(const Arc&, const Arc&) = default;
  };
  /// One destination of a channel.
  struct End {
    std::uint32_t arrival = 0;  ///< arc whose latency grows with hops
    std::uint32_t credit = kNowhere,
                  pages =
                      kNowhere;  ///< actor that waits for the credit slot, arc that grows with credit_hops
    friend bool operator==(const End&, const End&) = default;
  };
  std::vector<Actor> actors;
  std::vector<Arc> arcs;
  std::vector<std::uint32_t> senders;  ///< actor by channel of the binding
  std::vector<End> ends;               ///< by destination, channel after channel
  std::uint32_t source = 0, sink = 0;  ///< actors
  friend bool operator==(const PointGraph&, const PointGraph&) = default;
};

/// One way to run the application anywhere on a chip of this kind: clusters that share a tile, orders, pages
/// and tables as they will be, and how many slots each channel gets. The certificate holds for every
/// placement whose hops, worst sends and worst waits for a credit are within the budgets.
struct OperatingPoint {
  Binding
      binding;  ///< tiles 0 .. orders.size() − 1; slots: that many, spread evenly; the host's numbers from 0
  PointGraph graph;                       ///< of that binding
  std::vector<std::int64_t> send_budget;  ///< cycles from decision to end-of-step, by channel
  std::vector<std::int64_t> wait_budget;  ///< cycles for a credit slot, by destination; 0 at the host
  std::uint32_t hop_budget = 0;           ///< routers, of every way between two tiles or to the host
  Ratio period;                           ///< guaranteed under the budgets, cycles a step
  std::int64_t offset = 0, latency = 0;   ///< cycles
  std::vector<std::int64_t> potentials;   ///< by actor: the certificate of the period under the budgets
  std::vector<StartRuns> latest_starts;   ///< of the latency: see Promise
  friend bool operator==(const OperatingPoint&, const OperatingPoint&) = default;

  [[nodiscard]] std::size_t tiles() const { return binding.orders.size(); }
  [[nodiscard]] std::size_t slots() const;  ///< of all channels and credit paths
};

struct Image {
  Chip chip;
  Application application;
  Binding binding;
  std::vector<Promise> promises;
  std::vector<TileContract> contracts;  ///< by TileId; empty: all off
  std::string metadata = "{}";          ///< JSON object: seed, versions, quantiser's report, ...
  std::vector<OperatingPoint> points;   ///< for admission beside others; the shortest period first
  friend bool operator==(const Image&, const Image&) = default;
};

/// The part of an image that a device is programmed with and that timing follows from: what a search has
/// before there is an image, and how it is run. Refers to what it was made of.
/// What the host port's exit unit is told of a run with a window: of which output, and the margin at which a
/// sample ends.
struct ExitSetup {
  std::uint32_t first_sink = 0, sinks = 0;  ///< of the readout, of the application's
  std::uint32_t neurons = 0;
  std::uint32_t margin = 0;  ///< in the readout's integer units
};

struct ImageView {
  const Chip& chip;
  const Application& application;
  const Binding& binding;
  std::span<const TileContract> contracts;  ///< by TileId; empty: all off
  /// Steps that the host may be ahead of the outputs: step k waits for the outputs of step k − window. 0: it
  /// waits for none. No table depends on it, so it is a run's and not the image's.
  std::uint32_t window = 0;
  /// Where set, the chip's exit unit ends samples of the run. Only with a window.
  std::optional<ExitSetup> exit{};

  // Implicit: wherever a view will do, so will an image.
  ImageView(const Image& image)  // NOLINT(google-explicit-constructor)
      : ImageView(image.chip, image.application, image.binding, image.contracts) {}
  ImageView(const Chip& c, const Application& a, const Binding& b, std::span<const TileContract> k = {})
      : chip(c), application(a), binding(b), contracts(k) {}
  /// The same, run with a window.
  [[nodiscard]] ImageView with_window(std::uint32_t steps) const {
    ImageView view = *this;
    view.window = steps;
    return view;
  }
  /// The same, with samples ended by the chip.
  [[nodiscard]] ImageView with_exit(const std::optional<ExitSetup>& setup) const {
    ImageView view = *this;
    view.exit = setup;
    return view;
  }
};

/// What is wrong with the set of an image's promises: a guaranteed one comes first, then at most one sampled
/// one and at most one contracted one. Says nothing about whether they hold. Empty: nothing.
[[nodiscard]] std::vector<std::string> promise_faults(const std::vector<Promise>& promises);
/// Throws Error{kInput} where there are any; `name` is the image's in the message. Whoever holds an image
/// against its promises asks first, for without a guarantee everything would be kept.
void require_guarantee(const Image& image, const std::string& name);

/// Bytes of the file: a pure function of the image.
[[nodiscard]] std::vector<std::uint8_t> encode(const Image&);
/// Throws Error{kInput} for anything that `encode` would not have written; `name` stands in messages.
[[nodiscard]] Image decode(const std::vector<std::uint8_t>& bytes, const std::string& name);

/// As write_file: a reader sees the old file or the whole new one.
void write_image(const Image&, const std::string& path);
[[nodiscard]] Image read_image(const std::string& path);

/// Words for the host link (RING_WRITE). `load` once after reset or after another image: all tables,
/// memories and routes, of every node (unused ones empty). `start` before every run: clear all nodes, the
/// dynamic values that do not start at 0, run on the tiles, run on the host last.
struct Program {
  std::vector<std::uint64_t> load;
  std::vector<std::uint64_t> start;
};
[[nodiscard]] Program program(const ImageView&);

/// Words that put an application beside others on a chip that runs, while its target time stands still. Its
/// tiles are nobody else's; of the slot and route tables only entries that change are written, and `resident`
/// keep what is theirs.
[[nodiscard]] std::vector<std::uint64_t> entering_words(std::span<const ImageView> resident,
                                                        const ImageView&);
/// Words that start applications (a bit each, by Binding::application) in a target cycle: a multiple of both
/// wheels, and where the chip runs, at least kStartMargin after the cycle in which it stands still.
[[nodiscard]] std::vector<std::uint64_t> start_words(std::uint32_t applications, std::int64_t cycle);
inline constexpr std::int64_t kStartMargin = 8;
/// Words that free what an application held whose run has ended, while target time stands still.
[[nodiscard]] std::vector<std::uint64_t> leaving_words(std::span<const ImageView> staying, const ImageView&);

/// Everything that `check` of partition and map re-derive without the network: references in range, tables
/// within the tile, addresses inside their memories, slots free of contention. Lists all faults; empty:
/// sound.
[[nodiscard]] std::vector<std::string> check(const Image&);
/// The same of what a search has.
[[nodiscard]] std::vector<std::string> check(const ImageView&);

/// Stable text for --dump and `info`.
[[nodiscard]] std::string print(const Image&);

}  // namespace spikeloom

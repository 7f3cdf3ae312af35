// A random application on a mesh of tiles with the stand-in core, as image words and as a cycle model.
//
// Applications on the tiles, slots and host numbers that others leave free are drawn one by one.
//
// The model is docs/protocol.md, sections 2 to 6, written down plainly: one loop turn is one target cycle,
// decisions see the state at its start. It knows channels and latencies, not routers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/rtl_net/chip_bench.hpp"

namespace spikeloom::test {

struct MeshShape {
  unsigned width, height, contexts, page_rows, page_chunks, page_blocks, deliveries, channels,
      credit_counters, out_entries, order_entries, spike_wheel, credit_wheel, host_channels, host_counters,
      applications, firing_pages, looks;
};

/// Cycles by which pages in blocks start later (rtl/node/block_pages.sv).
[[nodiscard]] constexpr unsigned page_delay(const MeshShape& shape) { return shape.page_blocks > 0 ? 2 : 0; }

/// What an application may use of a chip.
struct MeshSpace {
  std::vector<unsigned> tiles = {};
  unsigned application = 0;
  unsigned first_channel = 0, channels = 0;  // of the host
  unsigned first_counter = 0, counters = 0;  // of the host
  unsigned first_sink = 0, sinks = 64;
  unsigned least_steps = 1, steps = 12;  // least_steps to least_steps + steps - 1
  unsigned slots = 0;                    // at most, a channel
  bool saturated = false;                // every input bit is a spike
};

/// Entries of slot and route tables that are not 0, by node and ring address. Those of applications on
/// disjoint slots have no bit in common.
using MeshTables = std::map<std::pair<unsigned, std::uint32_t>, std::uint32_t>;

struct MeshContext {
  unsigned tile = 0, local = 0, first_row = 0, rows = 0, updates = 0, state = 0, first_out = 0, chunks = 0,
           inbound = 0, skip = 0;
  bool alternate = false;       // of the stand-in core: each page's update follows its integration, or it
                                // looks at one page after the other
  std::vector<unsigned> limit;  // by steps since the sample began
};
struct MeshDelivery {  // an inbound (channel, context) pair
  unsigned channel = 0, context = 0, delay = 0, first_chunk = 0, first = 0, count = 0, local = 0, latency = 0;
  unsigned credit_latency = 0, counter = 0;
  std::vector<unsigned> credit_slots = {};
};
struct MeshChannel {  // source context, or -1: the host
  int context = -1;
  unsigned local = 0, latency_to_sink = 0;
  bool to_sink = false;
  unsigned sink = 0;
  std::vector<unsigned> slots = {}, deliveries = {};
};

struct MeshCase {
  MeshShape shape{};
  MeshSpace space{};
  std::vector<MeshContext> contexts;
  std::vector<MeshChannel> channels;
  std::vector<MeshDelivery> deliveries;
  MeshTables tables;
  std::vector<Word> configuration;  // of its tiles and of its numbers at the host
  std::vector<Word> dynamic, run;   // after `clear`: what does not start at 0; its tiles' run
  std::vector<Word> image, start;  // alone on the chip: all tables with the configuration; a run from cycle 0
  std::vector<Word> input;
  bool valid = false;
};

struct MeshResult {
  std::vector<Word> sent, sink;
  std::vector<std::uint64_t> firings, wait_input, wait_output;  // by tile
  std::vector<unsigned> batches;                                // firings by their number of pages
  unsigned voids = 0;                                           // firings of a void page
  bool finished = false;
};

/// Draws a case; `valid` is false when the slots did not suffice.
MeshCase draw_case(const MeshShape& shape, std::uint64_t seed);
/// Draws an application in `space`, on slots that are free in all of `taken`.
MeshCase draw_application(const MeshShape& shape, std::uint64_t seed, const MeshSpace& space,
                          const std::vector<const MeshTables*>& taken);
/// Writes of every slot and route entry of the chip: of all of these together, 0 where there is none.
std::vector<Word> table_words(const MeshShape& shape, const std::vector<const MeshTables*>& tables);
/// What the chip must send, word for word, in each of the two orders.
MeshResult simulate(const MeshCase& mesh, std::uint64_t limit);

}  // namespace spikeloom::test

// A random application on a mesh of tiles with the stand-in core, as image words and as a cycle model.
//
// The model is docs/protocol.md, sections 2 to 6, written down plainly: one loop turn is one target cycle, decisions
// see the state at its start. It knows channels and latencies, not routers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/rtl_net/chip_bench.hpp"

namespace spikeloom::test {

struct MeshShape {
  unsigned width, height, contexts, page_rows, page_chunks, deliveries, channels, credit_counters, out_entries,
      order_entries, spike_wheel, credit_wheel, host_channels;
};

struct MeshContext {
  unsigned tile = 0, local = 0, first_row = 0, rows = 0, updates = 0, state = 0, first_out = 0, chunks = 0, inbound = 0,
           skip = 0;
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
  std::vector<MeshContext> contexts;
  std::vector<MeshChannel> channels;
  std::vector<MeshDelivery> deliveries;
  std::vector<Word> image, start, input;
  bool valid = false;
};

struct MeshResult {
  std::vector<Word> sent, sink;
  std::vector<std::uint64_t> firings, wait_input, wait_output;  // by tile
  bool finished = false;
};

/// Draws a case; `valid` is false when the slots did not suffice.
MeshCase draw_case(const MeshShape& shape, std::uint64_t seed);
/// What the chip must send, word for word, in each of the two orders.
MeshResult simulate(const MeshCase& mesh, std::uint64_t limit);

}  // namespace spikeloom::test

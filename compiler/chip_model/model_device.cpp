#include "compiler/chip_model/model_device.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/chip_model/exit_unit.hpp"
#include "compiler/chip_model/model_memory.hpp"
#include "compiler/core/core.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

using device_model::Firing;
using device_model::NodeMemory;
using device_model::OutEntry;
using device_model::Page;

using Cycle = std::int64_t;

/// The slots of a wheel that one sender owns.
class OwnedSlots {
 public:
  OwnedSlots() = default;
  OwnedSlots(std::vector<std::uint32_t> slots, std::uint32_t wheel) : wait_(slots.empty() ? 0 : wheel, 0) {
    for (std::uint32_t phase = 0; phase < wait_.size(); ++phase) {
      std::uint32_t best = wheel;
      for (const std::uint32_t s : slots) best = std::min(best, (s + wheel - phase) % wheel);
      wait_[phase] = best;
    }
  }
  [[nodiscard]] bool empty() const { return wait_.empty(); }
  /// The first cycle >= t that lies in an owned slot.
  [[nodiscard]] Cycle next(Cycle t) const { return t + wait_[static_cast<std::size_t>(t) % wait_.size()]; }

 private:
  std::vector<std::uint32_t> wait_;
};

/// Where a flit sent in one slot arrives.
struct Arrival {
  std::uint32_t node = 0;
  std::uint32_t index = 0;  ///< delivery, sink channel or credit counter there
  Cycle hops = 0;
};

struct Flit {
  bool end = false;
  std::uint32_t index = 0;
  std::uint32_t mask = 0;
};

constexpr std::uint32_t kSampleEnd = 1;
constexpr std::uint32_t kRunEnd = 2;
constexpr std::uint32_t kVoid = 4;

/// What a void page is added to where it is alone, as from a core: ti − f and te − ti.
constexpr FiringTime kNothing{0, 1};

/// A credit counter: visible[n] is the first cycle that sees credit n.
struct Counter {
  std::uint32_t channel = 0;
  bool valid = false;
  std::deque<Cycle> visible;
};

/// A sender of spike flits, in a tile or in the host.
struct Channel {
  bool valid = false;
  std::uint32_t context = 0;
  OwnedSlots slots;
  std::vector<std::uint32_t> counters;
  bool pending = false;
  bool sending = false;    ///< host only: a step has begun
  Cycle ready = 0;         ///< first decision cycle of the next step
  std::size_t sent = 0;    ///< entries of the output buffer
  std::uint32_t step = 0;  ///< of the output buffer, the next to be sent
};

/// The credits that one delivery of a tile returns.
struct Returns {
  OwnedSlots slots;
  Cycle next = 0;  ///< first wire cycle that is free
};

struct Row {
  Page page;
  std::uint32_t ends = 0;
  bool sample_end = false;
  bool run_end = false;
  bool is_void = false;
  Cycle ready = 0;  ///< first cycle that sees everything delivered so far
};

struct Context {
  std::uint32_t read_page = 0;
  std::uint32_t count = 0;
  bool retired = false;
  std::uint32_t pending = 0;  ///< channels that have not sent the output buffer
  Cycle free = 0;             ///< first cycle that sees the output buffer free
  std::vector<OutEntry> out;
  std::uint32_t steps = 0;  ///< of `out`; `flags` are the last one's
  std::uint32_t flags = 0;
};

struct Counters {
  std::int64_t firings = 0, busy = 0, wait_input = 0, wait_output = 0, spikes = 0, core = 0, broken = 0,
               first = 0, weights = 0;
};

struct Node {
  NodeMemory memory;
  std::unique_ptr<CoreModel> core;  ///< tiles
  std::uint32_t batch = 1;          ///< pages that its core fires at once, at most
  bool armed = false;               ///< its sequencer goes once its application has started
  bool running = false;
  std::uint32_t app = 0;
  std::vector<Context> contexts;
  std::vector<Row> rows;
  std::vector<std::uint32_t> write_page;
  std::vector<Returns> returns;
  std::vector<Channel> channels;
  std::vector<Counter> counters;
  std::vector<std::vector<Arrival>> spike_arrivals, credit_arrivals;  ///< by slot of the wire cycle
  std::uint32_t position = 0, round = 0;
  Cycle load = 0;  ///< the sequencer's next LOAD cycle
  std::int64_t burst = 0;
  std::optional<MemoryWindow> stream;  ///< that weight deliveries write
  std::uint32_t loaded = 0;            ///< words of 16 bits of the load under way
  Counters counted;
  bool queued = false;
};

/// An application as the host port knows it.
struct Hosted {
  std::deque<Word> queue;
  bool live = false;        ///< started, and its final word not sent
  bool is_final = false;    ///< its final word is sent
  Cycle next = 0;           ///< first cycle that the host can decide for it
  std::uint16_t taken = 0;  ///< words that left the queue since its start
};

/// End-of-steps of a sink that no WAIT has taken: visible[n] is the first cycle that sees the n-th.
struct Tokens {
  std::deque<Cycle> visible;
  bool lost = false;  ///< there were more than the chip tells apart
};

class ModelDevice final : public ModelLink {
 public:
  ModelDevice(const Chip& chip, const std::function<TileCore(std::uint32_t, device_model::TileMemory&)>& core)
      : chip_(chip),
        nodes_(chip.tiles() + 1),
        apps_(chip.host.applications),
        tokens_(chip.host.window_sinks),
        exit_(chip) {
    nodes_[0].memory = NodeMemory::host(chip_);
    for (std::size_t n = 1; n < nodes_.size(); ++n) {
      const TileId tile(n - 1);
      nodes_[n].memory = NodeMemory::tile(chip_, chip_.kind_number(tile));
      TileCore made =
          core ? core(static_cast<std::uint32_t>(n), nodes_[n].memory) : own_core(tile, nodes_[n].memory);
      nodes_[n].core = std::move(made.model);
      nodes_[n].batch = made.pages;
      const TileKind& kind = chip_.kind_at(tile);
      if (const WeightStream stream = core_of(kind).streams(kind); stream.window)
        nodes_[n].stream = core_of(kind).windows(kind)[*stream.window];
    }
  }

  std::size_t send(std::span<const Word> words) override {
    std::size_t taken = 0;
    while (taken < words.size() && out_.size() < kOutputLimit && has_room(words[taken])) take(words[taken++]);
    return taken;
  }

  std::size_t receive(std::span<Word> words) override {
    const std::size_t n = std::min(words.size(), out_.size());
    std::copy_n(out_.begin(), n, words.begin());
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(n));
    return n;
  }

  bool progress() override {
    const std::uint64_t before = sent_words_;
    run();
    return sent_words_ != before;
  }

  std::string describe() const override { return "model"; }
  const ModelStatistics& statistics() const override { return statistics_; }
  std::int64_t quiet_from() const override { return quiet_from_; }
  void observe(std::function<void(const ModelFiring&)> observer) override { observer_ = std::move(observer); }
  void take_values_from(FiringSource source) override { source_ = std::move(source); }
  void give_values_to(FiringSink sink) override { sink_ = std::move(sink); }

  std::int32_t potential(std::uint32_t index, std::uint32_t context, std::uint32_t position) const override {
    return nodes_.at(index).core->potential(context, position);
  }

  std::vector<bool> spikes(std::uint32_t index, std::uint32_t context, std::uint32_t neurons) const override {
    const Node& node = nodes_.at(index);
    std::vector<bool> bits(neurons, false);
    if (node.memory.contexts.at(context).mode.readout != 0) return {};
    for (const OutEntry& entry : node.contexts.at(context).out) {
      if (entry.page + 1U != node.contexts[context].steps) continue;
      for (std::uint32_t b = 0; b < hw::kChunkBits; ++b)
        if ((entry.mask >> b & 1U) != 0 && entry.index * hw::kChunkBits + b < neurons)
          bits[entry.index * hw::kChunkBits + b] = true;
    }
    return bits;
  }

 private:
  static constexpr std::size_t kOutputLimit = 1U << 16U;

  TileCore own_core(TileId tile, device_model::TileMemory& memory) const {
    const TileKind& kind = chip_.kind_at(tile);
    const Core& core = core_of(kind);
    return {core.model(kind, memory), core.pages_per_firing(kind)};
  }

  static bool is_data(Word word) {
    return word >> 60U == hw::kKindChunk || word >> 60U == hw::kKindEos || word >> 60U == hw::kKindWait;
  }

  /// The application that a data word is for.
  Hosted& addressee(Word word) {
    const std::uint32_t app = hw::WordChunk::unpack(word).app;
    if (app >= apps_.size())
      throw device_error("model: application " + std::to_string(app) + " does not exist on this chip");
    return apps_[app];
  }

  bool has_room(Word word) { return !is_data(word) || addressee(word).queue.size() < chip_.host.queue_words; }

  void take(Word word) {
    switch (static_cast<std::uint32_t>(word >> 60U)) {
      case hw::kKindRingWrite: {
        const auto ring = hw::WordRing::unpack(word);
        if (ring.node >= nodes_.size())
          throw device_error("model: node " + std::to_string(ring.node) + " does not exist on this chip");
        if (ring.address == hw::kAddrNodeControl)
          control(ring.node, hw::RegControl::unpack(ring.data));
        else
          write(ring);
        return;
      }
      case hw::kKindRingRead: {
        run();
        auto ring = hw::WordRing::unpack(word);
        ring.kind = hw::kKindRingAnswer;
        ring.data = ring.node < nodes_.size() ? read(ring.node, ring.address) : 0;
        out_.push_back(ring.pack());
        return;
      }
      case hw::kKindChunk:
      case hw::kKindEos:
      case hw::kKindWait:
        addressee(word).queue.push_back(word);
        return;
      default:
        throw device_error("model: a word of unknown kind " + std::to_string(word >> 60U));
    }
  }

  void write(const hw::WordRing& ring) {
    Node& node = nodes_[ring.node];
    const std::uint32_t block = hw::Address::unpack(ring.address).block;
    if (ring.node == 0 && ring.address == hw::kAddrNodeStartLow) {
      start_low_ = ring.data;
      return;
    }
    if (ring.node == 0 && ring.address == hw::kAddrNodeStart) {
      const auto start = hw::RegStart::unpack(ring.data);
      arm(start.apps, static_cast<Cycle>(std::uint64_t{start.high} << 32U | start_low_));
      return;
    }
    if (ring.node == 0 && block == hw::kAddrBlockToken) {
      tokens_of(hw::AddressToken::unpack(ring.address).sink)
          .visible.assign(hw::RegToken::unpack(ring.data).count, 0);
      return;
    }
    if (ring.node == 0 && block == hw::kAddrBlockExit) {
      exit_.write(hw::AddressExit::unpack(ring.address).field, ring.data);
      return;
    }
    // Flits of others pass the router of a running tile.
    const bool is_route = block == hw::kAddrBlockSpikeRoute || block == hw::kAddrBlockCreditRoute;
    if (node.running && !is_route) throw device_error("model: a table of a running node was written");
    node.memory.write(ring.address, ring.data);
    if (node.core && (block == hw::kAddrBlockMemory || block == hw::kAddrBlockContext))
      node.core->invalidate();
  }

  void control(std::uint32_t index, const hw::RegControl& bits) {
    Node& node = nodes_[index];
    if (bits.clear != 0) {
      node.armed = node.running = false;
      node.counted = {};
      std::fill(node.memory.row_ends.begin(), node.memory.row_ends.end(), 0);
      if (index == 0) {
        started_ = false;
        starting_.clear();
        std::fill(apps_.begin(), apps_.end(), Hosted{});
        std::fill(tokens_.begin(), tokens_.end(), Tokens{});
        exit_.clear();
        quiet_from_ = 0;
      }
    }
    if (bits.run == 0) return;
    if (index == 0) {
      start();
    } else {
      node.armed = true;
      node.app = bits.app;
    }
  }

  // ---- start of a run: dynamic state from the registers, and the routes followed once ----

  struct Start {
    std::uint32_t apps = 0;  ///< a bit each
    Cycle at = 0;
  };

  void arm(std::uint32_t apps, Cycle at) {
    if (apps >> apps_.size() != 0)
      throw device_error("model: a start of an application that does not exist on this chip");
    if (started_)
      start_applications({apps, at});
    else
      starting_.push_back({apps, at});
  }

  void start() {
    work_.clear();
    nodes_[0].channels.assign(nodes_[0].memory.channels.size(), {});
    nodes_[0].counters.assign(nodes_[0].memory.credits.size(), {});
    for (std::uint32_t n = 1; n < nodes_.size(); ++n) set_up(n, 0);
    started_ = true;
    for (const Start& start : starting_) start_applications(start);
    starting_.clear();
  }

  /// Time needs no clock: what an application does from its first cycle on follows from its own words.
  void start_applications(const Start& start) {
    const auto is_meant = [&](std::uint32_t app) { return (start.apps >> app & 1U) != 0; };
    for (std::uint32_t a = 0; a < apps_.size(); ++a) {
      if (!is_meant(a)) continue;
      apps_[a].live = true;
      apps_[a].is_final = false;
      apps_[a].next = start.at;
      apps_[a].taken = 0;
    }
    set_up_host(is_meant);
    for (std::uint32_t n = 1; n < nodes_.size(); ++n) {
      Node& node = nodes_[n];
      if (!node.armed || !is_meant(node.app)) continue;
      set_up(n, start.at);
      node.running = true;
      schedule(n);
    }
  }

  template <class IsMeant>
  void set_up_host(const IsMeant& is_meant) {
    Node& host = nodes_[0];
    const NodeMemory& memory = host.memory;
    for (std::uint32_t c = 0; c < host.channels.size(); ++c)
      if (is_meant(memory.channels[c].context)) host.channels[c] = channel_of(memory, c);
    for (std::uint32_t c = 0; c < host.counters.size(); ++c) {
      const hw::RegCredit& credit = memory.credits[c];
      if (credit.valid != 0 && is_meant(memory.channels.at(credit.channel).context)) set_up_counter(host, c);
    }
    host.spike_arrivals = follow_all(0, &NodeMemory::spike_slots, &NodeMemory::spike_routes);
    host.credit_arrivals.assign(memory.credit_slots.size(), {});
  }

  static Channel channel_of(const NodeMemory& memory, std::uint32_t c) {
    Channel channel;
    channel.valid = memory.channels[c].valid != 0;
    channel.context = memory.channels[c].context;
    channel.slots = owned(memory.spike_slots, c);
    return channel;
  }

  static void set_up_counter(Node& node, std::uint32_t c) {
    const hw::RegCredit& credit = node.memory.credits[c];
    node.counters[c].valid = credit.valid != 0;
    node.counters[c].channel = credit.channel;
    node.counters[c].visible.assign(credit.count, 0);
    if (credit.valid != 0) node.channels.at(credit.channel).counters.push_back(c);
  }

  /// A tile's dynamic state, for a first LOAD in cycle `at`.
  void set_up(std::uint32_t index, Cycle at) {
    Node& node = nodes_[index];
    const NodeMemory& memory = node.memory;
    node.contexts.assign(memory.contexts.size(), {});
    node.rows.assign(memory.row_ends.size(), {});
    for (std::size_t r = 0; r < node.rows.size(); ++r) node.rows[r].ends = memory.row_ends[r];
    size_pages(node, chip_.kind_at(TileId{index - 1}));
    node.write_page.clear();
    for (const auto& delivery : memory.deliveries) node.write_page.push_back(delivery.page.write_page);
    node.position = node.round = 0;
    node.load = at;
    node.burst = 0;
    node.loaded = 0;
    node.queued = false;
    node.channels.clear();
    for (std::uint32_t c = 0; c < memory.channels.size(); ++c) node.channels.push_back(channel_of(memory, c));
    node.counters.assign(memory.credits.size(), {});
    for (std::uint32_t c = 0; c < node.counters.size(); ++c) set_up_counter(node, c);
    node.returns.assign(memory.deliveries.size(), {});
    for (std::uint32_t d = 0; d < node.returns.size(); ++d)
      node.returns[d].slots = owned(memory.credit_slots, d);
    node.spike_arrivals = follow_all(index, &NodeMemory::spike_slots, &NodeMemory::spike_routes);
    node.credit_arrivals = follow_all(index, &NodeMemory::credit_slots, &NodeMemory::credit_routes);
  }

  /// A page is as long as its context's deliveries make it. Pages that share a block would overwrite one
  /// another on the chip; here each has chunks of its own, so that is refused.
  static void size_pages(Node& node, const TileConfig& tile) {
    const NodeMemory& memory = node.memory;
    std::vector<std::uint32_t> chunks(memory.contexts.size(), 0);
    for (const auto& delivery : memory.deliveries) {
      if (delivery.page.valid == 0 || delivery.range.count == 0) continue;
      std::uint32_t& most = chunks.at(delivery.page.context);
      most = std::max(most, delivery.page.first_chunk + delivery.range.count);
    }
    std::vector<bool> taken(pages_in_blocks(tile) ? page_blocks(tile) : 0, false);
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      if (memory.contexts[c].mode.valid == 0) continue;
      if (chunks[c] > tile.page_chunks)
        throw device_error("model: a page has more chunks than the tile allows");
      for (std::uint32_t page = 0; page < memory.contexts[c].pages.rows; ++page) {
        const std::uint32_t row = memory.contexts[c].pages.first_row + page;
        node.rows.at(row).page.assign(chunks[c], 0);
        for (std::uint32_t b = 0; b < blocks_of_page(tile, chunks[c]); ++b) {
          const std::uint32_t block = memory.first_block[row] + b;
          if (block >= taken.size() || taken[block])
            throw device_error("model: block " + std::to_string(block) +
                               " of a page is outside the tile's, or another page's");
          taken[block] = true;
        }
      }
    }
  }

  static OwnedSlots owned(const std::vector<hw::RegSlot>& slots, std::uint32_t owner) {
    std::vector<std::uint32_t> list;
    for (std::uint32_t s = 0; s < slots.size(); ++s)
      if (slots[s].tx_valid != 0 && slots[s].tx == owner) list.push_back(s);
    return {list, static_cast<std::uint32_t>(slots.size())};
  }

  using Slots = std::vector<hw::RegSlot> NodeMemory::*;
  using Routes = std::vector<hw::RegRoute> NodeMemory::*;

  std::vector<std::vector<Arrival>> follow_all(std::uint32_t index, Slots slots, Routes routes) {
    std::vector<std::vector<Arrival>> all((nodes_[index].memory.*slots).size());
    for (std::uint32_t s = 0; s < all.size(); ++s) {
      if ((nodes_[index].memory.*slots)[s].tx_valid == 0) continue;
      const std::uint32_t first = index == 0 ? 1 : index;  // the host hangs on tile (0, 0)
      const std::uint32_t port = index == 0 ? hw::kPortWest : hw::kPortLocal;
      follow(first, port, s, 1, slots, routes, all[s]);
    }
    return all;
  }

  /// A flit is on input `port` of `node`'s router in slot `slot`, `hops - 1` cycles after it was sent.
  void follow(std::uint32_t node, std::uint32_t port, std::uint32_t slot, Cycle hops, Slots slots,
              Routes routes, std::vector<Arrival>& arrivals) {
    if (hops > 4 * static_cast<Cycle>(chip_.width + chip_.height) + 4)
      throw device_error("model: a route of slot " + std::to_string(slot) + " goes in circles");
    const auto& table = nodes_[node].memory.*routes;
    const hw::RegRoute& route = table[slot];
    const std::uint32_t selectors[5] = {route.north, route.east, route.south, route.west, route.local};
    const std::uint32_t next_slot = (slot + 1) % static_cast<std::uint32_t>(table.size());
    for (std::uint32_t out = 0; out < 5; ++out) {
      if (selectors[out] != port + 1) continue;
      const std::uint32_t x = (node - 1) % chip_.width;
      const std::uint32_t y = (node - 1) / chip_.width;
      if (out == hw::kPortLocal) {
        arrive(node, next_slot, hops, slots, arrivals);
      } else if (out == hw::kPortWest && x == 0 && y == 0) {
        arrive(0, next_slot, hops, slots, arrivals);
      } else if (out == hw::kPortNorth && y > 0) {
        follow(node - chip_.width, hw::kPortSouth, next_slot, hops + 1, slots, routes, arrivals);
      } else if (out == hw::kPortSouth && y + 1 < chip_.height) {
        follow(node + chip_.width, hw::kPortNorth, next_slot, hops + 1, slots, routes, arrivals);
      } else if (out == hw::kPortEast && x + 1 < chip_.width) {
        follow(node + 1, hw::kPortWest, next_slot, hops + 1, slots, routes, arrivals);
      } else if (out == hw::kPortWest && x > 0) {
        follow(node - 1, hw::kPortEast, next_slot, hops + 1, slots, routes, arrivals);
      }
    }
  }

  void arrive(std::uint32_t node, std::uint32_t slot, Cycle hops, Slots slots,
              std::vector<Arrival>& arrivals) {
    const hw::RegSlot& entry = (nodes_[node].memory.*slots)[slot];
    if (entry.rx_valid == 0)
      throw device_error("model: a flit reaches node " + std::to_string(node) + " in slot " +
                         std::to_string(slot) + ", which has no delivery");
    arrivals.push_back({node, entry.rx, hops});
  }

  // ---- the run: every process goes as far as its inputs are known ----

  void schedule(std::uint32_t node) {
    if (nodes_[node].queued) return;
    nodes_[node].queued = true;
    work_.push_back(node);
  }

  void run() {
    if (!started_) return;
    for (;;) {
      while (!work_.empty()) {
        const std::uint32_t index = work_.front();
        work_.pop_front();
        nodes_[index].queued = false;
        if (index != 0) work(index);
      }
      if (!host_word()) break;
    }
    for (std::size_t n = 1; n < nodes_.size(); ++n)
      if (nodes_[n].running && apps_[nodes_[n].app].is_final && is_quiet(nodes_[n]))
        nodes_[n].running = nodes_[n].armed = false;
  }

  static bool is_quiet(const Node& node) {
    for (std::size_t c = 0; c < node.contexts.size(); ++c)
      if (node.memory.contexts[c].mode.valid != 0 && !node.contexts[c].retired) return false;
    return std::none_of(node.channels.begin(), node.channels.end(),
                        [](const Channel& channel) { return channel.pending; });
  }

  /// Anything that has not ended: an application, or a tile that still works on it.
  [[nodiscard]] bool is_busy() const {
    return std::any_of(apps_.begin(), apps_.end(), [](const Hosted& app) { return app.live; }) ||
           std::any_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.running; });
  }

  void work(std::uint32_t index) {
    Node& node = nodes_[index];
    for (bool again = true; again;) {
      again = false;
      for (Channel& channel : node.channels)
        if (channel.pending && send_step(index, channel)) again = true;
      if (node.running && fire(index)) again = true;
    }
  }

  /// First cycle that sees a credit in every counter of the channel, at or after `from`; takes them.
  static bool take_credits(Node& node, const Channel& channel, Cycle& from) {
    for (const std::uint32_t c : channel.counters)
      if (node.counters[c].visible.empty()) return false;
    for (const std::uint32_t c : channel.counters) {
      from = std::max(from, node.counters[c].visible.front());
      node.counters[c].visible.pop_front();
    }
    return true;
  }

  bool send_step(std::uint32_t index, Channel& channel) {
    Node& node = nodes_[index];
    if (channel.slots.empty()) throw device_error("model: a channel without slots has something to send");
    Cycle from = channel.ready;
    if (!take_credits(node, channel, from)) return false;
    Context& context = node.contexts[channel.context];
    Cycle wire = from;  // decided in `from` at the earliest, on the wire one cycle later
    for (; channel.sent < context.out.size() && context.out[channel.sent].page == channel.step;
         ++channel.sent) {
      const OutEntry& entry = context.out[channel.sent];
      wire = channel.slots.next(wire + 1);
      deliver(index, wire, {false, entry.index, entry.mask});
    }
    wire = channel.slots.next(wire + 1);
    const bool is_last = ++channel.step == context.steps;
    deliver(index, wire, {true, 0, is_last ? context.flags : 0});
    channel.ready = wire;
    if (!is_last) return true;
    channel.pending = false;
    context.free = std::max(context.free, wire);
    --context.pending;
    return true;
  }

  void deliver(std::uint32_t from, Cycle wire, const Flit& flit) {
    const auto& arrivals = nodes_[from].spike_arrivals;
    for (const Arrival& to : arrivals[static_cast<std::size_t>(wire) % arrivals.size()]) {
      moved(wire + to.hops);
      if (to.node == 0)
        sink(to.index, wire + to.hops, flit);
      else
        receive_flit(to.node, to.index, wire + to.hops, flit);
    }
  }

  void sink(std::uint32_t channel, Cycle at, const Flit& flit) {
    if (!flit.end) {
      hw::WordOutChunk word;
      word.kind = hw::kKindOutChunk;
      word.channel = channel;
      word.index = flit.index;
      word.mask = flit.mask;
      out_.push_back(word.pack());
      exit_.chunk(channel, flit.index, flit.mask);
      return;
    }
    out_.push_back(
        stamped((flit.mask & kVoid) != 0 ? hw::kKindOutVoid : hw::kKindOutEos, channel, at, flit.mask));
    if ((flit.mask & kRunEnd) != 0) return;
    exit_.end(channel, (flit.mask & kSampleEnd) != 0);
    if (channel >= tokens_.size()) return;
    Tokens& tokens = tokens_[channel];
    tokens.lost = tokens.lost || tokens.visible.size() == hw::kLimitWindow;
    if (tokens.lost)
      tokens.visible.clear();
    else
      tokens.visible.push_back(at + 1);
  }

  Tokens& tokens_of(std::uint32_t sink) {
    if (sink >= tokens_.size())
      throw device_error("model: end-of-steps of sink " + std::to_string(sink) + " are not counted, of " +
                         std::to_string(tokens_.size()) + " sinks they are (host.window_sinks)");
    return tokens_[sink];
  }

  static Word stamped(std::uint32_t kind, std::uint32_t channel, Cycle at, std::uint32_t flags) {
    hw::WordOutEos word;
    word.kind = kind;
    word.channel = channel;
    word.stamp = static_cast<std::uint64_t>(at);
    word.sample_end = flags & kSampleEnd;
    word.run_end = (flags & kRunEnd) >> 1U;
    return word.pack();
  }

  void receive_flit(std::uint32_t index, std::uint32_t d, Cycle at, const Flit& flit) {
    Node& node = nodes_[index];
    const auto& delivery = node.memory.deliveries.at(d);
    const auto& pages = node.memory.contexts[delivery.page.context].pages;
    Row& row = node.rows.at(pages.first_row + node.write_page[d]);
    if (delivery.weights.valid != 0) take_weights(index, delivery.weights, flit);
    if (!flit.end) {
      if (flit.index < delivery.range.first || flit.index >= delivery.range.first + delivery.range.count)
        return;
      row.page.at(delivery.page.first_chunk + flit.index - delivery.range.first) =
          static_cast<std::uint16_t>(flit.mask);
      return;
    }
    ++row.ends;
    if (delivery.page.zero_delay != 0) {
      row.sample_end = (flit.mask & kSampleEnd) != 0;
      row.run_end = (flit.mask & kRunEnd) != 0;
      row.is_void = (flit.mask & kVoid) != 0;
    }
    row.ready = std::max(row.ready, at + 1);
    if (++node.write_page[d] == pages.rows) node.write_page[d] = 0;
    schedule(index);
  }

  /// A chunk of a load, or its end.
  void take_weights(std::uint32_t index, const hw::RegDeliveryWeights& delivery, const Flit& flit) {
    Node& node = nodes_[index];
    if (!node.stream)
      throw device_error("model: weights reach node " + std::to_string(index) + ", whose core takes none");
    device_model::Memory& memory = node.memory.memories.at(node.stream->number);
    const std::uint32_t halves = 2 * node.stream->parts;
    if (flit.end) {
      if (node.loaded % halves != 0) throw device_error("model: a load of weights ends within a word");
      if (node.loaded > 0) node.core->invalidate();
      node.loaded = 0;
      return;
    }
    const std::uint32_t word = delivery.first_word + node.loaded / halves;
    const std::uint32_t part = node.loaded % halves / 2, shift = node.loaded % 2 * hw::kChunkBits;
    if (word >= memory.words()) throw device_error("model: a load of weights leaves the tile's memory");
    const std::uint32_t kept = memory.part(word, part) & ~(((1U << hw::kChunkBits) - 1U) << shift);
    memory.set(word, part, kept | flit.mask << shift);
    ++node.loaded;
    ++node.counted.weights;
  }

  /// Runs the sequencer from its LOAD cycle to the next firing or retirement, if its inputs are known.
  bool fire(std::uint32_t index) {
    Node& node = nodes_[index];
    if (node.memory.order_length == 0) return false;
    for (;;) {
      const hw::RegOrder& entry = node.memory.order[node.position];
      if (!node.contexts[entry.context].retired && node.round >= entry.skip) break;
      if (std::all_of(node.memory.order.begin(), node.memory.order.begin() + node.memory.order_length,
                      [&](const hw::RegOrder& e) { return node.contexts[e.context].retired; }))
        return false;
      ++node.load;
      step_order(node);
    }
    const std::uint32_t c = node.memory.order[node.position].context;
    Context& context = node.contexts[c];
    const auto& registers = node.memory.contexts[c];
    const Batch batch = next_batch(node, c);
    if (!batch.closed || context.pending != 0) return false;
    const Cycle start = std::max(batch.seen, context.free);
    node.counted.wait_input += batch.waited;
    node.counted.wait_output += start - batch.seen;
    if (batch.run_end) {
      context.retired = true;
      context.out.clear();
      context.steps = 1;
      context.flags = kRunEnd;
      fill(node, c, start + 1);
      free_region(index, c, start);
      node.load = start + 1;
    } else {
      const std::span<const Page* const> pages(batch.pages.data(), batch.size);
      Firing firing = batch.is_void ? with_void(index, c, pages) : of_core(index, c, pages, batch.sample_end);
      SPIKELOOM_CHECK(firing.freed.size() + 1 == batch.size);
      const Cycle freed = start + firing.time.integrate;
      const Cycle end = freed + firing.time.update;
      context.out = std::move(firing.out);
      if (node.batch > 1) check_lists(context.out, registers.mode.list_entries);
      context.steps = batch.size;
      context.flags = (batch.sample_end ? kSampleEnd : 0) | (batch.is_void ? kVoid : 0);
      context.count = batch.sample_end ? 0 : std::min(context.count + batch.size, 15U);
      count(node, firing, context.out, end - start,
            registers.mode.readout != 0 ? Pushes::kPotentials : Pushes::kSpikes);
      for (const Cycle cycles : firing.freed) free_page(index, c, start + cycles);
      free_page(index, c, freed);
      fill(node, c, end + 1);
      free_region(index, c, end);
      node.load = end + 1;
      if (observer_) observer_({index, c, start, end - start, batch.size, batch.sample_end, batch.is_void});
    }
    moved(node.load);
    step_order(node);
    return true;
  }

  Firing of_core(std::uint32_t index, std::uint32_t c, std::span<const Page* const> pages, bool sample_end) {
    Node& node = nodes_[index];
    Firing firing =
        source_ ? source_(index, c) : node.core->fire(c, pages, node.contexts[c].count, sample_end);
    if (sink_) sink_(index, c, firing);
    return firing;
  }

  /// The core fires the pages before the void one, which takes a cycle more.
  Firing with_void(std::uint32_t index, std::uint32_t c, std::span<const Page* const> pages) {
    Firing firing;
    if (pages.size() > 1) {
      firing = of_core(index, c, pages.first(pages.size() - 1), false);
      firing.freed.push_back(firing.time.integrate);
    } else {
      firing.time = kNothing;
    }
    ++firing.time.integrate;
    return firing;
  }

  /// Lists stand in the tile's output buffer with so many entries each.
  static void check_lists(const std::vector<OutEntry>& out, std::uint32_t entries) {
    std::array<std::uint32_t, hw::kLimitPages> filled{};
    for (const OutEntry& entry : out)
      if (++filled.at(entry.page) > entries)
        throw device_error("model: a list of more entries than its context has for one");
  }

  /// The pages of a context's next firing, as far as they are known.
  struct Batch {
    std::array<const Page*, hw::kLimitPages> pages{};
    std::uint32_t size = 0;
    bool closed = false;      ///< all of it is known
    bool sample_end = false;  ///< of the last page
    bool is_void = false;     ///< the last page is
    bool run_end = false;     ///< there is nothing to fire: the context retires
    Cycle seen = 0;           ///< the cycle in which the sequencer sees that the batch is closed
    Cycle waited = 0;         ///< cycles before in which it saw a row that was not complete
  };

  /// One row a cycle, from the cycle behind LOAD on.
  static Batch next_batch(const Node& node, std::uint32_t c) {
    const auto& registers = node.memory.contexts[c];
    if (registers.pages.rows < node.batch)
      throw device_error("model: a context has fewer pages than its core fires at once");
    Batch batch;
    std::uint32_t page = node.contexts[c].read_page;
    for (Cycle look = node.load + 1; !batch.closed; look = batch.seen + 1) {
      const Row& row = node.rows.at(registers.pages.first_row + page);
      if (row.ends != registers.pages.inbound) return batch;
      if (row.run_end && batch.size > 0)
        throw device_error("model: a run ends within a sample, on a tile that fires several pages at once");
      batch.seen = std::max(look, row.ready);
      batch.waited += batch.seen - look;
      batch.is_void = row.is_void;
      batch.run_end = row.run_end;
      batch.sample_end = row.sample_end;
      batch.pages[batch.size++] = &row.page;
      batch.closed = row.run_end || row.sample_end || batch.size == node.batch;
      if (++page == registers.pages.rows) page = 0;
    }
    return batch;
  }

  void moved(Cycle in) { quiet_from_ = std::max(quiet_from_, in + 1); }

  static void step_order(Node& node) {
    if (++node.position < node.memory.order_length) return;
    node.position = 0;
    node.round = std::min(node.round + 1, 255U);
  }

  static void fill(Node& node, std::uint32_t c, Cycle visible) {
    Context& context = node.contexts[c];
    context.free = visible;
    for (Channel& channel : node.channels)
      if (channel.valid && channel.context == c) {
        channel.pending = true;
        channel.ready = visible;
        channel.sent = 0;
        channel.step = 0;
        ++context.pending;
      }
  }

  enum class Pushes { kSpikes, kPotentials };

  void count(Node& node, const Firing& firing, const std::vector<OutEntry>& out, Cycle work, Pushes pushes) {
    Counters& counted = node.counted;
    counted.busy += work;
    counted.core += firing.counted;
    if (pushes == Pushes::kSpikes)
      for (const OutEntry& entry : out) counted.spikes += std::popcount(entry.mask);
    const std::int64_t rho = node.memory.contract_rho;
    if (node.memory.contract_sigma != ~0U) {
      node.burst = std::max<std::int64_t>(0, node.burst + (work << hw::kContractFractionBits) - rho);
      if (node.burst > node.memory.contract_sigma) ++counted.broken;
    }
    if (counted.broken == 0) ++counted.first;
    ++counted.firings;
    ++statistics_.firings;
    statistics_.busy += work;
    statistics_.synaptic_operations += firing.synapses;
  }

  void free_page(std::uint32_t index, std::uint32_t c, Cycle freed) {
    Node& node = nodes_[index];
    const auto& pages = node.memory.contexts[c].pages;
    Context& context = node.contexts[c];
    Row& row = node.rows[pages.first_row + context.read_page];
    std::fill(row.page.begin(), row.page.end(), std::uint16_t{0});
    row.ends = 0;
    row.sample_end = row.run_end = row.is_void = false;
    row.ready = 0;
    if (++context.read_page == pages.rows) context.read_page = 0;
    for (std::uint32_t d = 0; d < node.returns.size(); ++d) {
      const auto& [page, range, weights] = node.memory.deliveries[d];
      if (page.valid != 0 && page.context == c && weights.valid == 0) return_credit(index, d, freed);
    }
  }

  /// A context has fired, or retired: the weights of the next one in the region may come.
  void free_region(std::uint32_t index, std::uint32_t c, Cycle end) {
    Node& node = nodes_[index];
    for (std::uint32_t d = 0; d < node.returns.size(); ++d) {
      const hw::RegDeliveryWeights& weights = node.memory.deliveries[d].weights;
      if (weights.valid != 0 && weights.after == c) return_credit(index, d, end);
    }
  }

  void return_credit(std::uint32_t index, std::uint32_t d, Cycle freed) {
    Returns& returns = nodes_[index].returns[d];
    if (returns.slots.empty()) throw device_error("model: a delivery without credit slots owes a credit");
    const Cycle wire = returns.slots.next(std::max(freed + 2, returns.next));
    returns.next = wire + 1;
    moved(wire + 1);
    const auto& arrivals = nodes_[index].credit_arrivals;
    for (const Arrival& to : arrivals[static_cast<std::size_t>(wire) % arrivals.size()]) {
      nodes_[to.node].counters.at(to.index).visible.push_back(wire + to.hops + 1);
      moved(wire + to.hops + 1);
      schedule(to.node);
    }
  }

  /// Sends the head word of some application's queue if its time is known.
  bool host_word() {
    bool any = false;
    for (std::uint32_t a = 0; a < apps_.size(); ++a) any = host_word(a) || any;
    return any;
  }

  bool host_word(std::uint32_t number) {
    Hosted& app = apps_[number];
    if (app.queue.empty() || !app.live || out_.size() >= kOutputLimit) return false;
    const Word word = app.queue.front();
    if (exit_.drops(number, word)) return take_head(app);
    if (word >> 60U == hw::kKindWait) return host_wait(number, hw::WordWait::unpack(word).sink);
    const bool is_end = word >> 60U == hw::kKindEos;
    const auto chunk = hw::WordChunk::unpack(word);
    Node& host = nodes_[0];
    if (chunk.channel >= host.channels.size() || host.channels[chunk.channel].slots.empty())
      throw device_error("model: host channel " + std::to_string(chunk.channel) + " has no slots");
    Channel& channel = host.channels[chunk.channel];
    if (channel.context != number)
      throw device_error("model: host channel " + std::to_string(chunk.channel) + " is not of application " +
                         std::to_string(number));
    Cycle from = app.next;
    if (!channel.sending && !take_credits(host, channel, from)) return false;
    const Cycle wire = channel.slots.next(from + 1);
    app.next = wire;
    channel.sending = !is_end;
    const bool is_cut = exit_.voids(number, word);
    take_head(app);
    if (!is_end) {
      deliver(0, wire, {false, chunk.index, chunk.mask});
      return true;
    }
    auto end = hw::WordEos::unpack(word);
    if (is_cut) end.is_void = 1;
    if (end.is_void != 0 && (end.sample_end == 0 || end.run_end != 0))
      throw device_error("model: a void step that does not end its sample");
    const std::uint32_t flags = (end.sample_end != 0 ? kSampleEnd : 0U) | (end.run_end != 0 ? kRunEnd : 0U) |
                                (end.is_void != 0 ? kVoid : 0U);
    if (end.sample_end != 0) exit_.sample_ended(number, end.channel);
    if (end.run_end == 0) out_.push_back(stamped(hw::kKindOutSent, end.channel, wire, flags));
    if (end.final != 0) {
      app.live = false;
      app.is_final = true;
    }
    deliver(0, wire, {true, 0, flags});
    return true;
  }

  /// Takes a WAIT whose sink has a token.
  bool host_wait(std::uint32_t number, std::uint32_t sink) {
    Hosted& app = apps_[number];
    Tokens& tokens = tokens_of(sink);
    if (tokens.lost)
      throw device_error("model: a WAIT for sink " + std::to_string(sink) + ", of which more than " +
                         std::to_string(hw::kLimitWindow) + " end-of-steps have not been waited for");
    if (tokens.visible.empty()) return false;
    app.next = std::max(app.next, tokens.visible.front()) + 1;
    tokens.visible.pop_front();
    exit_.waited(number, sink);
    return take_head(app);
  }

  /// A word leaves a queue.
  bool take_head(Hosted& app) {
    app.queue.pop_front();
    ++app.taken;
    ++sent_words_;
    return true;
  }

  std::uint32_t read(std::uint32_t index, std::uint32_t address) {
    const Node& node = nodes_[index];
    const auto [offset, block] = hw::Address::unpack(address);
    if (const auto window = hw::AddressMemory::unpack(address);
        block == hw::kAddrBlockMemory && window.read != 0)
      return node.memory.read_window(window.part);
    if (block != hw::kAddrBlockNode) return 0;
    if (offset == hw::kAddrNodeHardwareHash) return hw::kHardwareHash;
    if (offset == hw::kAddrNodeChipHash) return chip_hash(chip_);
    if (offset == hw::kAddrNodeStatus) return index == 0 ? host_status() : (node.running ? 1U : 0U);
    if (index == 0 && offset >= hw::kAddrNodeTaken && offset < hw::kAddrNodeTaken + apps_.size())
      return apps_[offset - hw::kAddrNodeTaken].taken;
    if (index != 0 && offset == hw::kAddrNodeWeights) return static_cast<std::uint32_t>(node.counted.weights);
    if (index == 0) return 0;  // the host's cycle counters: a model has no clock
    const Counters& c = node.counted;
    const std::int64_t values[] = {c.firings, c.busy, c.wait_input, c.wait_output,
                                   c.spikes,  c.core, c.broken,     c.first};
    const bool high = offset >= hw::kAddrNodeFirings + hw::kAddrNodeHigh;
    const std::uint32_t which = offset - hw::kAddrNodeFirings - (high ? hw::kAddrNodeHigh : 0);
    if (offset < hw::kAddrNodeFirings || which >= std::size(values)) return 0;
    return static_cast<std::uint32_t>(high ? values[which] >> 32U : values[which]);
  }

  [[nodiscard]] std::uint32_t host_status() const {
    hw::RegHostStatus status;
    status.busy = is_busy() ? 1 : 0;
    status.under_way = started_ && is_busy() ? 1 : 0;
    for (std::uint32_t a = 0; a < apps_.size(); ++a) status.live |= (apps_[a].live ? 1U : 0U) << a;
    return status.pack();
  }

  Chip chip_;
  std::vector<Node> nodes_;
  std::vector<Hosted> apps_;
  std::vector<Tokens> tokens_;  ///< by sink
  device_model::ExitUnit exit_;
  std::vector<Start> starting_;  ///< written before the chip's run
  std::uint32_t start_low_ = 0;
  std::deque<std::uint32_t> work_;
  std::deque<Word> out_;
  std::uint64_t sent_words_ = 0;
  Cycle quiet_from_ = 0;
  bool started_ = false;
  ModelStatistics statistics_;
  std::function<void(const ModelFiring&)> observer_;
  FiringSource source_;
  FiringSink sink_;
};

}  // namespace

std::unique_ptr<ModelLink> open_model(
    const Chip& chip, const std::function<TileCore(std::uint32_t, device_model::TileMemory&)>& core) {
  return std::make_unique<ModelDevice>(chip, core);
}

std::unique_ptr<ModelLink> open_model(const Chip& chip) { return open_model(chip, {}); }

}  // namespace spikeloom

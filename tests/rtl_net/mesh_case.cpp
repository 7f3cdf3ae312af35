#include "tests/rtl_net/mesh_case.hpp"

#include <algorithm>
#include <map>

namespace spikeloom::test {
namespace {

constexpr unsigned kHost = ~0U;

struct Hop {
  unsigned tile, in, out, depth;
};

/// The XY tree from a source (a tile's local port, or the host) to tiles and perhaps the host.
struct Tree {
  std::vector<Hop> hops;
  std::map<unsigned, unsigned> latency;  // destination (kHost: the host) to routers passed
};

Tree grow(const MeshShape& shape, unsigned source, const std::vector<unsigned>& destinations) {
  Tree tree;
  for (const unsigned to : destinations) {
    const unsigned target = to == kHost ? 0 : to;
    unsigned at_tile = source == kHost ? 0 : source, in = source == kHost ? hw::kPortWest : hw::kPortLocal,
             depth = 0;
    for (;;) {
      const unsigned x = at_tile % shape.width, y = at_tile / shape.width;
      const unsigned tx = target % shape.width, ty = target / shape.width;
      unsigned out;
      if (x != tx)
        out = x < tx ? hw::kPortEast : hw::kPortWest;
      else if (y != ty)
        out = y < ty ? hw::kPortSouth : hw::kPortNorth;
      else
        out = to == kHost ? hw::kPortWest : hw::kPortLocal;
      const bool known = std::any_of(tree.hops.begin(), tree.hops.end(),
                                     [&](const Hop& h) { return h.tile == at_tile && h.out == out; });
      if (!known) tree.hops.push_back({at_tile, in, out, depth});
      ++depth;
      if (x == tx && y == ty) break;
      in = out == hw::kPortEast    ? hw::kPortWest
           : out == hw::kPortWest  ? hw::kPortEast
           : out == hw::kPortSouth ? hw::kPortNorth
                                   : hw::kPortSouth;
      at_tile = out == hw::kPortEast    ? at_tile + 1
                : out == hw::kPortWest  ? at_tile - 1
                : out == hw::kPortSouth ? at_tile + shape.width
                                        : at_tile - shape.width;
    }
    tree.latency[to] = depth;
  }
  return tree;
}

/// Slot tables of one network: selectors of every router output, and who may send when.
class Slots {
 public:
  Slots(const MeshShape& shape, unsigned wheel)
      : wheel_(wheel),
        select_(shape.width * shape.height * 5 * wheel, 0),
        tx_((shape.width * shape.height + 1) * wheel, false) {}

  [[nodiscard]] bool take(unsigned source, const Tree& tree, unsigned slot) {
    const std::size_t tx = (source == kHost ? tx_.size() / wheel_ - 1 : source) * wheel_ + slot;
    if (tx_[tx]) return false;
    for (const Hop& h : tree.hops)
      if (select(h.tile, h.out, slot + h.depth) != 0) return false;
    for (const Hop& h : tree.hops) select(h.tile, h.out, slot + h.depth) = 1 + h.in;
    tx_[tx] = true;
    return true;
  }
  /// What `tables` hold in this network's blocks is taken.
  void block(const MeshTables& tables, std::uint32_t slot_block, std::uint32_t route_block) {
    for (const auto& [place, data] : tables) {
      const auto& [node, address] = place;
      const auto [slot, block] = hw::Address::unpack(address);
      if (block == slot_block && hw::RegSlot::unpack(data).tx_valid)
        tx_[(node == 0 ? tx_.size() / wheel_ - 1 : node - 1) * wheel_ + slot] = true;
      if (block == route_block)
        for (unsigned out = 0; out < 5; ++out)
          if (data >> (3 * out) & 7U) select(node - 1, out, slot) = data >> (3 * out) & 7U;
    }
  }
  unsigned& select(unsigned tile, unsigned out, unsigned slot) {
    return select_[(tile * 5 + out) * wheel_ + slot % wheel_];
  }

 private:
  unsigned wheel_;
  std::vector<unsigned> select_;
  std::vector<bool> tx_;
};

struct Tables {
  std::vector<hw::RegSlot> spike, credit;  // node · wheel + slot
};

unsigned below(Rng& r, unsigned bound) { return static_cast<unsigned>(r.below(bound)); }

}  // namespace

MeshCase draw_case(const MeshShape& shape, std::uint64_t seed) {
  MeshSpace space{
      .channels = shape.host_channels, .counters = shape.host_counters, .slots = shape.spike_wheel / 2};
  for (unsigned t = 0; t < shape.width * shape.height; ++t) space.tiles.push_back(t);
  return draw_application(shape, seed, space, {});
}

std::vector<Word> table_words(const MeshShape& shape, const std::vector<const MeshTables*>& tables) {
  std::vector<Word> words;
  const auto block = [&](unsigned node, std::uint32_t number, unsigned wheel) {
    for (unsigned s = 0; s < wheel; ++s) {
      std::uint32_t data = 0;
      for (const MeshTables* one : tables)
        if (const auto it = one->find({node, at(number, s)}); it != one->end()) data |= it->second;
      words.push_back(ring_write(node, at(number, s), data));
    }
  };
  for (unsigned node = 0; node <= shape.width * shape.height; ++node) {
    block(node, hw::kAddrBlockSpikeSlot, shape.spike_wheel);
    block(node, hw::kAddrBlockCreditSlot, shape.credit_wheel);
    if (node == 0) continue;
    block(node, hw::kAddrBlockSpikeRoute, shape.spike_wheel);
    block(node, hw::kAddrBlockCreditRoute, shape.credit_wheel);
  }
  return words;
}

MeshCase draw_application(const MeshShape& shape, std::uint64_t seed, const MeshSpace& space,
                          const std::vector<const MeshTables*>& taken) {
  MeshCase m;
  m.shape = shape;
  m.space = space;
  Rng r(seed);
  const unsigned tiles = shape.width * shape.height;
  const unsigned mine = static_cast<unsigned>(space.tiles.size()), batch = shape.firing_pages;
  std::vector<unsigned> rows_used(tiles, 0), out_used(tiles, 0), deliveries_used(tiles, 0),
      channels_used(tiles + 1, 0), counters_used(tiles + 1, 0), local_contexts(tiles, 0);

  const unsigned want = 1 + below(r, 2 * mine);
  for (unsigned c = 0; c < want; ++c) {
    // Pages for a batch and a delay, at most for two batches and one.
    const unsigned t = space.tiles[below(r, mine)], rows = batch + 1 + below(r, batch + 2);
    if (local_contexts[t] == shape.contexts || rows_used[t] + rows > shape.page_rows) continue;
    MeshContext x{};
    x.tile = t;
    x.local = local_contexts[t]++;
    x.first_row = rows_used[t];
    x.rows = rows;
    rows_used[t] += rows;
    x.updates = below(r, 4);
    x.state = below(r, 2) == 0 ? 0 : below(r, 65536);
    x.alternate = batch > 1 && below(r, 2) == 0;
    m.contexts.push_back(x);
  }
  const unsigned n = static_cast<unsigned>(m.contexts.size());

  // Channels: host first, then contexts. Edges of a delay below a batch go from lower to higher contexts
  // only.
  const unsigned host_channels = 1 + below(r, space.channels);
  for (unsigned c = 0; c < host_channels; ++c)
    m.channels.push_back({.context = -1, .local = space.first_channel + c});
  for (unsigned c = 0; c < n; ++c) {
    const unsigned count = below(r, 4) == 0 ? 2 : 1;
    for (unsigned k = 0; k < count && channels_used[m.contexts[c].tile] < shape.channels; ++k)
      m.channels.push_back({.context = static_cast<int>(c), .local = channels_used[m.contexts[c].tile]++});
  }
  std::vector<unsigned> zero(n, 0);
  const auto connect = [&](unsigned ch, unsigned c, unsigned delay) {
    MeshContext& x = m.contexts[c];
    if (delay + batch > x.rows || deliveries_used[x.tile] == shape.deliveries || x.inbound == 60) return;
    const unsigned source =
        m.channels[ch].context < 0 ? tiles : m.contexts[static_cast<unsigned>(m.channels[ch].context)].tile;
    if (counters_used[source] == (source == tiles ? space.counters : shape.credit_counters)) return;
    for (const unsigned d : m.channels[ch].deliveries)  // one (context, delay) of a channel in a tile
      if (m.contexts[m.deliveries[d].context].tile == x.tile) return;
    MeshDelivery d{};
    d.channel = ch;
    d.context = c;
    d.delay = delay;
    d.local = deliveries_used[x.tile]++;
    d.counter = (source == tiles ? space.first_counter : 0) + counters_used[source]++;
    d.first = below(r, 3);
    m.channels[ch].deliveries.push_back(static_cast<unsigned>(m.deliveries.size()));
    m.deliveries.push_back(d);
    ++x.inbound;
    zero[c] += delay == 0;
  };
  for (unsigned c = 0; c < n; ++c) {
    for (unsigned ch = 0; ch < m.channels.size(); ++ch) {
      const int from = m.channels[ch].context;
      if (below(r, 100) >= 35) continue;
      connect(ch, c, from < static_cast<int>(c) ? below(r, 3) : batch + below(r, 2));
    }
    if (zero[c] == 0) connect(below(r, host_channels), c, 0);
    if (zero[c] == 0) return m;
  }
  for (MeshChannel& ch : m.channels)
    if (ch.context >= 0) {
      ch.to_sink = ch.deliveries.empty() || below(r, 3) == 0;
      ch.sink = space.first_sink + below(r, space.sinks);
    }

  // Pages: chunks in the order of their delay.
  for (unsigned c = 0; c < n; ++c) {
    MeshContext& x = m.contexts[c];
    std::vector<unsigned> ends;
    for (unsigned d = 0; d < m.deliveries.size(); ++d)
      if (m.deliveries[d].context == c) ends.push_back(d);
    std::stable_sort(ends.begin(), ends.end(),
                     [&](unsigned a, unsigned b) { return m.deliveries[a].delay < m.deliveries[b].delay; });
    x.limit.assign(16, 0);
    for (const unsigned d : ends) {
      MeshDelivery& v = m.deliveries[d];
      v.count = std::min(shape.page_chunks - x.chunks, below(r, 3));
      v.first_chunk = v.count ? x.chunks : 0;
      x.chunks += v.count;
      for (unsigned k = v.delay; k < 16; ++k) x.limit[k] = x.chunks;
    }
    x.first_out = out_used[x.tile];
    out_used[x.tile] += x.chunks * batch;
    if (out_used[x.tile] > shape.out_entries) return m;
  }

  // Slots of both networks.
  Tables tables;
  tables.spike.resize((tiles + 1) * shape.spike_wheel);
  tables.credit.resize((tiles + 1) * shape.credit_wheel);
  Slots spikes(shape, shape.spike_wheel), credits(shape, shape.credit_wheel);
  for (const MeshTables* other : taken) {
    spikes.block(*other, hw::kAddrBlockSpikeSlot, hw::kAddrBlockSpikeRoute);
    credits.block(*other, hw::kAddrBlockCreditSlot, hw::kAddrBlockCreditRoute);
  }
  const auto put_route = [&](std::uint32_t block, unsigned wheel, const Tree& tree, unsigned slot) {
    for (const Hop& h : tree.hops)
      m.tables[{h.tile + 1, at(block, (slot + h.depth) % wheel)}] |= (1 + h.in) << (3 * h.out);
  };
  const auto spike_at = [&](unsigned node, unsigned slot) -> hw::RegSlot& {
    return tables.spike[node * shape.spike_wheel + slot % shape.spike_wheel];
  };
  const auto credit_at = [&](unsigned node, unsigned slot) -> hw::RegSlot& {
    return tables.credit[node * shape.credit_wheel + slot % shape.credit_wheel];
  };
  for (MeshChannel& ch : m.channels) {
    const unsigned source = ch.context < 0 ? kHost : m.contexts[static_cast<unsigned>(ch.context)].tile;
    std::vector<unsigned> to;
    for (const unsigned d : ch.deliveries) to.push_back(m.contexts[m.deliveries[d].context].tile);
    if (ch.to_sink) to.push_back(kHost);
    if (to.empty() && ch.context >= 0) return m;
    const Tree tree = grow(shape, source, to);
    const unsigned first = below(r, shape.spike_wheel), wanted = 1 + below(r, space.slots);
    const unsigned stride = below(r, 2) == 0 ? 1 : 3;
    for (unsigned k = 0; k < shape.spike_wheel && ch.slots.size() < wanted; ++k) {
      const unsigned s = (first + k * stride) % shape.spike_wheel;
      if (!spikes.take(source, tree, s)) continue;
      ch.slots.push_back(s);
      put_route(hw::kAddrBlockSpikeRoute, shape.spike_wheel, tree, s);
      hw::RegSlot& tx = spike_at(source == kHost ? 0 : source + 1, s);
      tx.tx = ch.local;
      tx.tx_valid = 1;
      for (const unsigned d : ch.deliveries) {
        MeshDelivery& v = m.deliveries[d];
        const unsigned tile = m.contexts[v.context].tile;
        v.latency = tree.latency.at(tile);
        hw::RegSlot& rx = spike_at(tile + 1, s + v.latency);
        rx.rx = v.local;
        rx.rx_valid = 1;
      }
      if (ch.to_sink) {
        ch.latency_to_sink = tree.latency.at(kHost);
        hw::RegSlot& rx = spike_at(0, s + ch.latency_to_sink);
        rx.rx = ch.sink;
        rx.rx_valid = 1;
      }
    }
    if (ch.slots.empty()) return m;
    for (const unsigned d : ch.deliveries) {
      MeshDelivery& v = m.deliveries[d];
      const unsigned tile = m.contexts[v.context].tile;
      const Tree back = grow(shape, tile, {source});
      v.credit_latency = back.latency.at(source);
      const unsigned from = below(r, shape.credit_wheel), number = 1 + below(r, 2);
      for (unsigned k = 0; k < shape.credit_wheel && v.credit_slots.size() < number; ++k) {
        const unsigned s = (from + k) % shape.credit_wheel;
        if (!credits.take(tile, back, s)) continue;
        v.credit_slots.push_back(s);
        put_route(hw::kAddrBlockCreditRoute, shape.credit_wheel, back, s);
        hw::RegSlot& tx = credit_at(tile + 1, s);
        tx.tx = v.local;
        tx.tx_valid = 1;
        hw::RegSlot& rx = credit_at(source == kHost ? 0 : source + 1, s + v.credit_latency);
        rx.rx = v.counter;
        rx.rx_valid = 1;
      }
      if (v.credit_slots.empty()) return m;
    }
  }

  for (unsigned node = 0; node <= tiles; ++node) {
    for (unsigned s = 0; s < shape.spike_wheel; ++s)
      if (const std::uint32_t entry = spike_at(node, s).pack())
        m.tables[{node, at(hw::kAddrBlockSpikeSlot, s)}] = entry;
    for (unsigned s = 0; s < shape.credit_wheel; ++s)
      if (const std::uint32_t entry = credit_at(node, s).pack())
        m.tables[{node, at(hw::kAddrBlockCreditSlot, s)}] = entry;
  }

  // Configuration.
  const auto put = [&](unsigned node, std::uint32_t block, std::uint32_t offset, std::uint32_t data) {
    m.configuration.push_back(ring_write(node, at(block, offset), data));
  };
  for (unsigned k = 0; k < space.counters; ++k) put(0, hw::kAddrBlockCredit, space.first_counter + k, 0);
  for (unsigned k = 0; k < space.channels; ++k)
    put(0, hw::kAddrBlockChannel, space.first_channel + k,
        hw::RegChannel{.context = space.application, .valid = 1}.pack());
  for (const unsigned t : space.tiles) {
    const unsigned node = t + 1;
    for (unsigned k = 0; k < shape.contexts; ++k)
      m.configuration.push_back(
          ring_write(node, hw::AddressContext{.field = hw::kAddrContextMode, .context = k}.pack(), 0));
    for (unsigned k = 0; k < shape.channels; ++k) put(node, hw::kAddrBlockChannel, k, 0);
    for (unsigned k = 0; k < shape.credit_counters; ++k) put(node, hw::kAddrBlockCredit, k, 0);
    put(node, hw::kAddrBlockNode, hw::kAddrNodeOrderLength, local_contexts[t]);
  }
  for (unsigned c = 0; c < n; ++c) {
    MeshContext& x = m.contexts[c];
    // The last of an order may lag one round behind if all it sends goes to the host.
    bool only_sink = x.local + 1 == local_contexts[x.tile] && x.local > 0;
    for (const MeshChannel& ch : m.channels)
      if (ch.context == static_cast<int>(c) && !ch.deliveries.empty()) only_sink = false;
    for (const MeshDelivery& v : m.deliveries)
      if (batch > 1 && v.context == c && 2 * batch + v.delay > x.rows) only_sink = false;
    x.skip = only_sink && below(r, 2) == 0 ? 1 : 0;
    const unsigned node = x.tile + 1;
    const auto put_context = [&](std::uint32_t field, std::uint32_t data) {
      m.configuration.push_back(
          ring_write(node, hw::AddressContext{.field = field, .context = x.local}.pack(), data));
    };
    put_context(hw::kAddrContextPages,
                hw::RegContextPages{.first_row = x.first_row, .rows = x.rows, .inbound = x.inbound}.pack());
    for (unsigned p = 0; p < x.rows && shape.page_blocks > 0; ++p)  // one block a page, last row first
      put(node, hw::kAddrBlockPage, x.first_row + p, shape.page_rows - 1 - (x.first_row + p));
    put_context(hw::kAddrContextTables,
                hw::RegContextTables{.first_chunk = 0, .first_out = x.first_out}.pack());
    put_context(hw::kAddrContextUpdate,
                hw::RegContextUpdate{.first = (x.alternate ? 1U : 0U) | shape.looks << 1U, .count = x.updates}
                    .pack());
    put_context(hw::kAddrContextState, x.state);
    put_context(hw::kAddrContextMode, hw::RegContextMode{.valid = 1, .list_entries = x.chunks}.pack());
    for (unsigned k = 0; k < hw::kLimitContextLimits; ++k) put_context(hw::kAddrContextLimit + k, x.limit[k]);
    put(node, hw::kAddrBlockOrder, x.local, hw::RegOrder{.context = x.local, .skip = x.skip}.pack());
  }
  for (const MeshChannel& ch : m.channels)
    if (ch.context >= 0) {
      const MeshContext& x = m.contexts[static_cast<unsigned>(ch.context)];
      put(x.tile + 1, hw::kAddrBlockChannel, ch.local, hw::RegChannel{.context = x.local, .valid = 1}.pack());
    }
  for (const MeshDelivery& v : m.deliveries)
    m.configuration.push_back(
        ring_write(m.contexts[v.context].tile + 1,
                   hw::AddressDelivery{.field = hw::kAddrDeliveryRange, .delivery = v.local}.pack(),
                   hw::RegDeliveryRange{.first = v.first, .count = v.count}.pack()));

  // Start words.
  const auto begin = [&](unsigned node, std::uint32_t address, std::uint32_t data) {
    m.dynamic.push_back(ring_write(node, address, data));
  };
  for (const MeshDelivery& v : m.deliveries) {
    const MeshContext& x = m.contexts[v.context];
    begin(x.tile + 1, hw::AddressDelivery{.field = hw::kAddrDeliveryPage, .delivery = v.local}.pack(),
          hw::RegDeliveryPage{.context = x.local,
                              .zero_delay = v.delay == 0 ? 1U : 0U,
                              .valid = 1,
                              .write_page = v.delay,
                              .first_chunk = v.first_chunk}
              .pack());
    const MeshChannel& ch = m.channels[v.channel];
    begin(ch.context < 0 ? 0 : m.contexts[static_cast<unsigned>(ch.context)].tile + 1,
          at(hw::kAddrBlockCredit, v.counter),
          hw::RegCredit{.channel = ch.local, .valid = 1, .count = x.rows - v.delay}.pack());
  }
  for (unsigned c = 0; c < n; ++c)
    for (unsigned p = 0; p < m.contexts[c].rows; ++p) {
      unsigned count = 0;
      for (const MeshDelivery& v : m.deliveries) count += v.context == c && v.delay > p;
      if (count > 0) begin(m.contexts[c].tile + 1, at(hw::kAddrBlockEos, m.contexts[c].first_row + p), count);
    }
  for (const unsigned t : space.tiles)
    m.run.push_back(
        ring_write(t + 1, hw::kAddrNodeControl, hw::RegControl{.run = 1, .app = space.application}.pack()));

  // Alone.
  m.image = table_words(shape, {&m.tables});
  m.image.insert(m.image.end(), m.configuration.begin(), m.configuration.end());
  for (unsigned node = 0; node <= tiles; ++node)
    m.start.push_back(
        ring_write(node, hw::kAddrNodeControl, hw::RegControl{.clear = 1, .routers = 1}.pack()));
  m.start.insert(m.start.end(), m.dynamic.begin(), m.dynamic.end());
  m.start.push_back(ring_write(0, hw::kAddrNodeStartLow, 0));
  m.start.push_back(ring_write(0, hw::kAddrNodeStart, hw::RegStart{.apps = 1U << space.application}.pack()));
  m.start.insert(m.start.end(), m.run.begin(), m.run.end());
  m.start.push_back(ring_write(0, hw::kAddrNodeControl, hw::RegControl{.run = 1}.pack()));

  // Input.
  const unsigned steps = space.least_steps + below(r, space.steps);
  for (unsigned k = 0; k <= steps; ++k) {
    const bool run_end = k == steps, sample_end = !run_end && (k + 1 == steps || below(r, 3) == 0);
    const bool is_void = sample_end && below(r, 3) == 0;
    for (unsigned ch = 0; ch < host_channels; ++ch) {
      for (unsigned i = 0; i < 6 && !run_end && !(is_void && below(r, 2) == 0); ++i)
        if (below(r, 2) == 0 || space.saturated)
          m.input.push_back(hw::WordChunk{.mask = space.saturated ? 0xffffU : below(r, 65536),
                                          .index = i,
                                          .channel = space.first_channel + ch,
                                          .app = space.application,
                                          .kind = hw::kKindChunk}
                                .pack());
      m.input.push_back(hw::WordEos{.sample_end = sample_end ? 1U : 0U,
                                    .run_end = run_end ? 1U : 0U,
                                    .final = run_end && ch + 1 == host_channels ? 1U : 0U,
                                    .is_void = is_void ? 1U : 0U,
                                    .channel = space.first_channel + ch,
                                    .app = space.application,
                                    .kind = hw::kKindEos}
                            .pack());
    }
  }
  m.valid = true;
  return m;
}

namespace {

struct Flit {
  bool eos = false, sample_end = false, run_end = false;
  unsigned index = 0, mask = 0;
  bool is_void = false;
};
struct Row {
  std::map<unsigned, unsigned> chunks;
  unsigned count = 0;
  bool sample_end = false, run_end = false, is_void = false;
};
struct Buffer {
  std::vector<Flit> flits;  // a list and an end-of-step for each page
};
enum class State { kLoad, kWait, kBusy };
struct Sequencer {
  State state = State::kLoad;
  std::vector<unsigned> order;
  unsigned position = 0, round = 0, context = 0, looked = 0;
  std::vector<std::uint64_t> frees = {};
  std::uint64_t te = 0;
  Buffer buffer;
};

/// Fires context x in cycle f on `pages` of its rows from `first` on, none of them void; `steps`: since the
/// sample began.
void fire_full(const MeshShape& shape, const MeshContext& x, const std::vector<Row>& rows, unsigned first,
               unsigned pages, std::uint64_t f, unsigned& steps, Sequencer& q) {
  const unsigned delay = page_delay(shape);
  q.frees.clear();
  q.buffer.flits.clear();
  std::vector<unsigned> pushes;
  std::uint64_t at = f;
  const auto update = [&](unsigned page) { at += x.updates + std::max(pushes[page], 1U); };
  for (unsigned page = 0; page < pages; ++page) {
    const Row& row = rows[(first + page) % x.rows];
    const unsigned mixed = (steps == 0 ? 0 : x.state) ^ (row.sample_end ? x.state >> 1U : 0);
    const std::size_t before = q.buffer.flits.size();
    unsigned valid = 0;
    for (const auto& [chunk, mask] : row.chunks) {
      if (chunk >= x.limit[steps]) continue;
      ++valid;
      const unsigned out = (((mask << 1U) | (mask >> 15U)) & 0xffffU) ^ mixed;
      if (out) q.buffer.flits.push_back({false, false, false, chunk, out});
    }
    pushes.push_back(static_cast<unsigned>(q.buffer.flits.size() - before));
    q.buffer.flits.push_back({true, row.sample_end, false, 0, 0});
    steps = row.sample_end ? 0 : std::min(steps + 1, 15U);
    const std::uint64_t began = q.frees.empty() ? f : q.frees.back();
    at = std::max(at, began + delay) + 2 + 2 * valid;
    q.frees.push_back(at);
    if (x.alternate) update(page);
  }
  if (shape.looks != 0) {
    const unsigned looks = shape.page_chunks + 2;  // at a page
    at = f + pages * looks + 2 + delay;
    for (std::uint64_t i = 0; i < pages; ++i) q.frees[i] = x.alternate ? f + (i + 1) * looks + 1 : ++at;
    q.te = at + x.updates + pages * (*std::max_element(pushes.begin(), pushes.end()) + 1);
    return;
  }
  for (unsigned page = 0; page < pages && !x.alternate; ++page) update(page);
  q.te = at;
}

/// The same where the last page may be void: a cycle more than the pages before it.
void fire(const MeshShape& shape, const MeshContext& x, const std::vector<Row>& rows, unsigned first,
          unsigned pages, std::uint64_t f, unsigned& steps, Sequencer& q) {
  const bool ends_void = rows[(first + pages - 1) % x.rows].is_void;
  q.frees.clear();
  q.buffer.flits.clear();
  q.te = f + 1;
  if (pages > 1 || !ends_void) fire_full(shape, x, rows, first, ends_void ? pages - 1 : pages, f, steps, q);
  if (!ends_void) return;
  q.frees.push_back((q.frees.empty() ? f : q.frees.back()) + 1);
  q.buffer.flits.push_back({true, true, false, 0, 0, true});
  ++q.te;
  steps = 0;
}

}  // namespace

MeshResult simulate(const MeshCase& m, std::uint64_t limit) {
  MeshResult result;
  const unsigned tiles = m.shape.width * m.shape.height, n = static_cast<unsigned>(m.contexts.size());
  result.firings.assign(tiles, 0);
  result.wait_input.assign(tiles, 0);
  result.wait_output.assign(tiles, 0);
  result.batches.assign(m.shape.firing_pages + 1, 0);
  std::vector<Sequencer> sequencers(tiles);
  for (unsigned c = 0; c < n; ++c) sequencers[m.contexts[c].tile].order.push_back(c);
  std::vector<std::vector<Row>> rows(n);
  std::vector<unsigned> read_page(n, 0), steps(n, 0);
  std::vector<bool> retired(n, false);
  std::vector<Buffer> buffers(n);
  for (unsigned c = 0; c < n; ++c) rows[c].resize(m.contexts[c].rows);
  std::vector<unsigned> write_page, credit, owed(m.deliveries.size(), 0);
  for (const MeshDelivery& v : m.deliveries) {
    write_page.push_back(v.delay);
    credit.push_back(m.contexts[v.context].rows - v.delay);
    for (unsigned p = 0; p < v.delay; ++p) ++rows[v.context][p].count;
  }
  std::vector<bool> pending(m.channels.size(), false), sending(m.channels.size(), false);
  std::vector<std::size_t> next(m.channels.size(), 0);
  std::size_t head = 0;
  bool host_sending = false, final_sent = false;
  struct Landing {
    bool credit;
    unsigned delivery;  // or ~0: the sink
    unsigned channel;
    Flit flit;
  };
  std::map<std::uint64_t, std::vector<Landing>> flying;

  for (std::uint64_t t = 0; t < limit; ++t) {
    bool active = !final_sent || !flying.empty();
    for (unsigned c = 0; c < n; ++c) active = active || !retired[c];
    for (std::size_t ch = 0; ch < pending.size(); ++ch) active = active || pending[ch];
    if (!active) {
      result.finished = true;
      break;
    }
    std::vector<Landing> landing;
    if (const auto it = flying.find(t); it != flying.end()) {
      landing = std::move(it->second);
      flying.erase(it);
    }
    std::vector<unsigned> raise, owe, set_pending, clear_pending;
    const auto launch = [&](unsigned ch, const Flit& flit) {
      for (const unsigned d : m.channels[ch].deliveries)
        flying[t + 1 + m.deliveries[d].latency].push_back({false, d, ch, flit});
      if (m.channels[ch].to_sink)
        flying[t + 1 + m.channels[ch].latency_to_sink].push_back({false, ~0U, ch, flit});
    };
    const auto has_slot = [&](const std::vector<unsigned>& slots, unsigned wheel) {
      return std::find(slots.begin(), slots.end(), (t + 1) % wheel) != slots.end();
    };
    const auto has_credit = [&](unsigned ch) {
      return std::all_of(m.channels[ch].deliveries.begin(), m.channels[ch].deliveries.end(),
                         [&](unsigned d) { return credit[d] > 0; });
    };
    std::vector<unsigned> took;
    // Host source.
    if (head < m.input.size()) {
      const auto word = hw::WordChunk::unpack(m.input[head]);
      const unsigned ch = word.channel - m.space.first_channel;
      if (has_slot(m.channels[ch].slots, m.shape.spike_wheel) && (host_sending || has_credit(ch))) {
        if (!host_sending) took.push_back(ch);
        const auto eos = hw::WordEos::unpack(m.input[head]);
        const bool is_eos = word.kind == hw::kKindEos;
        launch(ch, is_eos ? Flit{true, eos.sample_end != 0, eos.run_end != 0, 0, 0, eos.is_void != 0}
                          : Flit{false, false, false, word.index, word.mask});
        if (is_eos && !eos.run_end)
          result.sent.push_back(hw::WordOutEos{
              .stamp = t + 1, .sample_end = eos.sample_end, .channel = word.channel, .kind = hw::kKindOutSent}
                                    .pack());
        host_sending = !is_eos;
        final_sent = final_sent || (is_eos && eos.final);
        ++head;
      }
    }
    // Channels of tiles.
    for (unsigned ch = 0; ch < m.channels.size(); ++ch) {
      if (m.channels[ch].context < 0 || !pending[ch] || !has_slot(m.channels[ch].slots, m.shape.spike_wheel))
        continue;
      if (!sending[ch] && !has_credit(ch)) continue;
      if (!sending[ch]) took.push_back(ch);
      const Buffer& buffer = buffers[static_cast<unsigned>(m.channels[ch].context)];
      const Flit& flit = buffer.flits[next[ch]];
      launch(ch, flit);
      sending[ch] = !flit.eos;
      if (++next[ch] == buffer.flits.size()) {
        next[ch] = 0;
        clear_pending.push_back(ch);
      }
    }
    // Credits.
    for (unsigned d = 0; d < m.deliveries.size(); ++d)
      if (owed[d] > 0 && has_slot(m.deliveries[d].credit_slots, m.shape.credit_wheel)) {
        --owed[d];
        flying[t + 1 + m.deliveries[d].credit_latency].push_back({true, d, 0, {}});
      }
    // Sequencers.
    std::vector<unsigned> freed;
    for (unsigned tile = 0; tile < tiles; ++tile) {
      Sequencer& q = sequencers[tile];
      if (q.order.empty()) continue;
      const auto advance = [&] {
        if (++q.position == q.order.size()) {
          q.position = 0;
          q.round = std::min(q.round + 1, 255U);
        }
      };
      const auto fill = [&](unsigned c) {
        for (unsigned ch = 0; ch < m.channels.size(); ++ch)
          if (m.channels[ch].context == static_cast<int>(c)) set_pending.push_back(ch);
      };
      if (q.state == State::kLoad) {
        const unsigned c = q.order[q.position];
        if (retired[c] || q.round < m.contexts[c].skip) {
          advance();
        } else {
          q.context = c;
          q.looked = 0;
          q.state = State::kWait;
        }
      } else if (q.state == State::kWait) {
        const unsigned c = q.context;
        const MeshContext& x = m.contexts[c];
        const Row& row = rows[c][(read_page[c] + q.looked) % x.rows];
        bool busy = false;
        for (unsigned ch = 0; ch < m.channels.size(); ++ch)
          busy = busy || (m.channels[ch].context == static_cast<int>(c) && pending[ch]);
        if (row.count != x.inbound) {
          ++result.wait_input[tile];
        } else if (!row.run_end && !row.sample_end && q.looked + 1 < m.shape.firing_pages) {
          ++q.looked;
        } else if (busy) {
          ++result.wait_output[tile];
        } else if (row.run_end) {
          retired[c] = true;
          buffers[c].flits = {Flit{true, false, true, 0, 0}};
          fill(c);
          advance();
          q.state = State::kLoad;
        } else {
          ++result.firings[tile];
          const unsigned pages = q.looked + 1;
          ++result.batches[pages];
          if (row.is_void) ++result.voids;
          fire(m.shape, x, rows[c], read_page[c], pages, t, steps[c], q);
          q.state = State::kBusy;
        }
      } else {
        const unsigned c = q.context;
        if (std::find(q.frees.begin(), q.frees.end(), t) != q.frees.end()) freed.push_back(c);
        if (t == q.te) {
          buffers[c] = q.buffer;
          fill(c);
          advance();
          q.state = State::kLoad;
        }
      }
    }
    // What lands in this cycle is seen in the next.
    for (const Landing& l : landing) {
      if (l.credit) {
        raise.push_back(l.delivery);
      } else if (l.delivery == ~0U) {
        const unsigned sink = m.channels[l.channel].sink;
        result.sink.push_back(
            l.flit.eos ? hw::WordOutEos{.stamp = t,
                                        .sample_end = l.flit.sample_end,
                                        .run_end = l.flit.run_end,
                                        .channel = sink,
                                        .kind = l.flit.is_void ? hw::kKindOutVoid : hw::kKindOutEos}
                             .pack()
                       : hw::WordOutChunk{.mask = l.flit.mask,
                                          .index = l.flit.index,
                                          .channel = sink,
                                          .kind = hw::kKindOutChunk}
                             .pack());
      } else {
        const MeshDelivery& v = m.deliveries[l.delivery];
        Row& row = rows[v.context][write_page[l.delivery]];
        if (!l.flit.eos) {
          if (l.flit.index >= v.first && l.flit.index < v.first + v.count)
            row.chunks[v.first_chunk + l.flit.index - v.first] = l.flit.mask;
        } else {
          ++row.count;
          if (v.delay == 0) {
            row.sample_end = l.flit.sample_end;
            row.run_end = l.flit.run_end;
            row.is_void = l.flit.is_void;
          }
          write_page[l.delivery] = (write_page[l.delivery] + 1) % m.contexts[v.context].rows;
        }
      }
    }
    for (const unsigned c : freed) {
      rows[c][read_page[c]] = Row{};
      read_page[c] = (read_page[c] + 1) % m.contexts[c].rows;
      for (unsigned d = 0; d < m.deliveries.size(); ++d) owed[d] += m.deliveries[d].context == c;
    }
    for (const unsigned ch : took)
      for (const unsigned d : m.channels[ch].deliveries) --credit[d];
    for (const unsigned d : raise) ++credit[d];
    for (const unsigned ch : clear_pending) pending[ch] = false;
    for (const unsigned ch : set_pending) pending[ch] = true;
  }
  return result;
}

}  // namespace spikeloom::test

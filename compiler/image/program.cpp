// An image as words for the host link. Registers and memories: rtl/hardware.toml; meaning: docs/protocol.md.
#include <algorithm>
#include <array>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/chip/pages.hpp"
#include "compiler/core/core.hpp"
#include "compiler/image/image.hpp"
#include "compiler/map/routes.hpp"
#include "compiler/partition/streams.hpp"

namespace spikeloom {
namespace {

/// Tables of the chip with these on it.
std::vector<NodeTables> tables_of(std::span<const ImageView> images, const Chip& chip) {
  std::vector<const Binding*> bindings;
  for (const ImageView& image : images) bindings.push_back(&image.binding);
  std::vector<std::string> conflicts;
  std::vector<NodeTables> nodes = tables(bindings, chip, conflicts);
  SPIKELOOM_CHECK(conflicts.empty());
  return nodes;
}

std::uint64_t ring_write(std::uint32_t node, std::uint32_t address, std::uint32_t data) {
  hw::WordRing word;
  word.data = data;
  word.address = address;
  word.node = node;
  word.kind = hw::kKindRingWrite;
  return word.pack();
}

std::uint32_t memory_window(std::uint32_t offset) {
  return hw::Address{.offset = offset, .block = hw::kAddrBlockMemory}.pack();
}

class Programmer {
 public:
  explicit Programmer(const ImageView& image)
      : image_(image), chip_(image.chip), app_(image.application), binding_(image.binding) {}

  /// The chip has this application and no other.
  Program alone() {
    const std::vector<NodeTables> tables = spikeloom::tables(binding_, chip_);
    words_ = &program_.load;
    clear_all();
    for (std::uint32_t node = 0; node <= chip_.tiles(); ++node) {
      write_tables(node, tables[node]);
      write_node(node);
    }
    words_ = &program_.start;
    clear_all();
    write_start_values();
    write_exit();
    run_tiles();
    const std::vector<std::uint64_t> start = start_words(1U << binding_.application, 0);
    words_->insert(words_->end(), start.begin(), start.end());
    control(0, Clear::kNothing, 1);
    return std::move(program_);
  }

  std::vector<std::uint64_t> enter(std::span<const ImageView> others) {
    std::vector<ImageView> all(others.begin(), others.end());
    const std::vector<NodeTables> before = tables_of(all, chip_);
    all.push_back(image_);
    const std::vector<NodeTables> after = tables_of(all, chip_);
    words_ = &program_.load;
    for (const std::uint32_t node : own_nodes()) control(node, Clear::kTile, 0);
    write_changes(before, after);
    for (const std::uint32_t node : own_nodes()) write_node(node);
    write_host_ends();
    write_start_values();
    run_tiles();
    return std::move(program_.load);
  }

  std::vector<std::uint64_t> leave(std::span<const ImageView> others) {
    std::vector<ImageView> all(others.begin(), others.end());
    const std::vector<NodeTables> after = tables_of(all, chip_);
    all.push_back(image_);
    const std::vector<NodeTables> before = tables_of(all, chip_);
    words_ = &program_.load;
    for (const std::uint32_t node : own_nodes()) {
      control(node, Clear::kTile, 0);
      for (std::uint32_t context = 0; context < kind_at(node).contexts; ++context)
        write_unused_context(node, context);
      write(node, hw::kAddrNodeOrderLength, 0);
    }
    // A counter that stays with a channel's number would hold back whoever gets the number next.
    for (const Channel& channel : binding_.channels) {
      if (channel.from) continue;
      write(0, hw::AddressChannel{channel.number}.pack(), hw::RegChannel{}.pack());
      for (const Destination& end : channel.to)
        if (end.to) write(0, hw::AddressCredit{end.counter}.pack(), hw::RegCredit{}.pack());
    }
    write_changes(before, after);
    return std::move(program_.load);
  }

 private:
  enum class Clear : std::uint8_t { kNothing, kTile, kAll };

  /// Of a tile's ring node.
  [[nodiscard]] const TileKind& kind_at(std::uint32_t node) const { return chip_.kind_at(TileId{node - 1}); }

  [[nodiscard]] std::vector<std::uint32_t> own_nodes() const {
    std::vector<std::uint32_t> nodes;
    for (std::uint32_t node = 1; node <= chip_.tiles(); ++node)
      if (!binding_.orders[node - 1].empty()) nodes.push_back(node);
    return nodes;
  }
  void write(std::uint32_t node, std::uint32_t address, std::uint32_t data) {
    words_->push_back(ring_write(node, address, data));
  }

  void control(std::uint32_t node, Clear clear, std::uint32_t run_bit) {
    hw::RegControl reg;
    reg.clear = clear != Clear::kNothing;
    reg.routers = clear == Clear::kAll;
    reg.run = run_bit;
    reg.app = node == 0 ? 0 : binding_.application;
    write(node, hw::kAddrNodeControl, reg.pack());
  }

  void run_tiles() {
    for (const std::uint32_t node : own_nodes()) control(node, Clear::kNothing, 1);
  }

  /// The host first: from then on no target time passes.
  void clear_all() {
    for (std::uint32_t node = 0; node <= chip_.tiles(); ++node) control(node, Clear::kAll, 0);
  }

  template <class List>
  void write_all(std::uint32_t node, std::uint32_t block, const List& entries) {
    for (std::uint32_t i = 0; i < entries.size(); ++i)
      write(node, hw::Address{.offset = i, .block = block}.pack(), entries[i].pack());
  }

  void write_tables(std::uint32_t node, const NodeTables& tables) {
    write_all(node, hw::kAddrBlockSpikeSlot, tables.spike_slots);
    write_all(node, hw::kAddrBlockCreditSlot, tables.credit_slots);
    write_all(node, hw::kAddrBlockSpikeRoute, tables.spike_routes);
    write_all(node, hw::kAddrBlockCreditRoute, tables.credit_routes);
  }

  template <class List>
  void write_changed(std::uint32_t node, std::uint32_t block, const List& before, const List& after) {
    for (std::uint32_t i = 0; i < after.size(); ++i)
      if (before[i].pack() != after[i].pack())
        write(node, hw::Address{.offset = i, .block = block}.pack(), after[i].pack());
  }

  void write_changes(const std::vector<NodeTables>& before, const std::vector<NodeTables>& after) {
    for (std::uint32_t node = 0; node < after.size(); ++node) {
      write_changed(node, hw::kAddrBlockSpikeSlot, before[node].spike_slots, after[node].spike_slots);
      write_changed(node, hw::kAddrBlockCreditSlot, before[node].credit_slots, after[node].credit_slots);
      write_changed(node, hw::kAddrBlockSpikeRoute, before[node].spike_routes, after[node].spike_routes);
      write_changed(node, hw::kAddrBlockCreditRoute, before[node].credit_routes, after[node].credit_routes);
    }
  }

  void write_node(std::uint32_t node) {
    write_ends(node);
    if (node == 0) return;
    write_order(node);
    write_contexts(node);
    TileContract contract;
    if (!image_.contracts.empty()) contract = image_.contracts[node - 1];
    write(node, hw::kAddrNodeContractRho, contract.rho);
    write(node, hw::kAddrNodeContractSigma, contract.sigma);
  }

  /// Channels, credit counters and deliveries of a node; those not used are written as not valid.
  void write_ends(std::uint32_t node) {
    std::vector<hw::RegChannel> channels(node == 0 ? chip_.host.channels : kind_at(node).channels);
    std::vector<hw::RegCredit> credits(node == 0 ? chip_.host.credit_counters
                                                 : kind_at(node).credit_counters);
    std::vector<hw::RegDeliveryPage> pages(node == 0 ? 0 : kind_at(node).deliveries);
    std::vector<hw::RegDeliveryRange> ranges(pages.size());
    std::vector<hw::RegDeliveryWeights> weights(pages.size());
    for (const Channel& channel : binding_.channels) {
      if (node_of(binding_, channel.from) == node) {
        hw::RegChannel& reg = channels[channel.number];
        reg.valid = 1;
        reg.context = channel.from ? binding_.placement[channel.from->index()].context : binding_.application;
        for (const Destination& end : channel.to)
          if (end.to) credits[end.counter] = credit(channel, end);
      }
      for (const Destination& end : channel.to) {
        if (!end.to || node_of(binding_, end.to) != node) continue;
        pages[end.number] = delivery_page(end);
        ranges[end.number].first = inbound(end).source_first;
        ranges[end.number].count = inbound(end).source_count;
        if (inbound(end).weights > 0) weights[end.number] = delivery_weights(end);
      }
    }
    write_all(node, hw::kAddrBlockChannel, channels);
    write_all(node, hw::kAddrBlockCredit, credits);
    for (std::uint32_t i = 0; i < pages.size(); ++i) {
      write(node, hw::AddressDelivery{hw::kAddrDeliveryPage, i}.pack(), pages[i].pack());
      write(node, hw::AddressDelivery{hw::kAddrDeliveryRange, i}.pack(), ranges[i].pack());
      if (takes_stream(node))
        write(node, hw::AddressDelivery{hw::kAddrDeliveryWeights, i}.pack(), weights[i].pack());
    }
  }

  [[nodiscard]] const Inbound& inbound(const Destination& end) const {
    return app_.clusters[end.to->index()].inbound[end.inbound];
  }

  /// Tiles that take none have no such registers.
  [[nodiscard]] bool takes_stream(std::uint32_t node) const {
    return core_of(kind_at(node)).streams(kind_at(node)).window.has_value();
  }

  [[nodiscard]] hw::RegDeliveryWeights delivery_weights(const Destination& end) const {
    const Cluster& cluster = app_.clusters[end.to->index()];
    const std::optional<std::size_t> memory = region_memory(cluster, chip_.kind(cluster.kind));
    SPIKELOOM_CHECK(memory);
    hw::RegDeliveryWeights reg;
    reg.first_word = binding_.placement[end.to->index()].first[*memory];
    reg.after = binding_.placement[stream_turn(app_, binding_, *end.to).after.index()].context;
    reg.valid = 1;
    return reg;
  }

  [[nodiscard]] hw::RegCredit credit(const Channel& channel, const Destination& end) const {
    hw::RegCredit reg;
    reg.channel = channel.number;
    reg.valid = 1;
    // A load waits for the firing before it in the region; the first of a run finds it free.
    if (inbound(end).weights > 0)
      reg.count = stream_turn(app_, binding_, *end.to).is_first ? 1 : 0;
    else
      reg.count = binding_.placement[end.to->index()].rows - inbound(end).delay;
    return reg;
  }

  [[nodiscard]] hw::RegDeliveryPage delivery_page(const Destination& end) const {
    hw::RegDeliveryPage reg;
    reg.context = binding_.placement[end.to->index()].context;
    reg.valid = 1;
    reg.zero_delay = inbound(end).delay == 0;
    reg.write_page = inbound(end).delay;
    reg.first_chunk = inbound(end).first_chunk;
    return reg;
  }

  void write_order(std::uint32_t node) {
    std::vector<hw::RegOrder> order;
    for (const OrderEntry& entry : binding_.orders[node - 1]) {
      hw::RegOrder reg;
      reg.context = binding_.placement[entry.cluster.index()].context;
      reg.skip = entry.skip;
      order.push_back(reg);
    }
    write_all(node, hw::kAddrBlockOrder, order);
    write(node, hw::kAddrNodeOrderLength, static_cast<std::uint32_t>(order.size()));
  }

  void write_contexts(std::uint32_t node) {
    std::vector<std::uint32_t> used(kind_at(node).contexts, 0);
    for (const OrderEntry& entry : binding_.orders[node - 1]) {
      const Cluster& cluster = app_.clusters[entry.cluster.index()];
      const Placement& place = binding_.placement[entry.cluster.index()];
      used[place.context] = 1;
      write_context(node, cluster, place);
      write_memories(node, cluster, place);
    }
    for (std::uint32_t context = 0; context < used.size(); ++context)
      if (used[context] == 0) write_unused_context(node, context);
  }

  void write_unused_context(std::uint32_t node, std::uint32_t context) {
    write(node, hw::AddressContext{hw::kAddrContextMode, context}.pack(), hw::RegContextMode{}.pack());
  }

  void write_context(std::uint32_t node, const Cluster& cluster, const Placement& place) {
    const auto reg = [&](std::uint32_t field, std::uint32_t data) {
      write(node, hw::AddressContext{field, place.context}.pack(), data);
    };
    hw::RegContextPages pages;
    pages.first_row = place.first_row;
    pages.rows = place.rows;
    pages.inbound = static_cast<std::uint32_t>(cluster.inbound.size());
    reg(hw::kAddrContextPages, pages.pack());
    if (const std::uint32_t blocks = blocks_of_page(kind_at(node), cluster.page_chunks()); blocks > 0)
      for (std::uint32_t page = 0; page < place.rows; ++page)
        write(node, hw::AddressPage{place.first_row + page}.pack(),
              hw::RegPage{place.first_block + page * blocks}.pack());
    const auto core =
        device_model::words_of(core_of(cluster).registers(cluster, place.first, place.first_out));
    for (std::size_t n = 0; n < core.size(); ++n) reg(device_model::kCoreFields[n], core[n]);
    hw::RegContextMode mode;
    mode.valid = 1;
    mode.readout = cluster.readout;
    mode.last_only = cluster.last_only;
    if (core_of(cluster).pages_per_firing(kind_at(node)) > 1) mode.list_entries = cluster.out_entries;
    reg(hw::kAddrContextMode, mode.pack());
    for (std::uint32_t count = 0; count < hw::kLimitContextLimits; ++count)
      reg(hw::kAddrContextLimit + count, cluster.limit[count]);
  }

  void write_parts(std::uint32_t node, std::uint32_t memory, std::uint32_t first,
                   const std::vector<std::uint32_t>& parts) {
    if (parts.empty()) return;
    hw::RegMemoryAddress address;
    address.memory = memory;
    address.word = first;
    write(node, memory_window(hw::kAddrMemoryAddress), address.pack());
    for (const std::uint32_t part : parts) write(node, memory_window(hw::kAddrMemoryData), part);
  }

  void write_memories(std::uint32_t node, const Cluster& cluster, const Placement& place) {
    const Core& core = core_of(cluster);
    const std::vector<MemoryWindow> windows = core.windows(kind_at(node));
    const CoreTables placed = core.placed(cluster, place.first);
    const std::optional<std::size_t> region = region_memory(cluster, kind_at(node));
    for (std::size_t w = 0; w < windows.size(); ++w) {
      if (region && windows[w].memory == *region) continue;  // the host sends it before every firing
      // Clusters that share entries have the same words for them.
      const std::uint32_t first = place.first[windows[w].memory];
      if (placed.windows[w].words.empty() || !written_.insert({node, windows[w].number, first}).second)
        continue;
      write_parts(node, windows[w].number, first, placed.windows[w].words);
    }
  }

  /// A channel of delay d has delivered the first d pages before the run.
  void write_end_of_steps(std::uint32_t node) {
    for (const OrderEntry& entry : binding_.orders[node - 1]) {
      const Placement& place = binding_.placement[entry.cluster.index()];
      for (std::uint32_t page = 0; page < place.rows; ++page) {
        std::uint32_t delivered = 0;
        for (const Inbound& channel : app_.clusters[entry.cluster.index()].inbound)
          delivered += channel.delay > page;
        if (delivered > 0) write(node, hw::AddressEos{place.first_row + page}.pack(), delivered);
      }
    }
  }

  /// Of the host only what is this application's.
  void write_host_ends() {
    for (const Channel& channel : binding_.channels) {
      if (channel.from) continue;
      hw::RegChannel reg;
      reg.valid = 1;
      reg.context = binding_.application;
      write(0, hw::AddressChannel{channel.number}.pack(), reg.pack());
    }
    // Who had these sinks before may have left tokens. Sinks that are not counted nobody waits for.
    for (std::uint32_t s = 0; s < app_.sinks.size(); ++s)
      if (const std::uint32_t sink = binding_.first_sink + s; sink < chip_.host.window_sinks)
        write(0, hw::AddressToken{sink}.pack(), hw::RegToken{}.pack());
  }

  /// `clear` has switched the exit unit off; `valid` comes last.
  void write_exit() {
    if (!image_.exit) return;
    SPIKELOOM_CHECK(image_.window > 0 && image_.window <= chip_.host.exit_window);
    const auto field = [](std::uint32_t number) { return hw::AddressExit{number}.pack(); };
    hw::RegExitSinks sinks;
    sinks.first = binding_.first_sink + image_.exit->first_sink;
    sinks.count = image_.exit->sinks;
    write(0, field(hw::kAddrExitSinks), sinks.pack());
    write(0, field(hw::kAddrExitNeurons), hw::RegExitNeurons{image_.exit->neurons}.pack());
    write(0, field(hw::kAddrExitMargin), image_.exit->margin);
    hw::RegExitSource source;
    source.app = binding_.application;
    source.last_sink = binding_.first_sink + static_cast<std::uint32_t>(app_.sinks.size()) - 1;
    for (const Channel& channel : binding_.channels)
      if (!channel.from) source.last_channel = channel.number;
    source.valid = 1;
    write(0, field(hw::kAddrExitSource), source.pack());
  }

  /// What does not start at 0.
  void write_start_values() {
    for (const std::uint32_t node : own_nodes()) write_end_of_steps(node);
    for (const Channel& channel : binding_.channels)
      for (const Destination& end : channel.to) {
        if (!end.to) continue;
        write(node_of(binding_, channel.from), hw::AddressCredit{end.counter}.pack(),
              credit(channel, end).pack());
        write(node_of(binding_, end.to), hw::AddressDelivery{hw::kAddrDeliveryPage, end.number}.pack(),
              delivery_page(end).pack());
      }
  }

  ImageView image_;
  const Chip& chip_;
  const Application& app_;
  const Binding& binding_;
  std::set<std::array<std::uint32_t, 3>> written_;  ///< node, window and first entry
  Program program_;
  std::vector<std::uint64_t>* words_ = nullptr;
};

}  // namespace

Program program(const ImageView& image) { return Programmer(image).alone(); }

std::vector<std::uint64_t> entering_words(std::span<const ImageView> resident, const ImageView& image) {
  return Programmer(image).enter(resident);
}

std::vector<std::uint64_t> start_words(std::uint32_t applications, std::int64_t cycle) {
  const auto number = static_cast<std::uint64_t>(cycle);
  hw::RegStart start;
  start.high = static_cast<std::uint32_t>(number >> 32U) & 0xFFFFU;
  start.apps = applications;
  return {ring_write(0, hw::kAddrNodeStartLow, static_cast<std::uint32_t>(number)),
          ring_write(0, hw::kAddrNodeStart, start.pack())};
}

std::vector<std::uint64_t> leaving_words(std::span<const ImageView> staying, const ImageView& image) {
  return Programmer(image).leave(staying);
}

}  // namespace spikeloom

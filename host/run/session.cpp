#include "host/run/session.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <span>

#include "compiler/base/error.hpp"
#include "host/run/output_traces.hpp"
#include "host/run/stimulus.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

/// The steps of all samples as one row, and back.
class StepIndex {
 public:
  explicit StepIndex(const Dataset& data) {
    for (std::size_t s = 0; s < data.samples.size(); ++s)
      for (std::size_t t = 0; t < data.samples[s].steps(); ++t) of_.push_back({s, t});
  }
  struct Place {
    std::size_t sample, step;
  };
  [[nodiscard]] const Place& operator[](std::size_t k) const { return of_[k]; }
  [[nodiscard]] std::size_t size() const { return of_.size(); }

 private:
  std::vector<Place> of_;
};

}  // namespace

/// Puts what arrives at the sinks where it belongs.
class Session::Collector {
 public:
  Collector(const Image& image, const Dataset& data)
      : traces_(image, data), steps_(data), sinks_(image.application.sinks.size()) {
    for (const Channel& channel : image.binding.channels)
      if (!channel.from) last_host_channel_ = std::max(last_host_channel_, channel.number);
    run_.sent.reserve(steps_.size());
    run_.ended.assign(steps_.size(), 0);
    arrived_.assign(steps_.size(), 0);
  }

  /// Steps whose last end-of-step has arrived, in order.
  [[nodiscard]] std::size_t ended() const { return ended_; }
  [[nodiscard]] bool finished() const { return finished_sinks_ == sinks_.size() && run_.sent.size() == steps_.size(); }
  [[nodiscard]] DeviceRun take() {
    run_.output_spikes = traces_.output_spikes();
    run_.outputs = traces_.take();
    return std::move(run_);
  }
  [[nodiscard]] const RunOutputs& so_far() const { return traces_.outputs(); }
  [[nodiscard]] std::string waiting_for() const {
    return "end of step " + std::to_string(ended_) + " of " + std::to_string(steps_.size());
  }

  void take(Word word) {
    switch (static_cast<std::uint32_t>(word >> 60U)) {
      case hw::kKindOutChunk: chunk(hw::WordOutChunk::unpack(word)); return;
      case hw::kKindOutEos: end(hw::WordOutEos::unpack(word)); return;
      case hw::kKindOutSent: {
        const auto sent = hw::WordOutEos::unpack(word);
        if (sent.channel == last_host_channel_) run_.sent.push_back(static_cast<std::int64_t>(sent.stamp));
        return;
      }
      default: throw device_error("a word of kind " + std::to_string(word >> 60U) + " during a run");
    }
  }

 private:
  struct Sink {
    std::size_t step = 0;
    bool run_ended = false;
  };

  Sink& sink(std::uint32_t channel) {
    if (channel >= sinks_.size()) throw device_error("a flit on sink channel " + std::to_string(channel) + ", which the image does not have");
    return sinks_[channel];
  }

  void chunk(const hw::WordOutChunk& word) {
    const Sink& from = sink(word.channel);
    if (from.step >= steps_.size()) throw device_error("spikes after the end of the run");
    const auto [sample, step] = steps_[from.step];
    traces_.chunk(word.channel, sample, step, word.index, static_cast<std::uint16_t>(word.mask));
  }

  void end(const hw::WordOutEos& word) {
    Sink& from = sink(word.channel);
    if (word.run_end != 0) {
      if (from.step != steps_.size() || from.run_ended)
        throw device_error("sink channel " + std::to_string(word.channel) + " ended the run after " +
                           std::to_string(from.step) + " of " + std::to_string(steps_.size()) + " steps");
      from.run_ended = true;
      ++finished_sinks_;
      return;
    }
    if (from.step >= steps_.size()) throw device_error("an end-of-step after the end of the run");
    run_.ended[from.step] = std::max(run_.ended[from.step], static_cast<std::int64_t>(word.stamp));
    ++arrived_[from.step];
    ++from.step;
    while (ended_ < steps_.size() && arrived_[ended_] == sinks_.size()) ++ended_;
  }

  OutputTraces traces_;
  StepIndex steps_;
  std::vector<Sink> sinks_;
  std::vector<std::size_t> arrived_;
  std::size_t ended_ = 0, finished_sinks_ = 0;
  std::uint32_t last_host_channel_ = 0;
  DeviceRun run_;
};

Session::Session(Link& link, const Image& image, SessionOptions options)
    : link_(link), image_(image), options_(std::move(options)), last_moved_(std::chrono::steady_clock::now()) {
  const std::uint32_t hardware = read(0, hw::kAddrNodeHardwareHash);
  if (hardware != hw::kHardwareHash)
    throw device_error(link_.describe() + ": hardware description " + hex(hardware) + ", this program has " +
                       hex(hw::kHardwareHash) + "; build both from one source");
  const std::uint32_t chip = read(0, hw::kAddrNodeChipHash);
  if (chip != chip_hash(image.chip))
    throw device_error(link_.describe() + ": chip " + hex(chip) + ", the image was compiled for " +
                       hex(chip_hash(image.chip)) + " (" + image.chip.name + "); open that chip or compile again");
  write(program(image_).load);
}

bool Session::exchange(std::vector<Word>& outgoing, std::size_t& sent) {
  constexpr std::size_t kBatch = 4096;
  const std::size_t taken = link_.send(std::span(outgoing).subspan(sent));
  sent += taken;
  if (sent == outgoing.size()) {
    outgoing.clear();
    sent = 0;
  }
  const std::size_t before = received_.size();
  received_.resize(before + kBatch);
  const std::size_t got = link_.receive(std::span(received_).subspan(before));
  received_.resize(before + got);
  if (taken + got > 0) {
    last_moved_ = std::chrono::steady_clock::now();
    return true;
  }
  return link_.progress();
}

void Session::check_alive(bool moved, const std::string& waiting_for) {
  if (moved) return;
  // Nothing moved and the device says that nothing will: look once more, then give up.
  std::vector<Word> none;
  std::size_t sent = 0;
  if (exchange(none, sent) || !received_.empty()) return;
  const auto quiet = std::chrono::steady_clock::now() - last_moved_;
  if (quiet > options_.quiet_limit)
    throw device_error(link_.describe() + ": time-out after " + std::to_string(options_.quiet_limit.count()) +
                       " s without a word; waiting for " + waiting_for);
  if (!link_.progress()) throw device_error(link_.describe() + ": stands still; waiting for " + waiting_for);
}

void Session::write(const std::vector<Word>& words) {
  std::vector<Word> outgoing = words;
  std::size_t sent = 0;
  while (!outgoing.empty()) check_alive(exchange(outgoing, sent), "room for configuration words");
}

std::uint32_t Session::read(std::uint32_t node, std::uint32_t address) {
  hw::WordRing ring;
  ring.kind = hw::kKindRingRead;
  ring.node = node;
  ring.address = address;
  std::vector<Word> outgoing{ring.pack()};
  std::size_t sent = 0;
  for (;;) {
    const bool moved = exchange(outgoing, sent);
    for (std::size_t i = 0; i < received_.size(); ++i)
      if (received_[i] >> 60U == hw::kKindRingAnswer) {
        const auto answer = hw::WordRing::unpack(received_[i]);
        received_.erase(received_.begin() + static_cast<std::ptrdiff_t>(i));
        if (answer.node != node || answer.address != address)
          throw device_error(link_.describe() + ": an answer for another question on the ring");
        return answer.data;
      }
    check_alive(moved, "the answer of register " + hex(address) + " of node " + std::to_string(node));
  }
}

DeviceRun Session::run(const Dataset& data) {
  Stimulus stimulus(image_, data);
  Collector collector(image_, data);
  received_.clear();
  write(program(image_).start);
  std::vector<Word> outgoing;
  std::size_t sent = 0;
  while (!collector.finished()) {
    while (outgoing.size() < 4096 && !stimulus.finished()) stimulus.next(outgoing);
    const bool moved = exchange(outgoing, sent);
    const std::size_t before = collector.ended();
    const bool any = !received_.empty();
    for (const Word word : received_) collector.take(word);
    received_.clear();
    if (options_.on_steps && collector.ended() != before) options_.on_steps(static_cast<std::int64_t>(collector.ended()), collector.so_far());
    if (!any && !collector.finished()) check_alive(moved, collector.waiting_for());
  }
  wait_until_done();
  DeviceRun run = collector.take();
  for (std::uint32_t node = 1; node <= image_.chip.tiles(); ++node) run.tiles.push_back(read_counters(node));
  return run;
}

void Session::wait_until_done() {
  const auto deadline = std::chrono::steady_clock::now() + options_.quiet_limit;
  while ((read(0, hw::kAddrNodeStatus) & 1U) != 0)
    if (std::chrono::steady_clock::now() > deadline)
      throw device_error(link_.describe() + ": time-out; every step has ended, but the run has not");
}

TileCounters Session::read_counters(std::uint32_t node) {
  const auto value = [&](std::uint32_t offset) {
    return static_cast<std::int64_t>(std::uint64_t{read(node, offset + hw::kAddrNodeHigh)} << 32U | read(node, offset));
  };
  TileCounters counters;
  counters.firings = value(hw::kAddrNodeFirings);
  counters.busy = value(hw::kAddrNodeBusy);
  counters.wait_input = value(hw::kAddrNodeWaitInput);
  counters.wait_output = value(hw::kAddrNodeWaitOutput);
  counters.spikes = value(hw::kAddrNodeSpikes);
  counters.words = value(hw::kAddrNodeWords);
  counters.contract_broken = value(hw::kAddrNodeContractBroken);
  counters.contract_first = value(hw::kAddrNodeContractFirst);
  return counters;
}

std::vector<std::vector<std::int32_t>> Session::read_state(std::uint32_t memory) {
  std::vector<std::vector<std::int32_t>> all;
  const std::uint32_t lif_lanes = image_.chip.tile.lif_lanes;
  for (std::size_t c = 0; c < image_.application.clusters.size(); ++c) {
    const Placement& place = image_.binding.placement[c];
    std::vector<std::int32_t> values;
    for (std::uint32_t p = 0; p < image_.application.clusters[c].neurons.size(); ++p) {
      if (p % lif_lanes == 0) {
        hw::RegMemoryAddress address;
        address.memory = memory;
        address.word = place.first_state + p / lif_lanes;
        hw::WordRing ring;
        ring.kind = hw::kKindRingWrite;
        ring.node = 1 + place.tile.value;
        ring.address = hw::kAddrBlockMemory << 12U | hw::kAddrMemoryAddress;
        ring.data = address.pack();
        write({ring.pack()});
      }
      values.push_back(static_cast<std::int32_t>(
          read(1 + place.tile.value, hw::kAddrBlockMemory << 12U | (hw::kAddrMemoryRead + p % lif_lanes))));
    }
    all.push_back(std::move(values));
  }
  return all;
}

}  // namespace spikeloom

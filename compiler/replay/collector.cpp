#include "compiler/replay/collector.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

Collector::Collector(const ImageView& image, std::int64_t origin)
    : origin_(origin),
      first_sink_(image.binding.first_sink),
      is_host_channel_(image.chip.host.channels, false),
      traces_(image),
      sinks_(image.application.sinks.size()) {
  for (const Channel& channel : image.binding.channels) {
    if (channel.from) continue;
    is_host_channel_.at(channel.number) = true;
    last_host_channel_ = channel.number;
  }
}

Collector::Collector(const ImageView& image, const Dataset& data, std::int64_t origin)
    : Collector(image, origin) {
  for (const Sample& sample : data.samples) {
    begin_sample(sample, sample.full_steps());
    for (std::size_t t = 0; t < sample.steps(); ++t) expect_step(sample.place_of(t));
  }
  run_.sent.reserve(steps_.size());
}

void Collector::begin_sample(const Sample& sample, std::size_t steps) {
  traces_.begin_sample(sample, steps);
  ++samples_;
  steps_of_sample_ = 0;
}

void Collector::expect_step(StepPlace place) {
  traces_.add_step(place);
  steps_.push_back({samples_ - 1, steps_of_sample_++, place == StepPlace::kVoid});
  run_.ended.push_back(0);
  arrived_.push_back(0);
}

bool Collector::owns(Word word) const {
  const auto out = hw::WordOutEos::unpack(word);
  if (out.kind == hw::kKindOutSent)
    return out.channel < is_host_channel_.size() && is_host_channel_[out.channel];
  return (out.kind == hw::kKindOutEos || out.kind == hw::kKindOutVoid || out.kind == hw::kKindOutChunk) &&
         out.channel >= first_sink_ && out.channel < first_sink_ + sinks_.size();
}

void Collector::take(Word word) {
  switch (static_cast<std::uint32_t>(word >> 60U)) {
    case hw::kKindOutChunk: {
      const auto out = hw::WordOutChunk::unpack(word);
      return chunk(out.channel, out.index, static_cast<std::uint16_t>(out.mask));
    }
    case hw::kKindOutEos:
    case hw::kKindOutVoid: {
      const auto out = hw::WordOutEos::unpack(word);
      return end(out.channel, static_cast<std::int64_t>(out.stamp) - origin_, out.run_end != 0,
                 out.kind == hw::kKindOutVoid);
    }
    case hw::kKindOutSent: {
      const auto out = hw::WordOutEos::unpack(word);
      if (out.channel == last_host_channel_)
        run_.sent.push_back(static_cast<std::int64_t>(out.stamp) - origin_);
      return;
    }
    default:
      throw device_error("a word of kind " + std::to_string(word >> 60U) + " during a run");
  }
}

Collector::Sink& Collector::sink(std::uint32_t number) {
  if (number < first_sink_ || number >= first_sink_ + sinks_.size())
    throw device_error("a flit on sink channel " + std::to_string(number) +
                       ", which the image does not have");
  return sinks_[number - first_sink_];
}

void Collector::chunk(std::uint32_t number, std::uint32_t index, std::uint16_t mask) {
  const Sink& from = sink(number);
  if (from.step >= steps_.size()) throw device_error("spikes after the end of the run");
  const auto [sample, step, is_void] = steps_[from.step];
  if (is_void) throw device_error("spikes in void step " + std::to_string(from.step));
  traces_.chunk(number - first_sink_, sample, step, index, mask);
}

void Collector::end(std::uint32_t number, std::int64_t stamp, bool run_end, bool is_void) {
  Sink& from = sink(number);
  if (run_end) {
    if (from.step != steps_.size() || from.run_ended)
      throw device_error("sink channel " + std::to_string(number) + " ended the run after " +
                         std::to_string(from.step) + " of " + std::to_string(steps_.size()) + " steps");
    from.run_ended = true;
    ++finished_sinks_;
    return;
  }
  if (from.step >= steps_.size()) throw device_error("an end-of-step after the end of the run");
  if (is_void != steps_[from.step].is_void)
    throw device_error("step " + std::to_string(from.step) + " came back " + (is_void ? "" : "not ") +
                       "void, and it was given the other way");
  run_.ended[from.step] = std::max(run_.ended[from.step], stamp);
  ++arrived_[from.step];
  ++from.step;
  while (ended_ < steps_.size() && arrived_[ended_] == sinks_.size()) ++ended_;
}

std::string Collector::waiting_for() const {
  return "end of step " + std::to_string(ended_) + " of " + std::to_string(steps_.size());
}

DeviceRun Collector::result() {
  run_.output_spikes = traces_.output_spikes();
  run_.outputs = traces_.take();
  return std::move(run_);
}

}  // namespace spikeloom

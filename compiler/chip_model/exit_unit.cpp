#include "compiler/chip_model/exit_unit.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "compiler/base/error.hpp"

namespace spikeloom::device_model {

ExitUnit::ExitUnit(const Chip& chip)
    : most_steps_(chip.host.exit_window), most_sinks_(chip.host.exit_sinks) {}

void ExitUnit::clear() {
  source_.valid = 0;
  steps_.clear();
  at_.assign(sinks_.count, 0);
  samples_ahead_ = 0;
  dropping_ = false;
}

void ExitUnit::write(std::uint32_t field, std::uint32_t data) {
  if (most_steps_ == 0) throw device_error("model: this chip has no exit unit (host.exit_window)");
  switch (field) {
    case hw::kAddrExitSinks:
      sinks_ = hw::RegExitSinks::unpack(data);
      if (sinks_.count > most_sinks_)
        throw device_error("model: an exit unit for " + std::to_string(sinks_.count) +
                           " sinks, this chip's has " + std::to_string(most_sinks_) + " (host.exit_sinks)");
      at_.assign(sinks_.count, 0);
      return;
    case hw::kAddrExitSource:
      source_ = hw::RegExitSource::unpack(data);
      return;
    case hw::kAddrExitNeurons:
      neurons_ = hw::RegExitNeurons::unpack(data).count;
      return;
    case hw::kAddrExitMargin:
      margin_ = data;
      return;
    default:
      throw device_error("model: the exit unit has no register " + std::to_string(field));
  }
}

bool ExitUnit::is_readout(std::uint32_t sink) const {
  return source_.valid != 0 && sink >= sinks_.first && sink - sinks_.first < sinks_.count;
}

ExitUnit::Step& ExitUnit::step_of(std::uint32_t sink) {
  const std::size_t step = at_[sink - sinks_.first];
  if (step >= most_steps_)
    throw device_error("model: the readout is " + std::to_string(step + 1) +
                       " steps ahead of the WAITs, the exit unit gathers " + std::to_string(most_steps_) +
                       " (host.exit_window)");
  if (steps_.size() <= step) steps_.resize(step + 1);
  return steps_[step];
}

void ExitUnit::chunk(std::uint32_t sink, std::uint32_t index, std::uint32_t mask) {
  if (!is_readout(sink)) return;
  std::int32_t& value = step_of(sink).values[sink << 16U | index / 2];
  value |= static_cast<std::int32_t>(index % 2 == 0 ? mask : mask << 16U);
}

void ExitUnit::end(std::uint32_t sink, bool sample_end) {
  if (!is_readout(sink)) return;
  Step& step = step_of(sink);
  step.sample_end = sample_end;
  ++step.ended;
  ++at_[sink - sinks_.first];
}

/// Values that did not come are 0; two of them are as good as more.
bool ExitUnit::is_far(const Step& step) const {
  if (step.values.size() > neurons_) throw device_error("model: the readout has more values than neurons");
  std::vector<std::int32_t> values(std::min<std::size_t>(neurons_ - step.values.size(), 2), 0);
  for (const auto& [place, value] : step.values) values.push_back(value);
  if (values.size() < 2) throw device_error("model: an exit unit for a readout of fewer than two neurons");
  std::partial_sort(values.begin(), values.begin() + 2, values.end(), std::greater<>());
  return std::int64_t{values[0]} - values[1] >= std::int64_t{margin_};
}

void ExitUnit::waited(std::uint32_t application, std::uint32_t sink) {
  if (!is_mine(application) || sink != source_.last_sink) return;
  if (steps_.empty() || steps_.front().ended != sinks_.count)
    throw device_error("model: the exit unit decides on a step that has not come whole");
  const Step step = std::move(steps_.front());
  steps_.pop_front();
  for (std::size_t& at : at_) --at;
  if (samples_ahead_ == 0 && is_far(step)) dropping_ = true;
  if (step.sample_end) {
    SPIKELOOM_CHECK(samples_ahead_ > 0);
    --samples_ahead_;
  }
}

bool ExitUnit::drops(std::uint32_t application, Word word) const {
  return dropping_ && is_mine(application) && !voids(application, word);
}

bool ExitUnit::voids(std::uint32_t application, Word word) const {
  return dropping_ && is_mine(application) && word >> 60U == hw::kKindEos &&
         hw::WordEos::unpack(word).sample_end != 0;
}

void ExitUnit::sample_ended(std::uint32_t application, std::uint32_t channel) {
  if (!is_mine(application) || channel != source_.last_channel) return;
  ++samples_ahead_;
  dropping_ = false;
}

}  // namespace spikeloom::device_model

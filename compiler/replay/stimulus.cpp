#include "compiler/replay/stimulus.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// The bits of a value on its input's planes, or nothing if they cannot carry it.
std::optional<std::uint32_t> planes_of(const StreamInput& input, double value) {
  const double units = value / input.unit;
  if (units != std::nearbyint(units)) return std::nullopt;
  const double span = std::ldexp(1.0, static_cast<int>(input.planes));
  const double low = input.is_signed ? -span / 2 : 0;
  const double high = input.is_signed ? span / 2 - 1 : span - 1;
  if (units < low || units > high) return std::nullopt;
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(units)) & ((1U << input.planes) - 1U);
}

std::string range_text(const StreamInput& input) {
  const double span = std::ldexp(1.0, static_cast<int>(input.planes));
  const double low = input.is_signed ? -span / 2 : 0;
  const double high = input.is_signed ? span / 2 - 1 : span - 1;
  std::string text = "whole numbers from " + std::to_string(static_cast<std::int64_t>(low)) + " to " +
                     std::to_string(static_cast<std::int64_t>(high));
  if (input.unit != 1) text += " times " + std::to_string(input.unit);
  return text;
}

}  // namespace

std::vector<Port> input_ports(const ImageView& image) {
  std::vector<Port> ports;
  for (const StreamInput& input : image.application.inputs) ports.push_back({input.name, input.shape});
  return ports;
}

Stimulus::Stimulus(const ImageView& image, const Dataset& data)
    : image_(image), data_(data), masks_(image.application.host_chunks(), 0) {
  for (const Channel& channel : image.binding.channels)
    if (!channel.from) {
      ranges_.push_back(host_ranges(image.application, channel));
      numbers_.push_back(channel.number);
    }
  check(data);
  for (const Sample& sample : data.samples) steps_ += static_cast<std::int64_t>(sample.steps());
}

void Stimulus::check(const Dataset& data) const {
  constexpr std::size_t kShown = 10;
  Problems problems;
  std::size_t more = 0;
  for (const Sample& sample : data.samples) {
    if (sample.steps() == 0) problems.add("sample " + sample.id + " has no steps");
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
      const StreamInput& input = image_.application.inputs[i];
      for (std::size_t t = 0; t < sample.steps(); ++t)
        for (const Event& event : sample.inputs[i].at(t)) {
          if (planes_of(input, event.value)) continue;
          if (problems.list().size() >= kShown) {
            ++more;
            continue;
          }
          problems.add("sample " + sample.id + ", step " + std::to_string(t) + ", " + input.name + "[" +
                       std::to_string(event.element) + "] = " + std::to_string(event.value) +
                       ": the image takes " + range_text(input) +
                       "; compile with more bit planes (--planes), or scale the data");
        }
    }
  }
  if (more > 0) problems.add("and " + std::to_string(more) + " more values");
  problems.throw_if_any("input data");
}

void Stimulus::fill_chunks(const Sample& sample, std::size_t step) {
  std::fill(masks_.begin(), masks_.end(), std::uint16_t{0});
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const StreamInput& input = image_.application.inputs[i];
    for (const Event& event : sample.inputs[i].at(step)) {
      const std::uint32_t bits = planes_of(input, event.value).value_or(0);
      const std::uint32_t number = input_number(input.shape, input.order, event.element);
      for (std::uint32_t plane = 0; plane < input.planes; ++plane) {
        if ((bits >> plane & 1U) == 0) continue;
        const std::uint32_t axon = input.first_axon + number * input.planes + plane;
        masks_[axon / hw::kChunkBits] =
            static_cast<std::uint16_t>(masks_[axon / hw::kChunkBits] | 1U << (axon % hw::kChunkBits));
      }
    }
  }
}

void Stimulus::next(std::vector<Word>& words) {
  while (sample_ < data_.samples.size() && step_ == data_.samples[sample_].steps()) {
    ++sample_;
    step_ = 0;
  }
  const bool run_end = sample_ == data_.samples.size();
  if (!run_end) fill_chunks(data_.samples[sample_], step_);
  for (std::size_t c = 0; c < ranges_.size(); ++c) {
    if (!run_end)
      for (const ChunkRange& range : ranges_[c])
        for (std::uint32_t chunk = range.first; chunk < range.first + range.count; ++chunk) {
          if (masks_[chunk] == 0) continue;
          hw::WordChunk word;
          word.kind = hw::kKindChunk;
          word.channel = numbers_[c];
          word.app = image_.binding.application;
          word.index = chunk;
          word.mask = masks_[chunk];
          words.push_back(word.pack());
        }
    hw::WordEos end;
    end.kind = hw::kKindEos;
    end.channel = numbers_[c];
    end.app = image_.binding.application;
    end.sample_end = !run_end && step_ + 1 == data_.samples[sample_].steps() ? 1 : 0;
    end.run_end = run_end ? 1 : 0;
    end.final = run_end && c + 1 == ranges_.size() ? 1 : 0;
    words.push_back(end.pack());
  }
  finished_ = run_end;
  ++step_;
}

}  // namespace spikeloom

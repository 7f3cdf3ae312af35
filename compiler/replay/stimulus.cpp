#include "compiler/replay/stimulus.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "compiler/base/error.hpp"
#include "compiler/core/weight_stream.hpp"
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

constexpr int kMostPlanes = 16;  ///< that an input can have

/// What would let the input take the value.
std::string advice(const StreamInput& input, double value) {
  const double units = value / input.unit;
  if (units != std::nearbyint(units))
    return "scale the data to whole numbers, or have them encoded (--encoder)";
  const bool is_signed = input.is_signed || units < 0;
  // Two's complement: -2^(n-1) to 2^(n-1) - 1.
  const double most = units < 0 ? -units - 1 : units;
  const int planes = (most < 1 ? 0 : std::ilogb(most) + 1) + (is_signed ? 1 : 0);
  // --clip makes 1 of several events.
  const char* otherwise =
      input.planes == 1 && !is_signed ? "have it counted once (--clip), or scale the data" : "scale the data";
  if (planes > kMostPlanes) return otherwise;
  return std::string("compile with ") + (is_signed ? "--signed " : "") + "--planes " +
         std::to_string(std::max(planes, static_cast<int>(input.planes))) + " for it, " +
         (input.planes == 1 && !is_signed ? "" : "or ") + otherwise;
}

}  // namespace

std::vector<Port> input_ports(const ImageView& image) {
  std::vector<Port> ports;
  for (const StreamInput& input : image.application.inputs) ports.push_back({input.name, input.shape});
  return ports;
}

namespace {

/// Everything that is wrong with a dataset; the first problems in words, the others counted.
class DataCheck {
 public:
  explicit DataCheck(const ImageView& image)
      : inputs_(image.application.inputs), clusters_(image.application.clusters) {}

  void look_at(const Dataset& data) {
    look_at_ports(data.ports);
    for (const Sample& sample : data.samples) look_at(sample);
    if (more_ > 0) problems_.add("and " + std::to_string(more_) + " more problems");
    problems_.throw_if_any("input data");
  }

 private:
  static constexpr std::size_t kShown = 10;

  void add(const std::string& text) {
    if (problems_.list().size() < kShown) {
      problems_.add(text);
    } else {
      ++more_;
    }
  }

  void look_at_ports(const std::vector<Port>& ports) {
    if (ports.size() != inputs_.size())
      add("the data has " + std::to_string(ports.size()) + " ports, expected the image's " +
          std::to_string(inputs_.size()) + " inputs, in their order");
    for (std::size_t i = 0; i < std::min(ports.size(), inputs_.size()); ++i) {
      const Port expected{inputs_[i].name, inputs_[i].shape};
      if (ports[i].name == expected.name && ports[i].size() == expected.size()) continue;
      add("port " + std::to_string(i) + " is " + ports[i].name + " with " + std::to_string(ports[i].size()) +
          " elements, expected " + expected.name + " with " + std::to_string(expected.size()));
    }
  }

  void look_at(const Sample& sample) {
    if (sample.inputs.size() != inputs_.size()) {
      add("sample " + sample.id + " has trains for " + std::to_string(sample.inputs.size()) +
          " inputs, expected " + std::to_string(inputs_.size()));
      return;
    }
    if (sample.steps() == 0) add("sample " + sample.id + " has no steps");
    if (sample.ends_void) look_at_void(sample);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (sample.inputs[i].steps() != sample.steps())
        add("sample " + sample.id + ", " + inputs_[i].name + ": " + std::to_string(sample.inputs[i].steps()) +
            " steps, expected as many as " + inputs_[0].name + " has, " + std::to_string(sample.steps()));
      look_at(sample, i);
      if (!inputs_[i].is_static) continue;
      if (const auto change = first_change(sample.inputs[i], sample.full_steps()))
        add("sample " + sample.id + ", " + change_text(*change, inputs_[i].name));
    }
  }

  void look_at_void(const Sample& sample) {
    if (sample.steps() == 1) add("sample " + sample.id + " is a void step alone; expected a step before it");
    for (std::size_t i = 0; i < inputs_.size() && sample.steps() > 0; ++i)
      if (sample.inputs[i].steps() == sample.steps() && !sample.inputs[i].at(sample.steps() - 1).empty())
        add("sample " + sample.id + ", " + inputs_[i].name +
            ": its last step is void and has elements; give these to a step before it");
    for (const Cluster& cluster : clusters_)
      if (cluster.last_only)
        return add("sample " + sample.id + " ends with a void step, in which " + cluster.name +
                   ", a readout of a sample's last step alone, would not be sent; compile without "
                   "--readout-last");
  }

  void look_at(const Sample& sample, std::size_t i) {
    const std::size_t size = Port{inputs_[i].name, inputs_[i].shape}.size();
    const Train& train = sample.inputs[i];
    for (std::size_t t = 0; t < train.steps(); ++t)
      for (const Event& event : train.at(t)) {
        const bool is_inside = event.element < size;
        if (is_inside && planes_of(inputs_[i], event.value)) continue;
        const std::string place = "sample " + sample.id + ", step " + std::to_string(t) + ", " +
                                  inputs_[i].name + "[" + std::to_string(event.element) + "]";
        add(is_inside ? place + " = " + std::to_string(event.value) + ": the image takes " +
                            range_text(inputs_[i]) + "; " + advice(inputs_[i], event.value)
                      : place + ": the input has elements 0 to " + std::to_string(size - 1));
      }
  }

  const std::vector<StreamInput>& inputs_;
  const std::vector<Cluster>& clusters_;
  Problems problems_;
  std::size_t more_ = 0;
};

}  // namespace

std::vector<std::uint32_t> axons_of(const StreamInput& input, std::span<const Event> events) {
  std::vector<std::uint32_t> axons;
  for (const Event& event : events) {
    const std::uint32_t bits = planes_of(input, event.value).value_or(0);
    const std::uint32_t number = input_number(input.shape, input.order, event.element);
    for (std::uint32_t plane = 0; plane < input.planes; ++plane)
      if ((bits >> plane & 1U) != 0) axons.push_back(input.first_axon + number * input.planes + plane);
  }
  return axons;
}

void check_data(const ImageView& image, const Dataset& data) { DataCheck(image).look_at(data); }

StepWords::StepWords(const ImageView& image) : image_(image), masks_(image.application.host_chunks(), 0) {
  for (const Channel& channel : image.binding.channels)
    if (!channel.from) {
      ranges_.push_back(host_ranges(image.application, channel));
      numbers_.push_back(channel.number);
      weights_.emplace_back();
      if (weights_of(image.application, channel) == nullptr) continue;
      const Cluster& cluster = image.application.clusters[channel.to.front().to->index()];
      weights_.back() = streamed_words(cluster, image.chip.kind(cluster.kind));
    }
}

void StepWords::waits(std::vector<Word>& words) const {
  if (image_.window == 0 || steps_ < image_.window) return;
  for (std::uint32_t s = 0; s < image_.application.sinks.size(); ++s) {
    hw::WordWait word;
    word.kind = hw::kKindWait;
    word.app = image_.binding.application;
    word.sink = image_.binding.first_sink + s;
    words.push_back(word.pack());
  }
}

void StepWords::fill_chunks(const Sample& sample, std::size_t step) {
  std::fill(masks_.begin(), masks_.end(), std::uint16_t{0});
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const StreamInput& input = image_.application.inputs[i];
    if (input.is_static && step > 0) continue;
    for (const std::uint32_t axon : axons_of(input, sample.inputs[i].at(step)))
      masks_[axon / hw::kChunkBits] =
          static_cast<std::uint16_t>(masks_[axon / hw::kChunkBits] | 1U << (axon % hw::kChunkBits));
  }
}

void StepWords::step(const Sample& sample, std::size_t step, StepPlace place, std::vector<Word>& words) {
  if (place == StepPlace::kVoid)
    std::fill(masks_.begin(), masks_.end(), std::uint16_t{0});
  else
    fill_chunks(sample, step);
  const auto add = [&](std::size_t c, std::uint32_t index, std::uint32_t mask) {
    hw::WordChunk word;
    word.kind = hw::kKindChunk;
    word.channel = numbers_[c];
    word.app = image_.binding.application;
    word.index = index;
    word.mask = mask;
    words.push_back(word.pack());
  };
  for (std::size_t c = 0; c < ranges_.size(); ++c) {
    for (const ChunkRange& range : ranges_[c])
      for (std::uint32_t chunk = range.first; chunk < range.first + range.count; ++chunk)
        if (masks_[chunk] != 0) add(c, chunk, masks_[chunk]);
    if (place != StepPlace::kVoid)
      for (const std::uint16_t weights : weights_[c]) add(c, 0, weights);
    hw::WordEos end = end_of_step(c);
    end.sample_end = place == StepPlace::kWithin ? 0 : 1;
    end.is_void = place == StepPlace::kVoid ? 1 : 0;
    words.push_back(end.pack());
  }
  ++steps_;
}

void StepWords::end(std::vector<Word>& words) const {
  for (std::size_t c = 0; c < ranges_.size(); ++c) {
    hw::WordEos end = end_of_step(c);
    end.run_end = 1;
    end.final = c + 1 == ranges_.size() ? 1 : 0;
    words.push_back(end.pack());
  }
}

hw::WordEos StepWords::end_of_step(std::size_t channel) const {
  hw::WordEos end;
  end.kind = hw::kKindEos;
  end.channel = numbers_[channel];
  end.app = image_.binding.application;
  return end;
}

Stimulus::Stimulus(const ImageView& image, const Dataset& data) : words_(image), data_(data) {
  check_data(image, data);
  for (const Sample& sample : data.samples) steps_ += static_cast<std::int64_t>(sample.steps());
}

void Stimulus::next(std::vector<Word>& words) {
  while (sample_ < data_.samples.size() && step_ == data_.samples[sample_].steps()) {
    ++sample_;
    step_ = 0;
  }
  words_.waits(words);
  finished_ = sample_ == data_.samples.size();
  if (finished_) {
    words_.end(words);
    return;
  }
  const Sample& sample = data_.samples[sample_];
  words_.step(sample, step_, sample.place_of(step_), words);
  ++step_;
}

}  // namespace spikeloom

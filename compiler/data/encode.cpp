#include "compiler/data/encode.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

constexpr std::array<std::pair<std::string_view, Encoder>, 4> kEncoderNames{
    {{"rate", Encoder::kRate},
     {"accumulate", Encoder::kAccumulate},
     {"latency", Encoder::kLatency},
     {"direct", Encoder::kDirect}}};

std::string print(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void check(std::span<const double> values, const EncodeOptions& options) {
  if (options.steps == 0) throw input_error("0 steps; expected at least 1");
  if (!(options.full_scale > 0) || !std::isfinite(options.full_scale)) {
    throw input_error("full scale is " + print(options.full_scale) + ", expected a number above 0");
  }
  for (std::size_t e = 0; e < values.size(); ++e) {
    const bool fits = options.encoder == Encoder::kDirect ? std::isfinite(values[e])
                                                          : values[e] >= 0 && values[e] <= options.full_scale;
    if (fits) continue;
    throw input_error("element " + std::to_string(e) + " is " + print(values[e]) + ", the encoder '" +
                      std::string(name_of(options.encoder)) + "' expects " +
                      (options.encoder == Encoder::kDirect
                           ? std::string("a finite value")
                           : "0 to " + print(options.full_scale) + " (the full scale)"));
  }
}

}  // namespace

void Train::add(std::uint32_t element, double value) {
  if (events_.size() != begin_.back() && events_.back().element >= element)
    throw input_error("train: step " + std::to_string(steps()) + ": element " + std::to_string(element) +
                      " after element " + std::to_string(events_.back().element) +
                      "; expected ascending elements");
  if (value != 0) events_.push_back({element, value});
}

void Train::resize(std::size_t steps) {
  if (events_.size() != begin_.back())
    throw input_error("train: step " + std::to_string(this->steps()) +
                      " has not ended; end_step() comes first");
  if (steps < begin_.size() - 1) events_.resize(begin_[steps]);
  begin_.resize(steps + 1, events_.size());
}

std::string_view name_of(Encoder encoder) {
  for (const auto& [name, value] : kEncoderNames) {
    if (value == encoder) return name;
  }
  internal_error("an encoder without a name", __FILE__, __LINE__);
}

Encoder encoder_named(std::string_view name) {
  for (const auto& [known, value] : kEncoderNames) {
    if (known == name) return value;
  }
  throw input_error("unknown encoder '" + std::string(name) +
                    "', expected rate, accumulate, latency or direct");
}

Train encode(std::span<const double> values, const EncodeOptions& options, Rng& rng) {
  check(values, options);
  std::vector<double> acc(values.size(), 0.0);
  std::vector<std::size_t> first(values.size(), options.steps);
  if (options.encoder == Encoder::kLatency) {
    for (std::size_t e = 0; e < values.size(); ++e) {
      if (values[e] == 0) continue;
      const double late = (options.full_scale - values[e]) * static_cast<double>(options.steps - 1);
      first[e] = static_cast<std::size_t>(std::llround(late / options.full_scale));
    }
  }
  Train train;
  for (std::size_t t = 0; t < options.steps; ++t) {
    for (std::size_t e = 0; e < values.size(); ++e) {
      const auto element = static_cast<std::uint32_t>(e);
      switch (options.encoder) {
        case Encoder::kRate:
          if (rng.chance(values[e] / options.full_scale)) train.add(element);
          break;
        case Encoder::kAccumulate:
          acc[e] += values[e];
          if (acc[e] >= options.full_scale) {
            acc[e] -= options.full_scale;
            train.add(element);
          }
          break;
        case Encoder::kLatency:
          if (first[e] == t) train.add(element);
          break;
        case Encoder::kDirect:
          train.add(element, values[e]);
          break;
      }
    }
    train.end_step();
  }
  return train;
}

}  // namespace spikeloom

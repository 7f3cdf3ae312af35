// Every field of an image changed in turn, with a correct checksum, and what has to become of each forgery.
#pragma once

#include <cstddef>
#include <map>
#include <string_view>

#include <spikeloom/run.hpp>

#include "compiler/golden/int_network.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom::testing {

/// A compiled image, and what it computes.
struct Genuine {
  IntNetwork network;
  Image image;
};

/// On the model, without asking whether the image is what it claims: the most that an input's element can be,
/// everywhere, in one sample, and two samples of random ones.
[[nodiscard]] RunResult run_of(const Image& image);

/// By the node's name: in which order outputs stand is no part of the network.
template <class Traces>
auto values_of(const Traces& traces) {
  std::multimap<std::string, decltype(traces.front().samples)> values;
  for (const auto& trace : traces) values.emplace(trace.node, trace.samples);
  return values;
}

/// A few sites of each name. What `verify` accepts keeps its promises; what it accepts with the network has
/// the network's spikes too.
void forge_all(const Genuine& good, std::size_t sites_a_name);

/// Every field that the description gives the words of this core's memories is a site of the image, by name.
void expect_fields_are_sites(const Image& image, std::string_view core);

}  // namespace spikeloom::testing

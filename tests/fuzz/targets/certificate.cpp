// A certificate of a graph's period: whatever it says is held against the graph.
#include "compiler/sdf/certificate.hpp"

#include "compiler/sdf/json.hpp"
#include "compiler/sdf/text.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(certificate) {
  static const sdf::Graph graph = sdf::parse(
      "sdf 1\nactor \"a\" execution 5\nactor \"b\" execution 3\n"
      "channel \"x\" 0 -> 1 tokens 0 latency 2\nchannel \"y\" 1 -> 0 tokens 2 latency 0\n");
  const auto certificate = accepted([&] { return sdf::parse_certificate(text_of(bytes), graph, "fuzz"); });
  if (!certificate) return;
  // The one period that there is.
  require(!sdf::verify(graph, *certificate).empty() || certificate->period == Ratio(5),
          "no other period is proved");
}

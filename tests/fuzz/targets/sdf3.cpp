// SDF3's XML: what is read, and can be said there, prints as text that reads as itself.
#include "compiler/sdf/sdf3.hpp"

#include "tests/fuzz/target.hpp"

FUZZ_TARGET(sdf3) {
  const auto file = accepted([&] { return sdf::read_sdf3(text_of(bytes), "fuzz"); });
  if (!file || file->graph.name().empty()) return;  // which is printed as "graph"
  const auto text = accepted([&] { return sdf::print_sdf3(file->graph); });
  if (text) require(sdf::parse_sdf3(*text, "again") == file->graph, "a printed graph reads as itself");
}

// A dataflow graph as JSON: what is read prints as text that reads as itself.
#include "compiler/sdf/json.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(sdf_json) {
  const auto graph = accepted([&] { return sdf::parse_json(text_of(bytes), "fuzz"); });
  if (!graph) return;
  const auto text = accepted([&] { return sdf::print_json(*graph); });
  if (text) require(sdf::parse_json(*text, "again") == *graph, "a printed graph reads as itself");
}

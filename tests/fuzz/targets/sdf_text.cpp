// A dataflow graph, a line each: what is read prints as text that reads as itself.
#include "compiler/sdf/text.hpp"

#include "tests/fuzz/target.hpp"

FUZZ_TARGET(sdf_text) {
  const auto graph = accepted([&] { return sdf::parse(text_of(bytes)); });
  if (!graph) return;
  require(sdf::parse(sdf::print(*graph)) == *graph, "a printed graph reads as itself");
}

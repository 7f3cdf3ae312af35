// SDF3's XML: what is read, and can be said there, prints as text that reads as itself.
#include "compiler/sdf/sdf3.hpp"

#include "tests/fuzz/target.hpp"

FUZZ_TARGET(sdf3) {
  const auto file = accepted([&] { return sdf::read_sdf3(text_of(bytes), "fuzz"); });
  if (!file) return;
  const auto text = accepted([&] { return sdf::print_sdf3(file->graph); });
  // Not the graph itself: what has no name is given one.
  if (text)
    require(sdf::print_sdf3(sdf::parse_sdf3(*text, "again")) == *text, "a printed graph reads as itself");
}

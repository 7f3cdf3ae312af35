// A NIR graph as the reading process hands it on, whose content is the file's: what every node means.
#include "compiler/model/elaborate.hpp"
#include "compiler/model/nir_bytes.hpp"
#include "tests/fuzz/networks.hpp"

FUZZ_TARGET(nir_tree) {
  const std::string text(text_of(bytes));
  try {
    GraphParser parser(text);
    elaborate_all(parser.graph());
  } catch (const std::out_of_range&) {  // which read_nir takes for a process that died
  }
}

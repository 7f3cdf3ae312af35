// An array of NumPy's: what is read is written back and read again.
#include "compiler/data/npy.hpp"

#include "tests/fuzz/target.hpp"

FUZZ_TARGET(npy) {
  const auto array = accepted([&] { return parse_npy(bytes); });
  if (!array) return;
  const std::vector<std::uint8_t> again = array->to_npy();
  require(parse_npy(again).to_npy() == again, "an array that is written reads as itself");
  for (std::size_t i = 0; i < std::min<std::size_t>(array->size(), 8); ++i) {
    static_cast<void>(array->print(i));
    if (!array->is_text()) static_cast<void>(accepted([&] { return array->integer(i); }));
  }
}

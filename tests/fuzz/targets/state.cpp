// The file of a chip's state: what is read is written as text that reads as itself.
#include "compiler/admit/state_file.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(state) {
  const auto state = accepted([&] { return decode_state(std::string(text_of(bytes)), "fuzz"); });
  if (!state) return;
  require(decode_state(encode_state(*state), "again") == *state, "a state that is written reads as itself");
  static_cast<void>(print(*state));
}

// A chip file: what is read prints as text that reads as itself.
#include "compiler/chip/chip.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(chip) {
  const auto chip = accepted([&] { return parse_chip(std::string(text_of(bytes)), "fuzz"); });
  if (!chip) return;
  require(parse_chip(print(*chip), "again") == *chip, "a printed chip reads as itself");
  static_cast<void>(chip_hash(*chip));
  static_cast<void>(rtl_parameters(*chip));
}

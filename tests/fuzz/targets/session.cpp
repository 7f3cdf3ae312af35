// A recorded session of a link, and the strings that name devices.
#include <sstream>

#include "host/device/device_string.hpp"
#include "host/device/link_record.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(session) {
  const std::string text(text_of(bytes));
  static_cast<void>(accepted([&] { return parse_device(text); }));
  std::istringstream file(text);
  static_cast<void>(accepted([&] { return read_recording(file, "fuzz"); }));
}

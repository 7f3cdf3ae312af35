// What stands in an image behind its checksum; and the same bytes as a whole file.
#include "compiler/image/image.hpp"

#include "compiler/image/container.hpp"
#include "tests/fuzz/target.hpp"

FUZZ_TARGET(image) {
  static_cast<void>(accepted([&] { return unseal({bytes.begin(), bytes.end()}, "fuzz"); }));
  const std::vector<std::uint8_t> file = seal({bytes.begin(), bytes.end()});
  const auto image = accepted([&] { return decode(file, "fuzz"); });
  if (!image) return;
  require(encode(*image) == file, "an image is written as it was read");
  require(check(*image).empty(), "an image that is read is sound");
  static_cast<void>(print(*image));
  static_cast<void>(program(*image));
  static_cast<void>(promise_faults(image->promises));
}

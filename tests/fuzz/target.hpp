// A target of the fuzzers: a reader, given bytes that nobody vouches for. Adding one is adding a file to
// targets/ (README.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/error.hpp"

namespace spikeloom::fuzz {

using Bytes = std::span<const std::uint8_t>;

struct Target {
  const char* name;
  void (*run)(Bytes);
};
/// One a file of targets/, in the order of their names: the build writes the list.
[[nodiscard]] std::span<const Target> targets();

/// What `read` returns; nothing where it refuses its input as wrong input is refused, with a message.
/// Anything else that it throws is a fault, and goes on.
template <class Read>
[[nodiscard]] auto accepted(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const Error& error) {
    if (std::string_view(error.what()).empty()) std::abort();
    return std::nullopt;
  }
}

/// A law that every input keeps.
inline void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken law: %s\n", law);
  std::abort();
}

[[nodiscard]] inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The bytes as a file of that extension, for readers that want a path. The next call writes it anew.
[[nodiscard]] std::filesystem::path file_of(Bytes bytes, const std::string& extension);

/// A file of tests/fuzz/corpus.
[[nodiscard]] std::vector<std::uint8_t> from_corpus(const std::string& name);

/// Takes numbers from the front of the input; 0 when there are no more.
class Recipe {
 public:
  explicit Recipe(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }
  [[nodiscard]] std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  [[nodiscard]] std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  [[nodiscard]] std::size_t below(std::size_t most) { return most == 0 ? 0 : byte() % most; }
  [[nodiscard]] Bytes rest() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace spikeloom::fuzz

/// `FUZZ_TARGET(npy) { … bytes … }` in targets/npy.cpp.
#define FUZZ_TARGET(name)       \
  namespace spikeloom::fuzz {   \
  void run_##name(Bytes bytes); \
  }                             \
  void spikeloom::fuzz::run_##name(Bytes bytes)

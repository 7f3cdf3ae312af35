// The seam between the run loop and a device: two streams of 64-bit words, nothing else.
// Words: rtl/hardware.toml; meaning: docs/protocol.md. A link knows no neurons.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <spikeloom/progress.hpp>

namespace spikeloom {

struct Chip;

using Word = std::uint64_t;

/// Contract (tests/device/link_contract.hpp runs it over every link, plain and throttled):
/// words arrive in order, none lost or made up; neither call blocks; accepting fewer words than
/// offered is legal at any time; results and stamps do not depend on how calls are cut up.
class Link {
 public:
  virtual ~Link() = default;
  /// Offers words to the device; returns how many it took (from the front), possibly 0.
  [[nodiscard]] virtual std::size_t send(std::span<const Word> words) = 0;
  /// Fills `words` from the front with what the device has sent; returns how many, possibly 0.
  [[nodiscard]] virtual std::size_t receive(std::span<Word> words) = 0;
  /// Lets a device that lives in this process work for a while. Returns false when nothing can
  /// change without another word from the host or another receive. Throws Error{kDevice}.
  virtual bool progress() = 0;
  /// For reports: "model", "verilator (mesh2x2, Verilator 5.006)".
  [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace spikeloom

// What a device server holds: a kernel as its control port and its clock show it. Its memory port is the
// server's memory.
#pragma once

#include <cstdint>

namespace spikeloom::emulation {

class KernelModel {
 public:
  virtual ~KernelModel() = default;
  /// One 32-bit access at a byte offset of the control port. Throws Error{kDevice} for an answer that is not
  /// OKAY.
  virtual void write_register(std::uint32_t offset, std::uint32_t value) = 0;
  [[nodiscard]] virtual std::uint32_t read_register(std::uint32_t offset) = 0;
  /// Works for at most so many clock cycles. Returns false when more would change nothing until the next
  /// access. Throws Error{kDevice} when the kernel broke a rule of its buses or stopped itself.
  virtual bool clock(std::uint64_t cycles) = 0;
};

}  // namespace spikeloom::emulation

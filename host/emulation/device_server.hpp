// The other side of XRT's emulation shim: answers its messages from a kernel and a memory.
#pragma once

#include <cstdint>
#include <span>

#include "host/emulation/kernel_model.hpp"
#include "host/emulation/memory.hpp"
#include "host/emulation/rpc.hpp"

namespace spikeloom::emulation {

/// Message in, message out; knows no sockets.
class DeviceServer {
 public:
  /// `base`: the address of the kernel's control port, as in the xclbin's IP layout.
  DeviceServer(KernelModel& kernel, SparseMemory& memory, std::uint64_t base)
      : kernel_(kernel), memory_(memory), base_(base) {}

  /// The reply to one call. Throws Error{kDevice} for a call or an address that this device does not have.
  [[nodiscard]] Bytes answer(std::uint32_t call, std::span<const std::uint8_t> message);
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  [[nodiscard]] Bytes write_registers(const MessageReader& request);
  [[nodiscard]] Bytes read_registers(const MessageReader& request);
  [[nodiscard]] std::uint32_t offset_of(std::uint64_t address, std::uint64_t size) const;

  KernelModel& kernel_;
  SparseMemory& memory_;
  std::uint64_t base_;
  bool closed_ = false;
};

/// Answers on a connected stream until the host closes the device or goes away; the kernel works in between.
/// Returns whether the host said goodbye. Throws Error{kDevice}.
bool serve(int socket, DeviceServer& server, KernelModel& kernel);

}  // namespace spikeloom::emulation

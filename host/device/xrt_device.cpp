#include "host/device/xrt_device.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "compiler/base/error.hpp"

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>
#if __has_include(<xrt/experimental/xrt_xclbin.h>)
#include <xrt/experimental/xrt_system.h>  // XRT 2.14 and later
#include <xrt/experimental/xrt_xclbin.h>
#else
#include <experimental/xrt_system.h>
#include <experimental/xrt_xclbin.h>
#endif

namespace spikeloom {
namespace {

/// Calls into XRT; what it throws becomes an error of ours with its place.
template <class Action>
auto with_xrt(const std::string& what, const Action& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::system_error& error) {
    if (error.code().value() == EBUSY || error.code().value() == EPERM)
      throw device_error("xrt: " + what +
                         ": the card is busy: another process holds it, or loads another xclbin (" +
                         error.what() + ")");
    throw device_error("xrt: " + what + ": " + error.what());
  } catch (const std::exception& error) {
    throw device_error("xrt: " + what + ": " + error.what());
  }
}

xrt::xclbin read_xclbin(const std::string& file) {
  if (!std::filesystem::is_regular_file(file))
    throw input_error("device xrt: xclbin=" + file + ": there is no such file");
  const std::string name(hw::kKernelName);
  std::string found;
  xrt::xclbin xclbin;
  try {
    xclbin = xrt::xclbin(file);
    for (const xrt::xclbin::kernel& kernel : xclbin.get_kernels()) {
      if (kernel.get_name() == name) return xclbin;
      found += (found.empty() ? "" : ", ") + kernel.get_name();
    }
  } catch (const std::exception& error) {
    throw input_error("device xrt: xclbin=" + file + ": is no xclbin: " + error.what());
  }
  throw input_error("device xrt: xclbin=" + file + ": has no kernel " + name + ", found " +
                    (found.empty() ? "none" : found) +
                    "; scripts/xilinx builds one, `spikeloom emulate` makes one for emulation");
}

xrt::device open(const std::string& which) {
  const bool number =
      !which.empty() && which.find_first_not_of("0123456789") == std::string::npos && which.size() < 4;
  return with_xrt("card " + which + ": cannot be opened; is it there, and is XRT set up (XILINX_XRT)?", [&] {
    if (!number) return xrt::device(which);
    const unsigned index = static_cast<unsigned>(std::stoul(which));
    // Under emulation XRT counts none and opens any.
    const unsigned count = xrt::system::enumerate_devices();
    if (index >= count && std::getenv("XCL_EMULATION_MODE") == nullptr)
      throw device_error("xrt: card " + which + " is not there; XRT finds " + std::to_string(count));
    return xrt::device(index);
  });
}

class XrtCard final : public Card {
 public:
  explicit XrtCard(const XrtOptions& options)
      : xclbin_(read_xclbin(options.xclbin)), device_(open(options.device)) {
    with_xrt("loading " + options.xclbin, [&] {
      const xrt::uuid loaded = device_.load_xclbin(xclbin_);
      kernel_ = xrt::kernel(device_, loaded, std::string(hw::kKernelName));
    });
    with_xrt("buffers", [&] {
      constexpr std::size_t kCommandBytes = kCommandWords * sizeof(Word);
      constexpr std::size_t kResultBytes = (kResultWords + hw::kKernelHeaderWords) * sizeof(Word);
      static_assert(kCommandBytes % 4096 == 0 && kResultBytes % 4096 == 0);
      all_commands_ = xrt::bo(device_, kSlots * kCommandBytes, kernel_.group_id(hw::kKernelArgumentCommands));
      all_results_ = xrt::bo(device_, kSlots * kResultBytes, kernel_.group_id(hw::kKernelArgumentResults));
      for (std::size_t i = 0; i < kSlots; ++i) {
        Slot& slot = slots_[i];
        slot.commands = xrt::bo(all_commands_, kCommandBytes, i * kCommandBytes);
        slot.results = xrt::bo(all_results_, kResultBytes, i * kResultBytes);
        slot.run = xrt::run(kernel_);
        slot.run.set_arg(hw::kKernelArgumentCommands, slot.commands);
        slot.run.set_arg(hw::kKernelArgumentResults, slot.results);
      }
    });
    description_ = "xrt (" + with_xrt("name", [&] { return device_.get_info<xrt::info::device::name>(); }) +
                   ", card " + options.device + ", " +
                   std::filesystem::path(options.xclbin).filename().string() + ")";
  }

  void write(std::size_t slot, std::span<const Word> words) override {
    with_xrt("command words", [&] {
      slots_[slot].commands.write(words.data(), words.size_bytes(), 0);
      slots_[slot].commands.sync(XCL_BO_SYNC_BO_TO_DEVICE, words.size_bytes(), 0);
    });
  }

  void start(std::size_t slot, std::uint32_t command_words, std::uint32_t result_words,
             std::uint32_t quiet_cycles) override {
    with_xrt("starting the kernel", [&] {
      xrt::run& run = slots_[slot].run;
      run.set_arg(hw::kKernelArgumentCommandWords, command_words);
      run.set_arg(hw::kKernelArgumentResultWords, result_words);
      run.set_arg(hw::kKernelArgumentQuietCycles, quiet_cycles);
      run.start();
    });
  }

  bool wait(std::size_t slot, std::chrono::milliseconds patience) override {
    return with_xrt("waiting for the kernel", [&] {
      switch (const ert_cmd_state state = slots_[slot].run.wait(patience); state) {
        case ERT_CMD_STATE_COMPLETED:
          return true;
        case ERT_CMD_STATE_NEW:
        case ERT_CMD_STATE_QUEUED:
        case ERT_CMD_STATE_RUNNING:
        case ERT_CMD_STATE_SUBMITTED:
        case ERT_CMD_STATE_TIMEOUT:
          return false;
        default:
          throw device_error("xrt: the kernel's run ended in state " + std::to_string(state) + " of XRT");
      }
    });
  }

  void read(std::size_t slot, std::size_t first, std::span<Word> words) override {
    with_xrt("results", [&] {
      slots_[slot].results.sync(XCL_BO_SYNC_BO_FROM_DEVICE, words.size_bytes(), first * sizeof(Word));
      slots_[slot].results.read(words.data(), words.size_bytes(), first * sizeof(Word));
    });
  }

  [[nodiscard]] std::string describe() const override { return description_; }

 private:
  struct Slot {
    xrt::bo commands, results;  ///< parts of the two buffers
    xrt::run run;
  };
  xrt::xclbin xclbin_;
  xrt::device device_;
  xrt::kernel kernel_;
  xrt::bo all_commands_, all_results_;
  std::array<Slot, kSlots> slots_;
  std::string description_;
};

}  // namespace

bool xrt_built_in() { return true; }

std::unique_ptr<Link> open_xrt(const Chip& chip, const XrtOptions& options) {
  return open_card(std::make_unique<XrtCard>(options), chip, options.card);
}

}  // namespace spikeloom

#include "host/device/opencl_card.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "compiler/base/error.hpp"

// 1.2 is what XRT has; a kernel without a range is a task, which later versions dropped.
#define CL_HPP_TARGET_OPENCL_VERSION 120
#define CL_HPP_MINIMUM_OPENCL_VERSION 120
#define CL_HPP_ENABLE_EXCEPTIONS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/opencl.hpp>

namespace spikeloom {
namespace {

template <class Action>
auto with_opencl(const std::string& what, const Action& action) {
  try {
    return action();
  } catch (const cl::Error& error) {
    if (error.err() == CL_DEVICE_NOT_AVAILABLE)
      throw device_error("opencl: " + what + ": the card is busy: another process holds it");
    throw device_error("opencl: " + what + ": " + error.what() + " failed with OpenCL error " +
                       std::to_string(error.err()));
  }
}

std::vector<unsigned char> read_file(const std::string& name) {
  if (!std::filesystem::is_regular_file(name))
    throw input_error("device opencl: xclbin=" + name + ": there is no such file");
  std::ifstream file(name, std::ios::binary);
  std::vector<unsigned char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  constexpr std::string_view kMagic = "xclbin2";
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), kMagic.size()))))
    throw input_error("device opencl: xclbin=" + name + ": is no xclbin: it does not begin with " +
                      std::string(kMagic));
  return bytes;
}

cl::Device find_device(const OpenClCardOptions& options) {
  std::vector<cl::Platform> platforms;
  try {
    cl::Platform::get(&platforms);
  } catch (const cl::Error&) {
    platforms.clear();  // that there is none is an error to the loader
  }
  std::string names;
  for (const cl::Platform& platform : platforms) {
    std::string name = with_opencl("platforms", [&] { return platform.getInfo<CL_PLATFORM_NAME>(); });
    name = name.c_str();  // some end in a zero
    names += (names.empty() ? "" : ", ") + name;
    if (name != options.platform) continue;
    std::vector<cl::Device> devices;
    with_opencl("no card on platform " + name,
                [&] { return platform.getDevices(CL_DEVICE_TYPE_ACCELERATOR, &devices); });
    if (options.device < devices.size()) return devices[options.device];
    throw device_error("opencl: platform " + name + ": no card " + std::to_string(options.device) +
                       ", there are " + std::to_string(devices.size()));
  }
  throw device_error("opencl: no platform \"" + options.platform + "\", found " +
                     (names.empty() ? "none" : names) +
                     "; XRT's library must be registered (OCL_ICD_VENDORS or /etc/OpenCL/vendors)");
}

class OpenClCard final : public Card {
 public:
  explicit OpenClCard(const OpenClCardOptions& options) {
    const std::vector<unsigned char> xclbin = read_file(options.xclbin);
    const cl::Device device = find_device(options);
    with_opencl("opening the card", [&] {
      context_ = cl::Context(device);
      queue_ = cl::CommandQueue(context_, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    });
    with_opencl("loading " + options.xclbin, [&] { program_ = cl::Program(context_, {device}, {xclbin}); });
    with_opencl("the xclbin's kernel " + std::string(hw::kKernelName), [&] {
      for (Slot& slot : slots_) {
        // A kernel object a slot: its arguments stay while the other's run.
        slot.kernel = cl::Kernel(program_, std::string(hw::kKernelName).c_str());
        slot.commands = cl::Buffer(context_, CL_MEM_READ_ONLY, kCommandWords * sizeof(Word));
        slot.results =
            cl::Buffer(context_, CL_MEM_WRITE_ONLY, (kResultWords + hw::kKernelHeaderWords) * sizeof(Word));
        slot.kernel.setArg(hw::kKernelArgumentCommands, slot.commands);
        slot.kernel.setArg(hw::kKernelArgumentResults, slot.results);
      }
    });
    const std::string name = with_opencl("name", [&] { return device.getInfo<CL_DEVICE_NAME>(); });
    description_ = "opencl (" + options.platform + ", " + name.c_str() + ", " +
                   std::filesystem::path(options.xclbin).filename().string() + ")";
  }

  void write(std::size_t slot, std::span<const Word> words) override {
    with_opencl("command words", [&] {
      queue_.enqueueWriteBuffer(slots_[slot].commands, CL_TRUE, 0, words.size_bytes(), words.data());
    });
  }

  void start(std::size_t slot, std::uint32_t command_words, std::uint32_t result_words,
             std::uint32_t quiet_cycles) override {
    with_opencl("starting the kernel", [&] {
      Slot& chosen = slots_[slot];
      chosen.kernel.setArg(hw::kKernelArgumentCommandWords, command_words);
      chosen.kernel.setArg(hw::kKernelArgumentResultWords, result_words);
      chosen.kernel.setArg(hw::kKernelArgumentQuietCycles, quiet_cycles);
      queue_.enqueueTask(chosen.kernel, nullptr, &chosen.done);
      queue_.flush();
    });
  }

  bool wait(std::size_t slot, std::chrono::milliseconds patience) override {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const cl_int status = with_opencl("waiting for the kernel", [&] {
        return slots_[slot].done.getInfo<CL_EVENT_COMMAND_EXECUTION_STATUS>();
      });
      if (status < 0)
        throw device_error("opencl: the kernel's run ended with OpenCL error " + std::to_string(status));
      if (status == CL_COMPLETE) return true;
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));  // OpenCL 1.2 has no wait with a limit
    }
  }

  void read(std::size_t slot, std::size_t first, std::span<Word> words) override {
    with_opencl("results", [&] {
      queue_.enqueueReadBuffer(slots_[slot].results, CL_TRUE, first * sizeof(Word), words.size_bytes(),
                               words.data());
    });
  }

  [[nodiscard]] std::string describe() const override { return description_; }

 private:
  struct Slot {
    cl::Buffer commands, results;
    cl::Kernel kernel;
    cl::Event done;
  };
  cl::Context context_;
  cl::CommandQueue queue_;
  cl::Program program_;
  std::array<Slot, kSlots> slots_;
  std::string description_;
};

}  // namespace

bool opencl_built_in() { return true; }

std::unique_ptr<Link> open_opencl_card(const Chip& chip, const OpenClCardOptions& options) {
  return open_card(std::make_unique<OpenClCard>(options), chip, options.card);
}

}  // namespace spikeloom

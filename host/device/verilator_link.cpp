#include "host/device/verilator_link.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <vector>

#include "compiler/base/error.hpp"
#include "host/device/verilator_harness.h"
#include "host/device/word_buffer.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kClocksPerCall = 65536;

class LoadedLibrary {
 public:
  explicit LoadedLibrary(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw device_error(path + ": cannot be loaded: " + dlerror());
    const auto abi = symbol<SpikeloomHarnessAbi>("spikeloom_harness_abi")();
    if (abi != SPIKELOOM_HARNESS_ABI)
      throw device_error(path + ": harness interface " + std::to_string(abi) + ", expected " +
                         std::to_string(SPIKELOOM_HARNESS_ABI) + "; delete the file");
  }
  ~LoadedLibrary() { dlclose(handle_); }
  LoadedLibrary(const LoadedLibrary&) = delete;
  LoadedLibrary& operator=(const LoadedLibrary&) = delete;

  template <class Function>
  [[nodiscard]] Function* symbol(const char* name) const {
    void* const found = dlsym(handle_, name);
    if (found == nullptr) throw device_error(std::string("Verilated library without ") + name);
    return reinterpret_cast<Function*>(found);
  }

 private:
  void* handle_;
};

class VerilatedLink final : public Link {
 public:
  VerilatedLink(const VerilatedLibrary& library, const std::string& name, const VerilatedLinkOptions& options)
      : library_(library.path.string()),
        run_(library_.symbol<SpikeloomHarnessRunFunction>("spikeloom_harness_run")),
        error_(library_.symbol<SpikeloomHarnessError>("spikeloom_harness_error")),
        destroy_(library_.symbol<SpikeloomHarnessDestroy>("spikeloom_harness_destroy")),
        description_("verilator (" + name + ", " + library.tools + ")"),
        room_(WordBuffer::kWords) {
    const SpikeloomHarnessOptions harness{options.trace ? options.trace->c_str() : nullptr,
                                          options.stall_seed.value_or(0)};
    chip_ = library_.symbol<SpikeloomHarnessCreate>("spikeloom_harness_create")(&harness);
    if (chip_ == nullptr)
      throw device_error("verilator: trace file " + options.trace.value_or("") + ": cannot be written");
  }
  ~VerilatedLink() override { destroy_(chip_); }
  VerilatedLink(const VerilatedLink&) = delete;
  VerilatedLink& operator=(const VerilatedLink&) = delete;

  std::size_t send(std::span<const Word> words) override {
    const std::size_t count = std::min(words.size(), to_chip_.room());
    to_chip_.push(words.first(count));
    return count;
  }

  std::size_t receive(std::span<Word> words) override {
    const auto waiting = from_chip_.waiting();
    const std::size_t count = std::min(words.size(), waiting.size());
    std::copy_n(waiting.begin(), count, words.begin());
    from_chip_.pop(count);
    return count;
  }

  bool progress() override {
    const auto waiting = to_chip_.waiting();
    SpikeloomHarnessRun run{};
    run.in = waiting.data();
    run.in_count = waiting.size();
    run.out = room_.data();
    run.out_room = from_chip_.room();
    run.max_clocks = kClocksPerCall;
    const int failed = run_(chip_, &run);
    to_chip_.pop(run.in_taken);
    from_chip_.push(std::span(room_).first(run.out_filled));
    if (failed != 0) throw device_error(std::string("verilator: ") + error_(chip_));
    return run.clocks != 0;
  }

  [[nodiscard]] std::string describe() const override { return description_; }

 private:
  LoadedLibrary library_;
  SpikeloomHarnessRunFunction* run_;
  SpikeloomHarnessError* error_;
  SpikeloomHarnessDestroy* destroy_;
  void* chip_ = nullptr;
  std::string description_;
  WordBuffer to_chip_, from_chip_;
  std::vector<Word> room_;
};

}  // namespace

std::unique_ptr<Link> open_verilated(const VerilatedLibrary& library, const std::string& name,
                                     const VerilatedLinkOptions& options) {
  return std::make_unique<VerilatedLink>(library, name, options);
}

}  // namespace spikeloom

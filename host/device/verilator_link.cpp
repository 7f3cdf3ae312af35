#include "host/device/verilator_link.hpp"

#include <algorithm>
#include <vector>

#include "compiler/base/error.hpp"
#include "host/device/loaded_library.hpp"
#include "host/device/verilator_harness.h"
#include "host/device/word_buffer.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kClocksPerCall = 65536;

class VerilatedLink final : public Link {
 public:
  VerilatedLink(const VerilatedLibrary& library, const std::string& name, const VerilatedLinkOptions& options)
      : library_(library.path.string(), "spikeloom_harness_abi", SPIKELOOM_HARNESS_ABI),
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

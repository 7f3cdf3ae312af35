#include "host/emulation/link_kernel.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "spikeloom_hw.hpp"

namespace spikeloom::emulation {
namespace {

constexpr std::size_t kBurst = 256;  // words moved in one look

class LinkKernel final : public KernelModel {
 public:
  LinkKernel(std::unique_ptr<Link> link, const Chip& chip, SparseMemory& memory)
      : link_(std::move(link)), memory_(memory), chip_hash_(chip_hash(chip)) {}

  void write_register(std::uint32_t offset, std::uint32_t value) override {
    if (offset != hw::kKernelRegisterControl) {
      if (offset < hw::kKernelRegisterResultsWritten) registers_[offset] = value;
      return;
    }
    if ((value >> hw::kKernelControlStart & 1U) == 0 || running_) return;
    running_ = true;
    done_ = false;
    taken_ = written_ = quiet_ = cycles_ = 0;
    error_ = address(hw::kKernelOffsetCommands) % hw::kKernelAlignment != 0 ||
                     address(hw::kKernelOffsetResults) % hw::kKernelAlignment != 0
                 ? hw::kKernelErrorMisaligned
                 : hw::kKernelErrorNone;
  }

  std::uint32_t read_register(std::uint32_t offset) override {
    switch (offset) {
      case hw::kKernelRegisterControl: {
        const std::uint32_t value =
            (running_ ? 1U << hw::kKernelControlStart : 1U << hw::kKernelControlIdle) |
            (done_ ? 1U << hw::kKernelControlDone | 1U << hw::kKernelControlReady : 0U);
        done_ = false;
        return value;
      }
      case hw::kKernelRegisterResultsWritten:
        return written_;
      case hw::kKernelRegisterCommandsTaken:
        return taken_;
      case hw::kKernelRegisterError:
        return error_;
      case hw::kKernelRegisterCycles:
        return cycles_;
      case hw::kKernelRegisterHardwareHash:
        return hw::kHardwareHash;
      case hw::kKernelRegisterChipHash:
        return chip_hash_;
      default: {
        const auto found = registers_.find(offset);
        return found == registers_.end() ? 0 : found->second;
      }
    }
  }

  bool clock(std::uint64_t cycles) override {
    for (; running_ && cycles > 0; --cycles) look();
    return running_;
  }

 private:
  [[nodiscard]] std::uint32_t scalar(std::uint32_t offset) const {
    const auto found = registers_.find(offset);
    return found == registers_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::uint64_t address(std::uint32_t offset) const {
    return scalar(offset) | std::uint64_t{scalar(offset + 4)} << 32U;
  }

  void look() {
    ++cycles_;
    const std::uint32_t offered = scalar(hw::kKernelOffsetCommandWords),
                        room = scalar(hw::kKernelOffsetResultWords);
    if (error_ != hw::kKernelErrorNone) return finish();
    std::array<Word, kBurst> words;
    const std::size_t next = std::min<std::size_t>(kBurst, offered - taken_);
    for (std::size_t i = 0; i < next; ++i)
      words[i] = memory_.read_word(address(hw::kKernelOffsetCommands) + 8 * (taken_ + i));
    taken_ += static_cast<std::uint32_t>(link_->send(std::span(words).first(next)));
    const std::size_t got =
        link_->receive(std::span(words).first(std::min<std::size_t>(kBurst, room - written_)));
    for (std::size_t i = 0; i < got; ++i) memory_.write_word(result(written_ + i), words[i], 0xff);
    written_ += static_cast<std::uint32_t>(got);
    const bool rest = !link_->progress() && got == 0;
    quiet_ = got == 0 ? quiet_ + 1 : 0;
    if (taken_ == offered && (rest || quiet_ >= scalar(hw::kKernelOffsetQuietCycles)))
      finish();
    else if (room != 0 && written_ == room)
      finish();
  }

  [[nodiscard]] std::uint64_t result(std::size_t word) const {
    return address(hw::kKernelOffsetResults) + 8 * (hw::kKernelHeaderWords + word);
  }

  void finish() {
    std::array<Word, hw::kKernelHeaderWords> header{};
    header[hw::kKernelHeaderResultsError] = written_ | Word{error_} << 32U;
    header[hw::kKernelHeaderCommandsTaken] = taken_;
    header[hw::kKernelHeaderCycles] = cycles_;
    header[hw::kKernelHeaderHashes] = chip_hash_ | Word{hw::kHardwareHash} << 32U;
    if (error_ != hw::kKernelErrorMisaligned)
      for (std::size_t i = 0; i < header.size(); ++i)
        memory_.write_word(address(hw::kKernelOffsetResults) + 8 * i, header[i], 0xff);
    running_ = false;
    done_ = true;
  }

  std::unique_ptr<Link> link_;
  SparseMemory& memory_;
  std::uint32_t chip_hash_;
  std::map<std::uint32_t, std::uint32_t> registers_;
  bool running_ = false, done_ = false;
  std::uint32_t taken_ = 0, written_ = 0, error_ = 0, quiet_ = 0, cycles_ = 0;
};

}  // namespace

std::unique_ptr<KernelModel> kernel_over(std::unique_ptr<Link> link, const Chip& chip, SparseMemory& memory) {
  return std::make_unique<LinkKernel>(std::move(link), chip, memory);
}

}  // namespace spikeloom::emulation

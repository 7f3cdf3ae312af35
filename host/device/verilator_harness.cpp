// Clocks a Verilated chip. Compiled by clang++ or g++ together with the model (verilator_build.cpp),
// never into Spikeloom itself; loaded with dlopen.
//
// Contract of idle_o: while it is 1, no word is offered to the chip and none is on its output,
// further clock cycles change nothing but the count of frozen cycles. So they are not evaluated.
#include "host/device/verilator_harness.h"

#include "host/device/verilator_instance.h"

namespace {

constexpr int kResetClocks = 8;

// Pauses of one stream, bursty: mostly short, now and then long enough to fill or drain every FIFO.
class Pauses {
 public:
  explicit Pauses(std::uint64_t seed) : state_(seed) {}
  bool pausing() {
    if (state_ == 0) return false;
    if (left_ == 0) {
      state_ ^= state_ << 13U;  // xorshift64, Marsaglia 2003
      state_ ^= state_ >> 7U;
      state_ ^= state_ << 17U;
      paused_ = !paused_;
      const std::uint64_t length = state_ >> 32U;
      left_ = (length & 31U) == 0 ? 1 + (length >> 5U) % 2048 : 1 + (length >> 5U) % 8;
    }
    --left_;
    return paused_;
  }

 private:
  std::uint64_t state_;
  std::uint64_t left_ = 0;
  bool paused_ = true;
};

struct Chip : Instance {
  explicit Chip(std::uint64_t stall_seed)
      : in_pauses(stall_seed), out_pauses(stall_seed * 0x9e3779b97f4a7c15ULL) {}
  Pauses in_pauses, out_pauses;
  bool offering = false;  // a word stands at the input and was not taken: it must stay
  bool waiting = false;   // a word stands at the output and was not taken: it must stay
  std::uint64_t waiting_data = 0;
};

void half_clock(Chip& chip, int level) {
  chip.top->clk_i = static_cast<CData>(level);
  evaluate(chip);
}

}  // namespace

int spikeloom_harness_abi(void) { return SPIKELOOM_HARNESS_ABI; }

void* spikeloom_harness_create(const SpikeloomHarnessOptions* options) {
  auto chip = std::make_unique<Chip>(options->stall_seed);
  const Current scope(chip.get());
  if (!make_top(*chip, options->trace)) return nullptr;
  chip->top->rst_i = 1;
  chip->top->in_valid_i = 0;
  chip->top->in_data_i = 0;
  chip->top->out_ready_i = 0;
  for (int i = 0; i < kResetClocks; ++i) {
    half_clock(*chip, 0);
    half_clock(*chip, 1);
  }
  chip->top->rst_i = 0;
  return chip.release();
}

void spikeloom_harness_destroy(void* opaque) {
  auto* const chip = static_cast<Chip*>(opaque);
  const Current scope(chip);
  finish(*chip);
  delete chip;
}

int spikeloom_harness_run(void* opaque, SpikeloomHarnessRun* run) {
  Chip& chip = *static_cast<Chip*>(opaque);
  const Current scope(&chip);
  Vchip& top = *chip.top;
  run->in_taken = 0;
  run->out_filled = 0;
  run->clocks = 0;
  run->idle = 0;
  while (!chip.stopped && run->clocks < run->max_clocks) {
    const bool left = run->in_taken < run->in_count;
    const bool room = run->out_filled < run->out_room;
    const bool offer = left && (chip.offering || !chip.in_pauses.pausing());
    const bool ready = room && !chip.out_pauses.pausing();
    top.in_valid_i = offer;
    top.in_data_i = offer ? run->in[run->in_taken] : 0;
    top.out_ready_i = ready;
    half_clock(chip, 0);
    const bool valid = top.out_valid_o;
    if (chip.waiting && (!valid || top.out_data_o != chip.waiting_data)) {
      stop("the output stream changed a word that was not yet taken", __FILE__, __LINE__, nullptr);
      break;
    }
    if (top.idle_o && !left && !valid) {
      run->idle = 1;
      break;
    }
    if (valid && !room) break;
    if (valid && ready) run->out[run->out_filled++] = top.out_data_o;
    chip.waiting = valid && !ready;
    chip.waiting_data = top.out_data_o;
    chip.offering = offer && !top.in_ready_o;
    if (offer && top.in_ready_o) ++run->in_taken;
    half_clock(chip, 1);
    ++run->clocks;
  }
  return chip.stopped ? 1 : 0;
}

const char* spikeloom_harness_error(const void* opaque) {
  return static_cast<const Chip*>(opaque)->error.c_str();
}

// Clocks a Verilated chip. Compiled by clang++ or g++ together with the model (verilator_build.cpp),
// never into Spikeloom itself; loaded with dlopen.
//
// Contract of idle_o: while it is 1, no word is offered to the chip and none is on its output,
// further clock cycles change nothing but the count of frozen cycles. So they are not evaluated.
#include "host/device/verilator_harness.h"

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <string>

#include "Vchip.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif

namespace {

constexpr int kResetClocks = 8;
constexpr std::size_t kTextLimit = 4096;

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

struct Instance {
  explicit Instance(std::uint64_t stall_seed)
      : in_pauses(stall_seed), out_pauses(stall_seed * 0x9e3779b97f4a7c15ULL) {}
  // Owned here, one per chip: two chips in a process share nothing.
  VerilatedContext context;
  std::unique_ptr<Vchip> top;
#if VM_TRACE_FST
  std::unique_ptr<VerilatedFstC> trace;
#endif
  std::string printed;  // what $display and failed assertions wrote; ends up in the error
  std::string error;
  bool stopped = false;
  Pauses in_pauses, out_pauses;
  bool offering = false;  // a word stands at the input and was not taken: it must stay
  bool waiting = false;   // a word stands at the output and was not taken: it must stay
  std::uint64_t waiting_data = 0;
};

// Verilated's hooks are free functions without an instance.
thread_local Instance* current = nullptr;

class Current {
 public:
  explicit Current(Instance* instance) {
    current = instance;
    // Models reach their context through the thread too, even while they are destroyed.
    Verilated::threadContextp(&instance->context);
  }
  ~Current() { current = nullptr; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
};

void stop(const char* what, const char* file, int line, const char* text) {
  if (current == nullptr || current->stopped) return;
  current->stopped = true;
  std::string& error = current->error;
  error = current->printed;
  while (!error.empty() && (error.back() == '\n' || error.back() == ' ')) error.pop_back();
  if (!error.empty()) return;
  error = std::string(what) + " at " + (file == nullptr ? "?" : file) + ":" + std::to_string(line);
  if (text != nullptr && *text != 0) error += std::string(": ") + text;
}

void half_clock(Instance& chip, int level) {
  chip.top->clk_i = static_cast<CData>(level);
  chip.top->eval();
#if VM_TRACE_FST
  if (chip.trace) chip.trace->dump(chip.context.time());
#endif
  chip.context.timeInc(1);
}

}  // namespace

// Printing of the model: kept for the error message instead of going to stdout.
int spikeloom_harness_print(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (current != nullptr && !current->stopped) {
    current->printed += text;
    if (current->printed.size() > kTextLimit)
      current->printed.erase(0, current->printed.size() - kTextLimit);
  }
  return length;
}

void vl_stop(const char* file, int line, const char* hierarchy) VL_MT_UNSAFE {
  stop("the RTL stopped", file, line, hierarchy);
}
void vl_fatal(const char* file, int line, const char*, const char* message) VL_MT_UNSAFE {
  stop("the RTL failed", file, line, message);
}
void vl_finish(const char* file, int line, const char* hierarchy) VL_MT_UNSAFE {
  stop("the RTL called $finish", file, line, hierarchy);
}

int spikeloom_harness_abi(void) { return SPIKELOOM_HARNESS_ABI; }

void* spikeloom_harness_create(const SpikeloomHarnessOptions* options) {
  const char* const trace = options->trace;
  auto chip = std::make_unique<Instance>(options->stall_seed);
  const Current scope(chip.get());
  // With --x-initial unique: registers and memories begin with noise, the same in every run, so
  // that RTL which relies on power-up values fails in the tests.
  chip->context.randReset(2);
  chip->context.randSeed(1);
  chip->context.traceEverOn(trace != nullptr);
  chip->top = std::make_unique<Vchip>(&chip->context, "chip");
  if (trace != nullptr) {
#if VM_TRACE_FST
    chip->trace = std::make_unique<VerilatedFstC>();
    chip->top->trace(chip->trace.get(), 99);
    chip->trace->open(trace);
    if (!chip->trace->isOpen()) return nullptr;
#else
    return nullptr;
#endif
  }
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
  auto* const chip = static_cast<Instance*>(opaque);
  const Current scope(chip);
  chip->top->final();
#if VM_TRACE_FST
  if (chip->trace) chip->trace->close();
#endif
  delete chip;
}

int spikeloom_harness_run(void* opaque, SpikeloomHarnessRun* run) {
  Instance& chip = *static_cast<Instance*>(opaque);
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
  return static_cast<const Instance*>(opaque)->error.c_str();
}

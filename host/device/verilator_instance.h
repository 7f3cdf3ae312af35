// What every harness of a Verilated design shares: the instance's context, and where its messages go.
// Included once into each harness; compiled with the model, never into Spikeloom itself.
#ifndef SPIKELOOM_HOST_DEVICE_VERILATOR_INSTANCE_H_
#define SPIKELOOM_HOST_DEVICE_VERILATOR_INSTANCE_H_

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

constexpr std::size_t kTextLimit = 4096;

struct Instance {
  // Owned here, one per chip: two chips in a process share nothing.
  VerilatedContext context;
  std::unique_ptr<Vchip> top;
#if VM_TRACE_FST
  std::unique_ptr<VerilatedFstC> trace;
#endif
  std::string printed;  // what $display and failed assertions wrote; ends up in the error
  std::string error;
  bool stopped = false;
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

// False when the trace cannot be written or the library was built without tracing.
bool make_top(Instance& chip, const char* trace) {
  // With --x-initial unique: registers and memories begin with noise, the same in every run, so
  // that RTL which relies on power-up values fails in the tests.
  chip.context.randReset(2);
  chip.context.randSeed(1);
  chip.context.traceEverOn(trace != nullptr);
  chip.top = std::make_unique<Vchip>(&chip.context, "chip");
  if (trace == nullptr) return true;
#if VM_TRACE_FST
  chip.trace = std::make_unique<VerilatedFstC>();
  chip.top->trace(chip.trace.get(), 99);
  chip.trace->open(trace);
  return chip.trace->isOpen();
#else
  return false;
#endif
}

// After a change of inputs and clock.
void evaluate(Instance& chip) {
  chip.top->eval();
#if VM_TRACE_FST
  if (chip.trace) chip.trace->dump(chip.context.time());
#endif
  chip.context.timeInc(1);
}

void finish(Instance& chip) {
  chip.top->final();
#if VM_TRACE_FST
  if (chip.trace) chip.trace->close();
#endif
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
    if (current->printed.size() > kTextLimit) current->printed.erase(0, current->printed.size() - kTextLimit);
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

#endif

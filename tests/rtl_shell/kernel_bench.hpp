// The Verilated kernel, its memory, and a host that sets registers and starts runs. For tests.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <verilated.h>

#include "spikeloom_hw.hpp"
#include "tests/rtl_shell/axi_memory.hpp"

namespace spikeloom::test {

using Word = std::uint64_t;

struct KernelRun {
  bool finished = false;
  std::uint32_t written = 0, taken = 0, error = 0, cycles = 0;  ///< of the registers
  std::vector<Word> header, results;
};

struct KernelArguments {
  std::uint64_t commands = 0x10000, results = 0x800000;
  std::uint32_t capacity = 1000, quiet = 1000000;
};

template <typename Model>
class KernelBench {
 public:
  explicit KernelBench(std::uint64_t seed, const MemoryMoods& moods = {})
      : memory(seed ^ 0x5eedU, moods), random_(seed) {
    model_->ap_rst_n = 0;
    for (int i = 0; i < 4; ++i) step();
    EXPECT_FALSE(model_->m_axi_gmem_arvalid || model_->m_axi_gmem_awvalid || model_->m_axi_gmem_wvalid ||
                 model_->s_axi_control_bvalid || model_->s_axi_control_rvalid)
        << "a valid is high in reset";
    model_->ap_rst_n = 1;
    step();
  }
  ~KernelBench() { model_->final(); }
  KernelBench(const KernelBench&) = delete;
  KernelBench& operator=(const KernelBench&) = delete;

  AxiMemory<Model> memory;

  [[nodiscard]] bool interrupt() const {
    return model_->__SYM__interrupt != 0;
  }  // Verilator's name: C++ wants the word
  [[nodiscard]] std::uint64_t clocks() const { return clocks_; }

  void step() {
    Model& m = *model_;
    memory.drive(m);
    m.ap_clk = 0;
    m.eval();
    memory.look(m);
    aw_.look(m.s_axi_control_awvalid, m.s_axi_control_awready, m.s_axi_control_awaddr);
    w_.look(m.s_axi_control_wvalid, m.s_axi_control_wready, m.s_axi_control_wdata);
    b_.look(m.s_axi_control_bvalid, m.s_axi_control_bready, m.s_axi_control_bresp);
    ar_.look(m.s_axi_control_arvalid, m.s_axi_control_arready, m.s_axi_control_araddr);
    r_.look(m.s_axi_control_rvalid, m.s_axi_control_rready, m.s_axi_control_rdata, m.s_axi_control_rresp);
    EXPECT_LE(b_.transfers(), std::min(aw_.transfers(), w_.transfers()))
        << "control B: an answer to no write";
    EXPECT_LE(r_.transfers(), ar_.transfers()) << "control R: an answer to no read";
    m.ap_clk = 1;
    m.eval();
    ++clocks_;
  }

  /// Address and data come at random clocks, in any order.
  void write(std::uint32_t offset, std::uint32_t value, unsigned strobes = 15) {
    Model& m = *model_;
    const std::uint64_t address_at = random_.below(4), data_at = random_.below(4);
    bool address_done = false, data_done = false, answered = false;
    for (std::uint64_t i = 0; i < 1000 && !answered; ++i) {
      m.s_axi_control_awvalid = !address_done && i >= address_at;
      m.s_axi_control_awaddr = offset & 0xfffU;
      m.s_axi_control_wvalid = !data_done && i >= data_at;
      m.s_axi_control_wdata = value;
      m.s_axi_control_wstrb = strobes & 15U;
      m.s_axi_control_bready = random_.below(2) != 0;
      m.eval();
      const bool address_now = m.s_axi_control_awvalid && m.s_axi_control_awready;
      const bool data_now = m.s_axi_control_wvalid && m.s_axi_control_wready;
      answered = m.s_axi_control_bvalid && m.s_axi_control_bready;
      if (answered) {
        EXPECT_EQ(m.s_axi_control_bresp, 0U);
      }
      step();
      address_done |= address_now;
      data_done |= data_now;
    }
    EXPECT_TRUE(answered) << "a register's write was not answered";
    m.s_axi_control_awvalid = 0;
    m.s_axi_control_wvalid = 0;
    m.s_axi_control_bready = 0;
  }
  std::uint32_t read(std::uint32_t offset) {
    Model& m = *model_;
    bool asked = false, answered = false;
    std::uint32_t value = 0;
    for (int i = 0; i < 1000 && !answered; ++i) {
      m.s_axi_control_arvalid = !asked;
      m.s_axi_control_araddr = offset & 0xfffU;
      m.s_axi_control_rready = random_.below(2) != 0;
      m.eval();
      const bool asked_now = m.s_axi_control_arvalid && m.s_axi_control_arready;
      answered = m.s_axi_control_rvalid && m.s_axi_control_rready;
      if (answered) {
        EXPECT_EQ(m.s_axi_control_rresp, 0U);
        value = m.s_axi_control_rdata;
      }
      step();
      asked |= asked_now;
    }
    EXPECT_TRUE(answered) << "a register's read was not answered";
    m.s_axi_control_arvalid = 0;
    m.s_axi_control_rready = 0;
    return value;
  }
  void write64(std::uint32_t offset, std::uint64_t value) {
    write(offset, static_cast<std::uint32_t>(value));
    write(offset + 4, static_cast<std::uint32_t>(value >> 32U));
  }

  /// Arguments and start; the commands are in memory then.
  void start(std::span<const Word> commands, const KernelArguments& arguments) {
    for (std::size_t i = 0; i < commands.size(); ++i) memory.write(arguments.commands + 8 * i, commands[i]);
    for (std::uint64_t i = 0; i < hw::kKernelHeaderWords + arguments.capacity + 70ULL; ++i)
      memory.write((arguments.results & ~std::uint64_t{7}) + 8 * i, kGuard);
    write64(hw::kKernelOffsetCommands, arguments.commands);
    write64(hw::kKernelOffsetResults, arguments.results);
    write(hw::kKernelOffsetCommandWords, static_cast<std::uint32_t>(commands.size()));
    write(hw::kKernelOffsetResultWords, arguments.capacity);
    write(hw::kKernelOffsetQuietCycles, arguments.quiet);
    write(hw::kKernelRegisterControl, 1U << hw::kKernelControlStart);
  }
  /// Until done; then what registers, header and buffer say.
  KernelRun wait(const KernelArguments& arguments, std::uint64_t limit = 200000) {
    KernelRun run;
    const std::uint64_t from = clocks_;
    while (!run.finished && clocks_ - from < limit) {
      run.finished = (read(hw::kKernelRegisterControl) >> hw::kKernelControlDone & 1U) != 0;
      for (std::uint64_t pause = random_.below(30); pause > 0 && !run.finished; --pause) step();
    }
    run.written = read(hw::kKernelRegisterResultsWritten);
    run.taken = read(hw::kKernelRegisterCommandsTaken);
    run.error = read(hw::kKernelRegisterError);
    run.cycles = read(hw::kKernelRegisterCycles);
    for (std::uint64_t i = 0; i < hw::kKernelHeaderWords; ++i)
      run.header.push_back(memory.read(arguments.results + 8 * i));
    for (std::uint64_t i = 0; i < run.written; ++i)
      run.results.push_back(memory.read(arguments.results + 8 * (hw::kKernelHeaderWords + i)));
    return run;
  }
  /// A run without faults: the header says what the registers say, and nothing lies behind the results.
  KernelRun run(std::span<const Word> commands, const KernelArguments& arguments) {
    start(commands, arguments);
    KernelRun run = wait(arguments);
    EXPECT_TRUE(run.finished) << "the run does not end";
    EXPECT_EQ(run.error, hw::kKernelErrorNone);
    check_header(run);
    EXPECT_LE(run.written, arguments.capacity);
    EXPECT_LE(run.taken, commands.size());
    for (std::uint64_t i = run.written; i < arguments.capacity + 70ULL; ++i)
      EXPECT_EQ(memory.read(arguments.results + 8 * (hw::kKernelHeaderWords + i)), kGuard)
          << "written behind the results";
    EXPECT_TRUE(memory.at_rest()) << "the memory is still at work when the run is done";
    return run;
  }
  static void check_header(const KernelRun& run) {
    EXPECT_EQ(run.header[hw::kKernelHeaderResultsError], run.written | Word{run.error} << 32U);
    EXPECT_EQ(run.header[hw::kKernelHeaderCommandsTaken], run.taken);
    EXPECT_EQ(run.header[hw::kKernelHeaderCycles], run.cycles);
    EXPECT_EQ(run.header[hw::kKernelHeaderHashes], Word{hw::kHardwareHash} << 32U | kChipHash);
    for (std::size_t i = hw::kKernelHeaderHashes + 1; i < run.header.size(); ++i)
      EXPECT_EQ(run.header[i], 0U);
  }

  static constexpr Word kGuard = 0x6a6a6a6a6a6a6a6aULL;
  static constexpr std::uint32_t kChipHash = 0xc41b0042U;

 private:
  std::unique_ptr<Model> model_ = std::make_unique<Model>();
  Rng random_;
  std::uint64_t clocks_ = 0;
  HoldCheck aw_{"control AW"}, w_{"control W"}, b_{"control B"}, ar_{"control AR"}, r_{"control R"};
};

}  // namespace spikeloom::test

// The chip as a kernel of an FPGA card: its two streams cross through memory, a batch of words a run.
// docs/protocol.md, section 10; registers, header and error codes: rtl/hardware.toml, [kernel].
//
// A run (ap_start to ap_done) feeds the command words to the chip and writes what it says behind the header.
// It ends when
// - the chip refuses nothing more than it will for ever: all commands are taken, or the next one is refused,
//   and it is idle and has nothing to say; or
// - all commands are taken and it took and said nothing for quiet_cycles; with a refused command at least
//   Patience; or
// - it has a word to say that the buffer has no room for (that word stays in the chip); or
// - there is an error.
// Then what was prefetched is dropped, results are flushed, and when all of them are answered the header is
// written. The chip is reset by ap_rst_n alone and keeps its state between runs; a command that a run did not
// take was not seen. Arguments are taken at the start. cycles counts from there to the header.
//
// Watchdog: no transfer on any AXI channel for WatchdogCycles while something is outstanding ends the run at
// once, without a header. Requests that are on the bus stay there, as AXI demands; until the memory has
// answered them every run ends with the same error. A header is written with error MISALIGNED too, if the
// result buffer's address is good.
//
// Port names are those that Vitis looks for. Parameters: those of spikeloom_chip, and the watchdog's
// patience.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module spikeloom_kernel #(
    `SPIKELOOM_CHIP_PARAMETERS,
    parameter int unsigned WatchdogCycles = spikeloom_pkg::KERNEL_WATCHDOG_CYCLES
) (
    input  logic        ap_clk,
    input  logic        ap_rst_n,
    output logic        interrupt,
    input  logic        s_axi_control_awvalid,
    output logic        s_axi_control_awready,
    input  logic [11:0] s_axi_control_awaddr,
    input  logic        s_axi_control_wvalid,
    output logic        s_axi_control_wready,
    input  logic [31:0] s_axi_control_wdata,
    input  logic [ 3:0] s_axi_control_wstrb,
    output logic        s_axi_control_bvalid,
    input  logic        s_axi_control_bready,
    output logic [ 1:0] s_axi_control_bresp,
    input  logic        s_axi_control_arvalid,
    output logic        s_axi_control_arready,
    input  logic [11:0] s_axi_control_araddr,
    output logic        s_axi_control_rvalid,
    input  logic        s_axi_control_rready,
    output logic [31:0] s_axi_control_rdata,
    output logic [ 1:0] s_axi_control_rresp,
    output logic        m_axi_gmem_awvalid,
    input  logic        m_axi_gmem_awready,
    output logic [63:0] m_axi_gmem_awaddr,
    output logic [ 7:0] m_axi_gmem_awlen,
    output logic [ 2:0] m_axi_gmem_awsize,
    output logic [ 1:0] m_axi_gmem_awburst,
    output logic        m_axi_gmem_wvalid,
    input  logic        m_axi_gmem_wready,
    output logic [63:0] m_axi_gmem_wdata,
    output logic [ 7:0] m_axi_gmem_wstrb,
    output logic        m_axi_gmem_wlast,
    input  logic        m_axi_gmem_bvalid,
    output logic        m_axi_gmem_bready,
    input  logic [ 1:0] m_axi_gmem_bresp,
    output logic        m_axi_gmem_arvalid,
    input  logic        m_axi_gmem_arready,
    output logic [63:0] m_axi_gmem_araddr,
    output logic [ 7:0] m_axi_gmem_arlen,
    output logic [ 2:0] m_axi_gmem_arsize,
    output logic [ 1:0] m_axi_gmem_arburst,
    input  logic        m_axi_gmem_rvalid,
    output logic        m_axi_gmem_rready,
    input  logic [63:0] m_axi_gmem_rdata,
    input  logic [ 1:0] m_axi_gmem_rresp,
    input  logic        m_axi_gmem_rlast
);
  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] Check = 3'd1;
  localparam logic [2:0] Run = 3'd2;
  localparam logic [2:0] Stop = 3'd3;
  localparam logic [2:0] Header = 3'd4;
  localparam logic [2:0] Wait = 3'd5;
  localparam logic [2:0] Finish = 3'd6;
  localparam int unsigned Patience = 1024;
  localparam int unsigned WatchdogBits = $clog2(WatchdogCycles + 1);
  localparam int unsigned HeaderBytes = 8 * spikeloom_pkg::KERNEL_HEADER_WORDS;
  localparam int unsigned HeaderBits = $clog2(spikeloom_pkg::KERNEL_HEADER_WORDS);
  localparam int unsigned AlignBits = $clog2(spikeloom_pkg::KERNEL_ALIGNMENT);

  logic clk_i, rst_i;
  assign clk_i = ap_clk;
  assign rst_i = !ap_rst_n;

  // Registers.
  logic start, done;
  logic [63:0] commands, results, commands_q, results_q;
  logic [31:0] command_words, result_words, quiet_cycles, command_words_q, result_words_q, quiet_cycles_q;
  logic [31:0] written_q, taken_q, cycles_q;
  logic [2:0] state_q, error_q;
  axi_lite_registers u_registers (
      .clk_i,
      .rst_i,
      .awvalid_i(s_axi_control_awvalid),
      .awready_o(s_axi_control_awready),
      .awaddr_i(s_axi_control_awaddr),
      .wvalid_i(s_axi_control_wvalid),
      .wready_o(s_axi_control_wready),
      .wdata_i(s_axi_control_wdata),
      .wstrb_i(s_axi_control_wstrb),
      .bvalid_o(s_axi_control_bvalid),
      .bready_i(s_axi_control_bready),
      .bresp_o(s_axi_control_bresp),
      .arvalid_i(s_axi_control_arvalid),
      .arready_o(s_axi_control_arready),
      .araddr_i(s_axi_control_araddr),
      .rvalid_o(s_axi_control_rvalid),
      .rready_i(s_axi_control_rready),
      .rdata_o(s_axi_control_rdata),
      .rresp_o(s_axi_control_rresp),
      .interrupt_o(interrupt),
      .start_o(start),
      .done_i(done),
      .commands_o(commands),
      .results_o(results),
      .command_words_o(command_words),
      .result_words_o(result_words),
      .quiet_cycles_o(quiet_cycles),
      .results_written_i(written_q),
      .commands_taken_i(taken_q),
      .error_i(32'(error_q)),
      .cycles_i(cycles_q),
      .chip_hash_i(ChipHash)
  );

  // The chip, open to the memory in a run only.
  logic chip_in_valid, chip_in_ready, chip_out_valid, chip_out_ready, chip_idle, command_valid, command_taken;
  logic [63:0] command, said;
  spikeloom_chip #(
      `SPIKELOOM_PASS_CHIP_PARAMETERS
  ) u_chip (
      .clk_i,
      .rst_i,
      .in_valid_i (chip_in_valid),
      .in_ready_o (chip_in_ready),
      .in_data_i  (command),
      .out_valid_o(chip_out_valid),
      .out_ready_i(chip_out_ready),
      .out_data_o (said),
      .idle_o     (chip_idle)
  );

  logic running, read_start, read_busy, read_error, write_start, write_busy, write_error, write_valid,
        write_ready, stuck_q;
  logic result_taken;
  logic [63:0] write_address, write_data;
  assign running = state_q == Run;
  assign chip_in_valid = running && command_valid;
  assign command_taken = chip_in_valid && chip_in_ready;
  assign chip_out_ready = running && write_ready && written_q < result_words_q;
  assign result_taken = chip_out_valid && chip_out_ready;

  axi_reader u_reader (
      .clk_i,
      .rst_i,
      .start_i(read_start),
      .stop_i(!running && state_q != Check),
      .address_i(commands_q),
      .words_i(command_words_q),
      .busy_o(read_busy),
      .error_o(read_error),
      .out_valid_o(command_valid),
      .out_ready_i(running && chip_in_ready),
      .out_data_o(command),
      .arvalid_o(m_axi_gmem_arvalid),
      .arready_i(m_axi_gmem_arready),
      .araddr_o(m_axi_gmem_araddr),
      .arlen_o(m_axi_gmem_arlen),
      .rvalid_i(m_axi_gmem_rvalid),
      .rready_o(m_axi_gmem_rready),
      .rdata_i(m_axi_gmem_rdata),
      .rresp_i(m_axi_gmem_rresp)
  );
  axi_writer u_writer (
      .clk_i,
      .rst_i,
      .start_i(write_start),
      .flush_i(state_q == Stop || state_q == Wait),
      .abort_i(stuck_q),
      .address_i(write_address),
      .busy_o(write_busy),
      .error_o(write_error),
      .in_valid_i(write_valid),
      .in_ready_o(write_ready),
      .in_data_i(write_data),
      .awvalid_o(m_axi_gmem_awvalid),
      .awready_i(m_axi_gmem_awready),
      .awaddr_o(m_axi_gmem_awaddr),
      .awlen_o(m_axi_gmem_awlen),
      .wvalid_o(m_axi_gmem_wvalid),
      .wready_i(m_axi_gmem_wready),
      .wdata_o(m_axi_gmem_wdata),
      .wlast_o(m_axi_gmem_wlast),
      .bvalid_i(m_axi_gmem_bvalid),
      .bready_o(m_axi_gmem_bready),
      .bresp_i(m_axi_gmem_bresp)
  );
  assign m_axi_gmem_awsize = 3'd3;
  assign m_axi_gmem_awburst = 2'b01;
  assign m_axi_gmem_wstrb = '1;
  assign m_axi_gmem_arsize = 3'd3;
  assign m_axi_gmem_arburst = 2'b01;
  logic unused_last;  // the reader counts beats
  assign unused_last = m_axi_gmem_rlast;

  // Why a run ends.
  logic all_taken, refused, silent, at_rest, full, quiet, faulty, misaligned_commands, misaligned_results;
  logic [31:0] quiet_q;
  assign all_taken = taken_q == command_words_q;
  assign refused = chip_in_valid && !chip_in_ready;
  assign silent = !chip_out_valid && (all_taken || refused);
  assign at_rest = silent && chip_idle;
  assign quiet = silent && quiet_q >= quiet_cycles_q && (all_taken || quiet_q >= Patience);
  assign full = chip_out_valid && written_q == result_words_q;
  assign faulty = read_error || write_error;
  assign misaligned_commands = commands_q[AlignBits-1:0] != '0;
  assign misaligned_results = results_q[AlignBits-1:0] != '0;

  // Memory's watchdog.
  logic transfer, outstanding, expired;
  logic [WatchdogBits-1:0] watchdog_q;
  assign outstanding = read_busy || m_axi_gmem_bready;  // a write waits for its response from its request on
  assign transfer = (m_axi_gmem_awvalid && m_axi_gmem_awready) || (m_axi_gmem_wvalid && m_axi_gmem_wready) ||
      (m_axi_gmem_bvalid && m_axi_gmem_bready) || (m_axi_gmem_arvalid && m_axi_gmem_arready) ||
      (m_axi_gmem_rvalid && m_axi_gmem_rready);
  assign expired = watchdog_q == WatchdogBits'(WatchdogCycles) && !stuck_q;
  always_ff @(posedge clk_i) begin
    if (transfer || !outstanding) watchdog_q <= '0;
    else if (watchdog_q != WatchdogBits'(WatchdogCycles)) watchdog_q <= watchdog_q + WatchdogBits'(1);
    if (expired) stuck_q <= 1'b1;
    else if (!read_busy && !write_busy) stuck_q <= 1'b0;
    if (rst_i) begin
      watchdog_q <= '0;
      stuck_q <= 1'b0;
    end
  end

  // A run.
  logic [HeaderBits-1:0] header_q;
  logic aligned;
  assign aligned = !misaligned_commands && !misaligned_results;
  assign read_start = state_q == Check && aligned;
  assign done = state_q == Finish;
  always_comb begin
    write_start = (state_q == Check && aligned) || (state_q == Stop && !read_busy && !write_busy);
    write_address = state_q == Check ? results_q + 64'(HeaderBytes) : results_q;
    write_valid = result_taken || state_q == Header;
    write_data = said;
    if (state_q == Header) begin
      case (header_q)
        HeaderBits'(spikeloom_pkg::KERNEL_HEADER_RESULTS_ERROR): write_data = {32'(error_q), written_q};
        HeaderBits'(spikeloom_pkg::KERNEL_HEADER_COMMANDS_TAKEN): write_data = 64'(taken_q);
        HeaderBits'(spikeloom_pkg::KERNEL_HEADER_CYCLES): write_data = 64'(cycles_q);
        HeaderBits'(spikeloom_pkg::KERNEL_HEADER_HASHES):
          write_data = {spikeloom_pkg::HARDWARE_HASH, ChipHash};
        default: write_data = '0;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    case (state_q)
      Idle:
      if (start) begin
        commands_q <= commands;
        results_q <= results;
        command_words_q <= command_words;
        result_words_q <= result_words;
        quiet_cycles_q <= quiet_cycles;
        state_q <= stuck_q ? Finish : Check;
      end
      Check: state_q <= misaligned_results ? Finish : misaligned_commands ? Stop : Run;
      Run: if (at_rest || quiet || full || faulty) state_q <= Stop;
      Stop: if (!read_busy && !write_busy) state_q <= Header;
      Header:
      if (write_ready) begin
        header_q <= header_q + HeaderBits'(1);
        if (header_q == '1) state_q <= Wait;
      end
      Wait: if (!write_busy) state_q <= Finish;
      default: state_q <= Idle;
    endcase
    if (expired && state_q != Idle) state_q <= Finish;
    if (rst_i || state_q == Idle) header_q <= '0;
    if (rst_i) state_q <= Idle;
  end

  // What the run reports.
  always_ff @(posedge clk_i) begin
    if (state_q == Idle && start) begin
      written_q <= '0;
      taken_q <= '0;
      cycles_q <= '0;
      quiet_q <= '0;
      error_q <= stuck_q ? 3'(spikeloom_pkg::KERNEL_ERROR_WATCHDOG) : 3'(spikeloom_pkg::KERNEL_ERROR_NONE);
    end else if (state_q == Check && !aligned) begin
      error_q <= 3'(spikeloom_pkg::KERNEL_ERROR_MISALIGNED);
    end else if (state_q != Idle && state_q != Check) begin
      // The first error is kept.
      if (error_q == 3'(spikeloom_pkg::KERNEL_ERROR_NONE)) begin
        if (write_error) error_q <= 3'(spikeloom_pkg::KERNEL_ERROR_WRITE);
        if (read_error) error_q <= 3'(spikeloom_pkg::KERNEL_ERROR_READ);
        if (expired) error_q <= 3'(spikeloom_pkg::KERNEL_ERROR_WATCHDOG);
      end
    end
    if (command_taken) taken_q <= taken_q + 32'd1;
    if (result_taken) written_q <= written_q + 32'd1;
    if (state_q == Check || state_q == Run || state_q == Stop) cycles_q <= cycles_q + 32'd1;
    // Never wraps: all ones are at least `quiet_cycles_q` and Patience, and end the run.
    if (running) quiet_q <= command_taken || !silent ? '0 : quiet_q + 32'd1;
    if (rst_i) begin
      written_q <= '0;
      taken_q <= '0;
      cycles_q <= '0;
      error_q <= '0;
    end
  end

  `SPIKELOOM_CHECK(no_more_than_offered, state_q == Idle || taken_q <= command_words_q)
  `SPIKELOOM_CHECK(no_more_than_fits, state_q == Idle || written_q <= result_words_q)
endmodule

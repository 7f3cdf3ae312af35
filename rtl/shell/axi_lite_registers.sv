// The kernel's control registers behind AXI4-Lite: the ap_ctrl_hs map of rtl/hardware.toml, [kernel].
//
// start_o is 1 from the write that sets it until done_i (longer with auto-restart); idle reads 0 in those
// clocks, so no read after the start can take an idle kernel for a finished one. done_i is one clock; done
// and ready are cleared by the read that shows them, unless done_i comes in that very clock. Interrupt status
// bits toggle where a 1 is written. Writes of other registers, and bytes without strobe, change nothing;
// reads of other registers answer 0; all OKAY. One write and one read at a time; a response comes in the
// clock after the request. Valid and payload hold until ready.
`include "rtl/common/checks.svh"

module axi_lite_registers (
    input  logic        clk_i,
    input  logic        rst_i,
    input  logic        awvalid_i,
    output logic        awready_o,
    input  logic [11:0] awaddr_i,
    input  logic        wvalid_i,
    output logic        wready_o,
    input  logic [31:0] wdata_i,
    input  logic [ 3:0] wstrb_i,
    output logic        bvalid_o,
    input  logic        bready_i,
    output logic [ 1:0] bresp_o,
    input  logic        arvalid_i,
    output logic        arready_o,
    input  logic [11:0] araddr_i,
    output logic        rvalid_o,
    input  logic        rready_i,
    output logic [31:0] rdata_o,
    output logic [ 1:0] rresp_o,
    output logic        interrupt_o,
    output logic        start_o,
    input  logic        done_i,
    output logic [63:0] commands_o,
    output logic [63:0] results_o,
    output logic [31:0] command_words_o,
    output logic [31:0] result_words_o,
    output logic [31:0] quiet_cycles_o,
    input  logic [31:0] results_written_i,
    input  logic [31:0] commands_taken_i,
    input  logic [31:0] error_i,
    input  logic [31:0] cycles_i,
    input  logic [31:0] chip_hash_i
);
  logic write_address_q, write_data_q, write, write_control, read, read_control;
  logic [11:0] address_q;
  logic [31:0] data_q, mask, value, rdata_d;
  logic [3:0] strobe_q;
  logic start_q, done_q, ready_q, auto_restart_q, global_enable_q;
  logic [1:0] enable_q, status_q, toggle;
  logic unused_address;

  // Write: address and data come in any order.
  assign awready_o = !write_address_q && !bvalid_o;
  assign wready_o = !write_data_q && !bvalid_o;
  assign write = write_address_q && write_data_q && !bvalid_o;
  assign mask = {{8{strobe_q[3]}}, {8{strobe_q[2]}}, {8{strobe_q[1]}}, {8{strobe_q[0]}}};
  assign value = data_q & mask;
  assign bresp_o = 2'b00;
  assign unused_address = &{address_q[1:0], araddr_i[1:0]};
  always_ff @(posedge clk_i) begin
    if (awvalid_i && awready_o) begin
      write_address_q <= 1'b1;
      address_q <= awaddr_i;
    end
    if (wvalid_i && wready_o) begin
      write_data_q <= 1'b1;
      data_q <= wdata_i;
      strobe_q <= wstrb_i;
    end
    if (write) begin
      write_address_q <= 1'b0;
      write_data_q <= 1'b0;
      bvalid_o <= 1'b1;
    end else if (bready_i) begin
      bvalid_o <= 1'b0;
    end
    if (rst_i) begin
      write_address_q <= 1'b0;
      write_data_q <= 1'b0;
      bvalid_o <= 1'b0;
    end
  end

  // Arguments, 32 bits at a time.
  always_ff @(posedge clk_i) begin
    if (write) begin
      case ({address_q[11:2], 2'b00})
        12'(spikeloom_pkg::KERNEL_OFFSET_COMMANDS): commands_o[31:0] <= commands_o[31:0] & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_COMMANDS + 4):
          commands_o[63:32] <= commands_o[63:32] & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_RESULTS): results_o[31:0] <= results_o[31:0] & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_RESULTS + 4): results_o[63:32] <= results_o[63:32] & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_COMMAND_WORDS): command_words_o <= command_words_o & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_RESULT_WORDS): result_words_o <= result_words_o & ~mask | value;
        12'(spikeloom_pkg::KERNEL_OFFSET_QUIET_CYCLES): quiet_cycles_o <= quiet_cycles_o & ~mask | value;
        default: ;
      endcase
    end
    if (rst_i) begin
      commands_o <= '0;
      results_o <= '0;
      command_words_o <= '0;
      result_words_o <= '0;
      quiet_cycles_o <= '0;
    end
  end

  // Control and interrupts.
  assign write_control = write &&
                         {address_q[11:2], 2'b00} == 12'(spikeloom_pkg::KERNEL_REGISTER_CONTROL) &&
                         strobe_q[0];
  assign read_control = read && {araddr_i[11:2], 2'b00} == 12'(spikeloom_pkg::KERNEL_REGISTER_CONTROL);
  assign toggle = write && {address_q[11:2], 2'b00} == 12'(spikeloom_pkg::KERNEL_REGISTER_INTERRUPT_STATUS) ?
      value[1:0] : 2'b00;
  assign start_o = start_q;
  assign interrupt_o = global_enable_q && status_q != '0;
  always_ff @(posedge clk_i) begin
    if (done_i) start_q <= auto_restart_q;
    else if (write_control && value[spikeloom_pkg::KERNEL_CONTROL_START]) start_q <= 1'b1;
    if (write_control) auto_restart_q <= value[spikeloom_pkg::KERNEL_CONTROL_AUTO_RESTART];
    if (done_i) begin
      done_q <= 1'b1;
      ready_q <= 1'b1;
    end else if (read_control) begin
      done_q <= 1'b0;
      ready_q <= 1'b0;
    end
    if (write && strobe_q[0]) begin
      case ({address_q[11:2], 2'b00})
        12'(spikeloom_pkg::KERNEL_REGISTER_GLOBAL_INTERRUPT_ENABLE): global_enable_q <= data_q[0];
        12'(spikeloom_pkg::KERNEL_REGISTER_INTERRUPT_ENABLE): enable_q <= data_q[1:0];
        default: ;
      endcase
    end
    status_q <= (status_q ^ toggle) | (enable_q & {2{done_i}});
    if (rst_i) begin
      start_q <= 1'b0;
      done_q <= 1'b0;
      ready_q <= 1'b0;
      auto_restart_q <= 1'b0;
      global_enable_q <= 1'b0;
      enable_q <= '0;
      status_q <= '0;
    end
  end

  // Read.
  assign arready_o = !rvalid_o;
  assign read = arvalid_i && arready_o;
  assign rresp_o = 2'b00;
  always_comb begin
    rdata_d = '0;
    case ({araddr_i[11:2], 2'b00})
      12'(spikeloom_pkg::KERNEL_REGISTER_CONTROL): begin
        rdata_d[spikeloom_pkg::KERNEL_CONTROL_START] = start_q;
        rdata_d[spikeloom_pkg::KERNEL_CONTROL_DONE] = done_q;
        rdata_d[spikeloom_pkg::KERNEL_CONTROL_IDLE] = !start_q;
        rdata_d[spikeloom_pkg::KERNEL_CONTROL_READY] = ready_q;
        rdata_d[spikeloom_pkg::KERNEL_CONTROL_AUTO_RESTART] = auto_restart_q;
      end
      12'(spikeloom_pkg::KERNEL_REGISTER_GLOBAL_INTERRUPT_ENABLE): rdata_d[0] = global_enable_q;
      12'(spikeloom_pkg::KERNEL_REGISTER_INTERRUPT_ENABLE): rdata_d[1:0] = enable_q;
      12'(spikeloom_pkg::KERNEL_REGISTER_INTERRUPT_STATUS): rdata_d[1:0] = status_q;
      12'(spikeloom_pkg::KERNEL_OFFSET_COMMANDS): rdata_d = commands_o[31:0];
      12'(spikeloom_pkg::KERNEL_OFFSET_COMMANDS + 4): rdata_d = commands_o[63:32];
      12'(spikeloom_pkg::KERNEL_OFFSET_RESULTS): rdata_d = results_o[31:0];
      12'(spikeloom_pkg::KERNEL_OFFSET_RESULTS + 4): rdata_d = results_o[63:32];
      12'(spikeloom_pkg::KERNEL_OFFSET_COMMAND_WORDS): rdata_d = command_words_o;
      12'(spikeloom_pkg::KERNEL_OFFSET_RESULT_WORDS): rdata_d = result_words_o;
      12'(spikeloom_pkg::KERNEL_OFFSET_QUIET_CYCLES): rdata_d = quiet_cycles_o;
      12'(spikeloom_pkg::KERNEL_REGISTER_RESULTS_WRITTEN): rdata_d = results_written_i;
      12'(spikeloom_pkg::KERNEL_REGISTER_COMMANDS_TAKEN): rdata_d = commands_taken_i;
      12'(spikeloom_pkg::KERNEL_REGISTER_ERROR): rdata_d = error_i;
      12'(spikeloom_pkg::KERNEL_REGISTER_CYCLES): rdata_d = cycles_i;
      12'(spikeloom_pkg::KERNEL_REGISTER_HARDWARE_HASH): rdata_d = spikeloom_pkg::HARDWARE_HASH;
      12'(spikeloom_pkg::KERNEL_REGISTER_CHIP_HASH): rdata_d = chip_hash_i;
      default: rdata_d = '0;
    endcase
  end
  always_ff @(posedge clk_i) begin
    if (read) begin
      rvalid_o <= 1'b1;
      rdata_o <= rdata_d;
    end else if (rready_i) begin
      rvalid_o <= 1'b0;
    end
    if (rst_i) rvalid_o <= 1'b0;
  end

  `SPIKELOOM_CHECK(done_follows_start, !done_i || start_q)
endmodule

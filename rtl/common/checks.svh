// Checks that live in three tools: Verilator runs them (--assert), yosys-smtbmc proves them
// (read_verilog -formal, or -sv), synthesis drops them (read_verilog -noassert, or chformal -remove;
// other tools ignore immediate assertions). The module has clk_i and rst_i; nothing holds while rst_i is 1.
`ifndef SPIKELOOM_CHECKS_SVH
`define SPIKELOOM_CHECKS_SVH

// The module guarantees `condition` at every clock edge.
`define SPIKELOOM_CHECK(label, condition) \
  always_ff @(posedge clk_i) begin \
    if (!rst_i) begin \
      label : assert (condition); \
    end \
  end

// The module's user guarantees it: run in simulation like a check, taken for granted in a proof of this
// module.
`define SPIKELOOM_ASSUME(label, condition) \
  always_ff @(posedge clk_i) begin \
    if (!rst_i) begin \
      label : assume (condition); \
    end \
  end

`endif

# The kernel alone (out of context): one clock, one synchronous reset, no path between clocks. On a card the
# platform brings the clock, so these lines are marked for out-of-context use only
# (scripts/xilinx/package_kernel.tcl). 200 MHz, the fastest that a CARD.cfg asks for.
create_clock -name ap_clk -period 5.000 [get_ports ap_clk]
set_input_delay -clock ap_clk 0.5 [get_ports -filter {DIRECTION == IN && NAME != ap_clk}]
set_output_delay -clock ap_clk 0.5 [get_ports -filter {DIRECTION == OUT}]
